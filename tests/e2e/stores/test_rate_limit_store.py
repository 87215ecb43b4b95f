"""RATE_LIMIT_STORE: several servers count their clients together in a real Redis, and go on without it."""

import re

import pytest

from harness.client import Connection
from harness.haproxy import HAProxy
from harness.http2 import Http2Connection
from harness.load import Load
from harness.ports import free_port
from harness.redis import Redis
from harness.server import run_howdah
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("its settings")

LIMIT = 20
PAGE = "/static.txt"
UP = "tokio_php_rate_limit_store_up"
ERRORS = "tokio_php_rate_limit_store_errors_total"


@pytest.fixture
def redis():
    with Redis(port=free_port()) as running:
        yield running


@pytest.fixture
def limited(launch, redis):
    """A server that counts in the Redis, whose connection to it is up."""

    def start(up=True, **settings):
        server = launch(**{"RATE_LIMIT": LIMIT, "RATE_WINDOW": "1d", "RATE_LIMIT_STORE": redis.url(), **settings})
        if up:
            wait_for_store(server, 1)
        return server

    return start


def wait_for_store(server, up):
    wait_until(lambda: server.metric(UP) == up, lambda: f"the store to be {up}\n{server.output()}", 30)


def remaining(answer):
    return int(answer.header("X-RateLimit-Remaining"))


def lines_with(server, text):
    return [line for line in server.log.json_lines() if text in line.get("msg", "")]


def forget_scripts(redis):
    assert redis.command("SCRIPT", "FLUSH") == "OK"


def test_servers_share_one_count(limited, redis):
    # By a name: the front looks it up under its filter.
    one, two = limited(RATE_LIMIT_STORE=redis.url(host="localhost")), limited()
    found = []
    for number in range(LIMIT + 6):
        if number == LIMIT // 2:
            forget_scripts(redis)
        found.append((one, two)[number % 2].get(PAGE))
    assert [answer.status for answer in found] == [200] * LIMIT + [429] * 6
    assert [remaining(answer) for answer in found] == [*reversed(range(LIMIT)), *[0] * 6]
    assert int(found[-1].header("Retry-After")) > 0
    assert one.metric(ERRORS) == two.metric(ERRORS) == 0
    assert one.metric("tokio_php_rate_limited_total") + two.metric("tokio_php_rate_limited_total") == 6
    key = "howdah:rate:86400000:127.0.0.1"
    assert 0 < int(redis.command("PTTL", key)) <= 86_400_000
    # Over the limit, a server asks nobody any more.
    asked = redis.command("GET", key)
    assert one.get(PAGE).status == 429
    assert redis.command("GET", key) == asked


def test_many_requests_at_once_are_counted_exactly(limited):
    servers = limited(FRONT_THREADS=2), limited()
    clients = [Http2Connection(server.address) for server in servers]
    asked = [[client.request(PAGE) for _ in range(LIMIT)] for client in clients]
    answers = [client.response(stream) for client, streams in zip(clients, asked) for stream in streams]
    assert sorted(answer.status for answer in answers) == [200] * LIMIT + [429] * LIMIT
    for client in clients:
        client.close()


def test_a_refused_body_ends_the_connection_or_is_dropped(limited):
    one, two = limited(), limited()
    for _ in range(LIMIT):
        assert one.get(PAGE).status == 200
    with Http2Connection(two.address) as client:
        assert client.response(client.request("/session.php", "POST", b"x" * 60_000)).status == 429
    with Connection(limited(RATE_LIMIT=LIMIT).address) as connection:
        assert connection.request("POST", "/session.php", b"small").status == 429
        assert connection.request("GET", PAGE).status == 429


@pytest.mark.parametrize("away", ["killed", "hung"])
def test_no_request_fails_when_redis_is_gone(limited, redis, away):
    server = limited(RATE_LIMIT=100_000_000)
    with Load(server, PAGE, clients=4) as load:
        wait_until(lambda: load.answers > 50, "answers")
        redis.kill() if away == "killed" else redis.hold()
        line = server.wait_for_log(lambda line: "RATE_LIMIT_STORE is away" in line["msg"], "that it is gone", 30)
        wait_for_store(server, 0)
        seen = load.answers
        wait_until(lambda: load.answers > seen + 50, "answers without it")
        redis.start() if away == "killed" else redis.go_on()
        wait_for_store(server, 1)
        seen = load.answers
        wait_until(lambda: load.answers > seen + 50, "answers with it")
    assert load.failures == []
    assert line["level"] == "warn"
    assert line["data"]["store"] == f"127.0.0.1:{redis.port}/0"
    assert server.metric(ERRORS) >= 1
    assert len(lines_with(server, "RATE_LIMIT_STORE is away")) <= len(lines_with(server, "RATE_LIMIT_STORE is there"))


