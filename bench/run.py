#!/usr/bin/env python3
"""Load benches: Howdah beside nginx + PHP-FPM and beside the bare limits, in one run.

How to read what it prints: bench/README.md. `./dev bench` builds first and then runs this.
"""

import contextlib
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from driver import bulk, idle, load, procfs, report
from driver.options import parse, parser_of, say
from driver.runs import run
from driver.servers import BareEpoll, Howdah, NginxFpm, StartFailed

BENCH = Path(__file__).resolve().parent
HELLO = "/hello.php"
LOOP_REQUESTS = 30_000
LARGE = 1 << 20  # of the larger static file
STARTS = 5


def dump_is_right(body):
    value = json.loads(body)
    return value["get"] == {"a": "1", "b": {"c": "2"}} and value["cookie"] == {"theme": "dark", "id": "42"}


CASES = {
    "hello": load.Case("hello", HELLO, check=lambda body: body == b"Hello, World!"),
    "dump": load.Case("dump", "/dump.php?a=1&b%5Bc%5D=2", (("Cookie", "theme=dark; id=42"),), dump_is_right),
    "static": load.Case("static", "/static.txt", check=lambda body: len(body) == 4096),
    "static-1m": load.Case("static-1m", "/large.bin", check=lambda body: len(body) == LARGE),
    "hello-tls": load.Case("hello-tls", HELLO, check=lambda body: body == b"Hello, World!", tls=True),
    "static-tls": load.Case("static-tls", "/static.txt", check=lambda body: len(body) == 4096, tls=True),
    "static-1m-tls": load.Case("static-1m-tls", "/large.bin", check=lambda body: len(body) == LARGE, tls=True),
    "hello-h2": load.Case("hello-h2", HELLO, check=lambda body: body == b"Hello, World!", tls=True, http2=True),
    "static-h2": load.Case("static-h2", "/static.txt", check=lambda body: len(body) == 4096, tls=True, http2=True),
}
# Which servers a case is run on. nginx-fpm is also the nginx that serves the static file.
PLAN = {
    "hello": ("howdah-nts", "howdah-zts", "nginx-fpm", "nginx-fpm-keep", "bare-epoll"),
    "dump": ("howdah-nts", "howdah-zts", "nginx-fpm", "nginx-fpm-keep"),
    **{case: ("howdah-nts", "nginx-fpm") for case in CASES if case.startswith("static")},
    **{case: ("howdah-nts", "nginx-fpm", "nginx-fpm-keep") for case in ("hello-tls", "hello-h2")},
}
SERVERS = PLAN["hello"]
TRANSFERS = {
    "upload": bulk.Transfer("upload", "/upload.php", upload=True),
    "download": bulk.Transfer("download", f"/download.php?mib={bulk.MIB}", upload=False),
}
BULK_SERVERS = ("howdah-nts", "howdah-zts", "nginx-fpm")
KNOWN = [*CASES, *TRANSFERS]


def parse_arguments():
    parser = parser_of("./dev bench", __doc__.splitlines()[0], KNOWN, SERVERS)
    parser.add_argument("--idle", type=int, default=10_000, help="idle connections of each kind to weigh; 0 leaves them out (10000)")
    return parse(parser, KNOWN, SERVERS)


