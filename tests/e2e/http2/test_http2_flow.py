"""Windows, slow clients, time, and the end of a connection (RFC 9113 5.2, 6.8, 6.9)."""

import hashlib
import os
import re
import signal
import subprocess

import pytest

from harness.folders import write
from harness.http2 import (
    CANCEL,
    DATA,
    END_HEADERS,
    ENHANCE_YOUR_CALM,
    HEADERS,
    NO_ERROR,
    SETTINGS_INITIAL_WINDOW_SIZE,
    SETTINGS_MAX_FRAME_SIZE,
    Http2Connection,
    frame,
    head,
    settings,
    window_update,
)
from harness.waiting import wait_until

LARGE = bytes(range(256)) * 8192  # 2 MiB


@pytest.fixture(scope="module")
def server(launch_shared):
    server = launch_shared(FRONT_THREADS=1)
    write(server.root, {"large.bin": LARGE})
    return server


@pytest.fixture(scope="module")
def quick(launch_shared):
    server = launch_shared(
        HEADER_TIMEOUT_SECS=1, BODY_TIMEOUT="1s", IDLE_TIMEOUT_SECS=1, WRITE_TIMEOUT="1s", ACCESS_LOG=1
    )
    write(server.root, {"large.bin": LARGE})
    return server


# -- windows -----------------------------------------------------------------------------------------


def test_nothing_is_sent_beyond_the_windows(server):
    with Http2Connection(server.address, [(SETTINGS_INITIAL_WINDOW_SIZE, 1000)]) as connection:
        stream = connection.request("/large.bin")
        state = connection.stream(stream)
        connection.wait(lambda: len(state.body) == 1000, "the window's bytes")
        connection.expect_alive()
        assert len(state.body) == 1000
        # A setting moves the windows of open streams too, down below zero and up again.
        connection.send(settings((SETTINGS_INITIAL_WINDOW_SIZE, 500)) + window_update(stream, 400))
        connection.expect_alive()
        assert len(state.body) == 1000
        connection.send(window_update(stream, 101))
        connection.wait(lambda: len(state.body) == 1001, "one byte more")
        connection.send(window_update(stream, 1 << 22))
        connection.wait(lambda: len(state.body) == 65535, "the connection's window")
        connection.send(window_update(0, 1 << 22))
        assert connection.response(stream).body == LARGE


def test_no_frame_is_larger_than_the_client_takes(server):
    with Http2Connection(server.address, [(SETTINGS_MAX_FRAME_SIZE, 1 << 20)]) as connection:
        sizes = []
        take = connection._take
        connection._take = lambda kind, *rest: (sizes.append(len(rest[-1])) if kind == DATA else None, take(kind, *rest))
        stream = connection.request("/large.bin")
        connection.send(window_update(stream, 1 << 22) + window_update(0, 1 << 22))
        assert connection.response(stream).body == LARGE
        assert max(sizes) <= 16384


@pytest.mark.parametrize("path", ["/huge.php?mb=8", "/large.bin"])
def test_a_slow_client_gets_everything(server, path):
    expected = hashlib.md5(server.get(path).body).hexdigest()
    with Http2Connection(server.address, receive_buffer=4096) as connection:
        stream = connection.request(path)
        state = connection.stream(stream)
        while not state.ended:
            before = len(state.body)
            connection.send(window_update(stream, 200_000) + window_update(0, 200_000))
            connection.wait(lambda: state.ended or len(state.body) > before, "more")
        assert hashlib.md5(state.body).hexdigest() == expected


def test_a_slow_client_holds_no_worker(launch):
    server = launch(PHP_WORKERS=1)
    with Http2Connection(server.address, [(SETTINGS_INITIAL_WINDOW_SIZE, 0)]) as connection:
        stream = connection.request("/huge.php?mb=8")
        connection.wait(lambda: connection.stream(stream).heads, "the head")
        assert server.get("/").text == "index"
        wait_until(lambda: spooled(server) > 6 << 20, "the answer in the spool")


def spooled(server):
    """Bytes of unlinked files in the front's hands."""
    total = 0
    folder = f"/proc/{server.front_pid()}/fd"
    for name in os.listdir(folder):
        try:
            if "(deleted)" in os.readlink(f"{folder}/{name}") and server.spool in os.readlink(f"{folder}/{name}"):
                total += os.stat(f"{folder}/{name}").st_size
        except FileNotFoundError:
            pass
    return total


