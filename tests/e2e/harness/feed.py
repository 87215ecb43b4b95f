"""The internal server's /events, read event by event."""

import json

from harness.client import RawConnection


class Feed(RawConnection):
    def __init__(self, server):
        super().__init__(server.internal_address, timeout=60)
        self.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.head = self.read_head()

    def next(self):
        """The next snapshot."""
        while True:
            lines = self.read_until(b"\n\n").decode().splitlines()
            data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
            if data:
                return json.loads("\n".join(data))

    def until(self, condition, events=60):
        """The first snapshot that fulfils it."""
        for _ in range(events):
            snapshot = self.next()
            if condition(snapshot):
                return snapshot
        raise AssertionError(f"{events} events without it, the last: {snapshot}")
