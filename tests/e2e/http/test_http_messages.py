"""HTTP/1 as ordinary clients use it: connections, bodies both ways, HEAD, Expect."""

import json
import os
import threading

import pytest

GET = "GET /?n={} HTTP/1.1\r\nHost: a\r\n\r\n"


def test_a_connection_serves_many_requests(server):
    with server.raw() as raw:
        for number in range(200):
            raw.send(GET.format(number))
            assert raw.read_response().json()["n"] == str(number)


def test_connection_close_is_honoured_and_said(server):
    with server.raw() as raw:
        raw.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = raw.read_response()
        assert answer.header("Connection").lower() == "close"
        assert raw.ended()


@pytest.mark.parametrize("value", ["Close", "keep-alive, close", "close, TE", "CLOSE"])
def test_connection_close_is_found_in_lists_and_in_any_case(server, value):
    with server.raw() as raw:
        raw.send(f"GET / HTTP/1.1\r\nHost: a\r\nConnection: {value}\r\n\r\n")
        assert raw.read_response().status == 200
        assert raw.ended()


def test_http_1_0_closes_by_default(server):
    with server.raw() as raw:
        raw.send("GET / HTTP/1.0\r\n\r\n")
        assert raw.read_response().status == 200
        assert raw.ended()


def test_http_1_0_keeps_the_connection_when_asked(server):
    with server.raw() as raw:
        for _ in range(3):
            raw.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            answer = raw.read_response()
            assert answer.header("Content-Length") is not None
            assert answer.header("Connection").lower() == "keep-alive"