@pytest.mark.looks_at_memory
def test_many_streams_that_are_not_read_take_bounded_memory(launch):
    """128 answers of 1 MiB, and a client that opens no window: they lie in the spool."""
    server = launch(PHP_WORKERS=2, FRONT_THREADS=1)
    server.get("/huge.php?mb=1")

    def anonymous():
        with open(f"/proc/{server.front_pid()}/status") as status:
            return int(re.search(r"RssAnon:\s+(\d+)", status.read()).group(1)) << 10

    before = anonymous()
    with Http2Connection(server.address, [(SETTINGS_INITIAL_WINDOW_SIZE, 0)]) as connection:
        streams = [connection.request("/huge.php?mb=1") for _ in range(128)]
        connection.wait(lambda: all(connection.stream(it).heads for it in streams), "128 heads", 60)
        wait_until(lambda: spooled(server) >= 120 << 20, "the spool", 60)
        assert anonymous() - before < 24 << 20
        for stream in streams:
            connection.send(window_update(stream, 1 << 20))
        connection.send(window_update(0, 1 << 28))
        for stream in streams:
            assert len(connection.response(stream, 60).body) == 1 << 20


def test_an_upload_opens_the_windows_as_it_is_taken(server):
    with Http2Connection(server.address) as connection:
        stream = connection.new_stream()
        connection.send(connection.headers(stream, head("/length.php", "POST"), END_HEADERS))
        sent = 0
        while sent < len(LARGE):
            room = min(
                65535 + connection.windows_opened.get(0, 0) - sent,
                (256 << 10) + connection.windows_opened.get(stream, 0) - sent,
            )
            if room < 16384:
                connection.pump(1)
                continue
            connection.send(frame(DATA, 0, stream, LARGE[sent : sent + 16384]))
            sent += 16384
        connection.send(frame(DATA, 1, stream))
        assert connection.response(stream).text == str(len(LARGE))


def test_more_body_than_the_window_ends_the_connection(server):
    with Http2Connection(server.address) as connection:
        connection.expect_alive()
        stream = connection.new_stream()
        # To a page that takes no body: nothing opens the stream's window again.
        connection.send(connection.headers(stream, head("/none", "POST"), END_HEADERS))
        for _ in range(30):
            connection.send(frame(DATA, 0, stream, bytes(16384)))
        connection.wait(lambda: connection.goaways or connection.stream(stream).reset is not None, "an error")
        reasons = [code for _, code in connection.goaways] + [connection.stream(stream).reset]
        assert 3 in reasons, connection.describe()

def test_many_answers_in_parts_that_wait_for_room_all_come_whole(server):
    """Each that is told of room sends at once, and so gives others room meanwhile."""
    parts = [(0, 299_999), (400_000, 699_999), (800_000, 1_099_999)]
    ranges = ("range", "bytes=" + ",".join(f"{first}-{last}" for first, last in parts))
    with Http2Connection(server.address, [(SETTINGS_INITIAL_WINDOW_SIZE, 0)]) as connection:
        streams = [connection.request("/large.bin", more=[ranges]) for _ in range(40)]
        connection.wait(lambda: all(connection.stream(stream).heads for stream in streams), "the heads")
        connection.send(window_update(0, 2**31 - 1 - 65535) + settings((SETTINGS_INITIAL_WINDOW_SIZE, 2**31 - 1)))
        for stream in streams:
            body = connection.response(stream).body
            assert all(LARGE[first : last + 1] in body for first, last in parts)


