"""REQUEST_TIMEOUT that a script moves: tokio_request_heartbeat(), the flushes of an event stream."""

import http.client

import pytest

from harness.waiting import wait_until


@pytest.mark.parametrize(
    ("limit", "answers"),
    [
        ("5s", {"default": False, "1": True, "5": True, "6": False, "0": False, "-1": False}),
        ("10s", {"default": True, "10": True, "11": False}),
        ("1500ms", {"default": False, "1": True, "2": False}),
        ("900ms", {"1": False}),
        ("1d", {"default": True, "86400": True, "86401": False, "9223372036854775807": False}),
        ("off", {"default": False, "1": False}),
    ],
)
def test_a_heartbeat_is_taken_within_the_limit(launch, limit, answers):
    server = launch(REQUEST_TIMEOUT=limit)
    times = ",".join(time for time in answers if time != "default")
    told = server.get(f"/heartbeat.php?times={times}").json()
    assert {name: told[name] for name in answers} == answers


def test_without_the_extension_there_is_no_heartbeat(launch):
    server = launch(USE_EXT=0)
    assert server.get("/heartbeat.php").json() == {"default": None}


def test_a_script_that_asks_for_more_time_goes_on(launch):
    server = launch(REQUEST_TIMEOUT="2s")
    answer = server.get("/beats.php?seconds=5&beat=2")
    assert (answer.status, answer.text) == (200, "beaten")
    assert server.metric("tokio_php_timeouts_total") == 0


def test_a_script_that_stops_asking_is_ended(launch):
    server = launch(REQUEST_TIMEOUT="2s")
    pids = server.php_pids()
    assert server.get("/beats.php?seconds=3&beat=2&then=more").status == 504
    wait_until(lambda: server.get("/pid.php").status == 200, "an answer")
    assert server.php_pids() == pids
    assert server.metric("tokio_php_timeouts_total") == 1


def test_asking_for_less_time_shortens_nothing(launch):
    server = launch(REQUEST_TIMEOUT="4s")
    assert server.get("/short_beat.php?seconds=2").text == "whole"


def test_what_one_request_asked_for_is_not_the_next_ones(launch):
    server = launch(REQUEST_TIMEOUT="3s", PHP_WORKERS=1)
    assert server.get("/heartbeat.php?times=3").json()["3"] is True
    answer = server.get("/beats.php?seconds=0&beat=1&then=more")
    assert answer.status == 504


def test_each_flush_of_an_event_stream_starts_the_time_again(launch):
    server = launch(REQUEST_TIMEOUT="2s")
    answer = server.get("/events.php?count=8")
    assert answer.status == 200
    assert answer.text.count("data: ") == 8
    assert server.metric("tokio_php_timeouts_total") == 0


def test_an_event_stream_that_falls_silent_is_cut(launch):
    server = launch(REQUEST_TIMEOUT="2s", PHP_WORKERS=1)
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        server.get("/events.php?count=2&then=more")
    wait_until(lambda: server.get("/pid.php").status == 200, "an answer")
    assert server.metric("tokio_php_timeouts_total") == 1
