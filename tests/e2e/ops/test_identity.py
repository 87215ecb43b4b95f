"""Who the processes run as (contract: RUN_AS, FRONT_USER)."""

import grp
import os
import pwd
import signal
import subprocess

import pytest

from harness import processes
from harness.certificates import Authority, write_secret
from harness.folders import write
from harness.reloads import reload
from harness.server import run_howdah
from harness.tls import TlsSite
from harness.waiting import wait_until

pytestmark = [pytest.mark.howdah_only("its users"), pytest.mark.root_only]


def user_exists(name):
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def test_by_default_php_runs_as_www_data_and_the_front_is_not_root(launch):
    server = launch()
    php = pwd.getpwnam("www-data")
    assert processes.euid(server.parent_pid) == 0
    for pid in (server.host_pid(), *server.worker_pids()):
        assert processes.euid(pid) == php.pw_uid
    front_user = user_exists("howdah") or php
    assert processes.euid(server.front_pid()) == front_user.pw_uid
    assert php.pw_gid in processes.groups(server.front_pid())
    found = server.get("/identity.php").json()
    assert (found["uid"], found["gid"]) == (php.pw_uid, php.pw_gid)


def test_php_has_the_groups_of_its_user_and_none_of_roots(launch):
    found = launch().get("/identity.php").json()
    name = pwd.getpwuid(found["uid"]).pw_name
    own = {group.gr_gid for group in grp.getgrall() if name in group.gr_mem} | {found["gid"]}
    assert set(found["groups"]) <= own
    assert 0 not in found["groups"]


def test_run_as_and_front_user_choose_the_users(launch):
    server = launch(RUN_AS="nobody", FRONT_USER="www-data")
    assert server.get("/identity.php").json()["uid"] == pwd.getpwnam("nobody").pw_uid
    assert processes.euid(server.front_pid()) == pwd.getpwnam("www-data").pw_uid
    assert pwd.getpwnam("nobody").pw_gid in processes.groups(server.front_pid())


def test_no_process_but_the_parent_keeps_a_capability(launch):
    server = launch()
    for pid in (server.front_pid(), server.host_pid(), *server.worker_pids()):
        fields = processes.status(pid)
        for name in ("CapEff", "CapPrm", "CapAmb", "CapInh"):
            assert int(fields[name], 16) == 0, f"{name} of {processes.title(pid)}"
    # Not even by a program that is set-user-ID. PHP's sendmail may need to be one.
    fields = processes.status(server.front_pid())
    assert (int(fields["CapBnd"], 16), fields["NoNewPrivs"]) == (0, "1")
    assert int(processes.status(server.host_pid())["CapBnd"], 16) != 0


def test_nobody_keeps_the_users_and_groups_of_root(launch):
    server = launch(RUN_AS="nobody", FRONT_USER="www-data")
    expected = {server.front_pid(): "www-data", **{pid: "nobody" for pid in server.php_pids()}}
    for pid, name in expected.items():
        user, fields = pwd.getpwnam(name), processes.status(pid)
        # Real, effective, saved and for files.
        assert fields["Uid"].split() == [str(user.pw_uid)] * 4
        assert fields["Gid"].split() == [str(user.pw_gid)] * 4
        assert 0 not in processes.groups(pid)


REACH = """<?php // What a script can do to a process: read its memory and environment, attach to it.
$pid = (int) $_GET['pid'];
$attach = 'import ctypes, os; libc = ctypes.CDLL(None, use_errno=True);'
    . " print('attached' if libc.ptrace(0x4206, $pid, 0, 0) == 0 else os.strerror(ctypes.get_errno()))";
echo json_encode([
    'memory' => (bool) @fopen("/proc/$pid/mem", 'r'),
    'environment' => @file_get_contents("/proc/$pid/environ") !== false,
    'descriptors' => @scandir("/proc/$pid/fd") !== false,
    'attached' => trim((string) shell_exec('/usr/bin/python3 -c ' . escapeshellarg($attach))) === 'attached',
]);
"""
NOTHING = {"memory": False, "environment": False, "descriptors": False, "attached": False}


def reach(server, pid):
    return server.get(f"/reach.php?pid={pid}").json()


def sleeper(user):
    """A process of that user that anyone else of it may look into."""
    return subprocess.Popen(["sleep", "600"], user=user.pw_uid, group=user.pw_gid, extra_groups=[], cwd="/")


def assert_closed(server, pids, user):
    """What a script can do to its like it cannot do to these."""
    other = sleeper(user)
    try:
        wait_until(lambda: processes.program(other.pid) == "sleep", "the other process")
        open_to_php = reach(server, other.pid)
    finally:
        other.kill()
        other.wait()
    # (Memory, too, where the kernel does not restrict ptrace.)
    assert open_to_php["environment"] and open_to_php["descriptors"]
    for pid in pids:
        assert reach(server, pid) == NOTHING, processes.title(pid)


