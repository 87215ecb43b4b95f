"""HTTP/2 inside TLS, agreed on by ALPN (RFC 9113 3.2)."""

import hashlib
import os
import subprocess

import pytest

from harness.folders import write
from harness.http2 import NO_ERROR, Http2Connection, window_update
from harness.tls import TlsSite, trusting

LARGE = bytes(range(256)) * 8192  # 2 MiB


@pytest.fixture(scope="module")
def site(launch_shared, authority):
    site = TlsSite(launch_shared, authority, IDLE_TIMEOUT_SECS=2)
    write(site.server.root, {"large.bin": LARGE})
    return site


@pytest.fixture
def connection(site):
    with Http2Connection(site.address, tls=trusting(site.authority, alpn=("h2", "http/1.1"))) as it:
        assert it.socket.selected_alpn_protocol() == "h2"
        yield it


def test_php_is_told_of_both(connection):
    seen = connection.get("/server.php", scheme="https").json()
    assert (seen["SERVER_PROTOCOL"], seen["HTTPS"], seen["REQUEST_SCHEME"]) == ("HTTP/2.0", "on", "https")
    assert seen["SSL_PROTOCOL"].startswith("TLSv1.")


def test_large_answers_come_whole(connection):
    connection.send(window_update(0, 1 << 25))
    for path in ("/large.bin", "/huge.php?mb=8"):
        stream = connection.request(path)
        connection.send(window_update(stream, 1 << 24))
        body = connection.response(stream).body
        assert len(body) in (len(LARGE), 8 << 20)
        if path == "/large.bin":
            assert hashlib.md5(body).digest() == hashlib.md5(LARGE).digest()


def test_an_idle_connection_ends_with_a_goodbye(connection):
    assert connection.get("/page.html").status == 200
    connection.expect_goaway(NO_ERROR, 10)


def test_curl_sends_and_fetches(site):
    url = "https://%s:%d" % site.address
    curl = ["curl", "--silent", "--show-error", "--http2", "--cacert", site.authority.path]
    body = ["--data-binary", "@" + os.path.join(site.server.root, "large.bin")]
    for command, expected in (
        ([f"{url}/large.bin"], LARGE),
        ([*body, f"{url}/length.php"], b"2097152"),
        ([*body, f"{url}/echo.php"], LARGE),
    ):
        done = subprocess.run([*curl, *command], capture_output=True, timeout=60)
        assert (done.returncode, done.stdout) == (0, expected), done.stderr
