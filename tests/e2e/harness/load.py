"""Clients that keep a server busy while the test does something to it."""

import threading

from harness.client import Connection


class Clients:
    """A thread for each of `runs`, from `with` to its end; they watch `over`."""

    def __init__(self, runs):
        self.over = threading.Event()
        self._threads = [threading.Thread(target=run) for run in runs]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self._threads:
            thread.join()


class Load(Clients):
    """`clients` clients that ask for one page until they are told to end; what is no 200 is kept."""

    def __init__(self, server, target, clients=8):
        super().__init__([self._run] * clients)
        self.failures = []
        self.answers = 0
        self._server = server
        self._target = target
        self._lock = threading.Lock()

    def _run(self):
        while not self.over.is_set():
            try:
                with Connection(self._server.address, timeout=60) as connection:
                    while not self.over.is_set():
                        self._note(connection.request("GET", self._target).status)
            except OSError as error:
                self._note(repr(error))

    def _note(self, status):
        with self._lock:
            self.answers += 1
            if status != 200:
                self.failures.append(status)
