"""WORKER_WATCH: worker scripts start anew when files change that they name; no request is lost."""

import os

from harness.folders import write
from harness.load import Load
from harness.waiting import wait_until
from harness.watching import changes, restarts, wait_for_text, watching

WORKER = """<?php
$greeting = require __DIR__ . '/../src/greeting.php';
while (frankenphp_handle_request(function () use ($greeting) { echo $greeting; }));
"""


def site(launch):
    folder = launch.folder()
    write(folder, {"public/worker.php": WORKER, "src/greeting.php": "<?php return 'one';"})
    return folder


def start(launch, folder, **options):
    settings = {"WORKER_SCRIPT": "worker.php", "WORKER_NUM": 2, "WORKER_WATCH": "../src/**/*.php, !../src/generated/**"}
    server = launch(site=os.path.join(folder, "public"), **{**settings, **options})
    return watching(server)


def test_new_code_serves_and_no_request_is_lost(launch):
    folder = site(launch)
    server = start(launch, folder)
    assert server.get("/x").text == "one"
    with Load(server, "/x", clients=4) as load:
        for text in ("two", "three"):
            write(folder, {"src/greeting.php": f"<?php return '{text}';"})
            wait_for_text(server, "/x", text)
    assert load.failures == [] and load.answers > 0
    assert set(changes(server)) == {os.path.join(folder, "src/greeting.php")}


def test_other_files_restart_nothing(launch):
    folder = site(launch)
    server = start(launch, folder)
    write(
        folder,
        {"src/generated/a.php": "<?php", "src/a.txt": "", "tests/a.php": "<?php", "public/other.php": "<?php"},
    )
    write(folder, {"src/greeting.php": "<?php return 'two';"})
    wait_for_text(server, "/x", "two")
    assert changes(server) == [os.path.join(folder, "src/greeting.php")]
    wait_until(lambda: restarts(server), "the word of the restart")
    assert restarts(server) == 1
    # Browsers have no part in it.
    assert server.get("/.howdah/reload").status == 404


def test_files_that_come_later_are_seen(launch):
    folder = site(launch)
    server = start(launch, folder, WORKER_WATCH="../later/**/*.php")
    write(folder, {"later/on/a.php": "<?php"})
    wait_until(lambda: restarts(server) == 1, lambda: f"a restart\n{server.output()}", 20.0)


def test_several_scripts_watch_their_own_files(launch):
    folder = site(launch)
    write(folder, {"public/second.php": WORKER.replace("src", "lib"), "lib/greeting.php": "<?php return 'b1';"})
    server = start(
        launch,
        folder,
        WORKER_SCRIPT="worker.php;second.php",
        WORKER_NUM="1",
        WORKER_MATCH="/a/*;/b/*",
        WORKER_WATCH="off;../lib/*.php",
    )
    assert (server.get("/a/").text, server.get("/b/").text) == ("one", "b1")

    def pids_of_first():
        return [worker["pid"] for worker in server.workers() if worker["pool"] == "worker.php"]

    first = pids_of_first()
    write(folder, {"lib/greeting.php": "<?php return 'b2';"})
    wait_for_text(server, "/b/", "b2")
    assert first and pids_of_first() == first


def test_a_script_that_does_not_start_leaves_the_old_workers(launch):
    folder = site(launch)
    server = start(launch, folder, WORKER_MAX_FAILURES=0)
    write(folder, {"src/greeting.php": "<?php syntax error here"})
    server.wait_for_log(lambda line: "workers not restarted" in line["msg"], "the failure", 30.0)
    assert server.get("/x").text == "one"
    write(folder, {"src/greeting.php": "<?php return 'two';"})
    wait_for_text(server, "/x", "two")
