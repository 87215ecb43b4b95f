"""PHP_HOSTS: the threads of thread mode in several processes, of which one can be lost alone."""

import os
import signal
import socket

import pytest

from harness import processes
from harness.background import Pending, at_gate, warm_up
from harness.load import Load
from harness.reloads import reload
from harness.waiting import wait_until

pytestmark = pytest.mark.thread_only("processes are apart without it")

NEVER_LOOKS_AGAIN = "opcache.enable=1;opcache.validate_timestamps=0;opcache.file_update_protection=0"


def launch_hosts(launch, hosts=2, workers=4, **options):
    # Which requests meet in one process must not depend on workers that come and go.
    return launch(PHP_HOSTS=hosts, PHP_WORKERS=workers, PHP_WORKERS_MAX=workers, **options)


def all_at_gates(server):
    """One request for each worker: {pid of its process: [(pending, gate), ...]}."""
    held = {}
    for _ in server.workers():
        pending, gate, pid = at_gate(server)
        held.setdefault(int(pid), []).append((pending, gate))
    return held


def release(held):
    for pending, gate in held:
        gate.release()
    return [pending.result().status for pending, _ in held]


@pytest.fixture
def silent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"/socket.php?port={listener.getsockname()[1]}"


def test_the_workers_are_shared_by_the_processes(launch):
    server = launch_hosts(launch, hosts=3, workers=6)
    held = all_at_gates(server)
    assert sorted(held) == server.worker_pids()
    assert [len(requests) for requests in held.values()] == [2, 2, 2]
    assert sorted(processes.title(pid) for pid in held) == [f"howdah-php: host {number}" for number in range(3)]
    assert processes.title(server.host_pid()) == "howdah-php: host"
    assert {worker["pid"] for worker in server.workers()} == set(held)
    for requests in held.values():
        assert release(requests) == [200, 200]


def test_there_are_no_more_processes_than_workers(launch):
    server = launch_hosts(launch, hosts=8, workers=3)
    warm_up(server)
    assert len(server.worker_pids()) == 3
    notice = server.wait_for_log(lambda line: "PHP_HOSTS" in line.get("msg", ""), "about PHP_HOSTS")
    assert notice["level"] == "warn"


@pytest.mark.parametrize("cause", ("killed", "segfault"))
def test_one_that_dies_costs_its_own_requests_only(launch, cause):
    server = launch_hosts(launch, crashes_php=True)
    mother = server.host_pid()
    held = all_at_gates(server)
    victim, survivor = held
    if cause == "killed":
        os.kill(victim, signal.SIGKILL)
    else:
        # One of its two requests leaves, and another one crashes.
        assert release(held[victim][1:]) == [200]
        del held[victim][1:]
        assert server.get("/segfault.php").status == 502
    assert [pending.result().status for pending, _ in held[victim]] == [502] * len(held[victim])
    assert not any(pending.done() for pending, _ in held[survivor])
    answered = server.get("/pid.php")
    assert answered.status == 200
    assert int(answered.text) not in (victim, survivor)
    assert release(held[survivor]) == [200, 200]
    wait_until(lambda: len(server.worker_pids()) == 2, "the successor")
    assert survivor in server.worker_pids()
    assert server.host_pid() == mother
    line = server.wait_for_log(
        lambda line: line.get("msg") == "worker died" and line["data"]["request"], "about the request that was lost"
    )
    assert line["data"]["pid"] == victim
    assert line["data"]["cause"].startswith("killed by " + ("SIGKILL" if cause == "killed" else "SIGSEGV"))


def test_deaths_of_single_processes_bring_no_new_generation(launch):
    server = launch_hosts(launch, hosts=2, workers=16)
    mother = server.host_pid()
    warm_up(server)
    for _ in range(3):
        victim = server.worker_pids()[0]
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: len(server.worker_pids()) == 2 and victim not in server.worker_pids(), "the successor")
        warm_up(server)
    assert server.host_pid() == mother


def test_a_lost_process_takes_the_children_of_its_scripts(launch):
    server = launch_hosts(launch)
    pending, _, pids = at_gate(server, "child_and_wait.php")
    child = int(pids.split()[-1])
    assert processes.alive(child)
    os.kill(processes.parent_of(child), signal.SIGKILL)
    assert pending.result().status == 502
    wait_until(lambda: not processes.alive(child), "the child to end")


def test_no_process_outlives_its_mother(launch):
    server = launch_hosts(launch)
    warm_up(server)
    old = server.worker_pids()
    os.kill(server.host_pid(), signal.SIGKILL)
    wait_until(lambda: not any(map(processes.alive, old)), "the processes to end")
    assert server.get("/pid.php").status == 200


