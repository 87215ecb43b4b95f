"""Spans over OTLP/HTTP, as a collector decodes them (contract, section 1: OTEL_)."""

import os
import pwd
import re
import signal
import time

import pytest

from harness import processes
from harness.collector import Collector
from harness.http2 import Http2Connection
from harness.ports import free_port
from harness.server import run_howdah
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("its spans")

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
EXPORTED, DROPPED = "tokio_php_spans_exported_total", "tokio_php_spans_dropped_total"


@pytest.fixture(scope="module")
def collector():
    with Collector() as it:
        yield it


@pytest.fixture(scope="module")
def server(launch_shared, collector):
    return launch_shared(
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_EXPORTER_OTLP_HEADERS="x-key=a%20b,x-other=1",
        OTEL_RESOURCE_ATTRIBUTES="deployment.environment=test,service.name=not this",
        OTEL_SERVICE_NAME="shop",
        SERVICE_NAME="not this either",
        REQUEST_TIMEOUT="1s",
        PHP_WORKERS=3,
        crashes_php=True,
    )


def trace_of(answer):
    return answer.header("traceparent").split("-")[1:3]


def span_of(collector, answer):
    trace, span = trace_of(answer)
    return collector.wait_for(lambda found: (found.trace_id, found.span_id) == (trace, span), f"{trace} {span}")


def exporters(server):
    return [pid for pid in processes.descendants(server.parent_pid) if processes.status(pid)["Name"] == "howdah-traces"]


def test_a_span_has_the_fields_of_the_conventions(server, collector):
    before = time.time_ns()
    answer = server.get("/index.php?secret=1", {"User-Agent": "probe/1", "Host": "shop.example:8080"})
    after = time.time_ns()
    span = span_of(collector, answer)
    assert (span.name, span.fields["kind"], span.parent_id) == ("GET", 2, None)
    assert span.attributes == {
        "http.request.method": "GET",
        "url.path": "/index.php",
        "url.scheme": "http",
        "http.response.status_code": 200,
        "server.address": "shop.example",
        "server.port": 8080,
        "client.address": "127.0.0.1",
        "network.protocol.version": "1.1",
        "user_agent.original": "probe/1",
    }
    assert not span.failed
    assert before - 10**9 <= span.start <= span.end <= after + 10**9
    assert span.resource["service.name"] == "shop"
    assert span.resource["deployment.environment"] == "test"
    path, headers = collector.posts[0]
    assert path == "/v1/traces"
    assert (headers["Content-Type"], headers["x-key"], headers["x-other"]) == ("application/json", "a b", "1")


def test_a_span_belongs_to_the_trace_of_its_caller(server, collector):
    answer = server.get("/", {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "a=1,b=2"})
    span = span_of(collector, answer)
    assert (span.trace_id, span.parent_id) == (TRACE, PARENT)
    assert span.fields["traceState"] == "a=1,b=2"


@pytest.mark.parametrize(
    "target, status, failed",
    [
        ("/page.txt", 200, False),
        ("/missing", 404, False),
        ("/status.php?code=500", 500, True),
        ("/status.php?code=403", 403, False),
        ("/sleep.php", 504, True),
        ("/%zz", 400, False),
    ],
)
def test_every_kind_of_answer_has_its_span(server, collector, target, status, failed):
    answer = server.get(target)
    span = span_of(collector, answer)
    assert answer.status == span.status == status
    assert span.path == target.partition("?")[0]
    assert span.failed is failed
    assert span.attributes.get("error.type") == (str(status) if failed else None)
    assert span.end - span.start >= (900_000_000 if status == 504 else 0)


@pytest.mark.process_only("a thread that is killed takes all of its process")
def test_a_stream_that_was_cut_has_failed(server, collector):
    with server.raw() as raw:
        raw.send("GET /dies.php HTTP/1.1\r\nHost: a\r\n\r\n")
        assert raw.read_head().status == 200
        running = [worker["pid"] for worker in server.workers() if "/dies.php" in (worker["request"] or "")]
        os.kill(running[0], signal.SIGKILL)
        raw.read_to_end()
    span = collector.wait_for_path("/dies.php")
    assert (span.status, span.failed, span.attributes["error.type"]) == (200, True, "cut")


def test_http2_is_told(server, collector):
    with Http2Connection(server.address) as connection:
        answer = connection.get("/page.txt?h2", more=[("traceparent", f"00-{TRACE}-{PARENT}-01")])
    span = span_of(collector, answer)
    assert (span.attributes["network.protocol.version"], span.parent_id) == ("2", PARENT)


