"""Interim answers: headers_send(103)."""

import json
import subprocess

import pytest

from harness.http2 import Http2Connection

pytestmark = pytest.mark.howdah_only("PHP-FPM has no interim answers")

LINK = "</style.css>; rel=preload; as=style"


def test_early_hints_come_before_the_answer(server):
    gate = server.gate()
    with server.raw() as raw:
        raw.send(f"GET /hints.php?gate={gate.path} HTTP/1.1\r\nHost: a\r\n\r\n")
        first, second, third = (raw.read_head() for _ in range(3))
        gate.wait_started()  # the script still works
        assert [head.status for head in (first, second, third)] == [103, 103, 102]
        assert first.header("Link") == LINK
        # These are the final answer's alone.
        assert not {"content-length", "x-accel-redirect"} & {name.lower() for name, _ in first.headers}
        assert (second.header("Link"), second.header("X-Step")) == (None, "2")
        gate.release()
        answer = raw.read_response()
        assert (answer.status, answer.header("Link"), answer.header("X-Step")) == (404, None, "2")
        assert answer.text == "answer[1,1,1,0]"
        raw.send("GET /page.html HTTP/1.1\r\nHost: a\r\n\r\n")
        assert raw.read_response().status == 200


def test_early_hints_over_http2(server):
    gate = server.gate()
    with Http2Connection(server.address) as connection:
        number = connection.request(f"/hints.php?gate={gate.path}")
        stream = connection.stream(number)
        connection.wait(lambda: len(stream.heads) == 3, "three interim heads")
        gate.wait_started()
        first, second, third = (dict(head) for head in stream.heads)
        assert [head[":status"] for head in (first, second, third)] == ["103", "103", "102"]
        assert first["link"] == LINK and not {"content-length", "x-accel-redirect"} & set(first)
        assert "link" not in second and second["x-step"] == "2"
        assert not stream.ended
        gate.release()
        answer = connection.response(number)
        assert (answer.status, answer.header("link"), answer.text) == (404, None, "answer[1,1,1,0]")


def test_http_1_0_gets_the_answer_alone(server):
    with server.raw() as raw:
        raw.send("GET /hints.php HTTP/1.0\r\n\r\n")
        head = raw.read_head()
        assert head.status == 404
        assert json.loads(raw.read_to_end().removeprefix(b"answer")) == [1, 1, 1, 0]


@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
def test_curl_sees_them(server, version):
    url = "http://%s:%d/hints.php" % server.address
    command = ["curl", "-s", "-i", version, url]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    statuses = [line.split()[1] for line in shown.splitlines() if line.startswith("HTTP/")]
    assert statuses == ["103", "103", "102", "404"]
    assert shown.lower().count("link: " + LINK) == 1
    assert shown.endswith("answer[1,1,1,0]")


def test_a_script_that_sends_them_for_ever_sends_a_few(server):
    with server.raw() as raw:
        raw.send("GET /many_hints.php HTTP/1.1\r\nHost: a\r\n\r\n")
        count = 0
        while (head := raw.read_head()).status == 103:
            count += 1
        assert 1 <= count < 100
        assert raw.read_exactly(int(head.header("Content-Length"))) == b"answer"
