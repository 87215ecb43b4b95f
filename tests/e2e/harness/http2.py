"""An HTTP/2 client that sends frames exactly as given and keeps what comes back."""

import select
import socket
import ssl
import struct
import time

import hpack

from harness.client import TIMEOUT, Response
from harness.waiting import allow

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY_FLAG = 0x1, 0x1, 0x4, 0x8, 0x20

NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR = 0, 1, 2, 3
STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL, COMPRESSION_ERROR = 5, 6, 7, 8, 9
ENHANCE_YOUR_CALM = 11

SETTINGS_HEADER_TABLE_SIZE, SETTINGS_ENABLE_PUSH, SETTINGS_MAX_CONCURRENT_STREAMS = 1, 2, 3
SETTINGS_INITIAL_WINDOW_SIZE, SETTINGS_MAX_FRAME_SIZE, SETTINGS_MAX_HEADER_LIST_SIZE = 4, 5, 6


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    """The bytes of one frame; `length` is another than the payload's."""
    size = len(payload) if length is None else length
    return struct.pack(">I", size)[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def settings(*pairs):
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", *pair) for pair in pairs))


def window_update(stream, increment):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))


def reset(stream, code=CANCEL):
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def head(path="/", method="GET", authority="a", scheme="http", more=()):
    return [(":method", method), (":scheme", scheme), (":authority", authority), (":path", path), *more]


class Stream:
    def __init__(self):
        self.heads = []  # interim ones too
        self.body = b""
        self.ended = False
        self.reset = None  # the server's reason

    @property
    def response(self):
        fields = self.heads[-1]
        status = next(int(value) for name, value in fields if name == ":status")
        return Response(status, [pair for pair in fields if pair[0] != ":status"], self.body, version="HTTP/2")


