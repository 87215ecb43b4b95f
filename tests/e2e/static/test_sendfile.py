"""Files that a script names: X-Accel-Redirect and X-Sendfile."""

import gzip
import os
from urllib.parse import urlencode

import pytest

from harness.folders import copy_site, write

pytestmark = pytest.mark.howdah_only("nginx takes the URI through its locations")

LARGE = bytes(range(256)) * 4096
PACKED = gzip.compress(b"once is enough " * 1000)
STORE = {
    "picture.jpg": b"\xff\xd8" + bytes(range(256)) * 40, "notes.txt.gz": PACKED, "notes.txt": b"once is enough " * 1000,
    "report.txt": "from the store", "large.bin": LARGE, "code.php": "<?php echo 'source';", ".secret": "secret", "a b.txt": "spaced",
}  # fmt: skip


class Site:
    """A server, its root, and a folder beside it that only scripts can name."""

    def __init__(self, launcher, **settings):
        self.root = copy_site(os.path.join(os.path.dirname(__file__), "www"), launcher.folder())
        write(self.root, {"public.txt": "in the root"})
        self.store = write(launcher.folder(), STORE)
        if settings.pop("own_root", True):
            settings["SENDFILE_ROOT"] = self.store
        self.server = launcher(site=self.root, **settings)

    def send(self, by, file, method="GET", headers=None, fields=(), **query):
        pairs = [("by", by), ("file", file), *[("h[]", field) for field in fields], *query.items()]
        return self.server.request(method, "/send.php?" + urlencode(pairs), headers=headers)

    def accel(self, uri, **rest):
        return self.send("X-Accel-Redirect", uri, **rest)


@pytest.fixture(scope="module")
def site(launch_shared):
    return Site(launch_shared)


def test_the_file_takes_the_place_of_what_the_script_prints(site):
    answer = site.accel("/report.txt")
    assert (answer.status, answer.text, answer.header("Content-Length")) == (200, "from the store", "14")
    assert answer.header("X-Accel-Redirect") is None
    assert answer.header("ETag") and answer.header("Last-Modified") and answer.header("Accept-Ranges") == "bytes"
    assert answer.header("Cache-Control") is None  # not "public": who may see it is the script's to say


def test_output_that_was_flushed_is_dropped_too(site):
    assert site.accel("/report.txt", flush="1").text == "from the store"


def test_a_large_file(site):
    with site.server.connect() as connection:
        for _ in range(3):
            answer = connection.request("GET", "/send.php?by=X-Accel-Redirect&file=/large.bin")
            assert answer.body == LARGE


def test_what_the_script_says_of_the_file_is_kept(site):
    fields = [
        "Content-Type: application/x-report", 'Content-Disposition: attachment; filename="r.txt"', "Set-Cookie: a=1",
        "Set-Cookie: b=2", "Cache-Control: private, max-age=5", "Expires: Thu, 01 Jan 2037 00:00:00 GMT",
    ]  # fmt: skip
    answer = site.accel("/report.txt", fields=fields)
    assert answer.header("Content-Type").startswith("application/x-report")
    assert answer.header("Content-Disposition") == 'attachment; filename="r.txt"'
    assert answer.all("Set-Cookie") == ["a=1", "b=2"]
    assert answer.header("Cache-Control") == "private, max-age=5"
    assert answer.header("Expires") == "Thu, 01 Jan 2037 00:00:00 GMT"


def test_the_rest_is_the_files(site):
    answer = site.accel("/report.txt", fields=['ETag: "script"', "Content-Length: 3", "X-Other: 1"], status="404")
    assert (answer.status, answer.text) == (200, "from the store")
    assert "script" not in answer.header("ETag")
    assert answer.header("X-Other") is None


