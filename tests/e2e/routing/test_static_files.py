"""Static files: types, validators, caching, rights, links, and that changes are seen."""

import functools
import os
import re
import time
from email.utils import formatdate, parsedate_to_datetime

import pytest

from harness.folders import write
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("its headers")

# "A cache may hold an answer for one second at most"; the rest is for a busy machine.
SOON = 1.8

TYPES = {
    "a.html": {"text/html; charset=utf-8"},
    "a.htm": {"text/html; charset=utf-8"},
    "a.css": {"text/css; charset=utf-8"},
    "a.js": {"text/javascript; charset=utf-8", "application/javascript; charset=utf-8", "application/javascript"},
    "a.mjs": {"text/javascript; charset=utf-8", "application/javascript; charset=utf-8", "application/javascript"},
    "a.txt": {"text/plain; charset=utf-8"},
    "a.csv": {"text/csv; charset=utf-8"},
    "a.md": {"text/markdown; charset=utf-8"},
    "a.xml": {"text/xml; charset=utf-8", "application/xml", "application/xml; charset=utf-8"},
    "a.json": {"application/json", "application/json; charset=utf-8"},
    "a.svg": {"image/svg+xml", "image/svg+xml; charset=utf-8"},
    "a.png": {"image/png"},
    "a.jpg": {"image/jpeg"},
    "a.jpeg": {"image/jpeg"},
    "a.gif": {"image/gif"},
    "a.webp": {"image/webp"},
    "a.ico": {"image/x-icon", "image/vnd.microsoft.icon"},
    "a.woff2": {"font/woff2"},
    "a.wasm": {"application/wasm"},
    "a.pdf": {"application/pdf"},
    "a.mp4": {"video/mp4"},
    "a.zip": {"application/zip"},
    "A.PNG": {"image/png"},
    "a.unheard-of": {"application/octet-stream"},
    "noextension": {"application/octet-stream"},
}

CONTENT = "0123456789" * 10


@pytest.fixture(scope="module")
def server(launch_shared):
    site = write(launch_shared.folder(), {**{name: CONTENT for name in TYPES}, "empty.txt": "", "large.bin": bytes(5 << 20)})
    write(site, {"large.bin": os.urandom(5 << 20)})
    return launch_shared(site=site)


@pytest.mark.parametrize("name", TYPES)
def test_the_content_type_follows_the_extension(server, name):
    answer = server.get(f"/{name}")
    assert answer.text == CONTENT
    assert answer.header("Content-Type") in TYPES[name]


def test_head_has_gets_headers(server):
    get, head = server.get("/a.txt"), server.head("/a.txt")
    own = {"date", "x-request-id", "traceparent"}
    assert head.body == b""
    assert {h for h in head.headers if h[0].lower() not in own} == {h for h in get.headers if h[0].lower() not in own}
    assert head.header("Content-Length") == str(len(CONTENT))


def test_an_empty_file(server):
    answer = server.get("/empty.txt")
    assert (answer.status, answer.body, answer.header("Content-Length")) == (200, b"", "0")


def test_a_large_file_arrives_whole_and_the_connection_goes_on(server):
    with open(f"{server.root}/large.bin", "rb") as file:
        content = file.read()
    with server.connect() as connection:
        for _ in range(3):
            assert connection.request("GET", "/large.bin").body == content


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
def test_other_methods_are_405_with_allow(server, method):
    with server.connect() as connection:
        answer = connection.request(method, "/a.txt", b"body")
        assert answer.status == 405
        assert {name.strip() for name in answer.header("Allow").split(",")} == {"GET", "HEAD"}
        assert connection.request("GET", "/a.txt").text == CONTENT


# -- validators --------------------------------------------------------------------------------------


def validators(server):
    answer = server.get("/a.txt")
    return answer.header("ETag"), answer.header("Last-Modified")


def test_the_etag_is_size_and_time_in_hex(server):
    etag, _ = validators(server)
    size, _mtime = re.fullmatch('"([0-9a-f]+)-([0-9a-f]+)"', etag).groups()
    assert int(size, 16) == len(CONTENT)


def test_last_modified_is_the_files_time(server):
    _, modified = validators(server)
    assert int(parsedate_to_datetime(modified).timestamp()) == int(os.stat(f"{server.root}/a.txt").st_mtime)


def conditional(server, **headers):
    return server.get("/a.txt", {name.replace("_", "-"): value for name, value in headers.items()})


def test_a_known_etag_is_304_without_a_body(server):
    etag, _ = validators(server)
    answer = conditional(server, If_None_Match=etag)
    assert (answer.status, answer.body, answer.header("ETag")) == (304, b"", etag)
    assert answer.header("Cache-Control") == "public, max-age=86400"


@pytest.mark.parametrize("form", ['W/{}', '"other", {}', '{}, "other"', '"a,b",W/{}', "*"])
def test_if_none_match_takes_lists_weak_tags_and_the_asterisk(server, form):
    etag, _ = validators(server)
    assert conditional(server, If_None_Match=form.format(etag)).status == 304


def test_another_etag_is_200(server):
    assert conditional(server, If_None_Match='"other"').status == 200


def test_if_modified_since(server):
    _, modified = validators(server)
    assert conditional(server, If_Modified_Since=modified).status == 304
    assert conditional(server, If_Modified_Since=formatdate(time.time() + 1000, usegmt=True)).status in (200, 304)
    assert conditional(server, If_Modified_Since="Thu, 01 Jan 1970 00:00:00 GMT").status == 200
    assert conditional(server, If_Modified_Since="no date").status == 200


def test_if_none_match_wins_over_if_modified_since(server):
    etag, modified = validators(server)
    assert conditional(server, If_None_Match='"other"', If_Modified_Since=modified).status == 200
    assert conditional(server, If_None_Match=etag, If_Modified_Since="Thu, 01 Jan 1970 00:00:00 GMT").status == 304


