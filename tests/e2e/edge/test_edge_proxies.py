"""Who a client is when a proxy stands in front: X-Forwarded-* and the PROXY protocol are believed
from TRUSTED_PROXIES and are nothing special from anybody else (contract, section 2)."""

import os
import socket
import struct

import pytest

from harness.folders import copy_site
from harness.sockets import ask, tcp_connection, unix_connection
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("its settings")

PROXY = "127.0.0.2"  # the address that the server below trusts
OTHER = "127.0.0.3"
ADDRESSES = ("REMOTE_ADDR", "REMOTE_PORT", "SERVER_ADDR", "SERVER_NAME", "SERVER_PORT", "REQUEST_SCHEME", "HTTPS", "HTTP_HOST")
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


@pytest.fixture(scope="module")
def front(launch_shared):
    server = launch_shared(TRUSTED_PROXIES=f"{PROXY}, 10.0.0.0/8, fd00::/8", ACCESS_LOG=1, HEADER_TIMEOUT_SECS=1)
    return server


def from_address(server, source):
    return tcp_connection(*server.address, source=source, timeout=10)


def seen(server, headers="", source=PROXY, host="own.example"):
    with from_address(server, source) as raw:
        answer = ask(raw, "/server.php", headers, host)
        assert answer.status == 200, answer.text
        variables = answer.json()
        return {name: variables[name] for name in ADDRESSES if name in variables}


# -- X-Forwarded-* -------------------------------------------------------------------------------------

CLIENTS = {
    "203.0.113.9": "203.0.113.9",
    "1.1.1.1, 203.0.113.9": "203.0.113.9",
    "1.1.1.1, 203.0.113.9, 10.1.2.3": "203.0.113.9",
    "203.0.113.9,10.0.0.1,fd00::1, 127.0.0.2": "203.0.113.9",
    "10.0.0.1, 10.0.0.2": "10.0.0.1",
    "2001:DB8::7": "2001:db8::7",
    "[2001:db8::7]:4711": "2001:db8::7",
    "203.0.113.9:4711": "203.0.113.9",
    "::ffff:203.0.113.9": "203.0.113.9",
    "unknown, 203.0.113.9": "203.0.113.9",
    "1.1.1.1, unknown": PROXY,
    "1.1.1.1, <script>, 10.0.0.1": "10.0.0.1",
    "": PROXY,
    ",,": PROXY,
    "\"203.0.113.9\"": PROXY,
}


@pytest.mark.parametrize("value", CLIENTS)
def test_the_client_is_the_rightmost_entry_that_is_not_trusted(front, value):
    assert seen(front, f"X-Forwarded-For: {value}\r\n")["REMOTE_ADDR"] == CLIENTS[value]


def test_several_fields_are_one_list(front):
    fields = "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 10.0.0.1\r\n"
    assert seen(front, fields)["REMOTE_ADDR"] == "203.0.113.9"


def test_the_port_is_the_clients_or_absent(front):
    assert seen(front, "X-Forwarded-For: 203.0.113.9:4711\r\n")["REMOTE_PORT"] == "4711"
    assert "REMOTE_PORT" not in seen(front, "X-Forwarded-For: 203.0.113.9\r\n")


def test_scheme_and_host_are_the_proxys_word(front):
    variables = seen(front, "X-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\n")
    assert variables["HTTPS"] == "on"
    assert variables["REQUEST_SCHEME"] == "https"
    assert variables["HTTP_HOST"] == variables["SERVER_NAME"] == "shop.example"
    assert variables["SERVER_PORT"] == "443"
    variables = seen(front, "X-Forwarded-Proto: http\r\nX-Forwarded-Host: shop.example:8443, inner\r\n")
    assert "HTTPS" not in variables
    assert (variables["HTTP_HOST"], variables["SERVER_PORT"]) == ("shop.example:8443", "8443")


def test_what_is_malformed_says_nothing(front):
    variables = seen(front, "X-Forwarded-Proto: gopher\r\nX-Forwarded-Host: a/b\r\n")
    assert (variables["REQUEST_SCHEME"], variables["HTTP_HOST"]) == ("http", "own.example")
    assert "HTTPS" not in variables


def test_from_anyone_else_they_are_plain_headers(front):
    fields = "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\n"
    with from_address(front, OTHER) as raw:
        variables = ask(raw, "/server.php", fields, "own.example").json()
    assert variables["REMOTE_ADDR"] == OTHER
    assert (variables["REQUEST_SCHEME"], variables["HTTP_HOST"], variables["SERVER_PORT"]) == ("http", "own.example", "80")
    assert "HTTPS" not in variables
    assert variables["HTTP_X_FORWARDED_FOR"] == "203.0.113.9"
    assert variables["HTTP_X_FORWARDED_PROTO"] == "https"


