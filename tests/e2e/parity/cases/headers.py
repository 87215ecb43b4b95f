"""What header(), http_response_code() and their kin make of an answer."""

from harness.parity import Case

# name: lines given to header(), or the code of a script that is not as simple.
LINES = {
    "own_header": ["X-Own: 1"],
    "replaced": ["X-Own: 1", "X-Own: 2"],
    "replaced_in_another_case": ["X-Own: 1", "x-OWN: 2"],
    "no_blank_after_the_colon": ["X-Own:1"],
    "blanks_around_the_value": ["X-Own:   \t1  \t"],
    "blank_before_the_colon": ["X-Own : 1"],
    "empty_value": ["X-Own:"],
    "blank_value": ["X-Own:  "],
    "empty_name": [": value"],
    "empty_line": [""],
    "no_colon": ["nonsense"],
    "blank_line": ["   "],
    "colon_in_the_value": ["X-Own: a:b: c"],
    "line_end_at_the_end": ["X-Own: 1\r\n"],
    "line_end_inside": ["X-Own: 1\r\nX-Forged: 2"],
    "line_feed_inside": ["X-Own: 1\nX-Forged: 2"],
    "folded": ["X-Own: 1\r\n 2"],
    "nul": ["X-Own: 1\0"],
    "high_bytes": ["X-Own: \xe4\xf6"],
    "utf8": ["X-Own: ä"],
    "long_value": ["X-Own: " + "x" * 2000],
    "underscore_in_the_name": ["X_Own: 1"],
    "tab_in_the_value": ["X-Own: a\tb"],
    "status_line": ["HTTP/1.1 410 Gone"],
    "status_line_without_a_reason": ["HTTP/1.1 404"],
    "status_line_of_1_0": ["HTTP/1.0 404 Not Found"],
    "status_line_of_2": ["HTTP/2 404 Not Found"],
    "status_line_in_lower_case": ["http/1.1 404 not found"],
    "status_line_with_an_own_code": ["HTTP/1.1 499 Own"],
    "status_line_with_two_blanks": ["HTTP/1.1  404 Not Found"],
    "status_header": ["Status: 404 Not There"],
    "status_header_without_a_reason": ["Status: 404"],
    "status_header_in_lower_case": ["status: 404"],
    "status_header_200": ["Status: 200 OK"],
    "status_line_then_status_header": ["HTTP/1.1 410 Gone", "Status: 404 Not Found"],
    "status_header_then_status_line": ["Status: 404 Not Found", "HTTP/1.1 410 Gone"],
    "status_twice": ["Status: 404 Not Found", "Status: 410 Gone"],
    "location": ["Location: /x"],
    "location_absolute": ["Location: http://other.test/x?a=1#b"],
    "location_in_lower_case": ["location: /x"],
    "location_empty": ["Location:"],
    "location_with_blanks": ["Location: /a b"],
    "location_after_201": ["HTTP/1.1 201 Created", "Location: /x"],
    "location_after_303": ["HTTP/1.1 303 See Other", "Location: /x"],
    "location_after_404": ["HTTP/1.1 404 Not Found", "Location: /x"],
    "location_before_200": ["Location: /x", "HTTP/1.1 200 OK"],
    "location_after_status_header": ["Status: 301", "Location: /x"],
    "location_twice": ["Location: /x", "Location: /y"],
    "www_authenticate": ['WWW-Authenticate: Basic realm="r"'],
    "www_authenticate_after_403": ["HTTP/1.1 403 Forbidden", "WWW-Authenticate: Basic"],
    "content_type": ["Content-Type: application/json"],
    "content_type_text": ["Content-Type: text/plain"],
    "content_type_with_a_charset": ["Content-Type: text/plain; charset=ISO-8859-1"],
    "content_type_in_lower_case": ["content-type: text/css"],
    "content_type_text_in_upper_case": ["Content-Type: TEXT/XML"],
    "content_type_empty": ["Content-Type:"],
    "content_type_svg": ["Content-Type: image/svg+xml"],
    "content_type_javascript": ["Content-Type: application/javascript"],
    "content_type_twice": ["Content-Type: text/plain", "Content-Type: text/css"],
    "cache_headers": ["Cache-Control: max-age=5", "Expires: Thu, 19 Nov 1981 08:52:00 GMT", "Pragma: x", "ETag: \"x\"", "Vary: Cookie"],
    "last_modified": ["Last-Modified: Sat, 29 Oct 1994 19:43:31 GMT"],
    "content_disposition": ['Content-Disposition: attachment; filename="a b.txt"'],
    "set_cookie_by_hand": ["Set-Cookie: a=1; Path=/; HttpOnly"],
    "allow_and_retry": ["Allow: GET, POST", "Retry-After: 5"],
    "x_powered_by": ["X-Powered-By: me"],
    "link": ["Link: </a.css>; rel=preload"],
    "many": [f"X-Own-{i}: {i}" for i in range(100)],
}


