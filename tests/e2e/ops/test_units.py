"""examples/systemd: systemd understands the units, and a server can live with the rights that they leave."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import processes
from harness.folders import write

UNITS = Path(__file__).resolve().parents[3] / "examples" / "systemd"

pytestmark = pytest.mark.howdah_only("its units")


def setting(name):
    found = re.findall(rf"^{name}=(.*)$", (UNITS / "howdah.service").read_text(), re.MULTILINE)
    assert len(found) == 1, f"{name}: {found}"
    return found[0]


@pytest.fixture
def units(launch, programs):
    """A copy that names the program of this build."""
    folder = launch.folder()
    for unit in UNITS.glob("howdah.*"):
        text = unit.read_text().replace("/usr/bin/howdah", str(programs.howdah))
        Path(folder, unit.name).write_text(text)
    return folder


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize("unit", ["howdah.service", "howdah.socket"])
def test_systemd_finds_nothing_wrong(units, unit):
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", f"{units}/{unit}"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_the_server_relies_on_is_there():
    assert setting("Type") == "notify"
    # Workers and front must not hear of SIGTERM before the parent has let them finish.
    assert setting("KillMode") == "mixed"
    assert int(setting("TimeoutStopSec")) > 30
    assert setting("OOMPolicy") == "continue"
    assert setting("RestartPreventExitStatus") == "2"


@pytest.mark.root_only
def test_the_rights_that_are_left_are_enough(launch):
    """As far as a process can be given them without systemd: its capabilities, and no new privileges."""
    names = ",".join("+" + name.removeprefix("CAP_").lower() for name in setting("CapabilityBoundingSet").split())
    server = launch.prepare(launch.folder(), RUN_AS="www-data", FRONT_USER="nobody")
    write(server.root, {"index.php": "<?php echo posix_geteuid();"})
    server.prefix = ["setpriv", "--bounding-set", f"-all,{names}", "--no-new-privs", "--"]
    with server:
        bound = int(processes.status(server.parent_pid)["CapBnd"], 16)
        assert bin(bound).count("1") == len(setting("CapabilityBoundingSet").split())
        uid = processes.euid(server.host_pid())
        assert uid not in (0, processes.euid(server.front_pid()))
        assert server.get("/index.php").text == str(uid)
        assert int(processes.status(server.front_pid())["CapBnd"], 16) == 0
        # It signals processes of other users.
        os.kill(server.php_pids()[0], 9)
        assert server.get("/index.php").text == str(uid)
