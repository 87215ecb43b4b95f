<?php // A status, and nothing to say about it.
http_response_code((int) $_GET['code']);
header('Content-Type: application/json');
header('X-App: kept');
