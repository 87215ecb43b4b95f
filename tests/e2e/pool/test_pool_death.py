"""Workers, hosts, fronts and parents that die: what clients see, and that all is as before after."""

import os
import signal
import time

import pytest

from harness import processes
from harness.background import Pending, at_gate
from harness.ports import listens
from harness.server import run_howdah
from harness.waiting import wait_until


def kill(pid):
    os.kill(int(pid), signal.SIGKILL)


def wait_for_workers(server, count=2):
    if server.mode == "process":
        wait_until(lambda: len(server.worker_pids()) == count, f"{count} workers")
    wait_until(lambda: len(server.workers()) == count, f"{count} workers in /workers")


def assert_serves(server, requests=20):
    with server.connect() as connection:
        for _ in range(requests):
            assert connection.request("GET", "/pid.php").status == 200


@pytest.mark.process_only("killing a worker of a host of threads kills the host")
def test_a_worker_killed_while_running_costs_its_own_request(launch):
    server = launch(ACCESS_LOG=1)
    victim, _, victim_pid = at_gate(server)
    other, other_gate, other_pid = at_gate(server)
    assert victim_pid != other_pid
    kill(victim_pid)
    answer = victim.result()
    assert (answer.status, answer.text.strip()) == (502, "Bad Gateway")
    assert not other.done()
    other_gate.release()
    assert other.result().text == "released"
    wait_for_workers(server)
    assert_serves(server)


@pytest.mark.process_only("killing a worker of a host of threads kills the host")
def test_a_worker_is_replaced_within_milliseconds(launch):
    server = launch(PHP_WORKERS=1)
    for _ in range(5):
        victim, _, pid = at_gate(server)
        kill(pid)
        assert victim.result().status == 502
        began = time.monotonic()
        assert server.get("/pid.php").text != pid
        assert time.monotonic() - began < 1


@pytest.mark.howdah_only("PHP-FPM's front ends a stream as if it were whole")
def test_a_stream_whose_worker_dies_is_cut(launch):
    """What was sent stays, and the end shows that it is not all."""
    server = launch(PHP_WORKERS=1)
    gate = server.gate()
    with server.raw() as raw:
        raw.send(f"GET /stream_at_gate.php?gate={gate.path} HTTP/1.1\r\nHost: a\r\n\r\n")
        assert raw.read_head().status == 200
        assert raw.read_chunk() == b"begun"
        kill(gate.wait_started())
        assert raw.read_to_end() == b""  # not even the last chunk, which would say that all is there
    assert_serves(server)


def test_idle_workers_that_are_killed_are_not_noticed(launch):
    server = launch()
    for _ in range(3):
        for pid in server.php_pids():
            kill(pid)
        assert_serves(server)
    wait_for_workers(server)


def test_requests_that_wait_survive_the_death_of_the_worker(launch):
    server = launch(PHP_WORKERS=1)
    victim, _, pid = at_gate(server)
    base = server.metric("tokio_php_pending_requests")
    waiting = [Pending(server.address, "/pid.php") for _ in range(10)]
    wait_until(lambda: server.metric("tokio_php_pending_requests") == base + 10, "ten requests in the queue")
    kill(pid if server.mode == "process" else server.host_pid())
    assert victim.result().status == 502
    assert [other.result().status for other in waiting] == [200] * 10


def test_a_script_that_segfaults_is_a_502_and_is_named_in_the_log(launch):
    server = launch(crashes_php=True)
    answer = server.get("/segfault.php?token=not-for-the-log", {"X-Request-ID": "the-crash"})
    assert (answer.status, answer.text.strip()) == (502, "Bad Gateway")
    assert_serves(server)
    wait_for_workers(server)
    line = server.wait_for_log(
        lambda line: line["level"] in ("warn", "error") and "/segfault.php" in str(line) and line["type"] != "access",
        "about the crash",
    )
    assert "SIGSEGV" in str(line) or "11" in str(line.get("data"))


def test_a_null_write_through_ffi_is_a_502(launch):
    server = launch(crashes_php=True, PHP_INI_SET="ffi.enable=1")
    if server.get("/ffi_loaded.php").text != "yes":
        pytest.skip("this PHP has no FFI extension")
    assert server.get("/ffi_null.php").status == 502
    assert_serves(server)


@pytest.mark.process_only("threads of one host fall together")
def test_a_segfault_leaves_the_request_beside_it_alone(launch):
    server = launch(crashes_php=True)
    other, gate, _ = at_gate(server)
    assert server.get("/segfault.php").status == 502
    gate.release()
    assert other.result().text == "released"


