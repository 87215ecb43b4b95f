"""Answers of PHP: which are encoded, and what their heads then say."""

import json
import subprocess
from urllib.parse import urlencode

import pytest

from harness.codings import CODINGS, Decoder, accept, decoded, varies

pytestmark = pytest.mark.howdah_only("its compression")


def path(size=5000, *headers, **options):
    fields = [("size", size), *(("header[]", header) for header in headers), *options.items()]
    return f"/answer.php?{urlencode(fields)}"


def text_of(size):
    return "".join(f"line {i} of the answer\n" for i in range(size // 15 + 1))[:size].encode()


@pytest.mark.parametrize("coding", CODINGS)
def test_an_answer_is_encoded_as_the_client_asks(server, coding):
    answer = server.get(path(), accept(coding))
    assert answer.header("Content-Encoding") == coding
    assert varies(answer)
    assert int(answer.header("Content-Length")) == len(answer.body) < 2500
    assert decoded(answer) == text_of(5000)


@pytest.mark.parametrize(
    "asked, given",
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, zstd", "zstd"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("br;q=0, *", "zstd"),
        ("identity", None),
        ("identity;q=0, deflate", None),
        ("br;q=2", None),
        ("", None),
    ],
)
def test_weights_and_the_order_of_the_server_decide(server, asked, given):
    answer = server.get(path(), accept(asked))
    assert answer.header("Content-Encoding") == given
    assert decoded(answer) == text_of(5000) and varies(answer)


def test_without_accept_encoding_an_answer_goes_out_as_it_is(server):
    with server.raw() as raw:
        raw.send(f"GET {path()} HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = raw.read_response()
    assert answer.header("Content-Encoding") is None
    assert answer.body == text_of(5000) and varies(answer)


@pytest.mark.parametrize("coding", CODINGS)
def test_curl_reads_every_coding(server, coding):
    url = f"http://{server.address[0]}:{server.address[1]}{path()}"
    command = ["curl", "-sS", "--compressed", "-H", f"Accept-Encoding: {coding}", "-w", "%{stderr}%header{content-encoding}"]
    result = subprocess.run([*command, url], capture_output=True, timeout=20)
    assert (result.returncode, result.stderr.decode()) == (0, coding)
    assert result.stdout == text_of(5000)


@pytest.mark.parametrize("size, encoded", [(0, False), (255, False), (256, True), (3 << 20, True), ((3 << 20) + 1, False)])
def test_only_bodies_of_a_certain_size_are_encoded(server, size, encoded):
    answer = server.get(path(size), accept("gzip"))
    assert (answer.header("Content-Encoding") == "gzip") == encoded
    assert decoded(answer) == text_of(size) and varies(answer)


@pytest.mark.parametrize("size, encoded", [(200, False), (300, True), (3 << 20, True), ((3 << 20) + 1, False)])
def test_a_content_length_of_the_script_counts_as_the_size(server, size, encoded):
    answer = server.get(path(size, f"Content-Length: {size}", piece=1000), accept("br"))
    assert (answer.header("Content-Encoding") == "br") == encoded
    assert decoded(answer) == text_of(size)


@pytest.mark.parametrize("size, encoded", [(255, False), (256, True), (300_000, True), (4 << 20, True)])
def test_a_body_that_grows_is_encoded_to_its_end(server, size, encoded):
    answer = server.get(path(size, piece=100), accept("zstd"))
    assert (answer.header("Content-Encoding") == "zstd") == encoded
    assert decoded(answer) == text_of(size)


COMPRESSIBLE = [
    "text/html", "text/css", "text/plain", "text/xml", "text/javascript", "application/javascript", "application/json",
    "application/xml", "application/xhtml+xml", "application/rss+xml", "application/atom+xml", "application/manifest+json",
    "application/ld+json", "application/wasm", "application/vnd.ms-fontobject", "image/svg+xml", "font/ttf", "font/otf",
    "Text/HTML; charset=utf-8",
]  # fmt: skip


@pytest.mark.parametrize("kind", COMPRESSIBLE)
def test_these_types_are_encoded(server, kind):
    answer = server.get(path(1000, f"Content-Type: {kind}"), accept("gzip"))
    assert answer.header("Content-Encoding") == "gzip" and varies(answer)


@pytest.mark.parametrize("kind", ["image/png", "application/octet-stream", "text/csv", "text/event-stream", "font/woff2"])
def test_other_types_are_not(server, kind):
    answer = server.get(path(1000, f"Content-Type: {kind}"), accept("gzip"))
    assert answer.header("Content-Encoding") is None and not varies(answer)
    assert answer.body == text_of(1000)


@pytest.mark.parametrize(
    "header", ["Content-Encoding: x-own", "Content-Encoding: identity", "Cache-Control: public, no-transform"]
)
def test_a_script_that_says_no_is_left_alone(server, header):
    answer = server.get(path(1000, header), accept("gzip"))
    assert answer.body == text_of(1000)
    assert answer.header("Content-Encoding") != "gzip" and not varies(answer)


def test_a_part_of_something_is_left_alone(server):
    answer = server.get(path(1000, "Content-Range: bytes 0-999/5000", status=206), accept("gzip"))
    assert answer.status == 206 and answer.body == text_of(1000)
    assert answer.header("Content-Encoding") is None


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_has_no_coding(server, status):
    answer = server.get(path(1000, status=status), accept("gzip"))
    assert answer.status == status and answer.body == b""
    assert answer.header("Content-Encoding") is None


def test_a_long_error_page_is_encoded(server):
    answer = server.get(path(1000, status=404), accept("gzip"))
    assert answer.status == 404 and decoded(answer) == text_of(1000)
    assert answer.header("Content-Encoding") == "gzip"


def test_phps_own_compression_is_left_alone(launch):
    server = launch(PHP_INI_SET="zlib.output_compression=1")
    answer = server.get(path(1000), accept("gzip"))
    assert decoded(answer) == text_of(1000)
    answer = server.get("/conditional.php", accept("gzip"))
    assert answer.header("Content-Encoding") == "gzip"
    assert decoded(answer) == b"text " * 1000
    assert server.get("/conditional.php", accept("br")).header("Content-Encoding") is None


@pytest.mark.parametrize(
    "own, sent", [("Cookie", "Cookie, Accept-Encoding"), ("accept-encoding", "accept-encoding"), ("*", "*")]
)
@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_vary_is_appended_to_the_scripts(server, own, sent, coding):
    assert server.get(path(1000, f"Vary: {own}"), accept(coding)).all("Vary") == [sent]


def test_an_encoded_body_has_a_tag_of_its_own(server):
    assert server.get(path(1000, 'ETag: "a"'), accept("identity")).header("ETag") == '"a"'
    assert server.get(path(1000, 'ETag: "a"'), accept("br")).header("ETag") == 'W/"a"'
    assert server.get(path(1000, 'ETag: W/"a"'), accept("br")).header("ETag") == 'W/"a"'
    assert server.get(path(100, 'ETag: "a"'), accept("br")).header("ETag") == '"a"'


def test_a_conditional_request_is_answered_with_the_tag_it_names(server):
    first = server.get("/conditional.php", accept("br"))
    assert first.header("ETag") == 'W/"v1"'
    second = server.get("/conditional.php", {**accept("br"), "If-None-Match": 'W/"v1"'})
    assert (second.status, second.header("ETag")) == (304, 'W/"v1"')
    assert varies(second) and second.body == b""
    plain = server.get("/conditional.php", {**accept("br"), "If-None-Match": '"v1"'})
    assert (plain.status, plain.header("ETag")) == (304, '"v1"')


def test_an_encoded_body_promises_no_ranges(server):
    assert server.get(path(1000, "Accept-Ranges: bytes"), accept("br")).header("Accept-Ranges") is None
    assert server.get(path(1000, "Accept-Ranges: bytes"), accept("identity")).header("Accept-Ranges") == "bytes"


@pytest.mark.parametrize("target", [path(5000), "/only_head.php"])
def test_head_has_the_head_of_get(server, target):
    get, head = server.get(target, accept("gzip")), server.head(target, accept("gzip"))
    assert head.body == b""
    for name in ("Content-Encoding", "Vary", "Content-Type"):
        assert head.header(name) == get.header(name) is not None
    assert head.header("Content-Length") in (get.header("Content-Length"), None)


@pytest.mark.parametrize("coding", CODINGS)
def test_each_flush_can_be_decoded_at_once(server, coding):
    gate = server.gate()
    with server.raw() as raw:
        raw.send(f"GET /stream.php?gate={gate.path} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: {coding}\r\n\r\n")
        head = raw.read_head()
        assert head.header("Content-Encoding") == coding and varies(head)
        assert head.header("Transfer-Encoding") == "chunked"
        decoder = Decoder(coding)
        text = b""
        while not text.endswith(b"\n"):
            text += decoder.feed(raw.read_chunk())
        assert text == b"first\n"
        gate.wait_started()  # the script is still running
        gate.release()
        while piece := raw.read_chunk():
            text += decoder.feed(piece)
        assert text == b"first\nsecond\nthird\n"


def test_a_stream_of_events_is_never_encoded(server):
    gate = server.gate()
    with server.raw() as raw:
        raw.send(
            f"GET /stream.php?type=text/event-stream&gate={gate.path} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br\r\n\r\n"
        )
        head = raw.read_head()
        assert head.header("Content-Encoding") is None
        assert raw.read_chunk() == b"first\n"
        gate.wait_started()
        gate.release()


def test_a_script_that_fails_midway_has_a_body_that_can_be_decoded(server):
    answer = server.get("/aborted.php", accept("br"))
    assert answer.header("Content-Encoding") == "br"
    assert decoded(answer).startswith(b"text " * 1000)


def test_php_sees_nothing_of_the_negotiation(server):
    seen = server.get("/server.php", accept("identity")).json()
    negotiated = server.get("/server.php", accept("gzip"))
    other = json.loads(decoded(negotiated))
    assert other["server"].keys() == seen["server"].keys()
    assert other["headers"]["Accept-Encoding"] == "gzip"


def test_answers_follow_each_other_on_a_connection(server):
    with server.connect() as connection:
        for i in range(30):
            coding = (*CODINGS, "identity")[i % 4]
            size = (100, 1000, 100_000)[i % 3]
            answer = connection.request("GET", path(size), headers=accept(coding))
            assert decoded(answer) == text_of(size)


@pytest.mark.looks_at_memory
def test_a_worker_does_not_grow(launch):
    server = launch(PHP_WORKERS=1)

    def memory(coding):
        return int(decoded(server.get("/memory.php", accept(coding))).split(b"\n")[0])

    for coding in CODINGS * 5:
        memory(coding)
    before = memory("gzip")
    for coding in CODINGS * 50:
        memory(coding)
    assert memory("gzip") - before < 512


def test_the_order_is_a_setting(launch):
    server = launch(COMPRESSION="gzip,br")
    assert server.get(path(), accept("br, zstd, gzip")).header("Content-Encoding") == "gzip"
    assert server.get(path(), accept("zstd")).header("Content-Encoding") is None


def test_compression_can_be_off(launch):
    server = launch(COMPRESSION="off")
    answer = server.get(path(), accept("br, gzip"))
    assert answer.header("Content-Encoding") is None and not varies(answer)
    assert answer.body == text_of(5000)