def test_an_answer_that_the_spool_took_in_part_comes_whole(launch):
    server = launch(SPOOL_MAX="1m")
    size = 8 << 20
    with Http2Connection(server.address, [(SETTINGS_INITIAL_WINDOW_SIZE, 0)]) as connection:
        stream = connection.request(f"/numbered.php?size={size}")
        server.wait_for_log(lambda line: "answer not spooled" in line["msg"], "of the full spool")
        connection.send(window_update(0, 2**31 - 1 - 65535) + window_update(stream, 2**31 - 1))
        body = connection.response(stream).body
    assert body == b"".join(b"%015d\n" % number for number in range(size // 16))


# -- side by side ------------------------------------------------------------------------------------


def test_streams_are_answered_side_by_side(server):
    with Http2Connection(server.address) as connection:
        gate = server.gate()
        slow = connection.request(f"/gate.php?gate={gate.path}")
        gate.wait_started()
        for path in ("/", "/page.html", "/none"):
            connection.response(connection.request(path))
        assert not connection.stream(slow).heads
        gate.release()
        assert connection.response(slow).text == "released"


def test_a_small_answer_passes_a_large_one(server):
    write(server.root, {"larger.bin": LARGE * 8})
    window = [(SETTINGS_INITIAL_WINDOW_SIZE, 1 << 25)]
    with Http2Connection(server.address, window, receive_buffer=4096) as connection:
        connection.send(window_update(0, 1 << 25))
        large = connection.request("/larger.bin")
        small = connection.request("/page.html")
        connection.response(small)
        assert not connection.stream(large).ended
        connection.response(large, timeout=60)


# -- time --------------------------------------------------------------------------------------------


def test_a_head_that_does_not_end(quick):
    with Http2Connection(quick.address) as connection:
        connection.expect_alive()
        connection.send(frame(HEADERS, 1, 1, b"\x82"))
        connection.expect_goaway(ENHANCE_YOUR_CALM, 10)


def test_a_body_that_stops_is_408(quick):
    with Http2Connection(quick.address) as connection:
        stream = connection.new_stream()
        connection.send(connection.headers(stream, head("/echo.php", "POST"), END_HEADERS))
        connection.send(frame(DATA, 0, stream, b"abc"))
        assert connection.response(stream, 10).status == 408


def test_an_idle_connection_is_said_goodbye(quick):
    with Http2Connection(quick.address) as connection:
        assert connection.get("/page.html").status == 200
        connection.expect_goaway(NO_ERROR, 10)
        assert connection.goaways == [(1, NO_ERROR)]


def test_a_client_that_opens_no_window_loses_the_stream(quick):
    with Http2Connection(quick.address, [(SETTINGS_INITIAL_WINDOW_SIZE, 0)]) as connection:
        stream = connection.request("/large.bin")
        connection.wait(lambda: connection.stream(stream).reset is not None, "the reset", 10)
        assert connection.stream(stream).reset == CANCEL


def test_a_client_that_reads_nothing_loses_the_connection(quick):
    with Http2Connection(quick.address, [(SETTINGS_INITIAL_WINDOW_SIZE, 1 << 24)], receive_buffer=4096) as connection:
        before = quick.metric("tokio_php_active_connections")
        connection.send(window_update(0, 1 << 24))
        for _ in range(20):
            connection.request("/large.bin")
        wait_until(lambda: quick.metric("tokio_php_active_connections") <= before - 1 or before < 1, "the end")


# -- the end -----------------------------------------------------------------------------------------


def test_a_drain_lets_requests_finish(launch):
    server = launch()
    gate = server.gate()
    with Http2Connection(server.address) as connection:
        stream = connection.request(f"/gate.php?gate={gate.path}")
        gate.wait_started()
        os.kill(server.parent_pid, signal.SIGTERM)
        connection.wait(lambda: len(connection.goaways) == 2, "two GOAWAY")
        assert connection.goaways == [(0x7FFFFFFF, NO_ERROR), (stream, NO_ERROR)]
        gate.release()
        assert connection.response(stream).text == "released"
        connection.wait_closed()
    server.process.wait(20)


def test_an_idle_connection_does_not_hold_a_drain_up(launch):
    server = launch()
    with Http2Connection(server.address) as connection:
        assert connection.get("/page.html").status == 200
        os.kill(server.parent_pid, signal.SIGTERM)
        connection.wait_closed(5)
        assert connection.goaways[-1] == (1, NO_ERROR)
    server.process.wait(20)


# -- other people's clients ----------------------------------------------------------------------------


def run(*command):
    done = subprocess.run(command, capture_output=True, timeout=60)
    assert done.returncode == 0, done
    return done.stdout


def test_curl(server):
    url = "http://%s:%d" % server.address
    curl = ["curl", "--silent", "--show-error", "--http2-prior-knowledge"]
    assert run(*curl, f"{url}/") == b"index"
    assert run(*curl, f"{url}/large.bin") == LARGE
    assert run(*curl, "--data-binary", "@" + os.path.join(server.root, "large.bin"), f"{url}/length.php") == b"2097152"
    head_out = run(*curl, "--head", f"{url}/page.html")
    assert head_out.startswith(b"HTTP/2 200")
    # An answer ahead of the body's end, and behind it.
    code = ["--output", "/dev/null", "--write-out", "%{http_code}"]
    body = ["--data-binary", "@" + os.path.join(server.root, "large.bin")]
    assert run(*curl, *code, *body, f"{url}/page.html") == b"405"


def test_nghttp_with_priorities(server):
    out = run("nghttp", "--stat", "--null-out", "--weight=32", "http://%s:%d/large.bin" % server.address)
    assert b"200" in out


def test_h2load(server):
    url = "http://%s:%d" % server.address
    out = run("h2load", "-n2000", "-c10", "-m10", f"{url}/", f"{url}/page.html", f"{url}/large.bin").decode()
    assert "2000 succeeded, 0 failed, 0 errored" in out
