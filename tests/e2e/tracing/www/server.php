<?php
header('Content-Type: application/json');
echo json_encode($_SERVER + ['function' => tokio_request_id()], JSON_INVALID_UTF8_SUBSTITUTE);