def test_without_redis_each_server_counts_by_itself(limited, redis):
    redis.kill()
    one, two = limited(up=False), limited(up=False)
    for server in (one, two):
        server.wait_for_log(lambda line: "RATE_LIMIT_STORE is away" in line["msg"], "that it is gone")
        assert [server.get(PAGE).status for _ in range(LIMIT + 2)] == [200] * LIMIT + [429] * 2
        assert server.metric(UP) == 0


def test_what_was_shared_is_not_forgotten_when_redis_goes(limited, redis):
    one, two = limited(), limited()
    for _ in range(LIMIT - 3):
        assert one.get(PAGE).status == 200
    assert remaining(two.get(PAGE)) == 2
    redis.kill()
    wait_for_store(two, 0)
    assert [two.get(PAGE).status for _ in range(4)] == [200, 200, 429, 429]


def test_a_redis_that_takes_no_writes_is_away(limited, redis):
    server = limited()
    redis.command("CONFIG", "SET", "maxmemory", "1")
    # What finds out is a request, which is answered all the same.
    wait_until(lambda: server.get(PAGE).status in (200, 429) and server.metric(UP) == 0, "the store to be away")
    (line,) = lines_with(server, "RATE_LIMIT_STORE is away")
    assert line["data"]["reason"] == "OOM"
    redis.command("CONFIG", "SET", "maxmemory", "0")
    wait_for_store(server, 1)


def test_a_key_of_another_type_is_counted_here(limited, redis):
    redis.command("LPUSH", "howdah:rate:86400000:127.0.0.1", "x")
    server = limited()
    assert [server.get(PAGE).status for _ in range(LIMIT + 1)] == [200] * LIMIT + [429]
    assert server.metric(UP) == 1
    assert server.metric(ERRORS) == LIMIT


@pytest.mark.parametrize("password", ["right-secret", "wrong-secret"])
def test_the_password_is_nobodys_business(launch, programs, password):
    with Redis(port=free_port(), password="right-secret") as redis:
        store = redis.url(password=password)
        server = launch(RATE_LIMIT=LIMIT, RATE_WINDOW="1d", RATE_LIMIT_STORE=store)
        wait_until(lambda: server.metric(UP) == 1 or lines_with(server, "RATE_LIMIT_STORE is away"), "a word")
        assert server.metric(UP) == (1 if password == "right-secret" else 0)
        if password != "right-secret":
            (line,) = lines_with(server, "RATE_LIMIT_STORE is away")
            assert re.match("WRONGPASS|ERR", line["data"]["reason"])
        assert [server.get(PAGE).status for _ in range(LIMIT + 1)] == [200] * LIMIT + [429]
        told = run_howdah(programs, "check", env={**server.environment, "LOG_LEVEL": "debug"})
        assert told.returncode == 0 and "RATE_LIMIT_STORE=***" in told.stdout
        config = server.internal("/config")
        assert config.json()["rate_limit_store"] == "***"
        for text in (server.output(), told.stdout, told.stderr, config.text):
            assert "-secret" not in text


def test_redis_inside_tls(launch, authority):
    pair = authority.issue("redis", "127.0.0.1")
    with Redis(port=free_port(), certificate=pair) as redis:
        settings = {"RATE_LIMIT": LIMIT, "RATE_LIMIT_STORE": redis.url(scheme="rediss")}
        server = launch(**settings, SSL_CERT_FILE=authority.path)
        wait_for_store(server, 1)
        assert server.get(PAGE).status == 200
        # Whoever it is, it is not known.
        stranger = launch(**settings)
        line = stranger.wait_for_log(lambda line: "RATE_LIMIT_STORE is away" in line["msg"], "that it is refused")
        assert "certificate" in line["data"]["reason"]
        assert stranger.get(PAGE).status == 200


def test_servers_behind_a_balancer_share_the_limit_and_the_session(limited, redis, mode):
    settings = {"TRUSTED_PROXIES": "127.0.0.1", "ACCESS_LOG": 1}
    if mode == "process":
        query = ""
        settings["PHP_INI_SET"] = f'session.save_handler=redis;session.save_path="unix://{redis.socket}"'
    else:
        # Debian builds its Redis extension without thread safety.
        query = "?handler=own"
        settings["REDIS_SOCKET"] = redis.socket
    servers = limited(**settings), limited(**settings)
    with HAProxy(servers) as balancer:
        cookie = {"Cookie": f"PHPSESSID={'b' * 26}"}
        answers = [balancer.get(f"/session.php{query}", cookie) for _ in range(LIMIT + 4)]
    assert [answer.status for answer in answers] == [200] * LIMIT + [429] * 4
    assert [answer.json()["visits"] for answer in answers[:LIMIT]] == list(range(1, LIMIT + 1))
    assert [remaining(answer) for answer in answers[:LIMIT]] == [*reversed(range(LIMIT))]
    for server in servers:
        assert server.metric('tokio_php_responses_total{status="2xx"}') == LIMIT / 2
