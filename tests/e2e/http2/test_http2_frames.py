"""Frames that no client should send, and what each is answered with (RFC 9113, section by section)."""

import struct

import pytest

from harness.http2 import (
    ACK,
    COMPRESSION_ERROR,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    ENHANCE_YOUR_CALM,
    FLOW_CONTROL_ERROR,
    FRAME_SIZE_ERROR,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PREFACE,
    PRIORITY,
    PRIORITY_FLAG,
    PROTOCOL_ERROR,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    SETTINGS_ENABLE_PUSH,
    SETTINGS_INITIAL_WINDOW_SIZE,
    SETTINGS_MAX_FRAME_SIZE,
    STREAM_CLOSED,
    WINDOW_UPDATE,
    Http2Connection,
    frame,
    head,
    reset,
    settings,
    window_update,
)

WHOLE = END_HEADERS | END_STREAM
# GET / without a Huffman code or a table, so that every test may use it on any connection.
GET = b"\x82\x86\x84\x01\x01a"
POST = b"\x83\x86\x84\x01\x01a"


def get(stream=1, flags=WHOLE, block=GET):
    return frame(HEADERS, flags, stream, block)


def post(stream=1):
    return frame(HEADERS, END_HEADERS, stream, POST)


@pytest.fixture
def connection(server):
    with Http2Connection(server.address, timeout=10) as it:
        it.wait(lambda: it.settings_acks, "the acknowledgement of SETTINGS")
        yield it


# -- 3.4 the preface ---------------------------------------------------------------------------------


def test_the_servers_first_frame_is_its_settings(server):
    with Http2Connection(server.address) as connection:
        connection.wait(lambda: connection.settings_acks, "the acknowledgement")
        assert connection.settings == {3: 128, 4: 256 << 10, 6: 64 << 10, 9: 1}


def test_a_preface_in_single_bytes_is_one(server):
    with Http2Connection(server.address, preface=False) as connection:
        for byte in PREFACE + settings():
            connection.send(bytes([byte]))
        assert connection.get("/page.html").status == 200


def test_no_settings_behind_the_preface_is_an_error(server):
    with Http2Connection(server.address, preface=False) as connection:
        connection.send(PREFACE + frame(PING, payload=bytes(8)))
        connection.expect_goaway(PROTOCOL_ERROR)