def test_if_match(server):
    etag, _ = validators(server)
    assert conditional(server, If_Match=etag).status == 200
    assert conditional(server, If_Match="*").status == 200
    assert conditional(server, If_Match='"other"').status == 412
    assert conditional(server, If_Match=f"W/{etag}").status == 412  # only strong comparison counts
    assert conditional(server, If_Match='"other"', If_None_Match=etag).status == 412


def test_if_unmodified_since(server):
    etag, modified = validators(server)
    assert conditional(server, If_Unmodified_Since=modified).status == 200
    assert conditional(server, If_Unmodified_Since="Thu, 01 Jan 1970 00:00:00 GMT").status == 412
    assert conditional(server, If_Match=etag, If_Unmodified_Since="Thu, 01 Jan 1970 00:00:00 GMT").status == 200


def test_an_edited_file_has_another_etag(launch):
    site = write(launch.folder(), {"a.txt": "first"})
    server = launch(site=site)
    before = server.get("/a.txt").header("ETag")
    write(site, {"a.txt": "second, longer"})
    with server.connect() as connection:  # one: each event loop has a cache of its own
        ask = functools.partial(connection.request, "GET", "/a.txt")
        wait_until(lambda: ask().text == "second, longer", "the new content", SOON)
        assert ask().header("ETag") != before
        assert ask(headers={"If-None-Match": before}).status == 200


# -- caching -----------------------------------------------------------------------------------------


def test_a_static_file_may_be_cached_for_a_day(server):
    assert server.get("/a.txt").header("Cache-Control") == "public, max-age=86400"


@pytest.mark.parametrize("ttl, seconds", [("1h", 3600), ("90", 90), ("1w", 604800)])
def test_static_cache_ttl_sets_the_age(launch, ttl, seconds):
    server = launch(site=write(launch.folder(), {"a.txt": "a"}), STATIC_CACHE_TTL=ttl)
    assert server.get("/a.txt").header("Cache-Control") == f"public, max-age={seconds}"


def test_static_cache_ttl_off_leaves_only_the_validators(launch):
    answer = launch(site=write(launch.folder(), {"a.txt": "a"}), STATIC_CACHE_TTL="off").get("/a.txt")
    assert answer.header("Cache-Control") is None
    assert answer.header("Expires") is None
    assert answer.header("ETag") and answer.header("Last-Modified")


# -- changes, rights, links --------------------------------------------------------------------------


def status(server, path):
    return server.get(path).status


def test_files_that_come_and_go_are_seen_at_once(launch):
    site = write(launch.folder(), {"a.txt": "a"})
    server = launch(site=site)
    for name, content in (("new.txt", "new"), ("new.php", "<?php echo 'new';"), ("folder/index.html", "new")):
        path = "/folder/" if name.startswith("folder") else f"/{name}"
        assert status(server, path) == 404
        write(site, {name: content})
        wait_until(lambda: status(server, path) == 200, f"{name} to be found", SOON)
        assert server.get(path).text == "new"
        os.remove(os.path.join(site, name))
        wait_until(lambda: status(server, path) == 404, f"{name} to be gone", SOON)


def test_a_file_put_in_a_routes_place_wins(launch):
    site = write(launch.folder(), {"index.php": "<?php echo 'front';"})
    server = launch(site=site, INDEX_FILE="index.php")
    assert server.get("/robots.txt").text == "front"
    write(site, {"robots.txt": "file"})
    wait_until(lambda: server.get("/robots.txt").text == "file", "the file", SOON)


def test_a_file_that_may_not_be_read_is_403(launch):
    site = write(launch.folder(), {"closed.txt": "closed", "folder/file.txt": "closed", "open.txt": "open"})
    os.chmod(os.path.join(site, "closed.txt"), 0)
    os.chmod(os.path.join(site, "folder"), 0)
    server = launch(site=site)
    for path in ("/closed.txt", "/folder/file.txt"):
        answer = server.get(path)
        assert (answer.status, "closed" in answer.text) == (403, False), path
    assert server.get("/open.txt").text == "open"


def test_a_script_that_php_may_not_read_is_not_a_200(launch):
    site = write(launch.folder(), {"closed.php": "<?php echo 'ran';"})
    os.chmod(os.path.join(site, "closed.php"), 0)
    server = launch(site=site)
    answer = server.get("/closed.php")
    assert answer.status in (403, 404, 500)
    assert "ran" not in answer.text


def test_symlinks_may_leave_the_root(launch):
    outside = write(launch.folder(), {"file.txt": "outside", "run.php": "<?php echo 'ran ', basename(getcwd());"})
    site = write(launch.folder(), {"a.txt": "a"})
    os.symlink(f"{outside}/file.txt", f"{site}/link.txt")
    os.symlink(f"{outside}/run.php", f"{site}/link.php")
    os.symlink(outside, f"{site}/folder")
    os.symlink("/nowhere/at/all", f"{site}/broken.txt")
    server = launch(site=site)
    assert server.get("/link.txt").text == "outside"
    assert server.get("/folder/file.txt").text == "outside"
    assert server.get("/link.php").text.startswith("ran ")
    assert server.get("/folder/run.php").text.startswith("ran ")
    assert server.get("/broken.txt").status == 404


def test_a_document_root_that_is_a_symlink_works(launch):
    release = write(launch.folder(), {"a.txt": "a", "run.php": "<?php echo __DIR__;"})
    current = os.path.join(launch.folder(), "current")
    os.symlink(release, current)
    server = launch(site=current)
    assert server.get("/a.txt").text == "a"
    assert server.get("/run.php").text == release
