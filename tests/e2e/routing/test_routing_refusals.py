"""What is never served: dot files, source, anything outside the root, undecodable paths."""

import os

import pytest

from harness.folders import write

pytestmark = pytest.mark.howdah_only("its routing rules")

SOURCE = "<?php /* the-secret-source */ echo 'ran';"
SITE = {
    "index.php": "<?php echo 'front';",
    "index.html": "page",
    "file.txt": "a file",
    "folder/file.txt": "a file in a folder",
    "folder/run.php": "<?php echo 'run in a folder';",
    ".env": "the-secret-source",
    ".git/config": "the-secret-source",
    "folder/.hidden": "the-secret-source",
    "folder/.hidden.php": SOURCE,
    ".hidden/run.php": SOURCE,
    ".well-known/token.txt": "token",
    ".well-known/acme-challenge/abc": "challenge",
    "a b/ä.txt": "odd name",
    "plus+and&.txt": "plus",
    **{
        name: SOURCE
        for name in (
            "up.PHP", "mixed.Php", "mixed.pHp", "other.phtml", "other.PHTML", "include.inc", "include.Inc",
            "archive.phar", "archive.PHAR", "folder/up.PHP", "folder/include.inc",
        )
    },
}  # fmt: skip

COLUMNS = {
    "none": {},
    "php": {"INDEX_FILE": "index.php"},
    "scripts": {"INDEX_FILE": "index.php", "INDEX_SCRIPTS": "1"},
    "html": {"INDEX_FILE": "index.html"},
}


@pytest.fixture(scope="module", params=COLUMNS)
def server(request, launch_shared):
    site = write(launch_shared.folder(), SITE)
    return launch_shared(site=site, **COLUMNS[request.param])


@pytest.mark.parametrize(
    "path",
    [
        "/.env", "/.git/config", "/.git/", "/.git", "/folder/.hidden", "/folder/.hidden.php", "/.hidden/run.php",
        "/%2eenv", "/%2Egit/config", "/folder/%2ehidden", "/.nothing", "/.well-known/../.env", "/.well-known/.secret",
        "/.hidden/run.php/more",
    ],
)  # fmt: skip
def test_dot_files_are_not_found(server, path):
    answer = server.get(path)
    assert answer.status == 404
    assert "secret" not in answer.text


def test_well_known_is_served(server):
    assert server.get("/.well-known/token.txt").text == "token"
    assert server.get("/.well-known/acme-challenge/abc").text == "challenge"


