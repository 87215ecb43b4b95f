"""A real browser: HTTP/2 inside TLS as ALPN chooses it, HTTP/1.1 without, what it loads, decodes and sends."""

import hashlib
import os
from types import SimpleNamespace

import pytest

from harness.chromium import Chromium
from harness.folders import copy_site
from harness.tls import TlsSite

HELLO = os.path.join(os.path.dirname(__file__), "../../../examples/hello")

pytestmark = pytest.mark.howdah_only("TLS and HTTP/2")


@pytest.fixture(scope="module")
def site(launch_shared, authority):
    return TlsSite(launch_shared, authority, ACCESS_LOG=1)


@pytest.fixture(scope="module")
def chromium(site):
    with Chromium(site.pairs[0]) as browser:
        yield browser


@pytest.fixture(params=["https", "http"])
def origin(request, site):
    """Where the page is, and what its transfers must have come by."""
    address = site.address if request.param == "https" else site.server.address
    protocol = "h2" if request.param == "https" else "http/1.1"
    return SimpleNamespace(url=f"{request.param}://%s:%d" % address, protocol=protocol)


@pytest.fixture
def page(chromium):
    return chromium.page()


def test_a_page_with_many_parts(origin, page):
    page.open(origin.url + "/gallery.php")
    transfers = page.transfers()
    assert len(transfers) >= 1 + 3 + 120
    assert {transfer["protocol"] for transfer in transfers} == {origin.protocol}
    assert {transfer["status"] for transfer in transfers if "favicon" not in transfer["name"]} == {200}
    # Each picture is its own.
    widths = page.evaluate("[...document.images].map(image => image.complete && image.naturalWidth)")
    assert widths == [width for number in range(60) for width in (77, 100 + number)]
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(1, 2, 3)"
    assert page.evaluate("document.querySelector('h1').dataset.script") == "loaded"
    assert page.evaluate("document.querySelector('h1').textContent") == "Täfelchen"


def test_what_the_browser_has_is_asked_for_again(origin, page, site):
    page.open(origin.url + "/form.html")
    mark = f"style.css?{origin.protocol}"
    texts = page.evaluate(
        f"""(async () => {{
        const texts = [];
        for (const cache of ['reload', 'no-cache']) texts.push(await (await fetch('{mark}', {{cache}})).text());
        return texts;
        }})()"""
    )
    assert texts[0] == texts[1] != ""
    line = site.server.wait_for_log(
        lambda line: line["data"].get("query") == origin.protocol and line["data"].get("status") == 304, "of a 304"
    )
    assert line["data"]["bytes"] == 0


@pytest.mark.parametrize("path", ["/lines.php", "/style.css"])
def test_a_compressed_answer_is_decoded(origin, page, path):
    page.open(origin.url + "/form.html")
    found = page.evaluate(
        f"""fetch('{path}').then(async answer => ({{
        coding: answer.headers.get('content-encoding'), vary: answer.headers.get('vary'),
        text: await answer.text()}}))"""
    )
    # Offered inside TLS, and to this machine.
    assert found["coding"] == "br"
    assert "accept-encoding" in found["vary"].lower()
    if path == "/lines.php":
        assert found["text"].endswith("<p>Zeile 1999: Grüße\n") and found["text"].count("<p>") == 2000
    else:
        assert "rgb(1, 2, 3)" in found["text"]
    transfer = next(entry for entry in page.transfers() if entry["name"].endswith(path))
    assert 0 < transfer["encoded"] < transfer["decoded"] == len(found["text"].encode())


def test_a_form_with_a_file(origin, page, tmp_path):
    content = os.urandom(1_500_000)  # PHP takes 2 MiB
    (tmp_path / "Bild 1.bin").write_bytes(content)
    page.open(origin.url + "/form.html")
    page.choose_file("input[type=file]", tmp_path / "Bild 1.bin")
    page.click("button")
    found = page.evaluate("JSON.parse(document.body.textContent)")
    assert found == {
        "protocol": "HTTP/2.0" if origin.protocol == "h2" else "HTTP/1.1",
        "word": "Ærø & Ö",
        "name": "Bild 1.bin",
        "error": 0,
        "sum": hashlib.sha256(content).hexdigest(),
    }
    assert page.transfers()[0]["protocol"] == origin.protocol


def test_an_event_stream(origin, page):
    page.open(origin.url + "/form.html")
    ticks = page.evaluate(
        """new Promise((done, failed) => {
        const seen = [], source = new EventSource('ticks.php');
        source.onmessage = event => { seen.push(event.data); if (seen.length === 3) { source.close(); done(seen); } };
        source.onerror = () => { if (source.readyState === EventSource.CLOSED) failed('closed'); };
        })"""
    )
    assert ticks == ["tick 1", "tick 2", "tick 3"]


def test_the_example_inside_tls(launch, site, page, tmp_path):
    root = launch.folder()
    copy_site(HELLO, root)
    (tmp_path / "note.txt").write_text("a note")
    example = TlsSite(launch, site.authority, *site.pairs, site=root)
    page.open("https://%s:%d/" % example.address)
    assert {transfer["protocol"] for transfer in page.transfers()} == {"h2"}
    assert page.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
    # The session's cookie came with the first answer; without it a form is refused.
    page.evaluate("document.querySelector('[name=name]').value = 'Grüße'")
    page.click("form:has([name=name]) button")
    assert "Grüße" in page.evaluate("document.querySelector('.answer').innerText")
    page.choose_file("[name=file]", tmp_path / "note.txt")
    page.click("form:has([name=file]) button")
    assert "note.txt" in page.evaluate("document.querySelector('.answer').innerText")
