<?php
// A worker script with its own save handler for sessions, set before the loop.
final class FilesOfOurOwn extends SessionHandler
{
}
session_set_save_handler(new FilesOfOurOwn(), false);
while (frankenphp_handle_request(function () {
    if (isset($_GET['use'])) {
        session_start();
        $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
    }
    echo json_encode([ini_get('session.save_handler'), $_SESSION['n'] ?? null]);
})) {
    continue;
}