def php_string(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def lines(name, sent):
    # Line ends and NULs are written as they are: a PHP string may hold them.
    calls = "".join(f"header({php_string(line)});" for line in sent)
    return Case(f"header_{name}", php=f"{calls} echo 'body', json_encode([headers_list(), http_response_code()], JSON_INVALID_UTF8_SUBSTITUTE);")


CODES = [200, 201, 202, 204, 205, 206, 226, 299, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 418, 422, 429, 451, 499,
         500, 501, 502, 503, 504, 599, 600, 999]  # fmt: skip


def php(name, code, **options):
    return Case(name, php=code, **options)


CASES = [
    *(lines(name, sent) for name, sent in LINES.items()),
    *(php(f"response_code_{code}", f"echo json_encode([http_response_code({code}), http_response_code()]);") for code in CODES),
    *(php(f"response_code_{name}", f"echo json_encode([http_response_code({code}), http_response_code()]);")
      for name, code in {"zero": 0, "one": 1, "negative": -1, "99": 99, "1000": 1000, "large": 65536}.items()),
    *(php(f"header_with_code_{code}", f"header('X-Own: 1', true, {code}); echo http_response_code();") for code in (0, 201, 304, 404, 999)),
    php("location_with_code", "header('Location: /x', true, 301); echo 'body';"),
    php("location_with_code_307_and_no_body", "header('Location: /x', true, 307);"),
    php("location_after_response_code", "http_response_code(303); header('Location: /x');"),
    php("location_before_response_code", "header('Location: /x'); http_response_code(201);"),
    php("location_of_a_post", "header('Location: /x'); exit;", method="POST", body=b""),
    php("location_of_1_0", "header('Location: /x');", version="HTTP/1.0"),
    php("response_code_after_status_line", "header('HTTP/1.1 410 Gone'); http_response_code(404); echo http_response_code();"),
    php("status_line_after_response_code", "http_response_code(404); header('HTTP/1.1 410 Gone'); echo http_response_code();"),
    php("status_header_after_response_code", "http_response_code(404); header('Status: 410 Gone'); echo http_response_code();"),
    php("status_header_with_code", "header('Status: 410 Gone', true, 404); echo http_response_code();"),
    php("status_removed", "header('Status: 404'); header_remove('Status'); echo 'body';"),
    php("not_replaced", "header('X-Own: 1'); header('X-Own: 2', false); header('x-own: 3', false); echo json_encode(headers_list());"),
    php("replaced_after_several", "header('X-Own: 1', false); header('X-Own: 2', false); header('X-Own: 3'); echo json_encode(headers_list());"),
    php("content_type_not_replaced", "header('Content-Type: text/plain', false); header('Content-Type: text/css', false); echo 'body';"),
    php("header_remove_one", "header('X-A: 1'); header('X-B: 2'); header_remove('x-a'); echo json_encode(headers_list());"),
    php("header_remove_all", "header('X-A: 1'); setcookie('a', '1'); header_remove(); echo json_encode(headers_list());"),
    php("header_remove_content_type", "header('Content-Type: text/plain'); header_remove('Content-Type'); echo json_encode(headers_list());"),
    php("header_remove_x_powered_by", "header_remove('X-Powered-By'); echo json_encode(headers_list());"),
    php("header_remove_odd_names", "header('X-A: 1'); header_remove(''); header_remove('X-A:'); header_remove('X'); echo json_encode(headers_list());"),
    php("header_remove_location", "header('Location: /x'); header_remove('Location'); echo http_response_code();"),
    php("default_content_type_of_an_empty_answer", ""),
    php("default_mimetype_changed", "ini_set('default_mimetype', 'text/plain'); ini_set('default_charset', 'UTF-16'); echo 'body';"),
    php("default_mimetype_empty", "ini_set('default_mimetype', ''); echo 'body';"),
    php("default_charset_empty", "ini_set('default_charset', ''); header('Content-Type: text/plain'); echo 'body';"),
    php("header_callback", "header_register_callback(function () { header('X-Late: 1'); header_remove('X-Early'); http_response_code(202); }); header('X-Early: 1'); echo 'body';"),
    php("header_callback_without_output", "header_register_callback(function () { header('X-Late: ' . json_encode(headers_sent())); });"),
    php("header_callback_that_prints", "header_register_callback(function () { echo 'from callback '; }); echo 'body';"),
    php("header_callback_replaced", "header_register_callback(function () { header('X-A: 1'); }); header_register_callback(function () { header('X-B: 1'); }); echo 'body';"),
    php("header_callback_that_throws", "header_register_callback(function () { throw new Exception('x'); }); echo 'body';"),
    php("header_callback_that_exits", "header_register_callback(function () { exit('bye'); }); echo 'body';"),
    php("header_callback_of_a_location", "header_register_callback(function () { header('Location: /x'); }); echo 'body';"),
    php("headers_sent_before_and_after", "$before = headers_sent(); echo 'body'; ob_end_flush(); flush(); $after = headers_sent($file, $line); echo json_encode([$before, $after, basename($file), $line]);"),
    php("header_after_output", "ini_set('display_errors', '1'); echo 'body'; ob_end_flush(); flush(); header('X-Late: 1'); http_response_code(404); echo json_encode(headers_list());"),
    php("setcookie", "setcookie('a', 'b c;d'); setcookie('e', '', 1); setcookie('f', 'g', ['path' => '/x', 'domain' => 'parity.test', 'secure' => true, 'httponly' => true, 'samesite' => 'Lax']); setrawcookie('h', 'i%20j'); echo 'body';"),
    php("setcookie_with_expiry", "setcookie('a', 'b', 2000000000, '/p'); header_remove('X'); echo preg_replace('/Max-Age=\\d+/', 'Max-Age=N', json_encode(headers_list())); header_remove('Set-Cookie');"),
    php("setcookie_invalid", "ini_set('display_errors', '1'); foreach (['', 'a=b', 'a b', \"a\\n\"] as $name) try { var_dump(setcookie($name, 'x')); } catch (ValueError $e) { echo $e->getMessage(), \"\\n\"; }"),
    php("setcookie_keeps_its_order", "foreach (range(1, 5) as $i) setcookie(\"c$i\", \"$i\"); echo 'body';"),
    php("apache_response_headers", "header('X-A: 1'); header('X-B:2'); header('X-A: 3', false); echo json_encode(apache_response_headers());"),
    php("apache_request_headers", "echo json_encode(apache_request_headers() == getallheaders());"),
    php("http_response_code_before_output_matters", "http_response_code(404);"),
    php("x_accel_headers_that_change_nothing", "header('X-Accel-Buffering: no'); echo 'body';"),
    php("content_length_too_small_for_head", "header('Content-Length: 10');", method="HEAD"),
    php("content_length", "header('Content-Length: 4'); echo 'body';"),
    php("content_encoding", "header('Content-Encoding: gzip'); echo gzencode('body', 9);"),
    php("body_of_204", "http_response_code(204); echo 'body';"),
    php("body_of_304", "http_response_code(304); header('Content-Type: text/plain'); header('ETag: \"x\"'); echo 'body';"),
    php("no_body_of_404", "http_response_code(404);"),
    php("no_body_of_500", "http_response_code(500);"),
]
