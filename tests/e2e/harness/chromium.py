"""Headless Chromium, driven through the DevTools protocol over a pair of pipes."""

import base64
import fcntl
import hashlib
import itertools
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from harness.waiting import allow

TIMEOUT = 60.0


def key_hash(certificate_pem):
    """How Chromium's command line names a certificate: the hash of its public key."""
    key = x509.load_pem_x509_certificate(certificate_pem).public_key()
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


def _pipe():
    """Both ends above the two numbers that the browser wants its own at."""
    ends = os.pipe()
    moved = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return moved


class Chromium:
    """A browser with a fresh profile. `trusted` are pairs (harness.certificates) that it takes as they are."""

    def __init__(self, *trusted):
        self._profile = tempfile.mkdtemp(prefix="howdah-e2e-chromium-")
        self._numbers = itertools.count(1)
        self._input = b""
        self.events = []
        self.complaints = []  # what pages that watch_console() wrote to the console as errors
        read_end, self._to = _pipe()
        self._from, write_end = _pipe()
        command = [
            "chromium",
            "--headless=new",
            "--no-sandbox",  # the tests may run as root
            "--no-first-run",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-proxy-server",
            f"--user-data-dir={self._profile}",
            f"--ignore-certificate-errors-spki-list={','.join(key_hash(pair.certificate_pem) for pair in trusted)}",
            "--remote-debugging-pipe",  # it reads descriptor 3 and writes 4
            "about:blank",
        ]
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{read_end} 4>&{write_end}', "bash", *command],
            pass_fds=(read_end, write_end),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": self._profile, "DBUS_SESSION_BUS_ADDRESS": "disabled:"},
        )
        os.close(read_end)
        os.close(write_end)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            self.call("Browser.close")
            self._process.wait(allow(20))
        except (AssertionError, OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._to)
        os.close(self._from)
        # Helpers of the browser may still write while they end.
        shutil.rmtree(self._profile, ignore_errors=True)

    def page(self):
        """A new tab."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Page(self, session)

    def call(self, method, session=None, **parameters):
        """The result of one command; events that come meanwhile are kept."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters, **({"sessionId": session} if session else {})}
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._to, data) :]
        deadline = time.monotonic() + allow(TIMEOUT)
        while True:
            answer = self._receive(deadline, f"the answer to {method}")
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def wait_event(self, session, method):
        """The parameters of the next event of that name, which is forgotten with all before it."""
        deadline = time.monotonic() + allow(TIMEOUT)
        while True:
            while self.events:
                event = self.events.pop(0)
                if event["method"] == method and event.get("sessionId") == session:
                    return event["params"]
            message = self._receive(deadline, f"the event {method}")
            if "method" in message:
                self.events.append(message)

    def _receive(self, deadline, what):
        while b"\0" not in self._input:
            ready, _, _ = select.select([self._from], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"Chromium: waited for {what}"
            data = os.read(self._from, 1 << 20)
            assert data, f"Chromium ended while the test waited for {what}"
            self._input += data
        data, _, self._input = self._input.partition(b"\0")
        message = json.loads(data)
        self._note_complaint(message.get("method"), message.get("params", {}))
        return message

    def _note_complaint(self, method, parameters):
        written = parameters.get("type") if method == "Runtime.consoleAPICalled" else None
        level = parameters["entry"]["level"] if method == "Log.entryAdded" else None
        if method == "Runtime.exceptionThrown" or written in ("error", "warning", "assert") or level in ("error", "warning"):
            self.complaints.append(parameters)


class Page:
    def __init__(self, browser, session):
        self._browser = browser
        self._session = session
        self._call("Page.enable")

    def _call(self, method, **parameters):
        return self._browser.call(method, self._session, **parameters)

    def open(self, url):
        """Loads the page with everything in it."""
        self._browser.events.clear()
        result = self._call("Page.navigate", url=url)
        assert "errorText" not in result, f"{url}: {result['errorText']}"
        self.wait_loaded()

    def start(self, url):
        """Begins to load the page, whose answer may not be there yet; wait_loaded() is for its end."""
        # The empty page of a new tab has such an end, too.
        self.evaluate(
            "new Promise(done => document.readyState === 'complete' ? setTimeout(done)"
            " : addEventListener('load', () => setTimeout(done)))"
        )
        self._browser.events.clear()
        self.evaluate(f"setTimeout(() => location.href = {json.dumps(url)})")

    def wait_loaded(self):
        self._browser.wait_event(self._session, "Page.loadEventFired")

    def evaluate(self, expression):
        """Value of a JavaScript expression; of a promise, what it comes to."""
        result = self._call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, f"{expression}: {result['exceptionDetails']}"
        return result["result"].get("value")

    def choose_file(self, selector, path):
        """Fills an <input type=file>."""
        document = self._call("DOM.getDocument")["root"]["nodeId"]
        node = self._call("DOM.querySelector", nodeId=document, selector=selector)["nodeId"]
        assert node, f"no element {selector}"
        self._call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def click(self, selector):
        """Clicks on what leads to another page, and waits for that."""
        self._browser.events.clear()
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")
        self.wait_loaded()

    def watch_console(self):
        """From now on Chromium.complaints has what scripts throw and what the browser refuses (CSP)."""
        self._call("Runtime.enable")
        self._call("Log.enable")

    def forgive(self):
        """Forgets the complaints up to now."""
        self.evaluate("0")
        self._browser.complaints.clear()

    def close(self):
        self.evaluate("0")  # what was said before has come by then
        self._call("Page.close")

    def look(self, scheme="light", width=1280, height=900):
        """How it is shown from now on: with prefers-color-scheme, on a window of that size."""
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)

    def screenshot(self):
        """What is to be seen, the whole page, as PNG."""
        return base64.b64decode(self._call("Page.captureScreenshot", captureBeyondViewport=True)["data"])

    def transfers(self):
        """What was loaded for the page, itself first: dicts of name, protocol, encoded and decoded size."""
        return self.evaluate(
            """[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].map(
            entry => ({name: entry.name, protocol: entry.nextHopProtocol, status: entry.responseStatus,
                       encoded: entry.encodedBodySize, decoded: entry.decodedBodySize}))"""
        )
