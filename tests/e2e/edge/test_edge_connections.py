"""How many connections there may be: of one client, and in all."""

import resource
import ssl

import pytest

from harness import processes
from harness.certificates import Authority
from harness.server import run_howdah
from harness.sockets import ask, tcp_connection
from harness.tls import TlsSite
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("its settings")


def connections(server):
    return server.internal("/health").json()["active_connections"]


def kept_out(server, limit):
    return server.metric(f'tokio_php_connection_limits_total{{limit="{limit}"}}')


def dial(server, source="127.0.0.1", host="127.0.0.1"):
    return tcp_connection(host, server.address[1], source=source, timeout=10)


def is_served(raw):
    return ask(raw, "/server.php").status == 200


def is_turned_away(raw):
    answer = raw.read_response()
    assert answer.status == 429
    assert answer.text == "429 Too Many Requests"
    for name in ("X-Request-ID", "traceparent", "Date", "Server", "Retry-After"):
        assert answer.header(name), name
    assert answer.header("Connection") == "close"
    return raw.read_to_end() == b""


def test_a_client_has_no_more_connections_than_it_may(launch):
    server = launch(MAX_CONNECTIONS_PER_IP=3)
    held = [dial(server) for _ in range(3)]
    assert all(is_served(raw) for raw in held)
    with dial(server) as fourth:
        assert is_turned_away(fourth)
    with dial(server, source="127.0.0.9") as other:
        assert is_served(other)
    held.pop().close()
    wait_until(lambda: connections(server) == 2, "the connection to be gone")
    with dial(server) as again:
        assert is_served(again)
    assert all(is_served(raw) for raw in held), "nobody else was touched"
    for raw in held:
        raw.close()
    line = server.wait_for_log(lambda line: "MAX_CONNECTIONS_PER_IP" in line["msg"], "about the refusal")
    assert (line["level"], line["data"]["ip"]) == ("warn", "127.0.0.1")


def test_who_sends_a_request_at_once_is_answered_too(launch):
    server = launch(MAX_CONNECTIONS_PER_IP=1)
    with dial(server) as first:
        assert is_served(first)
        with dial(server) as second:
            second.send("GET /server.php HTTP/1.1\r\nHost: a\r\n\r\n")
            assert second.read_head().status == 429


def test_refusals_are_no_log_flood(launch):
    server = launch(MAX_CONNECTIONS_PER_IP=1)
    with dial(server) as first:
        assert is_served(first)
        for _ in range(100):
            with dial(server) as refused:
                refused.read_to_end()
    wait_until(lambda: kept_out(server, "max_connections_per_ip") == 100, "all refusals to be counted")
    lines = [line for line in server.log.json_lines() if "MAX_CONNECTIONS_PER_IP" in line["msg"]]
    assert len(lines) <= 2, lines


def test_an_ipv6_network_is_one_client(launch):
    server = launch(LISTEN_ADDR=f":{launch.prepare(launch.folder()).address[1]}", MAX_CONNECTIONS_PER_IP=1)
    server.address = ("127.0.0.1", int(server.environment["LISTEN_ADDR"][1:]))
    with dial(server, source=None, host="::1") as first:
        assert is_served(first)
        with dial(server, source=None, host="::1") as second:
            assert is_turned_away(second)
        with dial(server) as four:
            assert is_served(four)


def test_trusted_proxies_and_unix_sockets_are_not_counted(launch):
    server = launch(MAX_CONNECTIONS_PER_IP=1, TRUSTED_PROXIES="127.0.0.2")
    held = [dial(server, source="127.0.0.2") for _ in range(5)]
    assert all(is_served(raw) for raw in held)
    for raw in held:
        raw.close()


def named(server, client, proxy="127.0.0.2"):
    """A client of the proxy, named in a PROXY header."""
    raw = dial(server, source=proxy)
    raw.send(f"PROXY TCP4 {client} 192.0.2.80 4711 80\r\n")
    return raw


