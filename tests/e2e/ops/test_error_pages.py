"""ERROR_PAGES_DIR: every 4xx and 5xx with an empty body, the server's own and PHP's (contract, section 5)."""

import gzip
import os
import re
import shutil

import pytest
from harness.background import Pending, at_gate
from harness.chromium import Chromium
from harness.client import RawConnection
from harness.folders import write
from harness.http2 import Http2Connection
from harness.reloads import EnvFile, refused_reload, reload
from harness.server import run_howdah
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("its settings")

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
EXAMPLES = os.path.join(os.path.dirname(__file__), "../../../examples/errors")
STATUSES = (403, 404, 405, 413, 429, 500, 502, 503, 504)


def page(status, filling=0):
    return f"<!DOCTYPE html><title>{status}</title><p>the page of {status}</p>{'<!-- filling -->' * filling}"


@pytest.fixture(scope="module")
def server(launch_shared):
    folder = launch_shared.folder()
    write(folder, {f"{status}.html": page(status, filling=100) for status in STATUSES})
    return launch_shared(
        crashes_php=True,
        ERROR_PAGES_DIR=folder,
        MAX_BODY_SIZE="1k",
        RESPONSE_HEADERS="X-Frame-Options: DENY",
    )


def assert_page(answer, status):
    assert (answer.status, answer.text) == (status, page(status, filling=100))
    assert answer.header("Content-Type") == "text/html; charset=utf-8"
    assert answer.header("Content-Length") == str(len(answer.body))
    assert answer.header("X-Frame-Options") == "DENY"


def assert_text(answer, status, text):
    assert (answer.status, answer.text) == (status, text)
    assert answer.header("Content-Type") == "text/plain; charset=utf-8"


def test_a_browser_is_shown_the_page_and_others_are_told_in_words(server):
    """Accept names text/html: the page; anything else: the reason phrase, text/plain."""
    answer = server.get("/none", headers=BROWSER)
    assert_page(answer, 404)
    assert "Accept" in answer.header("Vary")
    for accept in ("*/*", "text/*", "application/json", "text/html;q=0, */*"):
        assert_text(server.get("/none", headers={"Accept": accept}), 404, "Not Found")
    assert_text(server.get("/none"), 404, "Not Found")
    assert "Accept" in server.get("/none").header("Vary")


def test_the_server_s_own_errors(server):
    """405, 413, 502: the page; 400 has none here and stays text."""
    assert_page(server.request("TRACE", "/index.php", headers=BROWSER), 405)
    assert_page(server.request("POST", "/page.html", body=b"x", headers=BROWSER), 405)
    assert_page(server.post("/index.php", b"x" * 2000, headers=BROWSER), 413)
    assert_page(server.get("/segfault.php", headers=BROWSER), 502)
    assert_text(server.get("/segfault.php"), 502, "Bad Gateway")
    assert_text(server.get("/%00", headers=BROWSER), 400, "Bad Request")


def test_php_s_errors_without_a_body(server):
    """A status of PHP with an empty body gets the page; one with a body keeps it."""
    for status in (403, 404, 429, 500, 503):
        answer = server.get(f"/empty.php?code={status}", headers=BROWSER)
        assert_page(answer, status)
        assert answer.header("X-App") == "kept"
    assert_text(server.get("/empty.php?code=404"), 404, "Not Found")
    assert_text(server.get("/empty.php?code=418", headers=BROWSER), 418, "I'm a teapot")
    assert server.get("/empty.php?code=200", headers=BROWSER).body == b""
    assert server.get("/status.php?code=404", headers=BROWSER).text == "body"
    answer = server.get("/fatal.php", headers=BROWSER)
    assert_page(answer, 500)


def test_a_full_queue_keeps_retry_after(launch):
    """503 of the queue: the page, with Retry-After."""
    folder = launch.folder()
    write(folder, {"503.html": page(503)})
    server = launch(ERROR_PAGES_DIR=folder, PHP_WORKERS=1, QUEUE_TIMEOUT="2s")
    running, gate, _ = at_gate(server)
    answer = server.get("/index.php", headers=BROWSER)
    assert (answer.status, answer.text, answer.header("Retry-After")) == (503, page(503), "1")
    gate.release()
    running.result()


