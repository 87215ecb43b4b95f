<?php
header('X-Twice: 1');
header('X-Twice: 2', false);
echo json_encode([
    'getallheaders' => getallheaders(),
    'apache' => apache_request_headers(),
    'frankenphp' => frankenphp_request_headers(),
    'response' => frankenphp_response_headers(),
    'apache response' => apache_response_headers(),
]);
