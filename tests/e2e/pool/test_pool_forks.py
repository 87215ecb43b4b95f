"""Scripts that fork or start programs."""

import resource

import pytest


@pytest.mark.parametrize("end", ["return", "exit", "fatal"])
def test_a_forked_child_cannot_answer(launch, end):
    server = launch(PHP_WORKERS=1)
    with server.raw() as raw:
        for _ in range(5):
            raw.send(f"GET /fork.php?end={end} HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = raw.read_response()
            assert (answer.status, answer.text) == (200, "parent")
        raw.send("GET /pid.php HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert raw.read_response().text.isdigit()
        assert raw.ended()


def test_a_child_that_outlives_its_request_serves_nobody(launch):
    server = launch(PHP_WORKERS=1)
    pids = set()
    with server.connect() as connection:
        for number in range(40):
            assert connection.request("GET", "/fork_and_leave.php").text == "parent"
            answer = connection.request("GET", f"/nonce.php?n={number}")
            assert answer.text.split()[0] == str(number)
            pids.add(connection.request("GET", "/pid.php").text)
    assert pids == {str(worker["pid"]) for worker in server.workers()}


def test_a_program_that_php_starts_inherits_a_clean_process(launch):
    # Once OPcache has the script, PHP does not hold its file open while it runs.
    server = launch(INTERNAL_TOKEN="secret-internal-token", PHP_WORKERS=1, PHP_INI_SET="opcache.file_update_protection=0")
    server.get("/child_environment.php")
    found = server.get("/child_environment.php").json()
    masks = dict(line.split(":\t") for line in found["signals"].splitlines())
    assert int(masks["SigBlk"], 16) == 0
    internal = 1 << 31 | 1 << 32  # signals 32 and 33 are the C library's own; nobody can reset them
    pipe = 1 << 12  # PHP-FPM ignores SIGPIPE too, so that a closed socket does not end the worker
    assert int(masks["SigIgn"], 16) & ~internal & ~pipe == 0
    assert "secret-internal-token" not in found["environment"]
    for line in found["capabilities"].splitlines():
        assert int(line.split(":\t")[1], 16) == 0, line
    # 0, 1, 2, and the folder that ls itself has open.
    assert [int(fd) for fd in found["files"].split()] in ([0, 1, 2, 3], [0, 1, 2])


def test_a_program_that_php_starts_has_the_soft_descriptor_limit_of_the_start(launch):
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = launch().get("/child_environment.php").json()["limit"]
    assert limit == ("unlimited" if soft == resource.RLIM_INFINITY else str(soft))