def test_php_of_the_fronts_user_cannot_look_into_it(launch):
    server = launch(RUN_AS="www-data", FRONT_USER="www-data")
    write(server.root, {"reach.php": REACH})
    assert_closed(server, [server.front_pid(), server.parent_pid], pwd.getpwnam("www-data"))


def test_an_unprivileged_start_keeps_front_and_parent_closed_to_php(launch, request):
    if request.config.sanitizers:
        pytest.skip("a sanitizer's leak check needs to look into these processes")
    user = pwd.getpwnam("nobody")
    server = launch.prepare(launch.folder())
    write(server.root, {"reach.php": REACH})
    os.chown(server.run_folder, user.pw_uid, user.pw_gid)
    try:
        server.start(user=user.pw_uid, group=user.pw_gid, extra_groups=[])
        assert_closed(server, [server.front_pid(), server.parent_pid], user)
    finally:
        server.stop()


def test_check_says_what_one_user_cannot_keep_apart(programs, launch):
    environment = launch.prepare(launch.folder()).environment
    apart = run_howdah(programs, "check", env={**environment, "RUN_AS": "www-data", "FRONT_USER": "nobody"}).stdout
    assert "one user" not in apart and "PHP's user can read" not in apart
    one = run_howdah(programs, "check", env={**environment, "RUN_AS": "www-data", "FRONT_USER": "www-data"}).stdout
    assert "Note: PHP and the front are one user, www-data: a script can end the front" in one
    user = pwd.getpwnam("nobody")
    own = run_howdah(programs, "check", env=environment, user=user.pw_uid, group=user.pw_gid, extra_groups=[]).stdout
    assert "Note: PHP runs as the user of all other processes" in own


def test_what_needs_roots_rights_is_done_after_the_start_too(launch):
    """A log and a key that only root may open: reopened, read again, and settings reloaded."""
    closed = launch.folder(mode=0o700)
    log = f"{closed}/howdah.log"
    script = "<?php error_log('said ' . $_GET['word']); echo 'served';"
    site = TlsSite(
        launch, Authority(closed), site=write(launch.folder(), {"index.php": script}), LOG_FILE=log, INDEX_FILE="index.php"
    )
    server = site.server

    def logged(path, text):
        with open(path) as file:
            return text in file.read()

    assert site.get("/?word=one").text == "served"
    wait_until(lambda: logged(log, "said one"), "the line in the first log")
    os.rename(log, f"{log}.1")
    os.kill(server.parent_pid, signal.SIGUSR1)
    wait_until(lambda: os.path.exists(log), "another log")
    assert site.get("/?word=two").text == "served"
    wait_until(lambda: logged(log, "said two"), "the front's line in the other log")
    assert not logged(f"{log}.1", "said two")
    new, old = site.authority.issue("new"), site.pairs[0]
    write_secret(old.key, new.key_pem)
    write_secret(old.cert, new.certificate_pem)
    reload(server)
    wait_until(lambda: logged(log, '"reloaded"'), "the parent's line in the other log")

    def shown():
        with site.connect() as connection:
            return connection.serial()

    wait_until(lambda: shown() == new.serial, "the new certificate")


def test_a_site_that_only_phps_group_may_read_is_served(launch):
    php = pwd.getpwnam("www-data")
    server = launch()
    for name in ("page.html", "index.php"):
        os.chown(os.path.join(server.root, name), 0, php.pw_gid)
        os.chmod(os.path.join(server.root, name), 0o640)
    assert server.get("/page.html").status == 200
    assert server.get("/index.php").status == 200


def test_an_unprivileged_start_runs_everything_as_that_user(programs, launch):
    user = pwd.getpwnam("nobody")
    server = launch.prepare(launch.folder())
    with open(f"{server.root}/identity.php", "w") as file:
        file.write("<?php echo posix_geteuid();")
    os.chmod(f"{server.root}/identity.php", 0o644)
    os.chown(server.run_folder, user.pw_uid, user.pw_gid)
    if not all(os.stat(folder).st_mode & 0o001 for folder in programs.howdah.resolve().parents):
        pytest.skip("the build directory is closed to other users")
    try:
        server.start(user=user.pw_uid, group=user.pw_gid, extra_groups=[])
        assert server.get("/identity.php").text == str(user.pw_uid), server.output()
        assert {processes.euid(pid) for pid in processes.descendants(server.parent_pid)} == {user.pw_uid}
    finally:
        server.stop()
