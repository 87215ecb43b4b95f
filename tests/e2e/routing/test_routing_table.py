"""The contract's routing table, to the letter: a row each, a column each."""

import pytest

from harness.folders import write

pytestmark = pytest.mark.howdah_only("its routing table")

SAYS = "<?php echo 'ran ', $_SERVER['SCRIPT_NAME'], ' ', $_SERVER['PATH_INFO'] ?? '-';"
SITE = {
    "index.php": SAYS,
    "index.html": "the page at the root",
    "x.php": SAYS,
    "file.txt": "a file",
    "with-both/index.php": SAYS,
    "with-both/index.html": "page of with-both",
    "with-php/index.php": SAYS,
    "with-html/index.html": "page of with-html",
    "with-none/other.txt": "other",
}


def ran(script, path_info="-"):
    return (200, f"ran {script} {path_info}")


def page(text):
    return (200, text)


def moved(to):
    return (308, to)


FRONT = ran("/index.php")
FALLBACK = page("the page at the root")
GONE = (404, None)

COLUMNS = {
    "no INDEX_FILE": {},
    "index.php": {"INDEX_FILE": "index.php"},
    "index.php with scripts": {"INDEX_FILE": "index.php", "INDEX_SCRIPTS": "1"},
    "index.html": {"INDEX_FILE": "index.html"},
}

# Path, then what each column of the contract's table makes of it.
TABLE = [
    ("/", FRONT, FRONT, FRONT, FALLBACK),
    ("/?a=1", FRONT, FRONT, FRONT, FALLBACK),
    # existing static file
    ("/file.txt", *[page("a file")] * 4),
    ("/with-none/other.txt", *[page("other")] * 4),
    ("/with-html/index.html", *[page("page of with-html")] * 4),
    # existing x.php
    ("/x.php", ran("/x.php"), GONE, ran("/x.php"), ran("/x.php")),
    ("/with-php/index.php", ran("/with-php/index.php"), GONE, ran("/with-php/index.php"), ran("/with-php/index.php")),
    # x.php/more
    ("/x.php/more", ran("/x.php", "/more"), GONE, ran("/x.php", "/more"), ran("/x.php", "/more")),
    ("/x.php/", ran("/x.php", "/"), GONE, ran("/x.php", "/"), ran("/x.php", "/")),
    ("/x.php/a/b.txt", ran("/x.php", "/a/b.txt"), GONE, ran("/x.php", "/a/b.txt"), ran("/x.php", "/a/b.txt")),
    # directory with /
    ("/with-both/", ran("/with-both/index.php"), page("page of with-both"), ran("/with-both/index.php"), ran("/with-both/index.php")),
    ("/with-php/", ran("/with-php/index.php"), FRONT, ran("/with-php/index.php"), ran("/with-php/index.php")),
    ("/with-html/", *[page("page of with-html")] * 4),
    ("/with-none/", GONE, FRONT, FRONT, FALLBACK),
    # directory without /
    ("/with-both", moved("/with-both/"), FRONT, moved("/with-both/"), moved("/with-both/")),
    ("/with-php", moved("/with-php/"), FRONT, moved("/with-php/"), moved("/with-php/")),
    ("/with-html", moved("/with-html/"), FRONT, moved("/with-html/"), moved("/with-html/")),
    ("/with-none", GONE, FRONT, FRONT, FALLBACK),
    ("/with-php?a=1&b=/x", moved("/with-php/?a=1&b=/x"), FRONT, moved("/with-php/?a=1&b=/x"), moved("/with-php/?a=1&b=/x")),
    # anything else
    ("/pretty/route", GONE, FRONT, FRONT, FALLBACK),
    ("/missing.txt", GONE, FRONT, FRONT, FALLBACK),
    ("/with-none/missing", GONE, FRONT, FRONT, FALLBACK),
    # the index file by name
    ("/index.php", ran("/index.php"), GONE, ran("/index.php"), ran("/index.php")),
    ("/index.html", *[FALLBACK] * 3, GONE),
    # .php names that do not exist
    ("/missing.php", *[GONE] * 4),
    ("/with-none/index.php", *[GONE] * 4),
]


@pytest.fixture(scope="module", params=COLUMNS)
def column(request, launch_shared):
    """(number of the column, its server)"""
    site = write(launch_shared.folder(), SITE)
    return list(COLUMNS).index(request.param), launch_shared(site=site, **COLUMNS[request.param])


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_request_goes_where_the_table_says(column, row, method):
    number, server = column
    status, expected = row[1 + number]
    answer = server.request(method, row[0])
    assert answer.status == status, answer.text
    if status == 308:
        assert answer.header("Location") == expected
    elif status == 200 and method == "GET":
        assert answer.text == expected


def test_the_fallback_file_is_not_cached(column):
    number, server = column
    if number != 3:
        pytest.skip("only a column with a fallback file has one")
    assert server.get("/pretty/route").header("Cache-Control") == "no-cache"
    assert server.get("/pretty/route").header("Content-Type") == "text/html; charset=utf-8"


def test_a_post_to_the_front_controller_reaches_it(column):
    number, server = column
    answer = server.post("/pretty/route", b"a=1")
    assert answer.status == {0: 404, 1: 200, 2: 200, 3: 405}[number]


@pytest.mark.parametrize(
    "files, status, text",
    [
        ({"index.html": "page"}, 200, "page"),
        ({"index.php": SAYS, "index.html": "page"}, 200, "ran /index.php -"),
        ({"other.txt": "other"}, 404, None),
    ],
    ids=["html-alone", "both", "neither"],
)
def test_the_root_without_an_index_file(launch, files, status, text):
    answer = launch(site=write(launch.folder(), files)).get("/")
    assert answer.status == status
    if text:
        assert answer.text == text


def test_the_front_controller_sees_the_uri_as_it_came_and_its_own_name(launch):
    site = write(launch.folder(), {"index.php": "<?php echo json_encode($_SERVER);"})
    found = launch(site=site, INDEX_FILE="index.php").get("/pretty/%C3%A4?a=1").json()
    assert found["REQUEST_URI"] == "/pretty/%C3%A4?a=1"
    assert found["SCRIPT_NAME"] == found["PHP_SELF"] == "/index.php"
    assert found["SCRIPT_FILENAME"] == f"{site}/index.php"
    assert found["QUERY_STRING"] == "a=1"
    assert "PATH_INFO" not in found
