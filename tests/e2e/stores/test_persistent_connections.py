"""Persistent connections of PDO and mysqli to a real MariaDB: kept by a worker from request to request."""

import os
import signal

import pytest

from harness.mariadb import MariaDB
from harness.waiting import wait_until


@pytest.fixture(scope="session")
def database():
    with MariaDB() as running:
        running.execute("CREATE DATABASE IF NOT EXISTS test; CREATE TABLE test.notes (n INT) ENGINE=InnoDB;")
        yield running


@pytest.fixture(params=["pdo", "mysqli"])
def site(request, launch, database):
    """(server with one worker, target)"""
    server = launch(PHP_WORKERS=1, DATABASE_SOCKET=database.socket)
    return server, f"/database.php?api={request.param}"


def connection_id(server, target):
    answer = server.get(target)
    assert answer.status == 200, answer.text
    return answer.json()["id"]


def connections(database):
    """The ids of all connections but the one that asks."""
    rows = database.execute("SELECT ID FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND COMMAND <> 'Daemon'")
    return {int(row) for row in rows.split()}


def test_requests_of_one_worker_share_a_connection(site, database):
    server, target = site
    ids = {connection_id(server, target) for _ in range(10)}
    assert len(ids) == 1
    assert ids <= connections(database)


def test_a_connection_outlives_a_script_that_failed(site):
    server, target = site
    before = connection_id(server, target)
    assert server.get(target + "&leave=fatal").status == 500
    assert connection_id(server, target) == before


def test_a_transaction_that_a_script_left_open_is_rolled_back(site, database):
    server, target = site
    before = connection_id(server, target)
    assert server.get(target + "&leave=transaction").json() == {"id": before, "notes": 1}
    assert database.execute("SELECT COUNT(*) FROM test.notes").strip() == "0"
    assert server.get(target).json()["notes"] == 0


@pytest.mark.howdah_only("kills the one worker")
def test_a_new_worker_makes_a_connection_of_its_own(site, database):
    server, target = site
    before = connection_id(server, target)
    (pid,) = server.php_pids()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: pid not in server.php_pids() and server.php_pids(), "another worker")
    after = connection_id(server, target)
    assert after != before
    wait_until(lambda: before not in connections(database), "the old connection to be closed")
    assert connection_id(server, target) == after


def test_a_connection_that_the_database_has_closed_is_made_again(site, database):
    server, target = site
    for _ in range(3):
        before = connection_id(server, target)
        database.execute(f"KILL CONNECTION {before}")
        wait_until(lambda: before not in connections(database), "the connection to be closed")
        assert connection_id(server, target) != before


def test_connections_end_with_the_server(launch, database):
    server = launch(PHP_WORKERS=2, DATABASE_SOCKET=database.socket)
    own = {connection_id(server, "/database.php?api=pdo"), connection_id(server, "/database.php?api=mysqli")}
    assert own <= connections(database)
    server.stop()
    wait_until(lambda: not own & connections(database), "the connections to be closed")
