<?php // Everything PHP was told about the request, as JSON.
header('Content-Type: application/json');
echo json_encode([
    'server' => $_SERVER,
    'get' => $_GET,
    'post' => $_POST,
    'cookie' => $_COOKIE,
    'request' => $_REQUEST,
    'files' => $_FILES,
    'input' => base64_encode(file_get_contents('php://input')),
], JSON_INVALID_UTF8_SUBSTITUTE);
