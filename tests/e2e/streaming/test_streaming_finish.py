"""The end of an answer before the end of its script: tokio_finish_request() and its like."""

import json
import os
import signal

import pytest

from harness.background import Pending
from harness.codings import CODINGS, accept, decoded
from harness.http2 import Http2Connection
from harness.ports import listens
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("what PHP-FPM does not have, and its log")

NAMES = ["tokio_finish_request", "fastcgi_finish_request", "frankenphp_finish_request"]


def ask(raw, target, headers="", method="GET", body=""):
    raw.send(f"{method} {target} HTTP/1.1\r\nHost: a\r\n{headers}\r\n{body}")
    return raw.read_response(to=method)


def said_after(server):
    line = server.error_line("after the answer: ")["msg"]
    return json.loads(line.split("after the answer: ", 1)[1])


def background_workers(server):
    return sum(worker["state"] == "background" for worker in server.workers())


def no_script_runs(server):
    return all(worker["state"] == "idle" for worker in server.workers())


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_is_complete_while_the_script_goes_on(launch, name):
    server = launch()
    gate = server.gate()
    with server.raw() as raw:
        answer = ask(raw, f"/finish.php?with={name}&gate={gate.path}")
        assert (answer.status, answer.text) == (200, "the answer")
        assert answer.header("Content-Length") == "10"
        assert answer.header("X-Own") == "before"
        gate.wait_started()
        # The same connection takes the next request.
        assert ask(raw, "/pid.php").status == 200
        gate.release()
        said = said_after(server)
        assert said == {
            "first": True, "second": name == "tokio_finish_request", "headers_sent": True, "status": 0, "aborted": 0,
            "input": 0, "post": [], "late": True,
        }  # fmt: skip
        wait_until(lambda: no_script_runs(server), "the script to end")
        assert ask(raw, "/pid.php").status == 200


@pytest.mark.parametrize("name", NAMES[:2])
def test_the_same_over_http2(launch, name):
    server = launch()
    gate = server.gate()
    with Http2Connection(server.address) as connection:
        answer = connection.get(f"/finish.php?with={name}&gate={gate.path}")
        assert (answer.status, answer.text) == (200, "the answer")
        gate.wait_started()
        assert connection.get("/pid.php").status == 200
        gate.release()
        assert said_after(server)["first"] is True
        connection.expect_alive()


@pytest.mark.parametrize("size", [1000, 20_000, 300_000])
@pytest.mark.parametrize("kind", ["application/octet-stream", "application/x-www-form-urlencoded"])
def test_the_body_can_be_read_after_the_answer(launch, size, kind):
    server = launch()
    gate = server.gate()
    body = "field=" + "x" * (size - 6)
    answer = server.post(f"/finish.php?gate={gate.path}", body.encode(), {"Content-Type": kind})
    assert answer.text == "the answer"
    gate.release()
    said = said_after(server)
    assert said["input"] == size
    assert said["post"] == ({"field": size - 6} if "form" in kind else [])


