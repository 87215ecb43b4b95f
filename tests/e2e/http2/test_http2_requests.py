"""Requests as HTTP/2 carries them: fields, bodies, and what PHP sees (RFC 9113 section 8)."""

import os

import pytest

from harness.http2 import (
    DATA,
    END_HEADERS,
    END_STREAM,
    NO_ERROR,
    PROTOCOL_ERROR,
    Http2Connection,
    frame,
    head,
    reset,
    window_update,
)
from harness.waiting import wait_until


@pytest.fixture(scope="module")
def server(launch_shared):
    return launch_shared(MAX_HEADER_SIZE="8k", MAX_BODY_SIZE="1m", ACCESS_LOG=1)


@pytest.fixture
def connection(server):
    with Http2Connection(server.address) as it:
        yield it


def test_php_sees_the_request_as_it_does_in_http_1(server, connection):
    more = [("user-agent", "test"), ("x-a", "1"), ("x-a", "2"), ("cookie", "a=1"), ("cookie", "b=2"), ("proxy", "no")]
    seen = connection.get("/server.php?x=1&y", more=more, authority="example.com:8080").json()
    expected = {
        "SERVER_PROTOCOL": "HTTP/2.0",
        "REQUEST_METHOD": "GET",
        "REQUEST_URI": "/server.php?x=1&y",
        "QUERY_STRING": "x=1&y",
        "REQUEST_SCHEME": "http",
        "HTTP_HOST": "example.com:8080",
        "SERVER_NAME": "example.com",
        "SERVER_PORT": "8080",
        "HTTP_USER_AGENT": "test",
        "HTTP_X_A": "1, 2",
        "HTTP_COOKIE": "a=1; b=2",
        "REMOTE_ADDR": "127.0.0.1",
    }
    assert {name: seen.get(name) for name in expected} == expected
    assert not {"HTTP_PROXY", "CONTENT_LENGTH", "HTTPS"} & set(seen)


def test_the_answer_has_the_servers_fields_once_and_in_small_letters(connection):
    answer = connection.get("/own_headers.php")
    assert answer.status == 200 and answer.text == "body"
    for name in ("server", "date", "x-request-id", "traceparent", "content-type", "content-length"):
        assert len(answer.all(name)) == 1, name
    assert all(name == name.lower() for name, _ in answer.headers)
    assert answer.header("server") == "howdah" and answer.header("x-request-id") != "mine"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "QUERY", "PROPFIND"])
def test_methods_reach_php(connection, method):
    assert connection.get("/server.php", method=method).json()["REQUEST_METHOD"] == method


def test_head_has_gets_fields_and_no_body(connection):
    for path in ("/", "/page.html"):
        expected = connection.get(path)
        answer = connection.get(path, method="HEAD")
        assert answer.status == 200 and answer.body == b""
        assert answer.header("content-length") == str(len(expected.body))


def test_bodies_reach_php(connection):
    body = os.urandom(300_000)
    assert connection.response(connection.request("/echo.php", "POST", b"")).body == b""
    stream = connection.request("/echo.php", "POST", body)
    connection.wait(lambda: connection.stream(stream).heads, "the head")
    connection.send(window_update(0, 1 << 20) + window_update(stream, 1 << 20))
    assert connection.response(stream).body == body


def test_trailers_of_a_request_are_dropped(connection):
    stream = connection.new_stream()
    connection.send(connection.headers(stream, head("/server.php", "POST"), END_HEADERS))
    connection.send(frame(DATA, 0, stream, b"abc"))
    connection.send(connection.headers(stream, [("x-trailer", "no")], END_HEADERS | END_STREAM))
    seen = connection.response(stream).json()
    assert "HTTP_X_TRAILER" not in seen and seen["CONTENT_LENGTH"] == "3"


