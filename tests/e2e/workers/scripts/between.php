<?php // Works on after the answer, as ?then= says: what it leaves is nobody's.
$handle = static function () {
    if (isset($_GET['log_in'])) {
        session_start();
        $_SESSION['user'] = $_GET['log_in'];
    } elseif (isset($_GET['who'])) {
        session_start();
    }
    if (isset($_GET['env'])) include __DIR__ . '/env_whole.inc';
    else echo json_encode([session_id(), $_SESSION ?? null, headers_list()]);
};
while (frankenphp_handle_request($handle)) {
    switch ($_GET['then'] ?? '') {
        case 'session':
            session_start();
            $_SESSION['seen'] = 'after the answer';
            break;
        case 'written':
            session_start();
            $_SESSION['seen'] = 'after the answer';
            session_write_close();
            break;
        case 'variable':
            $_SESSION = ['user' => 'nobody'];
            break;
        case 'buffer':
            ob_start();
            echo 'left behind';
            break;
        case 'throws':
            ob_start(static fn () => throw new Exception('of a buffer that was left open'));
            break;
        case 'exits':
            ob_start(static function () { exit; });
            break;
        case 'fails':
            ob_start(static function () { ob_start(); });
            break;
        case 'header':
            header('X-Left: behind');
            header_register_callback(static fn () => header('X-Left: by a callback'));
            break;
    }
}