def test_no_room_in_the_queue(launch):
    """503 of QUEUE_CAPACITY: the page with Retry-After, or the text of the contract with it."""
    folder = launch.folder()
    write(folder, {"503.html": page(503)})
    server = launch(ERROR_PAGES_DIR=folder, PHP_WORKERS=1, PHP_WORKERS_MAX=1, QUEUE_CAPACITY=1)
    running, gate, _ = at_gate(server)
    base = server.metric("tokio_php_pending_requests")
    queued = Pending(server.address, "/index.php")
    wait_until(lambda: server.metric("tokio_php_pending_requests") == base + 1, "the queue to be full")
    answer = server.get("/index.php", headers=BROWSER)
    assert (answer.status, answer.text, answer.header("Retry-After")) == (503, page(503), "1")
    answer = server.get("/index.php")
    assert_text(answer, 503, "Service Unavailable")
    assert answer.header("Retry-After") == "1"
    assert server.metric("tokio_php_dropped_requests") == 2
    gate.release()
    assert (running.result().status, queued.result().status) == (200, 200)


def test_a_client_over_its_limit_keeps_the_headers_of_the_limit(launch):
    """429 of RATE_LIMIT: the page, with Retry-After and the X-RateLimit headers."""
    folder = launch.folder()
    write(folder, {"429.html": page(429)})
    server = launch(ERROR_PAGES_DIR=folder, RATE_LIMIT=1, RATE_WINDOW="1d")

    def assert_limited(answer):
        assert answer.status == 429
        assert (answer.header("X-RateLimit-Limit"), answer.header("X-RateLimit-Remaining")) == ("1", "0")
        assert answer.header("Retry-After") == answer.header("X-RateLimit-Reset")
        assert 0 < int(answer.header("Retry-After")) <= 86400

    assert server.get("/index.php").status == 200
    for target in ("/index.php", "/page.html", "/none"):
        answer = server.get(target, headers=BROWSER)
        assert_limited(answer)
        assert answer.text == page(429)
        assert answer.header("Content-Type") == "text/html; charset=utf-8"
    head = server.request("HEAD", "/index.php", headers=BROWSER)
    assert_limited(head)
    assert head.header("Content-Length") == str(len(page(429)))
    with Http2Connection(server.address) as connection:
        answer = connection.response(connection.request("/index.php", more=[("accept", "text/html")]))
        assert_limited(answer)
        assert answer.text == page(429)
    answer = server.get("/index.php")
    assert_limited(answer)
    assert_text(answer, 429, "429 Too Many Requests")


@pytest.mark.interrupts_loop
def test_a_script_out_of_time(launch):
    """504 of REQUEST_TIMEOUT: the page, or the text of the contract."""
    folder = launch.folder()
    write(folder, {"504.html": page(504)})
    server = launch(ERROR_PAGES_DIR=folder, REQUEST_TIMEOUT="2s")
    answer = server.get("/endless.php", headers=BROWSER)
    assert (answer.status, answer.text) == (504, page(504))
    assert_text(server.get("/endless.php"), 504, "504 Gateway Timeout")


def test_head_has_the_head_of_get(server):
    """HEAD: the page's length and type, and no body."""
    for target in ("/none", "/empty.php?code=404"):
        get, head = server.get(target, headers=BROWSER), server.request("HEAD", target, headers=BROWSER)
        assert (head.status, head.body) == (404, b"")
        for name in ("Content-Type", "Content-Length", "Vary"):
            assert head.all(name) == get.all(name) != []


