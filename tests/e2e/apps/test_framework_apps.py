"""Small applications on the frameworks that Debian ships: routes, JSON, forms, uploads, sessions,
views and queries."""

import hashlib
import html
import os
import re

import pytest

from harness.apps import copy_app
from harness.forms import multipart, urlencoded

APPS = ("slim3", "symfony54", "illuminate", "lumen", "laravel8")

# What each application must be able to write to.
def start(launch, name):
    folder = copy_app(name, launch.folder())
    settings = f"include_path=.:/usr/share/php;session.save_path={launch.folder(mode=0o777)}"
    return launch(site=f"{folder}/public", INDEX_FILE="index.php", PHP_INI_SET=settings)


@pytest.fixture(scope="module", params=APPS)
def app(request, launch_shared):
    return request.param, start(launch_shared, request.param)


@pytest.fixture(scope="module")
def symfony(launch_shared):
    return start(launch_shared, "symfony54")


@pytest.fixture(scope="module")
def laravel(launch_shared):
    return start(launch_shared, "laravel8")


def test_a_route_answers_json(app):
    _, server = app
    for _ in range(5):
        answer = server.get("/api/ping")
        assert answer.status == 200, answer.text
        assert answer.json()["pong"] is True
        assert answer.header("Content-Type").startswith("application/json")


def test_a_route_takes_a_parameter(app):
    _, server = app
    assert server.get("/hello/Ada").text == "Hello Ada"


def test_an_unknown_route_is_the_frameworks_404(app):
    _, server = app
    assert server.get("/no/such/route").status == 404


def test_a_form_is_echoed(app):
    _, server = app
    body, headers = urlencoded([("a", "1"), ("list[]", "x"), ("list[]", "y")])
    found = server.post("/echo", body, headers).json()
    assert found == {"post": {"a": "1", "list": ["x", "y"]}, "len": len(body)}


def test_a_json_body_is_seen_whole(app):
    _, server = app
    body = b'{"a": [1, 2, 3]}'
    assert server.post("/echo", body, {"Content-Type": "application/json"}).json()["len"] == len(body)


def test_an_upload_arrives_whole(app):
    _, server = app
    content = os.urandom(1_500_000)
    body, headers = multipart(files=[("file", "data.bin", "application/octet-stream", content)])
    found = server.post("/upload", body, headers).json()
    assert found == {"size": len(content), "sha1": hashlib.sha1(content).hexdigest()}


def count_visits(server):
    """Follows the session's cookie, which a framework may set anew each time."""
    cookie, visits = None, []
    for _ in range(5):
        answer = server.get("/session", {"Cookie": cookie} if cookie else {})
        assert answer.status == 200, answer.text
        visits.append(answer.json()["n"])
        cookies = [value.split(";")[0] for value in answer.all("Set-Cookie")]
        cookie = "; ".join(cookies) or cookie
    return visits


def test_symfony_sessions_count(symfony):
    assert count_visits(symfony) == [1, 2, 3, 4, 5]
    assert count_visits(symfony) == [1, 2, 3, 4, 5]


def test_laravel_sessions_count(laravel):
    assert count_visits(laravel) == [1, 2, 3, 4, 5]
    assert count_visits(laravel) == [1, 2, 3, 4, 5]


def test_laravel_stores_and_shows_rows_through_blade(laravel):
    notes = [f"note <{number}> & more" for number in range(10)]
    body, headers = urlencoded([("notes[]", note) for note in notes])
    answer = laravel.post("/notes", body, headers)
    assert answer.status == 302, answer.text
    assert answer.header("Location").endswith("/notes")
    page = laravel.get("/notes").text
    assert "<h1>10 notes</h1>" in page
    assert [html.unescape(item) for item in re.findall("<li>(.*?)</li>", page)] == notes


def test_an_exception_is_the_frameworks_500_without_details(symfony, laravel):
    for server in (symfony, laravel):
        answer = server.get("/fail")
        assert answer.status == 500
        assert "on purpose" not in answer.text