def test_who_is_named_in_a_proxy_header_is_counted_by_that_address(launch):
    server = launch(MAX_CONNECTIONS_PER_IP=2, TRUSTED_PROXIES="127.0.0.2")
    held = [named(server, "203.0.113.9") for _ in range(2)]
    assert all(is_served(raw) for raw in held)
    with named(server, "203.0.113.9") as third:
        assert is_turned_away(third)
    line = server.wait_for_log(lambda line: "MAX_CONNECTIONS_PER_IP" in line["msg"], "about the refusal")
    assert line["data"]["ip"] == "203.0.113.9"
    with named(server, "203.0.113.10") as other, dial(server, source="127.0.0.2") as proxy:
        assert is_served(other) and is_served(proxy)
    held.pop().close()
    wait_until(lambda: connections(server) == 1, "the connection to be gone")
    with named(server, "203.0.113.9") as again:
        assert is_served(again)
    held.pop().close()
    wait_until(lambda: connections(server) == 0, "nothing to be left")


def test_clients_named_in_a_forwarded_for_are_not_counted(launch):
    server = launch(MAX_CONNECTIONS_PER_IP=1, TRUSTED_PROXIES="127.0.0.2")
    held = [dial(server, source="127.0.0.2") for _ in range(3)]
    for raw in held:
        raw.send("GET /server.php HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n")
        assert raw.read_response().status == 200
    for raw in held:
        raw.close()


def test_beyond_its_limit_a_client_of_a_tls_port_gets_no_handshake(launch, tmp_path):
    site = TlsSite(launch, Authority(tmp_path), MAX_CONNECTIONS_PER_IP=1)
    with site.connect() as first:
        assert first.get("/server.php").status == 200
        with pytest.raises((ConnectionError, ssl.SSLError)):
            site.connect()
        assert first.get("/server.php").status == 200


def test_a_thousand_that_come_and_go_leave_nothing_behind(launch):
    server = launch(MAX_CONNECTIONS_PER_IP=4)
    files = processes.fd_count(server.front_pid())
    for number in range(1000):
        dial(server, source=f"127.0.{number % 250}.{number // 250 + 1}").close()
    wait_until(lambda: connections(server) == 0, "all to be gone")
    held = [dial(server) for _ in range(4)]
    assert all(is_served(raw) for raw in held)
    for raw in held:
        raw.close()
    wait_until(lambda: processes.fd_count(server.front_pid()) <= files, "the descriptors to be closed")


def test_who_is_beyond_max_connections_waits(launch):
    server = launch(MAX_CONNECTIONS=2)
    first, second, third = dial(server), dial(server), dial(server)
    assert is_served(first) and is_served(second)
    third.send("GET /server.php HTTP/1.1\r\nHost: a\r\n\r\n")
    assert not third.readable(0.3)  # the span in which nothing may happen
    first.close()
    assert third.read_response().status == 200
    assert kept_out(server, "max_connections") > 0 == kept_out(server, "descriptors")
    second.close()
    third.close()


def test_the_default_comes_from_the_descriptor_limit(launch):
    def lower():
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, 160))

    server = launch.prepare(launch.folder())
    server.start(preexec_fn=lower)
    try:
        front = server.front_pid()
        with open(f"/proc/{front}/limits") as limits:
            soft, hard = next(line.split()[3:5] for line in limits if line.startswith("Max open files"))
        assert (soft, hard) == ("160", "160"), "raised"
        held = [dial(server) for _ in range(100)]
        wait_until(lambda: connections(server) >= 40, "connections to be accepted")
        assert connections(server) <= 50, "some descriptors are for other things"
        assert not [line for line in server.log.json_lines() if line["msg"].startswith("cannot accept")]
        for raw in held:
            raw.close()
        wait_until(lambda: connections(server) == 0, "all to be gone")
        assert server.get("/missing").status == 404
    finally:
        server.stop()


def test_more_than_there_are_descriptors_for_is_said(programs, launch):
    environment = launch.prepare(launch.folder()).environment
    told = run_howdah(programs, "check", env={**environment, "MAX_CONNECTIONS": "2000000000"})
    assert told.returncode == 0
    assert "MAX_CONNECTIONS=2000000000 is " in told.stdout
