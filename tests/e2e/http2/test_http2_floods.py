"""What a client can send much of for little: past a limit the connection ends, and others are served meanwhile."""

import os
import time

import pytest

from harness.folders import write
from harness.http2 import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    ENHANCE_YOUR_CALM,
    HEADERS,
    PING,
    PRIORITY,
    SETTINGS_INITIAL_WINDOW_SIZE,
    Http2Connection,
    frame,
    head,
    reset,
    settings,
    window_update,
)


@pytest.fixture(scope="module")
def server(launch_shared):
    server = launch_shared(FRONT_THREADS=1)
    write(server.root, {"large.txt": "x" * 100_000})
    return server


def rapid_resets(connection):
    """CVE-2023-44487"""
    stream = connection.new_stream()
    yield connection.headers(stream, head("/")) + reset(stream)


def provoked_resets(connection):
    """CVE-2025-8671: the server is made to reset"""
    stream = connection.new_stream()
    yield connection.headers(stream, head("/")) + window_update(stream, 0x7FFFFFFF)


def malformed_heads(connection):
    yield connection.headers(connection.new_stream(), head("/", more=[("connection", "close")]))


def settings_flood(connection):
    """CVE-2019-9515"""
    yield settings((SETTINGS_INITIAL_WINDOW_SIZE, 65535))


def pings(connection):
    """CVE-2019-9512"""
    yield frame(PING, payload=b"12345678")


def priorities(connection):
    """CVE-2019-9513"""
    yield frame(PRIORITY, 0, 1, bytes(4) + b"\x10")


def window_updates(connection):
    yield window_update(0, 1)


def empty_data(connection):
    """CVE-2019-9518"""
    stream = connection.new_stream()
    yield connection.headers(stream, head("/echo.php", "POST"), END_HEADERS)
    while True:
        yield frame(DATA, 0, stream)


def data_of_a_byte(connection):
    stream = connection.new_stream()
    yield connection.headers(stream, head("/echo.php", "POST"), END_HEADERS)
    while True:
        yield frame(DATA, 0, stream, b"x")


def continuations(connection):
    """CVE-2024-28182"""
    yield connection.headers(connection.new_stream(), head("/"), END_STREAM)
    while True:
        yield frame(CONTINUATION, 0, 1, b"\x00\x01x\x01y")


def unknown_frames(connection):
    yield frame(0xFA, 0, 0, bytes(16384))


def padding(connection):
    stream = connection.new_stream()
    yield connection.headers(stream, head("/echo.php", "POST"), END_HEADERS)
    while True:
        yield frame(DATA, 0x8, stream, b"\xff" + bytes(64) + bytes(255))


# By the name that the metric has for each.
FLOODS = {
    rapid_resets: "reset",
    provoked_resets: "provoked_reset",
    malformed_heads: "provoked_reset",
    settings_flood: "settings",
    pings: "ping",
    priorities: "priority",
    window_updates: "window_update",
    empty_data: "empty_frame",
    data_of_a_byte: "small_data",
    continuations: "continuation",
    unknown_frames: "overhead",
    padding: "overhead",
}


def floods(server):
    """{kind: how often}, without those that never were."""
    found = server.metrics().items()
    return {name.split('"')[1]: count for name, count in found if name.startswith("tokio_php_floods_total") and count}


def flood(connection, source, most=50_000):
    """Sends until the server has said that it is enough."""
    pieces = source(connection)
    for number in range(most):
        piece = next(pieces, None)
        if piece is None:
            pieces = source(connection)
            piece = next(pieces)
        if not connection.send(piece) or connection.goaways:
            return
        # In step with the server, or the first limit to be met would be that of open streams.
        if number % 64 == 63:
            pongs = len(connection.pongs)
            connection.send(frame(PING, payload=b"in step!"))
            connection.wait(lambda: len(connection.pongs) > pongs or connection.goaways, "the server")


@pytest.mark.parametrize("source", FLOODS, ids=lambda it: it.__name__)
def test_is_ended_while_others_are_served(server, source):
    before_floods = floods(server)
    with Http2Connection(server.address) as other, Http2Connection(server.address) as connection:
        assert other.get("/").text == "index"
        # Its own acknowledgement of SETTINGS must not fall into a head.
        connection.expect_alive()
        flood(connection, source)
        connection.expect_goaway(ENHANCE_YOUR_CALM)
        before = time.monotonic()
        for path in ("/", "/page.html"):
            assert other.get(path).status == 200
        assert time.monotonic() - before < 5
        other.expect_alive()
    counted = floods(server)
    assert counted.pop(FLOODS[source]) == before_floods.pop(FLOODS[source], 0) + 1 and counted == before_floods
    server.wait_for_log(
        lambda it: it.get("data", {}).get("of") == FLOODS[source] and it["data"]["ip"] == "127.0.0.1", "of the flood"
    )


def test_tiny_windows_are_a_flood(server):
    """CVE-2019-9511: an answer asked for byte by byte."""
    with Http2Connection(server.address, [(SETTINGS_INITIAL_WINDOW_SIZE, 0)]) as connection:
        stream = connection.request("/large.txt")
        connection.wait(lambda: connection.stream(stream).heads, "the head")
        for _ in range(20_000):
            if not connection.send(window_update(stream, 1)) or connection.goaways:
                break
            connection.pump()
        connection.expect_goaway(ENHANCE_YOUR_CALM)
    assert floods(server)["window_update"] >= 1


def test_a_flood_that_is_not_read_ends_too(server):
    """The goodbye cannot be sent: the connection ends all the same, and frees what it held."""
    before = server.metric("tokio_php_active_connections")
    with Http2Connection(server.address, receive_buffer=4096) as connection:
        deadline = time.monotonic() + 20
        ping = frame(PING, payload=b"12345678") * 1000
        while connection.send(ping):
            assert time.monotonic() < deadline
    deadline = time.monotonic() + 10
    while server.metric("tokio_php_active_connections") > before:
        assert time.monotonic() < deadline


def test_rapid_resets_run_no_more_scripts_than_there_are_workers(launch):
    """A request whose stream was reset while it waited is not run."""
    server = launch(PHP_WORKERS=1)
    gate = server.gate()
    with Http2Connection(server.address) as holder, Http2Connection(server.address) as connection:
        held = holder.request(f"/gate.php?gate={gate.path}")
        gate.wait_started()
        marker = server.open_folder("flood")
        for number in range(100):
            stream = connection.new_stream()
            connection.send(connection.headers(stream, head(f"/mark.php?file={marker}/{number}")) + reset(stream))
        connection.expect_alive()
        gate.release()
        assert holder.response(held).text == "released"
        assert holder.get("/").text == "index"
        assert os.listdir(marker) == []


def test_browsers_habits_are_no_flood(server):
    """A page with many pictures, half of them cancelled, pings, priorities, windows opened as they are used."""
    with Http2Connection(server.address) as connection:
        for _ in range(5):
            streams = [connection.request("/page.html") for _ in range(60)]
            for stream in streams[::2]:
                connection.send(reset(stream))
                connection.send(frame(PRIORITY, 0, stream, bytes(4) + b"\x10"))
            connection.send(frame(PING, payload=b"habitual"))
            for stream in streams[1::2]:
                assert connection.response(stream).status == 200
                connection.send(window_update(0, 100))
        connection.expect_alive()
