"""The queue in front of the workers: bounded, first in first out, and honest about who left."""

import os
import time

from harness.background import Pending, at_gate
from harness.waiting import wait_until


def test_a_full_queue_answers_503_and_the_rest_is_served(launch):
    server = launch(PHP_WORKERS=1, QUEUE_CAPACITY=2)
    running, gate, _ = at_gate(server)
    others = [Pending(server.address, "/pid.php") for _ in range(10)]
    wait_until(lambda: sum(other.done() for other in others) == 8, "eight of ten to be refused")
    for other in others:
        if other.done():
            answer = other.result()
            assert (answer.status, answer.text.strip(), answer.header("Retry-After")) == (503, "Service Unavailable", "1")
    gate.release()
    assert running.result().text == "released"
    assert sorted(other.result().status for other in others) == [200] * 2 + [503] * 8
    assert server.get("/pid.php").status == 200
    assert server.metric("tokio_php_dropped_requests") == 8


def test_the_default_capacity_is_a_hundred_per_worker(launch):
    server = launch(PHP_WORKERS=1)
    running, gate, _ = at_gate(server)
    others = [Pending(server.address, "/pid.php") for _ in range(105)]
    wait_until(lambda: sum(other.done() for other in others) == 5, "five of 105 to be refused")
    gate.release()
    assert running.result().status == 200
    assert sorted(other.result().status for other in others) == [200] * 100 + [503] * 5


def test_requests_are_served_in_the_order_they_came(launch):
    server = launch(PHP_WORKERS=1, FRONT_THREADS=1)
    running, gate, _ = at_gate(server)
    base = server.metric("tokio_php_pending_requests")
    order = os.path.join(server.open_folder("order"), "file")
    others = []
    for number in range(20):
        others.append(Pending(server.address, f"/append.php?file={order}&n={number}"))
        wait_until(lambda: server.metric("tokio_php_pending_requests") == base + len(others), "the request to be queued")
    gate.release()
    assert running.result().status == 200
    assert [other.result().status for other in others] == [200] * 20
    with open(order) as file:
        assert file.read().split() == [str(number) for number in range(20)]


def test_a_client_that_leaves_while_queued_is_not_run(launch):
    server = launch(PHP_WORKERS=1, ACCESS_LOG=1)
    running, gate, _ = at_gate(server)
    marker = os.path.join(server.open_folder("marker"), "ran")
    base = server.metric("tokio_php_pending_requests")
    raw = server.raw()
    raw.send(f"GET /append.php?n=1&file={marker} HTTP/1.1\r\nHost: a\r\nX-Request-ID: the-one-that-left\r\n\r\n")
    wait_until(lambda: server.metric("tokio_php_pending_requests") == base + 1, "the request to be queued")
    raw.close()
    server.wait_for_log(
        lambda line: line["ctx"].get("request_id") == "the-one-that-left" and line.get("data", {}).get("status") == 499,
        "a 499 for the client that left",
    )
    gate.release()
    assert running.result().status == 200
    assert server.get("/pid.php").status == 200
    assert not os.path.exists(marker)


def test_no_request_waits_while_a_worker_is_idle(launch):
    server = launch(PHP_WORKERS=2)
    running, gate, _ = at_gate(server)
    # The other worker serves everybody meanwhile.
    with server.connect() as connection:
        for _ in range(200):
            assert connection.request("GET", "/pid.php").status == 200
    assert not running.done()
    gate.release()
    assert running.result().text == "released"


def test_all_workers_run_side_by_side(launch):
    server = launch(PHP_WORKERS=4)
    held = [at_gate(server) for _ in range(4)]
    if server.mode == "process":
        assert len({pid for _, _, pid in held}) == 4
    for pending, gate, _ in held:
        gate.release()
        assert pending.result().text == "released"


def test_queue_timeout_ends_a_long_wait_with_503(launch):
    server = launch(PHP_WORKERS=1, QUEUE_TIMEOUT="1s")
    running, gate, _ = at_gate(server)
    began = time.monotonic()
    answer = server.get("/pid.php")
    assert (answer.status, answer.header("Retry-After")) == (503, "1")
    assert 0.9 < time.monotonic() - began < 5
    gate.release()
    assert running.result().status == 200


def test_a_slow_upload_costs_no_worker(launch):
    server = launch(PHP_WORKERS=1)
    with server.raw() as slow:
        slow.send("POST /input.php HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + "x" * 1000)
        for _ in range(20):
            assert server.get("/pid.php").status == 200
        slow.send(b"x" * 999_000)
        assert slow.read_response().text == "1000000"


def test_a_slow_reader_costs_no_worker(launch):
    server = launch(PHP_WORKERS=1)
    with server.raw(receive_buffer=4096) as slow:
        slow.send("GET /huge.php?mb=50 HTTP/1.0\r\n\r\n")
        assert slow.read_head().status == 200
        for _ in range(20):
            assert server.get("/pid.php").status == 200
        received = 0
        while data := slow.read_some():
            received += len(data)
        assert received == 50 << 20
    assert os.listdir(server.spool) == []  # what was spooled never had a name, or has none any more
