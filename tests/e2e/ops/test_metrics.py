"""/metrics in full: every name of the contract's section 7, exact counts, Prometheus and its promtool."""

import json
import re
import subprocess
import urllib.parse
import urllib.request

import pytest

from harness.background import Pending, at_gate
from harness.http2 import Http2Connection
from harness.ports import free_port
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("its metrics")

# Name to type. The first group keeps the names (and so the types) that dashboards of tokio_php know.
KEPT = {
    "tokio_php_uptime_seconds": "gauge",
    "tokio_php_requests_per_second": "gauge",
    "tokio_php_response_time_avg_seconds": "gauge",
    "tokio_php_active_connections": "gauge",
    "tokio_php_pending_requests": "gauge",
    "tokio_php_dropped_requests": "gauge",
    "tokio_php_requests_total": "counter",
    "tokio_php_responses_total": "counter",
    "tokio_php_memory_usage_percent": "gauge",
    "node_load1": "gauge",
    "node_load5": "gauge",
    "node_load15": "gauge",
    "node_memory_MemTotal_bytes": "gauge",
    "node_memory_MemAvailable_bytes": "gauge",
    "node_memory_MemUsed_bytes": "gauge",
}
ADDED = {
    "tokio_php_request_duration_seconds": "histogram",
    "tokio_php_queue_duration_seconds": "histogram",
    "tokio_php_php_duration_seconds": "histogram",
    "tokio_php_workers": "gauge",
    "tokio_php_worker_memory_bytes": "gauge",
    "tokio_php_spool_bytes": "gauge",
    "tokio_php_worker_restarts_total": "counter",
    "tokio_php_timeouts_total": "counter",
    "tokio_php_sent_bytes_total": "counter",
    "tokio_php_received_bytes_total": "counter",
    "tokio_php_log_lines_dropped_total": "counter",
}


def series(server, family):
    """{labels: value} of one family; "" where there are none."""
    found = {name: value for name, value in server.metrics().items() if re.split(r"[{]", name)[0] == family}
    return {name[len(family) :]: value for name, value in found.items()}


def by_label(server, family):
    """{value of the only label: number}, without zeros."""
    return {labels.split('"')[1]: value for labels, value in series(server, family).items() if value}


def wait_counts(server, family, expected):
    # A request is counted when its answer is with the kernel, just after a client may have read it.
    wait_until(lambda: by_label(server, family) == expected, lambda: f"{family} {expected}, there is {by_label(server, family)}")


def test_every_name_is_there_with_its_type_and_help(launch):
    text = launch().internal("/metrics").text
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    helps = dict(re.findall(r"^# HELP (\S+) (\S.*)$", text, re.M))
    expected = {**KEPT, **ADDED}
    assert {name: types.get(name) for name in expected} == expected
    assert types.keys() == helps.keys()


def test_the_buckets_reach_from_a_millisecond_to_two_minutes(launch):
    server = launch()
    for family in (name for name, kind in ADDED.items() if kind == "histogram"):
        bounds = [labels.split('"')[1] for labels in series(server, family + "_bucket")]
        assert bounds[-1] == "+Inf"
        numbers = [float(bound) for bound in bounds[:-1]]
        assert numbers == sorted(numbers) and numbers[0] <= 0.001 and numbers[-1] == 120


def test_a_known_mix_is_counted_exactly(launch):
    server = launch(MAX_BODY_SIZE="1k", ACCESS_LOG=1)
    body = b"x" * 100
    methods, responses, received, sent = {}, {}, 0, 0

    def note(method, answer, given=0):
        nonlocal received, sent
        methods[method] = methods.get(method, 0) + 1
        status = f"{answer.status // 100}xx"
        responses[status] = responses.get(status, 0) + 1
        received += given
        sent += len(answer.body)

    for method in ("GET", "HEAD", "DELETE", "OPTIONS"):
        for _ in range(3):
            note(method, server.request(method, "/index.php"))
    for method in ("POST", "PUT", "PATCH", "QUERY"):
        note(method, server.request(method, "/index.php", body, {"Content-Type": "text/plain"}), len(body))
    for method in ("PROPFIND", "PURGE", "get", "X-Very-Odd"):
        note("OTHER", server.request(method, "/index.php"))
    note("OTHER", server.request("TRACE", "/index.php"))  # 405
    for _ in range(5):
        note("GET", server.get("/page.html"))  # a file
    note("POST", server.post("/page.html"))  # 405
    note("GET", server.get("/missing"))  # 404
    note("GET", server.get("/status.php?code=302"))
    note("GET", server.get("/status.php?code=500"))
    etag = server.get("/page.html")
    note("GET", etag)
    note("GET", server.get("/page.html", {"If-None-Match": etag.header("ETag")}))  # 304
    with server.raw() as large:
        large.send(b"POST /index.php HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n")
        refused = large.read_response()
        assert refused.status == 413
        note("POST", refused)
    with server.raw() as bad:
        # What is no request has no method.
        bad.send(b"GARBAGE\r\n\r\n")
        answer = bad.read_response()
        assert answer.status == 400
        responses["4xx"] += 1
        sent += len(answer.body)
    with Http2Connection(server.address) as connection:
        for _ in range(4):
            note("GET", connection.response(connection.request("/index.php")))
        note("POST", connection.response(connection.request("/index.php", "POST", body)), len(body))
    wait_counts(server, "tokio_php_requests_total", methods)
    wait_counts(server, "tokio_php_responses_total", responses)
    assert server.metric("tokio_php_received_bytes_total") == received
    assert server.metric("tokio_php_sent_bytes_total") == sent
    assert server.metric("tokio_php_request_duration_seconds_count") == sum(responses.values())
    assert server.metric('tokio_php_request_duration_seconds_bucket{le="+Inf"}') == sum(responses.values())
    assert server.metric("tokio_php_dropped_requests") == server.metric("tokio_php_timeouts_total") == 0


