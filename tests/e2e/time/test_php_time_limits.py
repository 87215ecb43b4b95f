"""max_execution_time, set_time_limit(), max_input_time, hard_timeout: PHP's own limits.

In process mode they count the CPU's time, as under PHP-FPM; a thread-safe PHP counts the clock's."""

import os

import pytest

from harness.waiting import wait_until

NO_LIMIT = "max_execution_time=0"


def exceeded(seconds):
    word = "second" if seconds == 1 else "seconds"
    return f"Maximum execution time of {seconds} {word} exceeded"


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        ("max_execution_time=1", ":60"),
        (NO_LIMIT, "1:60"),  # set_time_limit(1)
        ("max_execution_time=60", "1:60"),
        ("max_execution_time=1;max_input_time=60", ":60"),
        ("max_execution_time=1;max_input_time=-1", ":60"),
        ("max_execution_time=60;max_input_time=1", "1:60"),
    ],
)
def test_a_script_that_computes_for_too_long_is_ended(launch, settings, steps):
    server = launch(PHP_INI_SET=settings, PHP_WORKERS=1)
    pid = server.get("/pid.php").text
    file = os.path.join(server.open_folder("shutdown"), "note")
    assert server.get(f"/busy.php?steps={steps}&file={file}").status == 500
    if server.kind == "howdah":
        line = server.error_line(exceeded(1))
        assert "busy.php" in line["msg"] and line["ctx"]["request_id"]
    wait_until(lambda: os.path.exists(file) and open(file).read(), "the shutdown function")
    assert int(open(file).read()) & 2  # CONNECTION_TIMEOUT
    assert server.get("/pid.php").text == pid


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        (NO_LIMIT, ":2"),
        ("max_execution_time=3", "3:1.8,3:1.8"),  # each call starts the time again
        ("max_execution_time=1", "0:2"),  # set_time_limit(0)
        # Input is parsed, so its limit is over: what is left is max_execution_time's.
        ("max_execution_time=60;max_input_time=1", ":2"),
    ],
)
def test_a_script_within_its_limits_is_left_alone(launch, settings, steps):
    server = launch(PHP_INI_SET=settings)
    assert server.get(f"/busy.php?steps={steps}").text == "done"


def test_without_a_limit_of_its_own_a_script_keeps_the_one_for_input(launch):
    # So it is under PHP-FPM: PHP sets the script's limit over that one only when there is one.
    server = launch(PHP_INI_SET=NO_LIMIT + ";max_input_time=1")
    assert server.get("/busy.php?steps=:60").status == 500


def test_a_limit_is_not_left_to_the_next_request(launch):
    server = launch(PHP_INI_SET=NO_LIMIT, PHP_WORKERS=1)
    assert server.get("/busy.php?steps=1:60").status == 500
    assert server.get("/busy.php?steps=2:0.1").text == "done"
    assert server.get("/busy.php?steps=:3").text == "done"


@pytest.mark.process_only("a thread-safe PHP counts the clock's time")
def test_time_spent_asleep_does_not_count(launch):
    server = launch(PHP_INI_SET="max_execution_time=1")
    assert server.get("/sleep_for.php?seconds=2").text == "slept"


@pytest.mark.thread_only("the time that a thread-safe PHP counts is the clock's")
def test_time_spent_asleep_counts_in_thread_mode(launch):
    server = launch(PHP_INI_SET="max_execution_time=1")
    assert server.get("/sleep_for.php?seconds=30").status == 500
    assert server.error_line(exceeded(1))


@pytest.mark.howdah_only("looks at the log")
@pytest.mark.process_only("a thread-safe PHP has no hard_timeout")
def test_php_itself_ends_a_worker_that_stays_in_c_code(launch):
    server = launch(PHP_INI_SET="max_execution_time=1;hard_timeout=1")
    assert server.get("/regex.php").status == 502
    line = server.wait_for_log(lambda each: each["msg"] == "worker died", "of the worker's end")
    assert line["data"]["cause"] == "exit status 124 (PHP's hard_timeout)"
    assert line["data"]["request"] == "GET /regex.php"
    wait_until(lambda: server.metric('tokio_php_worker_restarts_total{cause="timeout"}') == 1, "the count")
    assert server.metric('tokio_php_worker_restarts_total{cause="crash"}') == 0
    assert server.get("/pid.php").status == 200


@pytest.mark.thread_only("process mode has PHP's hard_timeout")
def test_in_thread_mode_request_timeout_is_what_ends_c_code(launch):
    server = launch(PHP_INI_SET="max_execution_time=1;hard_timeout=1", REQUEST_TIMEOUT="4s")
    host = server.host_pid()
    assert server.get("/regex.php").status == 504
    wait_until(lambda: server.host_pid() != host, "another host")


def test_the_settings_are_php_inis(launch):
    limits = launch(PHP_INI_SET="max_execution_time=7;max_input_time=9").get("/limits.php").json()
    assert limits == {"execution": "7", "input": "9"}
