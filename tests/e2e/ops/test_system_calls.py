"""The filter of the front's system calls (contract: SECCOMP)."""

import os
import signal

import pytest

from harness import processes
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("its front")

OFF, FILTER = "0", "2"


@pytest.fixture(autouse=True)
def not_under_sanitizers(request):
    if request.config.sanitizers:
        pytest.skip("the sanitizers make calls of their own")


def threads(pid):
    return [int(name) for name in os.listdir(f"/proc/{pid}/task")]


def test_every_thread_of_the_front_is_filtered_and_php_is_not(launch):
    server = launch(FRONT_THREADS=2)
    assert server.get("/index.php").status == 200
    front = server.front_pid()
    assert len(threads(front)) >= 3
    for thread in threads(front):
        fields = processes.status(thread)
        assert (fields["Seccomp"], fields["NoNewPrivs"]) == (FILTER, "1"), fields["Name"]
    # mail() and the like start programs with rights of their own.
    for pid in (server.parent_pid, server.host_pid(), *server.php_pids()):
        fields = processes.status(pid)
        assert (fields["Seccomp"], fields["NoNewPrivs"]) == (OFF, "0"), fields["Name"]


def test_a_front_that_replaces_another_is_filtered_too(launch):
    server = launch()
    first = server.front_pid()
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: not processes.alive(first), "the front to end")
    wait_until(server.ready, "another front")
    assert processes.status(server.front_pid())["Seccomp"] == FILTER
    assert server.get("/index.php").status == 200


def test_a_violation_is_told_and_another_front_serves(launch):
    """What the kernel does to a front that starts a program (system_call_filter_test.cc shows that it does)."""
    server = launch()
    os.kill(server.front_pid(), signal.SIGSYS)
    line = server.wait_for_log(lambda line: line["msg"].startswith("front ended: "), "about the front's end")
    assert "SIGSYS" in line["msg"] or "Bad system call" in line["msg"]
    wait_until(server.ready, "another front")
    assert server.get("/index.php").status == 200


def test_it_can_be_switched_off(launch):
    server = launch(SECCOMP="0")
    assert processes.status(server.front_pid())["Seccomp"] == OFF
    assert server.get("/index.php").status == 200
