"""Reloading a server, and sites that are switched by a symlink."""

import os
import signal

from harness.folders import copy_site
from harness.server import run_howdah
from harness.waiting import wait_until

RELOAD_TIMEOUT = 90.0


def ask_for_reload(server):
    """`howdah reload`, to its end: what subprocess.run() returns."""
    return run_howdah(server.programs, "reload", env={"CONTROL_SOCKET": server.control_socket}, timeout=RELOAD_TIMEOUT)


def reload(server):
    """A reload that must succeed; returns what `howdah reload` says."""
    result = ask_for_reload(server)
    assert result.returncode == 0, f"{result.stdout}{result.stderr}\n{server.output()}"
    return result.stdout


def refused_reload(server):
    """A reload that must fail; returns the reason it gives."""
    result = ask_for_reload(server)
    assert (result.returncode, result.stdout) == (1, ""), f"{result.stdout}\n{server.output()}"
    return result.stderr


def reload_by_signal(server):
    """SIGHUP to the parent; returns when the log says that it is done."""
    done = sum("reloaded" == line.get("msg") for line in server.log.json_lines())
    os.kill(server.parent_pid, signal.SIGHUP)
    wait_until(
        lambda: sum("reloaded" == line.get("msg") for line in server.log.json_lines()) > done,
        lambda: f"a reload by SIGHUP\n{server.output()}",
        RELOAD_TIMEOUT,
    )


class EnvFile:
    """An env-file to start a server with, and to change while it runs."""

    def __init__(self, launch, **values):
        self.path = os.path.join(launch.folder(), "howdah.env")
        self.arguments = ("--env-file", self.path)
        self.write(**values)

    def write(self, **values):
        with open(self.path, "w") as file:
            file.writelines(f"{name}={value}\n" for name, value in values.items())


class Releases:
    """A site that is deployed by pointing the link `current` at another folder."""

    def __init__(self, launch, source=None):
        self._folder = launch.folder()
        self._source = source
        self.current = os.path.join(self._folder, "current")

    def deploy(self, name, files):
        """Makes the release, {file: content} over the source's, and points the link at it."""
        root = os.path.join(self._folder, name)
        os.mkdir(root)
        if self._source:
            copy_site(self._source, root)
        os.chmod(root, 0o755)
        for file, content in files.items():
            with open(os.path.join(root, file), "w") as opened:
                opened.write(content)
        link = self.current + ".new"
        os.symlink(root, link)
        os.rename(link, self.current)
        return root
