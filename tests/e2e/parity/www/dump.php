<?php // Everything a script learns about its request and its settings, as JSON.
function shown(mixed $value): mixed {
    if (is_array($value)) {
        $list = [];
        foreach ($value as $key => $entry) $list[shown($key)] = shown($entry);
        return $list;
    }
    if (!is_string($value)) return $value;
    return preg_match('//u', $value) ? $value : 'hex:' . bin2hex($value);
}

// The content instead of the name that PHP has made up.
function uploads(mixed $names): mixed {
    if (is_array($names)) return array_map('uploads', $names);
    if ($names === '') return '';
    return [dirname($names), substr(basename($names), 0, 3), is_uploaded_file($names), sha1_file($names), fileperms($names)];
}

$files = $_FILES;
foreach ($files as &$file) if (isset($file['tmp_name'])) $file['tmp_name'] = uploads($file['tmp_name']);
$cgi = ['REQUEST_METHOD', 'QUERY_STRING', 'SCRIPT_NAME', 'HTTP_HOST', 'REMOTE_ADDR', 'SERVER_PROTOCOL', 'PATH', 'LANG', 'USER', 'HOME'];
$error = error_get_last();
header('Content-Type: application/json');
header('X-Own: 1');
echo json_encode(shown([
    'get' => $_GET, 'post' => $_POST, 'files' => $files, 'cookie' => $_COOKIE, 'request' => $_REQUEST,
    'input' => file_get_contents('php://input'), 'input_again' => strlen(file_get_contents('php://input')),
    'server' => $_SERVER, 'env' => $_ENV, 'argv' => [$GLOBALS['argv'] ?? null, $GLOBALS['argc'] ?? null],
    'getallheaders' => getallheaders(), 'headers_list' => headers_list(), 'status' => http_response_code(),
    'getenv' => array_combine($cgi, array_map('getenv', $cgi)),
    'filter' => array_map('filter_input_array', [INPUT_GET, INPUT_POST, INPUT_COOKIE]),
    'filter_server' => filter_input(INPUT_SERVER, 'REQUEST_METHOD') . filter_input(INPUT_SERVER, 'QUERY_STRING'),
    'cwd' => getcwd(), 'files_included' => get_included_files(), 'sapi' => php_sapi_name(), 'umask' => umask(),
    'locale' => setlocale(LC_ALL, 0), 'buffers' => ob_get_status(true), 'connection' => connection_status(),
    'abort' => ignore_user_abort(), 'reporting' => error_reporting(), 'user' => [get_current_user(), getmyuid()],
    'last_error' => $error === null ? null : [$error['type'], $error['message'], $error['line']],
    'session' => [session_status(), session_id()], 'globals' => array_keys($GLOBALS),
]), JSON_UNESCAPED_SLASHES | JSON_PARTIAL_OUTPUT_ON_ERROR | JSON_PRESERVE_ZERO_FRACTION);
