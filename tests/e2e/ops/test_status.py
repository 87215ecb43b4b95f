"""`howdah status` on a terminal and without one (contract, section 1)."""

import os
import signal

import pytest

from harness.background import at_gate
from harness.server import base_environment, run_howdah
from harness.terminals import OnTerminal

pytestmark = pytest.mark.howdah_only("its own command")

LEAVE = b"\x1b[?25h\x1b[?1049l"


def on_terminal(programs, server, **options):
    environment = {**base_environment(), "CONTROL_SOCKET": server.control_socket, "HOWDAH_PHP": str(programs.php)}
    return OnTerminal([str(programs.howdah), "status"], environment, **options)


def drawn(lines):
    return lines and lines[0].startswith("howdah ") and lines[-1] == "q: end"


def test_it_draws_what_runs_and_goes_on(programs, launch):
    server = launch()
    with on_terminal(programs, server) as terminal:
        terminal.wait_for(drawn, "the first drawing")
        running, gate, _ = at_gate(server)
        terminal.wait_for(lambda lines: any(line.endswith("GET /gate.php") and " busy " in line for line in lines), "the request")
        assert b"gate=" not in terminal.read()
        gate.release()
        running.result()
        terminal.wait_for(lambda lines: drawn(lines) and not any(" busy " in line for line in lines), "its end")
        terminal.wait_for(lambda lines: "1 in all" in lines[1], "the count")
        terminal.type(b"q")
        assert terminal.end() == 0


@pytest.mark.parametrize("way", ["key", "SIGTERM", "SIGHUP"])
def test_it_ends_well_and_leaves_the_terminal_as_it_was(programs, launch, way):
    server = launch()
    with on_terminal(programs, server) as terminal:
        terminal.wait_for(drawn, "the first drawing")
        assert terminal.settings() != terminal.before
        if way == "key":
            terminal.type(b"\x03")  # Ctrl-C
        else:
            os.kill(terminal.process.pid, getattr(signal, way))
        assert terminal.end() == 0
        assert terminal.read().endswith(LEAVE)
        assert terminal.settings() == terminal.before


def test_it_keeps_to_the_size_of_the_terminal(programs, launch):
    server = launch(PHP_WORKERS=30)
    with on_terminal(programs, server, columns=120, rows=50) as terminal:
        terminal.wait_for(lambda lines: drawn(lines) and len(lines) > 30, "the first drawing")
        terminal.resize(50, 12)
        lines = terminal.wait_for(lambda lines: len(lines) == 12 and lines, "the smaller one")
        assert max(map(len, lines)) <= 50
        assert "more workers" in lines[-2]
        terminal.resize(120, 50)
        terminal.wait_for(lambda lines: len(lines) > 30, "the larger one")
        terminal.type(b"q")
        assert terminal.end() == 0


def test_it_says_that_the_server_has_gone_and_waits_for_the_next(programs, launch):
    server = launch()
    with on_terminal(programs, server, columns=300) as terminal:
        terminal.wait_for(drawn, "the first drawing")
        server.stop()
        terminal.wait_for(lambda lines: "no server answers at CONTROL_SOCKET=" in lines[-1], "a word about it")
        terminal.type(b"q")
        assert terminal.end() == 0


def test_without_a_server_it_says_so_on_a_terminal_too(programs, launch):
    server = launch.prepare(launch.folder())
    with on_terminal(programs, server, columns=300) as terminal:
        assert terminal.end() == 1
        text = terminal.read().decode()
    assert text.strip().startswith("howdah: no server answers at CONTROL_SOCKET=" + server.control_socket)
    assert "\x1b" not in text


def test_without_a_terminal_it_is_one_report(programs, launch):
    server = launch(PHP_WORKERS=3)
    server.get("/status.php?code=500")
    result = run_howdah(programs, "status", env={"CONTROL_SOCKET": server.control_socket, "TERM": "xterm"})
    assert result.returncode == 0, result.stderr
    assert "\x1b" not in result.stdout
    assert result.stdout.startswith("howdah ") and "classic: 3 workers" in result.stdout
    for worker in server.workers():
        assert f" {worker['pid']} idle" in result.stdout
    assert "500" in result.stdout and "GET /status.php" in result.stdout


def test_on_a_terminal_that_cannot_draw_it_is_one_report(programs, launch):
    server = launch()
    with on_terminal(programs, server, columns=300, TERM="dumb") as terminal:
        assert terminal.end() == 0
        assert b"\x1b" not in terminal.read() and b"serving" in terminal.read()
