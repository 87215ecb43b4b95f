"""Crowds that mean no good, while a client that behaves is served all the time. Each crowd comes again
and again: at some visit it leaves no more memory behind than at the one before, and never a descriptor.

How long the client waits is printed, not asserted: the machine decides."""

import contextlib
import os
import resource
import select
import statistics
import subprocess
import sys
import threading
import time

import pytest

from harness import processes
from harness.client import Connection
from harness.folders import copy_site
from harness.waiting import allow, wait_until

pytestmark = pytest.mark.howdah_only("its limits")

ATTACKER = os.path.join(os.path.dirname(__file__), "attacker.py")
SITE = os.path.join(os.path.dirname(__file__), "www")
TARGETS = [("/index.php", "served"), ("/page.html", "<p>served</p>\n")]
MEMORY_SLACK_KIB = 4096
MOST_VISITS = 5
LOOK_SECONDS = 2.0  # how long the client is watched while the crowd is there
IDLE_CONNECTIONS = 20_000
DESCRIPTORS = 40_000


class Crowd:
    """`count` connections of one kind, from several processes with addresses of their own."""

    def __init__(self, server, kind, count, size=2500):
        self.count = count
        shares = [min(size, count - done) for done in range(0, count, size)]
        self.attackers = [
            subprocess.Popen(
                [sys.executable, ATTACKER, kind, *map(str, server.address), str(share), f"127.0.1.{number + 1}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,  # what select() does not see has not come
            )
            for number, share in enumerate(shares)
        ]

    def wait_for(self, word, seconds=60):
        """Until each attacker has said it."""
        for attacker in self.attackers:
            assert select.select([attacker.stdout], [], [], allow(seconds))[0], f"nobody said {word}"
            assert attacker.stdout.readline() == f"{word}\n".encode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """`opened` and `ended` say what happened to them."""
        self.opened = self.ended = 0
        for attacker in self.attackers:
            attacker.stdin.close()
        for attacker in self.attackers:
            opened, ended = map(int, attacker.stdout.readlines()[-1].split())
            self.opened += opened
            self.ended += ended
            assert attacker.wait(30) == 0
            attacker.stdout.close()


class Client:
    """Asks for PHP and for a file, over a connection that it keeps and over new ones; all its answers
    must be right."""

    def __init__(self, server, fresh=True):
        self.server = server
        self.fresh = fresh
        self.times = []
        self.failure = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _ask(self, connection, number):
        target, text = TARGETS[number % len(TARGETS)]
        began = time.monotonic()
        answer = connection.request("GET", target)
        self.times.append(time.monotonic() - began)
        assert (answer.status, answer.text) == (200, text)

    def _run(self):
        try:
            with Connection(self.server.address) as kept:
                number = 0
                while not self._stop.is_set():
                    self._ask(kept, number)
                    if self.fresh:
                        with Connection(self.server.address) as fresh:
                            self._ask(fresh, number)
                    number += 1
                    self._stop.wait(0.005)
        except Exception as error:  # noqa: BLE001 - said by stop()
            self.failure = error

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, *_):
        self._stop.set()
        self._thread.join()
        if kind is None:
            assert self.failure is None, repr(self.failure)
            assert len(self.times) >= 2 * len(TARGETS)

    def describe(self):
        cuts = statistics.quantiles(self.times, n=100)
        return f"{len(self.times)} requests served, p50 {cuts[49] * 1000:.1f} ms, p99 {cuts[98] * 1000:.1f} ms"


@pytest.fixture
def say(capsys, request):
    def line(text):
        with capsys.disabled():
            print(f"\n  {request.node.name}: {text}", end="")

    return line


def connections(server):
    return server.internal("/health").json()["active_connections"]


def left_behind(server):
    front = server.front_pid()
    return processes.fd_count(front), processes.rss_anon_kib(front)


def endure(server, say, kind, count, fresh=True, reached=None, ended=False, size=2500):
    """`ended`: the server has to end as many of the crowd as there are at a time."""
    for _ in range(3):
        for target, _text in TARGETS:
            assert server.get(target).status == 200
    wait_until(lambda: connections(server) == 0, "no connection at the start")
    files, _ = left_behind(server)
    slack = processes.memory_slack(server.front_pid(), MEMORY_SLACK_KIB)
    left = []
    while len(left) < 2 or left[-1] > left[-2] + slack:
        assert len(left) < MOST_VISITS, f"KiB after each visit: {left}"
        with Client(server, fresh) as client:
            with Crowd(server, kind, count, size) as crowd:
                crowd.wait_for("ready")
                if reached:
                    wait_until(lambda: connections(server) >= reached, f"{reached} connections", 60)
                present = connections(server)
                time.sleep(LOOK_SECONDS)  # the span that is looked at
                if ended:
                    crowd.wait_for("ended")
        say(f"{present} connections, {crowd.opened} opened, {crowd.ended} ended by the server; {client.describe()}")
        wait_until(lambda: connections(server) == 0, "all connections to be gone", 60)
        wait_until(lambda: left_behind(server)[0] <= files, "all descriptors to be closed", 30)
        left.append(left_behind(server)[1])
    say(f"KiB after each visit: {left}")


def more_descriptors():
    """Where it may, the test gives the server what so many need; else there are fewer of them."""
    with contextlib.suppress(ValueError, PermissionError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))


def test_slow_heads(launch, say):
    server = launch(HEADER_TIMEOUT_SECS=1)
    endure(server, say, "heads", 500, ended=True)


def test_slow_bodies(launch, say):
    server = launch(BODY_TIMEOUT="1s")
    endure(server, say, "bodies", 500, ended=True)


def test_slow_readers(launch, say):
    server = launch(WRITE_TIMEOUT="1s")
    endure(server, say, "readers", 100)
    wait_until(lambda: server.metric("tokio_php_spool_bytes") == 0, "the spool to be empty")


def prepare(launch, **variables):
    root = launch.folder()
    copy_site(SITE, root)
    return launch.prepare(root, **variables)


def test_clients_that_are_silent(launch, say):
    server = prepare(launch)
    server.start(preexec_fn=more_descriptors)
    try:
        with open(f"/proc/{server.front_pid()}/limits") as limits:
            descriptors = int(next(line.split()[3] for line in limits if line.startswith("Max open files")))
        # A quarter is for files.
        count = min(IDLE_CONNECTIONS, descriptors * 7 // 10)
        endure(server, say, "idle", count, reached=count)
    finally:
        server.stop()


def test_a_flood_past_the_descriptor_limit(launch, say):
    def few_descriptors():
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))

    server = prepare(launch, MAX_CONNECTIONS=100_000)
    server.start(preexec_fn=few_descriptors)
    try:
        # Who is connected already is served, with files too; who comes waits until there is room.
        endure(server, say, "flood", 1000, fresh=False, size=500)
        lines = [line for line in server.log.json_lines() if line["msg"] == "cannot accept, pausing"]
        assert not lines, "a descriptor was always left"
        for target, text in TARGETS:
            assert server.get(target).text == text
    finally:
        server.stop()


def test_a_flood_past_max_connections(launch, say):
    server = launch(MAX_CONNECTIONS=200)
    endure(server, say, "flood", 1000, fresh=False, size=500)
    for target, text in TARGETS:
        assert server.get(target).text == text


def test_a_flood_of_one_address(launch, say):
    server = launch(MAX_CONNECTIONS_PER_IP=50)
    endure(server, say, "flood", 400)
