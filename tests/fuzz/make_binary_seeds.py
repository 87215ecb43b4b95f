#!/usr/bin/python3
"""Writes the seeds that are not text: http2_session, frame, and proxy_header's version 2.

Needs python3-hyperframe and python3-hpack. The seeds are committed; this is how they came about.
"""

import struct
from pathlib import Path

from hpack import Encoder
from hyperframe.frame import (ContinuationFrame, DataFrame, GoAwayFrame, HeadersFrame, PingFrame,
                              PriorityFrame, PushPromiseFrame, RstStreamFrame, SettingsFrame,
                              WindowUpdateFrame)

HERE = Path(__file__).parent


def put(target, seeds):
    folder = HERE / target
    folder.mkdir(exist_ok=True)
    for name, data in seeds.items():
        (folder / name).write_bytes(data)


# --- http2_session: the size of the pieces less one, then frames ---------------------------------

def fields(method="GET", path="/", *more, authority="a.test"):
    return [(":method", method), (":scheme", "https"), (":path", path), (":authority", authority), *more]


def head(stream, pairs, *flags, encoder=None, block=None):
    block = block if block is not None else (encoder or Encoder()).encode(pairs)
    return HeadersFrame(stream, block, flags=[*(flags or ("END_STREAM",)), "END_HEADERS"]).serialize()


def open_head(stream, pairs, **others):
    """A head behind which the stream stays open."""
    frame = HeadersFrame(stream, Encoder().encode(pairs), flags=["END_HEADERS"], **others)
    return frame.serialize()