def test_a_preface_that_turns_wrong_is_answered_in_http_1(server):
    with server.raw(timeout=10) as raw:
        raw.send(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")
        assert raw.read_response().status == 505


def test_a_request_behind_the_preface_in_one_packet_is_answered(server):
    with Http2Connection(server.address, preface=False) as connection:
        connection.send(PREFACE + settings() + get())
        assert connection.response(1).text == "index"


def test_upgrade_to_h2c_is_ignored(server):
    """RFC 9113 3.1 took it out: the answer is one of HTTP/1.1."""
    upgrade = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__"}
    answer = server.get("/", headers=upgrade)
    assert (answer.status, answer.text, answer.header("Upgrade")) == (200, "index", None)


def test_a_preface_after_a_request_of_http_1_is_none(server):
    with server.raw(timeout=10) as raw:
        raw.send(b"GET /page.html HTTP/1.1\r\nHost: a\r\n\r\n")
        assert raw.read_response().status == 200
        raw.send(PREFACE)
        assert raw.read_response().status == 505


# -- connection errors: GOAWAY with the reason, then the end -------------------------------------------

CONNECTION_ERRORS = {
    # 4.1, 4.2 frame size
    "frame-larger-than-allowed": (frame(DATA, 0, 1, bytes(16385)), FRAME_SIZE_ERROR),
    "headers-larger-than-allowed": (frame(HEADERS, WHOLE, 1, GET, length=16385), FRAME_SIZE_ERROR),
    # 4.3 field blocks
    "invalid-index": (get(block=GET + b"\xff\x7f"), COMPRESSION_ERROR),
    "index-zero": (get(block=GET + b"\x80"), COMPRESSION_ERROR),
    "integer-without-end": (get(block=GET + b"\x00\x7f" + b"\xff" * 20), COMPRESSION_ERROR),
    "huffman-code-with-wrong-padding": (get(block=GET + b"\x00\x81\x00\x01a"), COMPRESSION_ERROR),
    "table-larger-than-the-setting": (get(block=b"\x3f\xff\xff\x07" + GET), COMPRESSION_ERROR),
    "block-cut-short": (get(block=GET + b"\x00\x05ab"), COMPRESSION_ERROR),
    "block-between-blocks": (get(1, END_STREAM, GET[:1]) + get(3), PROTOCOL_ERROR),
    "ping-inside-a-block": (get(1, END_STREAM, GET[:1]) + frame(PING, payload=bytes(8)), PROTOCOL_ERROR),
    "unknown-frame-inside-a-block": (get(1, END_STREAM, GET[:1]) + frame(0x20), PROTOCOL_ERROR),
    # 5.1 states
    "data-on-an-idle-stream": (frame(DATA, END_STREAM, 1, b"x"), PROTOCOL_ERROR),
    "reset-of-an-idle-stream": (reset(1), PROTOCOL_ERROR),
    "window-update-of-an-idle-stream": (window_update(1, 1), PROTOCOL_ERROR),
    "continuation-of-nothing": (frame(CONTINUATION, END_HEADERS, 1, GET), PROTOCOL_ERROR),
    # 5.1.1 identifiers
    "even-stream": (get(2), PROTOCOL_ERROR),
    # 6.1 DATA
    "data-on-stream-zero": (frame(DATA, 0, 0, b"x"), PROTOCOL_ERROR),
    "data-with-more-padding-than-payload": (post() + frame(DATA, PADDED, 1, b"\x05abc"), PROTOCOL_ERROR),
    "padded-data-without-a-pad-length": (post() + frame(DATA, PADDED, 1), PROTOCOL_ERROR),
    # 6.2 HEADERS
    "headers-on-stream-zero": (get(0), PROTOCOL_ERROR),
    "headers-with-more-padding-than-payload": (get(1, WHOLE | PADDED, b"\xff" + GET), PROTOCOL_ERROR),
    "headers-too-short-for-their-priority": (get(1, WHOLE | PRIORITY_FLAG, b"\0"), FRAME_SIZE_ERROR),
    # 6.3 PRIORITY
    "priority-on-stream-zero": (frame(PRIORITY, 0, 0, bytes(5)), PROTOCOL_ERROR),
    "priority-of-four-bytes": (frame(PRIORITY, 0, 1, bytes(4)), FRAME_SIZE_ERROR),
    # 6.4 RST_STREAM
    "reset-on-stream-zero": (reset(0), PROTOCOL_ERROR),
    "reset-of-three-bytes": (post() + frame(RST_STREAM, 0, 1, bytes(3)), FRAME_SIZE_ERROR),
    # 6.5 SETTINGS
    "settings-on-a-stream": (frame(SETTINGS, 0, 1), PROTOCOL_ERROR),
    "settings-of-five-bytes": (frame(SETTINGS, 0, 0, bytes(5)), FRAME_SIZE_ERROR),
    "settings-acknowledged-with-content": (frame(SETTINGS, ACK, 0, bytes(6)), FRAME_SIZE_ERROR),
    "push-neither-0-nor-1": (settings((SETTINGS_ENABLE_PUSH, 2)), PROTOCOL_ERROR),
    "window-beyond-31-bits": (settings((SETTINGS_INITIAL_WINDOW_SIZE, 1 << 31)), FLOW_CONTROL_ERROR),
    "frame-size-too-small": (settings((SETTINGS_MAX_FRAME_SIZE, 16383)), PROTOCOL_ERROR),
    "frame-size-too-large": (settings((SETTINGS_MAX_FRAME_SIZE, 1 << 24)), PROTOCOL_ERROR),
    "acknowledgement-of-no-settings": (frame(SETTINGS, ACK) * 2, PROTOCOL_ERROR),
    # 6.6, 8.4 a client pushes nothing
    "push-promise": (post() + frame(PUSH_PROMISE, END_HEADERS, 1, struct.pack(">I", 2) + GET), PROTOCOL_ERROR),
    # 6.7 PING
    "ping-on-a-stream": (frame(PING, 0, 1, bytes(8)), PROTOCOL_ERROR),
    "ping-of-seven-bytes": (frame(PING, 0, 0, bytes(7)), FRAME_SIZE_ERROR),
    # 6.8 GOAWAY
    "goaway-on-a-stream": (frame(GOAWAY, 0, 1, bytes(8)), PROTOCOL_ERROR),
    "goaway-of-seven-bytes": (frame(GOAWAY, 0, 0, bytes(7)), FRAME_SIZE_ERROR),
    # 6.9 WINDOW_UPDATE
    "window-update-of-three-bytes": (frame(WINDOW_UPDATE, 0, 0, bytes(3)), FRAME_SIZE_ERROR),
    "window-update-by-nothing": (window_update(0, 0), PROTOCOL_ERROR),
    "window-of-a-stream-by-nothing": (post() + window_update(1, 0), PROTOCOL_ERROR),
    "connection-window-beyond-31-bits": (window_update(0, 0x7FFFFFFF), FLOW_CONTROL_ERROR),
    # 6.10 CONTINUATION
    "continuation-on-stream-zero": (get(1, END_STREAM, GET[:1]) + frame(CONTINUATION, 4, 0, GET[1:]), PROTOCOL_ERROR),
    "continuation-of-another-stream": (get(1, END_STREAM, GET[:1]) + frame(CONTINUATION, 4, 3, GET[1:]), PROTOCOL_ERROR),
    "continuation-behind-a-whole-block": (get(1, END_HEADERS) + frame(CONTINUATION, 4, 1, b""), PROTOCOL_ERROR),
}


@pytest.mark.parametrize("sent, code", CONNECTION_ERRORS.values(), ids=CONNECTION_ERRORS)
def test_ends_the_connection_with_its_reason(connection, sent, code):
    connection.send(sent)
    connection.expect_goaway(code)


def test_a_stream_number_that_goes_back_opens_nothing(connection):
    """RFC 9113 5.1.1. (A stream that was skipped is closed: frames for it may be on their way.)"""
    connection.send(get(5))
    assert connection.response(5).status == 200
    connection.send(get(3))
    connection.expect_alive()
    assert not connection.stream(3).heads


def test_more_streams_than_were_offered_end_the_connection(launch):
    """RFC 9113 5.1.2, with SETTINGS acknowledged."""
    with Http2Connection(launch(PHP_WORKERS=1).address) as connection:
        connection.wait(lambda: connection.settings_acks, "the acknowledgement of SETTINGS")
        connection.expect_alive()
        for number in range(129):
            connection.send(post(1 + 2 * number))
        connection.expect_goaway(PROTOCOL_ERROR)


# -- stream errors: RST_STREAM, and the connection goes on ---------------------------------------------

STREAM_ERRORS = {
    "window-beyond-31-bits": (post() + window_update(1, 0x7FFFFFFF), FLOW_CONTROL_ERROR),
    "more-body-than-its-length": (
        frame(HEADERS, END_HEADERS, 1, POST + b"\x0f\x0d\x011") + frame(DATA, 0, 1, b"xy"),
        PROTOCOL_ERROR,
    ),
    "less-body-than-its-length": (
        frame(HEADERS, END_HEADERS, 1, POST + b"\x0f\x0d\x013") + frame(DATA, END_STREAM, 1, b"xy"),
        PROTOCOL_ERROR,
    ),
    "a-length-and-no-body": (frame(HEADERS, WHOLE, 1, POST + b"\x0f\x0d\x013"), PROTOCOL_ERROR),
    "trailers-that-do-not-end-the-stream": (
        post() + frame(HEADERS, END_HEADERS, 1, b"\x00\x01t\x01v"),
        PROTOCOL_ERROR,
    ),
    "pseudo-header-in-trailers": (post() + frame(HEADERS, WHOLE, 1, b"\x82"), PROTOCOL_ERROR),
}


@pytest.mark.parametrize("sent, code", STREAM_ERRORS.values(), ids=STREAM_ERRORS)
def test_resets_the_stream_with_its_reason(connection, sent, code):
    connection.send(sent)
    connection.expect_reset(1, code)
    connection.send(get(3))
    assert connection.response(3).text == "index"


def test_data_behind_the_end_of_a_stream_ends_the_connection(server, connection):
    """RFC 9113 5.1, half-closed (remote): an error of the stream at least."""
    gate = server.gate()
    stream = connection.request(f"/gate.php?gate={gate.path}")
    gate.wait_started()
    connection.send(frame(DATA, END_STREAM, stream, b"x"))
    connection.expect_goaway(STREAM_CLOSED)
    gate.release()


def test_headers_behind_the_end_of_a_stream_end_the_connection(server, connection):
    gate = server.gate()
    stream = connection.request(f"/gate.php?gate={gate.path}")
    gate.wait_started()
    connection.send(get(stream))
    connection.expect_goaway(STREAM_CLOSED)
    gate.release()


# -- what is none --------------------------------------------------------------------------------------

IGNORED = {
    "unknown-frame": frame(0x42, 0xFF, 0, b"whatever"),
    "unknown-frame-on-a-stream": frame(0x42, 0xFF, 7, b"whatever"),
    "unknown-flags-of-a-ping": frame(PING, 0xFE & ~ACK, 0, bytes(8)),
    "unknown-setting": settings((0xFFFF, 1)),
    "reserved-bit-of-the-stream": frame(PING, 0, 0x80000000, bytes(8)),
    "priority-of-an-idle-stream": frame(PRIORITY, 0, 9, bytes(4) + b"\x10"),
    "empty-settings": settings(),
}


@pytest.mark.parametrize("sent", IGNORED.values(), ids=IGNORED)
def test_takes_no_notice(connection, sent):
    connection.send(sent)
    connection.expect_alive()
    connection.send(get())
    assert connection.response(1).text == "index"


def test_padding_is_taken_off(connection):
    connection.send(get(1, WHOLE | PADDED, b"\x03" + GET + bytes(3)))
    assert connection.response(1).text == "index"
    stream = 3
    connection.send(connection.headers(stream, head("/echo.php", "POST"), END_HEADERS))
    connection.send(frame(DATA, PADDED | END_STREAM, stream, b"\x04body" + bytes(4)))
    assert connection.response(stream).body == b"body"


def test_a_block_in_pieces_is_one(connection):
    connection.send(get(1, END_STREAM, GET[:2]) + frame(CONTINUATION, 0, 1, GET[2:4]))
    connection.send(frame(CONTINUATION, END_HEADERS, 1, GET[4:]))
    assert connection.response(1).text == "index"


def test_a_ping_is_answered_with_its_content(connection):
    connection.send(frame(PING, payload=b"12345678"))
    connection.wait(lambda: connection.pongs == [b"12345678"], "the answer")


def test_data_of_a_stream_that_was_reset_is_no_error(connection):
    connection.send(post(1) + reset(1) + frame(DATA, END_STREAM, 1, b"late"))
    connection.expect_alive()


def test_a_client_that_says_goodbye_gets_its_answers(server, connection):
    gate = server.gate()
    stream = connection.request(f"/gate.php?gate={gate.path}")
    gate.wait_started()
    connection.send(frame(GOAWAY, payload=bytes(8)))
    gate.release()
    assert connection.response(stream).text == "released"
    connection.wait_closed()


def test_continuations_without_end_are_too_many(connection):
    connection.send(get(1, END_STREAM, GET))
    for _ in range(20):
        connection.send(frame(CONTINUATION, 0, 1, b"\x00\x01x\x01y"))
    connection.expect_goaway(ENHANCE_YOUR_CALM)