@pytest.mark.parametrize(
    "path",
    [
        "/up.PHP", "/mixed.Php", "/mixed.pHp", "/other.phtml", "/other.PHTML", "/include.inc", "/include.Inc",
        "/archive.phar", "/archive.PHAR", "/folder/up.PHP", "/folder/include.inc", "/up.%50HP", "/include%2einc",
        "/folder/../up.PHP", "/index.PHP", "/INDEX.php", "/missing.phtml",
    ],
)  # fmt: skip
def test_source_is_never_sent_nor_run_under_another_name(server, path):
    answer = server.get(path)
    assert answer.status == 404
    assert "secret" not in answer.text and "ran" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/../etc/passwd", "/../../../../etc/passwd", "/folder/../../etc/passwd", "/%2e%2e/etc/passwd",
        "/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2f..%2fetc%2fpasswd", "/folder/..%2f..%2f..%2fetc/passwd",
        "/.%2e/.%2e/etc/passwd", "/..%5c..%5cetc%5cpasswd", "//etc/passwd", "/./../etc/passwd", "/%252e%252e/etc/passwd",
        "/..;/etc/passwd", "/%c0%ae%c0%ae/etc/passwd", "/folder//../..//etc/passwd",
    ],
)  # fmt: skip
def test_nothing_outside_the_root_is_reached(server, path):
    with server.raw() as raw:
        raw.send(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = raw.read_response()
    assert answer.status in (200, 400, 404)
    assert "root:" not in answer.text
    if answer.status == 200:
        assert answer.text in ("front", "page")


@pytest.mark.parametrize(
    "path",
    [
        "/folder/../file.txt", "/./file.txt", "/folder/./../file.txt", "/folder/%2e%2e/file.txt", "/x/../file.txt",
        "/../file.txt", "//file.txt", "/folder//..//file.txt", "/%66ile.txt", "/folder%2f..%2ffile.txt",
    ],
)  # fmt: skip
def test_dots_and_slashes_are_normalised_inside_the_root(server, path):
    with server.raw() as raw:
        raw.send(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = raw.read_response()
    assert (answer.status, answer.text) == (200, "a file")


@pytest.mark.parametrize("path", ["/a%20b/%C3%A4.txt", "/a%20b/%c3%a4.txt"])
def test_odd_names_are_served(server, path):
    assert server.get(path).text == "odd name"


def test_a_plus_in_a_path_is_a_plus(server):
    assert server.get("/plus+and&.txt").text == "plus"


@pytest.mark.parametrize("path", ["/%", "/%2", "/%zz", "/%u0041", "/file%", "/%0", "/a%2/b", "/%%41"])
def test_a_path_that_cannot_be_decoded_is_400(server, path):
    assert server.get(path).status == 400


@pytest.mark.parametrize("path", ["/%00", "/file.txt%00", "/index.php%00.txt", "/up.PHP%00", "/x%00/../file.txt"])
def test_a_nul_in_a_path_is_400(server, path):
    answer = server.get(path)
    assert answer.status == 400
    assert "secret" not in answer.text


def test_a_bad_escape_in_the_query_is_phps_business(server):
    assert server.get("/?a=%zz").status == 200


def test_a_name_longer_than_the_file_system_allows_is_an_ordinary_miss(server):
    for path in ("/" + "a" * 300, "/" + "b/" * 3000, "/" + "c" * 300 + ".php"):
        assert server.get(path).status in (200, 404)


def test_no_answer_leads_to_another_host(launch):
    server = launch(site=write(launch.folder(), {"evil.invalid/index.php": SOURCE}))
    for path in ("//evil.invalid", "///evil.invalid", "/%2fevil.invalid", "/\\evil.invalid", "//evil.invalid?x=//y"):
        with server.raw() as raw:
            raw.send(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            location = raw.read_response().header("Location")
        assert location is None or (location[0] == "/" and location[1] not in "/\\"), location


def test_a_redirect_collapses_leading_slashes_and_keeps_the_query(launch):
    server = launch(site=write(launch.folder(), {"folder/index.php": SOURCE}))
    with server.raw() as raw:
        for slashes in ("/", "//", "///"):
            raw.send(f"GET {slashes}folder?a=1&b=%20 HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = raw.read_response()
            assert (answer.status, answer.header("Location")) == (308, "/folder/?a=1&b=%20")


def test_a_redirect_escapes_what_a_header_cannot_hold(launch):
    server = launch(site=write(launch.folder(), {"a b\r\nX: y/index.php": SOURCE}))
    answer = server.get("/a%20b%0D%0AX:%20y")
    assert answer.header("X") is None
    assert answer.status == 404 or answer.header("Location") == "/a%20b%0D%0AX:%20y/"


@pytest.mark.parametrize("columns", [{}, {"INDEX_FILE": "index.php", "INDEX_SCRIPTS": "1"}], ids=["plain", "scripts"])
def test_php_deny_keeps_scripts_from_running(launch, columns):
    site = write(
        launch.folder(),
        {
            "index.php": "<?php echo 'front';",
            "uploads/evil.php": SOURCE,
            "uploads/deep/evil.php": SOURCE,
            "uploads/index.php": SOURCE,
            "uploads/picture.txt": "picture",
            "uploadsphp/run.php": "<?php echo 'allowed';",
        },
    )
    server = launch(site=site, PHP_DENY="/uploads/*", **columns)
    for path in (
        "/uploads/evil.php", "/uploads/evil.php/more", "/uploads/deep/evil.php", "/uploads/index.php",
        "/uploads//evil.php", "/x/../uploads/evil.php", "/%75ploads/evil.php",
    ):  # fmt: skip
        answer = server.get(path)
        assert (answer.status, "secret" in answer.text, "ran" in answer.text) == (404, False, False), path
    assert "ran" not in server.get("/uploads/").text
    assert server.get("/uploads/picture.txt").text == "picture"
    assert server.get("/uploadsphp/run.php").text == "allowed"


def test_a_fifo_or_device_in_the_root_is_not_waited_for(launch):
    site = write(launch.folder(), {"file.txt": "a file"})
    os.mkfifo(os.path.join(site, "fifo.txt"))
    os.chmod(os.path.join(site, "fifo.txt"), 0o666)
    server = launch(site=site)
    assert server.get("/fifo.txt", timeout=5).status in (403, 404)
    assert server.get("/file.txt", timeout=5).text == "a file"
