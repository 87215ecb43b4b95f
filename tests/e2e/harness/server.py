"""A running Howdah: starts it, talks to it, looks at its processes and log, and ends it."""

import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

from harness import client, processes
from harness.folders import public_folder
from harness.logs import LogReader
from harness.ports import free_port
from harness.sanitizers import Reports, sanitizer_report
from harness.waiting import Gate, allow, wait_until

START_TIMEOUT = 20.0
STOP_TIMEOUT = 40.0


@dataclass(frozen=True)
class Programs:
    """The programs of one PHP mode."""

    mode: str  # "process" or "thread"
    howdah: Path
    php: Path


class StartFailed(AssertionError):
    """The server ended, or was not ready in time; the message holds its output."""


def base_environment():
    """What every server is started with. Nothing of the test run's own environment gets in, except
    the options of sanitizers and SECCOMP, which `./dev` sets for them."""
    keep = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS") or name == "SECCOMP"}
    return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", **keep}


def assert_no_report(text):
    assert not text, f"sanitizer report:\n{text}"


def run_howdah(programs, *arguments, env=None, timeout=30.0, **options):
    """Runs the program to its end; for flags and for starts that must fail."""
    environment = {**base_environment(), "HOWDAH_PHP": str(programs.php), **(env or {})}
    environment = {name: value for name, value in environment.items() if value is not None}
    with tempfile.TemporaryDirectory(prefix="howdah-e2e-") as folder:
        os.chmod(folder, 0o755)
        reports = Reports(os.path.join(folder, "reports"))
        result = subprocess.run(
            [programs.howdah, *arguments],
            env={**environment, **reports.environment(base_environment())},
            capture_output=True,
            text=True,
            timeout=allow(timeout),
            cwd="/",
            **options,
        )
        assert_no_report(reports.text() or "\n".join(sanitizer_report((result.stdout + result.stderr).splitlines())))
    return result


