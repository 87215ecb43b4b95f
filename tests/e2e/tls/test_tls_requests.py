"""Requests inside TLS are requests: bodies, streams, keep-alive, ends, and what PHP and the log know."""

import hashlib
import os
import ssl
import subprocess

import pytest

from harness import client
from harness.tls import TlsConnection, TlsSite, trusting
from harness.waiting import wait_until

MIB = 1 << 20

pytestmark = pytest.mark.howdah_only("TLS")


def test_php_knows_that_it_is_https(site):
    found = site.get("/server.php").json()
    assert found == {
        "HTTPS": "on",
        "REQUEST_SCHEME": "https",
        "SERVER_PORT": "443",
        "SSL_PROTOCOL": "TLSv1.3",
        "SERVER_NAME": "test",
    }


def test_plain_http_beside_it_is_not_https(site):
    found = site.server.get("/server.php").json()
    assert found["HTTPS"] is None and found["SSL_PROTOCOL"] is None
    assert found["REQUEST_SCHEME"] == "http"


def test_the_access_log_names_the_version(site):
    site.get("/page.html?tls")
    line = site.server.wait_for_log(lambda line: line["data"].get("query") == "tls", "of the access")
    assert line["data"]["tls"] == "TLSv1.3"
    site.server.get("/page.html?plain")
    line = site.server.wait_for_log(lambda line: line["data"].get("query") == "plain", "of the access")
    assert "tls" not in line["data"]


def test_curl_trusts_it(site):
    url = "https://localhost:%d/server.php" % site.address[1]
    answer = subprocess.run(["curl", "-sS", "--cacert", site.authority.path, url], capture_output=True, timeout=30)
    assert b'"HTTPS":"on"' in answer.stdout, answer.stderr


def test_a_connection_is_kept_and_requests_are_pipelined(site):
    with site.connect() as connection:
        for _ in range(50):
            assert connection.get("/page.html").text == "<p>page</p>\n"
        request = "GET /server.php HTTP/1.1\r\nHost: test\r\n\r\n"
        connection.send(request * 20)
        assert all(connection.read_response().status == 200 for _ in range(20))


def test_a_request_may_come_in_any_pieces(site):
    with site.connect() as connection:
        for byte in "GET /page.html HTTP/1.1\r\nHost: test\r\n\r\n":
            connection.send(byte)
        assert connection.read_response().status == 200


def test_the_end_is_announced(site):
    with site.connect() as connection:
        assert connection.get("/page.html", "Connection: close\r\n").status == 200
        # Without close_notify this raises.
        assert connection.socket.recv(1) == b""


def test_an_answer_before_the_end_of_the_body_can_be_read(tls_site):
    site = tls_site(MAX_BODY_SIZE="1m")
    with site.connect() as connection:
        connection.send("POST /length.php HTTP/1.1\r\nHost: test\r\nContent-Length: 8000000\r\n\r\n" + "x" * 500_000)
        assert connection.read_response().status == 413
        assert connection.socket.recv(1) == b""


def test_a_stream_arrives_piece_by_piece(site):
    with site.connect() as connection:
        connection.send("GET /stream.php HTTP/1.1\r\nHost: test\r\n\r\n")
        assert connection.read_response().text == "onetwothree"


def test_an_http_1_0_stream_ends_with_the_connection(site):
    with site.connect() as connection:
        connection.send("GET /stream.php HTTP/1.0\r\n\r\n")
        assert connection.read_response().text == "onetwothree"


def test_a_large_upload_arrives_whole(site):
    body = os.urandom(MIB) * 100
    with site.connect() as connection:
        connection.send(f"POST /length.php HTTP/1.1\r\nHost: test\r\nContent-Length: {len(body)}\r\n\r\n")
        connection.send(body)
        found = connection.read_response().json()
    assert found == {"length": len(body), "sha256": hashlib.sha256(body).hexdigest()}


