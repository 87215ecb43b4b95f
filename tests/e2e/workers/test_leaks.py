"""Nobody sees what is another client's: two users and strangers at once, each request leaving behind what it can, in
random order; and nothing grows.

`--soak=100000` goes on for longer than the default; a failure is repeated with the `--seed` that the output names."""

import base64
import json
import random
import re
import threading
import time

import pytest

from harness import forms, processes
from harness.client import Connection

pytestmark = pytest.mark.howdah_only("worker mode")

CLIENTS = 64
LONG_SOAK = 100_000
USERS = ("alicealice", "bobbobbob", "nobodyatall")
LEAVE = (
    "nothing", "session", "session_array", "headers", "buffers", "error", "random", "superglobals", "rewrite", "input",
    "uploads", "finish",
)  # fmt: skip
# The script starts again after an exit: not too often, or nothing would be left for anybody.
ENDS = ("return",) * 97 + ("throw",) * 2 + ("exit",)
TOKEN = re.compile(r"T-[a-z]+-[0-9]+-[0-9]+-T")
GROWTH_ALLOWED = 4 << 10  # KiB of anonymous memory, of each worker process


class Client:
    """A browser of one user: sends its cookie, a token in every place where a request has room for one, and looks
    for what is not its own in all that comes back."""

    def __init__(self, server, number, seed):
        self.server, self.number = server, number
        self.user = USERS[number % len(USERS)]
        self.pick = random.Random(f"{seed}/{number}")
        self.session = None
        self.connection = Connection(server.address, timeout=60)

    def request(self, count):
        token = f"T-{self.user}-{self.number}-{count}-T"
        leave, end = self.pick.choice(LEAVE), self.pick.choice(ENDS)
        headers = {"X-Token": token, "X-Request-ID": token}
        cookies = [f"token={token}"]
        if self.user != USERS[2]:
            secret = base64.b64encode(f"{self.user}:{token}".encode()).decode()
            headers["Authorization"] = f"Basic {secret}"
            cookies += [f"PHPSESSID={self.session}"] if self.session else []
        if self.pick.random() < 0.9:
            headers["Cookie"] = "; ".join(cookies)
        target = f"/leaks?user={self.user}&token={token}&do={leave}&end={end}"
        method, body = self.pick.choice(["GET", "POST", "PUT"]), None
        if leave == "uploads":
            method = "POST"
            body, more = forms.multipart([("field", token)], [("file", f"{token}.txt", "text/plain", token.encode())])
            headers.update(more)
        elif method == "POST":
            body, more = forms.urlencoded([("field", token)])
            headers.update(more)
        elif method == "PUT":
            body = token.encode() * self.pick.choice([1, 2000])
        answer = self.connection.request(method, target, body=body, headers=headers)
        self.check(answer, token, leave, end, headers)

    def check(self, answer, token, leave, end, headers):
        whole = "\n".join(f"{name}: {value}" for name, value in answer.headers) + "\n" + answer.text
        strangers = [user for user in USERS if user != self.user and user in whole]
        assert not strangers, f"{self.user} sees {strangers} ({leave}): {whole[:3000]}"
        assert set(TOKEN.findall(whole)) <= {token}, f"another request's token ({leave}): {whole[:3000]}"
        assert answer.status == (200 if end != "throw" or leave == "finish" else 500) or answer.text, whole[:3000]
        if answer.status != 200:
            return
        told = json.JSONDecoder().raw_decode(answer.text, answer.text.index("{\"seen\""))[0]
        seen = told["seen"]
        assert told["settings"], "its own settings have changed under it"
        assert seen["session"] is None and seen["id"] == "" and seen["sid"] == "", seen
        assert seen["error"] is None and not seen["sent"] and not seen["aborted"], seen
        assert seen["status"] == 200 and seen["level"] == 1 and seen["buffer"] == "", seen
        assert not any(header.startswith(("X-Of", "X-Called", "Set-Cookie")) for header in seen["sending"]), seen
        assert not any(seen["uploads"]) if isinstance(seen["uploads"], list) else not any(seen["uploads"].values()), seen
        assert seen["draw"] != 895547922, "a seed of another request"  # mt_srand(1); mt_rand()
        assert ("PHP_AUTH_USER" in seen["server"]) == ("Authorization" in headers)
        if leave == "session":
            assert told["session"]["user"] == self.user, told["session"]
            for value in answer.all("Set-Cookie"):
                if value.startswith("PHPSESSID="):
                    self.session = value.split(";")[0].split("=")[1]


class Crowd:
    def __init__(self, server, requests, seed):
        self.server, self.requests, self.seed = server, requests, seed
        self.done, self.wrong = 0, []
        self._lock = threading.Lock()

    def _run(self, number):
        client, done = Client(self.server, number, self.seed), 0
        try:
            for done in range(self.requests // CLIENTS):
                if self.wrong:
                    break
                client.request(done)
        except (AssertionError, OSError, ValueError) as error:
            self.wrong.append(f"client {number}, request {done}: {error!r}")
        with self._lock:
            self.done += done + 1
        client.connection.close()

    def run(self):
        threads = [threading.Thread(target=self._run, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self


def test_nobody_sees_what_is_anothers(launch, request):
    seed = request.config.getoption("--seed") or random.SystemRandom().getrandbits(32)
    requests = request.config.getoption("--soak")
    server = launch(
        www="scripts", WORKER_SCRIPT="leaks.php", WORKER_NUM="3", INDEX_FILE="leaks.php", QUEUE_CAPACITY="1000",
        PHP_INI_SET="session.use_strict_mode=1;precision=14;date.timezone=UTC",
    )  # fmt: skip
    began = time.monotonic()
    crowd = Crowd(server, requests, seed).run()
    print(f"\nleaks: seed {seed}, {crowd.done} requests from {CLIENTS} clients in {time.monotonic() - began:.1f} s")
    if crowd.wrong:
        pytest.fail("\n".join([f"seed {seed}", *crowd.wrong[:2]]), pytrace=False)


@pytest.mark.looks_at_memory
def test_nothing_grows(launch, request):
    """As many POSTs of 20 KB as the soak is long, up to 10,000, of each kind in turn."""
    posts = min(10_000, request.config.getoption("--soak") // 4)
    server = launch(www="scripts", WORKER_SCRIPT="dispatch.php", WORKER_NUM="1", INDEX_FILE="dispatch.php")
    kinds = [
        (b"x" * 20_000, {"Content-Type": "application/octet-stream"}),
        forms.urlencoded([("field", "x" * 20_000)]),
        forms.multipart(files=[("file", "a.txt", "text/plain", b"x" * 20_000)]),
    ]

    def ask(connection, times):
        for i in range(times):
            body, headers = kinds[i % len(kinds)]
            answer = connection.request("POST", "/resources", body=body, headers=headers)
            assert answer.status == 200
        return answer.json()

    with Connection(server.address, timeout=60) as connection:
        before = ask(connection, 300)
        sizes = {pid: processes.rss_anon_kib(pid) for pid in server.php_pids()}
        fds = {pid: processes.fd_count(pid) for pid in server.php_pids()}
        after = ask(connection, posts // 300 * 300)
        # Resources, descriptors and PHP's memory as the script sees them.
        assert after == before
        grown = {pid: processes.rss_anon_kib(pid) - size for pid, size in sizes.items()}
        assert {pid: processes.fd_count(pid) for pid in fds} == fds
    print(f"\nflat: {posts} POSTs of 20 KB, {before}, KiB grown {grown}")
    assert all(size < GROWTH_ALLOWED for size in grown.values()), grown
