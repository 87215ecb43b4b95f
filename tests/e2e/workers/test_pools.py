"""Several pools side by side: what operators see of them, and that none waits for another."""

import os
import re
import signal

import pytest
from harness import processes
from harness.background import Pending, at_gate
from harness.folders import write
from harness.server import run_howdah
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("worker scripts")

# With ?gate=... it stands at a gate, as gate.php does.
WORKER = """<?php
while (frankenphp_handle_request(function () {
    if (isset($_GET['gate'])) {
        fwrite(fopen($_GET['gate'] . '/started', 'r+'), getmypid() . "\\n");
        fgets(fopen($_GET['gate'] . '/go', 'r'));
    }
    echo $_SERVER['SCRIPT_NAME'], ' ', tokio_worker_id();
}));
"""
SITE = {"one.php": WORKER, "two.php": WORKER, "once.php": "<?php echo 'classic ', getmypid();"}
SETTINGS = {"WORKER_SCRIPT": "one.php;two.php", "WORKER_NUM": "1;2", "WORKER_MATCH": "/one/*;/two/*", "PHP_WORKERS": "3"}


@pytest.fixture
def server(launch):
    return launch(site=write(launch.folder(), SITE), **SETTINGS)


def test_operators_see_each_pool_by_its_name(server):
    seen = {}
    for worker in server.workers():
        seen.setdefault(worker["pool"], []).append((worker["worker"], worker["state"]))
    assert seen == {
        "classic": [(0, "idle"), (1, "idle"), (2, "idle")],
        "one.php": [(0, "idle")],
        "two.php": [(0, "idle"), (1, "idle")],
    }
    metrics = server.metrics()
    for pool, count in (("classic", 3), ("one.php", 1), ("two.php", 2)):
        assert metrics[f'tokio_php_workers{{pool="{pool}",state="idle"}}'] == count
        assert metrics[f'tokio_php_workers{{pool="{pool}",state="busy"}}'] == 0
        assert metrics[f'tokio_php_worker_memory_bytes{{pool="{pool}",worker="0"}}'] > 0
    told = run_howdah(server.programs, "status", env={"CONTROL_SOCKET": server.control_socket}).stdout
    counts = [re.search(rf"^{pool}: (\d+) workers?, ", told, re.MULTILINE)[1] for pool in ("classic", "one.php", "two.php")]
    assert counts == ["3", "1", "2"]
    config = server.internal("/config").json()
    assert (config["worker_script"], config["worker_num"], config["workers"]) == ("one.php;two.php", "1;2", 3)
    ready = {line["data"]["pool"]: line["msg"] for line in server.log.json_lines() if "workers ready" in line["msg"]}
    assert ready == {"classic": "workers ready: 3", "one.php": "workers ready: 1", "two.php": "workers ready: 2"}


def test_a_busy_pool_holds_up_no_other(server):
    running, gate, _ = at_gate(server, "one/")
    queued = [Pending(server.address, "/one/x") for _ in range(2)]
    wait_until(lambda: server.metric("tokio_php_pending_requests") == 2, "two requests to wait")
    assert server.get("/two/x").text == "/two.php 0"
    assert server.get("/once.php").text.startswith("classic")

    def busy():
        return [worker["pool"] for worker in server.workers() if worker["state"] == "busy"]

    wait_until(lambda: busy() == ["one.php"], "the others to be idle")
    gate.release()
    assert [pending.result().text for pending in (running, *queued)] == ["/one.php 0"] * 3


def test_the_queue_of_each_pool_has_its_limit(launch):
    server = launch(site=write(launch.folder(), SITE), **SETTINGS, QUEUE_CAPACITY=1)
    running, gate, _ = at_gate(server, "one/")
    waiting = Pending(server.address, "/one/x")
    wait_until(lambda: server.metric("tokio_php_pending_requests") == 1, "a request to wait")
    assert server.get("/one/y").status == 503
    assert server.get("/two/y").status == 200
    gate.release()
    assert (running.result().status, waiting.result().status) == (200, 200)


def test_another_front_has_all_pools(server):
    front = server.front_pid()
    os.kill(front, signal.SIGKILL)
    wait_until(lambda: not processes.alive(front), "the front to be gone")
    wait_until(server.ready, "the next front to be ready", 20.0)
    assert server.get("/one/x").text == "/one.php 0"
    assert server.get("/two/x").text == "/two.php 0"
    assert server.get("/once.php").text.startswith("classic")
    assert len(server.workers()) == 6
