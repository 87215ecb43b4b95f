"""`howdah serve DIR --watch`: code that changes is run, and browsers are told."""

import os
import signal

import pytest

from harness import processes
from harness.folders import write
from harness.http2 import Http2Connection
from harness.server import run_howdah
from harness.waiting import wait_until
from harness.watching import DOCUMENT, Events, changes, edit, reloads, serve_watched, wait_for_text

WORKER = """<?php
$greeting = GREETING;
while (frankenphp_handle_request(function () use ($greeting) { echo $greeting; }));
"""


def page(text):
    return f"<?php echo '<p>{text}</p>';"


def worker(text):
    return WORKER.replace("GREETING", f"'{text}'")


@pytest.fixture
def site(launch):
    return serve_watched(launch, {"public/index.php": page("one"), "public/app.css": "p {}", "src/a.php": "<?php"})


def test_an_edit_reaches_the_next_request_and_the_browser(site):
    with Events(site) as events:
        assert events.head.header("Content-Type") == "text/event-stream"
        edit(site, public__index=page("two"))
        kind, version = events.next()
        assert kind == "page" and version != events.version
        answer = site.get("/", headers=DOCUMENT)
        assert "<p>two</p>" in answer.text
        assert f'data-version="{version}"' in answer.text
        assert changes(site) == [os.path.join(site.folder, "public/index.php")]


def test_many_quick_edits_are_few_restarts(site):
    with Events(site) as events:
        for number in range(200):
            write(site.folder, {"public/index.php": page(str(number)), f"src/b{number % 10}.php": "<?php"})
        events.next()
        wait_for_text(site, "/", "<p>199</p>")
    wait_until(lambda: reloads(site), "the word of the reload")
    assert reloads(site) <= 10


def test_a_new_directory_is_followed(site):
    with Events(site) as events:
        write(site.folder, {"src/new/deep/c.php": "<?php"})
        events.next()
        before = len(changes(site))
        edit(site, src__new__deep__c="<?php // again")
        wait_until(lambda: len(changes(site)) > before, "the change in the new directory")


def test_style_sheets_alone_restart_nothing(site):
    generation = site.workers()
    with Events(site) as events:
        edit(site, **{"public/app.css": "p { color: red }"})
        assert events.next()[0] == "styles"
        edit(site, **{"public/app.js": "1"})
        assert events.next()[0] == "page"
    assert reloads(site) == 0
    assert [worker["pid"] for worker in site.workers()] == [worker["pid"] for worker in generation]


def test_what_applications_and_editors_write_is_no_change(site):
    write(
        site.folder,
        {
            "var/cache/dev/a.php": "<?php",
            "storage/framework/views/a.php": "<?php",
            ".git/index.php": "<?php",
            "node_modules/x/a.php": "<?php",
            "src/4913": "",
            "src/.a.php.swp": "",
            "src/a.php~": "",
            "data.sqlite": "",
        },
    )
    # What follows comes after it, so that it would have been told by then.
    edit(site, public__index=page("two"))
    wait_until(lambda: reloads(site), "the last of the changes")
    assert changes(site) == [os.path.join(site.folder, "public/index.php")]


def test_what_is_to_be_ignored_is_no_change(launch):
    server = serve_watched(launch, {"index.php": page("one"), "made/x.php": "<?php"}, WATCH_IGNORE="made/**")
    edit(server, made__x="<?php // again")
    edit(server, index=page("two"))
    wait_until(lambda: reloads(server), "the last of the changes")
    assert changes(server) == [os.path.join(server.folder, "index.php")]


def test_a_change_is_seen_by_looking_again_and_again(launch):
    server = serve_watched(launch, {"index.php": page("one")}, WATCH_POLL="100ms")
    server.wait_for_log(lambda line: "again and again: as WATCH_POLL says" in line["msg"], "polling")
    with Events(server) as events:
        edit(server, index=page("two"))
        events.next()
        assert "<p>two</p>" in server.get("/").text


