<?php // What an earlier request could have left behind in this worker.
$handlers = [set_error_handler(null), set_exception_handler(null)];
$ini = ini_get_all(null, false);
ksort($ini);
$environment = getenv();
ksort($environment);
foreach (array_keys($environment) as $name) if (preg_match('/^(HTTP_|REQUEST_|REMOTE_|TOKIO_|SPAN_|TRACE_|PARENT_SPAN)/', $name)) unset($environment[$name]);
header('Content-Type: application/json');
echo json_encode([
    'ini' => $ini, 'environment' => $environment, 'umask' => umask(), 'folder' => getcwd(), 'locale' => setlocale(LC_ALL, 0),
    'zone' => date_default_timezone_get(), 'handlers' => $handlers, 'autoload' => spl_autoload_functions(), 'collects' => gc_enabled(),
    'wrappers' => stream_get_wrappers(), 'context' => stream_context_get_options(stream_context_get_default()),
    'constants' => get_defined_constants(true)['user'] ?? [], 'functions' => get_defined_functions()['user'],
    'classes' => array_values(array_filter(get_declared_classes(), fn ($class) => (new ReflectionClass($class))->isUserDefined())),
    'globals' => array_keys($GLOBALS), 'get' => $_GET, 'post' => $_POST, 'cookie' => $_COOKIE, 'files' => $_FILES,
    'headers' => headers_list(), 'code' => http_response_code(), 'buffers' => ob_get_status(true), 'abort' => ignore_user_abort(),
    'error' => error_get_last(), 'session' => [session_status(), session_id(), isset($_SESSION)], 'included' => get_included_files(),
    'limit' => [ini_get('max_execution_time'), ini_get('memory_limit')], 'files_open' => count(get_resources('stream')),
], JSON_PARTIAL_OUTPUT_ON_ERROR);
