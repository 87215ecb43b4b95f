"""PHP_WORKERS_MAX: more workers while requests wait, fewer when there is nothing to do."""

import os
import time

from harness.background import Pending, at_gate
from harness.load import Load
from harness.waiting import allow, wait_until

IDLE_LIMIT = 10  # seconds
SHRUNK = IDLE_LIMIT + 20


def restarts(server, cause):
    return server.metric(f'tokio_php_worker_restarts_total{{cause="{cause}"}}')


def numbers(server):
    return [worker["worker"] for worker in server.workers()]


def test_grows_while_all_workers_sleep_and_shrinks_again(launch):
    server = launch(PHP_WORKERS=1, PHP_WORKERS_MAX=4)
    assert numbers(server) == [0]
    began = time.monotonic()
    held = [at_gate(server) for _ in range(4)]
    assert time.monotonic() - began < allow(5)
    assert numbers(server) == [0, 1, 2, 3]
    if server.mode == "process":
        assert {pid for _, _, pid in held} == {str(pid) for pid in server.worker_pids()}

    # That is the most: the next one waits.
    waits = Pending(server.address, "/pid.php")
    wait_until(lambda: server.metric("tokio_php_pending_requests") == 1, "one to wait")
    assert numbers(server) == [0, 1, 2, 3]
    for _, gate, _ in held:
        gate.release()
    assert [running.result().text for running, _, _ in held] == ["released"] * 4
    assert waits.result().status == 200

    wait_until(lambda: numbers(server) == [0], "the pool to shrink", SHRUNK)
    assert restarts(server, "idle") == 3
    if server.mode == "process":
        wait_until(lambda: len(server.worker_pids()) == 1, "one process")
    running, gate, _ = at_gate(server)
    assert server.get("/worker.php").text.split()[0] == "1"
    gate.release()
    running.result()


def test_no_request_fails_while_the_pool_grows_and_shrinks(launch):
    server = launch(PHP_WORKERS=1, PHP_WORKERS_MAX=8)
    with Load(server, "/worker.php?us=20000", clients=10) as load:
        wait_until(lambda: len(numbers(server)) == 8, "eight workers", 20)
        most = load.answers + 200
        wait_until(lambda: load.answers >= most, "200 more answers", 30)
    assert load.failures == []
    with Load(server, "/worker.php?us=1000", clients=1) as load:
        wait_until(lambda: len(numbers(server)) <= 2, "the pool to shrink", SHRUNK)
    assert load.failures == []
    assert restarts(server, "crash") == restarts(server, "other") == 0


def test_a_script_can_ask_its_own_server(launch):
    server = launch(PHP_WORKERS=1, PHP_WORKERS_MAX=2)
    answer = server.get("/ask_self.php", timeout=30)
    assert answer.status == 200 and answer.text.startswith("it says ")


def test_a_chosen_number_is_kept_to(launch):
    server = launch(PHP_WORKERS=1)
    running, gate, _ = at_gate(server)
    waits = Pending(server.address, "/pid.php")
    wait_until(lambda: server.metric("tokio_php_pending_requests") == 1, "one to wait")
    # More than the time after which a pool that may grow has grown.
    uptime = server.metric("tokio_php_uptime_seconds")
    wait_until(lambda: server.metric("tokio_php_uptime_seconds") > uptime + 1, "a second to pass")
    assert numbers(server) == [0] and not waits.done()
    gate.release()
    assert running.result().status == waits.result().status == 200


def test_without_a_number_it_follows_the_cpus(launch):
    server = launch(PHP_WORKERS=None)
    config = server.internal("/config").json()
    assert config["workers"] <= len(os.sched_getaffinity(0))
    assert config["php_workers_max"] == max(4, 2 * config["workers"])
    assert len(numbers(server)) == config["workers"]


def test_recycling_goes_on_while_the_pool_is_larger(launch):
    server = launch(PHP_WORKERS=1, PHP_WORKERS_MAX=4, PHP_MAX_REQUESTS=3)
    with Load(server, "/worker.php?us=20000", clients=6) as load:
        wait_until(lambda: len(numbers(server)) == 4, "four workers", 20)
        wait_until(lambda: restarts(server, "max_requests") >= 20, "restarts", 30)
    assert load.failures == []
    assert restarts(server, "crash") == restarts(server, "other") == 0
