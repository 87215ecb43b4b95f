"""SLOW_REQUEST (CONTRACT section 1): where the script of a slow request is, told once, without disturbing it."""

import os
import socket
from pathlib import Path

import pytest

from harness.background import Pending
from harness.waiting import wait_until

LIMIT = "300ms"
SCRIPTS = Path(__file__).parent / "scripts"


def is_slow(line):
    return line["msg"].startswith("slow request")


def slow_line(server, path):
    return server.wait_for_log(lambda line: is_slow(line) and line["data"]["path"] == path, f"about {path}")


def slow_lines(server):
    return [line for line in server.log.json_lines() if is_slow(line)]


def end_file(server):
    return os.path.join(server.open_folder("ends"), "end")


@pytest.fixture
def server(launch):
    return launch(SLOW_REQUEST=LIMIT)


def test_a_loop_is_told_with_its_frames_and_goes_on(server):
    end = end_file(server)
    pids = server.php_pids()
    pending = Pending(server.address, f"/loop.php?end={end}&secret=1", headers={"X-Request-ID": "the-loop"})
    line = slow_line(server, "/loop.php")
    open(end, "w").close()
    assert pending.result().text == "done"
    assert (line["level"], line["type"], line["msg"]) == ("warn", "app", "slow request GET /loop.php")
    assert line["ctx"]["request_id"] == "the-loop" and len(line["ctx"]["trace_id"]) == 32
    assert line["data"]["method"] == "GET" and line["data"]["duration_ms"] >= 300
    frames = [frame for frame in line["data"]["stack"] if "loop.php" in frame]
    script = f"{server.root}/loop.php:"
    assert [frame[: frame.index(":", frame.index(".php"))] + ":" for frame in frames] == [
        f"spin() {script}",
        f"Work::all() {script}",
        f"{{main}} {script}",
    ]
    assert frames[1:] == [f"Work::all() {script}17", f"{{main}} {script}20"]
    assert 6 <= int(frames[0].rsplit(":", 1)[1]) <= 11
    assert server.php_pids() == pids
    assert len(slow_lines(server)) == 1
    assert "tokio_php_slow_requests_total 1" in server.internal("/metrics").text


def test_a_sleep_is_told_and_not_cut_short(server):
    assert server.get("/sleep.php").text == "0"
    line = slow_line(server, "/sleep.php")
    assert line["data"]["stack"] == [
        "sleep()",
        f"nap() {server.root}/sleep.php:5",
        f"{{main}} {server.root}/sleep.php:7",
    ]
    assert "nanosleep" in line["data"]["waiting_in"]


def test_usleep_is_not_cut_short(server):
    assert server.get("/usleep.php").text == "whole"
    assert slow_line(server, "/usleep.php")["data"]["stack"][0] == "usleep()"


def test_a_read_of_a_socket_is_told(server):
    with socket.create_server(("127.0.0.1", 0)) as peer:
        pending = Pending(server.address, f"/socket.php?port={peer.getsockname()[1]}")
        client, _ = peer.accept()
        with client:
            line = slow_line(server, "/socket.php")
            client.sendall(b"answer\n")
            assert pending.result().text == "answer\n"
    assert line["data"]["stack"][:2] == ["fgets()", f"ask() {server.root}/socket.php:6"]
    assert "poll" in line["data"]["waiting_in"] or "recv" in line["data"]["waiting_in"]


def test_stream_select_is_not_interrupted(server):
    with socket.create_server(("127.0.0.1", 0)) as peer:
        pending = Pending(server.address, f"/select.php?port={peer.getsockname()[1]}")
        client, _ = peer.accept()
        with client:
            line = slow_line(server, "/select.php")
            client.sendall(b"x")
            assert pending.result().text == "int(1)\n"
    assert line["data"]["stack"][0] == "stream_select()"


