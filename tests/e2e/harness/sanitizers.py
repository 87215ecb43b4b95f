"""Sanitizers in the programs under test: what they are built with, and what they report.

A program writes its reports to files of its own. None is lost with a standard error that a script
closed, with a log file, or with the host that would have passed it on.
"""

import os
import shutil
from pathlib import Path

SUPPRESSIONS = Path(__file__).resolve().parents[2] / "sanitizers"
OPTIONS = {"asan": "ASAN_OPTIONS", "lsan": "LSAN_OPTIONS", "tsan": "TSAN_OPTIONS", "ubsan": "UBSAN_OPTIONS"}

SIGNS = ("AddressSanitizer", "ThreadSanitizer", "LeakSanitizer", "runtime error:", "UndefinedBehaviorSanitizer")
SHOWN_LINES = 60

# How much longer programs may take than those of a release build, by what HOWDAH_SANITIZE holds.
TIME_FACTORS = {"address": 4, "thread": 6}


def time_factor(build):
    """How much longer everything may take with the programs of this build directory."""
    try:
        cache = (Path(build) / "CMakeCache.txt").read_text()
    except FileNotFoundError:
        return 1
    chosen = [line.partition("=")[2] for line in cache.splitlines() if line.startswith("HOWDAH_SANITIZE:")]
    return max((factor for name, factor in TIME_FACTORS.items() if name in "".join(chosen)), default=1)


def sanitizer_report(lines):
    """The lines from the first sign of a report on, or an empty list."""
    for number, line in enumerate(lines):
        if any(sign in line for sign in SIGNS):
            return lines[number : number + SHOWN_LINES]
    return []


def _suppressions(name, folder):
    """The option for a copy that every user can read, when there is such a file."""
    source = SUPPRESSIONS / f"{name}.supp"
    if not source.exists():
        return []
    copy = shutil.copy(source, folder)
    os.chmod(copy, 0o644)
    return [f"suppressions={copy}"]


class Reports:
    """The folder in which the programs of one server put their reports."""

    def __init__(self, folder):
        self.folder = folder
        os.mkdir(folder)
        os.chmod(folder, 0o777)

    def environment(self, base, crashes_php=False):
        """The sanitizers' variables, the settings of `base` first. A script that crashes PHP on
        purpose ends it by its signal, as it would without a sanitizer."""
        crash = ["handle_segv=0"] if crashes_php else []
        return {
            variable: ":".join(
                [
                    *filter(None, [base.get(variable)]),
                    f"log_path={self.folder}/{name}",
                    *_suppressions(name, self.folder),
                    *crash,
                ]
            )
            for name, variable in OPTIONS.items()
        }

    def text(self):
        """All reports; empty when there is none."""
        files = sorted(path for path in Path(self.folder).glob("*") if path.suffix != ".supp")
        return "\n".join(f"{path.name}:\n{path.read_text(errors='replace')}" for path in files)