def test_what_is_refused_and_who_leaves_is_counted_exactly(launch):
    server = launch(PHP_WORKERS=1, QUEUE_CAPACITY=1)
    running, gate, _ = at_gate(server)
    with server.raw() as leaving:
        leaving.send("GET /pid.php HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_until(lambda: server.metric("tokio_php_pending_requests") == 1, "the request to wait")
        for _ in range(3):
            assert server.get("/pid.php").status == 503
    wait_counts(server, "tokio_php_responses_total", {"4xx": 1, "5xx": 3})  # 499 and three times 503
    waiting = Pending(server.address, "/pid.php")
    wait_until(lambda: server.metric("tokio_php_pending_requests") == 1, "another one to wait")
    gate.release()
    assert running.result().status == waiting.result().status == 200
    wait_counts(server, "tokio_php_responses_total", {"2xx": 2, "4xx": 1, "5xx": 3})
    wait_counts(server, "tokio_php_requests_total", {"GET": 6})
    assert server.metric("tokio_php_dropped_requests") == 3
    # Who never reached a worker has neither waited for one nor been worked on.
    assert server.metric("tokio_php_queue_duration_seconds_count") == 2
    assert server.metric("tokio_php_php_duration_seconds_count") == 2


def test_a_timeout_is_counted_exactly(launch):
    server = launch(PHP_WORKERS=1, REQUEST_TIMEOUT="1s")
    pending, _, _ = at_gate(server)
    assert pending.result().status == 504
    wait_counts(server, "tokio_php_responses_total", {"5xx": 1})
    assert server.metric("tokio_php_timeouts_total") == 1


def test_a_spooled_body_is_in_the_gauge_while_it_is_there(launch):
    server = launch()
    with server.raw() as client:
        size = 8 << 20
        client.send(f"POST /index.php HTTP/1.1\r\nHost: a\r\nContent-Length: {size + 1}\r\n\r\n")
        client.send(b"x" * size)
        wait_until(lambda: server.metric("tokio_php_spool_bytes") > size // 2, "the body to be in the spool")
        client.send(b"x")
        assert client.read_response().status == 200
        wait_until(lambda: server.metric("tokio_php_spool_bytes") == 0, "the spool to be empty")


def test_promtool_finds_nothing_beyond_the_names_kept(launch):
    server = launch()
    server.get("/index.php")
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=server.internal("/metrics").body, capture_output=True, timeout=60
    )
    complaints = [line for line in (checked.stdout + checked.stderr).decode().splitlines() if line]
    assert [line for line in complaints if line.split()[0] not in KEPT] == []
    assert checked.returncode in (0, 3), complaints  # 1: it could not be read


# -- a real Prometheus


@pytest.fixture
def prometheus(launch):
    """Starts one that scrapes the given address: a function that returns its answers to queries."""
    started = []

    def start(address):
        folder = launch.folder()
        with open(f"{folder}/prometheus.yml", "w") as file:
            json.dump(  # JSON is YAML
                {
                    "global": {"scrape_interval": "1s"},
                    "scrape_configs": [{"job_name": "howdah", "static_configs": [{"targets": ["%s:%d" % address]}]}],
                },
                file,
            )
        port = free_port()
        started.append(
            subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={folder}/prometheus.yml",
                    f"--storage.tsdb.path={folder}/data",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=folder,
            )
        )

        def query(expression):
            url = f"http://127.0.0.1:{port}/api/v1/query?query=" + urllib.parse.quote(expression)
            try:
                with urllib.request.urlopen(url, timeout=10) as answer:
                    result = json.load(answer)["data"]["result"]
            except OSError:
                return None
            return [(entry["metric"], float(entry["value"][1])) for entry in result]

        return query

    yield start
    for process in started:
        process.terminate()
        process.wait()


def test_a_prometheus_scrapes_it(launch, prometheus):
    server = launch(PHP_WORKERS=3)
    query = prometheus(server.internal_address)
    wait_until(lambda: [value for _, value in query("up") or []] == [1], "the first scrape", 60)
    for _ in range(7):
        server.get("/index.php")
    server.get("/missing")

    def value(expression):
        found = query(expression)
        return found[0][1] if found else None

    for expression, expected in (
        ('tokio_php_requests_total{method="GET"}', 8),
        ('tokio_php_responses_total{status="2xx"}', 7),
        ('tokio_php_responses_total{status="4xx"}', 1),
        ("sum(tokio_php_workers)", 3),
        ("tokio_php_request_duration_seconds_count", 8),
        ("tokio_php_php_duration_seconds_count", 7),
    ):
        wait_until(lambda: value(expression) == expected, lambda: f"{expression} to be {expected}, it is {value(expression)}", 60)
    assert 0 < value("histogram_quantile(0.99, tokio_php_request_duration_seconds_bucket)") <= 120
    # Scraping is no request.
    assert value("sum(tokio_php_requests_total)") == 8
