"""The table's requests in random order from many clients at once: each gets its own answer, the same one as alone.

`--soak=100000` goes on for longer than the default; a failure is repeated with the `--seed` that the output names."""

import random
import re
import threading
import time

import pytest
from cases import all_cases
from differences import comparable, explain
from servers import settings_of

from harness import processes
from harness.client import RawConnection
from harness.parity import read_answer

CLIENTS = 64
GROWTH_ALLOWED = 8 << 20  # bytes of anonymous memory, of each process
# Clients that share a fixed session id change each other's data.
SHARED = {"sessions-abort_and_reset", "sessions-destroy", "sessions-upload_progress"}
SLOW = {"ends-time_limit", "ends-time_limit_in_shutdown"}
# Threads of one process share these, and a script that looks while another one has changed them sees it.
PROCESS_WIDE = ("umask", "locale")


def fitting_cases(mode):
    def fits(case):
        shared = mode == "thread" and any(word in case.name for word in PROCESS_WIDE)
        return case.server == "usual" and case.id not in SHARED | SLOW and not shared

    return [case for case in all_cases() if fits(case)]


class Client:
    """One keep-alive connection, opened again whenever it has ended."""

    def __init__(self, server):
        self.server = server
        self._raw = None

    def ask(self, case, nonce):
        if self._raw is None:
            self._raw = RawConnection(self.server.address, timeout=60)
        self._raw.send(case.request(("X-Nonce", nonce), connection="keep-alive"))
        answer = read_answer(self._raw, case.method)
        if ("connection", "close") in answer.headers or case.version == "HTTP/1.0":
            self.close()
        return answer

    def answer(self, case, nonce):
        """What can be compared, and whether the answer shows the nonce. Only its own is taken out of it."""
        answer = self.ask(case, nonce)
        shown = any(nonce in value for _, value in answer.headers) or nonce.encode() in answer.body
        answer.headers = [(name, value.replace(nonce, "NONCE")) for name, value in answer.headers]
        answer.body = answer.body.replace(nonce.encode(), b"NONCE")
        found = comparable(answer, case, self.server)
        if self.server.mode == "thread" and isinstance(found.get("body"), dict):
            found["body"].pop("umask", None)  # PHP sets it for a moment wherever it makes a temporary file
        return found, shown

    def close(self):
        if self._raw is not None:
            self._raw.close()
            self._raw = None


class Soak:
    def __init__(self, server, requests, seed):
        self.server, self.requests, self.seed = server, requests, seed
        self.done = self.shown = 0
        self.table = fitting_cases(server.mode)
        self.wrong = []
        self._lock = threading.Lock()

    def learn(self):
        """The answers, each asked for alone. One that differs from time to time is of no use here."""
        client = Client(self.server)
        self.expected = {}
        for case in self.table:
            first, _ = client.answer(case, "n-first")
            if client.answer(case, "n-second")[0] == first:
                self.expected[case.id] = first
        client.close()
        self.cases = [case for case in self.table if case.id in self.expected]

    def run_client(self, number):
        client, pick = Client(self.server), random.Random(f"{self.seed}/{number}")
        for count in range(self.requests // CLIENTS):
            if self.wrong:
                break
            case, nonce = pick.choice(self.cases), f"n-{number}-{count}-{pick.getrandbits(32):08x}"
            try:
                found, shown = client.answer(case, nonce)
            except (AssertionError, OSError) as error:
                found, shown = repr(error), False
            with self._lock:
                self.done += 1
                self.shown += shown
                if found != self.expected[case.id]:
                    self.wrong.append(f"{case.id} ({nonce}): {explain(self.expected[case.id], found)}")
        client.close()

    def run(self):
        threads = [threading.Thread(target=self.run_client, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def memory(server):
    """Anonymous bytes of the front and of each process that runs PHP."""
    sizes = {}
    for pid in (server.front_pid(), *server.php_pids()):
        with open(f"/proc/{pid}/status") as status:
            sizes[pid] = int(re.search(r"RssAnon:\s+(\d+) kB", status.read())[1]) << 10
    return sizes


@pytest.mark.howdah_only("it is Howdah that is put under load")
def test_every_client_gets_its_own_answer_and_memory_is_flat(launch_shared, site, request):
    seed = request.config.getoption("--seed") or random.SystemRandom().getrandbits(32)
    settings = settings_of(launch_shared, site, "usual", auto_prepend_file="{root}/nonce.inc")
    server = launch_shared(site=site, COMPRESSION="off", **{**settings, "PHP_WORKERS": "4", "PHP_WORKERS_MAX": "4"})
    requests = request.config.getoption("--soak")
    # What is allocated once (caches, buffers at their high mark) is there after the first of these.
    warm_up = Soak(server, requests // 4, seed)
    warm_up.learn()
    warm_up.run()
    before = memory(server)

    soak = Soak(server, requests, seed + 1)
    soak.cases, soak.expected = warm_up.cases, warm_up.expected
    began = time.monotonic()
    soak.run()
    seconds = time.monotonic() - began
    after = memory(server)

    growth = {pid: after[pid] - before[pid] for pid in before if pid in after}
    print(
        f"\nsoak: seed {seed}, {soak.done} requests of {len(soak.cases)} kinds from {CLIENTS} clients in {seconds:.1f} s, "
        f"{soak.shown} with their nonce; MiB {[round(size / 2**20, 1) for size in before.values()]} -> "
        f"{[round(size / 2**20, 1) for size in after.values()]}"
    )
    wrong = warm_up.wrong + soak.wrong
    if wrong:
        pytest.fail("\n".join([f"seed {seed}", *wrong[:3]]), pytrace=False)
    assert len(soak.cases) > len(warm_up.table) * 0.95
    assert soak.shown > soak.done * 0.9
    assert set(after) == set(before), "a process was replaced"
    allowed = {pid: processes.memory_slack(pid, GROWTH_ALLOWED) for pid in growth}
    assert all(growth[pid] < allowed[pid] for pid in growth), f"seed {seed}: bytes grown {growth}"
