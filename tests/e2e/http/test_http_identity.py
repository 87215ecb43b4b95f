"""The headers that every answer carries, request ids and trace context (contract, sections 2 and 8)."""

import re
from email.utils import parsedate_to_datetime

import pytest

from harness.http2 import Http2Connection

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


@pytest.fixture(scope="module")
def server(launch_shared):
    return launch_shared(MAX_BODY_SIZE="1k", MAX_HEADER_SIZE="4k")


ANSWERS = {
    "php": (200, "GET /index.php HTTP/1.1\r\nHost: a\r\n\r\n"),
    "stream": (200, "GET /stream.php HTTP/1.1\r\nHost: a\r\n\r\n"),
    "static": (200, "GET /page.html HTTP/1.1\r\nHost: a\r\n\r\n"),
    "not-modified": (304, "GET /page.html HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\n\r\n"),
    "redirect": (308, "GET /folder HTTP/1.1\r\nHost: a\r\n\r\n"),
    "not-found": (404, "GET /missing HTTP/1.1\r\nHost: a\r\n\r\n"),
    "bad-method": (405, "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "bad-path": (400, "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n"),
    "bad-message": (400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
    "too-large": (413, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n"),
    "head-too-large": (431, "GET / HTTP/1.1\r\nHost: a\r\nX: " + "a" * 8000 + "\r\n\r\n"),
    "script-error": (500, "GET /error.php HTTP/1.1\r\nHost: a\r\n\r\n"),
    "own-headers": (200, "GET /own_headers.php HTTP/1.1\r\nHost: a\r\n\r\n"),
    "http-1.0": (200, "GET /index.php HTTP/1.0\r\n\r\n"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_carries_date_server_and_ids_once(server, name):
    status, message = ANSWERS[name]
    with server.raw() as raw:
        raw.send(message)
        answer = raw.read_response()
    assert answer.status == status
    for header in ("Date", "Server", "X-Request-ID", "traceparent"):
        assert len(answer.all(header)) == 1, f"{header}: {answer.all(header)}"
    assert answer.header("Server") == "howdah"
    assert parsedate_to_datetime(answer.header("Date")).year >= 2024
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", answer.header("traceparent"))


@pytest.mark.parametrize("value", ["a", "abc-123", "x" * 128, "!~{}[]:;,", '"quoted"'])
def test_a_sound_request_id_is_kept(server, value):
    answer = server.get("/server.php", {"X-Request-ID": value})
    assert answer.header("X-Request-ID") == value
    assert answer.json()["TOKIO_REQUEST_ID"] == value
    assert answer.json()["HTTP_X_REQUEST_ID"] == value


@pytest.mark.parametrize("value", ["", "x" * 129, "two words", "t\tab", "\xe4"], ids=["empty", "long", "space", "tab", "high"])
def test_an_unsound_request_id_is_replaced(server, value):
    answer = server.get("/server.php", {"X-Request-ID": value})
    trace, span = answer.header("traceparent").split("-")[1:3]
    assert answer.header("X-Request-ID") == f"{trace[:12]}-{span[:4]}"


def test_a_request_id_is_made_from_the_trace(server):
    answers = [server.get("/server.php") for _ in range(20)]
    for answer in answers:
        trace, span = answer.header("traceparent").split("-")[1:3]
        assert answer.header("X-Request-ID") == f"{trace[:12]}-{span[:4]}"
    assert len({answer.header("X-Request-ID") for answer in answers}) == 20


@pytest.mark.parametrize("version, more", [("00", ""), ("01", ""), ("01", "-what-the-future-holds"), ("cc", "-x")])
def test_a_trace_is_continued_with_a_new_span(server, version, more):
    answer = server.get("/server.php", {"traceparent": f"{version}-{TRACE}-{SPAN}-01{more}"})
    _, trace, span, flags = answer.header("traceparent").split("-")
    found = answer.json()
    assert trace == TRACE == found["TRACE_ID"]
    assert span != SPAN and span == found["SPAN_ID"]
    assert flags == "01"
    assert found["PARENT_SPAN_ID"] == SPAN
    assert found["HTTP_TRACEPARENT"] == answer.header("traceparent")


def test_the_flags_of_a_trace_are_kept(server):
    assert server.get("/", {"traceparent": f"00-{TRACE}-{SPAN}-00"}).header("traceparent").endswith("-00")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "nonsense",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01",
        f"00-{TRACE[:-1]}g-{SPAN}-01",
    ],
)
def test_an_invalid_trace_is_replaced_by_a_new_one(server, value):
    answer = server.get("/server.php", {"traceparent": value})
    trace = answer.header("traceparent").split("-")[1]
    assert trace.lower() not in (TRACE, "0" * 32)
    assert "PARENT_SPAN_ID" not in answer.json()


PARENT = ("traceparent", f"00-{TRACE}-{SPAN}-01")


def over_http1(server, *fields):
    with server.raw() as raw:
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
        raw.send(f"GET /server.php HTTP/1.1\r\nHost: a\r\n{lines}\r\n")
        return raw.read_response()


def over_http2(server, *fields):
    with Http2Connection(server.address) as connection:
        return connection.get("/server.php", more=fields)


@pytest.fixture(params=[over_http1, over_http2], ids=["http1", "http2"])
def ask(request, server):
    """Asks for a dump of $_SERVER with these header fields, in order and as often as they are given."""
    return lambda *fields: request.param(server, *fields)


def test_ids_are_the_same_over_every_protocol(ask):
    answer = ask(PARENT, ("x-request-id", "mine-1"))
    found = answer.json()
    _, trace, span, flags = answer.header("traceparent").split("-")
    assert (trace, flags) == (TRACE, "01")
    assert (found["TRACE_ID"], found["SPAN_ID"], found["PARENT_SPAN_ID"]) == (TRACE, span, SPAN)
    assert found["HTTP_TRACEPARENT"] == answer.header("traceparent")
    assert answer.header("X-Request-ID") == found["TOKIO_REQUEST_ID"] == found["HTTP_X_REQUEST_ID"] == "mine-1"
    made = ask(("x-request-id", "two words"))
    trace, span = made.header("traceparent").split("-")[1:3]
    assert made.header("X-Request-ID") == made.json()["TOKIO_REQUEST_ID"] == f"{trace[:12]}-{span[:4]}"
    assert (made.json()["TRACE_ID"], made.json()["SPAN_ID"]) == (trace, span)
    assert "PARENT_SPAN_ID" not in made.json()


def test_two_traceparents_are_no_traceparent(ask):
    answer = ask(PARENT, PARENT, ("tracestate", "a=1"))
    assert answer.header("traceparent").split("-")[1] != TRACE
    assert "HTTP_TRACESTATE" not in answer.json()


def test_tracestate_reaches_php(ask):
    assert ask(PARENT, ("tracestate", "vendor=1,other=2")).json()["HTTP_TRACESTATE"] == "vendor=1,other=2"


def test_lines_of_tracestate_are_joined_in_order(ask):
    # RFC 9110 5.3; blanks beside the comma mean nothing.
    fields = (("tracestate", "z=1"), PARENT, ("tracestate", "a=2, m=3"), ("tracestate", "b=4"))
    entries = ask(*fields).json()["HTTP_TRACESTATE"].split(",")
    assert [entry.strip() for entry in entries] == ["z=1", "a=2", "m=3", "b=4"]


@pytest.mark.parametrize("value", [None, "", "nonsense", f"ff-{TRACE}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01"])
def test_tracestate_without_a_valid_traceparent_is_dropped(ask, value):
    parent = [] if value is None else [("traceparent", value)]
    found = ask(*parent, ("tracestate", "a=1")).json()
    assert "HTTP_TRACESTATE" not in found
    assert "PARENT_SPAN_ID" not in found


def test_an_error_without_a_body_says_its_reason(server):
    for target, status, text in (("/missing", 404, "Not Found"), ("/%zz", 400, "Bad Request")):
        answer = server.get(target)
        assert (answer.status, answer.text.strip()) == (status, text)
        assert answer.header("Content-Type").startswith("text/plain")
