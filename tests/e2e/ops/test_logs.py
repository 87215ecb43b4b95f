"""Log lines: always JSON, always whole, with the fields that are promised (contract, section 8)."""

import json
import re
import threading

import pytest

from harness.background import Pending, at_gate
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("its log")

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture(scope="module")
def server(launch_shared):
    return launch_shared(crashes_php=True, ACCESS_LOG=1, SERVICE_NAME="shop")


def access(server, request_id):
    return server.wait_for_log(
        lambda line: line.get("type") == "access" and line["ctx"].get("request_id") == request_id, f"of {request_id}"
    )


def test_an_access_line_has_all_its_fields(server):
    server.get(
        "/slow.php?a=1",
        {
            "X-Request-ID": "full", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01", "User-Agent": "probe/1",
            "Referer": "http://before.invalid/", "X-Forwarded-For": "192.0.2.7",
        },
    )  # fmt: skip
    line = access(server, "full")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["ts"])
    assert (line["level"], line["type"], line["msg"]) == ("info", "access", "GET /slow.php 200")
    assert line["ctx"]["service"] == "shop"
    assert line["ctx"]["trace_id"] == TRACE
    assert re.fullmatch("[0-9a-f]{16}", line["ctx"]["span_id"])
    data = line["data"]
    assert (data["method"], data["path"], data["query"], data["status"]) == ("GET", "/slow.php", "a=1", 200)
    assert data["http"] in ("HTTP/1.1", "1.1")
    assert data["bytes"] >= 1234
    assert 50 <= data["duration_ms"] < 5000
    assert 50 <= data["php_ms"] <= data["duration_ms"]
    assert 0 <= data["queue_ms"] <= data["duration_ms"]
    assert (data["ip"], data["ua"], data["referer"], data["xff"]) == ("127.0.0.1", "probe/1", "http://before.invalid/", "192.0.2.7")
    assert data["worker"] in (0, 1)
    assert "tls" not in data


def test_fields_without_a_value_are_left_out(server):
    with server.raw() as raw:
        raw.send("GET /page.html HTTP/1.1\r\nHost: a\r\nX-Request-ID: bare\r\n\r\n")
        raw.read_response()
    data = access(server, "bare")["data"]
    assert not {"query", "ua", "referer", "xff", "tls", "worker"} & data.keys()


@pytest.mark.parametrize(
    "target, status",
    [("/missing", 404), ("/page.html", 200), ("/%zz", 400), ("/status.php?code=503", 503), ("/segfault.php", 502)],
)
def test_every_kind_of_answer_is_logged(server, target, status):
    request_id = f"kind-{status}-{len(target)}"
    assert server.get(target, {"X-Request-ID": request_id}).status == status
    assert access(server, request_id)["data"]["status"] == status


@pytest.mark.parametrize(
    "method, target, status",
    [("GET", "/page.html", 200), ("GET", "/%zz", 400), ("CONNECT", "/index.php", 405), ("POST", "/index.php", 413)],
)
def test_the_query_stands_in_its_own_field_alone(server, method, target, status):
    """Of whatever was answered before its target was looked at, too."""
    request_id = f"query-{status}"
    with server.raw() as raw:
        large = "Content-Length: 999999999999\r\n" if status == 413 else ""
        raw.send(f"{method} {target}?token=1?2 HTTP/1.1\r\nHost: a\r\nX-Request-ID: {request_id}\r\n{large}\r\n")
        assert raw.read_response().status == status
    line = access(server, request_id)
    assert line["msg"] == f"{method} {target} {status}"
    assert (line["data"]["path"], line["data"]["query"]) == (target, "token=1?2")