def test_a_thread_that_does_not_come_back_costs_no_other_request(launch, silent):
    server = launch_hosts(launch, www="../time/www", REQUEST_TIMEOUT="2s")
    mother = server.host_pid()
    # One beside it, in each process, that goes on for longer than it.
    held = {}
    while len(held) < 2:
        pending, gate, pid = at_gate(server, "beating_gate.php")
        held.setdefault(int(pid), []).append((pending, gate))
    assert server.get(silent).status == 504
    lost = wait_until(lambda: next((pid for pid in held if pid not in serving(server)), None), "the one that is to end")
    (other,) = set(held) - {lost}
    assert processes.alive(lost)
    assert server.get("/pid.php").status == 200
    assert release(held[lost]) == [200] * len(held[lost])
    wait_until(lambda: not processes.alive(lost), "the process of the lost thread to end")
    assert release(held[other]) == [200] * len(held[other])
    wait_until(lambda: len(serving(server)) == 2, "both processes")
    assert server.host_pid() == mother
    wait_until(lambda: server.metric('tokio_php_worker_restarts_total{cause="timeout"}') == 1, "the restart to be counted")


def serving(server):
    """The processes that idle or new workers are in."""
    return {worker["pid"] for worker in server.workers() if not worker.get("request")}


def test_a_process_with_lost_threads_only_ends_at_once(launch, silent):
    server = launch_hosts(launch, workers=2, www="../time/www", REQUEST_TIMEOUT="1s")
    warm_up(server)
    before = set(server.worker_pids())
    assert server.get(silent).status == 504
    wait_until(lambda: len(server.worker_pids()) == 2 and set(server.worker_pids()) != before, "its successor")
    assert len(before & set(server.worker_pids())) == 1
    assert server.metric('tokio_php_worker_restarts_total{cause="timeout"}') == 1


def test_interrupted_scripts_are_told_of_with_their_place(launch):
    server = launch_hosts(launch, www="../time/www", REQUEST_TIMEOUT="1s")
    assert server.get("/sleep.php").status == 504
    line = server.wait_for_log(lambda line: line.get("msg") == "script interrupted: REQUEST_TIMEOUT", "about it")
    assert "sleep.php" in line["data"]["script"]


def test_opcache_is_one_for_all(launch):
    server = launch_hosts(launch, PHP_INI_SET=NEVER_LOOKS_AGAIN)
    script = os.path.join(server.root, "version.php")
    with open(script, "w") as file:
        file.write("<?php echo 'old ', getmypid();")
    wait_until(lambda: len(answers(server)) == 2, "an answer of each process")
    with open(script, "w") as file:
        file.write("<?php echo 'new ', getmypid();")
    assert {answer.split()[0] for answer in answers(server)} == {"old"}


def answers(server):
    """What requests that run at the same time get, in both processes if they can."""
    waiting = [Pending(server.address, "/version.php") for _ in range(16)]
    return {pending.result().text for pending in waiting}


def test_resets_under_load_cost_no_request(launch):
    server = launch_hosts(launch, PHP_INI_SET=NEVER_LOOKS_AGAIN)
    mother = server.host_pid()
    with Load(server, "/mixed.php") as load:
        for _ in range(50):
            assert server.get("/reset_opcache.php").status == 200
        wait_until(lambda: server.host_pid() != mother, "another host")
    assert load.failures == []
    assert not [line for line in server.log.json_lines() if "died" in line.get("msg", "")]


def test_a_full_opcache_costs_no_request(launch):
    server = launch_hosts(
        launch,
        PHP_INI_SET=NEVER_LOOKS_AGAIN
        + ";opcache.memory_consumption=16;opcache.interned_strings_buffer=1;opcache.max_wasted_percentage=5",
    )
    mother = server.host_pid()
    folder = server.open_folder("scripts")
    with Load(server, "/mixed.php") as load:
        for _ in range(60):
            assert server.get("/fill_opcache.php?folder=" + folder).text == "4000"
    assert load.failures == []
    assert not [line for line in server.log.json_lines() if "died" in line.get("msg", "")]
    assert server.host_pid() != mother


def test_a_reload_under_load_loses_nothing(launch):
    server = launch_hosts(launch)
    mother = server.host_pid()
    with Load(server, "/mixed.php") as load:
        for _ in range(3):
            reload(server)
    assert load.failures == []
    assert server.host_pid() != mother
    wait_until(lambda: len(server.worker_pids()) == 2, "the processes of the old generation to end")


def test_requests_are_finished_when_the_server_ends(launch):
    server = launch_hosts(launch)
    held = all_at_gates(server)
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: not server.ready(), "the server to take no more")
    for requests in held.values():
        assert release(requests) == [200, 200]
    assert server.process.wait(30) == 0


def test_recycling_and_growth(launch):
    server = launch(PHP_HOSTS=2, PHP_WORKERS=2, PHP_WORKERS_MAX=6, PHP_MAX_REQUESTS=5)
    held = [at_gate(server) for _ in range(2)]
    more = [Pending(server.address, "/pid.php") for _ in range(4)]
    assert [pending.result().status for pending in more] == [200] * 4
    assert len(server.workers()) > 2
    assert release([(pending, gate) for pending, gate, _ in held]) == [200, 200]
    with Load(server, "/pid.php") as load:
        wait_until(lambda: server.metric('tokio_php_worker_restarts_total{cause="max_requests"}') > 20, "recycling")
    assert load.failures == []
    assert len(server.worker_pids()) == 2
