"""What process mode keeps apart while scripts run side by side (thread mode: its own file)."""

import pytest

from harness.background import at_gate
from harness.waiting import wait_until

pytestmark = pytest.mark.process_only("umask, locale and environment belong to the process")


def test_umask_environment_and_folder_are_private_to_a_worker(launch):
    server = launch()
    before = server.get("/read_environment.php").json()
    other, gate, pid = at_gate(server, "lock_environment.php")
    found = server.get("/read_environment.php").json()
    assert str(found["pid"]) != pid
    assert (found["umask"], found["env"], found["cwd"]) == (before["umask"], False, server.root)
    gate.release()
    assert other.result().text == "released"


def test_a_worker_is_the_first_choice_of_the_oom_killer(launch):
    server = launch()

    def score(pid):
        with open(f"/proc/{pid}/oom_score_adj") as file:
            return int(file.read())

    workers = server.worker_pids()
    wait_until(lambda: min(map(score, workers)) > 0, "the workers to raise their scores")
    assert all(score(pid) > score(server.front_pid()) for pid in workers)
    assert all(score(pid) > score(server.parent_pid) for pid in workers)


def test_hosts_are_for_threads(launch):
    server = launch(PHP_HOSTS=2)
    line = server.wait_for_log(lambda line: "PHP_HOSTS has no effect" in line.get("msg", ""), "about PHP_HOSTS")
    assert line["level"] == "warn"
