"""Connections by other ways than IPv4 from the usual address, as RawConnection has them."""

import socket

from harness.client import TIMEOUT, RawConnection

# linux/in.h: connect() chooses the port. One that bind() has chosen is nobody else's for a minute, and a flood would
# take all of them.
IP_BIND_ADDRESS_NO_PORT = 24


class SocketConnection(RawConnection):
    """Over a connected socket that the caller has made."""

    def __init__(self, connected, timeout=TIMEOUT):
        self.socket = connected
        self.socket.settimeout(timeout)
        self._buffer = b""


def unix_connection(path, timeout=TIMEOUT):
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(timeout)
    client.connect(path)
    return SocketConnection(client, timeout)


def tcp_connection(host, port, source=None, timeout=TIMEOUT):
    """`host` of either family; `source` is the client's own address."""
    client = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    client.settimeout(timeout)
    try:
        if source:
            client.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            client.bind((source, 0))
        client.connect((host, port))
    except OSError:
        client.close()
        raise
    return SocketConnection(client, timeout)


def ask(raw, target, headers="", host="a"):
    """One GET on a connection that goes on."""
    raw.send(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n")
    return raw.read_response()
