"""Where the log goes: a full disk, nobody who reads, a closed descriptor, a terminal, rotation. The server serves, lines
stay whole, and what is lost is counted (contract, section 8)."""

import contextlib
import json
import os
import resource
import signal
import subprocess
import threading

import pytest

from harness import processes
from harness.folders import write
from harness.http2 import SETTINGS_INITIAL_WINDOW_SIZE, Http2Connection
from harness.reloads import reload
from harness.terminals import OnTerminal
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("its log")

LOST = "tokio_php_log_lines_dropped_total"
SITE = {"a.txt": "a", "index.php": "<?php error_log('said ' . ($_GET['word'] ?? 'nothing')); echo 'served';"}


def whole_lines(path):
    """All lines of a log file; fails when one is not whole, or no JSON. What a full disk has taken of a line is there for
    a moment, until it is taken back."""
    content = b"?"

    def ends_whole():
        nonlocal content
        with open(path, "rb") as file:
            content = file.read()
        return content == b"" or content.endswith(b"\n")

    wait_until(ends_whole, lambda: f"whole lines: {content[-80:]}")
    return [json.loads(line.decode("utf-8", errors="strict")) for line in content.splitlines()]


def access_ids(lines):
    return [line["ctx"]["request_id"] for line in lines if line["type"] == "access"]


# -- a disk that becomes full ---------------------------------------------------------------------


@pytest.fixture
def small_disk(launch):
    """A folder on a file system of 64 KiB; call it with a size to make room."""
    folder = launch.folder()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small file system: {mounted.stderr.strip()}")

    class Disk:
        path = folder

        def make_room(self):
            subprocess.run(["mount", "-o", "remount,size=64m", folder], check=True)

    yield Disk()
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.root_only
def test_a_full_disk_stops_nobody_and_the_log_comes_back(launch, small_disk):
    log = f"{small_disk.path}/howdah.log"
    server = launch(site=write(launch.folder(), SITE), LOG_FILE=log, ACCESS_LOG=1)
    sent = last = 0
    with server.connect() as connection:
        # More than the server keeps for later.
        while not server.metric(LOST):
            for _ in range(50):
                answer = connection.request("GET", "/a.txt?" + "x" * 30_000, headers={"X-Request-ID": f"r{sent}"})
                assert answer.status == 200
                sent += 1
            whole_lines(log)
    assert server.get("/?word=while-full").text == "served"
    assert os.path.getsize(log) <= 64 << 10
    assert 0 < len(access_ids(whole_lines(log))) < 3
    small_disk.make_room()

    def is_back():
        nonlocal last
        last += 1
        server.get("/a.txt", {"X-Request-ID": f"last{last}"})
        return f"last{last - 1}" in access_ids(whole_lines(log))

    wait_until(is_back, "lines in the log again", 30)
    counted = server.metric(LOST)
    server.stop()
    lines = whole_lines(log)
    notices = [line for line in lines if line["msg"] == "log lines were lost"]
    assert {(line["level"], line["type"]) for line in notices} == {("warn", "app")}
    kept = [line for line in access_ids(lines) if line.startswith("r")]
    assert kept == sorted(kept, key=lambda name: int(name[1:])) and len(set(kept)) == len(kept)
    missing = sent + 1 + last - len(access_ids(lines))
    lost = sum(line["data"]["lines"] for line in notices)
    # What PHP said meanwhile is one more.
    assert lost == counted and missing <= lost <= missing + 1


@pytest.mark.root_only
def test_lines_of_the_parent_are_whole_and_counted_on_a_full_disk_too(launch, small_disk):
    log, filler = f"{small_disk.path}/howdah.log", f"{small_disk.path}/filler"
    server = launch(site=write(launch.folder(), SITE), LOG_FILE=log)
    with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)

    def end_front():
        """The parent has something to say."""
        front = server.front_pid()
        os.kill(front, signal.SIGKILL)
        wait_until(lambda: server.ready() and server.front_pid() != front, "another front", 30)
        return whole_lines(log)

    # There is room in the last page.
    wait_until(lambda: (end_front(), server.metric(LOST) > 0)[1], "lines of the parent to be lost", 60)
    os.unlink(filler)
    lines = end_front()
    assert sum(line["data"]["lines"] for line in lines if line["msg"] == "log lines were lost") > 0


# -- nobody reads ---------------------------------------------------------------------------------


