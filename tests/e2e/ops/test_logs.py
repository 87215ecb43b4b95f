"""Log lines: always JSON, always whole, with the fields that are promised (contract, section 8)."""

import json
import re
import threading

import pytest

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
