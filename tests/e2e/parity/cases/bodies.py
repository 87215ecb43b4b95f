"""Bodies that are no multipart forms, and the methods that carry them."""

from harness.parity import Case

FORM = "application/x-www-form-urlencoded"


def body(name, content, content_type=FORM, method="POST", **options):
    headers = (("Content-Type", content_type),) if content_type is not None else ()
    return Case(name, body=content, method=method, headers=headers + options.pop("headers", ()), **options)


FORMS = {
    "plain": b"a=1&b=two+words&c=%C3%A4",
    "empty": b"",
    "nested": b"a[]=1&a[]=2&b[x][y]=3&b[x][z]=4",
    "malformed_brackets": b"a[=1&b]=2&c[[d]]=3&e[f=4",
    "mangled_names": b"a.b=1&c d=2&[e=3",
    "empty_pairs": b"&&a=1&&=x&b&",
    "bad_escapes": b"a=%zz&b=%&c=%4",
    "nul": b"a=1%002&b=\0&c\0d=e",
    "binary": bytes(range(256)),
    "line_ends": b"a=1\r\nb=2\n",
    "utf8": "ä=ö".encode(),
    "json_by_mistake": b'{"a": [1, 2]}',
    "no_equals": b"just a text",
    "max_input_vars_reached": b"&".join(b"v%d=1" % i for i in range(100)),
    "max_input_vars_passed_by_one": b"&".join(b"v%d=1" % i for i in range(101)),
    "max_input_vars_passed": b"&".join(b"v%d=1" % i for i in range(300)),
    "max_input_nesting_level_passed": b"a" + b"[x]" * 25 + b"=1&b=2",
    "twenty_kilobytes": b"a=" + b"x" * 20_000,
    "of_post_max_size": b"a=" + b"x" * 65_534,
    "past_post_max_size": b"a=" + b"x" * 65_535,
    "far_past_post_max_size": b"a=" + b"x" * 300_000,
}

CONTENT_TYPES = {
    "in_upper_case": "APPLICATION/X-WWW-FORM-URLENCODED",
    "with_a_charset": "application/x-www-form-urlencoded; charset=UTF-8",
    "with_a_charset_without_a_blank": "application/x-www-form-urlencoded;charset=ISO-8859-1",
    "with_a_comma": "application/x-www-form-urlencoded, text/plain",
    "with_a_blank_and_text": "application/x-www-form-urlencoded x",
    "with_a_longer_name": "application/x-www-form-urlencodedx",
    "json": "application/json",
    "text": "text/plain",
    "xml": "text/xml; charset=utf-8",
    "empty": "",
    "absent": None,
    "nonsense": "what is this; \"",
    "only_a_semicolon": ";",
}

CASES = [
    *(body(f"form_{name}", content) for name, content in FORMS.items()),
    *(body(f"type_{name}", b"a=1&b=2", content_type) for name, content_type in CONTENT_TYPES.items()),
    *(body(f"form_by_{method.lower()}", b"a=1", method=method) for method in (
        "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "GET", "HEAD", "QUERY", "post", "REPORT")),
    *(body(f"json_by_{method.lower()}", b"{}", "application/json", method=method) for method in (
        "POST", "PUT", "PATCH", "DELETE", "QUERY")),
    *(Case(f"{method.lower()}_without_a_body", method=method) for method in (
        "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "MKCOL", "X-OWN")),
    Case("post_without_a_length", method="POST"),
    Case("post_without_a_body", method="POST", body=b""),
    body("form_in_chunks", b"a=1&b[]=2&c=" + b"x" * 3000, chunked=True),
    body("empty_form_in_chunks", b"", chunked=True),
    body("json_in_chunks", b'{"a":' + b" " * 2500 + b"1}", "application/json", chunked=True),
    body("put_in_chunks", b"0123456789" * 500, "text/plain", "PUT", chunked=True),
    body("form_in_chunks_past_post_max_size", b"a=" + b"x" * 70_000, chunked=True),
    body("json_of_15_kilobytes", b"x" * 15_000, "application/json"),
    body("json_of_60_kilobytes", b"x" * 60_000, "application/json"),
    body("json_past_post_max_size", b"x" * 70_000, "application/json"),
    body("put_past_post_max_size", b"x" * 70_000, "text/plain", "PUT"),
    body("untyped_past_post_max_size", b"x" * 70_000, None),
    body("form_with_query_and_cookie", b"a=post&p=1", target="?a=get&g=1", headers=(("Cookie", "a=cookie"),)),
    body("expect_100_continue", b"a=1", headers=(("Expect", "100-continue"),)),
    Case("input_read_in_pieces", method="PUT", body=b"0123456789" * 1000, php="""
        $in = fopen('php://input', 'r'); $sizes = [];
        while (($piece = fread($in, 3000)) !== '') $sizes[] = [strlen($piece), ftell($in), feof($in)];
        echo json_encode([$sizes, fseek($in, 5), fgets($in, 8), rewind($in), stream_get_meta_data($in)]);"""),
    Case("input_opened_twice", method="POST", body=b"0123456789" * 3000, headers=(("Content-Type", "text/plain"),), php="""
        $a = fopen('php://input', 'r'); $b = fopen('php://input', 'r');
        echo fread($a, 10), '|', fread($b, 5), '|', fread($a, 3), '|', strlen(stream_get_contents($b)), '|', fstat($a)['size'] ?? 'none',
            '|', var_export(@fwrite($a, 'x'), true);"""),
    Case("input_of_a_form_after_parsing", method="POST", body=b"a=1&b=2", headers=(("Content-Type", FORM),), php="""
        echo $_POST['b'], '|', file_get_contents('php://input'), '|', stream_get_contents(fopen('php://input', 'r'), -1, 4);"""),
    Case("stdin_is_no_body", method="POST", body=b"abc", headers=(("Content-Type", "text/plain"),), php="""
        echo var_export(defined('STDIN'), true), '|', file_get_contents('php://input');"""),
    Case("get_with_a_json_body", body=b'{"a":1}', headers=(("Content-Type", "application/json"),), php="""
        echo file_get_contents('php://input'), $_SERVER['CONTENT_LENGTH'];"""),
]
