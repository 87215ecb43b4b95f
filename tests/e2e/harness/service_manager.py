"""A service manager that a server can notify (sd_notify(3)): a datagram socket, and what came to it."""

import os
import queue
import socket
import threading
import uuid

from harness.waiting import allow


class ServiceManager:
    """`address` is what NOTIFY_SOCKET says. Messages are kept in order, as {name: value}."""

    def __init__(self, folder, abstract=False):
        name = f"howdah-notify-{uuid.uuid4().hex}"
        self.address = f"@{name}" if abstract else os.path.join(folder, name)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{name}" if abstract else self.address)
        self._messages = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        while data := self._socket.recv(4096):
            self._messages.put(dict(line.split("=", 1) for line in data.decode().splitlines()))

    def next(self, what, timeout=30.0):
        """The next message."""
        try:
            return self._messages.get(timeout=allow(timeout))
        except queue.Empty:
            raise AssertionError(f"nothing came: waited for {what}") from None

    def wait_for(self, name, what, timeout=30.0):
        """The next message that has `name`; those before it are passed over."""
        while True:
            message = self.next(what, timeout)
            if name in message:
                return message

    def wait_for_silence(self, seconds, most=100):
        """Returns when nothing has come for so long; not more than `most` messages come before."""
        for _ in range(most):
            try:
                self._messages.get(timeout=seconds)
            except queue.Empty:
                return
        raise AssertionError(f"never silent for {seconds} s")

    def remove(self):
        """Whoever notifies now finds nobody."""
        os.unlink(self.address)

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