def test_conditions_and_ranges_are_about_the_file(site):
    etag = site.accel("/report.txt").header("ETag")
    assert site.accel("/report.txt", headers={"If-None-Match": etag}).status == 304
    assert site.accel("/report.txt", headers={"Range": "bytes=5-7"}).text == "the"
    assert site.accel("/report.txt", headers={"Range": "bytes=50-"}).status == 416
    part = site.accel("/large.bin", headers={"Range": "bytes=-1000"})
    assert (part.status, part.body) == (206, LARGE[-1000:])


@pytest.mark.parametrize("name", ["picture.jpg", "notes.txt.gz", "large.bin"])
def test_what_is_packed_already_is_not_encoded(site, name):
    """And a neighbour that is encoded is not sent for a file that was asked for by its own name."""
    stored = STORE[name]
    answer = site.accel(f"/{name}", headers={"Accept-Encoding": "br, zstd, gzip"})
    assert answer.header("Content-Encoding") is None
    assert answer.body == stored


def test_a_coding_that_the_script_names_is_not_the_files(site):
    """As nginx has it: of the script's fields only those about the download stay."""
    answer = site.accel("/picture.jpg", fields=["Content-Encoding: gzip"])
    assert answer.header("Content-Encoding") is None
    assert answer.body == STORE["picture.jpg"]


def test_a_text_goes_out_as_it_is_too(site):
    answer = site.accel("/notes.txt", headers={"Accept-Encoding": "gzip"})
    assert answer.header("Content-Encoding") is None
    assert answer.body == STORE["notes.txt"]


def test_head_and_post(site):
    head = site.accel("/report.txt", method="HEAD")
    assert (head.status, head.body, head.header("Content-Length")) == (200, b"", "14")
    assert site.accel("/report.txt", method="POST", headers={"If-None-Match": "*"}).text == "from the store"


def test_the_uri_is_decoded_once(site):
    assert site.accel("/a%20b.txt").text == "spaced"
    assert site.accel("/a%2520b.txt").status == 404
    assert site.accel("/report.txt?a=b").text == "from the store"


@pytest.mark.parametrize(
    "uri",
    [
        "/code.php", "/code%2ephp", "/.secret", "/%2esecret", "/missing.txt", "/", "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/public.txt", "report.txt", "@named", "http://localhost/report.txt", "/%00", "/%",
    ],
)  # fmt: skip
def test_what_is_not_there_or_never_sent_is_404(site, uri):
    answer = site.accel(uri)
    assert answer.status == 404
    for word in ("printed", "source", "secret", "root:"):
        assert word not in answer.text


def test_without_a_root_of_its_own_it_is_the_document_root(launch):
    site = Site(launch, own_root=False)
    assert site.accel("/public.txt").text == "in the root"
    assert site.accel("/index.php").status == 404
    assert site.send("X-Sendfile", f"{site.store}/report.txt").status == 404


def test_x_sendfile_names_a_path_in_either_root(site):
    assert site.send("X-Sendfile", f"{site.store}/report.txt").text == "from the store"
    assert site.send("X-Sendfile", f"{site.store}/a b.txt").text == "spaced"
    assert site.send("X-Sendfile", f"{site.root}/public.txt").text == "in the root"
    for path in (
        "/etc/hostname", f"{site.store}/../../etc/hostname", f"{site.store}/code.php", f"{site.store}/.secret", f"{site.root}/index.php",
        f"{site.store}x/report.txt", site.store, "report.txt",
    ):  # fmt: skip
        assert site.send("X-Sendfile", path).status == 404, path


def test_links_are_followed_unless_they_may_not_be(launch):
    outside = write(launch.folder(), {"file.txt": "outside"})
    for setting, status in (("1", 200), ("0", 404)):
        site = Site(launch, FOLLOW_SYMLINKS=setting)
        os.symlink(f"{outside}/file.txt", f"{site.store}/link.txt")
        os.symlink("report.txt", f"{site.store}/inside.txt")
        assert site.accel("/link.txt").status == status
        assert site.accel("/inside.txt").text == "from the store"
