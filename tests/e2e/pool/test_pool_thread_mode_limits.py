"""What thread mode cannot keep, asserted as such: threads of one host share one process."""

import os
import signal

import pytest

from harness.background import at_gate

pytestmark = pytest.mark.thread_only("what threads of one process share")


def test_all_workers_have_one_pid(launch):
    server = launch()
    (first, first_gate, first_pid), (second, second_gate, second_pid) = at_gate(server), at_gate(server)
    assert first_pid == second_pid == str(server.host_pid())
    for pending, gate in ((first, first_gate), (second, second_gate)):
        gate.release()
        assert pending.result().status == 200


def test_a_crash_costs_every_request_the_host_was_running(launch):
    server = launch(crashes_php=True)
    other, _, _ = at_gate(server)
    assert server.get("/segfault.php").status == 502
    assert other.result().status == 502
    assert server.get("/pid.php").status == 200


def test_a_killed_host_costs_every_request_it_was_running(launch):
    server = launch()
    first, second = at_gate(server)[0], at_gate(server)[0]
    os.kill(server.host_pid(), signal.SIGKILL)
    assert [first.result().status, second.result().status] == [502, 502]


def test_the_umask_is_one_for_all_while_a_script_runs(launch):
    server = launch()
    other, gate, _ = at_gate(server, "lock_environment.php")
    found = server.get("/read_environment.php").json()
    assert found["umask"] == 0o077
    gate.release()
    assert other.result().text == "released"


def test_the_working_directory_and_what_putenv_assigns_are_a_scripts_own_even_here(launch):
    # PHP keeps a directory a thread, Howdah the assignments: these are no limits, and stay so.
    server = launch()
    other, gate, _ = at_gate(server, "lock_environment.php")
    found = server.get("/read_environment.php").json()
    assert (found["cwd"], found["env"], found["child"]) == (server.root, False, "none")
    gate.release()
    assert other.result().text == "released"
