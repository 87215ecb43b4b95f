"""Medians, the ratios of docs/architecture.md's budgets, and how they are printed."""

import os
import platform
from dataclasses import asdict
from statistics import median

FPM = ("nginx-fpm", "nginx-fpm-keep")
VERDICTS = {True: "met", False: "NOT MET", None: "no bar"}
FPM_CASES = ("hello-tls", "hello-h2")
NGINX_CASES = ("static", "static-1m", "static-tls", "static-1m-tls", "static-h2")


def _machine():
    model = ""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return f"{model or platform.machine()}, {len(os.sched_getaffinity(0))} CPUs, Linux {platform.release()}"


def header(options):
    return {
        "machine": _machine(),
        "settings": f"wrk -t1 -c{options.connections} -d{options.seconds}s, {options.rounds} rounds, medians",
    }


def row(case, server, rounds, memory):
    """Figures of one server under one case: medians of its rounds, the most memory seen."""
    return {
        "case": case,
        "server": server,
        **{key: _median(getattr(one, key) for one in rounds) for key in ("rps", "p50_us", "p99_us", "cpu_us")},
        "errors": sum(one.errors for one in rounds),
        **memory,
        "rounds": [asdict(one) for one in rounds],
    }


def summarize(bench, options):
    rows = [row(case, server, rounds, bench.memory[server]) for (case, server), rounds in bench.rounds.items()]
    transfers = [
        {
            "case": case,
            "server": server,
            **{key: median(getattr(one, key) for one in results) for key in ("mib_s", "cpu_ms_per_mib")},
            "rounds": [asdict(one) for one in results],
        }
        for (case, server), results in sorted(bench.transfers.items(), key=lambda item: item[0][0], reverse=True)
    ]
    order = {name: place for place, name in enumerate(options.cases)}
    rows.sort(key=lambda one: (order[one["case"]], options.servers.index(one["server"])))
    loops = {case: median(values) for case, values in bench.loops.items()}
    return {
        **header(options),
        "rows": rows,
        "transfers": transfers,
        "bare_php_loop_cpu_us": loops,
        "idle": [
            {"server": server, "kind": kind, "connections": bench.idle_count, "bytes": value}
            for (server, kind), value in bench.idle.items()
        ],
        "budgets": _budgets(rows, transfers, loops, bench),
    }


class Figures:
    """Looks figures up; everything that is missing makes what is computed from it None."""

    def __init__(self, rows):
        self._rows = {(row["case"], row["server"]): row for row in rows}

    def get(self, case, server, key):
        row = self._rows.get((case, server))
        return row[key] if row else None

    def fpm_rps(self, case):
        """Of the better of PHP-FPM's two settings."""
        return max((self.get(case, name, "rps") or 0 for name in FPM), default=0) or None


def divide(above, below):
    return above / below if above is not None and below else None


def _budgets(rows, transfers, loops, bench):
    figures = Figures(rows)
    epoll = figures.get("hello", "bare-epoll", "cpu_us")
    limit = loops["hello"] + epoll if epoll is not None and "hello" in loops else None
    p50, p99 = (figures.get("hello", "howdah-nts", key) for key in ("p50_us", "p99_us"))

    def against_fpm(case, server):
        return divide(figures.get(case, server, "rps"), figures.fpm_rps(case))

    def against_nginx(case):
        return divide(figures.get(case, "howdah-nts", "rps"), figures.get(case, "nginx-fpm", "rps"))

    idle = divide(bench.idle.get(("howdah-nts", "plain")), 1024)
    moved = {(row["case"], row["server"]): row["mib_s"] for row in transfers}

    def moved_against_fpm(case):
        return divide(moved.get((case, "howdah-nts")), moved.get((case, "nginx-fpm")))

    at_most, at_least = "at most", "at least"
    table = [
        ("hello NTS: CPU / (bare PHP loop + bare epoll)", divide(figures.get("hello", "howdah-nts", "cpu_us"), limit), at_most, 1.6, 1.25, ""),
        ("hello NTS: RPS / nginx + PHP-FPM", against_fpm("hello", "howdah-nts"), at_least, 4, 6, ""),
        ("dump NTS: RPS / nginx + PHP-FPM", against_fpm("dump", "howdah-nts"), at_least, 3.5, 5, ""),
        ("hello ZTS: RPS / nginx + PHP-FPM", against_fpm("hello", "howdah-zts"), at_least, 3.5, 5, ""),
        ("static 4 KiB: RPS / nginx", against_nginx("static"), at_least, 0.9, 1.1, ""),
        ("hello NTS: p99 / p50", divide(p99, p50), at_most, 4, 2.5, ""),
        ("idle keep-alive connection", idle, at_most, 6, 3, " KiB"),
        ("100 MiB upload NTS: MiB/s / nginx + PHP-FPM", moved_against_fpm("upload"), at_least, 1, 1.5, ""),
        ("100 MiB download NTS: MiB/s / nginx + PHP-FPM", moved_against_fpm("download"), at_least, 1, 1.5, ""),
        ("start to first answer", bench.extras.get("start_ms"), at_most, 150, 60, " ms"),
    ]
    barless = [(f"{case}: RPS / nginx", against_nginx(case)) for case in NGINX_CASES[1:]]
    barless += [(f"{case} NTS: RPS / nginx + PHP-FPM", against_fpm(case, "howdah-nts")) for case in FPM_CASES]
    return verdicts(table, barless)


