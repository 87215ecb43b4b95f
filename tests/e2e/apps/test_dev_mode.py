"""Frameworks in development mode with a cold cache, many workers and a crowd: what a framework compiles
for itself is compiled by all workers at the same time."""

import os
import threading

import pytest

from harness.apps import copy_app
from harness.client import Connection
from harness.waiting import allow, wait_until

WORKERS = 8
CLIENTS = 64
ANSWER_TIMEOUT = 120

APPS = {
    "symfony54": {
        "targets": {"/api/ping": '"pong":true', "/hello/Ada": "Hello Ada", "/session": '"n":1'},
        "cache": "var/cache/dev",
    },
    "laravel8": {
        "targets": {"/api/ping": '"pong":true', "/hello/Ada": "Hello Ada", "/session": '"n":1', "/notes": "notes</h1>"},
        "cache": "storage/framework/views",
        # Laravel 8 writes a compiled template in place: whoever includes it at that moment sees an empty one.
        "may_be_empty": ["/notes"],
    },
}  # fmt: skip


class Crowd:
    """All clients begin at the same moment; each walks once through the targets, from another one on."""

    def __init__(self, server, targets):
        self._server = server
        self._targets = list(targets)
        self._start = threading.Barrier(CLIENTS)
        self.answers = []
        threads = [threading.Thread(target=self._visit, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _visit(self, number):
        with Connection(self._server.address, ANSWER_TIMEOUT) as connection:
            self._start.wait(allow(ANSWER_TIMEOUT))
            for step in range(len(self._targets)):
                target = self._targets[(number + step) % len(self._targets)]
                try:
                    self.answers.append((target, connection.request("GET", target)))
                except OSError as error:
                    self.answers.append((target, error))


@pytest.fixture(params=APPS)
def app(request, launch):
    """(server, its folder, its description)"""
    name = request.param
    about = APPS[name]
    folder = copy_app(name, launch.folder())
    server = launch(
        site=f"{folder}/public", INDEX_FILE="index.php", PHP_WORKERS=WORKERS, APP_ENV="dev", APP_DEBUG=1,
        REQUEST_TIMEOUT=f"{ANSWER_TIMEOUT}s",
        PHP_INI_SET=f"include_path=.:/usr/share/php;session.save_path={launch.folder(mode=0o777)};display_errors=0"
        ";opcache.revalidate_freq=0;max_execution_time=0",
    )  # fmt: skip
    if name == "laravel8":
        assert server.post("/notes", b"notes[]=one", {"Content-Type": "application/x-www-form-urlencoded"}).status == 302
        for entry in os.scandir(os.path.join(folder, about["cache"])):
            os.remove(entry.path)
    return server, folder, about


def assert_all_served(server, crowd, about):
    assert len(crowd.answers) == CLIENTS * len(about["targets"])
    for target, answer in crowd.answers:
        assert not isinstance(answer, OSError), (target, answer)
        assert answer.status == 200, f"{target}: {answer.status} {answer.text[:1500]}\n{server.output()}"
        if not answer.text and target in about.get("may_be_empty", []):
            continue
        assert about["targets"][target] in answer.text, (target, answer.text[:1500])
    for target, text in about["targets"].items():
        assert any(text in answer.text for asked, answer in crowd.answers if asked == target), target
        assert target == "/session" or text in server.get(target).text


def assert_nothing_died(server, php_before):
    assert server.php_pids() == php_before
    assert [line for line in server.log.json_lines() if "died" in line["msg"] or "ended" in line["msg"]] == []


def test_a_crowd_on_a_cold_cache_is_served_and_nothing_dies(app):
    server, folder, about = app
    php = wait_until(lambda: server.php_pids() if len(server.workers()) == WORKERS else None, "all workers")
    crowd = Crowd(server, about["targets"])
    assert_all_served(server, crowd, about)
    assert os.listdir(os.path.join(folder, about["cache"])), "nothing was compiled"
    assert_nothing_died(server, php)


def test_an_edit_under_load_is_compiled_again_and_nothing_dies(app):
    server, folder, about = app
    for target in about["targets"]:
        assert server.get(target).status == 200
    php = server.php_pids()
    edited = ["public/index.php", "resources/views/notes.blade.php"]
    for path in (os.path.join(folder, name) for name in edited):
        if os.path.exists(path):
            with open(path, "a") as file:
                file.write("\n")
    crowd = Crowd(server, about["targets"])
    assert_all_served(server, crowd, about)
    assert_nothing_died(server, php)
