#!/usr/bin/python3
"""Runs PHP's own tests against Howdah and against PHP's own server program, and compares. See README.md."""

import argparse
import concurrent.futures
import itertools
import multiprocessing
import os
import shutil
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path[:0] = [str(HERE), str(REPOSITORY / "tests/e2e")]

from explained import read_explained  # noqa: E402
from harness import ports  # noqa: E402
from harness.folders import public_folder  # noqa: E402
from harness.server import Programs  # noqa: E402
from php_modes import PHP_MODES  # noqa: E402
from phptfile import BadTest, parse  # noqa: E402
from report import report  # noqa: E402
from room import Room, is_request  # noqa: E402

FOLDERS = [line.split() for line in open(HERE / "folders.txt") if not line.startswith("#")]
TESTS_PER_SERVER = 120  # so that jobs share the tests that need no settings of their own

_job = {}  # of this process: its Room and the programs


def find(source, wanted):
    """Tests of the folders that hold one of the wanted words in their name, and why others are not run."""
    kinds = {}
    for kind, folder in FOLDERS:
        for place, _, files in os.walk(source / folder):
            for file in files:
                if file.endswith(".phpt"):
                    kinds.setdefault(os.path.relpath(os.path.join(place, file), source), kind)
    tests, unfit = [], {}
    for name, kind in sorted(kinds.items()):
        if wanted and not any(word in name for word in wanted):
            continue
        try:
            test = parse(source, name)
            if kind == "requests" and not test.is_request():
                continue
            test.request()
            if test.starts_php():
                raise BadTest("starts another PHP")
            tests.append(test)
        except BadTest as error:
            unfit[name] = str(error)
    return tests, unfit


def batches(tests):
    """Lists of tests that can share a server: their settings and environment are the same."""

    def key(test):
        environment = [line for line in test.lines("ENV") if not is_request(line.partition("=")[0])]
        settings = test.lines("INI")
        place = test.folder if any("{PWD}" in line for line in settings + environment) else ""
        return settings, environment, place

    for _, group in itertools.groupby(sorted(tests, key=key), key):
        group = list(group)
        for start in range(0, len(group), TESTS_PER_SERVER):
            yield group[start : start + TESTS_PER_SERVER]


def start_job(counter, jobs, folder, source, programs, php):
    with counter.get_lock():
        number = counter.value
        counter.value += 1
    ports.use_share(number, jobs)
    own = os.path.join(folder, str(number))
    os.mkdir(own)
    os.chmod(own, 0o755)
    _job.update(room=Room(own, source, [folder for _, folder in FOLDERS], php), programs=programs)


def run_batch(tests):
    began = time.monotonic()
    outcomes = list(_job["room"].run(_job["programs"], tests))
    return outcomes, time.monotonic() - began


def run_all(options, php, tests):
    """(outcomes, names of tests whose server failed, [(seconds a test, what)])"""
    folder = public_folder("howdah-phpt-")
    try:
        # PHP runs as another user, who need not be able to reach the checkout.
        programs = Programs(options.php_mode, *(Path(folder, name) for name in ("howdah", php.worker)))
        for program in (programs.howdah, programs.php):
            shutil.copy(options.build / "bin" / program.name, program)
        outcomes, broken, times = [], [], []
        work = sorted(batches(tests), key=len, reverse=True)
        job = (multiprocessing.Value("i", 0), options.jobs, folder, options.source, programs, php)
        with concurrent.futures.ProcessPoolExecutor(options.jobs, None, start_job, job) as pool:
            running = {pool.submit(run_batch, batch): batch for batch in work}
            for future in concurrent.futures.as_completed(running):
                batch = running[future]
                if error := future.exception():
                    print(f"\n== the server of {batch[0].name}: {error}", flush=True)
                    broken += [test.name for test in batch]
                    continue
                done, seconds = future.result()
                outcomes += done
                times.append((seconds / len(done), f"{len(done)} tests from {done[0].name}"))
        return outcomes, broken, times
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORD", help="only tests whose path holds one of these")
    parser.add_argument("--source", type=Path, help="where PHP's tests are (what scripts/php_tests.sh keeps)")
    parser.add_argument("--build", type=Path, default=REPOSITORY / "build/release")
    parser.add_argument("--php-mode", choices=PHP_MODES, default="process")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--all", action="store_true", help="show differences that are explained, too")
    parser.add_argument("--skipped", action="store_true", help="name what is not run, and why")
    parser.add_argument("--slow", action="store_true", help="name what took longest")
    options = parser.parse_args()

    php = PHP_MODES[options.php_mode]
    options.source = options.source or php.tests
    if not options.source.is_dir():
        parser.error(f"no tests in {options.source}: scripts/php_tests.sh {php.version} fetches them")
    if not os.access(php.server, os.X_OK):
        parser.error(f"{php.server} is missing: ./dev phpt installs or builds it")
    explained = read_explained(HERE / "explained.txt", options.php_mode)
    tests, skipped = find(options.source, options.words)
    names = [*(test.name for test in tests), *skipped]
    outcomes, broken, times = run_all(options, php, tests)
    skipped.update({outcome.name: outcome.skipped for outcome in outcomes if outcome.skipped})
    outcomes = [outcome for outcome in outcomes if not outcome.skipped]
    if options.slow:
        print("\n".join("%.2f s a test: %s" % row for row in sorted(times, reverse=True)[:40]))
    if options.skipped:
        print("\n".join(f"{name}: {why}" for name, why in sorted(skipped.items(), key=lambda item: item[1])))
    title = f"phpt {options.php_mode}"
    whole = not options.words
    return report(title, php.reference, names, outcomes, skipped, broken, explained, whole, options.all)


if __name__ == "__main__":
    sys.exit(main())