def test_every_request_of_a_connection_speaks_for_itself(front):
    with from_address(front, PROXY) as raw:
        for field, client in [("X-Forwarded-For: 203.0.113.9\r\n", "203.0.113.9"), ("", PROXY), ("X-Forwarded-For: 203.0.113.10\r\n", "203.0.113.10")]:
            assert ask(raw, "/server.php", field).json()["REMOTE_ADDR"] == client


def test_the_access_log_names_the_client(front):
    with from_address(front, PROXY) as raw:
        ask(raw, "/server.php?log=1", "X-Forwarded-For: 1.1.1.1, 203.0.113.9\r\n")
    line = front.wait_for_log(lambda line: line["type"] == "access" and line["data"].get("query") == "log=1", "of the access log")
    assert (line["data"]["ip"], line["data"]["xff"]) == ("203.0.113.9", "1.1.1.1, 203.0.113.9")


def test_a_unix_socket_is_trusted_only_when_it_is_named(launch):
    for trusted, client in [("unix", "203.0.113.9"), ("0.0.0.0/0,::/0", "unix:")]:
        path = os.path.join(launch.folder(mode=0o777), "s")
        launch(LISTEN_ADDR=f"unix:{path}", TRUSTED_PROXIES=trusted)
        with unix_connection(path) as raw:
            assert ask(raw, "/server.php", "X-Forwarded-For: 203.0.113.9\r\n").json()["REMOTE_ADDR"] == client


# -- the PROXY protocol --------------------------------------------------------------------------------


def block(command, family, rest):
    return SIGNATURE + bytes([command, family]) + struct.pack(">H", len(rest)) + rest


def ends4(client="203.0.113.9", server="192.0.2.80", ports=(4711, 443)):
    return socket.inet_aton(client) + socket.inet_aton(server) + struct.pack(">HH", *ports)


def ends6(client="2001:db8::9", server="2001:db8::80", ports=(4711, 443)):
    return socket.inet_pton(socket.AF_INET6, client) + socket.inet_pton(socket.AF_INET6, server) + struct.pack(">HH", *ports)


REQUEST = b"GET /server.php HTTP/1.1\r\nHost: own.example\r\nX-Forwarded-For: 198.51.100.4\r\n\r\n"
TLVS = b"\x01\x00\x02h2" + b"\x02\x00\x0bweb.example" + b"\x20\x00\x05\x01\x00\x00\x00\x00" + b"\xe0\x00\x00"

REPLACED = {
    "version 1, IPv4": (b"PROXY TCP4 203.0.113.9 192.0.2.80 4711 443\r\n", ("203.0.113.9", "4711", "192.0.2.80")),
    "version 1, IPv6": (b"PROXY TCP6 2001:db8::9 2001:db8::80 4711 443\r\n", ("2001:db8::9", "4711", "2001:db8::80")),
    "version 2, IPv4": (block(0x21, 0x11, ends4()), ("203.0.113.9", "4711", "192.0.2.80")),
    "version 2, IPv6": (block(0x21, 0x21, ends6()), ("2001:db8::9", "4711", "2001:db8::80")),
    "version 2 with extensions": (block(0x21, 0x11, ends4() + TLVS), ("203.0.113.9", "4711", "192.0.2.80")),
    "version 2 with many extensions": (block(0x21, 0x11, ends4() + b"\xe0\x00\xc8" + bytes(200) + TLVS * 20), ("203.0.113.9", "4711", "192.0.2.80")),
}
KEPT = {
    "UNKNOWN": b"PROXY UNKNOWN\r\n",
    "UNKNOWN with addresses": b"PROXY UNKNOWN 1.2.3.4 5.6.7.8 1 2\r\n",
    "LOCAL": block(0x20, 0x00, b""),
    "LOCAL with addresses": block(0x20, 0x11, ends4()),
    "an unspecified family": block(0x21, 0x00, b""),
}
MALFORMED = {
    "a line without ports": b"PROXY TCP4 203.0.113.9 192.0.2.80\r\n",
    "a line of another protocol": b"PROXY UDP4 203.0.113.9 192.0.2.80 1 2\r\n",
    "a line of the wrong family": b"PROXY TCP4 ::1 ::1 1 2\r\n",
    "a line with a port too large": b"PROXY TCP4 203.0.113.9 192.0.2.80 65536 2\r\n",
    "a line with two spaces": b"PROXY TCP4  203.0.113.9 192.0.2.80 1 2\r\n",
    "a line that ends in LF": b"PROXY TCP4 203.0.113.9 192.0.2.80 1 2\n",
    "a line that is too long": b"PROXY UNKNOWN " + b"x" * 200 + b"\r\n",
    "a block of another version": block(0x11, 0x11, ends4()),
    "a block of another command": block(0x22, 0x11, ends4()),
    "a block of another family": block(0x21, 0x51, ends4()),
    "a block of datagrams": block(0x21, 0x12, ends4()),
    "a block that is too short": block(0x21, 0x21, ends4()),
    "a block with a cut extension": block(0x21, 0x11, ends4() + b"\x01\x00\x09h2"),
    "a block that is too long": block(0x21, 0x11, ends4() + bytes(60000)),
}


