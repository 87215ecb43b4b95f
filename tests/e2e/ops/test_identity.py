"""Who the processes run as (contract: RUN_AS, FRONT_USER)."""

import grp
import os
import pwd

import pytest

from harness import processes

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


def test_a_site_that_only_phps_group_may_read_is_served(launch):
    php = pwd.getpwnam("www-data")
    server = launch()
    for name in ("page.html", "index.php"):
        os.chown(os.path.join(server.root, name), 0, php.pw_gid)
        os.chmod(os.path.join(server.root, name), 0o640)
    assert server.get("/page.html").status == 200
    assert server.get("/index.php").status == 200


def test_the_front_cannot_be_read_by_php(launch):
    server = launch(RUN_AS="www-data", FRONT_USER="www-data")
    assert processes.euid(server.front_pid()) == processes.euid(server.host_pid())
    # Not dumpable: its /proc files belong to root although its user is www-data.
    assert os.stat(f"/proc/{server.front_pid()}/environ").st_uid == 0


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
