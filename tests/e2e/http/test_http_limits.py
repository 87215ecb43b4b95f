"""Sizes and times: what a client may take of them, and what it is told when it takes more."""

import os
import time

import pytest

from harness.waiting import wait_until


@pytest.fixture(scope="module")
def small(launch_shared):
    return launch_shared(MAX_BODY_SIZE="1k", MAX_HEADER_SIZE="4k")


@pytest.fixture(scope="module")
def quick(launch_shared):
    return launch_shared(
        HEADER_TIMEOUT_SECS=1, BODY_TIMEOUT="1s", IDLE_TIMEOUT_SECS=1, WRITE_TIMEOUT="1s", ACCESS_LOG=1
    )


# -- sizes -------------------------------------------------------------------------------------------


def test_a_content_length_over_the_limit_is_413_before_any_of_the_body(small):
    with small.raw(timeout=10) as raw:
        raw.send("POST /echo.php HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000\r\n\r\n")
        assert raw.read_response().status == 413
        assert raw.read_to_end() == b""


def test_a_413_can_be_read_by_a_client_that_sends_its_body_first(small):
    with small.raw(timeout=10) as raw:
        raw.send("POST /echo.php HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n")
        raw.send(bytes(200_000))
        assert raw.read_response().status == 413


def test_a_chunked_body_over_the_limit_is_413(small):
    with small.raw(timeout=10) as raw:
        raw.send("POST /echo.php HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        raw.send(b"400\r\n" + bytes(1024) + b"\r\n1\r\nx\r\n")
        assert raw.read_response().status == 413
        assert raw.read_to_end() == b""


def test_a_chunk_that_announces_more_than_the_limit_is_413_at_once(small):
    with small.raw(timeout=10) as raw:
        raw.send("POST /echo.php HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n")
        assert raw.read_response().status == 413


def test_a_body_of_just_the_limit_is_taken(small):
    assert small.post("/echo.php", bytes(1024)).body == bytes(1024)


def test_the_script_does_not_run_for_a_413(small):
    marker = small.open_folder("big") + "/ran"
    assert small.post(f"/mark.php?file={marker}", bytes(1025)).status == 413
    assert small.get("/").status == 200
    assert not os.path.exists(marker)


@pytest.mark.parametrize("head", ["X: " + "a" * 5000, "\r\n".join(f"X-{i}: {'a' * 40}" for i in range(120))])
def test_a_head_over_the_limit_is_431(small, head):
    with small.raw(timeout=10) as raw:
        raw.send(f"GET / HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n")
        assert raw.read_response().status == 431
        assert raw.read_to_end() == b""


def test_a_target_over_the_limit_is_414(small):
    with small.raw(timeout=10) as raw:
        raw.send(f"GET /?{'a' * 5000} HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = raw.read_response()
        assert (answer.status, answer.text) == (414, "URI Too Long")
        assert raw.read_to_end() == b""


def test_a_head_that_never_ends_is_431(small):
    with small.raw(timeout=10) as raw:
        raw.send("GET / HTTP/1.1\r\nHost: a\r\nX: " + "a" * 100_000)
        assert raw.read_response().status == 431


def test_a_head_below_the_limit_is_taken(small):
    assert small.get("/", {"X-Long": "a" * 3500}).status == 200


def test_trailers_count_against_a_limit_too(small):
    with small.raw(timeout=10) as raw:
        raw.send("POST /echo.php HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + "a" * 100_000)
        assert raw.read_response().status in (400, 413, 431)


# -- times -------------------------------------------------------------------------------------------


def test_a_head_that_does_not_come_to_its_end_is_408(quick):
    with quick.raw(timeout=10) as raw:
        raw.send("GET / HTTP/1.1\r\nHo")
        began = time.monotonic()
        assert raw.read_response().status == 408
        assert raw.read_to_end() == b""
        assert time.monotonic() - began < 5


def test_a_head_that_drips_is_408_all_the_same(quick):
    with quick.raw(timeout=10) as raw:
        raw.send("GET / HTTP/1.1\r\nX: ")
        began = time.monotonic()
        # The pace of a slow client, not a wait for something.
        while not raw.readable(0.1):
            raw.send("a")
            assert time.monotonic() - began < 5, "dripping holds the connection"
        assert raw.read_response().status == 408


def test_a_body_that_stops_is_408_and_no_script_runs(quick):
    marker = quick.open_folder("slow") + "/ran"
    with quick.raw(timeout=10) as raw:
        raw.send(f"POST /mark.php?file={marker} HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        assert raw.read_response().status == 408
        assert raw.read_to_end() == b""
    assert quick.get("/").status == 200
    assert not os.path.exists(marker)


def test_a_chunked_body_that_stops_is_408(quick):
    with quick.raw(timeout=10) as raw:
        raw.send("POST /echo.php HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc")
        assert raw.read_response().status == 408


def test_a_body_that_drips_below_500_bytes_a_second_is_408(quick):
    with quick.raw(timeout=10) as raw:
        raw.send("POST /echo.php HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
        began = time.monotonic()
        while not raw.readable(0.1):
            raw.send("a")
            assert time.monotonic() - began < 8, "dripping holds the connection"
        assert raw.read_response().status == 408


def test_a_steady_body_may_take_longer_than_the_gap_allows(quick):
    with quick.raw(timeout=10) as raw:
        raw.send("POST /index.php HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n")
        for _ in range(20):  # 2 seconds at 10,000 bytes a second
            assert not raw.readable(0.1)
            raw.send(b"a" * 1000)
        assert raw.read_response().json()["length"] == 20000


def test_an_idle_connection_is_closed_without_a_word(quick):
    with quick.raw(timeout=10) as raw:
        raw.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert raw.read_response().status == 200
        began = time.monotonic()
        assert raw.read_to_end() == b""
        assert 0.5 < time.monotonic() - began < 5


def test_a_connection_that_says_nothing_is_closed(quick):
    with quick.raw(timeout=10) as raw:
        assert raw.read_to_end() == b""


def test_no_keep_alive_with_an_idle_timeout_of_zero(launch):
    server = launch(IDLE_TIMEOUT_SECS=0)
    with server.raw() as raw:
        raw.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = raw.read_response()
        assert (answer.status, answer.header("Connection").lower()) == (200, "close")
        assert raw.ended()


def connections(server):
    return server.internal("/health").json()["active_connections"]


def test_a_client_that_reads_nothing_is_dropped(quick):
    wait_until(lambda: connections(quick) == 0, "connections of earlier tests to end")
    with quick.raw(timeout=10, receive_buffer=4096) as raw:
        raw.send("GET /huge.php?mb=64 HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_until(lambda: connections(quick) == 1, "the connection to be counted")
        wait_until(lambda: connections(quick) == 0, "the connection to be dropped")
        received = 0
        try:
            while data := raw.read_some():
                received += len(data)
        except ConnectionResetError:
            pass
        assert received < 64 << 20
    wait_until(lambda: quick.metric("tokio_php_active_connections") == 0, "the gauge to be zero")


def test_a_slow_reader_that_does_read_gets_all(quick):
    with quick.raw(timeout=10, receive_buffer=65536) as raw:
        raw.send("GET /huge.php?mb=16 HTTP/1.0\r\n\r\n")
        assert raw.read_head().status == 200
        received, paused = 0, 0
        while data := raw.read_some():
            received += len(data)
            if received // (4 << 20) > paused:  # a short rest every 4 MiB, below WRITE_TIMEOUT
                paused += 1
                time.sleep(0.4)
        assert received == 16 << 20


def test_a_script_that_takes_longer_than_all_these_times_is_waited_for(quick):
    gate = quick.gate()
    with quick.raw(timeout=10) as raw:
        raw.send(f"GET /gate.php?gate={gate.path} HTTP/1.1\r\nHost: a\r\n\r\n")
        gate.wait_started()
        assert not raw.readable(2.5)  # the span in which nothing may happen
        gate.release()
        assert raw.read_response().text == "released"
