"""What a request sees in a worker script, and in the same script run for each request. docs/worker_mode.md
says which of these is which case of the worker API."""

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest

from harness import forms
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("worker mode, and what its scripts call")

CLIENTS = 32
TAKEN = 1001  # fields of a form that PHP takes when max_input_vars is 1000
BASIC = "Basic a2V2aW46cGFzc3dvcmQ="  # kevin:password


def settings(kind, script="dispatch.php"):
    """A server that runs `script` for every path, in this kind of way."""
    if kind == "worker":
        return {"WORKER_SCRIPT": script, "WORKER_NUM": "2", "INDEX_FILE": script}
    return {"INDEX_FILE": script}


@pytest.fixture(scope="module", params=["worker", "classic"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def both(launch_shared, kind):
    return launch_shared(www="scripts", FROM_THE_SYSTEM="yes", PHP_INI_SET="expose_php=1", **settings(kind))


@pytest.fixture(scope="module")
def worker(launch_shared):
    return launch_shared(www="scripts", FROM_THE_SYSTEM="yes", WORKER_ENV="FOO=bar", **settings("worker"))


@pytest.fixture
def launch_one(launch):
    """A server with one worker, so that each request meets what the last one has left."""

    def start(script="dispatch.php", **options):
        return launch(www="scripts", **{**settings("worker", script), "WORKER_NUM": "1", **options})

    return start


@pytest.fixture
def one(launch_one):
    return launch_one()


def each_of_many(count, ask):
    """`ask(i)` from many clients at once, `count` times; what they return, in order."""
    with ThreadPoolExecutor(CLIENTS) as clients:
        return list(clients.map(ask, range(count)))


# -- superglobals and $_SERVER -----------------------------------------------------------------------


def test_b1_each_of_many_clients_gets_its_own_answer(both):
    pages = each_of_many(100, lambda i: both.get(f"/hello?i={i}").text)
    assert pages == [f"I am by birth a Genevese ({i})" for i in range(100)]
    assert both.get("/hello").text == "I am by birth a Genevese (i not set)"


def test_b2_another_script_runs_as_ever(launch):
    server = launch(www="scripts", WORKER_SCRIPT="dispatch.php", WORKER_NUM="1")
    pages = each_of_many(20, lambda i: server.get(f"/other.php?i={i}").text)
    assert pages == [f"I am by birth a Genevese ({i})" for i in range(20)]
    assert server.get("/hello?i=1").text == "I am by birth a Genevese (1)"


def test_b3_server_variables(both):
    host = {"Host": "example.com", "Authorization": BASIC, "Content-Type": "text/plain"}
    answer = both.request("POST", "/server/baz/bat?foo=a&bar=b&i=7", body=b"foo", headers=host)
    told = answer.json()
    expected = {
        "AUTH_TYPE": None, "REMOTE_USER": "kevin", "PHP_AUTH_USER": "kevin", "PHP_AUTH_PW": "password",
        "HTTP_AUTHORIZATION": BASIC, "DOCUMENT_ROOT": both.root, "SCRIPT_FILENAME": f"{both.root}/dispatch.php",
        "SCRIPT_NAME": "/dispatch.php", "PHP_SELF": "/dispatch.php", "DOCUMENT_URI": "/dispatch.php",
        "CONTENT_TYPE": "text/plain", "CONTENT_LENGTH": "3", "QUERY_STRING": "foo=a&bar=b&i=7",
        "REQUEST_URI": "/server/baz/bat?foo=a&bar=b&i=7", "REQUEST_METHOD": "POST", "REQUEST_SCHEME": "http",
        "SERVER_NAME": "example.com", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "GATEWAY_INTERFACE": "CGI/1.1",
        "REMOTE_ADDR": "127.0.0.1", "HTTPS": None, "PATH_INFO": None, "FRANKENPHP_WORKER": None, "argv": None,
    }  # fmt: skip
    assert {name: told.get(name) for name in expected} == expected
    assert told["SERVER_SOFTWARE"].startswith("howdah/")
    assert told["REMOTE_PORT"].isdigit()
    assert abs(told["REQUEST_TIME_FLOAT"] - told["REQUEST_TIME"]) <= 1


def test_b3_the_time_is_that_of_each_request(one):
    first, second = (one.get("/server").json()["REQUEST_TIME_FLOAT"] for _ in range(2))
    assert second > first


def test_b4_a_worker_has_no_path_info_and_the_original_uri(worker):
    told = worker.get("/server/pathinfo/3?x=1").json()
    assert (told["REQUEST_URI"], told["SCRIPT_NAME"]) == ("/server/pathinfo/3?x=1", "/dispatch.php")
    assert "PATH_INFO" not in told and "PATH_TRANSLATED" not in told


def test_b5_a_form_and_a_query(both):
    def ask(i):
        body, headers = forms.urlencoded([("baz", "bat"), ("i", i)])
        return both.request("POST", f"/globals?foo=bar&iG={i}", body=body, headers=headers).json()

    for i, told in enumerate(each_of_many(50, ask)):
        assert told["post"] == {"baz": "bat", "i": str(i)}
        assert told["get"] == {"foo": "bar", "iG": str(i)}


@pytest.mark.parametrize("jit", ["1", "0"])
def test_b6_request_holds_both(launch_one, jit):
    server = launch_one(PHP_INI_SET=f"auto_globals_jit={jit};request_order=GP")
    for i in range(3):
        body, headers = forms.urlencoded([("post_key", f"p{i}")])
        told = server.request("POST", f"/globals?get_key=g{i}", body=body, headers=headers).json()
        assert told["request"] == {"get_key": f"g{i}", "post_key": f"p{i}"}


def test_b7_request_is_made_anew_for_code_that_is_loaded_later(launch_one):
    server = launch_one(PHP_INI_SET="auto_globals_jit=1;request_order=GP")
    for i in range(10):
        if i % 2 == 0:
            assert server.get(f"/request_sometimes?val={i}").text == "SKIPPED"
        else:
            assert server.get(f"/request_sometimes?use_request=1&val={i}").json() == [2, True, str(i)]


def test_b8_cookies(both):
    def ask(i):
        return both.get("/globals", headers={"Cookie": f"foo=bar; i={i}"}).json()["cookie"]

    assert each_of_many(50, ask) == [{"foo": "bar", "i": str(i)} for i in range(50)]
    assert both.get("/globals").json()["cookie"] == []


def test_b9_malformed_cookies(both):
    with both.raw() as raw:
        raw.send(
            "GET /globals HTTP/1.1\r\nHost: a\r\n"
            "Cookie: foo =bar; ===;;==;  .dot.=val  ; PHPSESSID=1234\r\n"
            "Cookie: secondCookie=test; secondCookie=overwritten\r\n\r\n"
        )
        cookies = raw.read_response().json()["cookie"]
    assert cookies["foo_"] == "bar"
    assert cookies["_dot_"].rstrip() == "val"
    assert (cookies["PHPSESSID"], cookies["secondCookie"]) == ("1234", "test")


def test_b10_odd_headers_and_queries(both):
    with both.raw() as raw:
        raw.send(
            "POST /server/path?specialChars=%3E%00%00</> HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 7\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nSpecial-Chars: <%00>\r\nX-Empty-Header:\r\n\r\nfoo=bar"
        )
        told = raw.read_response().json()
    assert (told["CONTENT_LENGTH"], told["HTTP_CONTENT_LENGTH"]) == ("7", "7")
    assert told["HTTP_CONTENT_TYPE"] == told["CONTENT_TYPE"] == "application/x-www-form-urlencoded"
    assert (told["HTTP_SPECIAL_CHARS"], told["HTTP_X_EMPTY_HEADER"]) == ("<%00>", "")
    assert (told["HTTP_HOST"], told["SERVER_NAME"], told["SERVER_PORT"]) == ("localhost:8080", "localhost", "8080")
    assert told["QUERY_STRING"] == "specialChars=%3E%00%00</>"
    assert told["REQUEST_URI"] == "/server/path?specialChars=%3E%00%00</>"
    assert "HTTPS" not in told and "SSL_PROTOCOL" not in told


def test_b12_a_script_outside_of_the_root_has_no_name(launch):
    folder = launch.folder()
    script = Path(folder) / "outside.php"
    script.write_text("<?php while (frankenphp_handle_request(function () { echo json_encode($_SERVER); })) {}\n")
    server = launch(www="scripts", WORKER_SCRIPT=str(script), WORKER_NUM="1", INDEX_FILE="dispatch.php")
    told = server.get("/some/path?x=1").json()
    expected = {
        "SCRIPT_NAME": "", "PHP_SELF": "", "DOCUMENT_URI": "", "PATH_INFO": None, "SCRIPT_FILENAME": str(script),
        "REQUEST_URI": "/some/path?x=1", "DOCUMENT_ROOT": server.root,
    }  # fmt: skip
    assert {name: told.get(name) for name in expected} == expected


def test_b13_phpinfo(both):
    page = both.get("/info?i=42").text
    assert "Howdah" in page and "i=42" in page


def test_b14_the_workers_environment_is_the_boots(worker):
    told = worker.get("/boot").json()
    assert told["server"]["FOO"] == "bar"
    assert worker.get("/env_get?name=FOO").json()[:2] == ["bar", None]


def test_b14_the_boot_sees_an_empty_get(worker):
    boot = worker.get("/boot").json()
    assert (boot["getenv"], boot["now"]) == ("1", "1")
    server = boot["server"]
    expected = {
        "FRANKENPHP_WORKER": "1", "REQUEST_METHOD": "GET", "REQUEST_URI": "", "QUERY_STRING": "",
        "SCRIPT_FILENAME": f"{worker.root}/dispatch.php", "SCRIPT_NAME": "/dispatch.php", "FROM_THE_SYSTEM": "yes",
        "CONTENT_TYPE": None, "PATH_INFO": None, "HTTPS": None, "REMOTE_USER": None, "argv": None, "HTTP_HOST": None,
    }  # fmt: skip
    assert {name: server.get(name) for name in expected} == expected
    assert boot["get"] == []


def test_b17_getopt_is_harmless_and_the_boots_environment_is_not_the_requests(worker):
    def ask(i):
        return worker.get("/options?-a", headers={"Request": str(i)}).json()

    assert each_of_many(50, ask) == [[False, str(i), False, False] for i in range(50)]


def test_b18_the_systems_environment_is_in_each_request(both):
    for _ in range(4):
        assert both.get("/server").json()["FROM_THE_SYSTEM"] == "yes"


ODD = ["\u00e9", "\U0001f643", "%ff%fe", "a%20b", "'\"<>", "%", "{}|\\^`"]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_b19_odd_bytes_arrive_as_they_are(both, odd):
    target = quote(odd) if not odd.isascii() else odd
    with both.raw() as raw:
        raw.send(f"GET /server?q={target} HTTP/1.1\r\nHost: a\r\nFuzzed: ".encode() + odd.encode() + b"\r\n\r\n")
        told = raw.read_response().json()
    assert (told["QUERY_STRING"], told["HTTP_FUZZED"]) == (f"q={target}", odd)


def test_b19_nul_in_a_path_is_refused(both):
    assert both.get("/server/%00").status == 400


@pytest.mark.parametrize("length", ["-1", "something"])
def test_b20_a_bad_content_length_is_refused(both, length):
    with both.raw() as raw:
        raw.send(f"POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n")
        assert raw.read_head().status == 400


def test_b21_a_header_name_with_a_space_is_refused(both):
    with both.raw() as raw:
        raw.send("GET /hello HTTP/1.1\r\nHost: a\r\nBad Name: 1\r\n\r\n")
        assert raw.read_head().status == 400


# -- headers, status, streams ------------------------------------------------------------------------


def test_h1_headers_and_a_status(both):
    for i, answer in enumerate(each_of_many(50, lambda i: both.get(f"/headers?i={i}"))):
        assert (answer.status, answer.text) == (201, "Hello")
        assert [answer.header(name) for name in ("Foo", "Foo2", "Foo3", "I")] == ["bar", "bar2", "bar3", str(i)]
        assert answer.header("Invalid") is None


def test_h2_response_headers(both):
    for i, answer in enumerate(each_of_many(30, lambda i: both.get(f"/response_headers?i={i + 200}"))):
        code = i + 200
        assert answer.status == (code + 100 if code % 3 else 200)
        told = answer.json()
        assert (told["Foo"], told["Foo2"], told["I"]) == ("bar", "bar2", str(code))
        assert "X-Powered-By" in told and "Invalid" not in told


def test_h3_request_headers(both):
    headers = {"Frankenphp-I": "3", "Content-Type": "text/plain"}
    everything, alias, ours = both.get("/request_headers", headers=headers).json()
    for told in (everything, alias, ours):
        assert (told["Frankenphp-I"], told["Content-Type"]) == ("3", "text/plain")
    assert "Host" in everything and "Host" not in ours


def test_h4_early_hints(both):
    with both.raw() as raw:
        for i in range(3):
            raw.send(f"GET /early_hints?i={i} HTTP/1.1\r\nHost: a\r\n\r\n")
            hints = raw.read_head()
            assert hints.status == 103
            assert (hints.header("Link"), hints.header("Request")) == ("</style.css>; rel=preload; as=style", str(i))
            final = raw.read_response()
            assert (final.status, final.text) == (200, "Hello")
            assert (final.header("Link"), final.header("Request")) == (None, str(i))


def test_h5_flush_sends_what_there_is(both):
    for i in range(2):
        gate = both.gate()
        with both.raw() as raw:
            raw.send(f"GET /flush?i={i}&gate={gate.path} HTTP/1.1\r\nHost: a\r\n\r\n")
            assert raw.read_head().status == 200
            assert raw.read_chunk() == b"He"
            gate.release()
            assert raw.read_chunk() + raw.read_chunk() == f"llo {i}".encode()


def test_h6_a_204_has_no_body(both):
    for _ in range(3):
        answer = both.get("/no_content")
        assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize("line, status", [("HTTP/", 200), ("HTTP/1.1 418 I'm a teapot", 418), ("HTTP/1.1 404 Not Found", 404)])
def test_h7_h8_status_lines(both, line, status):
    assert both.get(f"/status_line?line={quote(line)}").status == status
    assert both.get("/hello").status == 200


@pytest.mark.parametrize("name", ["frankenphp_finish_request", "fastcgi_finish_request", "tokio_finish_request"])
def test_h9_work_after_the_answer(both, name):
    for i in range(2):
        number = f"{name}-{i}"
        assert both.get(f"/finish?with={name}&i={number}").text == f"This is the answer {number}"
        line = both.error_line(f"after the answer {number}")["msg"]
        assert f"[true,{'true' if name.startswith('tokio') else 'false'},0]" in line


@pytest.mark.parametrize("reading", ["0", "1"])
def test_h10_the_body_can_be_read_after_the_answer(launch_one, reading):
    server = launch_one(PHP_INI_SET=f"enable_post_data_reading={reading}")
    for i in range(2):
        answer = server.request("POST", f"/finish?with=frankenphp_finish_request&i={i}", body=b"x" * 50_000)
        assert answer.text == f"This is the answer {i}"
        assert "[true,false,50000]" in server.error_line(f"after the answer {i}")["msg"]


def test_h9_exit_after_the_answer_costs_the_client_nothing(one):
    assert one.get("/finish?with=frankenphp_finish_request&i=x&exit=1").text == "This is the answer x"
    assert one.get("/counter").text == "0"


def test_h11_a_large_answer(both):
    assert both.get("/large").body == b"Hello\n" * 1024


def test_event_streams_and_heads_by_our_own_functions(one):
    for _ in range(2):
        answer = one.get("/stream")
        assert answer.header("Content-Type").startswith("text/event-stream")
        assert answer.text == "data: first\n\n[true,true]\n\n"
        answer = one.get("/send_headers")
        assert (answer.status, answer.header("X-Own"), answer.text) == (202, "yes", "[false,true,true,true]")
        assert one.get("/hello?i=1").header("Content-Length") == str(len("I am by birth a Genevese (1)"))


def test_heartbeats_and_log_lines_are_the_requests(one):
    for i in range(2):
        answer = one.get(f"/heartbeat?i={i}", headers={"X-Request-ID": f"id-{i}"})
        assert answer.json() == [True, f"id-{i}", 0]
        line = one.log.wait_for(lambda line: line["msg"] == "from the handler" and line["ctx"]["request_id"] == f"id-{i}", "ours")
        assert line["level"] == "warn"


def test_head_has_the_headers_of_get(one):
    for _ in range(2):
        head = one.request("HEAD", "/hello?i=1")
        assert (head.status, head.body) == (200, b"")
        assert head.header("Content-Length") == str(len("I am by birth a Genevese (1)"))


# -- input and uploads -------------------------------------------------------------------------------


def test_i1_the_body_comes_back(both):
    def ask(i):
        answer = both.request("POST", "/input", body=f"post data {i}".encode(), headers={"Content-Type": "text/plain"})
        return answer.text, answer.header("Foo")

    assert each_of_many(50, ask) == [(f"post data {i}", "bar") for i in range(50)]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_i2_a_large_body(both, method):
    for i in range(3):
        answer = both.request(method, f"/input_size?i={i}", body=b"x" * 6_048_576)
        assert answer.text == f"6048576 {i}"


def test_i3_uploads_are_gone_after_their_request(one):
    for i in range(3):
        body, headers = forms.multipart(files=[("file", "a.txt", "text/plain", f"Upload {i}".encode())])
        assert one.request("POST", "/upload", body=body, headers=headers).json() == [f"Upload {i}", False, 1]
    assert one.get("/upload").json() == [None, False, 0]


def test_i3_the_body_of_a_query_is_a_form(one):
    body, headers = forms.urlencoded([("a", "1")])
    told = one.request("QUERY", "/globals", body=body, headers=headers).json()
    assert (told["post"], told["method"]) == ({"a": "1"}, "QUERY")
    told = one.request("PUT", "/globals", body=body, headers=headers).json()
    assert (told["post"], told["input"]) == ([], "a=1")


@pytest.mark.thread_only("PHP 8.4 has request_parse_body()")
@pytest.mark.parametrize("size", [10, 100_000, 1_500_000])
def test_forms_of_other_methods_can_be_parsed(both, size):
    content = b"x" * size
    for method in "PUT", "PATCH":
        body, headers = forms.multipart(fields=[("a", "1")], files=[("file", "a.txt", "text/plain", content)])
        told = both.request(method, "/parse_body", body=body, headers=headers).json()
        assert told == {
            "post": {"a": "1"}, "file": hashlib.md5(content).hexdigest(), "globals": [[], []], "gone": True,
        }  # fmt: skip
        body, headers = forms.urlencoded([("a", content.decode())])
        told = both.request(method, "/parse_body?most=8M", body=body, headers=headers).json()
        assert (told["post"], told["file"], told["gone"]) == ({"a": content.decode()}, None, True)
    body, headers = forms.multipart(fields=[("a", "1" * 2000)])
    assert "exceeds" in both.request("PUT", "/parse_body?most=1K", body=body, headers=headers).json()["refused"]
    assert both.request("PUT", "/parse_body", body=b"{}", headers={"Content-Type": "application/json"}).json()["refused"]
    assert both.get("/hello?i=1").status == 200


def test_i5_streams_that_were_opened_before_the_loop(launch_one):
    server = launch_one("old_input.php")
    assert [server.get("/").text for _ in range(3)] == ["word1", "word2", "word3"]
    assert server.request("PUT", "/", body=b"x" * 100_000).status == 200
    assert server.get("/").status == 200


def test_a_form_with_too_many_fields_is_told_of_where_the_script_looks(launch_one):
    server = launch_one("parse_warnings.php", PHP_INI_SET="display_errors=1")
    body, headers = forms.urlencoded([(f"f{i}", i) for i in range(1100)])
    for _ in range(2):
        answer = server.request("POST", "/", body=body, headers=headers)
        assert (answer.status, answer.text) == (400, f"[{TAKEN},400]")
        assert server.get("/").text == "[0,200]"


def test_a_form_over_post_max_size_is_told_of_too(launch_one):
    server = launch_one("parse_warnings.php", PHP_INI_SET="post_max_size=1K;display_errors=1")
    body, headers = forms.urlencoded([("f", "x" * 2000)])
    assert server.request("POST", "/", body=body, headers=headers).status == 400
    assert server.get("/").status == 200


@pytest.mark.parametrize(
    "body, headers",
    [
        forms.multipart(files=[("file", "a.txt", "text/plain", b"x" * 3000)]),
        forms.multipart(files=[(f"file{i}", "a.txt", "text/plain", b"x") for i in range(3)]),
        (b"a=1", {"Content-Type": "multipart/form-data"}),
        (b"a=1", {"Content-Type": "multipart/form-data; boundary=" + "b" * 6000}),
    ],
    ids=["too large", "too many files", "no boundary", "boundary too large"],
)
def test_what_is_wrong_with_a_multipart_body_is_told_there_too(launch_one, body, headers):
    server = launch_one("parse_warnings.php", PHP_INI_SET="post_max_size=1K;max_file_uploads=1;display_errors=1")
    answer = server.request("POST", "/", body=body, headers=headers)
    assert (answer.status, answer.text[:1]) == (400, "[")
    assert server.get("/").text == "[0,200]"


def test_the_last_error_is_the_requests(one):
    body, headers = forms.urlencoded([(f"f{i}", i) for i in range(1100)])
    for _ in range(2):
        message, fields = one.request("POST", "/last_error", body=body, headers=headers).json()
        assert message.startswith("frankenphp_handle_request(") and fields == TAKEN
        assert one.get("/last_error").json() == [None, 0]


def test_resources_descriptors_and_memory_stay(one):
    forms_and_files = [
        (b"x" * 20_000, {"Content-Type": "application/octet-stream"}),
        forms.urlencoded([(f"f{i}", "x" * 200) for i in range(100)]),
        forms.multipart(files=[("file", "a.txt", "text/plain", b"x" * 20_000)]),
    ]

    def ask():
        return [one.request("POST", "/resources", body=body, headers=headers).json() for body, headers in forms_and_files]

    for _ in range(10):
        before = ask()
    for _ in range(300):
        after = ask()
    assert after == before


# -- sessions ----------------------------------------------------------------------------------------


def cookie_of(answer):
    return {"Cookie": re.match(r"[^;]+", answer.header("Set-Cookie")).group()}


def test_s1_each_client_has_its_session(both):
    def ask(_):
        first = both.get("/session_count")
        return first.text, both.get("/session_count", headers=cookie_of(first)).text

    assert set(each_of_many(100, ask)) == {("Count: 0", "Count: 1")}


def test_s2_a_save_handler_of_a_request_stays(one):
    first = one.get("/session_handler?set=1")
    assert first.json() == ["user", 1, 0]
    assert one.get("/session_handler", headers=cookie_of(first)).json() == ["user", 2, 1]


def test_s3_a_save_handler_of_the_boot_stays(launch_one):
    server = launch_one("handler_at_boot.php")
    assert server.get("/").json() == ["user", None]
    first = server.get("/?use=1")
    assert first.json() == ["user", 1]
    assert server.get("/").json() == ["user", None]
    assert server.get("/?use=1", headers=cookie_of(first)).json() == ["user", 2]


@pytest.mark.parametrize("ending", ["", "&exit=1"])
def test_s4_s5_a_session_is_its_owners_alone(one, ending):
    identity = one.get(f"/session_set?of=A{ending}").text
    assert len(identity) >= 22
    assert one.get("/session_look").json() == [None, "", 1, ""]
    assert one.get("/session_get").text == "NOT_FOUND"
    assert one.get("/session_get", headers={"Cookie": f"PHPSESSID={identity}"}).text == "of A"


def test_s4_a_session_that_starts_by_itself_is_that_of_its_cookie(launch_one):
    server = launch_one(PHP_INI_SET="session.auto_start=1;session.use_strict_mode=0")
    for name in ("a" * 32, "b" * 32):
        told = server.get("/session_look", headers={"Cookie": f"PHPSESSID={name}"}).json()
        assert told[1] == name
    assert server.get("/session_look").json()[1] not in ("", "a" * 32, "b" * 32)


@pytest.mark.interrupts_loop
def test_s6_a_session_that_was_cut_off_is_unlocked(launch_one):
    server = launch_one(WORKER_NUM="2")
    session = {"Cookie": f"PHPSESSID={'c' * 32}"}
    with ThreadPoolExecutor(2) as clients:
        holder = clients.submit(server.get, "/session_lock?hold=1", headers=session)
        next_one = clients.submit(server.get, "/session_lock", headers=session)
        assert holder.result().status == 500
        assert next_one.result().status in (200, 500)
    assert server.get("/session_lock", headers=session).text == "locked"


# -- the loop ----------------------------------------------------------------------------------------


def test_w1_the_script_goes_on(one):
    assert [one.request("POST", "/counter", body=b"x").text for _ in range(5)] == list("01234")


def test_w4_outside_of_worker_mode_the_loop_is_refused(launch):
    server = launch(www="scripts", PHP_INI_SET="display_errors=1;html_errors=0")
    page = server.get("/loop_in_classic.php").text
    assert page.startswith("[true,false]")
    assert "Uncaught RuntimeException: frankenphp_handle_request() called while not in worker mode" in page


def test_w6_a_client_that_left_is_noticed(both):
    for finish in (0, 1):
        gate = both.gate()
        number = f"{id(gate)}-{finish}"
        with both.raw() as raw:
            raw.send(f"GET /aborted?finish={finish}&i={number}&gate={gate.path} HTTP/1.1\r\nHost: a\r\n\r\n")
            gate.wait_started()
        # The front sees the end of the connection before it hears of more output.
        wait_until(lambda: both.metrics()["tokio_php_active_connections"] == 0, "the connection to be gone")
        gate.release()
        status = both.error_line(f"of {number}")["msg"]
        assert "status 1 " in status


def test_w11_objects_of_the_boot_stay(one):
    for i in range(1, 4):
        identity, calls, exists = one.get("/persistent").json()
        assert (calls, exists) == (i, True)
    assert identity == one.get("/persistent").json()[0]


def test_w12_autoloaders_stay(one):
    assert [one.get("/autoloaders").text for _ in range(3)] == ["1", "1", "1"]


def test_w13_an_exception_page_is_of_its_request_alone(launch, kind):
    server = launch(www="scripts", PHP_INI_SET="display_errors=1;html_errors=0", **settings(kind))
    for i in range(10):
        page = server.get(f"/exception?i={i}").text
        assert page.startswith("hello ") and f"Uncaught Exception: request {i}" in page
        assert server.get(f"/hello?i={i}").text == f"I am by birth a Genevese ({i})"


def test_w13_without_display_errors_it_is_a_500_and_the_script_goes_on(one):
    assert one.get("/counter").text == "0"
    answer = one.get("/exception?i=5")
    assert answer.status == 500 and "request 5" not in answer.text
    assert "Uncaught Exception: request 5" in one.error_line("request 5")["msg"]
    assert one.get("/counter").text == "1"


def test_w15_fibers(both):
    assert each_of_many(50, lambda i: both.get(f"/fiber?i={i}").text) == [f"Fiber {i}" for i in range(50)]


def test_w21_preloaded_functions(launch, kind):
    server = launch(www="scripts", **settings(kind))
    preload = f"opcache.preload={server.root}/preload.php"
    server = launch(site=server.root, PHP_INI_SET=preload, **settings(kind))
    assert [server.get("/preloaded").text for _ in range(3)] == ["I am preloaded"] * 3


@pytest.mark.interrupts_loop
def test_w23_the_time_limit_ends_the_request_and_the_script_starts_again(one):
    assert one.get("/counter").text == "0"
    assert one.get("/endless").status == 500
    assert "Maximum execution time of 1 second exceeded" in one.error_line("Maximum execution time")["msg"]
    assert one.get("/counter").text == "0"


def test_buffers_left_open_are_sent_and_shutdown_functions_wait(one):
    for _ in range(3):
        assert one.get("/leave_open").text == "LEFT OPEN 3"
        assert one.get("/hello?i=2").text == "I am by birth a Genevese (2)"


@pytest.mark.parametrize(
    "query, status, text",
    [("", 200, "PAGE SHUTDOWN DESTRUCTOR"), ("?code=1&status=404", 404, "PAGE SHUTDOWN DESTRUCTOR"), ("?text=1", 200, "PAGE TEXT SHUTDOWN DESTRUCTOR")],
)
def test_exit_delivers_the_whole_answer(one, query, status, text):
    for _ in range(3):
        answer = one.get(f"/exit{query}")
        assert (answer.status, answer.text) == (status, text)
        assert one.get("/counter").text == "0"


def test_a_call_inside_a_request_throws(one):
    assert one.get("/nested").text == "frankenphp_handle_request() called while a request is being handled"
    assert one.get("/counter").text == "0"


@pytest.mark.parametrize("of", ["output", "header", "session"])
@pytest.mark.parametrize("does", ["nothing", "throws", "exits"])
def test_callbacks_at_the_end_of_a_handler_end_as_at_the_end_of_a_script(launch, of, does):
    answers = []
    for kind in ("classic", "worker"):
        server = launch(www="scripts", **settings(kind, "end_callbacks.php"))
        answer = server.get(f"/?of={of}&does={does}")
        answers.append((answer.status, answer.text))
        assert server.get("/").text == "printed"
    assert answers[0] == answers[1]
    assert (answers[0][0] == 500) == (does == "throws")


# -- the environment ---------------------------------------------------------------------------------


def test_e1_putenv_and_getenv(one):
    for _ in range(2):
        # As the command line's PHP has it.
        expected = [True, "value", None, None, True, False, True, "", True, False, True, False]
        assert one.get("/environment").json() == expected


def test_e2_a_classic_requests_environment_ends_with_it(launch):
    server = launch(www="scripts", PHP_WORKERS="1", PHP_WORKERS_MAX="1", **settings("classic"))
    assert server.get("/env_put?index=1").json() == ["1", "1"]
    assert server.get("/env_put").json() == [False, None]


def test_e3_a_workers_environment_stays(one):
    assert one.get("/env_put?index=7").json() == ["7", "7"]
    assert one.get("/env_put").json() == ["7", "7"]


@pytest.mark.parametrize("order, in_env", [("EGPCS", True), ("GPCS", False)])
def test_e4_e5_e6_e8_the_systems_environment(launch, kind, order, in_env):
    server = launch(
        www="scripts", FROM_THE_SYSTEM="hello", PHP_INI_SET=f"variables_order={order}", **settings(kind)
    )
    for put in ("", "&put=1"):
        told = server.get(f"/env_get?name=FROM_THE_SYSTEM{put}").json()
        assert told == ["hello", "hello", "hello" if in_env else None, "hello", "put" if put else False]


def test_e7_changes_of_env_stay(one):
    assert [one.get("/env_change").text for _ in range(3)] == ["by the first request"] * 3


def test_e9_variables_in_php_ini(launch, launch_one):
    ini = Path(launch.folder()) / "php.ini"
    ini.write_text("zend.assertions=${LITERAL_ZERO}\n")
    server = launch_one(PHP_INI=str(ini), LITERAL_ZERO="0")
    assert [server.get("/ini?name=zend.assertions").text for _ in range(2)] == ["0", "0"]
