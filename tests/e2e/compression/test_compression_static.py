"""Static files: encoded bodies, their tags, and that changes are seen."""

import base64
import os
import random
import threading

import pytest

from harness.codings import CODINGS, accept, decoded, varies
from harness.folders import write
from harness.http2 import SETTINGS_INITIAL_WINDOW_SIZE, Http2Connection, window_update
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("its compression")

TEXT = "".join(f".rule-{i} {{ margin: {i * i % 97}px }}\n" for i in range(1000)).encode()
LARGE = (TEXT * 200)[: (3 << 20) + 1]
NOISE = random.Random(1).randbytes(5000)


@pytest.fixture(scope="module")
def server(launch_shared):
    files = {
        "a.css": TEXT, "a.png": TEXT, "a.html": TEXT, "small.css": TEXT[:255], "least.css": TEXT[:256],
        "most.css": LARGE[:-1], "large.css": LARGE, "noise.txt": NOISE, "together.css": LARGE[:-2],
    }  # fmt: skip
    return launch_shared(site=write(launch_shared.folder(), files))


@pytest.mark.parametrize("coding", CODINGS)
def test_a_file_is_encoded_as_the_client_asks(server, coding):
    for _ in range(2):  # made, and from the cache
        answer = server.get("/a.css", accept(coding))
        assert answer.header("Content-Encoding") == coding
        assert varies(answer) and answer.header("Content-Type") == "text/css; charset=utf-8"
        assert int(answer.header("Content-Length")) == len(answer.body) < len(TEXT) / 3
        assert decoded(answer) == TEXT


@pytest.mark.parametrize(
    "name, encoded",
    [("small.css", False), ("least.css", True), ("most.css", True), ("large.css", False), ("noise.txt", False)],
)
def test_size_decides(server, name, encoded):
    answer = server.get(f"/{name}", accept("gzip"))
    assert (answer.header("Content-Encoding") == "gzip") == encoded
    assert varies(answer)
    assert decoded(answer) == {"large.css": LARGE, "most.css": LARGE[:-1], "noise.txt": NOISE}.get(name, decoded(answer))


def test_other_types_go_out_as_they_are(server):
    answer = server.get("/a.png", accept("br"))
    assert answer.header("Content-Encoding") is None and not varies(answer)
    assert answer.body == TEXT


def test_each_coding_has_a_tag_of_its_own(server):
    tags = {coding: server.get("/a.css", accept(coding)).header("ETag") for coding in (*CODINGS, "identity")}
    assert len(set(tags.values())) == 4
    assert not any(tag.startswith("W/") for tag in tags.values())
    for coding, tag in tags.items():
        answer = server.get("/a.css", {**accept(coding), "If-None-Match": tag})
        assert (answer.status, answer.header("ETag"), answer.body) == (304, tag, b"")
        assert varies(answer) and answer.header("Content-Encoding") is None
    crossed = server.get("/a.css", {**accept("br"), "If-None-Match": tags["gzip"]})
    assert crossed.status == 200 and crossed.header("Content-Encoding") == "br"


def test_head_has_the_head_of_get(server):
    get, head = server.get("/a.html", accept("br")), server.head("/a.html", accept("br"))
    assert head.body == b""
    for name in ("Content-Encoding", "Content-Length", "ETag", "Vary"):
        assert head.header(name) == get.header(name) is not None


def test_many_who_ask_at_once_get_the_same(server):
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(server.get("/together.css", accept("br")))) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 12
    assert {answer.header("Content-Encoding") for answer in answers} == {"br"}
    assert all(decoded(answer) == LARGE[:-2] for answer in answers)


def test_a_client_that_leaves_while_a_file_is_encoded_harms_nobody(server):
    for i in range(20):
        with server.raw() as raw:
            raw.send(f"GET /most.css?{i} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: zstd\r\n\r\n")
            raw.reset()
    assert decoded(server.get("/most.css", accept("zstd"))) == LARGE[:-1]


def test_a_changed_file_is_encoded_anew(launch):
    site = write(launch.folder(), {"a.css": TEXT})
    server = launch(site=site)
    assert decoded(server.get("/a.css", accept("br"))) == TEXT
    write(site, {"a.css": TEXT[::-1]})
    os.utime(f"{site}/a.css", (1_000_000_000, 1_000_000_000))
    wait_until(lambda: decoded(server.get("/a.css", accept("br"))) == TEXT[::-1], "the new file")


@pytest.mark.parametrize("settings", [{"STATIC_CACHE_SIZE": "0"}, {"COMPRESSION": "off"}])
def test_files_go_out_as_they_are_without_a_cache_or_codings(launch, settings):
    server = launch(site=write(launch.folder(), {"a.css": TEXT}), **settings)
    answer = server.get("/a.css", accept("br"))
    assert answer.header("Content-Encoding") is None and answer.body == TEXT


def test_a_full_cache_serves_on(launch):
    files = {f"{i}.css": TEXT + bytes(str(i), "ascii") for i in range(20)}
    server = launch(site=write(launch.folder(), files), STATIC_CACHE_SIZE="20k")
    for _ in range(2):
        for name, text in files.items():
            assert decoded(server.get(f"/{name}", accept("gzip"))) == text


def test_an_encoded_file_that_is_not_taken_is_kept_once(launch):
    """Many streams whose windows are shut: little of it goes to the spool, and it arrives whole."""
    text = base64.b64encode(random.Random(2).randbytes(2 << 20))
    server = launch(site=write(launch.folder(), {"large.css": text}))
    assert decoded(server.get("/large.css", accept("gzip"))) == text
    with Http2Connection(server.address, [(SETTINGS_INITIAL_WINDOW_SIZE, 0)]) as connection:
        streams = [connection.request("/large.css", more=[("accept-encoding", "gzip")]) for _ in range(20)]
        connection.wait(lambda: all(connection.stream(stream).heads for stream in streams), "the heads")
        connection.expect_alive()
        assert server.metric("tokio_php_spool_bytes") < 20 * (128 << 10)
        connection.send(window_update(0, 2**31 - 1 - 65535))
        for stream in streams:
            connection.send(window_update(stream, 2**31 - 1))
            answer = connection.response(stream)
            assert int(answer.header("content-length")) == len(answer.body)
            assert decoded(answer) == text
