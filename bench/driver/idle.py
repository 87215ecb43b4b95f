"""Connections that have had one answer each and then stay silent: what a server keeps for each."""

import resource
import socket
import ssl
import struct
import time

from driver import procfs
from driver.load import WrongAnswer

KINDS = ("plain", "tls", "h2")  # h2 is inside TLS
SETTLE = 0.5
FIRST = 100  # connections beforehand, for what only the first ones cost

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _SETTINGS = 0, 1, 4
_END_STREAM, _ACK, _END_HEADERS = 1, 1, 4


def room_for(wanted):
    """So many connections as this program has descriptors for; the servers have the same limit, and use
    some for other things."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(wanted, soft * 7 // 10)


def bytes_each(server, kind, count, path):
    """Growth of the server's own memory over so many connections, for each."""
    _close(_open(server, kind, FIRST, path))
    time.sleep(SETTLE)
    before = _own_memory(server)
    connections = _open(server, kind, count, path)
    time.sleep(SETTLE)
    grown = _own_memory(server) - before
    _close(connections)
    return grown / count


def _own_memory(server):
    """Of the processes that hold connections. PHP's own do not."""
    pids = [pid for pid in procfs.tree(*server.roots) if procfs.program(pid) == server.programs[0]]
    return sum(procfs.rss_anon_kib(pid) for pid in pids) * 1024


def _close(connections):
    for connection in connections:
        connection.close()


def _open(server, kind, count, path):
    context = None
    if kind != "plain":
        context = ssl._create_unverified_context()  # pylint: disable=protected-access
        context.set_alpn_protocols(["h2" if kind == "h2" else "http/1.1"])
    port = server.port if kind == "plain" else server.tls_port
    connections = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        if context:
            connection = context.wrap_socket(connection)
        connections.append(connection)
        answered = _ask_h2(connection, path) if kind == "h2" else _ask(connection, path)
        if not answered:
            raise WrongAnswer(f"an idle connection ({kind}) of {server.name} did not get 200 for {path}")
    return connections


def _ask(connection, path):
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
    return connection.recv(65536).startswith(b"HTTP/1.1 200")


def _frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def _ask_h2(connection, path):
    """One request; its answer is read to the end. The field block is of RFC 7541's static table."""
    text = path.encode()
    block = b"\x82\x87\x04" + bytes([len(text)]) + text + b"\x01\x05bench"
    request = _frame(_HEADERS, _END_STREAM | _END_HEADERS, 1, block)
    connection.sendall(_PREFACE + _frame(_SETTINGS, 0, 0) + request)
    received = b""
    good = False
    while True:
        piece = connection.recv(65536)
        if not piece:
            return False
        received += piece
        while len(received) >= 9 + int.from_bytes(received[:3], "big"):
            size = int.from_bytes(received[:3], "big")
            kind, flags, stream = received[3], received[4], int.from_bytes(received[5:9], "big")
            payload, received = received[9 : 9 + size], received[9 + size :]
            if kind == _SETTINGS and not flags & _ACK:
                connection.sendall(_frame(_SETTINGS, _ACK, 0))
            if stream != 1:
                continue
            if kind == _HEADERS:
                good = 0x88 in payload[:8]  # :status 200, behind what resizes the table
            if kind in (_DATA, _HEADERS) and flags & _END_STREAM:
                return good
            if kind not in (_DATA, _HEADERS):
                return False