def test_429_and_503_are_logged_and_counted(launch):
    server = launch(ACCESS_LOG=1, PHP_WORKERS=1, QUEUE_CAPACITY=1, RATE_LIMIT=4)
    running, gate, _ = at_gate(server)  # and one waits, one finds no room, one is too much
    running_only = server.metric("tokio_php_pending_requests")
    waiting = Pending(server.address, "/index.php?token=waits")
    wait_until(lambda: server.metric("tokio_php_pending_requests") > running_only, "the request to wait")
    assert server.get("/index.php?token=full", {"X-Request-ID": "full"}).status == 503
    assert server.get("/missing").status == 404
    assert server.get("/index.php?token=often", {"X-Request-ID": "often"}).status == 429
    gate.release()
    assert (running.result().status, waiting.result().status) == (200, 200)
    for name, status in (("full", 503), ("often", 429)):
        line = access(server, name)
        assert (line["msg"], line["data"]["query"]) == (f"GET /index.php {status}", f"token={name}")
    wait_until(lambda: server.metric('tokio_php_responses_total{status="2xx"}') == 2, "both to be counted")
    assert server.metric('tokio_php_responses_total{status="4xx"}') == 2
    assert server.metric('tokio_php_responses_total{status="5xx"}') == 1
    assert server.metric("tokio_php_rate_limited_total") == server.metric("tokio_php_dropped_requests") == 1


HOSTILE = [
    '/"quoted"', "/back\\slash", "/%0d%0aforged", "/%00", "/%ff%fe", "/\xe4\xf6", "/%e2%80%a8", "/<script>", "/{json}",
    "/?q=%22%7d%0a", '/?q="},{"x":"', "/" + "a" * 5000, "/\x7f", "/%1b[31m", "/%ed%a0%80",
]  # fmt: skip


def test_every_line_is_json_whatever_a_client_sends(server):
    for target in HOSTILE:
        with server.raw() as raw:
            raw.send(
                f"GET {target} HTTP/1.1\r\nHost: a\r\nUser-Agent: \"ua\\ \xff\xfe\t\x80\r\nReferer: {{}}\"',\\\r\n"
                f"X-Forwarded-For: \"\\\r\nConnection: close\r\n\r\n"
            )
            raw.read_response()
    server.get("/index.php", {"X-Request-ID": "after-hostile"})
    access(server, "after-hostile")
    for line in server.log.lines():
        value = json.loads(line)
        assert {"ts", "level", "type", "msg", "ctx"} <= value.keys(), line
        assert value["level"] in ("debug", "info", "warn", "error")
        assert value["type"] in ("app", "access", "error")


def test_lines_stay_whole_when_many_write_at_once(launch):
    server = launch(ACCESS_LOG=1)

    def ask(client):
        with server.connect() as connection:
            for number in range(100):
                connection.request("GET", "/index.php", headers={"X-Request-ID": f"many-{client}-{number}"})

    threads = [threading.Thread(target=ask, args=(client,)) for client in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    server.stop()
    lines = [json.loads(line) for line in server.log.lines()]
    found = {line["ctx"]["request_id"] for line in lines if line["type"] == "access"}
    assert found == {f"many-{client}-{number}" for client in range(8) for number in range(100)}


def test_no_access_log_unless_asked_for(launch):
    server = launch()
    server.get("/index.php")
    server.stop()
    assert not [line for line in server.log.json_lines() if line["type"] == "access"]


def test_the_service_is_howdah_by_default(launch):
    server = launch(ACCESS_LOG=1)
    server.get("/index.php", {"X-Request-ID": "x"})
    assert access(server, "x")["ctx"]["service"] == "howdah"


def test_the_level_keeps_lesser_lines_out(launch):
    server = launch(LOG_LEVEL="error")
    server.get("/index.php")
    server.stop()
    assert [line for line in server.log.json_lines() if line["level"] != "error"] == []


def test_the_text_form_is_for_people(launch):
    server = launch(ACCESS_LOG=1, LOG_FORMAT="text")
    server.get("/index.php")
    server.stop()
    lines = server.log.lines()
    assert any("GET /index.php 200" in line for line in lines)
    assert not any(line.startswith("{") for line in lines)


def test_a_full_log_pipe_stops_nobody(launch):
    """Nobody reads stdout; requests go on, and what was dropped is counted."""
    server = launch.prepare(launch.folder(), ACCESS_LOG=1)
    with open(f"{server.root}/a.txt", "w") as file:
        file.write("a")
    server.spawn(read_log=False)
    try:
        wait_until(server.ready, "readiness", 20)
        with server.connect() as connection:
            for _ in range(3000):
                assert connection.request("GET", "/a.txt?" + "x" * 200).status == 200
    finally:
        server.read_log()
        server.stop()
