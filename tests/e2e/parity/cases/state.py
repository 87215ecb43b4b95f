"""What a script changes is gone at the next request; what it asks of its surroundings."""

from harness.parity import Case


def php(name, code, **options):
    return Case(name, php=code, **options)


# test_parity.py looks for traces of each in the requests that follow.
CHANGES = {
    "ini_set": "ini_set('precision', '3'); ini_set('memory_limit', '64M'); ini_set('date.timezone', 'Asia/Tokyo'); ini_set('error_reporting', '0'); ini_set('default_charset', 'x');",
    "error_reporting": "error_reporting(0); set_error_handler(fn() => true); set_exception_handler(fn() => true);",
    "set_include_path": "set_include_path('/tmp');",
    "timezone": "date_default_timezone_set('Asia/Tokyo');",
    "locale": "setlocale(LC_ALL, 'C'); setlocale(LC_ALL, 'de_DE.UTF-8', 'C.UTF-8');",
    "chdir": "chdir('/tmp');",
    "umask": "umask(0077);",
    "putenv": "putenv('PARITY_LEAK=1'); putenv('LANG=xx'); putenv('PATH');",
    "superglobals": "$_GET = $_POST = $_COOKIE = ['leak' => 1]; $_SERVER['LEAK'] = 1; $_ENV['LEAK'] = 1; $GLOBALS['leak'] = 1;",
    "definitions": "define('LEAK', 1); function leak() {} class Leak { static $x = 1; }",
    "buffers": "ob_start(); ob_start(fn($s) => $s); ob_implicit_flush();",
    "headers": "header('X-Leak: 1'); http_response_code(404); setcookie('leak', '1');",
    "header_callback": "header_register_callback(function () { header('X-Leak: 1'); });",
    "shutdown": "register_shutdown_function(function () { error_log('x'); });",
    "ignore_user_abort": "ignore_user_abort(true); set_time_limit(77);",
    "output_handlers": "ini_set('zlib.output_compression', '1'); output_add_rewrite_var('leak', '1'); ob_start('strtoupper');",
    "error_log": "ini_set('error_log', '/dev/null'); ini_set('log_errors', '1'); error_log('x'); trigger_error('x');",
    "session_settings": "session_name('LEAK'); session_cache_limiter('public'); session_set_cookie_params(77); session_set_save_handler(new SessionHandler);",
    "disabled_by_ini": "ini_set('disable_functions', 'strlen'); ini_set('auto_prepend_file', '/no/such');",
    "exception_while_buffering": "ini_set('display_errors', '0'); ob_start(function ($s) { throw new Exception('x'); }); echo 'x';",
    "random_seed": "mt_srand(5); srand(5);",
    "stream_wrapper": "stream_wrapper_unregister('data'); stream_context_set_default(['http' => ['method' => 'PUT']]);",
    "autoload": "spl_autoload_register(function ($c) { header(\"X-Leak: $c\"); }); class_exists('Missing');",
    "open_files": "$f = fopen(__FILE__, 'r'); flock($f, LOCK_SH); $GLOBALS['f'] = $f;",
    "exit_code": "exit(3);",
    "assert_and_gc": "gc_disable(); ini_set('zend.assertions', '0'); libxml_use_internal_errors(true);",
    "session": "session_start(); $_SESSION['leak'] = 1;",
    "open_basedir": "ini_set('open_basedir', __DIR__);",
    "disable_output": "ini_set('output_buffering', '0'); ini_set('zlib.output_compression', '1');",
    "mb_encoding": "ini_set('internal_encoding', 'ISO-8859-1');",
    "cwd_deleted": "$d = sys_get_temp_dir() . '/parity-' . getmypid(); @mkdir($d); chdir($d); rmdir($d);",
    "fatal_in_a_buffer": "ob_start(fn($s) => strtoupper($s)); ini_set('display_errors', '0'); no_such();",
    "memory_exhausted": "ini_set('memory_limit', '4M'); ini_set('display_errors', '0'); str_repeat('x', 1 << 23);",
    "deep_recursion": "function deep($n) { return $n === 0 ? 0 : 1 + deep($n - 1); } deep(5000);",
}

