"""What a new generation brings: code, a switched root; and what it does when it cannot start."""

import gzip
import os

from harness.background import at_gate
from harness.client import RawConnection
from harness.folders import write
from harness.reloads import EnvFile, Releases, refused_reload, reload, reload_by_signal
from harness.waiting import wait_until

NEVER_LOOKS_AGAIN = "opcache.enable=1;opcache.validate_timestamps=0;opcache.file_update_protection=0"


def test_changed_code_is_run_although_opcache_never_looks_again(launch):
    server = launch(PHP_INI_SET=NEVER_LOOKS_AGAIN)
    for version, again in (("one", reload), ("two", reload_by_signal), ("three", None)):
        write(server.root, {"version.php": f"<?php echo '{version}';"})
        if version == "one":
            assert server.get("/version.php").text == "one"
            continue
        assert server.get("/version.php").text != version
        (again or reload)(server)
        assert server.get("/version.php").text == version


def test_a_root_that_is_a_link_is_resolved_again(launch):
    releases = Releases(launch)
    files = {"version.php": "<?php echo __FILE__;", "style.css": "/* {} */" + " " * 300}
    first = releases.deploy("r1", {name: text.replace("{}", "one") for name, text in files.items()})
    server = launch(site=releases.current, PHP_INI_SET=NEVER_LOOKS_AGAIN)
    assert server.get("/version.php").text == first + "/version.php"
    assert server.get("/style.css", headers={"Accept-Encoding": "gzip"}).status == 200

    second = releases.deploy("r2", {name: text.replace("{}", "two") for name, text in files.items()})
    # The encoded one in the cache is of another file, though its size and time are the same.
    times = os.stat(first + "/style.css")
    os.utime(second + "/style.css", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert server.get("/version.php").text == first + "/version.php"
    reload(server)
    assert server.get("/version.php").text == second + "/version.php"
    answer = server.get("/style.css", headers={"Accept-Encoding": "gzip"})
    assert b"two" in gzip.decompress(answer.body)
    assert "two" in server.get("/style.css").text


def test_a_running_request_ends_in_its_own_generation(launch):
    server = launch()
    old = server.host_pid()
    pending, gate, _ = at_gate(server)
    reload(server)
    assert server.get("/hello.php").text == "hello"
    assert not pending.done()
    gate.release()
    assert pending.result().text == "released"
    wait_until(lambda: server.host_pid() != old, "the old generation to end")


def test_a_stream_goes_on_until_reload_drain_cuts_it(launch):
    server = launch(RELOAD_DRAIN="2s")
    gate = server.gate()
    with RawConnection(server.address) as raw:
        raw.send(f"GET /gate.php?stream=1&gate={gate.path} HTTP/1.1\r\nHost: a\r\n\r\n")
        assert raw.read_head().status == 200
        assert raw.read_chunk() == b"first\n"
        gate.wait_started()
        reload(server)
        assert server.get("/hello.php").text == "hello"
        try:
            assert raw.read_some() == b""
        except ConnectionResetError:
            pass  # the other way to say that it was cut
    line = server.wait_for_log(lambda line: "RELOAD_DRAIN is over" in line["msg"], "about the cut")
    assert line["data"]["requests"] == 1
    server.wait_for_log(
        lambda line: line["msg"] == "request cut with its worker generation"
        and line["data"]["request"] == "GET /gate.php",
        "that names the request",
    )


def test_a_preload_script_that_fails_leaves_the_old_generation(launch):
    env = EnvFile(launch)
    server = launch(arguments=env.arguments, PHP_INI_SET=None)
    write(server.root, {"preload.php": "<?php function preloaded() { return 'preloaded'; }"})
    old = server.host_pid()
    write(server.root, {"broken.php": "<?php no_such_function();"})
    env.write(PHP_INI_SET=f"opcache.enable=1;opcache.preload={server.root}/broken.php")
    assert "no_such_function" in refused_reload(server)
    assert server.host_pid() == old
    assert server.get("/hello.php").text == "hello"
    server.wait_for_log(
        lambda line: line["msg"].startswith("not reloaded") and "no_such_function" in line["data"]["because"],
        "that says why",
    )
    env.write(PHP_INI_SET=f"opcache.enable=1;opcache.preload={server.root}/preload.php")
    reload(server)
    write(server.root, {"uses.php": "<?php echo preloaded();"})
    assert server.get("/uses.php").text == "preloaded"


def test_a_serving_host_that_dies_later_is_replaced_with_the_settings_in_use(launch):
    env = EnvFile(launch, APP_STAGE="one")
    server = launch(arguments=env.arguments)
    env.write(APP_STAGE="two")
    reload(server)
    env.write(APP_STAGE="three", MAX_BODY_SIZE="wrong")
    refused_reload(server)
    host = server.host_pid()
    os.kill(host, 9)
    wait_until(lambda: server.host_pid() != host and server.ready(), "another host")
    assert server.get("/state.php").json()["environment"] == "two"
