"""Clients that keep a server busy while the test does something to it."""

import threading

from harness.client import Connection


class Load:
    """`clients` clients that ask for one page until they are told to end; what is no 200 is kept."""

    def __init__(self, server, target, clients=8):
        self.failures = []
        self.answers = 0
        self._server = server
        self._target = target
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]

    def _run(self):
        while not self._over.is_set():
            try:
                with Connection(self._server.address, timeout=60) as connection:
                    while not self._over.is_set():
                        self._note(connection.request("GET", self._target).status)
            except OSError as error:
                self._note(repr(error))

    def _note(self, status):
        with self._lock:
            self.answers += 1
            if status != 200:
                self.failures.append(status)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()
