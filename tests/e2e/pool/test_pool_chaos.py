"""Kills at random moments under load. Every client gets its own answer or a 502, never another's."""

import os
import random
import signal
import threading

from harness.background import Pending
from harness.client import Connection
from harness.waiting import wait_until

CLIENTS = 16
REQUESTS = 2000


class Load:
    """CLIENTS threads that ask for a nonce each time and note what came back."""

    def __init__(self, server):
        self._server = server
        self._lock = threading.Lock()
        self.done = 0
        self.statuses = {}
        self.wrong = []
        self._threads = [threading.Thread(target=self._run, args=(i,)) for i in range(CLIENTS)]

    def _run(self, client):
        connection = Connection(self._server.address, timeout=60)
        for number in range(REQUESTS // CLIENTS):
            nonce, request_id = f"{client}-{number}", f"id-{client}-{number}"
            try:
                answer = connection.request("GET", f"/nonce.php?n={nonce}", headers={"X-Request-ID": request_id})
            except Exception as error:  # any failure of the connection is a failure of the test
                connection.close()
                connection = Connection(self._server.address, timeout=60)
                self._note("connection", repr(error))
                continue
            own = answer.header("X-Request-ID") == request_id
            if answer.status == 200:
                own = own and answer.text == f"{nonce} {request_id}" and answer.header("X-Nonce") == nonce
            self._note(answer.status, None if own else (nonce, answer.headers, answer.text))
        connection.close()

    def _note(self, status, wrong):
        with self._lock:
            self.done += 1
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if wrong:
                self.wrong.append(wrong)

    def start(self):
        for thread in self._threads:
            thread.start()

    def join(self):
        for thread in self._threads:
            thread.join(120)
            assert not thread.is_alive(), f"stuck after {self.done} requests: {self.statuses}"


def test_random_kills_of_php_cost_at_most_the_running_requests(launch):
    workers = 4
    server = launch(PHP_WORKERS=workers)
    generator = random.Random(20)
    load = Load(server)
    load.start()
    kills = 0
    step = 100 if server.mode == "process" else 400
    for mark in range(step, REQUESTS, step):
        wait_until(lambda: load.done >= mark, f"{mark} requests", 60)
        pids = server.php_pids() if server.mode == "process" else [server.host_pid()]
        if pids:
            try:
                os.kill(generator.choice(pids), signal.SIGKILL)
                kills += 1
            except ProcessLookupError:
                pass
    load.join()
    assert not load.wrong, load.wrong[:3]
    assert set(load.statuses) <= {200, 502}, load.statuses
    # A host of threads takes all that its threads were running.
    lost_per_kill = 1 if server.mode == "process" else workers
    assert load.statuses.get(502, 0) <= kills * lost_per_kill, load.statuses
    assert kills >= 4
    for pending in [Pending(server.address, "/pid.php") for _ in range(20)]:
        assert pending.result().status == 200


def test_a_front_killed_under_load_comes_back_and_mixes_nothing_up(launch):
    server = launch(PHP_WORKERS=2)
    load = Load(server)
    load.start()
    for mark in (500, 1200):
        wait_until(lambda: load.done >= mark, f"{mark} requests", 60)
        os.kill(server.front_pid(), signal.SIGKILL)
    load.join()
    answered = [wrong for wrong in load.wrong if not isinstance(wrong, str)]
    assert not answered, answered[:3]
    assert load.statuses[200] > REQUESTS * 3 // 4, load.statuses
    # Each kill cuts what was on the wire: a connection a client, and what reconnects at that moment.
    assert load.statuses.get("connection", 0) <= 2 * 2 * CLIENTS, load.statuses
    assert server.get("/pid.php").status == 200
