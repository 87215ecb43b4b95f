"""HTTP clients: one for ordinary requests, one that sends bytes exactly as given."""

import http.client
import json
import select
import socket
from dataclasses import dataclass, field

from harness.waiting import allow

TIMEOUT = 20.0


@dataclass
class Response:
    status: int
    headers: list = field(default_factory=list)  # (name, value) pairs in order, duplicates kept
    body: bytes = b""
    reason: str = ""
    version: str = "HTTP/1.1"

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name):
        """The header's value, None when absent. It must not be there twice."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} came {len(values)} times: {values}"
        return values[0] if values else None

    @property
    def text(self):
        return self.body.decode("utf-8", errors="replace")

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            raise AssertionError(f"not JSON ({self.status}): {self.text[:2000]}") from None


class Connection:
    """A keep-alive connection for well-formed requests."""

    def __init__(self, address, timeout=TIMEOUT):
        self._connection = http.client.HTTPConnection(*address, timeout=allow(timeout))

    def request(self, method, target, body=None, headers=None):
        self._connection.request(method, target, body=body, headers=dict(headers or {}))
        answer = self._connection.getresponse()
        payload = answer.read()
        version = "HTTP/1.0" if answer.version == 10 else "HTTP/1.1"
        return Response(answer.status, answer.getheaders(), payload, answer.reason, version)

    def local_port(self):
        return self._connection.sock.getsockname()[1]

    def close(self):
        self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def request(address, method, target, body=None, headers=None, timeout=TIMEOUT):
    with Connection(address, timeout) as connection:
        return connection.request(method, target, body, headers)


class RawConnection:
    """A socket with an own reader, for everything an HTTP library would refuse to send."""

    def __init__(self, address, timeout=TIMEOUT, receive_buffer=None):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(allow(timeout))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.connect(address)
        self._buffer = b""

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def _more(self):
        data = self.socket.recv(1 << 18)
        self._buffer += data
        return bool(data)

    def read_until(self, mark):
        while mark not in self._buffer:
            assert self._more(), f"connection ended before {mark!r}: {self._buffer[:500]!r}"
        head, _, self._buffer = self._buffer.partition(mark)
        return head + mark

    def read_exactly(self, count):
        parts, got = [self._buffer], len(self._buffer)
        while got < count:
            data = self.socket.recv(1 << 18)
            assert data, f"connection ended after {got} of {count} bytes"
            parts.append(data)
            got += len(data)
        whole = b"".join(parts)
        self._buffer = whole[count:]
        return whole[:count]

    def read_some(self):
        """What there is, at least a byte; empty at the end of the connection."""
        if self._buffer or self._more():
            data, self._buffer = self._buffer, b""
            return data
        return b""

    def read_to_end(self):
        """Everything up to the end of the connection, which must come without a reset."""
        while self._more():
            pass
        rest, self._buffer = self._buffer, b""
        return rest

    def read_head(self):
        head = self.read_until(b"\r\n\r\n").decode("latin-1")
        status_line, *lines = head[:-4].split("\r\n")
        version, status, reason = (status_line.split(" ", 2) + [""])[:3]
        headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]
        assert version in ("HTTP/1.0", "HTTP/1.1") and status.isdigit(), f"bad status line {status_line!r}"
        return Response(int(status), headers, b"", reason, version)

    def read_chunk(self):
        """Next chunk of a chunked body; empty at its end."""
        size = int(self.read_until(b"\r\n").split(b";")[0], 16)
        data = self.read_exactly(size)
        assert self.read_exactly(2) == b"\r\n"
        return data

    def read_response(self, to="GET"):
        """One whole answer. `to` is the request's method: HEAD has no body."""
        answer = self.read_head()
        if to == "HEAD" or answer.status in (204, 304) or answer.status < 200:
            return answer
        if (answer.header("Transfer-Encoding") or "").lower() == "chunked":
            pieces = []
            while piece := self.read_chunk():
                pieces.append(piece)
            answer.body = b"".join(pieces)
        elif answer.header("Content-Length") is not None:
            answer.body = self.read_exactly(int(answer.header("Content-Length")))
        else:
            answer.body = self.read_to_end()
        return answer

    def readable(self, timeout):
        return bool(self._buffer) or bool(select.select([self.socket], [], [], timeout)[0])

    def ended(self, timeout=TIMEOUT):
        """Whether the server closes the connection, with nothing more to read, within the timeout."""
        self.socket.settimeout(allow(timeout))
        try:
            return not self._buffer and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def reset(self):
        """Ends the connection with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Requests:
    """How tests talk to a server that has an `address`."""

    def request(self, method, target, body=None, headers=None, timeout=TIMEOUT):
        return request(self.address, method, target, body, headers, timeout)

    def get(self, target, headers=None, **options):
        return self.request("GET", target, headers=headers, **options)

    def head(self, target, headers=None, **options):
        return self.request("HEAD", target, headers=headers, **options)

    def post(self, target, body=b"", headers=None, **options):
        return self.request("POST", target, body, headers, **options)

    def connect(self):
        return Connection(self.address)

    def raw(self, **options):
        return RawConnection(self.address, **options)
