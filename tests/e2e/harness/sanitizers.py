"""Sanitizers in the programs under test: what they are built with, and what they report.

A program writes its reports to files of its own. None is lost with a standard error that a script
closed, with a log file, or with the host that would have passed it on.
"""

import os
import shutil
from pathlib import Path

SUPPRESSIONS = Path(__file__).resolve().parents[2] / "sanitizers" / "tsan.supp"
OPTIONS = ("ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS")

SIGNS = ("AddressSanitizer", "ThreadSanitizer", "LeakSanitizer", "runtime error:", "UndefinedBehaviorSanitizer")
SHOWN_LINES = 60

# How much longer programs may take than those of a release build.
TIME_FACTORS = {"address": 4, "thread": 6}


def built_with(build):
    """What HOWDAH_SANITIZE holds in this build directory; empty without sanitizers."""
    cache = Path(build) / "CMakeCache.txt"
    lines = cache.read_text().splitlines() if cache.exists() else []
    return "".join(line.partition("=")[2] for line in lines if line.startswith("HOWDAH_SANITIZE:"))


def time_factor(sanitizers):
    """How much longer everything may take with programs that are built so."""
    return max((factor for name, factor in TIME_FACTORS.items() if name in sanitizers), default=1)


def sanitizer_report(lines):
    """The lines from the first sign of a report on, or an empty list."""
    for number, line in enumerate(lines):
        if any(sign in line for sign in SIGNS):
            return lines[number : number + SHOWN_LINES]
    return []


class Reports:
    """The folder in which the programs of one server put their reports."""

    def __init__(self, folder):
        self.folder = folder
        os.mkdir(folder)
        os.chmod(folder, 0o777)
        self._suppressions = shutil.copyfile(SUPPRESSIONS, f"{folder}.supp")  # that every user can read

    def environment(self, base, crashes_php=False):
        """The sanitizers' variables, the settings of `base` first. A script that crashes PHP on
        purpose ends it by its signal, as it would without a sanitizer."""
        own = f"log_path={self.folder}/report"
        if crashes_php:
            own += ":handle_segv=0"
        options = {name: ":".join(filter(None, [base.get(name), own])) for name in OPTIONS}
        options["TSAN_OPTIONS"] += f":suppressions={self._suppressions}"
        return options

    def text(self):
        """All reports; empty when there is none."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(Path(self.folder).glob("*")))
