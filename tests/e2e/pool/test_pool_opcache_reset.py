"""opcache_reset() and a full OPcache while requests run: no request fails, and new code is seen."""

import os

import pytest

from harness.load import Load
from harness.waiting import wait_until

RESETS = 200
FILLINGS = 150
NEVER_LOOKS_AGAIN = "opcache.enable=1;opcache.validate_timestamps=0;opcache.file_update_protection=0"


def deaths(server):
    return [line for line in server.log.json_lines() if "died" in line.get("msg", "")]


def test_resets_under_load_cost_no_request(launch):
    server = launch(PHP_WORKERS=4, PHP_INI_SET=NEVER_LOOKS_AGAIN)
    script = os.path.join(server.root, "version.php")
    with open(script, "w") as file:
        file.write("<?php echo 'old';")
    assert server.get("/version.php").text == "old"
    with Load(server, "/mixed.php") as load:
        for _ in range(RESETS):
            answer = server.get("/reset_opcache.php")
            assert answer.status == 200
        assert server.get("/version.php").status == 200
    assert load.failures == []
    assert load.answers > RESETS // 10
    assert deaths(server) == []

    with open(script, "w") as file:
        file.write("<?php echo 'new';")
    assert server.get("/reset_opcache.php").status == 200
    wait_until(lambda: server.get("/version.php").text == "new", "the changed script to be seen")


@pytest.mark.thread_only("OPcache's own restarts are safe between processes")
def test_a_full_opcache_brings_a_new_host_and_costs_no_request(launch):
    server = launch(
        PHP_WORKERS=4,
        PHP_INI_SET=NEVER_LOOKS_AGAIN + ";opcache.memory_consumption=16;opcache.interned_strings_buffer=1;opcache.max_wasted_percentage=5",
    )
    first = server.host_pid()
    folder = server.open_folder("scripts")
    with Load(server, "/mixed.php") as load:
        for _ in range(FILLINGS):
            answer = server.get("/fill_opcache.php?folder=" + folder)
            assert (answer.status, answer.text) == (200, "4000")
    assert load.failures == []
    assert deaths(server) == []
    assert server.host_pid() != first
