"""/health, /metrics and /workers (contract, section 7)."""

import re
import subprocess

import pytest

from harness import client
from harness.background import at_gate
from harness.client import RawConnection
from harness.feed import Feed
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


def assert_elapsed_goes_on(server, state, least=0):
    """The one worker in that state shows for how long its request has been there."""

    def elapsed():
        found = [worker["elapsed"] for worker in server.workers() if worker["state"] == state]
        return found[0] if found else 0

    wait_until(lambda: elapsed() > least, f"a time of the {state} worker beyond {least}")
    seen = elapsed()
    wait_until(lambda: elapsed() > seen, "it to go on")


def test_the_time_of_a_request_goes_on_when_its_client_has_left(launch):
    server = launch(ACCESS_LOG=1)
    gate = server.gate()
    raw = server.raw()
    raw.send(f"GET /gate.php?gate={gate.path} HTTP/1.1\r\nHost: a\r\n\r\n")
    gate.wait_started()
    with_client = next(worker["elapsed"] for worker in server.workers() if worker["state"] == "busy")
    assert with_client > 0
    raw.close()
    server.wait_for_log(lambda line: line.get("data", {}).get("status") == 499, "that the client has left")
    assert_elapsed_goes_on(server, "busy", with_client)
    gate.release()


def test_the_time_of_work_after_the_answer_is_told(launch):
    server = launch()
    gate = server.gate()
    assert server.get(f"/finish.php?gate={gate.path}").text == "the answer"
    gate.wait_started()
    assert_elapsed_goes_on(server, "background")
    gate.release()


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


# -- whatever happens


def test_it_answers_while_all_workers_are_stuck_and_the_front_is_under_full_load(launch):
    server = launch(QUEUE_CAPACITY=5)
    held = [at_gate(server) for _ in server.workers()]
    url = "http://%s:%d" % server.address
    crowds = [
        subprocess.Popen(["h2load", *options, "-c64", "-D600", url + target], stdout=subprocess.DEVNULL)
        for options, target in ((["--h1"], "/page.html"), (["-m20"], "/page.html"), (["--h1"], "/index.php"))
    ]
    try:
        wait_until(lambda: server.metric("tokio_php_dropped_requests") > 1000, "the crowds to be there", 60)
        for _ in range(10):
            for path in ("/health", "/health/ready", "/metrics", "/workers", "/"):
                assert client.request(server.internal_address, "GET", path, timeout=10).status == 200
        with Feed(server) as feed:
            assert feed.until(lambda event: event["rates"]["requests"] > 0)["running"] == len(held)
        assert all(crowd.poll() is None for crowd in crowds)
    finally:
        for crowd in crowds:
            crowd.kill()
            crowd.wait()
    for pending, gate, _ in held:
        gate.release()
        assert pending.result().status == 200


GARBAGE = {
    "no request": b"\x00\xff\x16\x03\x01 nothing\r\n\r\n",
    "half a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "a head too large": b"GET /health HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 20000 + b"\r\n\r\n",
    "a body too large": b"POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 100000,
    "two lengths": b"GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "an endless chunk": b"POST /reload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_costs_its_connection_only(launch_shared, garbage):
    server = launch_shared()
    front = server.front_pid()
    with RawConnection(server.internal_address) as raw:
        try:
            raw.send(garbage)
            said = raw.read_to_end()
        except OSError:
            said = b""  # it ended with unread bytes
    assert b" 200 " not in said
    assert server.internal("/health").status == 200
    assert server.front_pid() == front


def test_slow_and_silent_connections_keep_nobody_out(launch):
    server = launch()
    crowd = [RawConnection(server.internal_address) for _ in range(200)]
    for number, raw in enumerate(crowd):
        if number % 2:
            raw.send(b"GET /health HTTP/1.1\r\nHo")
    for _ in range(20):
        assert server.internal("/health").status == 200
    # They are bounded: the oldest had to go.
    wait_until(lambda: all(raw.readable(0) for raw in crowd[:100]), "the first ones to be closed")
    for raw in crowd:
        raw.close()


def test_a_head_that_never_ends_is_cut(launch):
    server = launch()
    with RawConnection(server.internal_address, timeout=60) as raw:
        raw.send(b"GET /health HTTP/1.1\r\nHo")
        assert raw.ended(60)


def test_nothing_of_it_is_counted(launch):
    server = launch()
    for path in ("/", "/health", "/health/live", "/health/ready", "/health/startup", "/metrics", "/config", "/workers", "/nothing"):
        server.internal(path)
    server.internal("/reload", "POST", {"Origin": "http://a"})
    with Feed(server) as feed:
        event = feed.next()
    assert event["total_requests"] == event["active_connections"] == event["sent_bytes"] == 0
    assert sum(event["responses"].values()) == 0
