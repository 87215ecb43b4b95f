"""A real browser under `howdah serve DIR --watch`: the page loads itself anew."""

import pytest

from harness.chromium import Chromium
from harness.waiting import wait_until
from harness.watching import edit, serve_watched

STYLED = """<!DOCTYPE html><html><head><link rel="stylesheet" href="/app.css"></head>
<body><p id="text">{}</p></body></html>"""


@pytest.fixture(scope="module")
def chromium():
    with Chromium() as browser:
        yield browser


@pytest.fixture
def site(launch):
    files = {"index.php": STYLED.format("one"), "app.css": "p { color: rgb(1, 1, 1) }", "static.html": STYLED.format("one")}
    return serve_watched(launch, files)


@pytest.fixture
def page(chromium):
    return chromium.page()


def url(site, path):
    return "http://%s:%d%s" % (*site.address, path)


def wait_for_value(page, expression, value):
    """The page may be on its way to another, where there is nothing to be asked yet."""

    def there():
        try:
            return page.evaluate(expression) == value
        except AssertionError:
            return False

    wait_until(there, f"{expression} to be {value!r}", 30.0)


TEXT = "document.getElementById('text')?.textContent"
COLOUR = "getComputedStyle(document.getElementById('text')).color"


@pytest.mark.parametrize("name", ["index.php", "static.html"])
def test_a_page_loads_itself_anew(site, page, name):
    page.open(url(site, "/" if name == "index.php" else "/static.html"))
    for text in ("two", "three"):
        edit(site, **{name: STYLED.format(text)})
        wait_for_value(page, TEXT, text)


def test_styles_change_in_the_page_that_is_there(site, page):
    page.open(url(site, "/"))
    page.evaluate("window.still = 'here'")
    for colour in ("rgb(2, 2, 2)", "rgb(3, 3, 3)"):
        edit(site, **{"app.css": "p { color: %s }" % colour})
        wait_for_value(page, COLOUR, colour)
    assert page.evaluate("window.still") == "here"
    assert page.evaluate("document.querySelectorAll('link').length") == 1


def test_an_error_page_is_left_when_it_is_mended(site, page):
    edit(site, **{"index.php": "<?php syntax error"})
    wait_until(lambda: site.get("/").status == 500 or "error" in site.get("/").text, "the error")
    page.open(url(site, "/"))
    edit(site, **{"index.php": STYLED.format("mended")})
    wait_for_value(page, TEXT, "mended")


def test_a_page_with_a_strict_policy_loads_itself_anew(site, page):
    policy = "<?php header(\"Content-Security-Policy: default-src 'self'; script-src 'nonce-abc'\"); ?>"
    edit(site, **{"index.php": policy + STYLED.format("one")})
    wait_until(lambda: site.get("/").header("Content-Security-Policy"), "the policy")
    page.open(url(site, "/"))
    edit(site, **{"index.php": policy + STYLED.format("two")})
    wait_for_value(page, TEXT, "two")