def test_a_worker_script_has_spans_and_sees_them(launch, collector):
    server = launch(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, WORKER_SCRIPT="worker.php", WORKER_NUM=1)
    answer = server.get("/shop/1", {"traceparent": f"00-{TRACE}-{PARENT}-01"})
    span = span_of(collector, answer)
    seen = answer.json()
    assert (span.path, span.parent_id) == ("/shop/1", PARENT)
    assert (seen["TRACE_ID"], seen["SPAN_ID"], seen["PARENT_SPAN_ID"]) == (span.trace_id, span.span_id, PARENT)
    assert span.resource["service.name"] == "howdah"


def test_strange_bytes_are_sent_as_json(server, collector):
    with server.raw() as raw:
        raw.send('GET /"\xff\\ HTTP/1.1\r\nHost: a\r\nUser-Agent: \xfe"\\\t\r\n\r\n')
        answer = raw.read_response()
    assert span_of(collector, answer).status == answer.status


# --- what is sampled


def send_many(server, count, headers=None):
    with server.connect() as connection:
        return [connection.request("GET", "/page.txt", headers=headers) for _ in range(count)]


def test_nothing_is_sampled_at_zero_but_what_the_caller_samples(launch):
    with Collector() as collector:
        server = launch(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_TRACES_SAMPLER_ARG="0")
        for answer in send_many(server, 50):
            assert answer.header("traceparent").endswith("-00")
        answer = server.get("/page.txt", {"traceparent": f"00-{TRACE}-{PARENT}-01"})
        assert answer.header("traceparent").endswith("-01")
        span_of(collector, answer)
        server.stop()
        assert len(collector.spans()) == 1


