"""A program on a terminal of its own, as a person would see it."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios

from harness.waiting import wait_until


class OnTerminal:
    """`command` with a pseudo terminal as its standard input, output, error and controlling terminal."""

    def __init__(self, command, env, columns=100, rows=30, **more):
        self._ours, theirs = pty.openpty()
        self.resize(columns, rows)
        self.before = termios.tcgetattr(theirs)
        self.process = subprocess.Popen(
            command,
            env={**env, "TERM": "xterm", **more},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self._theirs = theirs  # kept open: what was written can be read after the program's end
        self.written = b""

    def resize(self, columns, rows):
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys):
        os.write(self._ours, keys)

    def read(self):
        """All that has been written."""
        while select.select([self._ours], [], [], 0)[0]:
            self.written += os.read(self._ours, 1 << 16)
        return self.written

    def settings(self):
        return termios.tcgetattr(self._theirs)

    def screen(self):
        """The lines of the last whole drawing; empty before the first."""
        drawings = self.read().split(b"\x1b[H")[1:]
        whole = [drawing for drawing in drawings if b"\x1b[J" in drawing]
        if not whole:
            return []
        text = whole[-1].split(b"\x1b[J")[0].decode("ascii")
        return [re.sub(r"\x1b\[K\r*$", "", line) for line in text.split("\n")]

    def wait_for(self, condition, what, timeout=30):
        """Until the lines on the screen fulfil it."""
        return wait_until(lambda: condition(self.screen()), lambda: f"{what}; the screen: {self.screen()}", timeout)

    def end(self, timeout=30):
        """The exit status, once it has ended."""
        wait_until(lambda: (self.read(), self.process.poll())[1] is not None, "the program to end", timeout)
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ours)
        os.close(self._theirs)