def test_http_1_0_never_gets_chunks(server):
    with server.raw() as raw:
        raw.send("GET /stream.php HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        head = raw.read_head()
        assert head.header("Transfer-Encoding") is None
        assert raw.read_to_end() == b"".join(b"piece %d\n" % i for i in range(50))


def test_a_thousand_pipelined_requests_are_answered_in_order(server):
    with server.raw(timeout=60) as raw:
        sender = threading.Thread(target=raw.send, args=("".join(GET.format(i) for i in range(1000)),))
        sender.start()
        found = [raw.read_response().json()["n"] for _ in range(1000)]
        sender.join()
    assert found == [str(i) for i in range(1000)]


def test_pipelined_requests_with_bodies_stay_apart(server):
    bodies = [os.urandom(size) for size in (0, 1, 1000, 70_000, 5, 200_000, 0, 64)]
    message = b"".join(
        b"POST /echo.php HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body) for body in bodies
    )
    with server.raw() as raw:
        sender = threading.Thread(target=raw.send, args=(message,))
        sender.start()
        assert [raw.read_response().body for _ in bodies] == bodies
        sender.join()


def test_pipelined_php_static_and_missing_are_answered_in_order(server):
    targets = ["/?n=1", "/page.html", "/missing", "/stream.php", "/?n=2", "/folder", "/page.html"] * 10
    statuses = {"/missing": 404, "/folder": 308}
    with server.raw() as raw:
        raw.send("".join(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n" for target in targets))
        assert [raw.read_response().status for _ in targets] == [statuses.get(target, 200) for target in targets]


def test_a_request_that_arrives_byte_by_byte(server):
    with server.raw() as raw:
        for byte in b"POST /echo.php HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\nT: 1\r\n\r\n":
            raw.send(bytes([byte]))
        assert raw.read_response().body == b"abcd"


def test_empty_lines_before_a_request_are_skipped(server):
    with server.raw() as raw:
        raw.send("\r\n\r\n" + GET.format(1))
        assert raw.read_response().status == 200


# -- bodies ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 100, 65_536, 1_000_000])
@pytest.mark.parametrize("piece", [1 << 20, 1000])
def test_chunked_request_bodies_arrive_whole(server, size, piece):
    body = os.urandom(size)
    chunks = [body[start : start + piece] for start in range(0, size, piece)]
    with server.raw() as raw:
        raw.send("POST /echo.php HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        raw.send(b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n")
        assert raw.read_response().body == body


@pytest.mark.parametrize("spelling", ["chunked", "Chunked", "CHUNKED"])
def test_the_name_of_the_coding_is_case_insensitive(server, spelling):
    with server.raw() as raw:
        raw.send(f"POST /echo.php HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: {spelling}\r\n\r\n2\r\nok\r\n0\r\n\r\n")
        assert raw.read_response().body == b"ok"


@pytest.mark.parametrize("size", ["00000003", "3;name=value", '3;name="quoted"', "3;a;b=c"])
def test_chunk_sizes_may_have_zeros_and_extensions(server, size):
    with server.raw() as raw:
        raw.send(f"POST /echo.php HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\nabc\r\n0\r\n\r\n")
        assert raw.read_response().body == b"abc"


def test_trailers_never_become_headers(server):
    with server.raw() as raw:
        raw.send(
            "POST /server.php HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Trailer\r\n\r\n"
            "2\r\nok\r\n0\r\nX-Trailer: late\r\nHost: forged\r\n\r\n"
        )
        found = raw.read_response().json()
        assert "HTTP_X_TRAILER" not in found
        assert found["HTTP_HOST"] == "a"
        raw.send(GET.format(1))
        assert raw.read_response().status == 200


def test_a_buffered_answer_has_a_content_length(server):
    answer = server.get("/")
    assert answer.header("Content-Length") == str(len(answer.body))
    assert answer.header("Transfer-Encoding") is None


def test_a_flushed_answer_is_chunked(server):
    answer = server.get("/stream.php")
    assert answer.header("Transfer-Encoding") == "chunked"
    assert answer.header("Content-Length") is None
    assert answer.text == "".join(f"piece {i}\n" for i in range(50))


def test_a_stream_that_falls_short_of_its_length_does_not_pretend(server):
    with server.raw() as raw:
        raw.send("GET /wrong_length_stream.php?length=100 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        head = raw.read_head()
        rest = raw.read_to_end()
    if head.header("Content-Length") is None:
        assert rest.endswith(b"0\r\n\r\n")  # sent in chunks, without the wrong length
    else:
        assert rest == b"1234567890"  # short of the 100, which the client sees by the end
    assert server.get("/").status == 200


def test_a_stream_longer_than_its_length_is_not_taken_for_another_answer(server):
    with server.raw() as raw:
        raw.send("GET /wrong_length_stream.php?length=5 HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = raw.read_response()
        if answer.header("Content-Length") in (None, "10"):
            # In chunks without the wrong length, or corrected: all of it was there before a byte went out.
            assert answer.body == b"1234567890"
        else:
            assert answer.body == b"12345"
            assert raw.ended()
    assert server.get("/").status == 200


def test_head_of_a_stream_has_no_body(server):
    with server.raw() as raw:
        raw.send("HEAD /stream.php HTTP/1.1\r\nHost: a\r\n\r\n")
        assert raw.read_response(to="HEAD").status == 200
        raw.send(GET.format(7))
        assert raw.read_response().json()["n"] == "7"


# -- Expect ------------------------------------------------------------------------------------------


def test_a_client_that_waits_for_100_continue_gets_it(server):
    with server.raw() as raw:
        raw.send("POST /echo.php HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        assert raw.read_head().status == 100
        raw.send("body")
        answer = raw.read_response()
        assert (answer.status, answer.body) == (200, b"body")


def test_100_continue_with_a_chunked_body(server):
    with server.raw() as raw:
        raw.send("POST /echo.php HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert raw.read_head().status == 100
        raw.send("4\r\nbody\r\n0\r\n\r\n")
        assert raw.read_response().body == b"body"


def test_no_100_continue_to_http_1_0(server):
    with server.raw() as raw:
        raw.send("POST /echo.php HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody")
        assert raw.read_response().status == 200


def test_no_100_continue_when_the_request_is_refused(launch):
    server = launch(MAX_BODY_SIZE="1k")
    with server.raw() as raw:
        raw.send("POST /echo.php HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4000\r\n\r\n")
        assert raw.read_head().status == 413


def test_no_100_continue_when_a_static_file_refuses_the_method(server):
    with server.raw() as raw:
        raw.send("POST /page.html HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        assert raw.read_head().status == 405


# -- methods -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line", ["CONNECT example.org:443", "CONNECT /", "TRACE /", "TRACE /page.html"], ids=lambda line: line.replace(" ", "-")
)
def test_connect_and_trace_are_405_with_allow(server, line):
    with server.raw() as raw:
        raw.send(f"{line} HTTP/1.1\r\nHost: example.org:443\r\nConnection: close\r\n\r\n")
        answer = raw.read_response()
    assert answer.status == 405
    allowed = {method.strip() for method in answer.header("Allow").split(",")}
    assert {"GET", "HEAD"} <= allowed
    assert not allowed & {"CONNECT", "TRACE"}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "PROPFIND", "get", "M-SEARCH"])
def test_any_other_token_is_a_method_that_reaches_php(server, method):
    with server.raw() as raw:
        raw.send(f"{method} /index.php HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
        assert json.loads(raw.read_response().body) == {"method": method, "length": 3, "n": None}


def test_options_with_an_asterisk_is_answered(server):
    with server.raw() as raw:
        raw.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
        assert raw.read_response().status < 500
        raw.send(GET.format(1))
        assert raw.read_response().status == 200
