"""RATE_LIMIT in memory: exact counts, what each answer says, who counts as one client."""

import pytest

from harness.client import Connection
from harness.http2 import Http2Connection
from harness.load import Clients
from harness.reloads import EnvFile, reload
from harness.sockets import tcp_connection, unix_connection
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("its settings")

LIMIT = 20
DAY = 86400
NAMES = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


@pytest.fixture
def limited(launch):
    """A window that does not end while a test runs."""

    def start(**settings):
        return launch(**{"RATE_LIMIT": LIMIT, "RATE_WINDOW": "1d", **settings})

    return start


def numbers(answer):
    return tuple(int(answer.header(name)) for name in NAMES)


def remaining(answer):
    return numbers(answer)[1]


def test_so_many_requests_are_let_in_and_no_more(limited):
    server = limited()
    answers = [server.get("/") for _ in range(LIMIT + 5)]
    assert [answer.status for answer in answers] == [200] * LIMIT + [429] * 5
    assert [remaining(answer) for answer in answers] == [*reversed(range(LIMIT)), *[0] * 5]
    assert all(numbers(answer)[0] == LIMIT and 0 < numbers(answer)[2] <= DAY for answer in answers)
    refused = answers[-1]
    assert refused.text == "429 Too Many Requests"
    assert refused.header("Retry-After") == refused.header("X-RateLimit-Reset")
    assert refused.header("Content-Type") == "text/plain; charset=utf-8"
    assert server.metric("tokio_php_rate_limited_total") == 5
    assert server.metric('tokio_php_responses_total{status="4xx"}') == 5
    assert server.metric('tokio_php_requests_total{method="GET"}') == LIMIT + 5


def test_every_answer_says_what_is_left(limited):
    server = limited(RATE_LIMIT=1000)
    asked = [
        ("GET", "/", 200), ("HEAD", "/", 200), ("GET", "/site.css", 200), ("GET", "/none", 404), ("POST", "/site.css", 405),
        ("TRACE", "/", 405), ("GET", "/folder", 308), ("GET", "/%00", 400),
    ]  # fmt: skip
    left = 1000
    for method, target, status in asked:
        answer = server.request(method, target)
        assert answer.status == status, (method, target)
        left -= 1
        assert numbers(answer)[:2] == (1000, left), (method, target)
    etag = server.get("/site.css").header("ETag")
    assert remaining(server.get("/site.css", {"If-None-Match": etag})) == left - 2
    assert remaining(server.get("/site.css", {"Range": "bytes=0-3"})) == left - 3


def test_a_request_that_cannot_be_read_counts(limited):
    server = limited()
    with tcp_connection(*server.address) as raw:
        raw.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        answer = raw.read_response()
    assert (answer.status, remaining(answer)) == (400, LIMIT - 1)
    assert remaining(server.get("/")) == LIMIT - 2


def test_http2_and_http1_count_together(limited):
    server = limited()
    with Http2Connection(server.address) as client:
        streams = [client.request("/") for _ in range(LIMIT)]
        answers = [client.response(stream) for stream in streams]
        assert {answer.status for answer in answers} == {200}
        assert sorted(remaining(answer) for answer in answers) == list(range(LIMIT))
        refused = client.response(client.request("/", "POST", b"x" * 100_000))
        assert (refused.status, refused.text, remaining(refused)) == (429, "429 Too Many Requests", 0)
        assert client.response(client.request("/site.css")).status == 429
    assert server.get("/").status == 429


def test_a_refused_body_is_not_read(limited):
    server = limited(RATE_LIMIT=1)
    assert server.get("/").status == 200
    with tcp_connection(*server.address) as raw:
        raw.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
        answer = raw.read_response()
    assert answer.status == 429
    assert answer.header("Connection") == "close"
    with Connection(server.address) as connection:
        # A small one is dropped, and the connection goes on.
        assert connection.request("POST", "/", b"small").status == 429
        port = connection.local_port()
        assert connection.request("GET", "/").status == 429
        assert connection.local_port() == port