class Http2Connection:
    """Opens a connection by prior knowledge (or inside TLS, with a context that offers h2) and reads
    what comes in `pump()` and the waits."""

    def __init__(self, address, own_settings=(), preface=True, timeout=TIMEOUT, receive_buffer=None, tls=None):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(allow(timeout))
        self.socket.connect(address)
        if tls:
            self.socket = tls.wrap_socket(self.socket)
        self.timeout = timeout
        self.encoder = hpack.Encoder()
        self.decoder = hpack.Decoder()
        self.streams = {}
        self.settings = {}
        self.settings_acks = 0
        self.pongs = []
        self.goaways = []  # (last stream, reason)
        self.windows_opened = {}
        self.closed = False
        self.was_reset = False
        self._next = 1
        self._buffer = b""
        self._block = b""
        if preface:
            self.send(PREFACE + settings(*own_settings))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    # -- sending -----------------------------------------------------------------------------------

    def send(self, data):
        """True when the server took it."""
        try:
            self.socket.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def new_stream(self):
        self._next += 2
        return self._next - 2

    def headers(self, stream, fields, flags=END_STREAM | END_HEADERS, kind=HEADERS):
        """The bytes of a HEADERS frame."""
        return frame(kind, flags, stream, self.encoder.encode(fields))

    def request(self, path="/", method="GET", body=None, more=(), **parts):
        stream = self.new_stream()
        flags = END_HEADERS | (END_STREAM if body is None else 0)
        self.send(self.headers(stream, head(path, method, more=more, **parts), flags))
        if body is not None:
            self.send_body(stream, body)
        return stream

    def send_body(self, stream, body, last=True, size=16384):
        pieces = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
        for number, piece in enumerate(pieces, 1):
            flags = END_STREAM if last and number == len(pieces) else 0
            self.send(frame(DATA, flags, stream, piece))

    # -- receiving ---------------------------------------------------------------------------------

    def pump(self, wait=0.0):
        """Reads what there is. False when nothing came."""
        if self.closed or not (self._decrypted() or select.select([self.socket], [], [], wait)[0]):
            return False
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionResetError:
            data = b""
            self.was_reset = True
        if not data:
            self.closed = True
            return False
        self._buffer += data
        while len(self._buffer) >= 9:
            size = int.from_bytes(self._buffer[:3], "big")
            if len(self._buffer) < 9 + size:
                break
            kind, flags = self._buffer[3], self._buffer[4]
            stream = int.from_bytes(self._buffer[5:9], "big") & 0x7FFFFFFF
            payload = self._buffer[9 : 9 + size]
            self._buffer = self._buffer[9 + size :]
            self._take(kind, flags, stream, payload)
        return True

    def _decrypted(self):
        """Bytes that select() knows nothing of."""
        return isinstance(self.socket, ssl.SSLSocket) and self.socket.pending() > 0

    def _take(self, kind, flags, stream, payload):
        state = self.streams.setdefault(stream, Stream())
        if kind == DATA:
            state.body += payload
        elif kind in (HEADERS, CONTINUATION):
            self._block += payload
            if flags & END_HEADERS:
                state.heads.append(self.decoder.decode(self._block))
                self._block = b""
        elif kind == RST_STREAM:
            state.reset = int.from_bytes(payload, "big")
        elif kind == SETTINGS and not flags & ACK:
            self.settings.update(struct.iter_unpack(">HI", payload))
            self.send(frame(SETTINGS, ACK))
        elif kind == SETTINGS:
            self.settings_acks += 1
        elif kind == PING and flags & ACK:
            self.pongs.append(payload)
        elif kind == PING:
            self.send(frame(PING, ACK, payload=payload))
        elif kind == GOAWAY:
            self.goaways.append(struct.unpack(">II", payload[:8]))
        elif kind == WINDOW_UPDATE:
            opened = int.from_bytes(payload, "big")
            self.windows_opened[stream] = self.windows_opened.get(stream, 0) + opened
        if kind in (DATA, HEADERS) and flags & END_STREAM:
            state.ended = True

    def wait(self, condition, what, timeout=None):
        """Reads until the condition holds."""
        deadline = time.monotonic() + allow(timeout or self.timeout)
        while not condition():
            left = deadline - time.monotonic()
            ended = self.closed and not condition()
            assert left > 0 and not ended, f"waited for {what}: {self.describe()}"
            self.pump(left)

    def describe(self):
        streams = {
            number: (state.heads, len(state.body), state.ended, state.reset)
            for number, state in self.streams.items()
            if number
        }
        return f"goaways {self.goaways}, closed {self.closed}, reset {self.was_reset}, streams {streams}"

    def stream(self, number):
        return self.streams.setdefault(number, Stream())

    def response(self, stream, timeout=None):
        """The whole answer."""
        self.wait(lambda: self.stream(stream).ended, f"the answer on stream {stream}", timeout)
        return self.stream(stream).response

    def get(self, path="/", **parts):
        return self.response(self.request(path, **parts))

    def expect_goaway(self, code, timeout=None):
        """The server says goodbye for that reason, and ends the connection so that it can be read."""
        self.wait(lambda: self.goaways, "a GOAWAY", timeout)
        assert self.goaways[-1][1] == code, self.describe()
        self.wait_closed(timeout)
        assert not self.was_reset

    def wait_closed(self, timeout=None):
        deadline = time.monotonic() + allow(timeout or self.timeout)
        while not self.closed:
            left = deadline - time.monotonic()
            assert left > 0, f"waited for the end of the connection: {self.describe()}"
            self.pump(left)

    def expect_reset(self, stream, code, timeout=None):
        """That stream is reset, and nothing else happens to the connection."""
        self.wait(lambda: self.stream(stream).reset is not None, f"a reset of stream {stream}", timeout)
        assert self.stream(stream).reset == code, self.describe()
        self.expect_alive()

    def expect_alive(self):
        """The server answers, and has ended nothing."""
        mark = struct.pack(">Q", len(self.pongs) + 1)
        self.send(frame(PING, payload=mark))
        self.wait(lambda: mark in self.pongs, "the answer to a PING")
        assert not self.goaways, self.describe()
