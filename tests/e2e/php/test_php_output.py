"""What a script sends: status, headers, body, streams."""

import hashlib
from urllib.parse import urlencode

import pytest


def send(server, *lines, keep=False, method="GET", body=None):
    pairs = [("line[]", line) for line in lines]
    if keep:
        pairs.append(("keep", "1"))
    if body is not None:
        pairs.append(("body", body))
    return server.request(method, "/header.php?" + urlencode(pairs))


# -- status and headers ------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [200, 201, 202, 301, 400, 403, 404, 410, 418, 422, 500, 503])
def test_http_response_code_sets_the_status(server, code):
    answer = server.get(f"/status.php?code={code}&body=text")
    assert (answer.status, answer.text) == (code, "text")


@pytest.mark.howdah_only("nginx sends it on, and the client waits for another answer")
@pytest.mark.parametrize("code", [100, 101, 103, 199])
def test_an_interim_code_is_no_answer(server, code):
    answer = server.get(f"/status.php?code={code}&body=text")
    assert (answer.status, answer.text) == (500, "text")


def test_a_status_header_sets_the_status_and_is_not_sent(server):
    answer = send(server, "Status: 404 Not There")
    assert (answer.status, answer.text) == (404, "body")
    assert answer.header("Status") is None


def test_a_status_line_sets_the_status(server):
    assert send(server, "HTTP/1.1 410 Gone").status == 410


def test_location_makes_a_302(server):
    answer = send(server, "Location: /elsewhere?a=1")
    assert (answer.status, answer.header("Location")) == (302, "/elsewhere?a=1")


def test_location_keeps_a_status_set_before(server):
    assert send(server, "HTTP/1.1 201 Created", "Location: /made").status == 201


def test_location_with_a_code_of_its_own(server):
    answer = server.get("/header_status.php?" + urlencode({"line": "Location: /x", "code": 301}))
    assert (answer.status, answer.header("Location")) == (301, "/x")


def test_several_set_cookie_headers_are_all_sent(server):
    cookies = server.get("/cookies.php").all("Set-Cookie")
    assert cookies == ["one=1; path=/; HttpOnly", "two=a%20b%3Bc", "three=3"]


def test_header_replaces_unless_told_otherwise(server):
    assert send(server, "X-Own: 1", "X-Own: 2").all("X-Own") == ["2"]
    assert send(server, "X-Own: 1", "X-Own: 2", keep=True).all("X-Own") == ["1", "2"]


def test_the_default_content_type(server):
    assert server.get("/text.php").header("Content-Type") == "text/html; charset=UTF-8"


def test_the_charset_is_added_to_text_types(server):
    assert send(server, "Content-Type: text/plain").header("Content-Type") == "text/plain;charset=UTF-8"


def test_other_content_types_are_left_alone(server):
    assert send(server, "Content-Type: application/json").header("Content-Type") == "application/json"


def test_header_remove_and_headers_list(server):
    answer = server.get("/header_remove.php")
    assert answer.header("X-First") is None
    assert answer.header("X-Second") == "2"
    assert answer.header("X-Powered-By") is None
    assert "X-Second: 2" in answer.text and "X-First" not in answer.text


def test_a_header_callback_runs_before_the_headers_are_sent(server):
    assert server.get("/header_callback.php").header("X-Callback") == "ran"


