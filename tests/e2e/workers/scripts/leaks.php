<?php
// Tells first all that it sees, then leaves as much as it can behind: whatever is of another client in
// what the next one sees is a leak. ?do= says what is left; ?end= how the request ends.

/** Everything that a request can be told by, before it has done anything itself. */
function seen(): array
{
    return [
        'error' => error_get_last(), 'get' => $_GET, 'post' => $_POST, 'cookie' => $_COOKIE, 'request' => $_REQUEST, 'files' => $_FILES,
        'server' => $_SERVER, 'session' => $_SESSION ?? null, 'id' => session_id(), 'sid' => defined('SID') ? @constant('SID') : '',
        'headers' => getallheaders(), 'sending' => headers_list(), 'status' => http_response_code(),
        'level' => ob_get_level(), 'buffer' => ob_get_contents(),
        'input' => file_get_contents('php://input'), 'sent' => headers_sent(), 'aborted' => connection_status(),
        'filter' => [filter_input_array(INPUT_GET), filter_input_array(INPUT_POST), filter_input_array(INPUT_COOKIE),
            filter_input(INPUT_SERVER, 'QUERY_STRING')],
        'environment' => [getenv('HTTP_COOKIE'), getenv('QUERY_STRING'), getenv('HTTP_AUTHORIZATION')],
        'number' => tokio_request_id(), 'uploads' => array_map('file_exists', $GLOBALS['uploads'] ?? []),
        'draw' => mt_rand(),
    ];
}

/** What an application sets up for each of its requests, and relies on until the end of it. */
function own_settings(string $user): array
{
    return ['time zone' => $user === 'alicealice' ? 'Europe/Paris' : 'Asia/Tokyo', 'locale' => $user === 'alicealice' ? 'C.UTF-8' : 'C',
        'ini' => $user === 'alicealice' ? '7' : '9'];
}

function set_up(array $wanted): void
{
    date_default_timezone_set($wanted['time zone']);
    ini_set('precision', $wanted['ini']);
    if (!PHP_ZTS) {
        setlocale(LC_CTYPE, $wanted['locale']);
    }
}

function settings_now(array $wanted): array
{
    return ['time zone' => date_default_timezone_get(), 'locale' => PHP_ZTS ? $wanted['locale'] : setlocale(LC_CTYPE, '0'), 'ini' => ini_get('precision')];
}

$leave = [
    'nothing' => fn() => null,
    'session' => function (string $user, string $token) {
        session_start();
        $_SESSION['user'] = $user;
        $_SESSION['tokens'] = array_slice([...$_SESSION['tokens'] ?? [], $user . count($_SESSION['tokens'] ?? [])], -5);
    },
    'session_array' => fn(string $user, string $token) => $_SESSION = [$user => $token],
    'headers' => function (string $user, string $token) {
        header("X-Of: $token");
        setcookie('of', $user);
        header_register_callback(fn() => header("X-Called: $token"));
    },
    'buffers' => function (string $user, string $token) {
        ob_start(fn($text) => $text . "<!-- $token -->");
        ob_start();
        echo "<!-- left by $user -->";
    },
    'error' => fn(string $user, string $token) => @trigger_error("of $user $token", E_USER_NOTICE),
    'random' => fn() => mt_srand(1),
    'superglobals' => function (string $user, string $token) {
        $_GET['x'] = $_POST['x'] = $_COOKIE['x'] = $_REQUEST['x'] = $_FILES['x'] = $_SERVER['HTTP_X_LEFT'] = "$user $token";
    },
    'rewrite' => fn(string $user, string $token) => output_add_rewrite_var('of', $token),
    'input' => fn() => $GLOBALS['input'] = fopen('php://input', 'r'),
    'uploads' => fn() => $GLOBALS['uploads'] = array_column($_FILES, 'tmp_name'),
    'finish' => function (string $user, string $token) {
        $GLOBALS['after'] = function () use ($user, $token) {
            fastcgi_finish_request();
            echo "unheard of $user $token";
            header("X-Unheard: $token");
        };
    },
];

$handle = static function () use ($leave): void {
    $seen = seen();
    $user = $_GET['user'];
    $token = $_GET['token'];
    $wanted = own_settings($user);
    set_up($wanted);
    unset($GLOBALS['after']);
    $leave[$_GET['do']]($user, $token);
    echo json_encode(['seen' => $seen, 'session' => $_GET['do'] === 'session' ? $_SESSION : null,
        'settings' => settings_now($wanted) === $wanted], JSON_PARTIAL_OUTPUT_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE);
    if ($_GET['end'] === 'throw') {
        throw new Exception("of $user $token");
    }
    if ($_GET['end'] === 'exit') {
        exit(1);
    }
    if (isset($GLOBALS['after'])) {
        $GLOBALS['after']();
    }
};
while (frankenphp_handle_request($handle)) {
    continue;
}
