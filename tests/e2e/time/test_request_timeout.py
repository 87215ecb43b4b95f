"""REQUEST_TIMEOUT: the client's 504, and the worker that comes back or is replaced."""

import os
import socket
import time

import pytest

from harness import processes
from harness.background import Pending, at_gate
from harness.waiting import wait_until

# CONTRACT section 5: a worker that does not come back within 2 s is killed.
KILLED_AFTER = 2.0
SLACK = 3.0


def assert_504(answer):
    assert (answer.status, answer.text.strip()) == (504, "504 Gateway Timeout")


def assert_all_workers_back(server, count=2):
    # A host that is being replaced may take longer than the limit of a request.
    wait_until(lambda: server.get("/pid.php").status == 200, "an answer")
    held = [at_gate(server) for _ in range(count)]
    for pending, gate, _ in held:
        gate.release()
        assert pending.result().text == "released"


@pytest.mark.interrupts_loop
def test_an_endless_loop_is_a_504_and_the_worker_comes_back(launch):
    server = launch(REQUEST_TIMEOUT="1s")
    pids = server.php_pids()
    began = time.monotonic()
    assert_504(server.get("/loop.php"))
    assert 0.9 < time.monotonic() - began < 1 + SLACK
    assert_all_workers_back(server)
    assert server.php_pids() == pids  # interrupted, not killed


@pytest.mark.interrupts_loop
def test_shutdown_functions_run_after_an_interrupted_loop(launch):
    server = launch(REQUEST_TIMEOUT="1s")
    file = os.path.join(server.open_folder("shutdown"), "note")
    assert_504(server.get(f"/loop.php?file={file}"))
    wait_until(lambda: os.path.exists(file), "the shutdown function")


@pytest.mark.interrupts_loop
def test_the_frame_that_took_too_long_is_in_the_log(launch):
    server = launch(REQUEST_TIMEOUT="1s")
    assert_504(server.get("/loop.php", {"X-Request-ID": "the-loop"}))
    server.wait_for_log(
        lambda line: "loop.php" in line["msg"] + str(line.get("data")) and line["ctx"].get("request_id") == "the-loop" and line["type"] != "access",
        "that names loop.php and the request",
    )


def test_a_sleep_is_a_504_and_the_worker_comes_back(launch):
    server = launch(REQUEST_TIMEOUT="1s")
    began = time.monotonic()
    assert_504(server.get("/sleep.php"))
    assert time.monotonic() - began < 1 + SLACK
    assert_all_workers_back(server)


def test_a_read_that_php_repeats_is_a_504_and_the_worker_is_replaced(launch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = launch(REQUEST_TIMEOUT="1s")
        pids = server.php_pids()
        began = time.monotonic()
        assert_504(server.get(f"/socket.php?port={silent.getsockname()[1]}"))
        assert time.monotonic() - began < 1 + SLACK
        wait_until(lambda: set(server.php_pids()) != set(pids), "a replacement", KILLED_AFTER + SLACK)
        assert_all_workers_back(server)


@pytest.mark.interrupts_loop
def test_all_workers_stuck_at_once_all_come_back(launch):
    server = launch(REQUEST_TIMEOUT="1s")
    stuck = [Pending(server.address, "/loop.php") for _ in range(2)]
    for pending in stuck:
        assert_504(pending.result())
    assert_all_workers_back(server)


def test_the_time_in_the_queue_counts(launch):
    server = launch(REQUEST_TIMEOUT="2s", PHP_WORKERS=1)
    first = Pending(server.address, "/sleep.php")
    second = Pending(server.address, "/sleep.php")
    began = time.monotonic()
    assert_504(first.result())
    assert_504(second.result())
    assert time.monotonic() - began < 2 + SLACK
    assert_all_workers_back(server, 1)


def test_a_connection_goes_on_after_a_504(launch):
    server = launch(REQUEST_TIMEOUT="1s")
    with server.connect() as connection:
        assert_504(connection.request("GET", "/loop.php"))
        assert connection.request("GET", "/pid.php").status == 200


def test_no_limit_with_request_timeout_off(launch):
    server = launch(REQUEST_TIMEOUT="off")
    assert_all_workers_back(server)


@pytest.mark.process_only("threads of a host have one process group")
def test_a_child_of_a_timed_out_worker_ends_with_it(launch):
    server = launch(REQUEST_TIMEOUT="1s")
    pending, _, child = at_gate(server, "child_and_loop.php")
    assert_504(pending.result())
    wait_until(lambda: not processes.alive(int(child)), "the worker's child to end", KILLED_AFTER + SLACK)
    assert_all_workers_back(server)