def test_the_settings_are_watched_too(launch):
    folder = launch.folder()
    path = os.path.join(launch.folder(), "server.settings")
    write(folder, {"index.php": "<?php echo getenv('GREETING');"})
    write(os.path.dirname(path), {"server.settings": "GREETING=one\n"})
    server = launch(site=folder, arguments=("serve", folder, "--watch", "--env-file", path), DOCUMENT_ROOT=None)
    server.wait_for_log(lambda line: "for changes" in line["msg"], "the watcher's first line")
    assert server.get("/").text == "one"
    write(os.path.dirname(path), {"server.settings": "GREETING=two\n"})
    wait_for_text(server, "/", "two")


def test_a_worker_script_starts_anew(launch):
    server = serve_watched(launch, {"worker.php": worker("one")}, WORKER_SCRIPT="worker.php", WORKER_NUM=2)
    assert server.get("/x").text == "one"
    edit(server, worker=worker("two"))
    wait_for_text(server, "/x", "two")


def test_a_script_that_does_not_start_leaves_the_old_workers(launch):
    server = serve_watched(launch, {"worker.php": worker("one")}, WORKER_SCRIPT="worker.php", WORKER_NUM=1)
    edit(server, worker="<?php syntax error here")
    server.wait_for_log(lambda line: "not reloaded" in line["msg"], "the failure", 60.0)
    server.wait_for_log(lambda line: "syntax error" in str(line["data"]), "what PHP said")
    assert server.get("/x").text == "one"
    edit(server, worker=worker("two"))
    wait_for_text(server, "/x", "two")


def test_a_start_that_fails_is_tried_until_it_is_mended(launch, programs):
    folder = launch.folder()
    write(folder, {"worker.php": "<?php syntax error here"})
    server = launch.prepare(
        folder,
        arguments=("serve", folder, "--watch"),
        DOCUMENT_ROOT=None,
        WORKER_SCRIPT="worker.php",
        WORKER_NUM=1,
    )
    server.spawn()
    server.wait_for_log(lambda line: "failed to boot" in line["msg"], "the failure")
    write(folder, {"worker.php": worker("mended")})
    wait_until(server.ready, "the server to be ready", 30.0)
    assert server.get("/x").text == "mended"
    server.stop()


def test_a_watcher_that_is_killed_is_replaced(site):
    def watchers():
        return [pid for pid in processes.family(site.process.pid) if "watcher" in processes.title(pid)]

    (first,) = watchers()
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: watchers() not in ([], [first]), "another watcher")
    wait_until(lambda: site.output().count("directories for changes") == 2, "its first line")
    edit(site, public__index=page("two"))
    wait_for_text(site, "/", "<p>two</p>")


def test_the_stream_comes_over_http2_and_ends_with_the_server(site):
    with Http2Connection(site.address) as client, Events(site) as events:
        stream = client.stream(client.request("/.howdah/reload"))
        client.wait(lambda: b"event: page" in stream.body, "the first event")
        edit(site, **{"public/app.css": "p { color: blue }"})
        client.wait(lambda: b"event: styles" in stream.body, "the event")
        assert events.next()[0] == "styles"
        site.process.send_signal(signal.SIGTERM)
        assert events.ended()
        client.wait(lambda: stream.ended, "the end of the stream")


def test_pages_as_they_are_without_watch(launch):
    folder = launch.folder()
    write(folder, {"index.php": page("one"), "a.html": "<p>static</p>"})
    server = launch(site=folder, arguments=("serve", folder), DOCUMENT_ROOT=None, INDEX_FILE=None)
    assert server.get("/", headers=DOCUMENT).text == "<p>one</p>"
    assert server.get("/a.html", headers=DOCUMENT).text == "<p>static</p>"
    assert b"howdah" not in server.get("/.howdah/reload.js").body
    assert not any("for changes" in line.get("msg", "") for line in server.log.json_lines())


def test_what_makes_no_sense_is_refused(programs, tmp_path):
    for arguments in (("--watch",), ("check", str(tmp_path), "--watch")):
        result = run_howdah(programs, *arguments)
        assert result.returncode == 2 and "--watch: only for howdah serve DIR" in result.stderr
    for name in ("WORKER_WATCH", "WATCH_IGNORE"):
        result = run_howdah(programs, "check", env={"DOCUMENT_ROOT": str(tmp_path), name: "src/**.php"})
        assert result.returncode == 2 and f"{name}=src/**.php" in result.stderr
        assert "** stands for whole segments" in result.stderr
