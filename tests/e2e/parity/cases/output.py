"""Output: buffers, handlers, flush."""

from harness.parity import Case


GZIP = (("Accept-Encoding", "gzip"),)


def php(name, code, **options):
    return Case(name, php=code, **options)


CASES = [
    php("text_around_tags", "?>before <?= 1 + 1 ?> after\n\n<?php // end ?>\n"),
    php("nothing", ""),
    php("closing_tag_and_line_end", "echo 'a' ?>\n"),
    php("binary", "echo implode(array_map('chr', range(0, 255)));"),
    *(php(f"bytes_{size}", f"echo str_repeat('0123456789abcdef', {size // 16}), str_repeat('x', {size % 16});")
      for size in (1, 4095, 4096, 4097, 65535, 65536, 65537, 300_000)),
    php("print_and_printf", "print 'a'; printf('%05.1f|%s', 3.14159, 'b'); vprintf('%d', [5]); echo 1.0, 0.1 + 0.2, true, null, PHP_EOL;"),
    php("output_stream", "file_put_contents('php://output', 'a'); fwrite(fopen('php://output', 'w'), 'b'); readfile('data:,c'); fpassthru(fopen('data:,d', 'r'));"),
    php("stdout_is_not_the_answer", "@file_put_contents('php://stdout', ''); echo 'body';"),
    php("buffer_get_clean", "ob_start(); echo 'lost'; $text = ob_get_clean(); echo strtoupper($text);"),
    php("buffer_get_flush", "ob_start(); echo 'a'; echo ob_get_flush(), ob_get_level();"),
    php("buffers_nested", "ob_start(); echo 'a'; ob_start(); echo 'b'; ob_start(); echo 'c'; ob_end_clean(); ob_end_flush(); echo 'd';"),
    php("buffers_left_open", "ob_start(); echo 'a'; ob_start(fn($s) => \"<$s>\"); echo 'b';"),
    php("buffer_handler", "ob_start(fn($s, $phase) => strtoupper($s) . \"[$phase]\"); echo 'a'; ob_flush(); echo 'b'; ob_clean(); echo 'c'; ob_end_flush();"),
    php("buffer_handler_returns_false", "ob_start(fn($s) => false); echo 'kept';"),
    php("buffer_handler_returns_null", "ob_start(fn($s) => null); echo 'lost'; ob_end_flush(); echo '|';"),
    php("buffer_handler_returns_a_number", "ob_start(fn($s) => 42); echo 'lost';"),
    php("buffer_handler_with_chunk_size", "ob_start(fn($s) => \"[$s]\", 4); echo 'ab'; echo 'cdef'; echo 'g';"),
    php("buffer_handler_changes_headers", "ob_start(function ($s) { header('X-Size: ' . strlen($s)); return $s; }); echo 'body';"),
    php("buffer_handler_throws", "ini_set('display_errors', '1'); ob_start(function ($s) { throw new Exception('from handler'); }); echo 'body';"),
    php("buffer_handler_starts_a_buffer", "ini_set('display_errors', '1'); ob_start(function ($s) { ob_start(); return $s; }); echo 'body'; ob_end_flush(); echo 'after';"),
    php("buffer_handler_unknown", "ini_set('display_errors', '1'); var_dump(ob_start('no_such_function')); echo 'body', ob_get_level();"),
    php("buffer_handler_at_the_end_sees_the_class", "class C { function h($s) { return get_class($this) . $s; } } ob_start([new C, 'h']); echo 'body';"),
    php("buffer_not_removable", "ini_set('display_errors', '1'); ob_start(null, 0, 0); echo 'a'; var_dump(ob_end_clean(), ob_get_clean(), ob_flush()); echo 'b';"),
    php("buffer_functions_without_a_buffer", "ini_set('display_errors', '1'); while (ob_get_level()) ob_end_clean(); var_dump(ob_get_contents(), ob_get_length(), ob_get_clean(), ob_end_clean(), ob_flush(), ob_clean(), ob_end_flush());"),
    php("buffer_status", "ob_start(); ob_start(fn($s) => $s, 10); $status = ob_get_status(true); $last = ob_get_status(); ob_end_clean(); ob_end_clean(); echo json_encode([$status, $last, ob_list_handlers()]);"),
    php("buffer_level_of_a_request", "echo ob_get_level(), json_encode(ob_list_handlers()), ob_get_length();"),
    php("implicit_flush", "ob_implicit_flush(); echo 'a'; echo 'b'; ob_end_flush(); echo 'c'; echo json_encode(headers_sent());"),
    php("flush_in_a_buffer", "echo 'a'; flush(); header('X-Late: 1'); echo 'b';"),
    php("flush_first", "flush(); header('X-Late: 1'); echo json_encode(headers_sent());"),
    php("flush_without_a_buffer", "ob_end_flush(); echo 'a'; flush(); echo 'b'; flush(); echo json_encode(headers_sent());"),
    php("flush_many_times", "ob_end_flush(); for ($i = 0; $i < 100; ++$i) { echo $i, ','; flush(); }"),
    php("ob_flush_and_flush", "echo 'a'; ob_flush(); flush(); echo 'b'; ob_flush(); flush(); echo json_encode(headers_sent());"),
    php("discarded_all", "echo 'lost'; ob_end_clean(); http_response_code(404);"),
    php("discarded_then_more", "echo 'lost'; ob_clean(); echo 'kept';"),
    php("rewrite_vars", "output_add_rewrite_var('sid', 'x'); echo '<a href=\"/a\">a</a><a href=\"http://other.test/\">b</a><form action=\"/f\"></form>';"),
    php("rewrite_vars_reset", "output_add_rewrite_var('sid', 'x'); output_reset_rewrite_vars(); echo '<a href=\"/a\">a</a>';"),
    php("gz_handler_without_accept", "ob_start('ob_gzhandler'); echo str_repeat('body', 100);"),
    php("zlib_output_compression_without_accept", "ini_set('zlib.output_compression', '1'); echo str_repeat('body', 100);"),
    php("gz_handler_with_accept", "ob_start('ob_gzhandler'); echo str_repeat('body', 100);", headers=GZIP),
    php("zlib_output_compression_with_accept", "ini_set('zlib.output_compression', '1'); echo str_repeat('body', 100);", headers=GZIP),
    php("print_r_and_var_export", "print_r(['a' => 1]); var_export([1, 'b' => null]);"),
    php("output_in_a_destructor", "class D { function __destruct() { echo 'destructed'; } } $d = new D; echo 'body ';"),
    php("output_in_a_late_destructor", "class D { function __destruct() { echo 'destructed ', json_encode(headers_sent()); header('X-Late: 1'); } } $GLOBALS['d'] = new D; echo 'body '; ob_end_flush();"),
    php("generator_and_yield", "function g() { yield 'a'; yield 'b'; } foreach (g() as $x) echo $x;"),
    php("include_with_output", "echo include 'data:text/plain,x';", ),
    php("heredoc", "$a = ['x' => 1]; echo <<<TEXT\n  a {$a['x']}\n  TEXT;\n"),
    php("halt_compiler", "echo 'a'; echo file_get_contents(__FILE__, false, null, __COMPILER_HALT_OFFSET__); __halt_compiler();DATA"),
    php("shebang_and_utf8_bom", "?>\ufeffbody"),
]
