<?php
// A worker script that answers 400 when the server could not read the request, as Symfony's does.
set_error_handler(function (int $type, string $message): bool {
    $GLOBALS['unreadable'] = str_starts_with($message, 'frankenphp_handle_request(');
    return true;
}, E_WARNING);
$unreadable = false;
while (frankenphp_handle_request(function () {
    if ($GLOBALS['unreadable']) {
        http_response_code(400);
    }
    $GLOBALS['unreadable'] = false;
    echo json_encode([count($_POST), http_response_code()]);
})) {
    continue;
}