def verdicts(table, barless):
    """Rows for show_budgets(): `table` of (what, value, "at most" or "at least", bar, moonshot, unit), then
    `barless` of (what, value)."""
    return [
        {
            "what": what,
            "value": value,
            "unit": unit,
            "bar": f"{direction} {bar:g}{unit}",
            "moonshot": f"{moonshot:g}{unit}",
            "met": None if value is None else (value <= bar if direction == "at most" else value >= bar),
        }
        for what, value, direction, bar, moonshot, unit in table
    ] + [{"what": what, "value": value, "unit": "", "bar": "", "moonshot": "", "met": None} for what, value in barless]


def _ms(microseconds):
    return "-" if microseconds is None else f"{microseconds / 1000:.2f}"


def _median(values):
    values = list(values)
    return None if None in values else median(values)


def show_header(summary):
    print(summary["machine"])
    print(summary["settings"])
    print()


def show_rows(rows):
    print(f"{'case':<15}{'server':<16}{'RPS':>9}{'p50 ms':>9}{'p99 ms':>9}{'errors':>8}{'CPU us':>9}{'peak RSS':>11}{'PSS':>10}")
    for one in rows:
        print(
            f"{one['case']:<15}{one['server']:<16}{one['rps']:>9.0f}{_ms(one['p50_us']):>9}{_ms(one['p99_us']):>9}"
            f"{one['errors']:>8}{one['cpu_us']:>9.1f}{one['peak_rss_kib'] / 1024:>7.0f} MiB{one['pss_kib'] / 1024:>6.0f} MiB"
        )


def show_budgets(budgets):
    print()
    print(f"{'budget':<48}{'value':>12}  {'bar':<18}{'moonshot':<10}")
    for one in budgets:
        if one["value"] is None:
            value, verdict = "-", "not measured"
        else:
            value, verdict = f"{one['value']:.2f}{one['unit']}", VERDICTS[one["met"]]
        print(f"{one['what']:<48}{value:>12}  {one['bar']:<18}{one['moonshot']:<10}{verdict}")


def show(summary):
    show_header(summary)
    show_rows(summary["rows"])
    for case, value in summary["bare_php_loop_cpu_us"].items():
        print(f"{case:<15}{'bare PHP loop':<16}{'':>35}{value:>9.1f}")
    if summary["transfers"]:
        print()
        print(f"{'case':<15}{'server':<16}{'MiB/s':>9}{'CPU ms/MiB':>13}")
    for one in summary["transfers"]:
        print(f"{one['case']:<15}{one['server']:<16}{one['mib_s']:>9.0f}{one['cpu_ms_per_mib']:>13.2f}")
    if summary["idle"]:
        print()
        print(f"{'idle':<15}{'server':<16}{'connections':>13}{'bytes each':>13}")
    for one in summary["idle"]:
        print(f"{one['kind']:<15}{one['server']:<16}{one['connections']:>13}{one['bytes']:>13.0f}")
    show_budgets(summary["budgets"])