def test_the_caller_may_keep_its_trace_unsampled(launch):
    with Collector() as collector:
        server = launch(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
        for answer in send_many(server, 5, {"traceparent": f"00-{TRACE}-{PARENT}-00"}):
            assert answer.header("traceparent").endswith("-00")
        span_of(collector, server.get("/page.txt"))
        server.stop()
        assert len(collector.spans()) == 1


def test_a_quarter_is_sampled_and_the_flags_say_which(launch):
    with Collector() as collector:
        server = launch(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_TRACES_SAMPLER_ARG="0.25")
        answers = send_many(server, 1000)
        server.stop()  # and sends what is left
        sampled = {tuple(trace_of(answer)) for answer in answers if answer.header("traceparent").endswith("-01")}
        assert 130 <= len(sampled) <= 370  # nine standard deviations
        assert {(span.trace_id, span.span_id) for span in collector.spans()} == sampled


def test_every_span_arrives_before_the_server_has_ended(launch):
    with Collector() as collector:
        server = launch(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, FRONT_THREADS=2)
        answers = send_many(server, 1500)
        server.stop()
        assert {(span.trace_id, span.span_id) for span in collector.spans()} == {
            tuple(trace_of(answer)) for answer in answers
        }


# --- collectors that are away or ill


def test_a_collector_that_is_away_costs_no_request(launch):
    port = free_port()
    server = launch(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}")
    answer = server.get("/index.php")
    assert answer.status == 200
    line = server.wait_for_log(lambda line: line["msg"].startswith("spans are not exported"), "that it is away", 30)
    assert line["level"] == "warn"
    with Collector(port=port) as collector:
        span_of(collector, answer)
        server.wait_for_log(lambda line: line["msg"] == "spans are exported again", "that it is back", 30)
        wait_until(lambda: server.metric(EXPORTED) == 1, "the count")
        server.stop()
    told = [line for line in server.log.json_lines() if "are not exported" in line["msg"]]
    assert len(told) == 1  # not once an attempt


def test_a_collector_that_asks_for_later_is_asked_later(launch):
    with Collector() as collector:
        later = {1: (503, {"Retry-After": "1"}, b""), 2: (429, {}, b"no"), 3: (502, {"Retry-After": "soon"}, b"")}
        collector.answer = lambda number: later.get(number, (200, {}, b"{}"))
        server = launch(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
        span_of(collector, server.get("/index.php"))
        assert len(collector.posts) == 4
        wait_until(lambda: server.metric(EXPORTED) == 1, "the count")
        assert server.metric(DROPPED) == 0


def test_a_collector_that_refuses_is_not_asked_again(launch):
    with Collector() as collector:
        collector.answer = lambda number: (401, {}, b"who are you?")
        server = launch(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
        server.get("/index.php")
        wait_until(lambda: server.metric(DROPPED) == 1, "the count", 30)
        server.wait_for_log(lambda line: "answered 401" in line["msg"], "of the refusal")
        assert len(collector.posts) == 1


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b'{"partialSuccess":7}', b'{"partialSuccess":{"rejectedSpans":"x"}}'])
def test_a_yes_is_a_yes_whatever_else_is_said(launch, body):
    with Collector() as collector:
        collector.answer = lambda number: (200, {}, body)
        server = launch(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
        server.get("/index.php")
        wait_until(lambda: server.metric(EXPORTED) == 1, "the count", 30)


def test_spans_that_were_not_taken_are_counted(launch):
    with Collector() as collector:
        collector.answer = lambda number: (200, {}, b'{"partialSuccess":{"rejectedSpans":"1","errorMessage":"no"}}')
        server = launch(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
        server.get("/index.php")
        wait_until(lambda: server.metric(DROPPED) == 1, "the count", 30)
        assert server.metric(EXPORTED) == 0


def test_what_is_no_http_is_no_answer(launch):
    with Collector() as collector:
        collector.answer = lambda number: b"SSH-2.0-what\r\n" if number == 1 else (200, {}, b"{}")
        server = launch(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
        span_of(collector, server.get("/index.php"))
        assert len(collector.posts) == 2


def test_a_collector_that_hangs_holds_up_neither_requests_nor_the_end(launch):
    with Collector() as collector:
        collector.hang()
        server = launch(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
        server.get("/index.php")
        wait_until(lambda: collector.posts, "a post", 30)
        assert {answer.status for answer in send_many(server, 200)} == {200}
        server.stop()
        assert server.log.wait_for(lambda line: "last spans" in line["msg"], "of what is lost")


def test_more_than_can_wait_is_dropped_and_counted(launch):
    with Collector() as collector:
        collector.hang()
        server = launch(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, FRONT_THREADS=1)
        send_many(server, 6000)
        wait_until(lambda: server.metric(DROPPED) > 0, "spans to be dropped")
        collector.go_on()
        wait_until(lambda: server.metric(EXPORTED) + server.metric(DROPPED) >= 6000, "all to be accounted for", 60)
        assert len(collector.spans()) == server.metric(EXPORTED)


# --- TLS


def test_https_with_an_authority_of_ones_own(launch, authority):
    with Collector(pair=authority.issue("collector", "127.0.0.1")) as collector:
        server = launch(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_EXPORTER_OTLP_CERTIFICATE=authority.path)
        answers = send_many(server, 2)
        for answer in answers:
            span_of(collector, answer)


@pytest.mark.parametrize("host, known", [("elsewhere.example", True), ("127.0.0.1", False)], ids=["host", "authority"])
def test_https_with_a_wrong_certificate_gets_nothing(launch, authority, host, known):
    with Collector(pair=authority.issue("wrong", host)) as collector:
        settings = {"OTEL_EXPORTER_OTLP_CERTIFICATE": authority.path} if known else {}
        server = launch(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, **settings)
        server.get("/index.php")
        server.wait_for_log(lambda line: re.search("not exported.*certificate", line["msg"]), "of the certificate", 30)
        assert not collector.posts


# --- the process


@pytest.mark.root_only
def test_the_exporter_has_no_rights(server):
    (pid,) = exporters(server)
    fields = processes.status(pid)
    assert processes.euid(pid) in [user.pw_uid for user in pwd.getpwall() if user.pw_name in ("howdah", "www-data")]
    assert int(fields["CapEff"], 16) == int(fields["CapPrm"], 16) == 0
    assert fields["NoNewPrivs"] == "1"
    assert sorted(os.listdir(f"/proc/{pid}/fd"), key=int)[:5] == ["0", "1", "2", "3", "4"]


def test_an_exporter_that_dies_is_replaced(launch):
    with Collector() as collector:
        server = launch(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
        (pid,) = wait_until(lambda: exporters(server), "the exporter")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not processes.alive(pid), "its end")
        span_of(collector, server.get("/index.php"))
        server.wait_for_log(lambda line: "exporter of spans ended" in line["msg"], "of it")


def test_without_an_endpoint_there_is_nothing_of_it(launch):
    server = launch()
    server.get("/index.php")
    assert exporters(server) == []
    assert server.metric(EXPORTED) == server.metric(DROPPED) == 0


def test_check_prints_no_keys(programs, launch):
    environment = {
        **launch.prepare(launch.folder()).environment,
        "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20hidden",
    }
    told = run_howdah(programs, "check", env=environment)
    assert told.returncode == 0
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=https://collector.example" in told.stdout
    assert "hidden" not in told.stdout + told.stderr