class Server(client.Requests):
    """One server with the given document root. Keyword arguments are its variables; None leaves one
    out of the defaults below. With crashes_php a script of the test ends PHP by SIGSEGV."""

    kind = "howdah"

    def __init__(self, programs, root, arguments=(), own_group=False, crashes_php=False, **variables):
        self.programs = programs
        self.mode = programs.mode
        self.root = str(root)
        self.run_folder = public_folder()
        self.spool = os.path.join(self.run_folder, "spool")
        os.mkdir(self.spool)
        os.chmod(self.spool, 0o777)
        self.control_socket = os.path.join(self.run_folder, "control.sock")
        self.address = ("127.0.0.1", free_port())
        self.internal_address = ("127.0.0.1", free_port())
        self.marker = f"HOWDAH_E2E_MARKER={uuid.uuid4().hex}"
        self.expect_exit = 0
        self._gates = []
        self._reports = Reports(os.path.join(self.run_folder, "reports"))
        self._report = self._told = ""
        self._arguments = arguments
        self._own_group = own_group
        self.prefix = []  # of the command that starts it
        self.environment = {
            **base_environment(),
            **self._reports.environment(base_environment(), crashes_php),
            "HOWDAH_PHP": str(programs.php),
            "DOCUMENT_ROOT": self.root,
            "LISTEN_ADDR": "%s:%d" % self.address,
            "INTERNAL_ADDR": "%s:%d" % self.internal_address,
            "PHP_WORKERS": "2",
            "CONTROL_SOCKET": self.control_socket,
            "SPOOL_DIR": self.spool,
            "LOG_FORMAT": "json",
            **dict([self.marker.split("=")]),
            **{name: str(value) for name, value in variables.items() if value is not None},
        }
        for name, value in variables.items():
            if value is None:
                self.environment.pop(name, None)

    # -- life ------------------------------------------------------------------------------------

    def spawn(self, read_log=True, **options):
        """Starts the program and waits for nothing. Without read_log its stdout fills up."""
        self.process = subprocess.Popen(
            [*self.prefix, self.programs.howdah, *self._arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            process_group=0 if self._own_group else None,
            **options,
        )
        self.errors = LogReader(self.process.stderr)
        if read_log:
            self.read_log()

    def read_log(self):
        self.log = LogReader(self.process.stdout)

    def start(self, **options):
        self.spawn(**options)
        try:
            wait_until(self._ready_or_dead, "the server to be ready", START_TIMEOUT)
        except AssertionError as error:
            self.kill()
            raise StartFailed(f"{error}\n{self.output()}") from None
        if self.process.poll() is not None:
            self.kill()
            raise StartFailed(f"the server ended with status {self.process.returncode}\n{self.output()}")
        return self

    def _ready_or_dead(self):
        return self.process.poll() is not None or self.ready()

    def ready(self):
        try:
            return self.internal("/health/ready").status == 200
        except OSError:
            return False

    def stop(self):
        """Ends the server as an operator would and checks that it ends well."""
        family = {}
        if self.running():
            family = processes.family(self.process.pid)
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(allow(STOP_TIMEOUT))
        except subprocess.TimeoutExpired:
            left = processes.describe(self.leftovers(family))
            self.kill()
            raise AssertionError(f"still running {STOP_TIMEOUT} s after SIGTERM: {left}\n{self.output()}") from None
        code = self.process.returncode
        try:
            wait_until(lambda: not self.leftovers(family), "all processes to be gone", 5.0)
        except AssertionError:
            left = processes.describe(self.leftovers(family))
            self.kill(self.leftovers(family))
            raise AssertionError(f"left behind: {left}\n{self.output()}") from None
        self.kill()
        self.check_sanitizers()
        if self.expect_exit is not None:
            assert code == self.expect_exit, f"exit status {code}\n{self.output()}"

    def check_sanitizers(self):
        """Fails when any process of this server has reported something since the last call."""
        report = self._report or self._find_report()
        fresh, self._told = report.removeprefix(self._told), report
        assert_no_report(fresh)

    def leftovers(self, family):
        """Those of `family` (processes.family()) that still run, and whatever else came from this server."""
        found = {pid for pid, began in family.items() if processes.born(pid) == began and processes.alive(pid)}
        return found | set(processes.marked(self.marker))

    def kill(self, family=()):
        """Ends everything at once and removes the run folder. Safe to call at any time."""
        pids = set(family) | set(processes.marked(self.marker))
        if self.running():
            pids |= {self.process.pid, *processes.descendants(self.process.pid)}
        for pid in pids:
            if processes.alive(pid):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        self.process.wait()
        self.log.join()
        self.errors.join()
        for gate in self._gates:
            gate.close()
        self._gates = []
        self._report = self._report or self._find_report()
        shutil.rmtree(self.run_folder, ignore_errors=True)

    def _find_report(self):
        """What a sanitizer said of any process of this server, in a file or in the output."""
        said = sanitizer_report(self.errors.lines()) or sanitizer_report(self.log.lines())
        return self._reports.text() or "\n".join(said)

    def running(self):
        return self.process.poll() is None

    def output(self):
        return "%sstdout:\n%s\nstderr:\n%s" % (
            f"sanitizer report:\n{self._report}\n" if self._report else "",
            "\n".join(self.log.lines()[-60:]),
            "\n".join(self.errors.lines()[-60:]),
        )

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            self.kill()

    # -- requests --------------------------------------------------------------------------------

    def internal(self, target, method="GET", headers=None):
        return client.request(self.internal_address, method, target, headers=headers)

    def gate(self):
        """A new gate; its path goes to gate.php as ?gate=..."""
        gate = Gate(os.path.join(self.run_folder, f"gate-{uuid.uuid4().hex[:8]}"))
        self._gates.append(gate)
        return gate

    def open_folder(self, name):
        """A folder that PHP may write to; gone with the server."""
        path = os.path.join(self.run_folder, name)
        os.makedirs(path, exist_ok=True)
        os.chmod(path, 0o777)
        return path

    # -- what it says about itself ---------------------------------------------------------------

    def workers(self):
        """The list of /workers."""
        value = self.internal("/workers").json()
        return value["workers"] if isinstance(value, dict) else value

    def metrics(self):
        """/metrics as {name with labels: number}."""
        pairs = (
            line.rsplit(" ", 1) for line in self.internal("/metrics").text.splitlines() if line and line[0] != "#"
        )
        return {name: float(value) for name, value in pairs}

    def metric(self, name):
        return self.metrics().get(name, 0.0)

    def wait_for_log(self, predicate, what, timeout=10.0):
        return self.log.wait_for(predicate, what, timeout)

    def error_line(self, text, timeout=10.0):
        """The log line that PHP's error log or stderr brought, by a text in its message."""
        return self.wait_for_log(
            lambda line: line.get("type") == "error" and text in line.get("msg", ""), f"with {text!r}", timeout
        )

    # -- its processes ---------------------------------------------------------------------------

    @property
    def parent_pid(self):
        return self.process.pid

    def _family(self):
        """(pid, program) of every process of the two programs below the parent."""
        own = {self.programs.howdah.resolve().name, self.programs.php.resolve().name}
        pairs = [(pid, processes.program(pid)) for pid in processes.descendants(self.parent_pid)]
        return [(pid, name) for pid, name in pairs if name in own]

    def front_pid(self):
        """The front: the other process that runs the howdah program."""
        name = self.programs.howdah.resolve().name
        found = [pid for pid, program in self._family() if program == name]
        assert len(found) == 1, f"expected one front: {processes.describe(found)}"
        return found[0]

    def host_pid(self):
        """The host: runs the worker program and is no child of another one that does."""
        name = self.programs.php.resolve().name

        def hosts():
            return [
                pid
                for pid, program in self._family()
                if program == name and processes.program(processes.parent_of(pid)) != name
            ]

        # While one replaces another there may be none or two.
        return wait_until(lambda: hosts() if len(hosts()) == 1 else None, "one host")[0]

    def worker_pids(self):
        """Process mode: the children of the host. Thread mode has none."""
        name = self.programs.php.resolve().name
        return sorted(
            pid
            for pid, program in self._family()
            if program == name and processes.program(processes.parent_of(pid)) == name
        )

    def php_pids(self):
        """The processes that run PHP: the workers, or the host of threads."""
        return self.worker_pids() if self.mode == "process" else [self.host_pid()]