@pytest.mark.parametrize(
    "kind, status, body",
    [
        ("empty", 200, b""),
        ("status", 204, b""),
        ("large", 200, b"0123456789abcdef" * 65536),
        ("flushed", 200, b"0123456789abcdef" * 65536),
        ("buffers", 200, b"INNER INNERMOST"),
        ("file", 200, b"<p>a page</p>\n"),
        ("error", 404, b"Not Found\n"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_answers_of_every_kind_can_be_finished(launch, kind, status, body, method):
    server = launch()
    gate = server.gate()
    with server.raw() as raw:
        answer = ask(raw, f"/finish_of.php?kind={kind}&size={1 << 20}&gate={gate.path}", method=method)
        assert answer.status == status
        gate.wait_started()
        if method == "GET" and kind != "error":
            assert answer.body == body
        assert ask(raw, "/pid.php").status == 200
        gate.release()


def test_output_callbacks_cannot_finish(server):
    # PHP allows no output functions inside them.
    server.get("/finish_callback.php")
    server.error_line("Cannot use output buffering in output buffering display handlers")
    assert server.get("/pid.php").status == 200


@pytest.mark.parametrize("coding", CODINGS)
def test_an_encoded_answer_is_whole(launch, coding):
    server = launch()
    gate = server.gate()
    target = f"/finish_of.php?kind=large&size={1 << 16}&gate={gate.path}"
    answer = server.get(target, accept(coding))
    gate.wait_started()
    assert answer.header("Content-Encoding") == coding
    assert decoded(answer) == b"0123456789abcdef" * 4096
    gate.release()


@pytest.mark.parametrize("kind", ["large", "flushed"])
def test_a_client_that_reads_nothing_does_not_hold_the_script(launch, kind):
    server = launch()
    gate = server.gate()
    size = 8 << 20 if kind == "large" else 128 << 10
    with server.raw(receive_buffer=4096) as raw:
        raw.send(f"GET /finish_of.php?kind={kind}&size={size}&gate={gate.path} HTTP/1.1\r\nHost: a\r\n\r\n")
        gate.wait_started()
        wait_until(lambda: background_workers(server) == 1, "a worker in the background")
        gate.release()
        wait_until(lambda: no_script_runs(server), "the script to end")
        assert raw.read_response().body == b"0123456789abcdef" * (size // 16)


def test_a_worker_in_the_background_is_busy_and_said_to_be_so(launch):
    server = launch(PHP_WORKERS=1)
    gate = server.gate()
    assert server.get(f"/finish.php?gate={gate.path}").text == "the answer"
    gate.wait_started()
    (worker,) = server.workers()
    assert (worker["state"], worker["request"]) == ("background", "GET /finish.php")
    assert server.metric('tokio_php_workers{pool="classic",state="background"}') == 1
    waiting = Pending(server.address, "/pid.php")
    wait_until(lambda: server.metric("tokio_php_pending_requests") == 1, "a request that waits")
    assert not waiting.done()
    gate.release()
    assert waiting.result().status == 200
    assert server.metric('tokio_php_workers{pool="classic",state="background"}') == 0


def test_the_time_limit_ends_with_the_answer(launch):
    server = launch(REQUEST_TIMEOUT="1s")
    gate, other = server.gate(), server.gate()
    assert server.get(f"/finish.php?gate={gate.path}").text == "the answer"
    gate.wait_started()
    # Whose time began later and is over: the other one's would be over as well.
    assert server.get(f"/gate.php?gate={other.path}").status == 504
    other.release()
    assert background_workers(server) == 1
    gate.release()
    assert said_after(server)["status"] == 0
    assert server.metric("tokio_php_timeouts_total") == 1


def test_the_client_may_leave_after_its_answer(launch):
    server = launch()
    gate = server.gate()
    with server.raw() as raw:
        assert ask(raw, f"/finish.php?gate={gate.path}").text == "the answer"
        gate.wait_started()
        raw.reset()
    gate.release()
    said = said_after(server)
    assert (said["status"], said["aborted"]) == (0, 0)


def test_it_is_logged_and_counted_once(launch):
    server = launch(ACCESS_LOG=1)
    gate = server.gate()
    base = server.metrics()
    assert server.get(f"/finish.php?gate={gate.path}", {"X-Request-ID": "finished-once"}).status == 200
    gate.wait_started()
    line = server.wait_for_log(lambda line: line["type"] == "access", "the access line")
    assert line["ctx"]["request_id"] == "finished-once"
    assert line["data"]["bytes"] == len("the answer")
    gate.release()
    said_after(server)
    wait_until(lambda: no_script_runs(server), "the script to end")
    assert sum(line.get("type") == "access" for line in server.log.json_lines()) == 1
    for name in ('tokio_php_requests_total{method="GET"}', 'tokio_php_responses_total{status="2xx"}'):
        assert server.metric(name) - base[name] == 1, name


def test_lines_of_the_background_have_the_requests_id(launch):
    server = launch()
    gate = server.gate()
    server.get(f"/finish.php?gate={gate.path}", {"X-Request-ID": "of-the-background"})
    gate.wait_started()
    gate.release()
    assert server.error_line("after the answer: ")["ctx"]["request_id"] == "of-the-background"


@pytest.mark.parametrize("by", ["exit", "exception", "fatal", "memory"])
def test_the_script_may_end_as_it_likes(launch, by):
    server = launch(PHP_WORKERS=1)
    assert server.get(f"/finish_exit.php?by={by}").text == "the answer"
    server.error_line(f"ended by {by}")
    assert server.get("/pid.php").status == 200


def test_a_death_in_the_background_costs_nobody_an_answer(launch):
    server = launch(PHP_WORKERS=1)
    gate = server.gate()
    assert server.get(f"/finish.php?gate={gate.path}", {"X-Request-ID": "dies-later"}).text == "the answer"
    pid = int(gate.wait_started())
    os.kill(pid, signal.SIGKILL)
    line = server.wait_for_log(
        lambda line: line["data"].get("background") is True and line["level"] == "error", "the death in the background"
    )
    assert line["msg"] == ("worker died" if server.mode == "process" else "request lost with its worker host")
    assert line["data"]["request"] == "GET /finish.php"
    assert line["ctx"]["request_id"] == "dies-later"
    answer = server.get("/pid.php")
    assert answer.status == 200 and int(answer.text) != pid
    assert server.metric('tokio_php_responses_total{status="5xx"}') == 0


def test_sigterm_waits_for_the_background(launch):
    server = launch()
    gate = server.gate()
    assert server.get(f"/finish.php?gate={gate.path}").text == "the answer"
    gate.wait_started()
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: not listens(server.address[1]), "the listener to close")
    wait_until(lambda: server.internal("/health/ready").status == 503, "readiness to turn")
    assert server.running() and background_workers(server) == 1
    gate.release()
    assert said_after(server)["first"] is True
    assert server.process.wait(10) == 0


def test_the_drain_has_its_limit_for_the_background_too(launch):
    server = launch(DRAIN_TIMEOUT_SECS=1)
    gate = server.gate()
    assert server.get(f"/finish.php?gate={gate.path}").text == "the answer"
    gate.wait_started()
    server.expect_exit = None
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(20)


def test_a_session_is_written_at_the_end(server):
    session = os.urandom(16).hex()
    assert server.get(f"/session.php?id={session}").text == "nothing"
    # Locked until then: this request waits for it.
    assert server.get(f"/session.php?id={session}").text == "written after the answer"
