"""How an answer becomes a stream: flush(), text/event-stream, tokio_send_headers(), headers_send()."""

import json

import pytest

from harness.http2 import Http2Connection

pytestmark = pytest.mark.howdah_only("what PHP-FPM does not have")


class Http1Stream:
    """The answer to one request, as it comes."""

    def __init__(self, server, target):
        self._raw = server.raw()
        self._raw.send(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")
        self.head = self._raw.read_head()
        assert self.head.header("Transfer-Encoding") == "chunked"
        self._ended = False

    def expect(self, text):
        got = b""
        while len(got) < len(text):
            got += self._raw.read_chunk()
        assert got.decode() == text

    def rest(self):
        got = b""
        while piece := self._raw.read_chunk():
            got += piece
        return got.decode()

    def close(self):
        self._raw.close()


class Http2Stream:
    def __init__(self, server, target):
        self._connection = Http2Connection(server.address)
        self._stream = self._connection.stream(self._connection.request(target))
        self._taken = 0
        self._connection.wait(lambda: self._stream.heads, "the head")
        self.head = self._stream.response

    def expect(self, text):
        self._connection.wait(lambda: len(self._stream.body) >= self._taken + len(text), repr(text))
        assert self._stream.body[self._taken :].decode() == text
        self._taken += len(text)

    def rest(self):
        self._connection.wait(lambda: self._stream.ended, "the end")
        return self._stream.body[self._taken :].decode()

    def close(self):
        self._connection.close()


@pytest.fixture(params=[Http1Stream, Http2Stream], ids=["http1", "http2"])
def opened(request, server):
    streams = []

    def open_stream(target):
        streams.append(request.param(server, target))
        assert streams[-1].head.header("Content-Length") is None
        return streams[-1]

    yield open_stream
    for stream in streams:
        stream.close()


@pytest.mark.parametrize("query", ["flush", "events"])
def test_a_stream_has_no_length_however_soon_it_ends(server, query):
    for _ in range(30):  # its end has come, or has not, when the front looks
        answer = server.get(f"/short.php?{query}")
        assert (answer.text, answer.header("Content-Length"), answer.header("Transfer-Encoding")) == ("a b c", None, "chunked")
        assert server.request("HEAD", f"/short.php?{query}").header("Content-Length") is None
    answer = server.get(f"/short.php?{query}&length")
    assert (answer.text, answer.header("Content-Length"), answer.header("Transfer-Encoding")) == ("a b c", "5", None)
    assert server.request("HEAD", f"/short.php?{query}&length").header("Content-Length") == "5"


@pytest.mark.parametrize("status", [None, 201, 503])
def test_tokio_send_headers_begins_a_stream(server, opened, status):
    gate = server.gate()
    stream = opened(f"/send_headers.php?gate={gate.path}" + (f"&status={status}" if status else ""))
    assert stream.head.status == (status or 200)
    assert stream.head.header("X-Own") == "yes"
    stream.expect("first ")
    gate.wait_started()
    gate.release()
    stream.expect("second ")
    gate.wait_started()
    gate.release()
    assert stream.rest() == ""
    line = server.error_line("stream said ")["msg"]
    assert json.loads(line.split("stream said ", 1)[1]) == {
        "before": False, "flushed": False, "began": True, "level": 0, "streaming": True,
        "emptied": True, "kept": 1, "again": False, "after": False, "flush after": False, "begin after": False,
    }  # fmt: skip


@pytest.mark.parametrize("status", [0, 100, 103, 199, 600, -1])
def test_tokio_send_headers_takes_a_final_status_only(server, status):
    answer = server.get(f"/send_headers_wrong.php?status={status}")
    assert answer.status == 200
    assert answer.text.startswith("ValueError: tokio_send_headers(): Argument #1 ($status) must be a final status")


@pytest.mark.parametrize("status", [None, 202, 404, 999])
def test_headers_send_sends_the_head_now(server, opened, status):
    gate = server.gate()
    stream = opened(f"/headers_send.php?gate={gate.path}" + (f"&status={status}" if status else ""))
    assert stream.head.status == (status or 200)
    assert stream.head.header("X-Own") == "yes"
    gate.wait_started()
    gate.release()
    assert json.loads(stream.rest()) == [0, True, 0, 503]


@pytest.mark.parametrize("status", [0, 99, 1000, -1, 1 << 40])
def test_headers_send_with_no_status_at_all_is_a_500(server, status):
    gate = server.gate()
    gate.release()
    assert server.get(f"/headers_send.php?gate={gate.path}&status={status}").status == 500
    server.wait_for_log(lambda line: "is not the status of an answer: answering 500" in line["msg"], "why")


def test_headers_send_does_not_switch_protocols(server, opened):
    gate = server.gate()
    gate.release()
    stream = opened(f"/headers_send.php?gate={gate.path}&status=101")
    assert (stream.head.status, stream.head.header("X-Own")) == (503, "yes")
    assert json.loads(stream.rest()) == [0, False, 0, 503]
    server.wait_for_log(lambda line: "a script cannot switch protocols" in line["msg"], "why")


@pytest.mark.parametrize("query, said", [("", [False, False, False, True]), ("?events", [False, False, True, True])])
def test_tokio_is_streaming_says_what_is_so(server, query, said):
    assert json.loads(server.get("/state.php" + query).text[1:]) == said


def test_a_stream_to_http_1_0_ends_with_its_connection(server):
    gate = server.gate()
    with server.raw() as raw:
        raw.send(f"GET /headers_send.php?gate={gate.path} HTTP/1.0\r\n\r\n")
        head = raw.read_head()
        assert (head.status, head.header("Transfer-Encoding")) == (200, None)
        gate.wait_started()
        gate.release()
        assert json.loads(raw.read_to_end()) == [0, True, 0, 503]