def with_header(server, header, source=PROXY):
    raw = from_address(server, source)
    raw.send(header + REQUEST)
    return raw


@pytest.mark.parametrize("name", REPLACED)
def test_a_proxy_header_replaces_the_addresses(front, name):
    header, expected = REPLACED[name]
    with with_header(front, header) as raw:
        variables = raw.read_response().json()
        assert (variables["REMOTE_ADDR"], variables["REMOTE_PORT"], variables["SERVER_ADDR"]) == expected
        # Of the whole connection; and X-Forwarded-For is the client's own word here.
        assert ask(raw, "/server.php", "X-Forwarded-For: 1.1.1.1\r\n").json()["REMOTE_ADDR"] == expected[0]


@pytest.mark.parametrize("name", KEPT)
def test_a_proxy_header_about_nobody_keeps_them(front, name):
    with with_header(front, KEPT[name]) as raw:
        assert raw.read_response().json()["REMOTE_ADDR"] == "198.51.100.4", "the proxy's own request"


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_proxy_header_closes_the_connection(front, name):
    with with_header(front, MALFORMED[name]) as raw:
        try:
            assert raw.read_some() == b""
        except ConnectionResetError:
            pass
    assert front.get("/server.php").status == 200


@pytest.mark.parametrize("name", [*REPLACED, *KEPT])
def test_from_anyone_else_a_proxy_header_is_a_bad_request(front, name):
    header = REPLACED[name][0] if name in REPLACED else KEPT[name]
    with with_header(front, header, OTHER) as raw:
        assert raw.read_response().status == 400
        assert raw.read_to_end() == b""


def test_a_header_may_come_in_pieces(front):
    for header in (REPLACED["version 1, IPv4"][0], REPLACED["version 2 with extensions"][0]):
        with from_address(front, PROXY) as raw:
            for byte in header:
                raw.send(bytes([byte]))
            raw.send(REQUEST)
            assert raw.read_response().json()["REMOTE_ADDR"] == "203.0.113.9"


def test_a_header_comes_once(front):
    with from_address(front, PROXY) as raw:
        raw.send(REPLACED["version 1, IPv4"][0] * 2 + REQUEST)
        assert raw.read_response().status == 400
        assert raw.read_to_end() == b""


@pytest.mark.parametrize("beginning", [b"PRO", b"PROXY TCP4 1.2.3", SIGNATURE[:3], SIGNATURE, SIGNATURE + b"\x21\x11\x00\xff\x01"])
def test_a_header_that_does_not_come_to_its_end_is_waited_for_as_a_head_is(front, beginning):
    with from_address(front, PROXY) as raw:
        raw.send(beginning)
        assert raw.read_to_end() == b""


def test_a_proxy_that_is_trusted_may_hand_on_another_that_is(front):
    """A load balancer that speaks PROXY, behind it one that writes X-Forwarded-For."""
    with with_header(front, b"PROXY TCP4 10.1.1.1 192.0.2.80 4711 443\r\n") as raw:
        assert raw.read_response().json()["REMOTE_ADDR"] == "198.51.100.4"


def test_a_body_behind_a_header_is_whole(front):
    body = bytes(range(256)) * 400
    with from_address(front, PROXY) as raw:
        head = b"POST /length.php HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body)
        raw.send(REPLACED["version 2, IPv4"][0] + head + body)
        assert raw.read_response().text == str(len(body))


def test_no_descriptor_is_left_of_any_of_them(front):
    def connections():
        return front.internal("/health").json()["active_connections"]

    for header in [*(row[0] for row in REPLACED.values()), *KEPT.values(), *MALFORMED.values()]:
        with_header(front, header).close()
        raw = from_address(front, PROXY)
        raw.send(header[:7])
        raw.reset()
    wait_until(lambda: connections() == 0, "all connections to be gone")


def test_a_drain_waits_for_no_silent_proxy(launch):
    root = launch.folder()
    copy_site(os.path.join(os.path.dirname(__file__), "www"), root)
    server = launch(site=root, TRUSTED_PROXIES="127.0.0.1")
    with tcp_connection(*server.address) as silent, tcp_connection(*server.address) as begun:
        begun.send("PROXY TC")
        wait_until(lambda: server.internal("/health").json()["active_connections"] == 2, "both to be accepted")
        server.process.terminate()
        assert silent.read_to_end() == b""
        assert begun.read_to_end() == b""
        server.stop()