def serves(server):
    assert server.get("/a.txt").text == "a"
    for number in range(20):
        assert server.get(f"/?word={number}").text == "served"
    reload(server)
    assert server.get("/").text == "served"


def close_stdout(server):
    server.process.stdout.close()
    server.process.stdout = open(os.devnull, "rb")


WAIT_FOR_FILE = 'until [ -e "$0" ]; do sleep 0.01; done; exec "$@"'


@pytest.mark.parametrize("gone", ["before the start", "later"])
def test_a_reader_that_is_gone_stops_nobody(launch, gone):
    server = launch.prepare(write(launch.folder(), SITE), ACCESS_LOG=1)
    go = f"{server.run_folder}/go"
    server.prefix = ["/bin/sh", "-c", WAIT_FOR_FILE, go]
    server.spawn(read_log=False)
    try:
        if gone == "before the start":
            close_stdout(server)
        open(go, "w").close()
        wait_until(server.ready, "readiness", 20)
        if gone == "later":
            close_stdout(server)
        serves(server)
    finally:
        server.read_log()
        server.stop()


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_closed_standard_descriptors_stop_nobody(launch, closed):
    server = launch.prepare(write(launch.folder(), SITE), ACCESS_LOG=1)
    server.prefix = ["/bin/sh", "-c", f'exec "$0" "$@" {closed}']
    with server:
        serves(server)
        # Nothing else has come into their place.
        for pid in (server.parent_pid, server.front_pid()):
            assert os.readlink(f"/proc/{pid}/fd/1") == "/dev/null"


# -- a terminal -----------------------------------------------------------------------------------


@pytest.mark.parametrize("form, is_json", [(None, False), ("auto", False), ("text", False), ("json", True)])
def test_a_terminal_shows_the_readable_form_unless_json_is_asked_for(launch, form, is_json):
    server = launch.prepare(write(launch.folder(), SITE), LOG_FORMAT=form, ACCESS_LOG=1)
    with OnTerminal([server.programs.howdah], server.environment) as terminal:
        try:
            wait_until(server.ready, "readiness", 20)
            assert server.get("/?word=this").text == "served"
            wait_until(lambda: b"GET / 200" in terminal.read(), "the access line")
            wait_until(lambda: b"said this" in terminal.read(), "PHP's line")
        finally:
            terminal.process.terminate()
            assert terminal.end() == 0
        lines = terminal.read().decode().split("\r\n")
    assert lines.pop() == ""
    for line in lines:
        assert line.startswith("{") == is_json, line
        if is_json:
            json.loads(line)


@pytest.mark.parametrize("form", [None, "auto"])
def test_anything_but_a_terminal_gets_json(launch, form):
    server = launch(site=write(launch.folder(), SITE), LOG_FORMAT=form, ACCESS_LOG=1)
    server.get("/a.txt")
    server.stop()
    assert len(server.log.json_lines()) == len(server.log.lines()) > 0


# -- rotation -------------------------------------------------------------------------------------


@pytest.mark.root_only
def test_rotation_loses_and_divides_no_line(launch):
    """SIGUSR1 while requests are logged; the folder is root's, the front is not."""
    folder = launch.folder(mode=0o700)
    log = f"{folder}/howdah.log"
    server = launch(site=write(launch.folder(), SITE), LOG_FILE=log, ACCESS_LOG=1, FRONT_THREADS=2)
    assert processes.euid(server.front_pid()) != 0
    sent, done = [], threading.Event()

    def ask(client):
        with server.connect() as connection:
            while not done.is_set():
                name = f"{client}-{len(sent)}"
                assert connection.request("GET", "/a.txt?" + "x" * 3000, headers={"X-Request-ID": name}).status == 200
                sent.append(name)

    clients = [threading.Thread(target=ask, args=(client,)) for client in "ab"]
    for client in clients:
        client.start()
    try:
        for number in range(5):
            wait_until(lambda: len(access_ids(whole_but_last(log))) > 20, "lines in this file")
            os.rename(log, f"{log}.{number}")
            os.kill(server.parent_pid, signal.SIGUSR1)
            wait_until(lambda: os.path.exists(log), "the next file")
        wait_until(lambda: access_ids(whole_but_last(log)), "lines in the last file")
    finally:
        done.set()
        for client in clients:
            client.join()
    server.stop()
    files = [*(f"{log}.{number}" for number in range(5)), log]
    found = [name for path in files for name in access_ids(whole_lines(path))]
    assert sorted(found) == sorted(sent)
    assert all(access_ids(whole_lines(path)) for path in files)