CASES = [
    *(php(f"change_{name}", code) for name, code in CHANGES.items()),
    # -- surroundings
    php("getenv_all_has_the_request", "$all = getenv(); echo json_encode([isset($all['REQUEST_METHOD']), isset($all['PATH']), $all['QUERY_STRING'] ?? null]);", target="?a=1"),
    php("getenv_one", "var_dump(getenv('QUERY_STRING'), getenv('PATH'), getenv('NO_SUCH'), getenv('query_string'));", target="?a=1"),
    php("putenv_and_getenv", "putenv('OWN=1'); var_dump(getenv('OWN'), getenv('OWN', true), isset($_ENV['OWN']), isset($_SERVER['OWN'])); putenv('OWN'); var_dump(getenv('OWN'));"),
    php("putenv_over_a_request_variable", "putenv('QUERY_STRING=own'); var_dump(getenv('QUERY_STRING'), getenv('QUERY_STRING', true), $_SERVER['QUERY_STRING']);", target="?a=1"),
    php("putenv_seen_by_a_child", "putenv('OWN=child'); echo shell_exec('echo $OWN');"),
    php("putenv_seen_by_each_kind_of_child", """putenv('OWN=child'); putenv('PATH'); putenv('EMPTY=');
        $show = 'echo ${OWN-none} ${EMPTY-none} ${PATH-none} >&2; exit 3'; $pipes = [];
        foreach (["/bin/sh -c '$show'", ['/bin/sh', '-c', $show]] as $command) {
            $process = proc_open($command, [2 => ['pipe', 'w']], $pipes);
            var_dump(stream_get_contents($pipes[2]), proc_close($process));
        }
        $given = proc_open(['/bin/sh', '-c', $show], [2 => ['pipe', 'w']], $pipes, null, ['OWN' => 'given']);
        var_dump(stream_get_contents($pipes[2]), proc_close($given));
        $stream = popen("($show) 2>&1", 'r'); var_dump(fgets($stream), pclose($stream));
        var_dump(exec('echo $OWN; exit 4', $lines, $status), $lines, $status);
        $writing = popen('read line; exit $line', 'w'); fwrite($writing, "5\n"); var_dump(pclose($writing));"""),
    php("putenv_wrong", "foreach (['', '=x', 'NAME_ALONE', \"A\\0=b\", 'B=c=d', 'C=', '7=seven'] as $one) { try { var_dump(putenv($one)); } catch (ValueError $e) { echo $e->getMessage(), \"\\n\"; } } var_dump(getenv('A'), getenv('B'), getenv('C'), getenv('NAME_ALONE'), getenv()['7'], getenv()['B']);"),
    php("putenv_and_env", "putenv('OWN=1'); putenv('PATH'); var_dump(getenv()['OWN'], isset(getenv()['PATH']), $_ENV['OWN'] ?? null, $_SERVER['OWN'] ?? null);"),
    php("child_environment", "echo shell_exec('env | grep -c ^QUERY_STRING=; echo $PATH');"),
    php("setlocale_in_use", "var_dump(setlocale(LC_ALL, 0), setlocale(LC_NUMERIC, 'no_SUCH'), setlocale(LC_CTYPE, 'C.UTF-8'), strtoupper('ä'), localeconv()['decimal_point']);"),
    php("chdir_and_relative_paths", "var_dump(getcwd() === __DIR__, file_exists(basename(__FILE__))); chdir('..'); var_dump(file_exists('dump.php'));"),
    php("include_relative", "chdir('/'); var_dump((@include 'no-such.inc'), stream_resolve_include_path('dump.php'));"),
    php("umask_of_a_new_file", "$f = tempnam(sys_get_temp_dir(), 'par'); unlink($f); touch($f); printf('%o %o', umask(), fileperms($f)); unlink($f);"),
    php("user_of_the_process", "var_dump(get_current_user(), getmyuid(), fileowner(__FILE__));"),
    php("temporary_folder", "echo sys_get_temp_dir(), ini_get('upload_tmp_dir') === ini_get('sys_temp_dir') ? 'x' : 'y';"),
    php("magic_constants", "echo __FILE__, __DIR__, __LINE__, basename($_SERVER['SCRIPT_FILENAME']), json_encode(__FILE__ === $_SERVER['SCRIPT_FILENAME']);"),
    php("server_times", "var_dump(is_int($_SERVER['REQUEST_TIME']), is_float($_SERVER['REQUEST_TIME_FLOAT']), abs(time() - $_SERVER['REQUEST_TIME']) < 5);"),
    php("sapi", "var_dump(PHP_SAPI, php_sapi_name(), defined('STDIN'), defined('STDOUT'), ini_get('register_argc_argv'), isset($argv));"),
    php("functions_of_fpm", "foreach (['getallheaders', 'apache_request_headers', 'apache_setenv', 'virtual', 'cli_set_process_title', 'dl', 'readline', 'http_response_code'] as $f) echo $f, function_exists($f) ? 1 : 0, ' ';"),
    php("get_defined_constants", "echo json_encode([PHP_OS, PHP_EOL, PHP_INT_MAX, DIRECTORY_SEPARATOR, M_PI, PHP_MAXPATHLEN]);"),
    php("ini_of_the_core", """$all = ini_get_all(null, false); ksort($all);
        foreach ($all as $name => $value) if ($name !== 'session.save_path' && preg_match('/^[a-z_0-9]+$|^(session|date|zend|user_agent|assert|url_rewriter|pcre|zlib|filter|user_ini|highlight)\\./', $name)) echo "$name=$value\\n";"""),
    php("ini_access", "$a = ini_get_all('core'); echo json_encode(array_map(fn($n) => $a[$n]['access'], ['memory_limit', 'post_max_size', 'expose_php', 'output_buffering']));"),
    php("ini_set_of_each_kind", "var_dump(ini_set('memory_limit', '64M'), ini_set('post_max_size', '1'), ini_set('expose_php', '0'), ini_set('no.such', '1'), ini_get('no.such'), ini_get('post_max_size'));"),
    php("ini_restore", "ini_set('precision', '3'); ini_restore('precision'); var_dump(ini_get('precision'));"),
    php("loaded_ini", "echo basename(php_ini_loaded_file()), json_encode(php_ini_scanned_files());"),
    php("functions_disabled", "echo json_encode([ini_get('disable_functions'), ini_get('open_basedir'), ini_get('allow_url_include')]);"),
    php("filter_input_kinds", """echo json_encode([filter_input(INPUT_GET, 'n', FILTER_VALIDATE_INT), filter_input(INPUT_GET, 'x'), filter_has_var(INPUT_GET, 'n'),
        filter_input(INPUT_SERVER, 'REMOTE_ADDR', FILTER_VALIDATE_IP), filter_input(INPUT_SERVER, 'HTTP_HOST'), filter_input(INPUT_SERVER, 'NO_SUCH'), filter_input(INPUT_ENV, 'PATH'),
        filter_input(INPUT_COOKIE, 'c'), filter_has_var(INPUT_SERVER, 'REQUEST_TIME'), filter_input(INPUT_GET, 'l', FILTER_DEFAULT, FILTER_REQUIRE_ARRAY)]);""",
        target="?n=12&l[]=a", headers=(("Cookie", "c=biscuit"),)),
    php("filter_is_not_changed_by_writing", "$_GET['n'] = 'changed'; echo filter_input(INPUT_GET, 'n'), $_GET['n'];", target="?n=12"),
    php("request_order", "echo json_encode($_REQUEST);", target="?a=get&b=get", headers=(("Cookie", "a=cookie; c=cookie"),)),
    php("import_globals", "extract($_GET); echo $a; parse_str('x[]=1&x[]=2&y.z=3', $out); echo json_encode($out);", target="?a=get"),
    php("static_and_globals_begin_anew", "function c() { static $n = 0; return ++$n; } echo c(), c(), json_encode(isset($GLOBALS['seen'])); $GLOBALS['seen'] = 1;"),
    php("opcache_of_the_request", "echo json_encode([function_exists('opcache_get_status')]);"),
    php("phpversion_and_zend", "echo PHP_MAJOR_VERSION, json_encode([(bool) PHP_DEBUG, phpversion('no-such')]);"),
    php("uname_and_pid", "echo php_uname('s'), json_encode([getmypid() > 1, gethostname() !== '']);"),
    php("php_ini_time_zone", "echo date_default_timezone_get(), date('Y') > 2000 ? 1 : 0;"),
    php("mail_and_syslog_exist", "echo json_encode([is_callable('mail'), is_callable('syslog'), ini_get('sendmail_path') !== false]);"),
]
