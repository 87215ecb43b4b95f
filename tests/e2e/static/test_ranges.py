"""Ranges of static files (RFC 9110, section 14), large files, and files that change while they are sent."""

import email
import os
import socket

import pytest

from harness.folders import write
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("which ranges it joins or leaves out is a server's choice")

TEN = "0123456789"
LARGE = bytes(range(256)) * 8192  # 2 MiB, more than a server keeps in memory
SPARSE_SIZE = (5 << 30) + 4


@pytest.fixture(scope="module")
def server(launch_shared):
    site = write(launch_shared.folder(), {"ten.txt": TEN, "empty.txt": "", "large.bin": LARGE})
    path = os.path.join(site, "sparse.bin")
    with open(path, "wb") as file:
        file.truncate(SPARSE_SIZE)
        file.seek(SPARSE_SIZE - 4)
        file.write(b"last")
    os.chmod(path, 0o644)
    os.utime(os.path.join(site, "ten.txt"), (1_000_000_000, 1_000_000_000))
    return launch_shared(site=site)


def ranged(server, path, value, **headers):
    return server.get(path, {"Range": value, **{name.replace("_", "-"): text for name, text in headers.items()}})


@pytest.mark.parametrize(
    "value, body, place",
    [
        ("bytes=0-0", "0", "0-0"),
        ("bytes=2-4", "234", "2-4"),
        ("bytes=7-", "789", "7-9"),
        ("bytes=7-100", "789", "7-9"),
        ("bytes=-3", "789", "7-9"),
        ("bytes=-100", TEN, "0-9"),
        ("bytes=0-", TEN, "0-9"),
        ("bytes=1-2,90-", "12", "1-2"),
    ],
)
def test_one_range(server, value, body, place):
    answer = ranged(server, "/ten.txt", value)
    assert (answer.status, answer.text) == (206, body)
    assert answer.header("Content-Range") == f"bytes {place}/10"
    assert answer.header("Content-Length") == str(len(body))
    assert answer.header("Content-Type") == "text/plain; charset=utf-8"
    assert answer.header("Accept-Ranges") == "bytes"


@pytest.mark.parametrize("value", ["bytes=4-2", "bytes=x-", "bytes", "lines=0-1", "bytes=0-4,4-5", "bytes=0-,-1", "bytes=", "0-4"])
def test_what_is_no_range_is_the_whole_file(server, value):
    answer = ranged(server, "/ten.txt", value)
    assert (answer.status, answer.text, answer.header("Content-Range")) == (200, TEN, None)


@pytest.mark.parametrize("path, value, size", [("/ten.txt", "bytes=10-", 10), ("/ten.txt", "bytes=-0", 10), ("/empty.txt", "bytes=0-", 0)])
def test_a_range_outside_the_file_is_416(server, path, value, size):
    with server.connect() as connection:
        answer = connection.request("GET", path, headers={"Range": value})
        assert (answer.status, answer.header("Content-Range")) == (416, f"bytes */{size}")
        assert connection.request("GET", "/ten.txt").text == TEN


def test_head_has_no_ranges(server):
    answer = server.request("HEAD", "/ten.txt", headers={"Range": "bytes=0-1"})
    assert (answer.status, answer.header("Content-Length"), answer.header("Accept-Ranges")) == (200, "10", "bytes")


def parts_of(answer):
    message = email.message_from_bytes(b"Content-Type: " + answer.header("Content-Type").encode() + b"\r\n\r\n" + answer.body)
    return [(part["Content-Range"], part["Content-Type"], part.get_payload(decode=True)) for part in message.get_payload()]


def test_several_ranges_are_one_body(server):
    answer = ranged(server, "/ten.txt", "bytes=0-1,5-6,-1")
    assert answer.status == 206
    assert answer.header("Content-Range") is None
    kind = "text/plain; charset=utf-8"
    assert parts_of(answer) == [("bytes 0-1/10", kind, b"01"), ("bytes 5-6/10", kind, b"56"), ("bytes 9-9/10", kind, b"9")]


