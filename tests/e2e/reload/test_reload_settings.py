"""Settings that change at a reload, as a whole or not at all."""

import os

import pytest
from harness.certificates import Authority
from harness.client import Connection
from harness.folders import write
from harness.ports import free_port
from harness.reloads import EnvFile, refused_reload, reload, reload_by_signal
from harness.server import run_howdah
from harness.tls import TlsConnection, trusting
from harness.waiting import wait_until


def state(server):
    return server.get("/state.php").json()


def test_php_settings_and_environment(launch):
    folder = launch.folder()
    ini = os.path.join(folder, "php.ini")
    write(folder, {"php.ini": "highlight.string=one\n"})
    env = EnvFile(launch, PHP_INI=ini, PHP_INI_SET="highlight.comment=a", APP_STAGE="test")
    server = launch(arguments=env.arguments)
    seen = state(server)
    assert (seen["ini"], seen["environment"]) == ({"highlight.string": "one", "highlight.comment": "a"}, "test")
    write(folder, {"php.ini": "highlight.string=two\n"})
    env.write(PHP_INI=ini, PHP_INI_SET="highlight.comment=b", APP_STAGE="live")
    reload(server)
    seen = state(server)
    assert seen["ini"] == {"highlight.string": "two", "highlight.comment": "b"}
    assert (seen["environment"], seen["server"]) == ("live", "live")


def test_limits_and_headers_for_connections_that_exist(launch):
    env = EnvFile(launch, MAX_BODY_SIZE="10", RESPONSE_HEADERS="X-Old: 1", QUEUE_CAPACITY="7")
    server = launch(arguments=env.arguments)
    with Connection(server.address) as kept:
        answer = kept.request("POST", "/sink.php", b"x" * 8)
        assert (answer.status, answer.text, answer.header("X-Old")) == (200, "8", "1")
        env.write(MAX_BODY_SIZE="20", RESPONSE_HEADERS="X-New: 2", REQUEST_TIMEOUT="1s", MAX_HEADER_SIZE="2k")
        reload(server)
        answer = kept.request("POST", "/sink.php", b"x" * 15)
        assert (answer.status, answer.text) == (200, "15")
        assert (answer.header("X-Old"), answer.header("X-New")) == (None, "2")
        assert kept.request("GET", "/slow.php").status == 504
    assert server.post("/sink.php", b"x" * 25).status == 413
    assert server.get("/hello.php", headers={"X-Long": "y" * 3000}).status == 431
    config = server.internal("/config").json()
    assert (config["max_body_size"], config["request_timeout"], config["queue_capacity"]) == (20, "1s", 200)


@pytest.mark.parametrize("count", (1, 5))
def test_worker_counts(launch, count):
    env = EnvFile(launch, PHP_WORKERS="3")
    server = launch(arguments=env.arguments, PHP_WORKERS=None)
    assert len(server.workers()) == 3
    env.write(PHP_WORKERS=count)
    reload(server)
    assert [worker["state"] for worker in server.workers()] == ["idle"] * count
    assert state(server)["workers"] == count
    if server.mode == "process":
        wait_until(lambda: len(server.worker_pids()) == count, "the old workers to end")


def test_logging(launch):
    env = EnvFile(launch, ACCESS_LOG="0")
    server = launch(arguments=env.arguments)
    server.get("/hello.php?before")
    env.write(ACCESS_LOG="1", LOG_LEVEL="error")
    reload(server)
    server.get("/hello.php?after")
    server.wait_for_log(lambda line: line["type"] == "access" and line["data"]["query"] == "after", "of the access")
    assert not any(line["type"] == "access" and line["data"].get("query") == "before" for line in server.log.json_lines())
    reload(server)
    starts = [line for line in server.log.json_lines() if line["msg"] == "reloading"]
    assert len(starts) == 1


def test_a_certificate_under_another_name(launch):
    authority = Authority(launch.folder())
    one, two = authority.issue("one"), authority.issue("two")
    address = ("127.0.0.1", free_port())
    tls = {"TLS_LISTEN_ADDR": "%s:%d" % address}
    env = EnvFile(launch, TLS_CERT=one.cert, TLS_KEY=one.key, **tls)
    server = launch(arguments=env.arguments)

    def shown():
        with TlsConnection(address, trusting(authority)) as connection:
            assert connection.get("/hello.php").text == "hello"
            return connection.serial()

    with TlsConnection(address, trusting(authority)) as kept:
        assert kept.get("/hello.php").text == "hello"
        assert shown() == one.serial
        env.write(TLS_CERT=two.cert, TLS_KEY=two.key, **tls)
        reload(server)
        assert shown() == two.serial
        assert kept.get("/hello.php").text == "hello"
    env.write(TLS_CERT=one.cert, TLS_KEY=two.key, **tls)
    assert "TLS_KEY" in refused_reload(server)
    assert shown() == two.serial
    env.write(**tls)
    assert "TLS_LISTEN_ADDR needs" not in reload(server)
    assert shown() == two.serial


def test_a_wrong_value_changes_nothing(launch):
    env = EnvFile(launch, RESPONSE_HEADERS="X-Old: 1", APP_STAGE="old")
    server = launch(arguments=env.arguments)
    host = server.host_pid()
    env.write(RESPONSE_HEADERS="X-New: 2", APP_STAGE="new", MAX_BODY_SIZE="much")
    reason = refused_reload(server)
    assert "MAX_BODY_SIZE=much (from the env-file)" in reason and "accepted:" in reason
    assert server.host_pid() == host
    assert server.get("/hello.php").header("X-Old") == "1"
    assert state(server)["environment"] == "old"
    server.wait_for_log(
        lambda line: line["level"] == "error" and "MAX_BODY_SIZE=much" in line["msg"], "that names the setting"
    )
    env.write(RESPONSE_HEADERS="X-New: 2", APP_STAGE="new")
    reload_by_signal(server)
    assert server.get("/hello.php").header("X-New") == "2"


@pytest.mark.parametrize(
    "name, value",
    (("PHP_INI", "/nonexistent/php.ini"), ("DOCUMENT_ROOT", "/nonexistent"), ("INDEX_FILE", "gone.php")),
)
def test_a_missing_file_changes_nothing(launch, name, value):
    root = {"DOCUMENT_ROOT": write(launch.folder(), {"hello.php": "<?php echo 'hello';"})}
    env = EnvFile(launch, **root)
    server = launch(arguments=env.arguments, DOCUMENT_ROOT=None)
    env.write(**{**root, name: value})
    assert f"{name}={value}" in refused_reload(server)
    assert server.get("/hello.php").text == "hello"


def test_a_missing_env_file_changes_nothing(launch):
    env = EnvFile(launch)
    server = launch(arguments=env.arguments)
    os.remove(env.path)
    assert env.path in refused_reload(server)
    assert server.get("/hello.php").text == "hello"


def test_what_needs_a_restart_is_named_and_stays(launch):
    env = EnvFile(launch, SERVICE_NAME="first")
    server = launch(arguments=env.arguments)
    env.write(SERVICE_NAME="second", RESPONSE_HEADERS="X-New: 2")
    assert "SERVICE_NAME has changed: it needs a restart" in reload(server)
    server.wait_for_log(lambda line: line["msg"].startswith("SERVICE_NAME has changed"), "that names the setting")
    assert server.internal("/config").json()["service_name"] == "first"
    assert server.get("/hello.php").header("X-New") == "2"


def test_without_a_server_it_says_so(programs):
    result = run_howdah(programs, "reload", env={"CONTROL_SOCKET": "/nonexistent/control.sock"})
    assert result.returncode == 1 and "no server answers" in result.stderr
