"""/health, /metrics and /workers (contract, section 7)."""

import re
import time

import pytest

from harness.background import at_gate
from harness.ports import listens
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("its internal server")


def test_health_is_json(launch):
    server = launch()
    server.get("/index.php")
    # A request is counted when its answer is with the kernel, which is just after a client may have read it.
    wait_until(lambda: server.internal("/health").json()["total_requests"] > 0, "the request to be counted")
    answer = server.internal("/health")
    assert answer.status == 200
    assert answer.header("Content-Type").startswith("application/json")
    value = answer.json()
    assert value["status"] == "ok"
    assert value["total_requests"] == 1
    assert value["active_connections"] >= 0
    assert "timestamp" in value


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/health/startup"])
def test_the_probes_say_200(server, path):
    assert server.internal(path).status == 200


def test_liveness_does_not_depend_on_the_workers(launch):
    server = launch(PHP_WORKERS=1)
    running, gate, _ = at_gate(server)
    for path in ("/health", "/health/live", "/health/ready", "/metrics", "/workers"):
        assert server.internal(path).status == 200
    gate.release()
    running.result()


def test_an_unknown_internal_path_is_404(server):
    assert server.internal("/nothing").status == 404


def test_the_internal_server_serves_no_files_and_the_other_no_internals(server):
    assert server.internal("/page.html").status == 404
    assert server.get("/metrics").status == 404
    assert server.get("/health").status == 404


def test_without_an_address_there_is_no_internal_server(launch):
    server = launch.prepare(launch.folder(), INTERNAL_ADDR=None)
    with open(f"{server.root}/a.txt", "w") as file:
        file.write("a")
    server.spawn()
    try:
        wait_until(lambda: listens(server.address[1]) or server.process.poll() is not None, "the listener", 20)
        assert server.get("/a.txt").text == "a"
        assert not listens(server.internal_address[1])
    finally:
        server.stop()


# -- metrics -----------------------------------------------------------------------------------------

NAMES = [
    "tokio_php_uptime_seconds",
    "tokio_php_requests_per_second",
    "tokio_php_response_time_avg_seconds",
    "tokio_php_active_connections",
    "tokio_php_pending_requests",
    "tokio_php_dropped_requests",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_metric_is_there_by_its_name(server, name):
    assert name in server.metrics()


def test_metrics_are_prometheus_text(server):
    answer = server.internal("/metrics")
    assert answer.header("Content-Type").startswith("text/plain")
    sample = re.compile(r'[a-zA-Z_][a-zA-Z0-9_]*(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? -?[0-9.e+-]+(Inf)?')
    typed = set()
    for line in answer.text.splitlines():
        if line.startswith("# TYPE "):
            typed.add(line.split()[2])
        elif line and not line.startswith("#"):
            assert sample.fullmatch(line), line
            name = re.match("[a-zA-Z0-9_]+", line).group()
            assert name in typed or re.sub("_(bucket|sum|count)$", "", name) in typed, line


def test_requests_are_counted_exactly(launch):
    server = launch()
    mix = [("GET", "/index.php", 7), ("POST", "/index.php", 5), ("HEAD", "/page.html", 3), ("PURGE", "/index.php", 2), ("GET", "/missing", 4)]
    for method, target, count in mix:
        for _ in range(count):
            server.request(method, target)
    for code, count in ((500, 2), (302, 3)):
        for _ in range(count):
            server.get(f"/status.php?code={code}")

    def counts():
        found = server.metrics()
        return (
            [found.get(f'tokio_php_requests_total{{method="{name}"}}', 0) for name in ("GET", "POST", "HEAD", "OTHER")],
            [found.get(f'tokio_php_responses_total{{status="{name}"}}', 0) for name in ("2xx", "3xx", "4xx", "5xx")],
        )

    wait_until(lambda: counts() == ([16, 5, 3, 2], [17, 3, 4, 2]), f"the exact counts, there are {counts()}", 3)


def test_requests_to_the_internal_server_are_not_counted(launch):
    server = launch()
    for _ in range(5):
        server.internal("/health")
    assert server.internal("/health").json()["total_requests"] == 0


def test_connections_are_counted_while_they_last(launch):
    server = launch()
    with server.raw() as first, server.raw():
        first.send("GET /page.html HTTP/1.1\r\nHost: a\r\n\r\n")
        first.read_response()
        wait_until(lambda: server.metric("tokio_php_active_connections") == 2, "two connections")
    wait_until(lambda: server.metric("tokio_php_active_connections") == 0, "none")


def test_the_uptime_goes_on(server):
    first = server.metric("tokio_php_uptime_seconds")
    assert 0 <= first < 3600
    wait_until(lambda: server.metric("tokio_php_uptime_seconds") > first, "the uptime to grow")


# -- workers -----------------------------------------------------------------------------------------


def test_workers_lists_every_worker(launch):
    server = launch(PHP_WORKERS=3)
    workers = server.workers()
    assert len(workers) == 3
    for worker in workers:
        assert {"pid", "state", "requests", "memory", "restarts"} <= worker.keys(), worker
    pids = {worker["pid"] for worker in workers}
    assert pids == set(server.php_pids())


def test_a_running_request_is_shown_without_its_query(launch):
    server = launch()
    running, gate, _ = at_gate(server)

    def busy():
        return [worker for worker in server.workers() if "/gate.php" in str(worker)]

    wait_until(lambda: len(busy()) == 1, "the running request in /workers")
    text = server.internal("/workers").text
    assert gate.path not in text and "gate=" not in text
    idle_state = next(worker["state"] for worker in server.workers() if worker["pid"] is not None and "/gate.php" not in str(worker))
    assert busy()[0]["state"] != idle_state
    first = busy()[0]["elapsed"] if "elapsed" in busy()[0] else busy()[0]["elapsed_ms"]
    assert first >= 0
    gate.release()
    running.result()
    wait_until(lambda: not busy(), "the request to be gone from /workers")


def test_requests_are_counted_per_worker(launch):
    server = launch(PHP_WORKERS=1)
    with server.connect() as connection:
        for _ in range(10):
            connection.request("GET", "/index.php")
    wait_until(lambda: server.workers()[0]["requests"] == 10, "ten requests", 3)


def test_a_restart_is_counted(launch):
    server = launch(crashes_php=True, PHP_WORKERS=1)
    server.get("/segfault.php")
    server.get("/index.php")
    wait_until(lambda: sum(worker["restarts"] for worker in server.workers()) == 1, "one restart", 5)


def test_the_internal_server_answers_while_php_is_stuck_and_clients_are_many(launch):
    server = launch(PHP_WORKERS=1, QUEUE_CAPACITY=5)
    running, gate, _ = at_gate(server)
    idle = [server.raw() for _ in range(100)]
    began = time.monotonic()
    assert server.internal("/health").status == 200
    assert time.monotonic() - began < 2
    for raw in idle:
        raw.close()
    gate.release()
    running.result()
