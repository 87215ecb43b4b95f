"""The end of a pod, as Kubernetes goes about it, under clients that keep sending: no request fails.

1. The pod is marked for termination. The kubelet begins with the preStop hook (a sleep); at the same time, and not
   faster, every node stops sending *new* connections to the pod. Readiness is not touched by that.
2. When the sleep is over, the kubelet sends SIGTERM. Connections that there are go on until one side ends them.
3. After terminationGracePeriodSeconds (30), SIGKILL.

A client that finds its connection ended before it has sent a request goes to another pod. So it does when a connection
ends that it has just sent a request on and no byte of an answer has come (RFC 9110 9.2.2 lets it repeat what is safe):
idle connections end at once, and that may cross with a request on its way. Such a request was never run, which is
looked at here. Everything else that goes wrong is a failure.
"""

import http.client
import itertools
import signal
import threading

import pytest

from harness.client import Connection
from harness.http2 import Http2Connection, window_update
from harness.load import Clients
from harness.waiting import wait_until

GRACE_PERIOD = 30
EACH = 3  # clients of each kind
BEFORE, DURING = 20, 20  # requests of each client before the end begins, and during the preStop hook

pytestmark = pytest.mark.howdah_only("Kubernetes")


class Pod:
    """What the clients know of the server, and what has become of their requests."""

    def __init__(self, server, page):
        self.address = server.address
        self.page = page
        self.is_endpoint = True  # new connections come here
        self.answered = set()
        self.unanswered = set()  # and no byte of an answer came
        self.failures = []
        self.counts = {}
        self.over = set()  # clients that send no more
        self._ids = itertools.count()
        self._lock = threading.Lock()

    def new_id(self, client):
        with self._lock:
            self.counts[client] = self.counts.get(client, 0) + 1
            return f"{client}-{next(self._ids)}"

    def check(self, id, answer):
        with self._lock:
            self.answered.add(id)
            if (answer.status, answer.text) != (200, f"served {id}"):
                self.failures.append((id, answer))

    def lost(self, id):
        with self._lock:
            self.unanswered.add(id)

    def fail(self, client, error):
        with self._lock:
            self.failures.append((client, repr(error)))

    def wait_for_requests(self, count, clients):
        wait_until(
            lambda: self.failures or all(self.counts.get(client, 0) >= count for client in clients),
            lambda: f"{count} requests of each client: {self.counts}",
            90,
        )


def client_of(pod, name, talk):
    """A client that opens connections as long as the pod is an endpoint, and talks on each of them."""

    def run():
        try:
            while pod.is_endpoint:
                talk(pod, name)
        except Exception as error:  # whatever it is, the test is to tell it
            pod.fail(name, error)
        finally:
            pod.over.add(name)

    return run


def ask(pod, name, connection):
    """False when the connection is of no more use."""
    id = pod.new_id(name)
    try:
        answer = connection.request("GET", pod.page, headers={"X-Request-ID": id})
    except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
        pod.lost(id)
        return False
    pod.check(id, answer)
    return (answer.header("Connection") or "").lower() != "close"


def new_connections(pod, name):
    with Connection(pod.address, timeout=60) as connection:
        id = pod.new_id(name)
        pod.check(id, connection.request("GET", pod.page, headers={"X-Request-ID": id, "Connection": "close"}))


def kept_connection(pod, name):
    with Connection(pod.address, timeout=60) as connection:
        while ask(pod, name, connection):
            pass


def kept_http2(pod, name, streams=4):
    """Some streams at a time until the server says goodbye; all of them are answered."""
    with Http2Connection(pod.address, timeout=60) as connection:
        connection.send(window_update(0, 1 << 30))  # as often as it asks
        running = {}
        while running or not connection.goaways:
            while len(running) < streams and not connection.goaways:
                id = pod.new_id(name)
                running[connection.request(pod.page, more=[("x-request-id", id)])] = id
            connection.wait(lambda: any(connection.stream(number).ended for number in running), "an answer")
            for number in [number for number in running if connection.stream(number).ended]:
                pod.check(running.pop(number), connection.stream(number).response)
        assert connection.goaways[-1][1] == 0, connection.describe()


def new_http2(pod, name):
    with Http2Connection(pod.address, timeout=60) as connection:
        id = pod.new_id(name)
        pod.check(id, connection.get(pod.page, more=[("x-request-id", id)]))


KINDS = (new_connections, kept_connection, kept_http2, new_http2)


@pytest.mark.parametrize("way", ["classic", "worker script"])
def test_no_request_fails_when_a_pod_ends(launch, way):
    settings = {"WORKER_SCRIPT": "loop.php", "WORKER_NUM": 2} if way == "worker script" else {}
    server = launch(DRAIN_TIMEOUT_SECS=GRACE_PERIOD - 5, FRONT_THREADS=2, QUEUE_CAPACITY=1000, **settings)
    note = server.open_folder("notes") + "/note"
    pod = Pod(server, ("/" if settings else "/noted.php") + f"?note={note}")
    names = [(kind, f"{kind.__name__}-{number}") for kind in KINDS for number in range(EACH)]
    clients = [name for _, name in names]
    with Clients([client_of(pod, name, kind) for kind, name in names]):
        pod.wait_for_requests(BEFORE, clients)
        # The preStop hook runs. Until all nodes know of it, new connections come as before.
        pod.wait_for_requests(BEFORE + DURING, clients)
        assert server.internal("/health/ready").status == 200
        pod.is_endpoint = False
        still = [name for kind, name in names if kind in (kept_connection, kept_http2)]
        wait_until(lambda: pod.failures or pod.over >= set(clients) - set(still), "the end of new connections", 60)
        pod.wait_for_requests(max(pod.counts.values()) + DURING, still)
        assert server.internal("/health/ready").status == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(GRACE_PERIOD) == 0
    assert pod.failures == []
    with open(note) as file:
        run = file.read().split()
    assert len(run) == len(set(run)), "a request was run twice"
    assert set(run) == pod.answered
    assert not pod.unanswered & set(run)
    # A connection has at most one that it may repeat elsewhere.
    assert all(name.startswith("kept_connection-") for name in pod.unanswered)
    assert len(pod.unanswered) <= EACH
    assert [line for line in server.log.json_lines() if "cut" in line["msg"]] == []
    if settings:
        assert sum(line["msg"] == "the loop said false" for line in server.log.json_lines()) == 2