def test_expect_continue_is_answered(connection):
    stream = connection.new_stream()
    more = [("expect", "100-continue"), ("content-length", "3")]
    connection.send(connection.headers(stream, head("/echo.php", "POST", more=more), END_HEADERS))
    connection.wait(lambda: connection.stream(stream).heads, "the 100")
    assert connection.stream(stream).heads == [[(":status", "100")]]
    connection.send_body(stream, b"abc")
    assert connection.response(stream).body == b"abc"


def test_a_stream_is_sent_piece_by_piece(connection):
    answer = connection.get("/stream.php")
    assert answer.text.splitlines() == [f"piece {i}" for i in range(50)]
    assert answer.header("content-length") is None


# -- malformed requests: the stream is reset, the connection goes on (8.1.1) ----------------------------

GOOD = head("/page.html")
MALFORMED = {
    "no-method": GOOD[1:],
    "no-scheme": GOOD[:1] + GOOD[2:],
    "no-path": GOOD[:3],
    "no-authority-and-no-host": GOOD[:2] + GOOD[3:],
    "two-methods": GOOD[:1] + GOOD,
    "two-paths": GOOD + GOOD[3:],
    "empty-path": GOOD[:3] + [(":path", "")],
    "path-without-a-slash": GOOD[:3] + [(":path", "page.html")],
    "path-in-absolute-form": GOOD[:3] + [(":path", "http://a/page.html")],
    "path-with-a-fragment": GOOD[:3] + [(":path", "/page.html#a")],
    "path-with-a-space": GOOD[:3] + [(":path", "/page.html ")],
    "asterisk-of-a-get": GOOD[:3] + [(":path", "*")],
    "method-that-is-no-token": [(":method", "G ET")] + GOOD[1:],
    "unknown-pseudo-header": GOOD + [(":unknown", "x")],
    "status-in-a-request": GOOD + [(":status", "200")],
    "protocol-without-extended-connect": GOOD + [(":protocol", "websocket")],
    "pseudo-header-behind-a-field": [("x", "y")] + GOOD,
    "name-in-capitals": GOOD + [("X-Capital", "a")],
    "name-with-a-space": GOOD + [("x y", "a")],
    "name-with-a-colon": GOOD + [("x:y", "a")],
    "empty-name": GOOD + [("", "a")],
    "value-with-a-line-end": GOOD + [("x", "a\r\nb: c")],
    "value-with-nul": GOOD + [("x", "a\0b")],
    "value-with-a-control-byte": GOOD + [("x", "a\x01b")],
    "value-that-begins-with-a-space": GOOD + [("x", " a")],
    "value-that-ends-with-a-tab": GOOD + [("x", "a\t")],
    "connection": GOOD + [("connection", "close")],
    "keep-alive": GOOD + [("keep-alive", "timeout=5")],
    "proxy-connection": GOOD + [("proxy-connection", "close")],
    "transfer-encoding": GOOD + [("transfer-encoding", "chunked")],
    "upgrade": GOOD + [("upgrade", "websocket")],
    "te-other-than-trailers": GOOD + [("te", "gzip")],
    "host-that-disagrees": GOOD + [("host", "b")],
    "two-hosts": GOOD[:2] + GOOD[3:] + [("host", "a"), ("host", "a")],
    "authority-with-a-user": head(authority="u@a"),
    "authority-with-a-bad-port": head(authority="a:99999"),
    "length-that-is-no-number": GOOD + [("content-length", "x")],
    "length-with-a-sign": GOOD + [("content-length", "+0")],
    "negative-length": GOOD + [("content-length", "-1")],
    "two-lengths": GOOD + [("content-length", "0"), ("content-length", "0")],
    "length-without-a-body": GOOD + [("content-length", "1")],
    "connect-with-a-path": [(":method", "CONNECT"), (":authority", "a:443"), (":path", "/")],
    "connect-without-an-authority": [(":method", "CONNECT")],
}