def make_certificate(folder):
    """(certificate, key) for 127.0.0.1, as PEM files."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


class Bench:
    """One run: its folder, its servers and what was measured."""

    def __init__(self, options, folder, stack):
        self._options = options
        self._folder = folder
        self._stack = stack
        self._www = folder / "www"
        shutil.copytree(BENCH / "www", self._www)
        (self._www / "large.bin").write_bytes(b"0123456789abcdef" * (LARGE // 16))
        self._certificate = make_certificate(folder)
        self._ini = folder / "php.ini"
        shutil.copy(BENCH / "php.ini", self._ini)
        for path in [folder, self._www, self._ini, *self._www.iterdir()]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        self._php = self._worker_programs()
        self._servers = {}
        self.rounds = {}  # (case, server) -> [Round]
        self.transfers = {}  # (case, server) -> [Throughput]
        self.memory = {}  # server -> {"peak_rss_kib", "pss_kib"}
        self.loops = {}  # case -> [CPU us per request of the bare PHP loop]
        self.idle = {}  # (server, kind) -> bytes for each connection
        self.idle_count = 0
        self.extras = {}

    def _worker_programs(self):
        """{"nts": program, "zts": program} of the build, as far as they exist; of several the first by name."""
        found = {}
        for path in sorted((self._options.build / "bin").glob("howdah-php-*")):
            found.setdefault(path.name.rpartition("-")[2], path.name)
        return found

    def _howdah(self, kind, name, **variables):
        php = self._php[kind]
        return Howdah(
            self._folder, name, self._options.build, php, self._www, self._ini, self._certificate, **variables
        )

    def _make(self, name):
        if name.startswith("howdah-"):
            return self._howdah(name.removeprefix("howdah-"), name)
        if name == "bare-epoll":
            return BareEpoll(self._folder, name, self._options.build)
        keepalive = name.endswith("-keep")
        return NginxFpm(self._folder, name, self._www, self._ini, self._certificate, keepalive)

    def start_servers(self):
        for name in self._options.servers:
            kind = name.removeprefix("howdah-")
            if name != kind and kind not in self._php:
                if kind == "nts":
                    raise StartFailed(f"there is no howdah-php-*-nts in {self._options.build}/bin: ./dev build")
                say(f"{name} is left out: no thread-safe PHP is built (./dev php 8.4-zts)")
                continue
            self._servers[name] = self._start(self._make(name))

    def _start(self, server):
        self._stack.callback(server.stop)
        server.launch()
        server.wait_for_answer(HELLO)
        return server

    def _pairs(self):
        for case in self._options.cases:
            for name in PLAN.get(case, ()):
                if name in self._servers:
                    yield CASES[case], self._servers[name]

    def warm_up(self):
        say("checking answers and warming up")
        for case, server in self._pairs():
            if server.name != "bare-epoll":
                load.check(server, case)
            load.run_round(server, case, 1, self._options.connections)

    def measure(self):
        pairs = list(self._pairs())
        for number in range(self._options.rounds):
            say(f"round {number + 1} of {self._options.rounds}")
            for case in self._options.cases:
                if case in ("hello", "dump"):
                    self.loops.setdefault(case, []).append(self._bare_loop(CASES[case]))
            # Each round begins elsewhere, so that none always follows the same other.
            shift = number % len(pairs) if pairs else 0
            for case, server in pairs[shift:] + pairs[:shift]:
                result = load.run_round(server, case, self._options.seconds, self._options.connections)
                self.rounds.setdefault((case.name, server.name), []).append(result)
                memory = self.memory.setdefault(server.name, {"peak_rss_kib": 0, "pss_kib": 0})
                memory["peak_rss_kib"] = max(memory["peak_rss_kib"], procfs.peak_rss_kib(server.roots))
                memory["pss_kib"] = max(memory["pss_kib"], procfs.pss_kib(server.roots))

    def measure_transfers(self):
        chosen = [TRANSFERS[case] for case in self._options.cases if case in TRANSFERS]
        servers = [self._servers[name] for name in BULK_SERVERS if name in self._servers]
        if not chosen:
            return
        say(f"moving {bulk.MIB} MiB up and down")
        file = self._folder / "bulk"
        file.write_bytes(b"0123456789abcdef" * (bulk.MIB << 16))
        for number in range(self._options.rounds + 1):
            for case in chosen:
                for server in servers:
                    result = bulk.transfer(server, case, file)
                    if number > 0:  # the first one warms up
                        self.transfers.setdefault((case.name, server.name), []).append(result)

    def _bare_loop(self, case):
        script = self._www / case.path.lstrip("/").partition("?")[0]
        program = self._options.build / "bin" / "bare_php_loop"
        command = [program, self._ini, script, str(LOOP_REQUESTS)]
        done = subprocess.run(command, env={"PHP_INI_SCAN_DIR": ""}, check=True, capture_output=True, text=True)
        return json.loads(done.stdout)["cpu_us"]

    def measure_starts(self):
        """Milliseconds from fork to the first answer of hello.php, OPcache cold."""
        if "howdah-nts" not in self._servers:
            return
        say("starting howdah anew")
        times = []
        for number in range(STARTS):
            server = self._howdah("nts", f"start-{number}")
            with contextlib.ExitStack() as stack:
                stack.callback(server.stop)
                begin = time.monotonic()
                server.launch()
                server.wait_for_answer(HELLO)
                times.append((time.monotonic() - begin) * 1000)
        self.extras["start_ms"] = median(times)

    def measure_idle(self):
        """Memory of each idle connection: {(server, kind): bytes}."""
        wanted = self._options.idle
        makers = {
            "howdah-nts": lambda: self._howdah(
                "nts", "howdah-nts-idle", IDLE_TIMEOUT_SECS="3600", MAX_CONNECTIONS=str(wanted + idle.FIRST)
            ),
            "nginx-fpm": lambda: NginxFpm(self._folder, "nginx-fpm-idle", self._www, self._ini, self._certificate),
        }
        if not wanted:
            return
        self.idle_count = idle.room_for(wanted)
        say(f"weighing {self.idle_count} idle connections of each kind")
        if self.idle_count < wanted:
            say(f"the descriptor limit allows no more: {wanted} were asked for")
        for name, make in makers.items():
            if name not in self._servers:
                continue
            for kind in idle.KINDS:
                # A fresh one for each: memory that was freed would be used again.
                with contextlib.ExitStack() as stack:
                    server = make()
                    stack.callback(shutil.rmtree, server.folder, ignore_errors=True)
                    stack.callback(server.stop)
                    server.launch()
                    server.wait_for_answer(HELLO)
                    self.idle[name, kind] = idle.bytes_each(server, kind, self.idle_count, HELLO)


def main():
    steps = ("start_servers", "warm_up", "measure", "measure_transfers", "measure_starts", "measure_idle")
    return run(parse_arguments(), Bench, steps, report.summarize, report.show)


if __name__ == "__main__":
    sys.exit(main())
