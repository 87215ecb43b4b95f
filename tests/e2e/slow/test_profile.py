"""PROFILE=1 and X-Profile: 1 (CONTRACT section 8): headers that say where the time of an answer went."""

import time
from pathlib import Path

import pytest

from harness.http2 import Http2Connection
from harness.tls import TlsSite, trusting

ASKED = {"X-Profile": "1"}
PHASES = ("Parse", "Queue", "PHP-Startup", "Script", "Output", "PHP-Shutdown")
SCRIPTS = Path(__file__).parent / "scripts"


def profile(answer):
    prefix = "x-profile-"
    return {name[len(prefix) :].lower(): value for name, value in answer.headers if name.lower().startswith(prefix)}


def microseconds(answer, phase):
    return int(answer.header(f"X-Profile-{phase}-Us"))


def assert_adds_up(answer):
    total = microseconds(answer, "Total")
    parts = sum(microseconds(answer, phase) for phase in PHASES)
    assert abs(total - parts) <= max(total * 0.05, len(PHASES)), profile(answer)


@pytest.fixture
def server(launch):
    return launch(PROFILE="1")


def test_an_answer_of_php_tells_all_phases(server):
    answer = server.get("/phases.php", ASKED)
    assert answer.text == "done"
    assert_adds_up(answer)
    assert microseconds(answer, "Script") >= 30000
    assert microseconds(answer, "PHP-Shutdown") >= 20000
    assert answer.header("X-Profile-HTTP-Version") == "HTTP/1.1"
    assert not any(name.startswith("tls") for name in profile(answer))


def test_a_worker_script_tells_them_too(launch):
    server = launch(PROFILE="1", WORKER_SCRIPT=str(SCRIPTS / "worker.php"), WORKER_NUM="1")
    for _ in range(3):
        answer = server.get("/app", ASKED)
        assert answer.text == "done"
        assert_adds_up(answer)


def test_a_large_body_and_a_post(server):
    answer = server.request("POST", "/fast.php", body=b"x" * 300000, headers=ASKED)
    assert answer.text == "fast"
    assert_adds_up(answer)


def test_over_http_2_in_tls(launch, authority):
    site = TlsSite(launch, authority, PROFILE="1")
    with Http2Connection(site.address, tls=trusting(authority, alpn=("h2",))) as connection:
        answer = connection.get("/phases.php", more=[("x-profile", "1")], scheme="https")
    assert_adds_up(answer)
    told = profile(answer)
    assert (told["http-version"], told["tls-alpn"]) == ("HTTP/2.0", "h2")
    assert told["tls-protocol"] in ("TLSv1_2", "TLSv1_3") and int(told["tls-handshake-us"]) > 0
    answer = site.get("/fast.php", "X-Profile: 1\r\n")
    assert profile(answer)["tls-alpn"] == "http/1.1"
    assert_adds_up(answer)


def test_files_and_errors_tell_what_there_is(server):
    for path, status in (("/note.txt", 200), ("/missing.txt", 404)):
        answer = server.get(path, ASKED)
        assert answer.status == status
        assert set(profile(answer)) == {"total-us", "http-version", "parse-us"}
        assert microseconds(answer, "Parse") == microseconds(answer, "Total")


def test_a_stream_tells_what_is_known_at_its_head(server):
    began = time.monotonic()
    answer = server.get("/events.php", ASKED)
    took = time.monotonic() - began
    assert answer.text.count("data:") == 2
    assert_adds_up(answer)
    # Its script sleeps for a second after the head.
    assert microseconds(answer, "Total") / 1e6 <= took - 1


def test_a_finished_request_is_answered_before_its_script_ends(server):
    answer = server.get(f"/background.php?file={server.open_folder('notes')}/over", ASKED)
    assert answer.text == "done"
    assert_adds_up(answer)


def test_a_script_that_is_killed_by_an_error_tells_all_phases(server):
    answer = server.get("/fatal.php", ASKED)
    assert answer.status == 500
    assert_adds_up(answer)


def test_a_script_cannot_say_it_in_the_servers_place(server):
    answer = server.get("/forged.php", ASKED)
    assert answer.header("X-Profile-Total-Us") != "forged"


@pytest.mark.parametrize("headers", ({}, {"X-Profile": "0"}, {"X-Profile": "yes"}))
def test_nothing_is_told_to_who_does_not_ask(server, headers):
    assert profile(server.get("/fast.php", headers)) == {}


def test_nothing_is_told_without_the_setting(launch):
    server = launch()
    assert profile(server.get("/fast.php", ASKED)) == {}
