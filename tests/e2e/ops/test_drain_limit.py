"""DRAIN_TIMEOUT_SECS is over: what is not finished is named in the log, and cut."""

import os
import signal

import pytest

from harness.background import Pending, at_gate
from harness.http2 import Http2Connection
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("its log")

LARGE = 64 << 20


def named(server):
    """{request: its line} of what was cut."""
    lines = [line for line in server.log.json_lines() if line["msg"] == "request cut: the server ends"]
    return {line["data"]["request"]: line for line in lines}


def end(server):
    """SIGTERM to the end of the process, which is a good one although requests were cut."""
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 0
    server.log.join()
    return named(server)


def test_each_request_is_named_with_what_held_it_up(launch):
    server = launch(DRAIN_TIMEOUT_SECS=1, PHP_WORKERS=1, PHP_WORKERS_MAX=1, REQUEST_TIMEOUT="off")
    with open(os.path.join(server.root, "large.bin"), "wb") as file:
        file.truncate(LARGE)
    running, _, pid = at_gate(server, headers={"X-Request-ID": "runs"})
    base = server.metric("tokio_php_pending_requests")
    queued = Pending(server.address, "/gate.php?queued=1&secret=x")
    wait_until(lambda: server.metric("tokio_php_pending_requests") == base + 1, "a request in the queue")
    with server.raw() as body, server.raw(receive_buffer=4096) as slow, Http2Connection(server.address) as http2:
        body.send("POST /gate.php?body=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf")
        slow.send("GET /large.bin?x=1 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert slow.read_head().status == 200
        stream = http2.request("/large.bin?h2")
        http2.wait(lambda: http2.stream(stream).heads, "the head")
        lines = end(server)
    # The one that runs and the one that waits have the same name, but for the query.
    scripts = [line for line in server.log.json_lines() if line["data"].get("request") == "GET /gate.php"]
    states = {line["data"]["state"]: line for line in scripts if line["msg"].startswith("request cut")}
    runs = states["its script ran"]
    assert runs["ctx"]["request_id"] == "runs"
    assert (runs["level"], runs["data"]["worker"], runs["data"]["pid"]) == ("warn", 0, int(pid))
    assert runs["data"]["age_ms"] >= 900
    waits = states["no worker had taken it"]["data"]
    assert (waits["worker"], waits["pid"]) == (-1, 0)
    assert lines["POST /gate.php"]["data"]["state"] == "its body was not complete"
    files = [line for line in server.log.json_lines() if line["data"].get("request") == "GET /large.bin"]
    assert [line["data"]["state"] for line in files] == ["its client had not taken the answer"] * 2
    assert "secret" not in "".join(server.log.lines())
    assert running.result() is None and queued.result() is None


def test_background_work_is_named(launch):
    server = launch(DRAIN_TIMEOUT_SECS=1)
    gate = server.gate()
    assert server.get(f"/finish.php?gate={gate.path}", {"X-Request-ID": "goes-on"}).text == "the answer"
    pid = int(gate.wait_started())
    line = end(server)["GET /finish.php"]
    assert line["data"]["state"] == "it was answered, its script went on"
    assert (line["ctx"]["request_id"], line["data"]["pid"]) == ("goes-on", pid)


def test_a_request_of_an_old_generation_is_named(launch):
    server = launch(DRAIN_TIMEOUT_SECS=1, REQUEST_TIMEOUT="off")
    running, _, pid = at_gate(server, headers={"X-Request-ID": "old"})
    assert server.internal("/reload", "POST").status == 200
    line = end(server)["GET /gate.php"]
    assert (line["ctx"]["request_id"], line["data"]["pid"]) == ("old", int(pid))
    assert running.result() is None


def test_a_worker_scripts_request_is_named(launch):
    server = launch(DRAIN_TIMEOUT_SECS=1, REQUEST_TIMEOUT="off", WORKER_SCRIPT="loop.php", WORKER_NUM=1)
    gate = server.gate()
    running = Pending(server.address, f"/any/where?gate={gate.path}")
    pid = int(gate.wait_started())
    line = end(server)["GET /any/where"]
    assert (line["data"]["state"], line["data"]["pid"]) == ("its script ran", pid)
    assert running.result() is None


def test_without_a_drain_they_are_named_too(launch):
    server = launch(DRAIN_TIMEOUT_SECS=0)
    running, _, pid = at_gate(server)
    line = end(server)["GET /gate.php"]
    assert line["data"]["pid"] == int(pid)
    assert running.result() is None


def test_what_finishes_in_time_is_not_named(launch):
    server = launch(DRAIN_TIMEOUT_SECS=30)
    running, gate, _ = at_gate(server)
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: server.internal("/health/ready").status == 503, "the drain")
    gate.release()
    assert running.result().status == 200
    assert server.process.wait(30) == 0
    server.log.join()
    assert named(server) == {}
