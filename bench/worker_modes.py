#!/usr/bin/env python3
"""Load benches of worker mode: scripts that boot for each request, once per worker, and once for all (snapshot).

`./dev bench --worker` builds first and then runs this. How to read what it prints: bench/README.md.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

BENCH = Path(__file__).resolve().parent
sys.path.append(str(BENCH.parent / "tests" / "e2e"))

# pylint: disable=wrong-import-position
from driver import load, procfs, report
from driver.options import parse, parser_of, say
from driver.runs import run
from driver.servers import WORKERS, Howdah, NginxFpm
from harness.apps import copy_app

SERVERS = ("classic", "worker", "snapshot", "worker-zts", "nginx-fpm", "nginx-fpm-keep")
# What the applications need beside what is built in, where the distribution has it as modules.
EXTENSIONS = ("ctype", "fileinfo", "iconv", "mbstring", "pdo", "pdo_sqlite", "tokenizer")


@dataclass(frozen=True)
class Site:
    """What is served. `worker_path` is asked of worker scripts, `path` of everything else."""

    script: str
    path: str
    worker_path: str
    check: object  # body -> bool
    front_controller: bool
    application: str = ""  # its name in tests/e2e/apps, when that is not the case's


def pongs(body):
    return json.loads(body)["pong"] is True


APPLICATION = Site("index.php", "/api/ping", "/api/ping", pongs, front_controller=True)
SITES = {
    "hello": Site("worker.php", "/hello.php", "/hello", lambda body: body == b"Hello, World!", front_controller=False),
    "symfony54": APPLICATION,
    "laravel8": APPLICATION,
    "laravel8-large": Site("large.php", "/api/ping", "/api/ping", pongs, front_controller=True, application="laravel8"),
}


def parse_arguments():
    parser = parser_of("./dev bench --worker", __doc__.splitlines()[0], SITES, SERVERS)
    return parse(parser, SITES, SERVERS)


def write_ini(folder):
    """(ini of the distribution's PHP with the applications' modules, ini of a PHP that has them built in)."""
    plain, full = folder / "php.ini", folder / "php-modules.ini"
    shutil.copy(BENCH / "php.ini", plain)
    modules = Path(subprocess.run(["php-config8.2", "--extension-dir"], check=True, capture_output=True, text=True).stdout.strip())
    lines = [f"extension={name}\n" for name in EXTENSIONS if (modules / f"{name}.so").exists()]
    full.write_text(plain.read_text() + "".join(lines))
    for path in (plain, full):
        path.chmod(0o644)
    return full, plain


class WorkerBench:
    """One run: its folder, a server for each case and way of running it, and what was measured."""

    def __init__(self, options, folder, stack):
        self._options = options
        self._folder = folder
        self._stack = stack
        folder.chmod(0o755)
        self._ini, self._zts_ini = write_ini(folder)
        self._pairs = []  # (load.Case, server)
        self.rounds = {}  # (case, server's way) -> [Round]
        self.memory = {}  # the same -> {"peak_rss_kib", "pss_kib"}

    def _root(self, case, way):
        """Each server has a copy of its own, so that none finds what another one has compiled."""
        folder = self._folder / f"{case}-{way}-site"
        if not SITES[case].front_controller:
            shutil.copytree(BENCH / "www", folder)
            return folder
        copy_app(SITES[case].application or case, folder)
        return folder / "public"

    def _php(self, kind):
        found = sorted(path.name for path in (self._options.build / "bin").glob(f"howdah-php-*-{kind}"))
        return found[0] if found else None

    def _make(self, case, way):
        site, root, name = SITES[case], self._root(case, way), f"{case}-{way}"
        if way.startswith("nginx"):
            return NginxFpm(self._folder, name, root, self._ini, None, way.endswith("-keep"), site.script if site.front_controller else "")
        kind = "zts" if way.endswith("-zts") else "nts"
        settings = {"INDEX_FILE": site.script} if site.front_controller else {}
        if way != "classic":
            # With a front controller nothing can reach classic workers, and there are none.
            settings = {"INDEX_FILE": site.script, "WORKER_SCRIPT": site.script, "WORKER_NUM": str(WORKERS)}
        if way == "snapshot":
            settings["WORKER_MODE"] = "snapshot"
        ini = self._zts_ini if kind == "zts" else self._ini
        return Howdah(self._folder, name, self._options.build, self._php(kind), root, ini, None, **settings)

    def start_servers(self):
        ways = [way for way in self._options.servers if way != "worker-zts" or self._php("zts")]
        if len(ways) < len(self._options.servers):
            say("worker-zts is left out: no thread-safe PHP is built (./dev php 8.4-zts)")
        for name in self._options.cases:
            site = SITES[name]
            for way in ways:
                say(f"starting {name} {way}")
                server = self._make(name, way)
                self._stack.callback(server.stop)
                server.launch()
                worker = not way.startswith("nginx") and way != "classic"
                case = load.Case(name, site.worker_path if worker else site.path, check=site.check)
                server.wait_for_answer(case.path)
                self._pairs.append((case, way, server))

    def warm_up(self):
        say("checking answers and warming up")
        for case, _, server in self._pairs:
            load.check(server, case)
            load.run_round(server, case, 1, self._options.connections)

    def measure(self):
        for number in range(self._options.rounds):
            say(f"round {number + 1} of {self._options.rounds}")
            shift = number % len(self._pairs)
            for case, way, server in self._pairs[shift:] + self._pairs[:shift]:
                result = load.run_round(server, case, self._options.seconds, self._options.connections)
                self.rounds.setdefault((case.name, way), []).append(result)
                memory = self.memory.setdefault((case.name, way), {"peak_rss_kib": 0, "pss_kib": 0})
                memory["peak_rss_kib"] = max(memory["peak_rss_kib"], procfs.peak_rss_kib(server.roots))
                memory["pss_kib"] = max(memory["pss_kib"], procfs.pss_kib(server.roots))


def budgets(rows):
    """The bars of worker mode, then the ratios that have none."""
    figures = report.Figures(rows)
    cases = list(dict.fromkeys(row["case"] for row in rows))

    def ratio(case, way, base):
        below = figures.fpm_rps(case) if base == "fpm" else figures.get(case, base, "rps")
        return report.divide(figures.get(case, way, "rps"), below)

    table = [
        ("hello, worker: RPS / nginx + PHP-FPM", ratio("hello", "worker", "fpm"), "at least", 6, 8, ""),
        ("laravel8-large, snapshot: RPS / classic", ratio("laravel8-large", "snapshot", "classic"), "at least", 2, 3, ""),
    ]
    ways = [way for way in SERVERS if not way.startswith("nginx")]
    barless = [(f"{case}, {way}: RPS / nginx + PHP-FPM", ratio(case, way, "fpm")) for case in cases for way in ways]
    barless += [(f"{case}, {way}: RPS / classic", ratio(case, way, "classic")) for case in cases for way in ways[1:]]
    barred = {row[0] for row in table}
    return report.verdicts(table, [(what, value) for what, value in barless if value is not None and what not in barred])


def summarize(bench, options):
    rows = [report.row(case, way, rounds, bench.memory[case, way]) for (case, way), rounds in bench.rounds.items()]
    rows.sort(key=lambda row: (options.cases.index(row["case"]), options.servers.index(row["server"])))
    return {**report.header(options), "rows": rows, "budgets": budgets(rows)}


def show(summary):
    report.show_header(summary)
    report.show_rows(summary["rows"])
    report.show_budgets(summary["budgets"])


def main():
    return run(parse_arguments(), WorkerBench, ("start_servers", "warm_up", "measure"), summarize, show)


if __name__ == "__main__":
    sys.exit(main())