def test_a_deep_recursion_is_cut(server):
    assert server.get("/deep.php").text == "done"
    stack = slow_line(server, "/deep.php")["data"]["stack"]
    assert stack[0] == "sleep()" and stack[1].startswith("dig() ")
    assert stack[-1] == "..." and len(stack) <= 70


def test_a_generator(server):
    assert server.get("/generator.php").text == "12"
    stack = slow_line(server, "/generator.php")["data"]["stack"]
    assert stack[:2] == ["sleep()", f"inner() {server.root}/generator.php:5"]
    assert stack[-1].startswith("{main} ")


def test_a_fiber_and_who_has_resumed_it(server):
    assert server.get("/fiber.php").text == "done"
    stack = slow_line(server, "/fiber.php")["data"]["stack"]
    assert stack[:2] == ["sleep()", f"in_fiber() {server.root}/fiber.php:5"]
    assert f"resume() {server.root}/fiber.php:9" in stack and stack[-1].startswith("{main} ")


def test_a_shutdown_function(server):
    assert server.get("/shutdown.php").text == "done"
    stack = slow_line(server, "/shutdown.php")["data"]["stack"]
    assert stack[:2] == ["sleep()", f"tidy() {server.root}/shutdown.php:4"]


def test_hostile_names_stay_one_frame_each(server):
    file = server.open_folder("hostile") + "/a%0Ab%FF.php"
    assert server.get(f"/hostile.php?file={file}").text == "done"
    stack = slow_line(server, "/hostile.php")["data"]["stack"]
    assert stack[0] == "sleep()" and stack[1].startswith("long_long_") and len(stack[1]) < 1000
    assert stack[2].startswith("f() ") and "eval()'d code" in stack[2]
    assert stack[3].startswith("eval ")
    assert stack[4].startswith("class@anonymous::go() ") and "/a?b\ufffd.php:1" in stack[4]
    assert stack[-1].startswith("{main} ")
    assert not any(ord(letter) < 32 for frame in stack for letter in frame)


def test_what_is_nobodys_wait_is_not_slow(server):
    file = os.path.join(server.open_folder("notes"), "over")
    for _ in range(20):
        assert server.get("/fast.php").text == "fast"
    assert server.get(f"/background.php?file={file}").text == "done"
    assert server.get("/events.php").text.count("data:") == 2
    wait_until(lambda: os.path.exists(file), "the background work")
    assert server.get("/sleep.php").text == "0"
    slow_line(server, "/sleep.php")
    assert [line["data"]["path"] for line in slow_lines(server)] == ["/sleep.php"]


def test_without_the_setting_nothing_is_told(launch):
    server = launch()
    assert server.get("/sleep.php").text == "0"
    assert slow_lines(server) == []


def test_worker_mode(launch):
    server = launch(SLOW_REQUEST=LIMIT, WORKER_SCRIPT=str(SCRIPTS / "worker.php"), WORKER_NUM="1")
    end = end_file(server)
    pending = Pending(server.address, f"/app?end={end}")
    stack = slow_line(server, "/app")["data"]["stack"]
    open(end, "w").close()
    assert pending.result().text == "done"
    assert any(frame.startswith(f"handle() {SCRIPTS}/worker.php:") for frame in stack)
    assert stack[-2:] == ["frankenphp_handle_request()", f"{{main}} {SCRIPTS}/worker.php:12"]


@pytest.mark.process_only(reason="snapshot mode needs forks")
def test_snapshot_mode(launch):
    server = launch(
        SLOW_REQUEST=LIMIT, WORKER_SCRIPT=str(SCRIPTS / "worker.php"), WORKER_NUM="1", WORKER_MODE="snapshot"
    )
    end = end_file(server)
    pending = Pending(server.address, f"/app?end={end}")
    stack = slow_line(server, "/app")["data"]["stack"]
    open(end, "w").close()
    assert pending.result().text == "done"
    assert any(frame.startswith(f"handle() {SCRIPTS}/worker.php:") for frame in stack)
