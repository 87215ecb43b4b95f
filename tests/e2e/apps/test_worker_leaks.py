"""Two users, many clients, few workers that serve them all in turn: an application in a worker script never
shows one of them what belongs to the other, nor to a request what an earlier one brought along, and keeps
nothing of either.

`--soak=800000` is a hundred thousand for each application; a failure is repeated with the `--seed` that the output names."""

import random
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import processes
from harness.apps import FRAMEWORKS, STANDINS, php_settings, start_worker
from harness.client import Connection
from harness.forms import multipart, urlencoded
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only

USERS = ("ada", "bob")
CLIENTS = 64
APPLICATIONS = (*FRAMEWORKS, *STANDINS)
TIMEOUT = 120
GROWTH_ALLOWED = 1 << 10  # KiB of anonymous memory, of each process that runs PHP
NOTHING = dict.fromkeys(("query", "field", "cookie", "header", "user", "file", "session"))


# PHP remembers the path of each upload's temporary file, for two minutes or until this is full.
PATHS = ";realpath_cache_size=64k"


@pytest.fixture(scope="module", params=APPLICATIONS)
def server(request, launch_shared):
    return start_worker(launch_shared, request.param, PHP_INI_SET=php_settings(launch_shared, PATHS))


class Visitor:
    """One client of one user, with a session of its own. Each request brings some of what a request can
    bring, and the answer must speak of exactly that."""

    def __init__(self, user, seed):
        self._user = user
        self._choice = random.Random(seed)
        self._session_cookie = None
        self._logged_in = False

    def _some(self):
        return self._choice.random() < 0.5

    def _request(self):
        """(method, target, body, headers) and what they make the application say."""
        user, headers, said, cookies, query = self._user, {}, dict(NOTHING), [], []
        method, body = "GET", None
        if self._some():
            query.append(f"who={user}")
            said["query"] = user
        if self._some():
            cookies.append(f"who={user}")
            said["cookie"] = user
        if self._some():
            headers["X-Who"] = said["header"] = user
        if self._some():
            headers["Authorization"] = f"Basic {b64encode(f'{user}:secret'.encode()).decode()}"
            said["user"] = user
        if self._some():
            query.append(f"print={user}")
        if self._some():
            fields, files = [("who", user)], []
            said["field"] = user
            if self._some():
                said["file"] = f"file of {user}" * 500
                files = [("file", "a.txt", "text/plain", said["file"].encode())]
            method = "POST"
            body, form = multipart(fields, files) if files else urlencoded(fields)
            headers |= form
        if self._session_cookie and self._logged_in and self._choice.random() < 0.1:
            self._session_cookie, self._logged_in = None, False  # has lost it
        if self._session_cookie:
            cookies.append(self._session_cookie)
        if not self._logged_in and self._some():
            query.append(f"login={user}")
            self._logged_in = True
        said["session"] = user if self._logged_in else None
        if cookies:
            headers["Cookie"] = "; ".join(cookies)
        return (method, f"/whoami?{'&'.join(query)}", body, headers), said

    def visit(self, connection):
        request, said = self._request()
        answer = connection.request(*request)
        told = f"{request[0]} {request[1]} with {sorted(request[3])} was answered {answer.status} {answer.text[:500]}"
        assert answer.status == 200, told
        # Whether and where printed text gets through is the framework's choice.
        if "print=" in request[1]:
            answer.body = answer.body.replace(f"printed for {self._user}\n".encode(), b"", 1)
        assert answer.json() == said, f"{told}\ninstead of {said}"
        assert answer.header("X-Answered") == said["header"], told
        for cookie in answer.all("Set-Cookie"):
            self._session_cookie = cookie.split(";")[0]


def crowd(server, seed, requests):
    """So many requests of all clients together."""

    def run(number):
        visitor = Visitor(USERS[number % len(USERS)], f"{seed}-{number}")
        with Connection(server.address, TIMEOUT) as connection:
            for _ in range(requests // CLIENTS):
                visitor.visit(connection)

    with ThreadPoolExecutor(CLIENTS) as pool:
        runs = [pool.submit(run, number) for number in range(CLIENTS)]
    failures = [error for error in (one.exception() for one in runs) if error]
    assert not failures, f"--seed={seed}: {len(failures)} of {CLIENTS} clients, the first:\n{failures[0]!r}"


@pytest.fixture(scope="module")
def seed(request):
    return request.config.getoption("--seed") or random.randrange(1 << 32)


@pytest.fixture(scope="module")
def requests(request):
    """Half of one application's share."""
    return request.config.getoption("--soak") // (2 * len(APPLICATIONS))


def test_nobody_sees_what_belongs_to_another(server, seed, requests):
    crowd(server, seed, requests)


@pytest.mark.looks_at_memory
def test_a_crowd_leaves_nothing_behind(server, seed, requests):
    """The crowd of the test before is what a worker grows for."""
    pids = {worker["pid"] for worker in server.workers()}  # with threads one process for each pool
    sizes = {pid: processes.rss_anon_kib(pid) for pid in pids}
    descriptors = {pid: processes.fd_count(pid) for pid in pids}
    crowd(server, seed + 1, requests)
    # The last answer is there before its worker has let go of the request.
    wait_until(lambda: {pid: processes.fd_count(pid) for pid in pids} == descriptors, f"{descriptors} again")
    grown = {pid: processes.rss_anon_kib(pid) - size for pid, size in sizes.items()}
    print(f"\n--seed={seed}: {requests} requests, KiB {sizes} and {grown} more")
    assert all(size < GROWTH_ALLOWED for size in grown.values()), grown


def test_a_bare_request_after_a_full_one_sees_nothing(server):
    full = {"X-Who": "ada", "Cookie": "who=ada", "Authorization": f"Basic {b64encode(b'ada:secret').decode()}"}
    body, form = multipart([("who", "ada")], [("file", "a.txt", "text/plain", b"file of ada")])
    for _ in range(6):
        seen = server.post("/whoami?who=ada&login=ada", body, {**full, **form}).json()
        assert seen == {**dict.fromkeys(NOTHING, "ada"), "file": "file of ada"}
        answer = server.get("/whoami")
        assert answer.json() == NOTHING
        assert answer.header("X-Answered") is None
