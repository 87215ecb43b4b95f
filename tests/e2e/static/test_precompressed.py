"""Precompressed neighbours: x.br, x.zst and x.gz beside x."""

import gzip
import os

import pytest

from harness.folders import write
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("nginx needs a module for each coding")

# "A cache may hold an answer for one second at most"; the rest is for a busy machine.
SOON = 1.8

PLAIN = "body { color: red }\n" * 50
PACKED = gzip.compress(PLAIN.encode())
FILES = {
    "a.css": PLAIN,
    "a.css.gz": PACKED,
    "a.css.br": "in brotli",
    "a.css.zst": "in zstd",
    "only.bin": PLAIN,
    "only.bin.gz": PACKED,
    "index.html": "the page",
    "index.html.gz": gzip.compress(b"the page"),
    "none.bin": PLAIN,
}
SUFFIXES = {None: "", "br": ".br", "zstd": ".zst", "gzip": ".gz"}


@pytest.fixture(scope="module")
def server(launch_shared):
    return launch_shared(site=write(launch_shared.folder(), FILES), INDEX_FILE="index.html")


def accepting(server, path, codings, **headers):
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.get(path, {"Accept-Encoding": codings, **fields})


@pytest.mark.parametrize(
    "codings, coding",
    [
        ("gzip, zstd, br", "br"),
        ("gzip, zstd", "zstd"),
        ("gzip", "gzip"),
        ("gzip, br;q=0.1", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("*", "br"),
        ("identity", None),
        ("deflate", None),
        ("gzip;q=0", None),
        ("", None),
    ],
)
def test_the_client_and_the_settings_choose(server, codings, coding):
    answer = accepting(server, "/a.css", codings)
    assert answer.header("Content-Encoding") == coding
    content = FILES[f"a.css{SUFFIXES[coding]}"]
    assert answer.body == (content if isinstance(content, bytes) else content.encode())
    assert answer.header("Content-Type") == "text/css; charset=utf-8"
    assert answer.header("Vary") == "Accept-Encoding"
    assert answer.header("Cache-Control") == "public, max-age=86400"


def test_each_encoding_has_an_entity_tag_of_its_own(server):
    tags = {accepting(server, "/a.css", coding).header("ETag") for coding in ("br", "zstd", "gzip", "identity")}
    assert len(tags) == 4
    tag = accepting(server, "/a.css", "gzip").header("ETag")
    unchanged = accepting(server, "/a.css", "gzip", If_None_Match=tag)
    assert (unchanged.status, unchanged.header("Vary")) == (304, "Accept-Encoding")
    assert accepting(server, "/a.css", "br", If_None_Match=tag).status == 200


def test_ranges_are_of_the_encoded_bytes(server):
    answer = accepting(server, "/a.css", "gzip", Range="bytes=2-5")
    assert (answer.status, answer.body) == (206, PACKED[2:6])
    assert answer.header("Content-Range") == f"bytes 2-5/{len(PACKED)}"
    assert answer.header("Content-Encoding") == "gzip"


def test_a_file_without_neighbours_does_not_get_theirs(server):
    answer = accepting(server, "/none.bin", "br, gzip")
    assert (answer.text, answer.header("Content-Encoding"), answer.header("Vary")) == (PLAIN, None, None)
    answer = accepting(server, "/only.bin", "br")
    assert (answer.text, answer.header("Content-Encoding"), answer.header("Vary")) == (PLAIN, None, "Accept-Encoding")


def test_the_fallback_file_has_neighbours_too(server):
    answer = accepting(server, "/some/route", "gzip")
    assert (answer.header("Content-Encoding"), gzip.decompress(answer.body)) == ("gzip", b"the page")
    assert answer.header("Cache-Control") == "no-cache"
    assert answer.header("Content-Type") == "text/html; charset=utf-8"


def test_a_neighbour_is_a_file_of_its_own_by_name(server):
    answer = accepting(server, "/a.css.gz", "gzip")
    assert (answer.body, answer.header("Content-Encoding")) == (PACKED, None)
    assert answer.header("Content-Type") == "application/gzip"


def test_head_has_gets_headers(server):
    head = server.request("HEAD", "/a.css", headers={"Accept-Encoding": "gzip"})
    assert (head.header("Content-Encoding"), head.header("Content-Length"), head.body) == ("gzip", str(len(PACKED)), b"")


def test_a_neighbour_older_than_its_file_is_not_used(launch):
    site = write(launch.folder(), {"a.bin": "new content", "a.bin.gz": gzip.compress(b"old content")})
    os.utime(os.path.join(site, "a.bin.gz"), (1_000_000_000, 1_000_000_000))
    server = launch(site=site)
    assert accepting(server, "/a.bin", "gzip").text == "new content"
    os.utime(os.path.join(site, "a.bin.gz"))
    wait_until(lambda: accepting(server, "/a.bin", "gzip").header("Content-Encoding") == "gzip", "the neighbour", SOON)
    write(site, {"a.bin": "newer content"})
    os.utime(os.path.join(site, "a.bin.gz"), (1_000_000_000, 1_000_000_000))
    wait_until(lambda: accepting(server, "/a.bin", "gzip").text == "newer content", "the new file", SOON)


@pytest.mark.parametrize("setting, coding", [("off", None), ("gzip", "gzip"), ("gzip,br", "gzip"), ("zstd,br", "zstd")])
def test_compression_says_which_are_used(launch, setting, coding):
    server = launch(site=write(launch.folder(), FILES), COMPRESSION=setting)
    assert accepting(server, "/a.css", "br, gzip, zstd").header("Content-Encoding") == coding