def test_several_ranges_of_a_large_file(server):
    with server.connect() as connection:
        answer = connection.request("GET", "/large.bin", headers={"Range": "bytes=1000000-1999999,0-9"})
        assert f"bytes 1000000-1999999/{len(LARGE)}".encode() in answer.body
        assert LARGE[1000000:2000000] in answer.body
        assert connection.request("GET", "/ten.txt").text == TEN


def test_too_many_ranges_are_the_whole_file(server):
    assert ranged(server, "/large.bin", "bytes=" + ",".join(f"{i * 10}-{i * 10}" for i in range(20))).status == 206
    answer = ranged(server, "/large.bin", "bytes=" + ",".join(f"{i * 10}-{i * 10}" for i in range(1000)))
    assert (answer.status, answer.body) == (200, LARGE)


def test_if_range(server):
    whole = server.get("/ten.txt")
    etag, modified = whole.header("ETag"), whole.header("Last-Modified")
    assert ranged(server, "/ten.txt", "bytes=0-1", If_Range=etag).status == 206
    assert ranged(server, "/ten.txt", "bytes=0-1", If_Range=f"W/{etag}").status == 200
    assert ranged(server, "/ten.txt", "bytes=0-1", If_Range='"other"').status == 200
    assert ranged(server, "/ten.txt", "bytes=0-1", If_Range="Thu, 01 Jan 1970 00:00:00 GMT").status == 200
    assert ranged(server, "/ten.txt", "bytes=90-", If_Range='"other"').status == 200  # not 416
    # A date says enough once the file has not changed for a while.
    wait_until(lambda: ranged(server, "/ten.txt", "bytes=0-1", If_Range=modified).status == 206, "the date to count")


def test_conditions_come_before_ranges(server):
    etag = server.get("/ten.txt").header("ETag")
    assert ranged(server, "/ten.txt", "bytes=90-", If_None_Match=etag).status == 304
    assert ranged(server, "/ten.txt", "bytes=90-", If_Match='"other"').status == 412


def test_a_file_of_more_than_4_gib(server):
    answer = ranged(server, "/sparse.bin", f"bytes={(5 << 30) - 2}-")
    assert (answer.status, answer.body) == (206, b"\0\0last")
    assert answer.header("Content-Range") == f"bytes {(5 << 30) - 2}-{SPARSE_SIZE - 1}/{SPARSE_SIZE}"
    assert server.head("/sparse.bin").header("Content-Length") == str(SPARSE_SIZE)
    middle = ranged(server, "/sparse.bin", f"bytes={4 << 30}-{(4 << 30) + (3 << 20) - 1}")
    assert (middle.status, len(middle.body), set(middle.body)) == (206, 3 << 20, {0})


def test_a_large_file_begins_at_its_beginning(server):
    """The whole of it is offered; a client that has enough leaves."""
    with server.raw() as connection:
        connection.send(b"GET /sparse.bin HTTP/1.1\r\nHost: h\r\n\r\n")
        head = connection.socket.recv(65536)
        assert f"Content-Length: {SPARSE_SIZE}\r\n".encode() in head
    assert server.get("/ten.txt").text == TEN


@pytest.mark.parametrize("value", [None, "bytes=1-", "bytes=0-30000000,30000002-"])
def test_a_file_that_is_cut_while_it_is_sent_ends_the_connection(launch, value):
    site = write(launch.folder(), {"a.txt": "a"})
    path = os.path.join(site, "big.bin")
    with open(path, "wb") as file:
        file.truncate(64 << 20)
    os.chmod(path, 0o644)
    server = launch(site=site)
    with socket.create_connection(server.address, timeout=20) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        field = f"Range: {value}\r\n" if value else ""
        client.sendall(f"GET /big.bin HTTP/1.1\r\nHost: h\r\n{field}\r\n".encode())
        received = client.recv(65536)
        length = int(received.split(b"Content-Length: ")[1].split(b"\r\n")[0])
        os.truncate(path, 1000)
        count = len(received)
        try:
            while piece := client.recv(1 << 20):
                count += len(piece)
        except ConnectionResetError:
            pass
    assert count < length
    assert server.get("/a.txt").text == "a"
