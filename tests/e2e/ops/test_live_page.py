"""GET / of the internal server, in a browser (contract, section 7)."""

import os
import signal

import pytest

from harness.background import at_gate
from harness.chromium import Chromium
from harness.load import Load
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("its live page")

MARKUP = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"


@pytest.fixture(scope="module")
def chromium():
    with Chromium() as browser:
        yield browser


@pytest.fixture
def page(chromium):
    chromium.complaints.clear()
    page = chromium.page()
    page.watch_console()
    yield page
    page.close()
    assert not chromium.complaints


def show(server, page):
    page.open("http://%s:%d/" % server.internal_address)
    wait_until(lambda: text(page, "#state") == "serving", "the first event on the page", 30)


def text(page, selector):
    return page.evaluate(f"document.querySelector({selector!r}).innerText")


def rows(page, table="workers"):
    """The texts of the cells, row by row."""
    return page.evaluate(f"[...document.querySelectorAll('#{table} tr')].map(row => [...row.cells].map(cell => cell.textContent))")


def test_it_shows_what_each_worker_does(launch, page):
    server = launch()
    show(server, page)
    assert len(rows(page)) == 1 + len(server.workers())  # the pool has a row of its own
    running, gate, _ = at_gate(server)
    wait_until(lambda: [row for row in rows(page) if "GET /gate.php" in row], "the running request", 30)
    assert "gate=" not in page.evaluate("document.documentElement.outerHTML")
    gate.release()
    running.result()
    wait_until(lambda: not [row for row in rows(page) if "GET /gate.php" in row], "it to be gone", 30)


def test_it_is_live_under_load(launch, page):
    server = launch()
    show(server, page)
    with Load(server, "/index.php", clients=4):
        wait_until(lambda: text(page, "#rate") not in ("0", "0.0", "–"), "a rate", 30)
        wait_until(lambda: text(page, "#p50") != "–", "a median", 30)
        wait_until(lambda: page.evaluate("document.querySelector('#rate-plot path + path').getAttribute('d').includes('L')"), "a plot", 30)
        wait_until(lambda: page.evaluate("document.title").endswith("/s · Howdah"), "the title", 30)


def test_a_worker_that_is_killed_shows_up(launch, page):
    server = launch(PHP_WORKERS=1)
    show(server, page)
    running, _, _ = at_gate(server)
    before = server.workers()[0]["pid"]
    os.kill(server.php_pids()[0], signal.SIGKILL)
    running.result()
    wait_until(lambda: [row for row in rows(page, "errors") if row[1] == "502" and row[2] == "GET /gate.php"], "the failed request", 30)
    # Below the row of the pool. While threads have no process none is listed.
    wait_until(lambda: [row for row in rows(page)[1:] if row[0] == "idle" and row[1] != str(before)], "the new worker", 30)
    if server.mode == "process":
        assert rows(page)[1][6] == "1"


def test_words_of_clients_stay_text(launch, page):
    server = launch()
    show(server, page)
    gate = server.gate()
    with server.raw() as client, server.raw() as failing:
        client.send(f"GET /gate.php/{MARKUP.replace(' ', '/')}?gate={gate.path} HTTP/1.1\r\nHost: a\r\n\r\n")
        gate.wait_started()
        failing.send(f"GET /status.php/{MARKUP.replace(' ', '/')}?code=500 HTTP/1.1\r\nHost: a\r\nX-Request-ID: <b>id</b>\r\n\r\n")
        assert failing.read_response().status == 500
        shown = MARKUP.replace(" ", "/")
        wait_until(lambda: [row for row in rows(page) if row[2:3] == ["GET /gate.php/" + shown]], "the running request", 30)
        wait_until(lambda: [row for row in rows(page, "errors") if row[2] == "GET /status.php/" + shown], "the failed one", 30)
        assert page.evaluate("document.querySelectorAll('img, b:not(.sub b), td script').length") == 0
        assert "owned" not in page.evaluate("document.title")
        gate.release()
        client.read_response()


def test_it_is_one_page_that_lets_nothing_else_in(launch, page):
    server = launch()
    answer = server.internal("/")
    assert answer.header("Content-Type") == "text/html; charset=utf-8"
    policy = answer.header("Content-Security-Policy")
    assert policy.startswith("default-src 'none'; script-src 'nonce-") and "unsafe" not in policy
    assert server.internal("/").header("Content-Security-Policy") != policy
    show(server, page)
    assert {transfer["name"].rsplit("/", 1)[1] for transfer in page.transfers()} <= {"", "events"}
    # What a script that got in could do is refused; the browser says so, which is no fault here.
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.owned = 1\">')")
    page.evaluate("document.head.append(Object.assign(document.createElement('script'), {textContent: 'window.owned = 1'}))")
    assert page.evaluate("window.owned") is None
    page.forgive()


@pytest.mark.parametrize("width", [360, 800, 1600])
def test_it_fits_every_width(launch_shared, page, width):
    page.look(width=width)
    show(launch_shared(), page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for selector in ("#rate-plot", "#memory-plot", "#workers"):
        box = page.evaluate(f"JSON.parse(JSON.stringify(document.querySelector({selector!r}).getBoundingClientRect()))")
        assert box["width"] > 100 and box["left"] >= 0 and box["right"] <= width


def test_light_and_dark(launch_shared, page):
    server = launch_shared()

    def lightness():
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(int(part) for part in colour[4:-1].split(","))

    page.look("light")
    show(server, page)
    assert lightness() > 600
    page.look("dark")
    assert lightness() < 150


def test_it_says_when_the_server_is_gone(launch, page, chromium):
    server = launch()
    show(server, page)
    server.stop()
    wait_until(lambda: text(page, "#state") == "no connection", "the page to notice", 30)
    page.forgive()  # that there is no answer is written to the console
