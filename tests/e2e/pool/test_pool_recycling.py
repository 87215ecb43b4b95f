"""Workers that are replaced because they have served enough or have grown too much: no request fails."""

import pytest

from harness.background import Pending, at_gate
from harness.load import Load
from harness.waiting import wait_until


def restarts(server, cause):
    return server.metric(f'tokio_php_worker_restarts_total{{cause="{cause}"}}')


def unplanned(server):
    return sum(restarts(server, cause) for cause in ("crash", "timeout", "other"))


def test_each_worker_ends_after_its_requests(launch):
    server = launch(PHP_WORKERS=1, PHP_MAX_REQUESTS=3, LOG_LEVEL="debug")
    with server.connect() as connection:
        answers = [connection.request("GET", "/worker.php").text.split() for _ in range(30)]
    assert {worker for worker, _ in answers} == {"0"}
    if server.mode == "process":
        pids = [pid for _, pid in answers]
        assert all(pids.count(pid) == 3 for pid in pids)
        assert len(set(pids)) == 10
    wait_until(lambda: restarts(server, "max_requests") == 10, "ten restarts")
    assert unplanned(server) == 0
    assert server.workers()[0]["restarts"] == 10
    line = server.wait_for_log(lambda line: line["msg"] == "worker ended as planned", "for a recycled worker")
    assert (line["level"], line["data"]["cause"]) == ("debug", "max_requests")


def test_a_worker_for_each_request(launch):
    server = launch(PHP_WORKERS=1, PHP_MAX_REQUESTS=1)
    with Load(server, "/pid.php") as load:
        wait_until(lambda: load.answers >= 60, "60 answers", 60)
    assert load.failures == []
    wait_until(lambda: restarts(server, "max_requests") == load.answers, "a restart for each request")
    assert unplanned(server) == 0


def test_no_request_fails_while_workers_are_recycled(launch):
    server = launch(PHP_WORKERS=4, PHP_MAX_REQUESTS=20)
    with Load(server, "/mixed.php?x=1", clients=12) as load:
        wait_until(lambda: load.answers >= 3000, "3000 answers", 60)
    assert load.failures == []
    assert unplanned(server) == 0
    # Between 15 and 20 requests each.
    wait_until(lambda: restarts(server, "max_requests") >= load.answers // 20 - 4, "as many restarts as are due")
    assert restarts(server, "max_requests") <= load.answers / 15


def test_a_request_that_waits_goes_to_the_successor(launch):
    server = launch(PHP_WORKERS=1, PHP_MAX_REQUESTS=1)
    running, gate, pid = at_gate(server)
    waiting = [Pending(server.address, "/pid.php") for _ in range(3)]
    wait_until(lambda: server.metric("tokio_php_pending_requests") == 3, "three to wait")
    gate.release()
    assert running.result().text == "released"
    pids = {pid, *(each.result().text for each in waiting)}
    assert len(pids) == (4 if server.mode == "process" else 1)


def test_memory_that_passes_the_limit_brings_a_new_worker(launch):
    server = launch(PHP_WORKERS=1, PHP_MAX_MEMORY="128m", PHP_INI_SET="ffi.enable=1")
    if server.get("/ffi_loaded.php").text != "yes":
        pytest.skip("this PHP has no FFI")
    first = server.get("/pid.php").text
    with Load(server, "/pid.php", clients=2) as load:
        for _ in range(4):
            assert server.get("/keep_memory.php?mb=40").status == 200
        wait_until(lambda: restarts(server, "max_memory") >= 1, "a restart", 20)
        wait_until(lambda: server.get("/pid.php").text != first, "another process")
    assert load.failures == []
    assert unplanned(server) == 0
    server.wait_for_log(lambda line: "passed PHP_MAX_MEMORY" in line["msg"], "that names the setting")


def test_a_worker_that_is_too_large_finishes_its_request_first(launch):
    server = launch(PHP_WORKERS=1, PHP_MAX_MEMORY="1k")
    running, gate, pid = at_gate(server)
    server.wait_for_log(lambda line: "passed PHP_MAX_MEMORY" in line["msg"], "that names the setting")
    gate.release()
    assert running.result().text == "released"
    wait_until(lambda: server.get("/pid.php").text != pid, "another process")
    assert unplanned(server) == 0
