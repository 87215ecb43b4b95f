"""Reloads while requests run: none fails, and nothing is left of the old generations."""

import functools
import threading

from harness import processes
from harness.client import Connection
from harness.http2 import Http2Connection, window_update
from harness.load import Clients
from harness.reloads import ask_for_reload, reload, reload_by_signal
from harness.waiting import wait_until

RELOADS = 50
MEMORY_SLACK_KIB = 6144


class Load(Clients):
    """Clients that ask for one page until they are told to end, each in its own way."""

    def __init__(self, server, target="/hello.php", text="hello"):
        self._server, self._target, self._text = server, target, text
        kinds = (self._keep_alive, self._new_connections, self._http2)
        self.answers = {kind.__name__: 0 for kind in kinds}
        self.failures = []
        super().__init__([functools.partial(self._run, kind) for kind in kinds for _ in range(2)])

    def _run(self, kind):
        while not self.over.is_set():
            try:
                kind()
            except (OSError, AssertionError) as error:
                self.failures.append(f"{kind.__name__}: {error!r}")

    def _check(self, kind, answer):
        self.answers[kind] += 1
        if (answer.status, answer.text) != (200, self._text):
            self.failures.append(f"{kind}: {answer.status} {answer.text[:200]}")

    def _keep_alive(self):
        with Connection(self._server.address) as connection:
            while not self.over.is_set():
                self._check("_keep_alive", connection.request("GET", self._target))

    def _new_connections(self):
        with Connection(self._server.address) as connection:
            self._check("_new_connections", connection.request("GET", self._target, headers={"Connection": "close"}))

    def _http2(self):
        connection = Http2Connection(self._server.address)
        try:
            while not self.over.is_set():
                stream = connection.request(self._target)
                answer = connection.response(stream)
                self._check("_http2", answer)
                connection.send(window_update(0, len(answer.body)))
        finally:
            connection.close()


def measure(server):
    """{name: (descriptors, KiB of own memory)} of the processes that outlive reloads."""
    pids = {"parent": server.parent_pid, "front": server.front_pid()}
    return {name: (processes.fd_count(pid), processes.rss_anon_kib(pid)) for name, pid in pids.items()}


def test_fifty_reloads_under_load_cost_no_request_and_leave_nothing_behind(launch):
    server = launch(PHP_INI_SET="opcache.enable=1;opcache.validate_timestamps=0")
    with Load(server) as load:
        # What connections and the first generations need is there.
        for _ in range(5):
            reload(server)
        before, family = measure(server), len(processes.descendants(server.parent_pid))
        first = server.host_pid()
        for number in range(RELOADS):
            reload(server) if number % 5 else reload_by_signal(server)
        assert server.host_pid() != first
        wait_until(lambda: len(processes.descendants(server.parent_pid)) <= family, "old generations to end", 20.0)

        def grown():
            now = measure(server)
            return {name: (before[name], now[name]) for name in now if now[name][0] > before[name][0] + 4}

        wait_until(lambda: not grown(), lambda: f"descriptors to be given back: {grown()}", 20.0)
        after = measure(server)
        slack = processes.memory_slack(server.front_pid(), MEMORY_SLACK_KIB)
    assert load.failures == []
    assert all(count > RELOADS for count in load.answers.values()), load.answers
    for name, (_, memory) in after.items():
        assert memory < before[name][1] + slack, f"{name}: {before[name][1]} KiB, then {memory} KiB"
    assert not [line for line in server.log.json_lines() if "died" in line.get("msg", "")]


def test_reloads_asked_for_at_once_are_all_answered_by_fewer(launch):
    server = launch()
    results = []
    askers = [threading.Thread(target=lambda: results.append(ask_for_reload(server))) for _ in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert [result.returncode for result in results] == [0] * 8, results
    runs = sum(line.get("msg") == "reloaded" for line in server.log.json_lines())
    assert runs < 8
