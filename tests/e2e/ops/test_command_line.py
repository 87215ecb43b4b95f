"""--help, --version, check, status, serve DIR."""

import json
import os
import pwd
import re
import shutil
import signal
import socket
import stat

import pytest

from harness.folders import write
from harness.ports import free_port
from harness.server import Programs, run_howdah

pytestmark = pytest.mark.howdah_only("its command line")

MOST_CONTROL_CLIENTS = 64


def test_help_lists_the_verbs_and_the_settings(programs):
    result = run_howdah(programs, "--help")
    assert result.returncode == 0
    for word in ("serve", "check", "reload", "status", "--version", "--document-root", "--listen-addr", "--php", "--env-file"):
        assert word in result.stdout, word
    assert result.stderr == ""


def test_version_is_the_name_and_a_number(programs):
    result = run_howdah(programs, "--version")
    assert result.returncode == 0
    assert re.match(r"howdah \d+\.\d+\.\d+", result.stdout)


def test_check_says_what_would_run_and_starts_nothing(programs, launch):
    server = launch.prepare(write(launch.folder(), {"index.php": "<?php"}))
    result = run_howdah(programs, "check", env=server.environment)
    assert result.returncode == 0, result.stderr
    assert server.root in result.stdout
    assert not os.path.exists(server.control_socket)


def test_the_control_socket_is_there_and_closed_to_others(launch):
    server = launch()
    mode = os.stat(server.control_socket).st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


@pytest.mark.root_only
def test_an_unprivileged_servers_control_socket_is_below_its_runtime_directory(programs, launch):
    """CONTROL_SOCKET: /run/howdah where that can be used, else under $XDG_RUNTIME_DIR."""
    nobody = pwd.getpwnam("nobody")
    runtime = launch.folder(0o700)
    os.chown(runtime, nobody.pw_uid, nobody.pw_gid)
    server = launch.prepare(write(launch.folder(), {"index.php": "<?php"}), CONTROL_SOCKET=None, XDG_RUNTIME_DIR=runtime)
    os.chown(server.run_folder, nobody.pw_uid, nobody.pw_gid)
    user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    try:
        server.start(**user)
        mode = os.stat(f"{runtime}/howdah/control.sock").st_mode
        assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600
        result = run_howdah(programs, "status", "--json", env={"XDG_RUNTIME_DIR": runtime}, **user)
        assert result.returncode == 0, result.stderr
        assert len(json.loads(result.stdout)["workers"]) == 2
    finally:
        server.stop()


def test_the_worker_program_is_found_beside_the_program(programs, launch):
    """HOWDAH_PHP: howdah-php in the program's own directory; without one a line that names the variable."""
    folder = launch.folder()
    shutil.copy(programs.howdah, f"{folder}/howdah")
    alone = Programs(programs.mode, f"{folder}/howdah", f"{folder}/howdah-php")
    environment = {"DOCUMENT_ROOT": write(launch.folder(), {"index.php": "<?php"}), "HOWDAH_PHP": None}
    missing = run_howdah(alone, "check", env=environment)
    assert missing.returncode == 2
    assert f"HOWDAH_PHP= (from the default): there is no {alone.php}; accepted: " in missing.stderr
    shutil.copy(programs.php, alone.php)
    found = run_howdah(alone, "check", env=environment)
    assert found.returncode == 0, found.stderr
    assert alone.php in found.stdout


def test_status_as_json(programs, launch):
    server = launch(PHP_WORKERS=3)
    server.get("/index.php")
    result = run_howdah(programs, "status", "--json", env={"CONTROL_SOCKET": server.control_socket})
    assert result.returncode == 0, result.stderr
    value = json.loads(result.stdout)
    assert isinstance(value, dict)
    workers = value["workers"]
    assert (len(workers) if isinstance(workers, list) else workers) == 3


def test_status_for_people(programs, launch):
    server = launch()
    result = run_howdah(programs, "status", env={"CONTROL_SOCKET": server.control_socket})
    assert result.returncode == 0
    assert str(server.front_pid()) in result.stdout or "worker" in result.stdout.lower()


def connect(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(15)
    connection.connect(path)
    return connection


def test_a_client_of_the_control_socket_that_says_nothing_is_cut(launch):
    server = launch()
    with connect(server.control_socket) as silent:
        assert silent.recv(1) == b""


def test_the_control_socket_serves_a_bounded_number_of_clients(programs, launch):
    server = launch()
    silent = [connect(server.control_socket) for _ in range(MOST_CONTROL_CLIENTS)]
    with connect(server.control_socket) as one_more:
        one_more.settimeout(2)
        assert one_more.recv(1) == b""
    for connection in silent:
        connection.close()
    result = run_howdah(programs, "status", env={"CONTROL_SOCKET": server.control_socket})
    assert result.returncode == 0, result.stderr


def test_status_without_a_server_says_so(programs, launch):
    missing = launch.folder() + "/none.sock"
    result = run_howdah(programs, "status", "--json", env={"CONTROL_SOCKET": missing})
    assert result.returncode != 0
    assert missing in result.stderr + result.stdout


def test_a_second_start_on_the_same_port_fails_and_leaves_the_first_alone(programs, launch):
    server = launch()
    environment = {**server.environment, "CONTROL_SOCKET": server.control_socket + "2"}
    assert run_howdah(programs, env=environment).returncode == 2
    assert server.get("/index.php").text == "front page"
    assert stat.S_ISSOCK(os.stat(server.control_socket).st_mode)


def test_a_restart_is_not_stopped_by_the_old_control_socket(launch):
    server = launch()
    os.kill(server.parent_pid, signal.SIGKILL)
    server.expect_exit = None
    server.process.wait()
    # A socket file that nobody listens on is taken over.
    again = launch(site=server.root, CONTROL_SOCKET=server.control_socket)
    assert again.get("/index.php").status == 200


@pytest.mark.parametrize("public", [False, True], ids=["plain", "public"])
def test_serve_dir_serves_for_development_and_prints_the_url(launch, public):
    prefix = "public/" if public else ""
    site = write(
        launch.folder(),
        {
            f"{prefix}index.php": "<?php echo 'front ', ini_get('display_errors'), ini_get('opcache.validate_timestamps');",
            f"{prefix}x.php": "<?php echo 'x';",
            f"{prefix}file.txt": "file",
        },
    )
    port = free_port()
    server = launch(
        site=site, arguments=["serve", site], DOCUMENT_ROOT=None, LISTEN_ADDR=f"127.0.0.1:{port}", LOG_FORMAT=None
    )
    server.address = ("127.0.0.1", port)
    assert server.get("/any/route").text == "front 11"
    assert server.get("/x.php").text == "x"
    assert server.get("/file.txt").text == "file"
    assert f"http://127.0.0.1:{port}" in server.output()
