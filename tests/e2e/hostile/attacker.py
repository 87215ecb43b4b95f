"""One process of hostile clients: attacker.py KIND HOST PORT COUNT SOURCE

Says "ready" when COUNT connections are as they should be and "ended" when the server has ended as many,
goes on until its standard input ends, then says how many it has opened and how many the server has ended."""

import contextlib
import errno
import resource
import select
import socket
import sys

HEAD = b"GET /index.php HTTP/1.1\r\nHost: a\r\nX: "
BODY = b"POST /index.php HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"
HUGE = b"GET /huge.php?mb=4 HTTP/1.1\r\nHost: a\r\n\r\n"
IP_BIND_ADDRESS_NO_PORT = 24  # see harness/sockets.py
PACE = 0.1  # seconds between two rounds over all connections


class Attacker:
    def __init__(self, kind, host, port, count, source):
        self.kind, self.address, self.source = kind, (host, int(port)), source
        self.count = int(count)
        self.open = {}  # socket: bytes sent or received by hand
        self.opened = self.ended = 0

    def dial(self):
        client = socket.socket()
        if self.kind == "readers":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        client.bind((self.source, 0))
        client.settimeout(30)
        client.connect(self.address)
        client.setblocking(False)
        first = {"idle": b"", "heads": HEAD, "bodies": BODY, "readers": HUGE, "flood": b"GET"}[self.kind]
        with contextlib.suppress(OSError):
            client.send(first)
        self.open[client] = 0
        self.opened += 1

    def drop(self, client):
        client.close()
        del self.open[client]
        self.ended += 1

    def step(self, client):
        """What this client does in a round; it ends when the server has ended it."""
        try:
            if self.kind in ("heads", "bodies"):
                client.send(b"x")
            data = client.recv(1 if self.kind == "readers" else 4096)
            if not data or self.kind in ("heads", "bodies"):
                self.drop(client)  # a 408, or the end
        except BlockingIOError:
            pass
        except OSError:
            self.drop(client)

    def round(self):
        if self.kind == "flood":
            # As fast as it goes: the oldest make room for others.
            for client in list(self.open)[: len(self.open) // 4]:
                client.close()
                del self.open[client]
        elif self.kind != "idle":
            for client in list(self.open):
                self.step(client)
        while len(self.open) < self.count:
            try:
                self.dial()
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.ECONNRESET, errno.EADDRNOTAVAIL, errno.ETIMEDOUT):
                    raise
                return

    def run(self):
        self.round()
        print("ready", flush=True)
        said = False
        while not select.select([sys.stdin], [], [], 0 if self.kind == "flood" else PACE)[0]:
            self.round()
            if not said and self.ended >= self.count:
                print("ended", flush=True)
                said = True
        for client in self.open:
            client.close()
        print(self.opened, self.ended, flush=True)


if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    Attacker(*sys.argv[1:]).run()
