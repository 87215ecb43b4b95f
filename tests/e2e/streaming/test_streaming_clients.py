"""What a stream's client does to its script: reads slowly or nothing, leaves, or falls silent."""

import ctypes
import json
import os
import socket
import struct
import time

import pytest

from harness import processes
from harness.http2 import CANCEL, SETTINGS_INITIAL_WINDOW_SIZE, Http2Connection, reset, window_update
from harness.waiting import allow, wait_until

pytestmark = pytest.mark.howdah_only("nginx buffers")

HELD_SECONDS = 1.0
# What the kernel's two socket buffers, the front and the ring may hold together, generously.
MOST_UNDER_WAY = 24 << 20
EVENT = 16 << 10


class Progress:
    """How many events a script has said, as it writes it into a file."""

    def __init__(self, server):
        self.path = os.path.join(server.open_folder("progress"), os.urandom(8).hex())

    def count(self):
        try:
            with open(self.path, encoding="ascii") as file:
                return int(file.read() or 0)
        except FileNotFoundError:
            return 0

    def wait_held(self):
        """Until it has stood still for a while; returns where."""
        state = {"count": -1, "since": time.monotonic()}

        def still():
            count = self.count()
            if count != state["count"] or count == 0:
                state.update(count=count, since=time.monotonic())
            return time.monotonic() - state["since"] > allow(HELD_SECONDS)

        wait_until(still, "the script to be held back", 40)
        return state["count"]


def target(progress, **parameters):
    query = "".join(f"&{name}={value}" for name, value in parameters.items())
    return f"/events.php?count={progress.path}{query}"


def no_script_runs(server):
    return all(worker["state"] == "idle" for worker in server.workers())


def spooled(server):
    """Bytes in the front's unlinked spool files. Only root may look there."""
    if os.geteuid() != 0:
        return 0
    folder, total = f"/proc/{server.front_pid()}/fd", 0
    for name in os.listdir(folder):
        try:
            if os.readlink(f"{folder}/{name}").startswith(server.spool):
                total += os.stat(f"{folder}/{name}").st_size
        except FileNotFoundError:
            continue
    return total


def over(server, **options):
    """[connection_status(), connection_aborted()] at the script's end."""
    line = server.error_line("stream over ", **options)["msg"]
    return json.loads(line.split("stream over ", 1)[1])


@pytest.mark.parametrize("how", ["events", "flush"])
def test_a_client_that_reads_nothing_holds_its_script(launch, how):
    server = launch()
    progress = Progress(server)
    with server.raw(receive_buffer=65536) as raw:
        front = server.front_pid()
        before = processes.rss_anon_kib(front)
        more = {"flush": 1} if how == "flush" else {}
        raw.send(f"GET {target(progress, size=EVENT, **more)} HTTP/1.1\r\nHost: a\r\n\r\n")
        assert raw.read_head().status == 200
        held_at = progress.wait_held()
        assert held_at * EVENT < MOST_UNDER_WAY
        assert spooled(server) == 0
        assert processes.rss_anon_kib(front) - before < 8 << 10
        # It goes on at the client's pace, and nothing is lost.
        raw.read_exactly(4 << 20)
        wait_until(lambda: progress.count() > held_at, "the script to go on")
        assert progress.wait_held() * EVENT < MOST_UNDER_WAY + (4 << 20)
        raw.reset()
    assert over(server)[0] == 1
    wait_until(lambda: no_script_runs(server), "the worker to be free")


def test_a_window_that_stays_shut_holds_its_script_and_no_other(launch):
    server = launch()
    progress = Progress(server)
    with Http2Connection(server.address, [(SETTINGS_INITIAL_WINDOW_SIZE, 50_000)]) as connection:
        stream = connection.request(target(progress, size=EVENT))
        connection.wait(lambda: len(connection.stream(stream).body) == 50_000, "a window's worth")
        held_at = progress.wait_held()
        assert held_at * EVENT < 1 << 20
        assert spooled(server) == 0
        assert connection.get("/pid.php").status == 200  # beside it
        connection.send(window_update(stream, 1 << 20) + window_update(0, 1 << 20))
        wait_until(lambda: connection.pump() or progress.count() > held_at, "the script to go on")
        connection.send(reset(stream, CANCEL))
        assert over(server)[0] == 1
        connection.expect_alive()


def test_a_client_that_stops_reading_costs_no_worker(launch):
    server = launch(WRITE_TIMEOUT="1s", PHP_WORKERS=1)
    progress = Progress(server)
    with server.raw(receive_buffer=4096) as raw:
        raw.send(f"GET {target(progress, size=EVENT)} HTTP/1.1\r\nHost: a\r\n\r\n")
        assert raw.read_head().status == 200
        assert over(server, timeout=30)[0] == 1
        assert server.get("/pid.php").status == 200


def fall_silent(raw):
    """From now on the socket's own host drops what comes for it, before it is acknowledged: like a
    client that has lost its power. (A filter of one instruction: keep 0 bytes.)"""
    instruction = ctypes.create_string_buffer(struct.pack("=HBBI", 0x06, 0, 0, 0))
    program = struct.pack("@HP", 1, ctypes.addressof(instruction))
    raw.socket.setsockopt(socket.SOL_SOCKET, 26, program)  # SO_ATTACH_FILTER


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_a_client_that_vanishes_without_a_word_costs_no_worker(launch, protocol):
    # A little at a time: all of it is with the kernel, nothing waits in the server.
    server = launch(WRITE_TIMEOUT="1s", PHP_WORKERS=1)
    progress = Progress(server)
    path = target(progress, size=100, gap=20_000)
    if protocol == "http1":
        client = server.raw()
        client.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.read_head().status == 200
    else:
        client = Http2Connection(server.address)
        stream = client.stream(client.request(path))
        client.wait(lambda: len(stream.body) > 500, "some events")
    with client:
        fall_silent(client)
        # TCP alone would try for a quarter of an hour.
        assert over(server, timeout=30)[0] == 1
        assert server.get("/pid.php").status == 200
        wait_until(lambda: server.metric("tokio_php_active_connections") == 0, "the connection to be gone")


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_that_leaves_ends_the_script_at_its_next_output(launch, how):
    server = launch(PHP_WORKERS=1)
    progress = Progress(server)
    raw = server.raw()
    raw.send(f"GET {target(progress, gap=1000)} HTTP/1.1\r\nHost: a\r\n\r\n")
    assert raw.read_head().status == 200
    getattr(raw, how)()
    assert over(server) == [1, 1]
    assert server.get("/pid.php").status == 200


def test_a_script_that_ignores_it_sees_that_its_client_has_left(launch):
    server = launch(PHP_WORKERS=1)
    progress = Progress(server)
    raw = server.raw()
    raw.send(f"GET {target(progress, gap=1000, ignore=1)} HTTP/1.1\r\nHost: a\r\n\r\n")
    assert raw.read_head().status == 200
    raw.reset()
    # connection_aborted() counts its rounds down: it ends by itself, with a status of its own.
    assert over(server) == [1, 1]
    assert server.get("/pid.php").status == 200


def test_each_event_starts_the_time_limit_again(launch):
    server = launch(REQUEST_TIMEOUT="1s", PHP_WORKERS=1)
    progress = Progress(server)
    began = time.monotonic()
    with server.raw() as raw:
        raw.send(f"GET {target(progress, gap=100_000)} HTTP/1.1\r\nHost: a\r\n\r\n")
        while time.monotonic() - began < allow(3):
            assert raw.read_some()
    assert over(server)[0] == 1
    assert server.metric("tokio_php_timeouts_total") == 0
