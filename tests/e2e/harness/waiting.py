"""Waiting for something that another process does: bounded, and never by a fixed sleep."""

import os
import select
import time

POLL_SECONDS = 0.005
DEFAULT_TIMEOUT = 10.0

_time_factor = 1


def slow_down(factor):
    """From now on everything may take `factor` times as long."""
    global _time_factor
    _time_factor = factor


def allow(seconds):
    """The time to give to what takes up to `seconds` in a release build."""
    return seconds * _time_factor


def wait_until(condition, what, timeout=DEFAULT_TIMEOUT):
    """Returns condition()'s first true value; fails with `what` (or what it returns) when there is none in time."""
    timeout = allow(timeout)
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout} s for {what() if callable(what) else what}")
        time.sleep(POLL_SECONDS)


class Gate:
    """Holds a PHP script in the middle: two FIFOs in a directory that any user may use.

    The script (gate.php of a suite's www folder) writes its pid to `started` and reads a line from
    `go`. One gate is for one request. Closing it lets the script go on as well.
    """

    def __init__(self, directory):
        self.path = directory
        os.makedirs(directory)
        os.chmod(directory, 0o777)
        self._fds = {}
        for name in ("started", "go"):
            fifo = os.path.join(directory, name)
            os.mkfifo(fifo)
            os.chmod(fifo, 0o666)
            # Open both ways, so that neither side ever blocks in open().
            self._fds[name] = os.open(fifo, os.O_RDWR | os.O_CLOEXEC)

    def wait_started(self, timeout=DEFAULT_TIMEOUT):
        """Blocks until the script is at the gate; returns what it announced (its pid)."""
        timeout = allow(timeout)
        ready, _, _ = select.select([self._fds["started"]], [], [], timeout)
        assert ready, f"no script arrived at the gate {self.path} within {timeout} s"
        return os.read(self._fds["started"], 4096).decode().strip()

    def has_started(self):
        return bool(select.select([self._fds["started"]], [], [], 0)[0])

    def release(self, line="go"):
        os.write(self._fds["go"], line.encode() + b"\n")

    def close(self):
        for fd in self._fds.values():
            os.close(fd)
        self._fds = {}
