"""GET /events of the internal server: a snapshot a second (contract, section 7)."""

import json

import pytest

from harness.background import at_gate
from harness.feed import Feed
from harness.server import run_howdah
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("its internal server")

MOST_SUBSCRIBERS = 16


def test_an_event_is_what_status_prints_and_holds_what_workers_says(programs, launch):
    server = launch()
    with Feed(server) as feed:
        assert feed.head.status == 200
        assert feed.head.header("Content-Type") == "text/event-stream"
        event = feed.next()
    printed = run_howdah(programs, "status", "--json", env={"CONTROL_SOCKET": server.control_socket})
    status = json.loads(printed.stdout)
    assert list(event) == list(status)
    workers = server.workers()
    for same in ("pool", "worker", "pid", "state", "request", "requests", "restarts"):
        assert [worker[same] for worker in event["workers"]] == [worker[same] for worker in workers]
    assert event["workers"][0].keys() == workers[0].keys()
    assert [pool["name"] for pool in event["pools"]] == ["classic"]


def test_there_is_one_after_the_other_and_they_count(launch):
    server = launch()
    with Feed(server) as feed:
        first = feed.next()
        for _ in range(20):
            server.get("/index.php")
        last = feed.until(lambda event: event["total_requests"] == 20)
        assert last["time"] > first["time"] and last["uptime"] > first["uptime"]
        assert last["responses"]["2xx"] == 20
        assert last["latency"]["requests"] == 20
        assert 0 < last["latency"]["p50"] <= last["latency"]["p90"] <= last["latency"]["p99"]
        # The rates go back to nothing when nothing is asked for.
        feed.until(lambda event: event["rates"]["requests"] == 0)


def test_what_runs_is_shown_without_its_query(launch):
    server = launch()
    with Feed(server) as feed:
        running, gate, _ = at_gate(server)
        event = feed.until(lambda event: event["running"] == 1)
        busy = [worker for worker in event["workers"] if worker["request"]]
        assert [worker["request"] for worker in busy] == ["GET /gate.php"]
        assert busy[0]["state"] == "busy" and busy[0]["elapsed"] > 0
        assert "gate=" not in json.dumps(event)
        gate.release()
        running.result()
        feed.until(lambda event: event["running"] == 0)


def test_errors_and_slow_answers_are_remembered_without_their_query(launch):
    server = launch()
    answer = server.get("/status.php?code=503&secret=1")
    server.get("/status.php?code=404")
    running, gate, _ = at_gate(server)
    wait_until(lambda: any(worker["elapsed"] > 1 for worker in server.workers()), "a second at the gate", 60)
    gate.release()
    running.result()
    with Feed(server) as feed:
        event = feed.until(lambda event: event["slow"])
    assert [(entry["method"], entry["path"], entry["status"]) for entry in event["errors"]] == [("GET", "/status.php", 503)]
    assert event["errors"][0]["request_id"] == answer.header("X-Request-ID")
    assert abs(event["errors"][0]["time"] - event["time"]) < 600
    assert [(entry["path"], entry["status"]) for entry in event["slow"]] == [("/gate.php", 200)]
    assert event["slow"][0]["duration"] > 1
    assert "secret" not in json.dumps(event)


def test_the_lists_of_errors_are_bounded(launch):
    server = launch()
    with server.connect() as connection:
        for number in range(70):
            connection.request("GET", f"/status.php/{number}?code=500")
    with Feed(server) as feed:
        errors = feed.until(lambda event: event["responses"]["5xx"] == 70)["errors"]
    assert [entry["path"] for entry in errors] == [f"/status.php/{number}" for number in range(69, 19, -1)]


def test_subscribers_are_bounded_and_leave_their_place(launch):
    server = launch()
    feeds = [Feed(server) for _ in range(MOST_SUBSCRIBERS)]
    assert {feed.head.status for feed in feeds} == {200}
    with Feed(server) as one_more:
        assert one_more.head.status == 503
    # The others hear on, and all else is answered.
    assert all(feed.next()["state"] == "serving" for feed in feeds)
    assert server.internal("/health").status == 200
    feeds.pop().close()

    def accepted():
        with Feed(server) as another:
            return another.head.status == 200

    wait_until(accepted, "a place for another one", 30)
    for feed in feeds:
        feed.close()


def test_an_open_feed_does_not_hold_up_the_end(launch):
    server = launch()
    with Feed(server) as feed:
        feed.next()
        server.stop()
        assert server.process.returncode == 0


def test_other_methods(launch):
    server = launch()
    head = server.internal("/events", "HEAD")
    assert (head.status, head.header("Content-Type")) == (200, "text/event-stream")
    assert server.internal("/events", "POST").status == 405
    with Feed(server) as feed:
        assert feed.next()["total_requests"] == 0
