"""Small applications on the frameworks that Debian ships: routes, JSON, forms, uploads, sessions,
views and queries."""

import hashlib
import html
import os
import re

import pytest

from harness.apps import FRAMEWORKS, STANDINS, start_classic, start_worker
from harness.forms import multipart, urlencoded

FAILING = ("symfony54", "laravel8")  # those that have a page that throws


def ways(classic, worker):
    """Parameters for `started`: applications run for each request, and such that are worker scripts."""
    return [
        *(pytest.param((name, start_classic), id=name) for name in classic),
        *(pytest.param((name, start_worker), id=f"{name}-worker", marks=pytest.mark.howdah_only) for name in worker),
    ]


def started(request, launch_shared):
    name, start = request.param
    return start(launch_shared, name)


server = pytest.fixture(started, scope="module", params=ways(FRAMEWORKS, (*FRAMEWORKS, *STANDINS)))
failing = pytest.fixture(started, scope="module", params=ways(FAILING, (*FAILING, *STANDINS)))
laravel = pytest.fixture(started, scope="module", params=ways(["laravel8"], ["laravel8"]))


def test_a_route_answers_json(server):
    for _ in range(5):
        answer = server.get("/api/ping")
        assert answer.status == 200, answer.text
        assert answer.json()["pong"] is True
        assert answer.header("Content-Type").startswith("application/json")


def test_a_route_takes_a_parameter(server):
    assert server.get("/hello/Ada").text == "Hello Ada"


def test_an_unknown_route_is_the_frameworks_404(server):
    assert server.get("/no/such/route").status == 404


def test_a_form_is_echoed(server):
    body, headers = urlencoded([("a", "1"), ("list[]", "x"), ("list[]", "y")])
    found = server.post("/echo", body, headers).json()
    assert found == {"post": {"a": "1", "list": ["x", "y"]}, "len": len(body)}


def test_a_json_body_is_seen_whole(server):
    body = b'{"a": [1, 2, 3]}'
    assert server.post("/echo", body, {"Content-Type": "application/json"}).json()["len"] == len(body)


def test_an_upload_arrives_whole(server):
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


def test_sessions_count(server):
    assert count_visits(server) == [1, 2, 3, 4, 5]
    assert count_visits(server) == [1, 2, 3, 4, 5]


def test_laravel_stores_and_shows_rows_through_blade(laravel):
    notes = [f"note <{number}> & more" for number in range(10)]
    body, headers = urlencoded([("notes[]", note) for note in notes])
    answer = laravel.post("/notes", body, headers)
    assert answer.status == 302, answer.text
    assert answer.header("Location").endswith("/notes")
    page = laravel.get("/notes").text
    assert "<h1>10 notes</h1>" in page
    assert [html.unescape(item) for item in re.findall("<li>(.*?)</li>", page)] == notes


def test_an_exception_is_the_frameworks_500_without_details(failing):
    for _ in range(3):
        answer = failing.get("/fail")
        assert answer.status == 500
        assert "on purpose" not in answer.text
