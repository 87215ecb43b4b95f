"""A FastCGI client: one request on a connection of its own. https://fastcgi-archives.github.io/"""

import socket
import struct

BEGIN_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6
RESPONDER = 1
LARGEST = 65535


def _record(kind, content):
    return struct.pack("!BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def _stream(kind, content):
    pieces = [content[at : at + LARGEST] for at in range(0, len(content), LARGEST)]
    return b"".join(_record(kind, piece) for piece in [*pieces, b""])


def _length(size):
    return bytes([size]) if size < 128 else struct.pack("!I", size | 0x80000000)


def _pairs(variables):
    whole = b""
    for name, value in variables.items():
        name, value = name.encode("latin-1"), value.encode("latin-1")
        whole += _length(len(name)) + _length(len(value)) + name + value
    return whole


def ask(path, variables, body, timeout):
    """What the script wrote to its output. OSError when the server ends the connection early."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        connection.connect(path)
        begin = _record(BEGIN_REQUEST, struct.pack("!HB5x", RESPONDER, 0))
        connection.sendall(begin + _stream(PARAMS, _pairs(variables)) + _stream(STDIN, body))
        output = b""
        with connection.makefile("rb") as answers:
            while True:
                head = answers.read(8)
                if len(head) < 8:
                    raise OSError("the connection ended early")
                _, kind, _, size, padding, _ = struct.unpack("!BBHHBB", head)
                content = answers.read(size + padding)[:size]
                if kind == STDOUT:
                    output += content
                elif kind == END_REQUEST:
                    return output
