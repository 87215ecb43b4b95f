"""SIGTERM, SIGINT, the second signal, and the limit of the drain."""

import ctypes
import os
import signal
import time

import pytest

from harness import processes
from harness.background import Pending, at_gate
from harness.ports import listens
from harness.waiting import wait_until


def test_sigterm_lets_a_running_request_finish(launch):
    server = launch()
    running, gate, _ = at_gate(server)
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: not listens(server.address[1]), "the listener to close")
    assert server.running() and not running.done()
    gate.release()
    answer = running.result()
    assert (answer.status, answer.text) == (200, "released")
    assert answer.header("Connection").lower() == "close"
    assert server.process.wait(10) == 0


def test_sigterm_lets_queued_requests_finish(launch):
    server = launch(PHP_WORKERS=1)
    running, gate, _ = at_gate(server)
    base = server.metric("tokio_php_pending_requests")
    queued = [Pending(server.address, "/pid.php") for _ in range(5)]
    wait_until(lambda: server.metric("tokio_php_pending_requests") == base + 5, "five requests in the queue")
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: not listens(server.address[1]), "the listener to close")
    gate.release()
    assert running.result().status == 200
    assert [pending.result().status for pending in queued] == [200] * 5
    assert server.process.wait(10) == 0


def test_readiness_turns_503_at_once(launch):
    server = launch()
    running, gate, _ = at_gate(server)
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: server.internal("/health/ready").status == 503, "readiness to turn")
    gate.release()
    assert running.result().status == 200


def test_idle_connections_end_at_once(launch):
    server = launch()
    running, gate, _ = at_gate(server)
    with server.raw() as idle:
        idle.send("GET /pid.php HTTP/1.1\r\nHost: a\r\n\r\n")
        assert idle.read_response().status == 200
        server.process.send_signal(signal.SIGTERM)
        assert idle.ended(timeout=5)
    gate.release()
    assert running.result().status == 200


def test_a_server_without_requests_ends_at_once(launch):
    server = launch()
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(10) == 0
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_now(launch, second):
    server = launch()
    running, _, _ = at_gate(server)
    family = processes.family(server.parent_pid)
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: not listens(server.address[1]), "the listener to close")
    server.expect_exit = None
    began = time.monotonic()
    server.process.send_signal(second)
    server.process.wait(10)
    assert time.monotonic() - began < 5
    wait_until(lambda: not server.leftovers(family), "every process to be gone")
    running.result()


def test_the_drain_ends_at_its_limit(launch):
    server = launch(DRAIN_TIMEOUT_SECS=1, REQUEST_TIMEOUT="off")
    running, _, _ = at_gate(server)
    family = processes.family(server.parent_pid)
    began = time.monotonic()
    server.expect_exit = None
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(15)
    assert 0.9 < time.monotonic() - began < 8
    wait_until(lambda: not server.leftovers(family), "every process to be gone")
    running.result()


def test_a_drain_of_zero_cuts_at_once(launch):
    server = launch(DRAIN_TIMEOUT_SECS=0)
    at_gate(server)
    server.expect_exit = None
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(10)
    assert time.monotonic() - began < 5


def test_ctrl_c_on_a_terminal_drains(launch):
    # A terminal sends SIGINT to the whole foreground group, not to the parent alone.
    server = launch(own_group=True)
    running, gate, _ = at_gate(server)
    os.killpg(server.parent_pid, signal.SIGINT)
    wait_until(lambda: not listens(server.address[1]), "the listener to close")
    assert server.running() and not running.done()
    gate.release()
    answer = running.result()
    assert answer is not None and (answer.status, answer.text) == (200, "released")
    assert server.process.wait(10) == 0


def test_a_host_has_a_session_of_its_own_and_a_worker_a_group(launch):
    server = launch()
    host = server.host_pid()
    assert os.getsid(host) == host
    assert os.getsid(host) != os.getsid(server.parent_pid)
    groups = [os.getpgid(pid) for pid in server.worker_pids()]
    assert groups == server.worker_pids()


PTRACE_SEIZE = 0x4206


def hold_corpse(pid):
    """As long as this process traces another one and does not wait for it, that one's parent cannot
    reap it: for the parent it does not end, like a process in an uninterruptible system call."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(PTRACE_SEIZE, pid, None, None) != 0:
        pytest.skip(f"ptrace is not allowed here: {os.strerror(ctypes.get_errno())}")


@pytest.mark.howdah_only("its parent process")
def test_a_host_that_does_not_end_does_not_keep_the_server_from_ending(launch):
    server = launch()
    host = server.host_pid()
    hold_corpse(host)
    try:
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
        server.wait_for_log(
            lambda line: "does not end" in line["msg"] and line["data"]["pid"] == host, "about the host left behind"
        )
    finally:
        os.waitpid(host, 0x40000000)  # __WALL