def raw(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def cut_head(stream, pairs, pieces):
    block = Encoder().encode(pairs)
    step = -(-len(block) // pieces)
    parts = [block[i:i + step] for i in range(0, len(block), step)]
    out = HeadersFrame(stream, parts[0], flags=["END_STREAM"]).serialize()
    for part in parts[1:]:
        last = ["END_HEADERS"] if part is parts[-1] else []
        out += ContinuationFrame(stream, part, flags=last).serialize()
    return out


def data(stream, content, *flags, **others):
    return DataFrame(stream, content, flags=list(flags), **others).serialize()


def settings(**values):
    return SettingsFrame(0, settings={getattr(SettingsFrame, k): v for k, v in values.items()}).serialize()


def two_with_one_table():
    encoder = Encoder()
    pairs = fields("GET", "/a", ("cookie", "a=1"), ("user-agent", "x"))
    return head(1, pairs, encoder=encoder) + head(3, pairs, encoder=encoder)


SETTINGS = settings()
POST = open_head(1, fields("POST", "/f"))
HTTP2 = {
    "get": head(1, fields()),
    "get_fields": head(1, fields("GET", "/a?b", ("accept", "*/*"), ("cookie", "a=1"), ("cookie", "b=2"))),
    "get_no_settings_ack": head(1, fields()) + head(3, fields()),
    "settings_ack": SettingsFrame(0, flags=["ACK"]).serialize() + head(1, fields()),
    "table_shared": two_with_one_table(),
    "post": POST + data(1, b"hello", "END_STREAM"),
    "post_pieces": POST + data(1, b"a") + data(1, b"") + data(1, b"b" * 300, "END_STREAM"),
    "post_padded": POST + data(1, b"hello", "PADDED", "END_STREAM", pad_length=20),
    "post_length_right": open_head(1, fields("POST", "/", ("content-length", "2"))) + data(1, b"ab", "END_STREAM"),
    "post_length_short": open_head(1, fields("POST", "/", ("content-length", "5"))) + data(1, b"ab", "END_STREAM"),
    "post_length_long": open_head(1, fields("POST", "/", ("content-length", "1"))) + data(1, b"ab", "END_STREAM"),
    "post_trailers": POST + data(1, b"a") + head(1, [("x-sum", "1")]),
    "post_trailers_pseudo": POST + data(1, b"a") + head(1, [(":path", "/b")]),
    "post_trailers_open": POST + open_head(1, [("x-sum", "1")]) + data(1, b"a"),
    "post_reset": POST + data(1, b"a") + RstStreamFrame(1, 8).serialize(),
    "post_expect": open_head(1, fields("POST", "/", ("expect", "100-continue"))) + data(1, b"a", "END_STREAM"),
    "head_continued": cut_head(1, fields("GET", "/long", ("x-a", "b" * 90)), 4),
    "head_continued_by_bytes": cut_head(1, fields(), 40),
    "head_interleaved": HeadersFrame(1, Encoder().encode(fields())).serialize() + PingFrame(0, b"12345678").serialize(),
    "head_padded_priority": HeadersFrame(1, Encoder().encode(fields()), pad_length=9, depends_on=0, stream_weight=7,
                                         flags=["PADDED", "PRIORITY", "END_HEADERS", "END_STREAM"]).serialize(),
    "head_cut": head(1, fields())[:-4],
    "head_too_large": head(1, fields("GET", "/", *[(f"x-{i}", "y" * 200) for i in range(25)])),
    "head_too_many_fields": head(1, fields("GET", "/", *[(f"x{i}", "") for i in range(40)])),
    "head_connect": head(1, [(":method", "CONNECT"), (":authority", "a.test:443")]),
    "head_connect_extended": head(1, fields("CONNECT", "/", (":protocol", "websocket"))),
    "head_options_star": head(1, fields("OPTIONS", "*")),
    "head_method_missing": head(1, fields()[1:]),
    "head_path_missing": head(1, fields()[:2]),
    "head_path_empty": head(1, fields("GET", "")),
    "head_path_blank": head(1, fields("GET", "/a b")),
    "head_path_line_end": head(1, fields("GET", "/a\r\nX: y")),
    "head_method_blank": head(1, fields("GE T", "/")),
    "head_pseudo_twice": head(1, fields("GET", "/", (":path", "/b"))),
    "head_pseudo_late": head(1, [("x", "y"), *fields()]),
    "head_pseudo_unknown": head(1, [(":status", "200"), *fields()]),
    "head_authority_host": head(1, fields("GET", "/", ("host", "a.test"))),
    "head_authority_other_host": head(1, fields("GET", "/", ("host", "b.test"))),
    "head_authority_missing": head(1, fields()[:3]),
    "head_authority_user": head(1, fields(authority="u@a.test")),
    "head_upper_case": head(1, fields("GET", "/", ("X-A", "b"))),
    "head_connection": head(1, fields("GET", "/", ("connection", "close"))),
    "head_transfer_encoding": head(1, fields("POST", "/", ("transfer-encoding", "chunked"))),
    "head_te_trailers": head(1, fields("GET", "/", ("te", "trailers"))),
    "head_te_gzip": head(1, fields("GET", "/", ("te", "gzip"))),
    "head_value_nul": head(1, fields("GET", "/", ("x", "a\0b"))),
    "head_value_line_end": head(1, fields("GET", "/", ("x", "a\nb"))),
    "head_value_blanks": head(1, fields("GET", "/", ("x", "  a  "))),
    "head_name_empty": head(1, fields("GET", "/", ("", "a"))),
    "head_length_twice": head(1, fields("POST", "/", ("content-length", "1"), ("content-length", "2"))),
    "hpack_index_0": head(1, None, block=b"\x80"),
    "hpack_index_large": head(1, None, block=b"\xff\xff\xff\xff\xff\x0f"),
    "hpack_table_large": head(1, None, block=b"\x3f\xe1\xff\xff\x0f"),
    "hpack_huffman_bad": head(1, None, block=b"\x00\x84\xff\xff\xff\xff\x00"),
    "hpack_references": head(1, fields("GET", "/", ("x", "y" * 100))) + head(3, None, block=b"\x82\x87\x84" + b"\xbe" * 60),
    "stream_0_head": raw(1, 5, 0, Encoder().encode(fields())),
    "stream_even": head(2, fields()),
    "stream_backwards": head(5, fields()) + head(3, fields()),
    "stream_again": head(1, fields()) + head(1, fields()),
    "stream_idle_data": data(7, b"a"),
    "stream_idle_reset": RstStreamFrame(7, 0).serialize(),
    "streams_too_many": b"".join(open_head(1 + 2 * i, fields("POST", "/")) for i in range(12)),
    "streams_reset_at_once": b"".join(head(1 + 2 * i, fields()) + RstStreamFrame(1 + 2 * i, 8).serialize()
                                      for i in range(20)),
    "window_stream": settings(INITIAL_WINDOW_SIZE=3) + head(1, fields()) + WindowUpdateFrame(1, 4).serialize() +
                     WindowUpdateFrame(1, 100).serialize(),
    "window_closed_at_end": settings(INITIAL_WINDOW_SIZE=0) + head(1, fields()),
    "window_shrinks": settings(INITIAL_WINDOW_SIZE=5) + head(1, fields()) + settings(INITIAL_WINDOW_SIZE=0) +
                      settings(INITIAL_WINDOW_SIZE=9),
    "window_0": raw(8, 0, 0, b"\0\0\0\0"),
    "window_stream_0": POST + raw(8, 0, 1, b"\0\0\0\0"),
    "window_overflow": WindowUpdateFrame(0, 2**31 - 1).serialize() * 2,
    "settings_values": settings(HEADER_TABLE_SIZE=0, MAX_FRAME_SIZE=16384, ENABLE_PUSH=0) + head(1, fields()),
    "settings_push_2": raw(4, 0, 0, b"\0\2\0\0\0\2"),
    "settings_window_large": raw(4, 0, 0, b"\0\4\x80\0\0\0"),
    "settings_frame_small": raw(4, 0, 0, b"\0\5\0\0\0\1"),
    "settings_cut": raw(4, 0, 0, b"\0\1\0"),
    "settings_ack_payload": raw(4, 1, 0, b"\0\1\0\0\0\0"),
    "settings_many": SETTINGS * 30,
    "ping": PingFrame(0, b"12345678").serialize() * 3 + head(1, fields()),
    "ping_ack": PingFrame(0, b"12345678", flags=["ACK"]).serialize(),
    "ping_short": raw(6, 0, 0, b"1234"),
    "priority": PriorityFrame(3, depends_on=1, stream_weight=5).serialize() + head(3, fields()),
    "priority_itself": PriorityFrame(3, depends_on=3).serialize(),
    "push_promise": POST + PushPromiseFrame(1, 2, Encoder().encode(fields()), flags=["END_HEADERS"]).serialize(),
    "goaway": GoAwayFrame(0, 1, 0, b"bye").serialize() + head(3, fields()),
    "continuation_alone": ContinuationFrame(1, b"\x82", flags=["END_HEADERS"]).serialize(),
    "continuation_empty_many": raw(1, 1, 1, b"") + raw(9, 0, 1, b"") * 40,
    "data_empty_many": POST + data(1, b"") * 40,
    "data_after_end": head(1, fields()) + data(1, b"a"),
    "data_padding_large": POST + raw(0, 8, 1, b"\xff" + b"abc"),
    "frame_unknown": raw(200, 255, 1, b"abc") + head(1, fields()),
    "frame_too_large": struct.pack(">I", 16385)[1:] + b"\0\0\0\0\0\1",
    "priority_update": raw(16, 0, 0, b"\0\0\0\1u=1") + head(1, fields()),
}


def http2_seeds():
    pieces = (255, 0, 8, 31)
    return {name: bytes([pieces[i % 4]]) + (b"" if name.startswith("get_no_s") else SETTINGS) + frames
            for i, (name, frames) in enumerate(HTTP2.items())}


# --- frame: how far a worker says it has written, then its ring -----------------------------------

INTERIM, HEAD, BODY, END, LOG, NEED_BODY = range(1, 7)


def frame(kind, payload=b"", flags=0, ticket=7, slot=0, length=None):
    size = len(payload) if length is None else length
    out = struct.pack("<IHHII", ticket, kind, flags, size, slot) + payload
    return out + bytes(-len(out) % 8)


def worker_head(status, *pairs, count=None):
    out = struct.pack("<HH", status, len(pairs) if count is None else count)
    for name, value in pairs:
        out += struct.pack("<II", len(name), len(value)) + name + value
    return out


def var(number, value, name=b""):
    entry = struct.pack("<HHI", number, len(name), len(value))
    return entry + (name + b"\0" if number == 0xFFFF else b"") + value + b"\0"


TYPE = (b"Content-Type", b"text/html")
END_INFO = struct.pack("<qq", 1, 2)
RING = {
    "nothing": b"",
    "answer": frame(HEAD, worker_head(200, TYPE)) + frame(BODY, b"hello") + frame(END, END_INFO),
    "answer_flushed": frame(HEAD, worker_head(200), 1) + frame(BODY, b"a", 1) + frame(END, END_INFO),
    "answer_logs": frame(LOG, b"\3line") + frame(NEED_BODY) + frame(HEAD, worker_head(404)) + frame(END, END_INFO),
    "interim": frame(INTERIM, worker_head(103, (b"Link", b"</a>"))) + frame(HEAD, worker_head(200)),
    "tickets_mixed": frame(BODY, b"a", ticket=1) + frame(BODY, b"b", ticket=2, slot=2**32 - 1),
    "body_large": frame(BODY, b"x" * 3000),
    "body_many": frame(BODY, b"x") * 50,
    "end_short": frame(END, b"abc"),
    "type_0": frame(0),
    "type_unknown": frame(7),
    "length_past": frame(BODY, b"abc", length=100),
    "length_largest": frame(BODY, b"abc", length=2**32 - 1),
    "length_near_largest": frame(BODY, b"abc", length=2**32 - 17),
    "head_empty": frame(HEAD),
    "head_status_0": frame(HEAD, worker_head(0)),
    "head_status_1000": frame(HEAD, worker_head(1000)),
    "head_fields_missing": frame(HEAD, worker_head(200, TYPE, count=3)),
    "head_fields_too_many": frame(HEAD, worker_head(200, count=513)),
    "head_bytes_behind": frame(HEAD, worker_head(200, TYPE) + b"xyz"),
    "head_name_size_large": frame(HEAD, struct.pack("<HHII", 200, 1, 2**32 - 1, 2)),
    "head_sizes_overlap": frame(HEAD, struct.pack("<HHII", 200, 1, 3, 3) + b"abcd"),
    "head_value_size_large": frame(HEAD, struct.pack("<HHII", 200, 1, 1, 2**32 - 1) + b"a"),
}
# These are read without a ring.
PLAIN = {
    "plain_head": worker_head(200, TYPE, (b"X", b"")),
    "plain_request": var(0, b"GET") + var(1, b"/") + var(0xFFFF, b"b", b"HTTP_X_A") + var(26, b"a.test"),
    "plain_request_cut": var(0, b"GET") + var(1, b"/index.php")[:-3],
    "plain_request_var_unknown": var(500, b"a"),
    "plain_request_size_large": struct.pack("<HHI", 0, 0, 2**32 - 1) + b"GET\0",
    "plain_request_name_large": struct.pack("<HHI", 0xFFFF, 65535, 1) + b"A\0b\0",
}


def frame_seeds():
    seeds = {name: struct.pack("<I", len(ring)) + ring for name, ring in (RING | PLAIN).items()}
    answer = RING["answer"]
    for name, written in {"cut": len(answer) - 8, "in_header": 8, "uneven": 17, "past_ring": (256 << 10) + 8,
                          "whole_ring": 256 << 10, "largest": 2**32 - 1}.items():
        seeds["written_" + name] = struct.pack("<I", written) + answer
    return seeds


# --- proxy_header: version 2 -----------------------------------------------------------------------

def block(command, family, rest, size=None, signature=b"\r\n\r\n\0\r\nQUIT\n"):
    return signature + bytes([command, family]) + struct.pack(">H", len(rest) if size is None else size) + rest


IP4 = bytes([192, 0, 2, 1, 198, 51, 100, 1]) + struct.pack(">HH", 56324, 443)
IP6 = bytes.fromhex("20010db8000000000000000000000001") + bytes(15) + b"\1" + struct.pack(">HH", 56324, 443)
TLV = b"\x02\0\6a.test" + b"\x05\0\4abcd"
PROXY = {
    "tcp4": block(0x21, 0x11, IP4) + b"GET / HTTP/1.1\r\n",
    "tcp6": block(0x21, 0x21, IP6),
    "tcp6_mapped": block(0x21, 0x21, bytes(10) + b"\xff\xff" + IP4[:4] + IP6[16:]),
    "tcp4_extensions": block(0x21, 0x11, IP4 + TLV) + b"\x16\x03\x01",
    "extension_cut": block(0x21, 0x11, IP4 + b"\x02\xff\xffa"),
    "unix": block(0x21, 0x31, b"/run/a.sock".ljust(108, b"\0") + b"/run/b.sock".ljust(108, b"\0")),
    "unix_short": block(0x21, 0x31, b"/run/a.sock"),
    "local": block(0x20, 0x00, b""),
    "local_with_addresses": block(0x20, 0x11, IP4),
    "unspecified": block(0x21, 0x00, b"abc"),
    "udp4": block(0x21, 0x12, IP4),
    "tcp4_short": block(0x21, 0x11, IP4[:11]),
    "tcp6_short": block(0x21, 0x21, IP4),
    "version_1": block(0x11, 0x11, IP4),
    "command_2": block(0x22, 0x11, IP4),
    "family_4": block(0x21, 0x41, IP4),
    "protocol_3": block(0x21, 0x13, IP4),
    "cut_in_signature": block(0x21, 0x11, IP4)[:9],
    "cut_in_addresses": block(0x21, 0x11, IP4)[:20],
    "size_largest": block(0x21, 0x11, IP4, 65535),
    "size_at_limit": block(0x21, 0x11, IP4 + bytes(4096 - 16 - 12)),
    "size_past_limit": block(0x21, 0x11, IP4, 4096 - 15),
    "size_past_limit_whole": block(0x21, 0x11, IP4 + b"\x04\x0f\xf2" + bytes(4082)),
    "signature_wrong": block(0x21, 0x11, IP4, signature=b"\r\n\r\n\0\r\nQUIX\n"),
    "line_ends": b"\r\n\r\nGET / HTTP/1.1\r\n\r\n",
}

put("http2_session", http2_seeds())
put("frame", frame_seeds())
put("proxy_header", {f"v2_{name}": bytes_ for name, bytes_ in PROXY.items()})
