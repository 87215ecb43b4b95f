"""The kernel runs out of memory for the server: a worker is what it ends, and nothing else is lost."""

import contextlib
import os
import signal
import uuid
from pathlib import Path

import pytest

from harness import processes
from harness.background import at_gate
from harness.folders import copy_site
from harness.waiting import wait_until

LIMIT = 400 << 20
# Of cgroup v1, and of v2 where the memory controller is handed on to children.
GROUPS = (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max"))


@pytest.fixture
def small_group():
    """A memory cgroup; what writes its pid to `cgroup.procs` there is in it."""
    for root, limit in GROUPS:
        folder = os.path.join(root, f"howdah-test-{uuid.uuid4().hex[:8]}")
        with contextlib.suppress(OSError):
            os.mkdir(folder)
            try:
                with open(os.path.join(folder, limit), "w") as file:
                    file.write(str(LIMIT))
                yield folder
                wait_until(lambda: not open(os.path.join(folder, "cgroup.procs")).read(), "the group to be empty")
            finally:
                os.rmdir(folder)
            return
    pytest.skip("no memory cgroup can be made here")


@pytest.mark.root_only
@pytest.mark.looks_at_memory
@pytest.mark.process_only("in thread mode the host is what has the memory")
def test_the_kernel_ends_the_worker_that_takes_all_memory(launch, small_group):
    root = launch.folder()
    copy_site(Path(__file__).parent / "www", root)
    server = launch.prepare(root, PHP_WORKERS=2)
    group = os.path.join(small_group, "cgroup.procs")

    def join():
        with open(group, "w") as file:
            file.write(str(os.getpid()))

    server.start(preexec_fn=join)
    try:
        other, gate, _ = at_gate(server)
        family = [server.parent_pid, server.front_pid(), server.host_pid()]
        answer = server.get("/eat_memory.php", timeout=60)
        assert answer.status == 502
        line = server.wait_for_log(lambda line: "worker died" in line["msg"], "that a worker died")
        assert "SIGKILL" in str(line)
        gate.release()
        assert other.result().text == "released"
        assert server.get("/pid.php").status == 200
        assert [server.parent_pid, server.front_pid(), server.host_pid()] == family
    finally:
        server.stop()


def test_without_a_worker_the_server_is_not_ready(launch):
    server = launch(PHP_WORKERS=1)
    parent, host = server.parent_pid, server.host_pid()
    os.kill(parent, signal.SIGSTOP)  # it would start another host
    try:
        os.kill(host, signal.SIGKILL)
        wait_until(lambda: server.internal("/health/ready").status == 503, "the server not to be ready")
        assert server.internal("/health/live").status == 200
    finally:
        os.kill(parent, signal.SIGCONT)
    wait_until(server.ready, "the server to be ready again")
    assert server.get("/pid.php").status == 200
    assert processes.alive(parent)
