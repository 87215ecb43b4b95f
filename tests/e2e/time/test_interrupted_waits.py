"""What a script can be busy with when REQUEST_TIMEOUT ends it, as a table: the client's 504, the worker
that comes back or is replaced within 2 s, the frame in the log, the counters."""

import contextlib
import fcntl
import os
import socket
import time
from dataclasses import dataclass

import pytest

from harness import processes
from harness.background import Pending, at_gate
from harness.mariadb import MariaDB
from harness.waiting import allow, wait_until

LIMIT = 1.5
KILLED_AFTER = 2.0
SLACK = 3.0

# Whether PHP lets go of what it waits in when a signal comes, or begins again.
COMES_BACK, IS_REPLACED = "comes back", "is replaced"


@dataclass
class Row:
    script: str
    end: str
    place: str  # the end of the frame in the log: line and function
    given: str = ""  # the method of Given that makes what it waits for

    def __str__(self):
        return self.script


ROWS = [
    Row("loop", COMES_BACK, ""),  # its line changes
    Row("sleep", COMES_BACK, ":2 (in sleep)"),
    Row("usleep", COMES_BACK, ":3 (in usleep)"),
    Row("flock", COMES_BACK, ":3 (in flock)", "locked_file"),
    Row("read_pipe", COMES_BACK, ":3 (in fgets)", "fifo"),
    Row("destructor", COMES_BACK, "(in Endless::__destruct)"),
    Row("shutdown", COMES_BACK, "(in never_ends)"),
    Row("socket", IS_REPLACED, ":4 (in fread)", "silent_port"),
    Row("pdo", IS_REPLACED, ":3 (in PDO::query)", "database"),
    Row("session", IS_REPLACED, ":4 (in session_start)", "locked_session"),
    Row("proc_close", IS_REPLACED, ":4 (in proc_close)", "pid_file"),
    # PHP's JIT compiles it without a look at the interrupt; max_execution_time does not end it either.
    Row("empty_loop", IS_REPLACED, "(in never_ends)"),
    Row("regex", IS_REPLACED, ":4 (in preg_match)"),
]


class Given:
    """What the scripts wait for; each returns their query."""

    def __init__(self, stack):
        self._stack = stack
        self.child = None

    def _locked(self, path):
        file = self._stack.enter_context(open(path, "w"))
        os.chmod(path, 0o666)
        fcntl.flock(file, fcntl.LOCK_EX)
        return path

    def locked_file(self, folder):
        return "file=" + self._locked(os.path.join(folder, "lock"))

    def locked_session(self, folder):
        self._locked(os.path.join(folder, "sess_locked"))
        return "folder=" + folder

    def fifo(self, folder):
        path = os.path.join(folder, "fifo")
        os.mkfifo(path)
        os.chmod(path, 0o666)
        self._stack.callback(os.close, os.open(path, os.O_RDWR))
        return "file=" + path

    def silent_port(self, _):
        silent = self._stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        return f"port={silent.getsockname()[1]}"

    def pid_file(self, folder):
        self.child = os.path.join(folder, "child")
        return "file=" + self.child

    def database(self, _):
        return "socket=" + self._stack.enter_context(MariaDB()).socket


@pytest.fixture
def given():
    with contextlib.ExitStack() as stack:
        yield Given(stack)


def assert_all_workers_back(server, count=2):
    held = [at_gate(server) for _ in range(count)]
    for pending, gate, _ in held:
        gate.release()
        assert pending.result().text == "released"


def timeout_restarts(server):
    return server.metric('tokio_php_worker_restarts_total{cause="timeout"}')


@pytest.mark.interrupts_loop
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_script_whose_time_is_up_is_ended(launch, given, row):
    server = launch(REQUEST_TIMEOUT="1500ms", PHP_INI_SET="max_execution_time=0")
    query = getattr(given, row.given)(server.open_folder("given")) if row.given else ""
    pids = server.php_pids()

    began = time.monotonic()
    answer = server.get(f"/{row.script}.php?{query}", {"X-Request-ID": "the-slow-one"})
    took = time.monotonic() - began
    assert (answer.status, answer.text.strip()) == (504, "504 Gateway Timeout")
    assert LIMIT - 0.1 < took < allow(LIMIT + SLACK)

    line = server.wait_for_log(
        lambda each: each.get("msg") == "script interrupted: REQUEST_TIMEOUT", "of the interruption"
    )
    assert line["ctx"]["request_id"] == "the-slow-one"
    assert line["data"]["request"] == f"GET /{row.script}.php"
    assert f"/{row.script}.php:" in line["data"]["script"] and line["data"]["script"].endswith(row.place), line
    assert server.metric("tokio_php_timeouts_total") == 1

    if row.end == IS_REPLACED:
        wait_until(lambda: timeout_restarts(server) == 1, "the worker to be given up", KILLED_AFTER + SLACK)
        # All but the killed one are the same in process mode; in thread mode the host is another.
        wait_until(lambda: server.php_pids() != pids and server.ready(), "its replacement", KILLED_AFTER + SLACK)
    assert_all_workers_back(server)
    if row.end == COMES_BACK:
        assert server.php_pids() == pids
        assert timeout_restarts(server) == 0
    if given.child:
        with open(given.child) as file:
            child = int(file.read())
        # Process mode: with its worker. Thread mode: with its host, which has nothing else to finish.
        wait_until(lambda: not processes.alive(child), "the script's child to end")
    assert server.metric('tokio_php_worker_restarts_total{cause="crash"}') == 0


@pytest.mark.parametrize("script", ["loop", "socket"])
@pytest.mark.interrupts_loop
def test_the_time_of_a_script_goes_on_when_its_client_leaves(launch, given, script):
    server = launch(REQUEST_TIMEOUT="2s", PHP_WORKERS=1, PHP_INI_SET="max_execution_time=0")
    query = given.silent_port(None)
    with socket.create_connection(server.address) as client:
        client.sendall(f"GET /{script}.php?{query} HTTP/1.1\r\nHost: a\r\nX-Request-ID: left\r\n\r\n".encode())
        wait_until(lambda: server.workers()[0]["state"] == "busy", "the script to begin")
    line = server.wait_for_log(
        lambda each: each.get("msg") == "script interrupted: REQUEST_TIMEOUT", "of the interruption"
    )
    assert line["ctx"]["request_id"] == "left"
    assert f"/{script}.php:" in line["data"]["script"]
    assert server.metric("tokio_php_timeouts_total") == 1
    wait_until(lambda: server.get("/pid.php").status == 200, "the worker or another")


def test_all_workers_that_wait_for_ever_are_replaced(launch, given):
    server = launch(REQUEST_TIMEOUT="1s")
    query = given.silent_port(None)
    pids = server.php_pids()
    stuck = [Pending(server.address, f"/socket.php?{query}") for _ in range(2)]
    for pending in stuck:
        assert pending.result().status == 504
    wait_until(lambda: timeout_restarts(server) == 2, "both to be given up", KILLED_AFTER + SLACK)
    wait_until(lambda: not set(server.php_pids()) & set(pids), "their replacements", KILLED_AFTER + SLACK)
    assert_all_workers_back(server)
