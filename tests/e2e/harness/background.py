"""Requests that run while the test does something else."""

import threading

from harness import client
from harness.waiting import allow


class Pending:
    """A request on a thread of its own. result() is its answer, or None when the connection ended
    before one came."""

    def __init__(self, address, target, method="GET", body=None, headers=None, timeout=60.0):
        self._answer = None
        self._error = None
        self._arguments = (address, method, target, body, headers, timeout)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            self._answer = client.request(*self._arguments)
        except TimeoutError as error:
            self._error = error
        except Exception:  # reset, or ended without a word: what http.client calls each differs
            self._answer = None

    def done(self):
        return not self._thread.is_alive()

    def result(self, timeout=60.0):
        timeout = allow(timeout)
        self._thread.join(timeout)
        assert not self._thread.is_alive(), f"no answer within {timeout} s"
        if self._error:
            raise AssertionError("the request was never answered") from self._error
        return self._answer


def at_gate(server, script="gate.php", **options):
    """A request that stands at a gate: (pending, gate, what the script announced)."""
    gate = server.gate()
    pending = Pending(server.address, f"/{script}?gate={gate.path}", **options)
    return pending, gate, gate.wait_started()


def warm_up(server):
    """Returns when every worker has served a request: as many are held at gates as there are workers."""
    held = [at_gate(server) for _ in server.workers()]
    for _, gate, _ in held:
        gate.release()
    for pending, _, _ in held:
        assert pending.result().text == "released"
