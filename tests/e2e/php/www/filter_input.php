<?php
echo json_encode([
    'method' => filter_input(INPUT_SERVER, 'REQUEST_METHOD'),
    'port' => filter_input(INPUT_SERVER, 'SERVER_PORT', FILTER_VALIDATE_INT),
    'has' => filter_has_var(INPUT_SERVER, 'REMOTE_ADDR'),
    'header' => filter_input_array(INPUT_SERVER, ['HTTP_X_PROBE' => FILTER_DEFAULT])['HTTP_X_PROBE'] ?? null,
    'get' => filter_input(INPUT_GET, 'q'),
    'post' => filter_input(INPUT_POST, 'p'),
    'cookie' => filter_input(INPUT_COOKIE, 'c'),
]);
