"""How a script ends: exit, exceptions, fatals, shutdown functions."""

from harness.parity import Case

SHOWN = "ini_set('display_errors', '1');"
HIDDEN = "ini_set('display_errors', '0');"

# Each with display_errors on and off, with and without output that has been sent.
ERRORS = {
    "exception": "throw new Exception('message', 5);",
    "error": "throw new TypeError('message');",
    "nested_exception": "throw new LogicException('outer', 0, new RuntimeException('inner'));",
    "exception_in_a_function": "function f($x) { throw new Exception('deep'); } f('argument');",
    "undefined_function": "no_such_function();",
    "undefined_method": "(new stdClass)->missing();",
    "null_method": "$x = null; $x->method();",
    "type_error": "strlen([]);",
    "argument_count": "(function ($a) {})();",
    "division_by_zero": "echo 1 % 0;",
    "unhandled_match": "echo match (5) { 1 => 2 };",
    "require_missing": "require 'no-such-file.inc';",
    "include_missing": "include 'no-such-file.inc'; echo 'after';",
    "parse_error_in_include": "include 'data:text/plain,<?php echo (';",
    "parse_error_in_eval": "eval('echo (');",
    "user_error": "trigger_error('own', E_USER_ERROR); echo 'after';",
    "user_warning": "trigger_error('own', E_USER_WARNING); echo 'after';",
    "warning": "echo $undefined['x'] ?? 'none', $undefined, [] . '', 'after';",
    "deprecated": "trigger_error('old', E_USER_DEPRECATED); echo 'after';",
    "suppressed": "echo @$undefined, @file_get_contents('/no/such'), 'after';",
    "memory_limit": "ini_set('memory_limit', '4M'); $x = str_repeat('x', 8 << 20);",
    "stack_of_errors": "set_error_handler(fn($no, $text) => print(\"[$no $text]\")); echo $undefined; trigger_error('own', E_USER_ERROR); echo 'after';",
    "exception_handler": "set_exception_handler(function ($e) { http_response_code(418); echo 'handled ', $e->getMessage(); }); throw new Exception('x');",
    "exception_handler_that_throws": "set_exception_handler(function ($e) { throw new Exception('second'); }); throw new Exception('first');",
    "class_declared_twice": "eval('class Dup {} class Dup {}');",
    "interface_method_missing": "eval('class Incomplete implements Countable {}');",
    "abstract_instance": "abstract class A {} new A;",
    "readonly_write": "class R { public function __construct(public readonly int $x) {} } $r = new R(1); $r->x = 2;",
    "exception_in_a_destructor": "class D { function __destruct() { throw new Exception('from destructor'); } } $d = new D; unset($d); echo 'after';",
    "exception_in_a_late_destructor": "class D { function __destruct() { throw new Exception('late'); } } $d = new D; echo 'body';",
    "exception_in_shutdown": "register_shutdown_function(function () { throw new Exception('in shutdown'); }); echo 'body';",
    "exception_in_tostring": "class S { function __toString(): string { throw new Exception('in string'); } } echo new S;",
    "assertion": "ini_set('zend.assertions', '1'); assert(1 > 2);",
    "error_log_and_go_on": "error_log('a line'); echo 'after';",
}


def php(name, code, **options):
    return Case(name, php=code, **options)