def test_many_crashes_in_a_row_never_stop_the_service(launch):
    server = launch(crashes_php=True)
    for _ in range(15):
        assert server.get("/segfault.php", timeout=30).status == 502
    assert_serves(server, 5)
    wait_for_workers(server)


def test_a_host_that_is_killed_is_replaced(launch):
    server = launch()
    front, host = server.front_pid(), server.host_pid()
    running, _, _ = at_gate(server)
    kill(host)
    answer = running.result()
    assert answer is not None and answer.status == 502
    assert_serves(server)
    wait_until(lambda: server.host_pid() != host, "another host")
    assert server.front_pid() == front
    wait_for_workers(server)


def test_a_script_that_kills_its_host_is_a_502(launch):
    server = launch()
    assert server.get("/suicide_note.php").status == 502
    assert_serves(server)


def test_the_workers_of_a_killed_host_end_with_it(launch):
    server = launch()
    running, _, _ = at_gate(server)
    host, workers = server.host_pid(), server.worker_pids()
    kill(host)
    running.result()
    wait_until(lambda: not any(map(processes.alive, (host, *workers))), "the old generation to be gone")


def test_a_front_that_is_killed_is_replaced_on_the_same_listener(launch):
    server = launch()
    front = server.front_pid()
    running, _, _ = at_gate(server)
    kill(front)
    assert running.result() is None  # its connection ended
    wait_until(lambda: _answers(server), "the new front")
    assert server.front_pid() != front
    assert server.running()
    assert_serves(server)
    wait_until(server.ready, "readiness")
    wait_for_workers(server)


def _answers(server):
    try:
        return server.get("/pid.php", timeout=5).status == 200
    except OSError:
        return False


def test_a_connection_made_while_the_front_is_away_is_served_by_the_next(launch):
    server = launch()
    kill(server.front_pid())
    # The listener lives in the parent: nobody is refused, and nobody waits for long.
    assert server.get("/pid.php", timeout=10).status == 200


def test_nothing_is_left_behind_when_the_front_and_the_parent_are_killed(launch):
    server = launch()
    running, _, _ = at_gate(server)
    family = processes.family(server.parent_pid)
    server.expect_exit = None
    kill(server.parent_pid)
    wait_until(lambda: not server.leftovers(family), "every process to be gone")
    assert running.result() is None
    wait_until(lambda: not listens(server.address[1]), "its port to be closed")


def test_a_front_that_is_killed_leaves_no_old_process_behind(launch):
    server = launch()
    old_host, old_workers = server.host_pid(), server.worker_pids()
    kill(server.front_pid())
    wait_until(lambda: _answers(server), "the new front")
    new = {server.host_pid(), *server.worker_pids()}
    gone = {old_host, *old_workers} - new
    wait_until(lambda: not any(map(processes.alive, gone)), "what the old front used to be gone")
    assert len(server.worker_pids()) == (2 if server.mode == "process" else 0)


def test_a_child_of_a_killed_worker_ends_with_it(launch):
    server = launch()
    running, _, pids = at_gate(server, "child_and_wait.php")
    worker, child = map(int, pids.split())
    assert processes.alive(child)
    kill(worker)
    assert running.result().status == 502
    wait_until(lambda: not processes.alive(child), "the worker's child to end")


def test_a_worker_program_that_dies_at_birth_stops_the_start(programs, launch):
    folder = launch.folder()
    fake = os.path.join(folder, "dies-at-birth")
    with open(fake, "w") as file:
        file.write("#!/bin/sh\nexit 7\n")
    os.chmod(fake, 0o755)
    server = launch.prepare(folder)
    result = run_howdah(programs, env={**server.environment, "HOWDAH_PHP": fake})
    assert result.returncode not in (0, None) and result.returncode > 0
    assert fake in result.stdout + result.stderr
    assert not listens(server.address[1])


def test_a_worker_program_of_another_kind_stops_the_start(programs, launch):
    server = launch.prepare(launch.folder())
    result = run_howdah(programs, env={**server.environment, "HOWDAH_PHP": "/bin/cat"})
    assert result.returncode > 0
    assert "/bin/cat" in result.stdout + result.stderr
    assert not listens(server.address[1])


def test_every_process_says_what_it_is_in_its_title(launch):
    server = launch()
    assert "howdah" in processes.title(server.parent_pid)
    assert "front" in processes.title(server.front_pid())
    assert "host" in processes.title(server.host_pid())
    assert all("worker" in processes.title(pid) for pid in server.worker_pids())
