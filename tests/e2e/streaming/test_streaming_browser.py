"""Streams as a browser takes them: EventSource, and Early Hints."""

import json

import pytest

from harness.chromium import Chromium
from harness.tls import TlsSite
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("nginx buffers")


@pytest.fixture(scope="module")
def site(launch_shared, authority):
    return TlsSite(launch_shared, authority, ACCESS_LOG=1)


@pytest.fixture(scope="module")
def chromium(site):
    with Chromium(site.pairs[0]) as browser:
        yield browser


LISTEN = """(() => {
  window.seen = [];
  const source = window.source = new EventSource(%s);
  source.onmessage = event => seen.push(['message', event.lastEventId, event.data]);
  source.addEventListener('named', event => seen.push(['named', event.lastEventId, event.data]));
  source.onerror = () => seen.push(['end', source.readyState]);
})()"""


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_browser_sees_each_event_when_it_is_sent(site, chromium, scheme):
    address = site.address if scheme == "https" else site.server.address
    page, gate = chromium.page(), site.server.gate()
    page.open(f"{scheme}://%s:%d/page.html" % address)
    page.evaluate(LISTEN % json.dumps(f"/events_at_gate.php?gate={gate.path}"))

    def seen(count):
        return wait_until(lambda: len(found := page.evaluate("seen")) >= count and found, f"{count} events", 30)

    assert seen(1) == [["message", "1", "first"]]
    gate.wait_started()  # the script stands; it has sent no more
    assert page.evaluate("source.readyState") == 1
    gate.release()
    assert seen(2)[1] == ["named", "1", "second\nline"]
    gate.wait_started()
    gate.release()
    assert seen(3)[2] == ["end", 0]  # to be opened again in an hour
    page.evaluate("source.close()")


def hinted_load(browser, site):
    """How the page's style was loaded, as the browser says; the page's script stands until it was asked for."""
    page, gate = browser.page(), site.server.gate()
    asked = len(style_requests(site))
    page.start("https://%s:%d/hints_page.php?gate=%s" % (*site.address, gate.path))
    gate.wait_started()
    try:
        wait_until(lambda: len(style_requests(site)) > asked, "the style to be asked for", 8)
    except AssertionError:
        pass  # it is asked for by the page itself, then
    gate.release()
    page.wait_loaded()
    assert page.evaluate("getComputedStyle(document.getElementById('text')).color") == "rgb(1, 2, 3)"
    return page.evaluate("performance.getEntriesByName(new URL('/style.css', location))[0].initiatorType")


def style_requests(site):
    return [line for line in site.server.log.json_lines() if line["msg"] == "GET /style.css 200"]


def test_a_browser_loads_what_early_hints_name_before_the_page_is_there(site):
    # Over HTTP/2 only, and on its first connection to a site only; and even then Chromium does not always
    # do it. That the interim answer arrives is asserted with other clients.
    for _ in range(4):
        with Chromium(site.pairs[0]) as fresh:
            if hinted_load(fresh, site) == "early-hints":
                return
    pytest.fail("no fresh browser took the hint")