def test_two_loops_count_exactly(limited):
    server = limited(FRONT_THREADS=2, RATE_LIMIT=150)
    statuses = []

    def ask():
        for _ in range(5):
            with Connection(server.address) as connection:
                statuses.extend(connection.request("GET", "/site.css").status for _ in range(5))

    with Clients([ask] * 8):
        pass
    assert (statuses.count(200), statuses.count(429)) == (150, 50)


def test_refusals_are_logged_like_every_request(limited):
    server = limited(RATE_LIMIT=1, ACCESS_LOG=1)
    server.get("/")
    refused = server.get("/")
    line = server.wait_for_log(lambda line: line["type"] == "access" and line["data"]["status"] == 429, "the refusal")
    assert line["msg"] == "GET / 429"
    assert line["ctx"]["request_id"] == refused.header("X-Request-ID")


def test_a_window_ends(limited):
    server = limited(RATE_LIMIT=2, RATE_WINDOW=1)
    wait_until(lambda: server.get("/site.css").status == 429, "the limit")
    wait_until(lambda: server.get("/site.css").status == 200, "the next window")


def test_a_reload_changes_the_limit(launch):
    settings = {"RATE_LIMIT": 3, "RATE_WINDOW": "1d"}
    env = EnvFile(launch, **settings)
    server = launch(arguments=env.arguments)
    assert [server.get("/").status for _ in range(4)] == [200, 200, 200, 429]
    env.write(**{**settings, "RATE_LIMIT": 6})
    reload(server)
    assert numbers(server.get("/"))[:2] == (6, 1)
    assert server.internal("/config").json()["rate_limit"] == 6
    env.write()
    reload(server)
    answers = [server.get("/") for _ in range(10)]
    assert {answer.status for answer in answers} == {200}
    assert not any(answer.header(name) for answer in answers for name in NAMES)
    env.write(**{**settings, "RATE_LIMIT": 1})
    reload(server)
    assert server.get("/").status == 429, "what was counted before is not forgotten"


def test_each_address_has_its_own_limit(limited):
    server = limited(RATE_LIMIT=2)
    for source in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
        with tcp_connection(*server.address, source=source) as raw:
            found = []
            for _ in range(3):
                raw.send("GET /site.css HTTP/1.1\r\nHost: a\r\n\r\n")
                found.append(raw.read_response().status)
        assert found == [200, 200, 429], source


def test_a_trusted_proxys_word_counts_and_nobody_elses(limited):
    def ask(server, client):
        return server.get("/", {"X-Forwarded-For": client})

    server = limited(RATE_LIMIT=2, TRUSTED_PROXIES="127.0.0.1")
    for client in ("203.0.113.1", "203.0.113.2", "2001:db8::1"):
        assert [ask(server, client).status for _ in range(3)] == [200, 200, 429], client
    assert ask(server, "2001:db8::2").status == 429, "one customer's network"
    assert ask(server, "2001:db8:0:1::1").status == 200
    assert ask(server, "::ffff:203.0.113.1").status == 429, "the same in other notation"
    server = limited(RATE_LIMIT=2)
    assert [ask(server, f"203.0.113.{n}").status for n in range(3)] == [200, 200, 429]


def test_who_comes_by_a_unix_socket_is_one_client(limited, launch):
    path = f"{launch.folder(0o777)}/http.sock"
    server = limited(RATE_LIMIT=3, LISTEN_ADDR=f"unix:{path}?mode=0666")
    found = []
    for _ in range(4):
        with unix_connection(path) as raw:
            raw.send("GET /site.css HTTP/1.1\r\nHost: a\r\n\r\n")
            found.append(raw.read_response().status)
    assert found == [200, 200, 200, 429]


def test_a_scripts_own_limit_is_not_said_beside_the_servers(limited, launch):
    server = limited()
    assert numbers(server.get("/own_limit.php"))[:2] == (LIMIT, LIMIT - 1)
    assert server.get("/own_limit.php?refuse").status == 429
    assert server.metric("tokio_php_rate_limited_total") == 0, "the script's doing"
    free = launch()
    answer = free.get("/own_limit.php")
    assert (answer.header("X-RateLimit-Limit"), answer.header("X-RateLimit-Remaining")) == ("5000", "4999")
    assert answer.header("X-RateLimit-Reset") is None
