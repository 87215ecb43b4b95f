"""FOLLOW_SYMLINKS=0: links may not leave the document root."""

import ctypes
import os
import struct

import pytest

from harness.folders import write
from harness.server import run_howdah

pytestmark = pytest.mark.howdah_only("its setting")

SCRIPT = "<?php echo 'ran';"


@pytest.fixture(scope="module")
def server(launch_shared):
    outside = write(launch_shared.folder(), {"file.txt": "outside", "run.php": SCRIPT, "folder/index.html": "outside"})
    site = write(launch_shared.folder(), {"inner/file.txt": "inside", "inner/index.html": "index", "inner/run.php": SCRIPT})
    for target, name in {
        "inner/file.txt": "in.txt",
        "inner/run.php": "in.php",
        "inner": "folder",
        f"{outside}/file.txt": "out.txt",
        f"{outside}/run.php": "out.php",
        f"{outside}/folder": "out",
        f"../{os.path.basename(outside)}/file.txt": "relative.txt",
        f"{site}/inner/file.txt": "absolute.txt",
        "..": "up",
        "loop": "loop",
        "/nowhere": "broken.txt",
    }.items():
        os.symlink(target, os.path.join(site, name))
    return launch_shared(site=site, FOLLOW_SYMLINKS="0")


@pytest.mark.parametrize(
    "path, text",
    [
        ("/in.txt", "inside"), ("/in.php", "ran"), ("/folder/file.txt", "inside"), ("/folder/", "index"), ("/folder/run.php", "ran"),
        ("/inner/file.txt", "inside"),
    ],
)  # fmt: skip
def test_links_below_the_root_are_followed(server, path, text):
    assert server.get(path).text == text


@pytest.mark.parametrize(
    "path",
    ["/out.txt", "/out.php", "/out/", "/out/index.html", "/relative.txt", "/absolute.txt", "/up/", "/loop", "/broken.txt", "/out.php/more"],
)
def test_links_out_of_the_root_are_not_there(server, path):
    answer = server.get(path)
    assert answer.status == 404
    assert "outside" not in answer.text and "ran" not in answer.text


def test_a_root_that_is_a_link_itself_works(launch):
    release = write(launch.folder(), {"a.txt": "a"})
    current = os.path.join(launch.folder(), "current")
    os.symlink(release, current)
    assert launch(site=current, FOLLOW_SYMLINKS="0").get("/a.txt").text == "a"


OPENAT2 = 437
SECCOMP_SET_MODE_FILTER, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 2, 38, 22
RET_ALLOW, RET_ERRNO = 0x7FFF0000, 0x00050000


def refuse_openat2(errno):
    """What an old kernel or a container's filter of system calls does."""
    code = b"".join(
        struct.pack("=HBBI", *line)
        for line in (
            (0x20, 0, 0, 0),  # load the number of the call
            (0x15, 0, 1, OPENAT2),
            (0x06, 0, 0, RET_ERRNO | errno),
            (0x06, 0, 0, RET_ALLOW),
        )
    )
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP" if ctypes.sizeof(ctypes.c_void_p) == 8 else "HxxP", len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    assert libc.prctl(PR_SET_SECCOMP, SECCOMP_SET_MODE_FILTER, ctypes.create_string_buffer(program, len(program)), 0, 0) == 0


@pytest.mark.parametrize("errno", [38, 1])
def test_a_system_that_cannot_hold_links_back_stops_the_start(programs, launch, errno):
    site = write(launch.folder(), {"a.txt": "a"})
    env = {"DOCUMENT_ROOT": site, "FOLLOW_SYMLINKS": "0"}
    ended = run_howdah(programs, "check", env=env, preexec_fn=lambda: refuse_openat2(errno))
    assert ended.returncode == 2
    lines = [line for line in ended.stderr.splitlines() if "FOLLOW_SYMLINKS" in line]
    assert len(lines) == 1 and "openat2" in lines[0], ended.stderr
    assert run_howdah(programs, "check", env={**env, "FOLLOW_SYMLINKS": "1"}, preexec_fn=lambda: refuse_openat2(errno)).returncode == 0
