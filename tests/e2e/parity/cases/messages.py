"""Request heads: headers, authentication, Host, versions, methods."""

import base64

from harness.parity import Case


def with_headers(name, *headers, **options):
    return Case(name, headers=headers, **options)


def authorized(name, value, **options):
    return with_headers(f"authorization_{name}", ("Authorization", value), **options)


def basic(text):
    return "Basic " + base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


DIGEST = 'Digest username="user", realm="r", nonce="abc", uri="/", response="0123456789abcdef", opaque="", qop=auth, nc=00000001'

CASES = [
    # -- authentication
    authorized("basic", basic("user:password")),
    authorized("basic_without_a_password", basic("user:")),
    authorized("basic_without_a_user", basic(":password")),
    authorized("basic_with_colons", basic("user:p:w:")),
    authorized("basic_without_a_colon", basic("user")),
    authorized("basic_utf8", basic("Zoë:pä")),
    authorized("basic_binary", basic(b"us\0er:p\xff")),
    authorized("basic_in_lower_case", basic("user:password").replace("Basic", "basic")),
    authorized("basic_without_padding", basic("user:passwor").rstrip("=")),
    authorized("basic_not_base64", "Basic %%%%"),
    authorized("basic_empty", "Basic"),
    authorized("basic_with_two_blanks", "Basic  " + basic("user:password")[6:]),
    authorized("digest", DIGEST),
    authorized("digest_in_lower_case", "digest a=1"),
    authorized("digest_empty", "Digest "),
    authorized("bearer", "Bearer abc.def.ghi"),
    authorized("unknown_scheme", "Negotiate abc"),
    authorized("empty", ""),
    with_headers("two_authorizations_of_basic_kind", ("Authorization", basic("user:password")), ("X-Authorization", "x")),
    with_headers("proxy_authorization", ("Proxy-Authorization", basic("user:password"))),
    # -- headers
    with_headers("common_headers", ("Accept", "text/html,*/*;q=0.8"), ("Accept-Language", "de;q=0.5"), ("User-Agent", "Agent/1 (x; y)"),
                 ("Referer", "http://x.test/?a=1#b"), ("Origin", "null"), ("Cache-Control", "no-cache"), ("DNT", "1")),
    with_headers("names_in_odd_case", ("x-LOWER-case", "1"), ("X-ABC", "2"), ("x1-2b", "3")),
    with_headers("empty_value", ("X-Empty", ""), ("X-Blank", "   ")),
    with_headers("blanks_around_the_value", ("X-Blanks", " \t a  b \t ")),
    with_headers("long_value", ("X-Long", "v" * 3000)),
    with_headers("latin1_value", ("X-Latin", "\xe4\xf6")),
    with_headers("utf8_value", ("X-Utf8", "ä".encode().decode("latin-1"))),
    with_headers("odd_characters_in_the_value", ("X-Odd", "<a href='x'>\"\\;,=%00")),
    with_headers("underscore_in_the_name", ("X_Forged", "1"), ("Content_Length", "5"), ("Remote_Addr", "evil")),
    with_headers("odd_names", ("X.Dot", "1"), ("X!Bang", "2"), ("X~Tilde", "3"), ("X$", "4"), ("-", "5"), ("X-", "6")),
    with_headers("numeric_name", ("123", "1")),
    with_headers("cgi_names", ("Remote-Addr", "evil"), ("Https", "on"), ("Request-Method", "EVIL"), ("Server-Name", "evil")),
    with_headers("forwarded", ("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil"), ("Forwarded", "for=1")),
    with_headers("conditions", ("If-None-Match", '"x"'), ("If-Modified-Since", "Sat, 29 Oct 1994 19:43:31 GMT"), ("If-Match", "*")),
    with_headers("range", ("Range", "bytes=0-10"), ("If-Range", '"x"')),
    with_headers("method_override", ("X-HTTP-Method-Override", "DELETE"), method="POST", body=b""),
    with_headers("content_type_of_a_get", ("Content-Type", "text/plain")),
    with_headers("content_length_zero_of_a_get", ("Content-Length", "0")),
    with_headers("content_headers", ("Content-Encoding", "gzip"), ("Content-Language", "de"), ("Content-MD5", "x"), method="PUT", body=b"x"),
    with_headers("upgrade", ("Upgrade", "websocket"), ("Sec-WebSocket-Key", "x")),
    with_headers("te_and_trailer", ("TE", "trailers"), ("Trailer", "X-T")),
    with_headers("keep_alive", ("Keep-Alive", "300"), ("Proxy-Connection", "keep-alive")),
    with_headers("very_many", *((f"X-Own-{i}", str(i)) for i in range(60))),
    with_headers("ajax", ("X-Requested-With", "XMLHttpRequest"), php="""
        echo $_SERVER['HTTP_X_REQUESTED_WITH'], getenv('HTTP_X_REQUESTED_WITH'), json_encode(isset($_SERVER['http_x_requested_with']));"""),
    with_headers("getenv_of_an_absent_header", php="var_dump(getenv('HTTP_X_ABSENT'), getenv('HTTP_X_ABSENT', true), getenv('REQUEST_METHOD', true));"),
    # -- ways to name a script
    Case("index_of_a_folder", script="folder/"),
    Case("index_of_a_folder_with_a_query", script="folder/", target="?a=1"),
    Case("index_by_name", script="folder/index.php"),
    Case("script_with_blanks", script="a%20folder/dump%20it.php"),
    Case("script_with_blanks_and_path_info", script="a%20folder/dump%20it.php", target="/more%20of%20it?x=%20"),
    Case("script_with_escapes_it_does_not_need", script="%64ump.ph%70"),
    Case("two_slashes_first", script="/dump.php"),
    Case("two_slashes_inside", script="folder//index.php"),
    Case("dot_segments", script="folder/./../dump.php", target="?a=../b"),
    Case("escaped_dot_segments", script="folder/%2e%2e/dump.php"),
    # -- host, version, method
    Case("host_in_upper_case", host="PARITY.Test"),
    Case("host_with_a_port", host="parity.test:8080"),
    Case("host_is_an_address", host="192.0.2.7"),
    Case("host_is_an_ipv6_address", host="[2001:db8::1]"),
    Case("host_with_a_trailing_dot", host="parity.test."),
    Case("http_1_0", version="HTTP/1.0"),
    Case("http_1_0_without_a_host", version="HTTP/1.0", host=None),
    Case("head", method="HEAD"),
    Case("head_of_a_script_with_a_length", method="HEAD", php="header('Content-Length: 4'); echo 'body';"),
    Case("head_runs_to_its_end", method="HEAD", php="""
        $to = sys_get_temp_dir() . '/parity-head-' . getmypid(); echo str_repeat('x', 100000); flush(); header_remove();"""),
    Case("method_in_lower_case", method="get"),
    Case("method_of_the_users_own", method="FROBNICATE"),
    Case("method_with_odd_characters", method="X-!#$%"),
    Case("method_options", method="OPTIONS"),
]