def test_pages_are_sent_compressed(server):
    """Compression: a page of 256 bytes and more, with Vary and without the length of the plain one."""
    answer = server.get("/none", headers={**BROWSER, "Accept-Encoding": "gzip"})
    assert answer.header("Content-Encoding") == "gzip"
    assert answer.header("Vary") == "Accept, Accept-Encoding"
    assert gzip.decompress(answer.body).decode() == page(404, filling=100)


def test_http2(server):
    with Http2Connection(server.address) as connection:
        answer = connection.response(connection.request("/none", more=[("accept", "text/html")]))
        assert_page(answer, 404)
        answer = connection.response(connection.request("/none"))
        assert_text(answer, 404, "Not Found")


def test_what_could_not_be_read_is_answered_in_text(launch):
    """No page before a request could be parsed."""
    folder = launch.folder()
    write(folder, {"400.html": page(400)})
    raw = RawConnection(launch(ERROR_PAGES_DIR=folder).address)
    raw.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nAccept: text/html\r\n\r\n")
    answer = raw.read_to_end()
    assert b" 400 " in answer and b"text/plain" in answer and b"the page" not in answer


def test_pages_change_at_a_reload_and_wrong_ones_leave_the_old(launch):
    """Read at the start and on reload; a wrong directory is named and the old pages stay."""
    folder = launch.folder()
    write(folder, {"404.html": "first"})
    env = EnvFile(launch, ERROR_PAGES_DIR=folder)
    server = launch(arguments=env.arguments)
    assert server.internal("/config").json()["error_pages_enabled"] is True
    assert server.get("/none", headers=BROWSER).text == "first"
    write(folder, {"404.html": "second"})
    assert server.get("/none", headers=BROWSER).text == "first"
    reload(server)
    assert server.get("/none", headers=BROWSER).text == "second"
    write(folder, {"404.html": ""})
    assert f"ERROR_PAGES_DIR={folder} (from the env-file): 404.html: empty" in refused_reload(server)
    assert server.get("/none", headers=BROWSER).text == "second"
    env.write()
    reload(server)
    assert server.get("/none", headers=BROWSER).text == "Not Found"
    config = server.internal("/config").json()
    assert (config["error_pages_enabled"], config["error_pages_dir"]) == (False, None)


@pytest.mark.parametrize(
    "files, what",
    [({"404.html": "x" * (1 << 20), "500.html": "y"}, "larger than 1m"), ({"404.html/x": ""}, "not a file")],
)
def test_wrong_pages_stop_the_start(launch, programs, files, what):
    """Too large, or no file: one line that names the file, exit status 2."""
    folder = launch.folder()
    write(folder, files)
    result = run_howdah(programs, "check", env={"DOCUMENT_ROOT": folder, "ERROR_PAGES_DIR": folder})
    assert result.returncode == 2
    assert re.search(rf"ERROR_PAGES_DIR=.*\d+\.html: .*{what}.*; accepted: ", result.stderr)


def test_the_examples_are_whole_and_have_one_look(programs):
    """Nothing is loaded from anywhere, and the style of all is the same."""
    pages = {name: open(os.path.join(EXAMPLES, name)).read() for name in os.listdir(EXAMPLES) if name.endswith(".html")}
    assert sorted(pages) == ["404.html", "500.html", "502.html", "503.html", "504.html"]
    styles = {re.search(r"<style>.*</style>", text, re.S).group() for text in pages.values()}
    assert len(styles) == 1
    for name, text in pages.items():
        assert not re.search(r"src=|url\(|@import|<script|<link|https?:", text), name
        assert "prefers-color-scheme" in text and len(text) < 8000


def test_the_examples_in_a_browser(launch):
    """Chromium shows them, light and dark, without a complaint."""
    folder = launch.folder()
    shutil.copytree(EXAMPLES, folder, dirs_exist_ok=True)
    server = launch(ERROR_PAGES_DIR=folder)
    with Chromium() as browser:
        tab = browser.page()
        for status in (404, 500):
            tab.open("http://%s:%d/empty.php?code=%d" % (*server.address, status))
            assert tab.evaluate("document.querySelector('.code').textContent") == str(status)
            assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth") is True