@pytest.mark.parametrize("code", [204, 304])
def test_a_status_without_a_body_has_none_and_keeps_the_connection(server, code):
    with server.raw() as raw:
        for _ in range(3):
            raw.send(f"GET /status.php?code={code} HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = raw.read_response()
            assert answer.status == code
            assert answer.header("Transfer-Encoding") is None
        raw.send("GET /text.php HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert raw.read_response().text.startswith("Text before")


def test_a_body_given_with_204_is_not_sent(server):
    with server.raw() as raw:
        raw.send("GET /status.php?code=204&body=oops HTTP/1.1\r\nHost: a\r\n\r\n")
        assert raw.read_response().status == 204
        raw.send("GET /text.php HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert raw.read_response().status == 200


def test_a_304_has_no_content_type(server):
    assert server.get("/status.php?code=304").header("Content-Type") is None


@pytest.mark.howdah_only("nginx replaces some of them")
@pytest.mark.parametrize("name", ["Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade"])
def test_hop_by_hop_headers_from_php_are_dropped(server, name):
    with server.raw() as raw:
        raw.send(f"GET /header.php?line[]={name}:%20x-probe HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = raw.read_response()
        assert all("x-probe" not in value for value in answer.all(name))
        assert answer.text == "body"


def test_a_newline_in_a_header_is_refused_by_php(server):
    answer = send(server, "X-Own: a\r\nX-Smuggled: b")
    assert answer.header("X-Smuggled") is None
    assert answer.header("X-Own") is None


@pytest.mark.howdah_only("nginx passes it on")
@pytest.mark.parametrize("length", [1, 100])
def test_a_wrong_content_length_is_corrected_in_a_buffered_answer(server, length):
    with server.connect() as connection:
        for _ in range(2):
            answer = connection.request("GET", f"/header.php?line[]=Content-Length:%20{length}")
            assert (answer.header("Content-Length"), answer.text) == ("4", "body")


def test_a_right_content_length_is_kept(server):
    assert send(server, "Content-Length: 4").header("Content-Length") == "4"


# -- bodies ------------------------------------------------------------------------------------------


def test_text_around_php_tags(server):
    assert server.get("/text.php").text == "Text before, 2, and after.\n"


def test_an_empty_script_sends_an_empty_200(server):
    answer = server.get("/empty.php")
    assert (answer.status, answer.body) == (200, b"")


def test_output_is_binary_safe(server):
    assert server.get("/binary.php").body == bytes(range(256))


@pytest.mark.parametrize("size", [1, 4095, 4096, 4097, 65535, 65536, 65537, 1 << 20, (3 << 20) + 17])
def test_bodies_of_all_sizes_arrive_whole(server, size):
    pattern = b"".join(b"%063d\n" % i for i in range(0, size, 64))[:size]
    assert server.get(f"/size.php?n={size}").body == pattern


def test_200_megabytes_arrive_whole(server):
    piece = b"0123456789abcdef" * (1 << 16)
    expected = hashlib.sha1()
    for _ in range(200):
        expected.update(piece)
    digest, count = hashlib.sha1(), 0
    with server.raw(timeout=60) as raw:
        raw.send("GET /huge.php?mb=200 HTTP/1.0\r\n\r\n")
        assert raw.read_head().status == 200
        while data := raw.read_some():
            digest.update(data)
            count += len(data)
    assert count == 200 << 20
    assert digest.digest() == expected.digest()


def test_output_buffers_are_applied_and_a_late_header_still_counts(server):
    answer = server.get("/output_buffers.php")
    assert answer.text == "OUTER KEPT plain"
    assert answer.header("X-After") == "yes"


def test_flush_does_not_empty_output_buffers(server):
    answer = server.get("/headers_late.php")
    assert (answer.text, answer.header("X-Late")) == ("x open", "yes")


IDENTITY = {"date", "x-request-id", "traceparent"}


def without_identity(answer):
    return sorted((name.lower(), value) for name, value in answer.headers if name.lower() not in IDENTITY)


@pytest.mark.parametrize(
    "target", ["/text.php", "/empty.php", "/cookies.php", "/size.php?n=100", "/status.php?code=404&body=gone"]
)
@pytest.mark.howdah_only("nginx leaves out the length")
def test_head_has_gets_headers_and_no_body(server, target):
    get, head = server.get(target), server.head(target)
    assert head.status == get.status
    expected = without_identity(get)
    if get.body == b"":  # a script may leave out the body for HEAD only, so nothing is said of its length
        expected = [field for field in expected if field[0].lower() != "content-length"]
    assert without_identity(head) == expected
    assert head.body == b""


def test_head_keeps_the_connection_in_step(server):
    with server.raw() as raw:
        for _ in range(3):
            raw.send("HEAD /size.php?n=100000 HTTP/1.1\r\nHost: a\r\n\r\n")
            assert raw.read_response(to="HEAD").status == 200
        raw.send("GET /text.php HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert raw.read_response().text.startswith("Text before")


# -- streams -----------------------------------------------------------------------------------------


def test_flush_sends_what_there_is_while_the_script_goes_on(server):
    gate = server.gate()
    with server.raw() as raw:
        raw.send(f"GET /stream.php?gate={gate.path} HTTP/1.1\r\nHost: a\r\n\r\n")
        head = raw.read_head()
        assert head.status == 200
        assert head.header("Transfer-Encoding") == "chunked"
        assert head.header("Content-Length") is None
        first = b""
        while first != b"first\n":
            first += raw.read_chunk()
        gate.wait_started()  # the script is still running
        gate.release()
        second = b""
        while piece := raw.read_chunk():
            second += piece
        assert second == b"second\n"


def test_a_stream_to_http_1_0_ends_with_the_connection(server):
    gate = server.gate()
    with server.raw() as raw:
        raw.send(f"GET /stream.php?gate={gate.path} HTTP/1.0\r\n\r\n")
        head = raw.read_head()
        assert head.header("Transfer-Encoding") is None
        assert raw.read_exactly(6) == b"first\n"
        gate.release()
        assert raw.read_to_end() == b"second\n"


@pytest.mark.howdah_only("PHP-FPM needs flush()")
def test_an_event_stream_goes_out_without_flush(server):
    gate = server.gate()
    with server.raw() as raw:
        raw.send(f"GET /event_stream.php?gate={gate.path} HTTP/1.1\r\nHost: a\r\n\r\n")
        head = raw.read_head()
        assert head.header("Content-Type").startswith("text/event-stream")
        assert head.header("Content-Length") is None
        assert raw.read_chunk() == b"data: first\n\n"
        gate.wait_started()
        gate.release()
        assert raw.read_chunk() == b"data: second\n\n"
        assert raw.read_chunk() == b""


def test_a_connection_goes_on_after_everything_a_script_can_do(server):
    gate = server.gate()
    targets = [
        ("/text.php", 200), ("/status.php?code=204", 204), ("/exit_text.php", 200), ("/exception.php", 500),
        ("/fatal.php", 500), ("/parse_error.php", 500), ("/memory.php", 500), ("/size.php?n=5000000", 200),
        (f"/stream.php?gate={gate.path}", 200), ("/cookies.php", 200), ("/empty.php", 200), ("/shutdown_exit.php", 200),
        ("/binary.php", 200), ("/missing.php", 404),
    ]  # fmt: skip
    gate.release()
    with server.connect() as connection:
        connection.request("GET", "/text.php")
        port = connection.local_port()
        for target, status in targets:
            assert connection.request("GET", target).status == status, target
            assert connection.request("POST", "/input.php", b"x" * 1000).json()["length"] == 1000
        assert connection.local_port() == port
