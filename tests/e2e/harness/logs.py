"""The output of a running server, read line by line as it appears."""

import json
import threading
import time

from harness.waiting import allow


def _holds(predicate, line):
    """A line without the member that a predicate asks for does not match."""
    try:
        return predicate(line)
    except (KeyError, TypeError):
        return False


class LogReader:
    """Collects the lines of one pipe on a thread of its own until the pipe ends."""

    def __init__(self, pipe):
        self._pipe = pipe
        self._lines = []
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        for raw in self._pipe:
            with self._changed:
                self._lines.append(raw.decode(errors="replace").rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def lines(self):
        with self._changed:
            return list(self._lines)

    def json_lines(self):
        """The lines that are JSON objects. Use lines() to assert that all are."""
        found = []
        for line in self.lines():
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                found.append(value)
        return found

    def wait_for(self, predicate, what, timeout=10.0):
        """The first JSON line for which the predicate holds, now or within the timeout."""
        deadline = time.monotonic() + allow(timeout)
        seen = 0
        while True:
            with self._changed:
                while seen == len(self._lines) and not self._ended and time.monotonic() < deadline:
                    self._changed.wait(deadline - time.monotonic())
                fresh, seen, ended = self._lines[seen:], len(self._lines), self._ended
            for line in fresh:
                try:
                    value = json.loads(line)
                except ValueError:
                    continue
                if isinstance(value, dict) and _holds(predicate, value):
                    return value
            if not fresh and (ended or time.monotonic() >= deadline):
                raise AssertionError(f"no log line: {what}\nlast lines:\n" + "\n".join(self.lines()[-20:]))

    def join(self, timeout=5.0):
        self._thread.join(allow(timeout))
