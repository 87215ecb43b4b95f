"""Thread mode: a thread that does not come back costs its host, and the host's other requests nothing."""

import socket

import pytest

from harness import processes
from harness.background import Pending, at_gate
from harness.waiting import wait_until

pytestmark = pytest.mark.thread_only("processes are replaced one by one")


def hosts(server):
    name = server.programs.php.resolve().name
    return [pid for pid in processes.descendants(server.parent_pid) if processes.program(pid) == name]


@pytest.fixture
def silent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"/socket.php?port={listener.getsockname()[1]}"


def test_the_other_threads_requests_go_on(launch, silent):
    server = launch(PHP_WORKERS=3, REQUEST_TIMEOUT="2s")
    old = server.host_pid()
    waiting, gate, _ = at_gate(server, "beating_gate.php")
    assert server.get(silent).status == 504
    # Two hosts: the one that serves, and the one that finishes what it runs.
    wait_until(lambda: len(hosts(server)) == 2, "another host")
    wait_until(lambda: server.get("/pid.php").text not in ("", str(old)), "an answer of the new host")
    assert not waiting.done()
    assert processes.alive(old)
    gate.release()
    assert waiting.result().text == "released"
    wait_until(lambda: not processes.alive(old), "the old host to end")
    assert server.metric('tokio_php_worker_restarts_total{cause="timeout"}') == 1


def test_the_host_serves_with_its_other_threads_until_another_takes_over(launch, silent):
    server = launch(PHP_WORKERS=2, REQUEST_TIMEOUT="1s")
    old = server.host_pid()
    stuck = Pending(server.address, silent)
    answers = []
    while not stuck.done() or server.get("/pid.php").text == str(old):
        answers.append(server.get("/pid.php").status)
    assert stuck.result().status == 504
    assert set(answers) == {200}


def test_the_child_of_a_script_ends_with_the_host_only(launch):
    # Held by another request, the host goes on, and with it the thread that nobody waits for.
    server = launch(PHP_WORKERS=3, REQUEST_TIMEOUT="2s")
    waiting, gate, _ = at_gate(server, "beating_gate.php")
    held, _, child = at_gate(server, "child_and_loop.php")
    assert held.result().status == 504
    wait_until(lambda: len(hosts(server)) == 2, "another host")
    assert processes.alive(int(child))  # process mode ends it with its worker
    gate.release()
    assert waiting.result().text == "released"
    wait_until(lambda: not processes.alive(int(child)), "the child to end with its host")