def test_a_large_download_of_php_arrives_whole(site):
    with site.connect() as connection:
        answer = connection.get("/produce.php?mib=100")
    assert len(answer.body) == 100 * MIB
    assert answer.body == b"0123456789abcdef" * (100 * MIB // 16)


@pytest.fixture(scope="module")
def large_file(site):
    data = os.urandom(MIB) * 100
    with open(os.path.join(site.server.root, "large.bin"), "wb") as file:
        file.write(data)
    os.chmod(file.name, 0o644)
    return data


def test_a_large_file_arrives_whole(site, large_file):
    with site.connect() as connection:
        assert connection.get("/large.bin").body == large_file
        assert connection.get("/page.html").status == 200


def test_a_slow_reader_gets_everything(site, large_file):
    with site.connect() as connection:
        connection.send("GET /large.bin HTTP/1.1\r\nHost: test\r\n\r\n" * 2)
        connection.send("GET /produce.php?mib=5 HTTP/1.1\r\nHost: test\r\n\r\n")
        # The server has filled the socket and waits.
        metric = 'tokio_php_requests_total{method="GET"}'
        before = site.server.metric(metric)
        wait_until(lambda: connection.readable(0) and site.server.metric(metric) >= before, "the answer to begin")
        assert connection.read_response().body == large_file
        assert connection.read_response().body == large_file
        assert len(connection.read_response().body) == 5 * MIB


def test_a_reader_that_leaves_is_forgotten(site, large_file):
    connection = site.connect()
    connection.send("GET /large.bin HTTP/1.1\r\nHost: test\r\n\r\n")
    connection.read_head()
    connection.reset()
    wait_until(lambda: site.server.metric("tokio_php_active_connections") <= 1, "the connection to be gone")


# -- to HTTPS ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def redirecting(launch_shared, authority):
    return TlsSite(launch_shared, authority, TLS_REDIRECT=1)


@pytest.mark.parametrize("target", ["/", "/a/b%20c?d=e&f", "/server.php/x?", "//other.test/x", "/.env"])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "DELETE"])
def test_plain_requests_are_sent_to_https(redirecting, method, target):
    with client.RawConnection(redirecting.server.address) as connection:
        connection.send(f"{method} {target} HTTP/1.1\r\nHost: name.test:81\r\n\r\n")
        answer = connection.read_response(to=method)
    assert answer.status == 308
    assert answer.header("Location") == f"https://name.test:{redirecting.address[1]}{target}"


def test_requests_inside_tls_are_answered(redirecting):
    assert redirecting.get("/page.html").status == 200


def test_without_a_host_there_is_no_way_to_https(redirecting):
    with client.RawConnection(redirecting.server.address) as connection:
        connection.send("GET / HTTP/1.0\r\n\r\n")
        answer = connection.read_response()
    assert answer.status == 400 and answer.header("Location") is None


@pytest.mark.parametrize("host", ["evil.test/x", "user@evil.test", "evil.test:x", "a b"])
def test_only_a_host_is_redirected_to(redirecting, host):
    with client.RawConnection(redirecting.server.address) as connection:
        connection.send(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")
        answer = connection.read_response()
    assert answer.status == 400 and answer.header("Location") is None


def test_a_certificate_alone_makes_listen_addr_speak_tls(launch, authority):
    pair = authority.issue("alone", "127.0.0.1")
    server = launch(TLS_CERT=pair.cert, TLS_KEY=pair.key)
    with TlsConnection(server.address, trusting(authority)) as connection:
        assert connection.get("/server.php").json()["HTTPS"] == "on"
    assert server.get("/page.html").status == 400
    assert server.internal("/config").json()["tls_enabled"] is True


def test_a_drain_lets_requests_inside_tls_end(tls_site):
    site = tls_site()
    idle = site.connect()
    assert idle.get("/page.html").status == 200
    gate = site.server.gate()
    busy = site.connect()
    busy.send(f"GET /gate.php?gate={gate.path} HTTP/1.1\r\nHost: test\r\n\r\n")
    gate.wait_started()
    site.server.process.terminate()
    assert idle.socket.recv(1) == b""  # announced
    gate.release()
    answer = busy.read_response()
    assert answer.text == "released" and answer.header("Connection") == "close"
    assert busy.socket.recv(1) == b""
    for connection in (idle, busy):
        connection.close()


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_a_proxy_header_comes_before_the_handshake(tls_site, version):
    site = tls_site(TRUSTED_PROXIES="127.0.0.0/8", ACCESS_LOG=1)
    url = "https://localhost:%d/server.php?behind" % site.address[1]
    command = ["curl", "-sS", version, "--haproxy-protocol", "--interface", "127.0.0.9", "--cacert", site.authority.path]
    answer = subprocess.run([*command, url], capture_output=True, timeout=30)
    assert b'"HTTPS":"on"' in answer.stdout, answer.stderr
    line = site.server.wait_for_log(lambda line: line["data"].get("query") == "behind", "of the access")
    assert line["data"]["ip"] == "127.0.0.9" and line["data"]["tls"] == "TLSv1.3"


def test_a_proxy_header_and_the_first_record_may_come_together(tls_site):
    site = tls_site(TRUSTED_PROXIES="127.0.0.1")
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    inside = trusting(site.authority).wrap_bio(incoming, outgoing)
    with pytest.raises(ssl.SSLWantReadError):
        inside.do_handshake()
    with client.RawConnection(site.address) as connection:
        connection.send(b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n" + outgoing.read())
        while True:
            try:
                inside.do_handshake()
                break
            except ssl.SSLWantReadError:
                received = connection.socket.recv(65536)
                assert received, "closed inside the handshake"
                incoming.write(received)
        assert inside.version() == "TLSv1.3"
