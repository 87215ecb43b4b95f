"""Ten thousand requests of every kind, then the same processes with as many descriptors and as much
memory as before."""

import threading

import pytest

from harness import processes
from harness.background import warm_up
from harness.client import RawConnection
from harness.forms import multipart
from harness.waiting import wait_until

ROUNDS = 10_000
WARM_UP = 2_000
BATCH = 50
MEMORY_SLACK_KIB = 3072


def message(method, target, body=b"", headers=None):
    lines = [f"{method} {target} HTTP/1.1", "Host: a", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def mixture():
    form, form_headers = multipart([("a", "1")], [("f", "a.bin", "application/octet-stream", bytes(20_000))])
    return [
        (200, message("GET", "/mixed.php?x=1")),
        (200, message("POST", "/mixed.php", b"a=1&b=2", {"Content-Type": "application/x-www-form-urlencoded"})),
        (200, message("POST", "/mixed.php", bytes(20_000), {"Content-Type": "application/json"})),
        (200, message("POST", "/mixed.php", bytes(200_000), {"Content-Type": "application/octet-stream"})),
        (200, message("POST", "/mixed.php", form, form_headers)),
        (500, message("GET", "/mixed.php?throw=1")),
        (404, message("GET", "/missing.txt")),
        (200, message("GET", "/huge.php?mb=1")),
        (200, message("GET", "/pid.php")),
        (400, message("GET", "/%zz")),
    ]


def drive(server, count):
    """Sends `count` requests of the mixture over two connections, a batch at a time."""
    kinds = mixture()

    def one_connection(share):
        done = 0
        while done < share:
            with RawConnection(server.address, timeout=60) as raw:
                for number in range(min(BATCH, share - done)):
                    status, request = kinds[(done + number) % len(kinds)]
                    raw.send(request)
                    answer = raw.read_response()
                    if answer.status != status:
                        failures.append((status, answer.status, request[:60]))
                        return
                    if (answer.header("Connection") or "").lower() == "close":
                        break
                done += number + 1

    failures = []
    threads = [threading.Thread(target=one_connection, args=(count // 2,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]


def measure(server):
    pids = [server.parent_pid, server.front_pid(), server.host_pid(), *server.worker_pids()]
    return {pid: (processes.fd_count(pid), processes.rss_anon_kib(pid)) for pid in pids}


def wait_for_descriptors(server, before):
    """A connection's end is seen a moment after the client made it; files may be kept for a second."""
    def grown():
        return {
            f"{processes.title(pid)}: {before[pid][0]} descriptors, then {files}"
            for pid, (files, _) in measure(server).items()
            if pid in before and files > before[pid][0]
        }

    wait_until(lambda: not grown(), lambda: f"descriptors to be given back: {grown()}")


def assert_memory_flat(before, after):
    for pid in before.keys() & after.keys():
        slack = processes.memory_slack(pid, MEMORY_SLACK_KIB)
        assert after[pid][1] <= before[pid][1] + slack, f"memory of {processes.title(pid)}: {before[pid]} {after[pid]}"


def test_descriptors_memory_and_processes_do_not_grow(launch):
    server = launch()
    warm_up(server)
    drive(server, WARM_UP)
    before = measure(server)
    drive(server, ROUNDS)
    wait_for_descriptors(server, before)
    after = measure(server)
    assert after.keys() == before.keys(), "the same processes"
    assert_memory_flat(before, after)
    assert len(processes.descendants(server.parent_pid)) == len(after) - 1


def test_recycled_workers_leave_nothing_behind(launch):
    server = launch(PHP_MAX_REQUESTS=1)

    def drive_singly(count):
        with server.connect() as connection:
            for number in range(count):
                assert connection.request("GET", "/pid.php").status == 200

    drive_singly(100)
    lasting = (server.parent_pid, server.front_pid(), server.host_pid())
    before = {pid: found for pid, found in measure(server).items() if pid in lasting}
    drive_singly(500)
    wait_for_descriptors(server, before)
    assert_memory_flat(before, measure(server))
    wait_until(lambda: server.metric('tokio_php_worker_restarts_total{cause="max_requests"}') == 600, "600 restarts")
    assert {worker["restarts"] for worker in server.workers()} != {0}
    wait_until(lambda: len(server.php_pids()) == (2 if server.mode == "process" else 1), "as many workers as before")


@pytest.mark.process_only("a crash ends the host of all threads")
def test_crashes_leave_nothing_behind(launch):
    server = launch(crashes_php=True)
    for _ in range(10):
        assert server.get("/segfault.php").status == 502
    warm_up(server)
    before = measure(server)
    family = len(processes.descendants(server.parent_pid))
    for _ in range(50):
        assert server.get("/segfault.php", timeout=30).status == 502
    assert server.get("/pid.php").status == 200
    wait_for_descriptors(server, before)
    assert_memory_flat(before, measure(server))
    wait_until(lambda: len(processes.descendants(server.parent_pid)) == family, "the same number of processes")


def test_clients_that_leave_in_the_middle_leave_nothing_behind(launch):
    server = launch(ACCESS_LOG=1)

    def misbehave():
        with server.raw() as raw:  # half a head
            raw.send("GET / HTTP/1.1\r\nHo")
        with server.raw() as raw:  # half a body
            raw.send("POST /input.php HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
        with server.raw() as raw:  # half a spooled body
            raw.send(b"POST /input.php HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n" + bytes(2_000_000))
        raw = server.raw(receive_buffer=4096)  # reset in the middle of an answer
        raw.send("GET /huge.php?mb=20 HTTP/1.1\r\nHost: a\r\n\r\n")
        raw.read_head()
        raw.reset()
        raw = server.raw()  # reset before the answer
        raw.send("GET /nonce.php?n=1 HTTP/1.1\r\nHost: a\r\n\r\n")
        raw.reset()
        assert server.get("/pid.php").status == 200

    def settled():
        return server.internal("/health").json()["active_connections"] == 0

    warm_up(server)
    for _ in range(5):
        misbehave()
    wait_until(settled, "connections to end")
    before = measure(server)
    for _ in range(40):
        misbehave()
    wait_until(settled, "connections to end")
    wait_for_descriptors(server, before)
    assert_memory_flat(before, measure(server))
