<?php // What a request could leave behind, before and (with ?change) after changing it all.
$state = fn () => [
    'memory_limit' => ini_get('memory_limit'), 'precision' => ini_get('precision'), 'timezone' => date_default_timezone_get(),
    'locale' => setlocale(LC_ALL, 0), 'environment' => getenv('LEAK'), 'cwd' => getcwd(), 'umask' => umask(),
    'encoding' => mb_internal_encoding(), 'error_reporting' => error_reporting(), 'constant' => defined('LEAK'),
    'class' => class_exists('Leak', false), 'function' => function_exists('leak'), 'global' => isset($GLOBALS['leak']),
    'include_path' => get_include_path(), 'headers' => preg_grep('/^X-Leak/', headers_list()), 'code' => http_response_code(),
    'last_error' => error_get_last(), 'wrapper' => in_array('leak', stream_get_wrappers()), 'ob' => ob_get_level(),
];
$before = $state();
if (isset($_GET['change'])) {
    ini_set('memory_limit', '99M');
    ini_set('precision', '5');
    date_default_timezone_set('Asia/Tokyo');
    setlocale(LC_ALL, 'C.UTF-8');
    putenv('LEAK=1');
    chdir('/');
    umask(0);
    mb_internal_encoding('SJIS');
    error_reporting(0);
    define('LEAK', 1);
    eval('class Leak {} function leak() {}');
    $leak = 1;
    set_include_path('/leak');
    header('X-Leak: 1');
    http_response_code(418);
    stream_wrapper_register('leak', 'Leak');
    set_error_handler(fn () => true);
    set_exception_handler(fn () => null);
    register_shutdown_function(fn () => null);
    @file_get_contents('/does/not/exist');
    trigger_error('left behind');
    ob_start();
}
echo json_encode(['before' => $before, 'after' => $state()]);
