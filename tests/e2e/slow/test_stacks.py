"""/workers?stack=1 (CONTRACT section 7): where the scripts are that run now."""

import os
import threading

from harness.background import Pending, at_gate
from harness.waiting import wait_until


def stacks(server):
    return {worker["worker"]: worker for worker in server.internal("/workers?stack=1").json()["workers"]}


def busy(server):
    return [worker for worker in stacks(server).values() if worker["stack"]]


def test_workers_that_wait_have_none(launch):
    server = launch()
    assert len(stacks(server)) == 2
    assert all(worker["stack"] is None and worker["waiting_in"] is None for worker in stacks(server).values())
    assert all("stack" not in worker for worker in server.workers())


def test_a_script_in_a_loop_and_one_that_reads(launch):
    server = launch()
    end = os.path.join(server.open_folder("ends"), "end")
    loop = Pending(server.address, f"/loop.php?end={end}")
    gated, gate, _ = at_gate(server)
    wait_until(lambda: len(busy(server)) == 2, "two stacks")
    by_request = {worker["request"]: worker for worker in busy(server)}
    open(end, "w").close()
    gate.release()
    assert loop.result().text == "done" and gated.result().text == "released"
    assert any(frame.startswith("spin() ") for frame in by_request["GET /loop.php"]["stack"])
    at_the_gate = by_request["GET /gate.php"]
    assert at_the_gate["stack"][0] in ("fgets()", "fread()", "file_get_contents()", "stream_get_contents()", "file()")
    assert at_the_gate["waiting_in"].startswith(("read(fd ", "poll", "ppoll"))


def test_asking_all_the_time_under_load_harms_nobody(launch):
    server = launch(SLOW_REQUEST="1ms", PHP_WORKERS="3")
    pids = server.php_pids()
    end = os.path.join(server.open_folder("ends"), "end")
    loop = Pending(server.address, f"/loop.php?end={end}")
    wrong = []

    def send():
        for number in range(150):
            path = ("/fast.php", "/generator_fast.php", "/names.php")[number % 3]
            answer = server.get(path)
            if answer.status != 200:
                wrong.append((path, answer.status))

    def look():
        for _ in range(100):
            if server.internal("/workers?stack=1").status != 200:
                wrong.append("/workers?stack=1")

    threads = [threading.Thread(target=each) for each in (send, send, look, look)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    open(end, "w").close()
    assert loop.result().text == "done"
    assert wrong == []
    assert server.php_pids() == pids
