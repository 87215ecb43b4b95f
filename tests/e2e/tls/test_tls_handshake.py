"""Who gets in: versions, ciphers, protocols, names, tickets, and what is no TLS at all."""

import os
import ssl
import threading

import pytest

from harness import client
from harness.tls import LEGACY, s_client, trusting

V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3

pytestmark = pytest.mark.howdah_only("TLS")


@pytest.mark.parametrize("version, name", [(V12, "TLSv1.2"), (V13, "TLSv1.3")])
def test_these_versions_are_spoken(site, version, name):
    with site.connect(version=version) as connection:
        assert connection.socket.version() == name
        assert connection.get("/server.php").json()["SSL_PROTOCOL"] == name


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_older_versions_are_refused(site, version):
    result = s_client(site.address, version, "-cipher", LEGACY)
    assert result.returncode != 0
    assert b"alert protocol version" in result.stderr


@pytest.mark.parametrize("cipher", ["AES128-SHA", "AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-CCM8"])
def test_old_ciphers_are_refused(site, cipher):
    result = s_client(site.address, "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")
    assert result.returncode != 0
    assert b"handshake failure" in result.stderr


def test_the_server_chooses_the_cipher(site):
    result = s_client(site.address, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256")
    assert b"ECDHE-ECDSA-AES128-GCM-SHA256" in result.stdout


def test_http_1_is_chosen_by_alpn_and_without_it(site):
    with site.connect(alpn=("nonsense", "http/1.1")) as connection:
        assert connection.socket.selected_alpn_protocol() == "http/1.1"
        assert connection.get("/page.html").status == 200
    with site.connect(alpn=()) as connection:
        assert connection.socket.selected_alpn_protocol() is None
        assert connection.get("/page.html").status == 200


def test_a_client_that_speaks_nothing_of_ours_is_told_so(site):
    with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
        site.connect(alpn=("nonsense",))


def test_a_session_cannot_be_renegotiated(site):
    result = s_client(site.address, "-tls1_2", send=b"R\n")
    assert b"RENEGOTIATING" in result.stderr + result.stdout
    assert b"no renegotiation" in result.stderr


def test_nothing_is_compressed_and_no_data_is_taken_early(site):
    result = s_client(site.address, "-tls1_3", send=b"GET /page.html HTTP/1.0\r\n\r\n")
    assert b"Compression: NONE" in result.stdout
    assert b"Early data was not sent" in result.stdout
    for line in result.stdout.splitlines():
        if b"Max Early Data" in line:
            assert line.split(b":")[1].strip() == b"0"


def test_the_certificate_goes_with_the_name(tls_site, authority):
    first = authority.issue("first", "127.0.0.1", "first.test")
    wild = authority.issue("wild", "*.wild.test", "wild.test")
    exact = authority.issue("exact", "exact.wild.test")
    site = tls_site(first, wild, exact)
    expected = {
        None: first, "first.test": first, "unknown.test": first, "wild.test": wild, "a.wild.test": wild, "A.Wild.TEST": wild,
        "exact.wild.test": exact, "a.b.wild.test": first, ".wild.test": first,
    }  # fmt: skip
    for name, pair in expected.items():
        if name == ".wild.test":
            continue  # no client of ours sends it
        with site.connect(host=name) as connection:
            assert connection.serial() == pair.serial, name
            assert connection.get("/page.html").status == 200


# -- tickets -----------------------------------------------------------------------------------------


def resumed(site, context, session):
    with site.connect(context=context, session=session) as connection:
        assert connection.get("/page.html").status == 200
        return connection.socket.session_reused


def first_session(site, context):
    with site.connect(context=context) as connection:
        assert connection.get("/page.html").status == 200
        assert not connection.socket.session_reused
        return connection.socket.session


@pytest.mark.parametrize("version", [V12, V13])
def test_a_ticket_resumes_a_session(site, version):
    context = trusting(site.authority, version)
    assert resumed(site, context, first_session(site, context))


@pytest.mark.parametrize("version", [V12, V13])
def test_a_ticket_is_good_at_every_loop(tls_site, version):
    site = tls_site(FRONT_THREADS=2)
    context = trusting(site.authority, version)
    session = first_session(site, context)
    # Held open together, so that they do not all fall to one loop.
    held = [site.connect(context=context, session=session) for _ in range(40)]
    try:
        assert all(connection.socket.session_reused for connection in held)
        assert all(connection.get("/page.html").status == 200 for connection in held)
    finally:
        for connection in held:
            connection.close()


def test_a_ticket_of_another_server_is_ignored(tls_site, authority):
    context = trusting(authority)
    pair = authority.issue("twice", "127.0.0.1")
    session = first_session(tls_site(pair), context)
    assert not resumed(tls_site(pair), context, session)


# -- what is no TLS ----------------------------------------------------------------------------------


def test_plain_http_is_told_that_this_port_speaks_https(site):
    answer = client.request(site.address, "GET", "/page.html")
    assert answer.status == 400
    assert "HTTPS" in answer.text
    assert answer.header("Connection") == "close"
    assert answer.header("X-Request-ID")


def test_plain_http_with_a_body_can_read_the_answer(site):
    with client.RawConnection(site.address) as connection:
        connection.send("POST /length.php HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n" + "x" * 100000)
        assert connection.read_response().status == 400
        assert connection.ended()


def test_tls_on_the_plain_port_is_a_bad_request(site):
    with client.RawConnection(site.server.address) as connection:
        connection.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(32) + b"\r\n\r\n")
        assert connection.read_response().status == 400
        assert connection.ended()


@pytest.mark.parametrize(
    "data",
    [b"\x16\x03\x01\xff\xff" + b"\0" * 100, b"\x80\x2e\x01\0\x02" + b"\0" * 100, b"\0" * 100, b"\xff" * 100, b"\x16" * 100],
)
def test_garbage_ends_the_connection(site, data):
    with client.RawConnection(site.address) as connection:
        connection.send(data)
        try:
            connection.read_to_end()
        except ConnectionResetError:
            pass
    assert site.get("/page.html").status == 200


@pytest.mark.parametrize("version", [V12, V13])
def test_garbage_inside_a_session_ends_it(site, version):
    with site.connect(version=version) as connection:
        assert connection.get("/page.html").status == 200
        with connection.outside() as beneath:
            beneath.sendall(b"\x17\x03\x03\x00\x20" + os.urandom(32))
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            connection.socket.recv(100)
    assert site.get("/page.html").status == 200


# -- time, and clients that leave --------------------------------------------------------------------


@pytest.mark.parametrize("start", [b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"])
def test_a_handshake_that_stalls_is_ended(tls_site, start):
    site = tls_site(HEADER_TIMEOUT_SECS=1)
    with client.RawConnection(site.address) as connection:
        connection.send(start)
        assert connection.ended(10)


def test_clients_that_leave_in_the_handshake_cost_nothing(site):
    for _ in range(50):
        connection = client.RawConnection(site.address)
        connection.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        connection.reset()
    for _ in range(20):
        client.RawConnection(site.address).close()
    assert site.get("/page.html").status == 200


def test_many_handshakes_at_once(site):
    failures = []

    def visit():
        try:
            for _ in range(10):
                assert site.get("/server.php").json()["HTTPS"] == "on"
        except Exception as error:  # told by the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=visit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