@pytest.mark.parametrize("fields", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_request_is_reset(connection, fields):
    stream = connection.new_stream()
    connection.send(connection.headers(stream, fields))
    connection.expect_reset(stream, PROTOCOL_ERROR)
    assert connection.get("/page.html").status == 200


TAKEN = {
    "te-trailers": GOOD + [("te", "trailers")],
    "host-that-agrees": GOOD + [("host", "a")],
    "host-alone": GOOD[:2] + GOOD[3:] + [("host", "a")],
    "https-behind-a-proxy": head("/page.html", scheme="https"),
    "value-above-ascii": GOOD + [("x", "\u00e4")],
    "empty-value": GOOD + [("x", "")],
}


@pytest.mark.parametrize("fields", TAKEN.values(), ids=TAKEN)
def test_an_unusual_request_is_taken(connection, fields):
    stream = connection.new_stream()
    connection.send(connection.headers(stream, fields))
    assert connection.response(stream).status == 200


# -- refused with an answer ------------------------------------------------------------------------------

REFUSED = {
    "trace": (head(method="TRACE"), 405),
    "connect": ([(":method", "CONNECT"), (":authority", "a:443")], 405),
    "post-to-a-file": (head("/page.html", "POST"), 405),
    "scheme": (head(scheme="ftp"), 400),
    "bad-escape": (head("/%zz"), 400),
    "nul-in-the-path": (head("/%00"), 400),
    "expectation": (head(more=[("expect", "tea")]), 417),
    "not-found": (head("/none"), 404),
    "head-too-large": (head(more=[("x", "a" * 9000)]), 431),
    "target-too-long": (head("/?" + "a" * 9000), 414),
    "too-many-fields": (head(more=[(f"x{i}", "a") for i in range(260)]), 431),
}


@pytest.mark.parametrize("fields, status", REFUSED.values(), ids=REFUSED)
def test_is_refused_with(connection, fields, status):
    stream = connection.new_stream()
    connection.send(connection.headers(stream, fields))
    answer = connection.response(stream)
    assert answer.status == status
    assert len(answer.body) == int(answer.header("content-length")) > 0
    assert (answer.header("allow") is not None) == (status == 405)
    connection.expect_alive()


def test_options_of_the_server_itself(connection):
    answer = connection.get("*", method="OPTIONS")
    assert answer.status == 200 and "POST" in answer.header("allow")


@pytest.mark.parametrize("with_length", [True, False])
def test_a_body_over_the_limit_is_413_and_the_script_does_not_run(server, connection, with_length):
    marker = server.open_folder(f"big-{with_length}") + "/ran"
    stream = connection.new_stream()
    size = (1 << 20) + 1
    more = [("content-length", str(size))] if with_length else []
    connection.send(connection.headers(stream, head(f"/mark.php?file={marker}", "POST", more=more), END_HEADERS))
    if not with_length:
        sent = 0
        while sent < size:
            connection.wait(
                lambda: connection.stream(stream).heads
                or sent + 16384 <= 65535 + connection.windows_opened.get(0, 0),
                "the window",
            )
            if connection.stream(stream).heads:
                break
            connection.send(frame(DATA, 0, stream, bytes(16384)))
            sent += 16384
    assert connection.response(stream).status == 413
    connection.wait(lambda: connection.stream(stream).reset is not None, "the reset that lets the client stop")
    assert connection.stream(stream).reset == NO_ERROR
    connection.expect_alive()
    assert not os.path.exists(marker)


def test_the_log_tells_the_version(server, connection):
    connection.get("/page.html?log=2")
    line = server.wait_for_log(
        lambda it: it.get("type") == "access" and it["data"].get("query") == "log=2", "of the request"
    )
    assert line["data"]["http"] == "HTTP/2.0" and line["data"]["status"] == 200


def test_a_client_that_resets_has_left(server, connection):
    gate = server.gate()
    stream = connection.request(f"/gate.php?gate={gate.path}")
    gate.wait_started()
    connection.send(reset(stream))
    line = server.wait_for_log(
        lambda it: it.get("type") == "access" and gate.path in str(it["data"].get("query")), "of the request"
    )
    assert line["data"]["status"] == 499
    gate.release()
    wait_until(lambda: connection.get("/").status == 200, "the connection to go on")
