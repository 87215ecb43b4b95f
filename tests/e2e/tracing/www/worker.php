<?php
while (frankenphp_handle_request(function () {
    header('Content-Type: application/json');
    echo json_encode($_SERVER + ['function' => tokio_request_id()], JSON_INVALID_UTF8_SUBSTITUTE);
})) {
    // the next one
}