CASES = [
    *(php(f"{name}_hidden", HIDDEN + code) for name, code in ERRORS.items()),
    *(php(f"{name}_shown", SHOWN + code) for name, code in ERRORS.items()),
    *(php(f"{name}_after_output", f"{SHOWN}echo 'body '; {code}") for name, code in ERRORS.items()),
    *(php(f"{name}_after_flush", f"{HIDDEN}header('X-Own: 1'); echo 'body '; ob_end_flush(); flush(); {code}")
      for name, code in ERRORS.items() if name in ("exception", "memory_limit", "require_missing", "user_error")),
    # A syntax error keeps its own code from running, so the settings decide.
    php("parse_error", "echo 'a'; ("),
    php("parse_error_shown_by_settings", "echo 'a'; (", server="shown"),
    *(php(f"{name}_shown_as_html", code, server="shown") for name, code in ERRORS.items()),
    php("http_code_set_before_an_exception", HIDDEN + "http_response_code(404); throw new Exception('x');"),
    php("http_code_set_before_an_exception_shown", SHOWN + "http_response_code(404); throw new Exception('x');"),
    php("headers_set_before_an_exception", HIDDEN + "header('X-Own: 1'); header('Content-Type: application/json'); throw new Exception('x');"),
    php("buffers_open_at_an_exception", HIDDEN + "ob_start(); echo 'a'; ob_start(fn($s) => \"<$s>\"); echo 'b'; throw new Exception('x');"),
    php("location_set_before_an_exception", HIDDEN + "header('Location: /x'); throw new Exception('x');"),
    # -- exit
    *(php(f"exit_{name}", f"echo 'body '; exit({value}); echo 'never';") for name, value in {
        "plain": "", "zero": "0", "one": "1", "254": "254", "255": "255", "256": "256", "negative": "-1", "text": "'text'",
        "empty_text": "''", "numeric_text": "'5'", "html": "'<b>'"}.items()),
    *(php(f"exit_{name}_without_output", f"exit({value});") for name, value in {"plain": "", "one": "1", "255": "255", "text": "'text'"}.items()),
    php("die", "die('dead');"),
    php("exit_in_a_function", "function f() { try { exit('in try'); } finally { echo 'never'; } } f();"),
    php("exit_in_an_include", "include 'data:text/plain,<?php exit(5);'; echo 'x';"),
    php("exit_255_after_http_code", "http_response_code(201); exit(255);"),
    php("exit_in_a_buffer", "ob_start(); echo 'kept'; exit;"),
    php("exit_in_a_buffer_handler", "ob_start(function ($s) { exit; }); echo 'body';"),
    php("exit_in_shutdown", "register_shutdown_function(function () { echo 'a'; exit('b'); }); register_shutdown_function(function () { echo 'never'; }); echo 'body ';"),
    php("exit_in_a_destructor", "class D { function __destruct() { exit('destructed'); } } $d = new D; $d = null; echo 'never';"),
    php("return_from_the_script", "echo 'body'; return 5; echo 'never';"),
    # -- shutdown functions
    php("shutdown_order", "foreach ([1, 2, 3] as $i) register_shutdown_function(function ($i) { echo $i; }, $i); echo 'body ';"),
    php("shutdown_registers_another", "register_shutdown_function(function () { echo 'a'; register_shutdown_function(function () { echo 'b'; }); });"),
    php("shutdown_after_exit", "register_shutdown_function(function () { echo 'shutdown ', http_response_code(); }); exit('bye ');"),
    php("shutdown_after_a_fatal", HIDDEN + "register_shutdown_function(function () { $e = error_get_last(); http_response_code(503); echo 'caught ', $e['type'], ' ', strtok($e['message'], \"\\n\"); }); no_such_function();"),
    php("shutdown_after_an_exception", HIDDEN + "register_shutdown_function(function () { echo 'shutdown ', http_response_code(), json_encode(headers_list()); }); throw new Exception('x');"),
    php("shutdown_after_out_of_memory", HIDDEN + "register_shutdown_function(function () { echo 'shutdown ', error_get_last()['type']; }); ini_set('memory_limit', '4M'); str_repeat('x', 8 << 20);"),
    php("shutdown_sets_headers", "register_shutdown_function(function () { header('X-Late: 1'); http_response_code(404); }); echo 'body';"),
    php("shutdown_sees_the_folder", "register_shutdown_function(function () { echo getcwd() === __DIR__ ? 'same' : 'other'; }); chdir('/');"),
    php("shutdown_and_buffers", "ob_start(); echo 'kept '; register_shutdown_function(function () { echo ob_get_level(), ob_get_clean(), 'x'; });"),
    php("shutdown_before_destructors", "class D { function __destruct() { echo ' destructor'; } } $d = new D; register_shutdown_function(function () { echo 'shutdown'; });"),
    php("shutdown_with_a_bad_callback", SHOWN + "try { register_shutdown_function('no_such_function'); } catch (TypeError $e) { echo $e->getMessage(); }"),
    # -- times and connections
    php("time_limit", SHOWN + "echo 'body'; set_time_limit(1); while (true) { }"),
    php("time_limit_in_shutdown", HIDDEN + "register_shutdown_function(function () { echo http_response_code(), error_get_last()['message']; }); set_time_limit(1); while (true) { }"),
    php("set_time_limit", "var_dump(set_time_limit(5), ini_get('max_execution_time'));"),
    php("ignore_user_abort", "var_dump(ignore_user_abort(true), ignore_user_abort(), ini_get('ignore_user_abort'), connection_aborted(), connection_status());"),
    php("error_get_last_and_clear", "@$undefined . ''; $a = error_get_last(); error_clear_last(); echo json_encode([$a['message'], error_get_last()]);"),
    php("ticks", "declare(ticks=1); register_tick_function(function () { echo '.'; }); $a = 1; $b = 2;"),
]
