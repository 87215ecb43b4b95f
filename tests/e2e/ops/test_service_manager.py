"""What a service manager hears (sd_notify(3)): ready, reloading, stopping, alive."""

import os
import signal
import time

import pytest

from harness.background import at_gate
from harness.client import request
from harness.folders import write
from harness.reloads import EnvFile
from harness.server import run_howdah
from harness.service_manager import ServiceManager

pytestmark = pytest.mark.howdah_only("its service manager")

WATCHDOG = {"WATCHDOG_USEC": "400000"}


@pytest.fixture
def manager(launch):
    with ServiceManager(launch.folder()) as manager:
        yield manager


@pytest.mark.parametrize("abstract", [False, True], ids=["path", "abstract"])
def test_ready_is_said_when_requests_are_answered(launch, abstract):
    with ServiceManager(launch.folder(), abstract) as manager:
        server = launch.prepare(launch.folder(), NOTIFY_SOCKET=manager.address)
        write(server.root, {"index.php": "<?php echo 'served';"})
        server.spawn()
        try:
            first = manager.next("READY=1")
            assert (first["READY"], first["MAINPID"], first["STATUS"]) == ("1", str(server.parent_pid), "Serving")
            assert request(server.address, "GET", "/index.php").text == "served"
        finally:
            server.stop()


def test_ready_is_not_said_before_the_workers_wait(launch, manager):
    server = launch.prepare(launch.folder(), NOTIFY_SOCKET=manager.address, WORKER_SCRIPT="worker.php", WORKER_NUM=1)
    gate = server.gate()
    boots = f"""<?php
        fwrite(fopen('{gate.path}/started', 'r+'), getmypid() . "\\n");
        fgets(fopen('{gate.path}/go', 'r'));
        while (frankenphp_handle_request(fn () => print 'served')) {{}}"""
    write(server.root, {"worker.php": boots})
    server.spawn()
    try:
        gate.wait_started()
        assert server.internal("/health/startup").status == 503
        manager.wait_for_silence(0.5, most=1)
        gate.release()
        assert manager.next("READY=1")["READY"] == "1"
        assert server.get("/").text == "served"
    finally:
        server.stop()


def test_a_reload_is_said_when_it_begins_and_when_it_is_over(launch, manager):
    server = launch(NOTIFY_SOCKET=manager.address)
    manager.wait_for("READY", "the start")
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    os.kill(server.parent_pid, signal.SIGHUP)
    began = manager.next("RELOADING=1")
    assert began["RELOADING"] == "1" and int(began["MONOTONIC_USEC"]) >= before
    assert manager.next("READY=1 again")["STATUS"] == "Serving"
    # Its workers are the new ones.
    assert server.internal("/health/ready").status == 200


def test_a_reload_that_fails_is_over_too(launch, manager):
    settings = EnvFile(launch, MAX_BODY_SIZE="1m")
    server = launch(arguments=settings.arguments, NOTIFY_SOCKET=manager.address)
    manager.wait_for("READY", "the start")
    settings.write(MAX_BODY_SIZE="nonsense")
    os.kill(server.parent_pid, signal.SIGHUP)
    assert "RELOADING" in manager.next("RELOADING=1")
    over = manager.next("READY=1 again")
    assert over["READY"] == "1" and over["STATUS"].startswith("Not reloaded: ") and "MAX_BODY_SIZE" in over["STATUS"]


def test_stopping_is_said_at_once(launch, manager):
    server = launch(NOTIFY_SOCKET=manager.address)
    manager.wait_for("READY", "the start")
    running, gate, _ = at_gate(server)
    server.process.send_signal(signal.SIGTERM)
    assert manager.next("STOPPING=1")["STOPPING"] == "1"
    assert server.running() and not running.done()
    gate.release()
    assert running.result().status == 200
    assert server.process.wait(20) == 0


def test_the_watchdog_hears_of_a_front_that_runs_and_of_no_other(launch, manager):
    server = launch(NOTIFY_SOCKET=manager.address, FRONT_THREADS=2, **WATCHDOG)
    for _ in range(3):
        assert manager.wait_for("WATCHDOG", "a sign of life")["WATCHDOG"] == "1"
    front = server.front_pid()
    os.kill(front, signal.SIGSTOP)
    try:
        # The parent runs, and what the manager waits for is that the front does.
        manager.wait_for_silence(2.0)
        assert server.running()
    finally:
        os.kill(front, signal.SIGCONT)
    manager.wait_for("WATCHDOG", "a sign of life")
    # Another front is asked as well.
    os.kill(front, signal.SIGKILL)
    assert "ended" in manager.wait_for("STATUS", "word of the front's end")["STATUS"]
    manager.wait_for("WATCHDOG", "a sign of life")


def test_the_watchdog_goes_on_while_a_drain_lasts(launch, manager):
    server = launch(NOTIFY_SOCKET=manager.address, **WATCHDOG)
    running, gate, _ = at_gate(server)
    server.process.send_signal(signal.SIGTERM)
    manager.wait_for("STOPPING", "the drain")
    for _ in range(3):
        manager.wait_for("WATCHDOG", "a sign of life")
    gate.release()
    assert running.result().status == 200


def test_a_watchdog_of_another_process_is_none(launch, manager):
    server = launch(NOTIFY_SOCKET=manager.address, WATCHDOG_PID="1", **WATCHDOG)
    manager.wait_for("READY", "the start")
    manager.wait_for_silence(2.0, most=1)
    assert server.running()


def test_php_hears_nothing_of_it(launch, manager):
    more = {"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "web", "WATCHDOG_PID": "1"}
    server = launch(NOTIFY_SOCKET=manager.address, **more, **WATCHDOG)
    assert server.get("/service_manager.php").json() == []


def test_a_manager_that_is_gone_is_told_of_once(launch, manager):
    server = launch(NOTIFY_SOCKET=manager.address, **WATCHDOG)
    manager.wait_for("WATCHDOG", "a sign of life")
    manager.remove()
    line = server.wait_for_log(lambda line: line["msg"] == "the service manager cannot be told", "about the manager")
    assert line["data"]["NOTIFY_SOCKET"] == manager.address
    assert server.get("/service_manager.php").status == 200


@pytest.mark.parametrize("variable", ["NOTIFY_SOCKET=vsock:2:1", "WATCHDOG_USEC=soon"])
def test_what_is_wrong_stops_the_start(programs, launch, variable):
    environment = launch.prepare(launch.folder()).environment
    told = run_howdah(programs, env={**environment, **dict([variable.split("=")])})
    assert told.returncode == 2
    assert f"{variable}: " in told.stderr
