"""Sessions in Redis: with the distribution's extension, and with a handler that a script brings along."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.client import Connection
from harness.redis import Redis

WORKERS = 4
CLIENTS = 8
VISITS = 25


@pytest.fixture(scope="module")
def redis():
    with Redis() as running:
        yield running


def cookie(visitor):
    return {"Cookie": f"PHPSESSID={visitor:x<26}"}


def together(visit):
    """Runs it once for each client, all at the same time; fails when one fails."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        for running in [pool.submit(visit) for _ in range(CLIENTS)]:
            running.result()


class Sessions:
    """A server, and how its script is asked for a session."""

    def __init__(self, server, query=""):
        self.server = server
        self._query = query

    def target(self, slow=False):
        return f"/session.php?{self._query}" + ("&slow" if slow else "")

    def visit(self, visitor):
        return self.server.get(self.target(), cookie(visitor))


class SessionsInRedis:
    """What must hold whoever speaks to Redis. The subclasses have a fixture `sessions`."""

    def test_concurrent_visits_of_one_session_are_all_counted(self, sessions, redis):
        redis.command("FLUSHALL")
        found = []

        def visit():
            with Connection(sessions.server.address) as connection:
                for _ in range(VISITS):
                    answer = connection.request("GET", sessions.target(slow=True), headers=cookie("shared"))
                    assert answer.status == 200, answer.text
                    found.append(answer.json())

        together(visit)
        assert all(answer["started"] and answer["whole"] for answer in found)
        assert sorted(answer["visits"] for answer in found) == list(range(1, CLIENTS * VISITS + 1))

    def test_sessions_of_many_visitors_do_not_mix(self, sessions, redis):
        redis.command("FLUSHALL")
        found = []

        def visit():
            visitor = f"visitor{threading.get_ident()}"
            found.append([sessions.visit(visitor).json()["visits"] for _ in range(VISITS)])

        together(visit)
        assert found == [list(range(1, VISITS + 1))] * CLIENTS

    @pytest.mark.howdah_only("looks at its workers and its log")
    def test_a_restart_of_redis_costs_the_requests_without_it_and_nothing_else(self, sessions, redis):
        redis.command("FLUSHALL")
        workers = sessions.server.php_pids()
        for visits in range(1, 4 * WORKERS):
            assert sessions.visit("restart").json()["visits"] == visits
        redis.stop()
        try:
            for _ in range(2 * WORKERS):
                answer = sessions.visit("restart")
                assert answer.status == 500 or not answer.json()["started"]
            sessions.server.wait_for_log(lambda line: line["type"] == "error" and "session_start()" in line["msg"], "why")
        finally:
            redis.start()
        for visits in range(4 * WORKERS, 8 * WORKERS):
            answer = sessions.visit("restart")
            assert answer.status == 200, answer.text
            assert answer.json() == {"started": True, "visits": visits, "whole": True}
        assert sessions.server.php_pids() == workers


@pytest.mark.process_only("Debian builds its Redis extension without thread safety")
class TestExtension(SessionsInRedis):
    @pytest.fixture(params=["", "?persistent=1"], ids=["connecting", "persistent"])
    def sessions(self, request, launch, redis):
        settings = [
            "session.save_handler=redis", f'session.save_path="unix://{redis.socket}{request.param}"',
            "redis.session.locking_enabled=1", "redis.session.lock_retries=-1", "redis.session.lock_wait_time=1000",
        ]  # fmt: skip
        return Sessions(launch(PHP_WORKERS=WORKERS, PHP_INI_SET=";".join(settings)))


class TestOwnHandler(SessionsInRedis):
    @pytest.fixture
    def sessions(self, launch, redis):
        return Sessions(launch(PHP_WORKERS=WORKERS, REDIS_SOCKET=redis.socket), "handler=own")