def test_rotation_with_no_descriptor_left(launch, request):
    """The new file comes to the front as a descriptor in a message."""
    if request.config.sanitizers:
        pytest.skip("the undefined behaviour sanitizer needs a pipe to look at memory")
    folder = launch.folder(mode=0o700)
    log = f"{folder}/howdah.log"
    limit = 256
    server = launch.prepare(
        write(launch.folder(), {**SITE, "large.bin": os.urandom(1 << 20)}), LOG_FILE=log, ACCESS_LOG=1, FRONT_THREADS=1
    )
    server.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
    front = server.front_pid()
    # Each stream that waits for its window holds its file open.
    with server.connect() as last, Http2Connection(server.address, [(SETTINGS_INITIAL_WINDOW_SIZE, 0)]) as holding:
        with Http2Connection(server.address, [(SETTINGS_INITIAL_WINDOW_SIZE, 0)]) as more:
            assert last.request("GET", "/a.txt").status == 200  # it has been accepted
            for connection in (holding, more):
                streams = [connection.request("/large.bin") for _ in range(120)]
                connection.wait(lambda: all(connection.stream(stream).heads for stream in streams), "the heads")
            wait_until(lambda: len(os.listdir(f"/proc/{front}/fd")) >= limit - 1, "no descriptor to be left")
            os.rename(log, f"{log}.1")
            os.kill(server.parent_pid, signal.SIGUSR1)
            wait_until(lambda: os.path.exists(log), "the next file")
            last.request("GET", "/none", headers={"X-Request-ID": "after-it"})
            wait_until(lambda: "after-it" in access_ids(whole_lines(log)), "a line in it")
    assert server.front_pid() == front
    server.stop()


def whole_but_last(path):
    """The lines of a file that is being written."""
    with open(path, "rb") as file:
        return [json.loads(line) for line in file.read().split(b"\n")[:-1]]


# -- any bytes ------------------------------------------------------------------------------------


def every_byte(launch, **settings):
    """Requests that hold each byte, as it is and escaped, in the target and in header fields; returns the log's bytes."""
    folder = launch.folder()
    log = f"{folder}/howdah.log"
    server = launch(site=write(launch.folder(), SITE), LOG_FILE=log, ACCESS_LOG=1, LOG_LEVEL="debug", **settings)
    asked = 0
    for byte in range(256):
        raw, escaped = bytes([byte]), b"%%%02x" % byte
        for target, value in (
            (b"/a.txt?q=" + raw + b"e", b"v"),
            (b"/a.txt?q=" + escaped, b"v"),
            (b"/" + raw + b"e", b"v"),
            (b"/" + escaped, b"v"),
            (b"/a.txt", b"v" + raw + b"e"),
        ):
            with server.raw() as connection:
                connection.send(
                    b"GET " + target + b" HTTP/1.1\r\nHost: a\r\nUser-Agent: " + value + b"\r\nReferer: " + value
                    + b"\r\nX-Forwarded-For: " + value + b"\r\nX-Request-ID: " + value + b"\r\nConnection: close\r\n\r\n"
                )  # fmt: skip
                connection.read_response()
            asked += 1
    server.stop()
    with open(log, "rb") as file:
        return file.read(), asked


def test_every_byte_of_a_client_makes_a_line_of_json(launch):
    content, asked = every_byte(launch)
    lines = [json.loads(line.decode("utf-8", errors="strict")) for line in content[:-1].split(b"\n")]
    assert content.endswith(b"\n")
    access = [line for line in lines if line["type"] == "access"]
    assert len(access) == asked
    found = {line["data"].get("query") for line in access}
    assert not {'q="e', "q=\\e", "q='e", "q=%0a", "q=%00"} - found
    assert not {"v\te", 'v"e', "v\ufffde"} - {line["data"].get("ua") for line in access}


def test_no_byte_of_a_client_drives_a_terminal(launch):
    content, asked = every_byte(launch, LOG_FORMAT="text")
    text = content.decode("utf-8", errors="strict")
    assert text.count("\n") >= asked
    assert not [character for character in set(text) - {"\n"} if ord(character) < 32 or 127 <= ord(character) < 160]
