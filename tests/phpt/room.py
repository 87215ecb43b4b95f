"""The place in which one job runs tests: its own copy of the tests, its own temporary folder."""

import contextlib
import os
import pwd
import shutil
from dataclasses import dataclass

import settings
from comparison import difference
from expectation import fits
from fpm import Fpm
from sides import USER, Howdah, PhpCgi

ZEND_EXTENSIONS = ("opcache",)
# Under PHP-FPM and php-cgi a child of the script that ends first ends the request's answer, too. That depends on who
# is quicker, so they are asked again.
REPEATS = 20


@dataclass
class Outcome:
    name: str
    skipped: str = ""  # why it was not run
    what: str = ""  # what differs; empty: nothing
    passes: bool = False  # whether both are what the test expects
    reference: object = None
    own: object = None


class Room:
    def __init__(self, folder, source, folders, php):
        """Copies what stands beside the tests of a source to `folder`, which any user may read."""
        self._folder, self._php = folder, php
        self.root = os.path.join(folder, "source")
        self.temporary = os.path.join(folder, "tmp")
        self._ini = os.path.join(folder, "php.ini")
        self._skip_ini = os.path.join(folder, "skip.ini")
        self._skips = {}
        os.mkdir(self.temporary)
        leave = shutil.ignore_patterns("*.phpt")
        for name in folders:
            target = os.path.join(self.root, name)
            shutil.copytree(os.path.join(source, name), target, symlinks=True, ignore=leave, dirs_exist_ok=True)
        for place, names, files in [(folder, [], []), *os.walk(self.temporary), *os.walk(self.root)]:
            for path in [place, *(os.path.join(place, name) for name in files)]:
                self._give(path)
        with open(self._skip_ini, "w") as file:
            file.write(settings.make_ini(self._php.load, ZEND_EXTENSIONS, []))

    @staticmethod
    def _give(path):
        """PHP writes where its tests lie."""
        if os.geteuid() == 0:
            user = pwd.getpwnam(USER)
            os.lchown(path, user.pw_uid, user.pw_gid)

    def environment(self, own):
        return {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "PHP_INI_SCAN_DIR": "",
            "TMPDIR": self.temporary,
            "TZ": "",
            "TEST_PHP_EXECUTABLE": str(self._php.cli),
            "TEST_PHP_EXECUTABLE_ESCAPED": str(self._php.cli),
            "TEST_PHP_SRCDIR": self.root,
            "TEST_PHP_EXTRA_ARGS": f"-c {self._ini}",
            "NO_INTERACTION": "1",
            "SKIP_SLOW_TESTS": "1",
            "SKIP_ONLINE_TESTS": "1",
            "SKIP_IO_CAPTURE_TESTS": "1",
            **own,
        }

    def run(self, programs, tests):
        """Runs tests that share their settings; yields an outcome for each."""
        first = tests[0]
        own = {name: value for name, value in first.environment(self.root).items() if not is_request(name)}
        environment = self.environment(own)
        with open(self._ini, "w") as file:
            file.write(self.ini_text(first))
        with contextlib.ExitStack() as stack:
            howdah = Howdah(programs, self.root, self._ini, environment)
            stack.push(howdah.leave)
            reference, helper = self._references(environment, howdah.host)
            stack.callback(reference.close)
            for test in tests:
                yield self._run_one(test, reference, howdah, helper)

    def _references(self, environment, host):
        """What answers the tests' requests, and what runs their SKIPIF and CLEAN."""
        program = str(self._php.server)
        if self._php.reference == "php-fpm":
            fpm = Fpm(program, self.root, self._ini, environment, host, self._folder)
            return fpm, fpm
        return [PhpCgi(program, self.root, ini, environment, host) for ini in (self._ini, self._skip_ini)]

    def ini_text(self, test):
        own = settings.own_settings(test, self.root, self.temporary)
        return settings.make_ini(self._php.load, ZEND_EXTENSIONS, own)

    def _run_one(self, test, reference, howdah, helper):
        missing = [name for name in test.lines("EXTENSIONS") if not self._php.has(name)]
        if missing:
            return Outcome(test.name, skipped="extension " + ", ".join(missing))
        if why := self._skip(test, helper):
            return Outcome(test.name, skipped=why)
        request = test.request()
        theirs, own = (self._answer(test, side, request, helper) for side in (reference, howdah))
        what = difference(test, theirs, own)
        for _ in range(REPEATS if test.forks() else 0):
            if not what:
                break
            theirs = self._answer(test, reference, request, helper)
            what = difference(test, theirs, own)
        if what:
            return Outcome(test.name, what=what, reference=theirs, own=own)
        return Outcome(test.name, passes=fits(test, theirs))

    def _skip(self, test, helper):
        """Why the test does not want to run here, or an empty text."""
        if not test.text("SKIPIF"):
            return ""
        key = (test.folder, test.text("SKIPIF"))
        if key not in self._skips:
            output = self._helper_output(test, "SKIPIF", ".skip.php", helper).strip()
            text = output.decode("utf-8", "replace") if output[:4].lower() == b"skip" else ""
            self._skips[key] = text.splitlines()[0] if text else ""
        return self._skips[key]

    def _helper_output(self, test, section, ending, helper):
        script = test.name.removesuffix(".phpt") + ending
        self._write(script, test.text(section))
        try:
            return helper.output(script)
        finally:
            os.unlink(os.path.join(self.root, script))

    def _answer(self, test, side, request, helper):
        places = (os.path.join(self.root, test.folder), self.temporary)
        before = [set(os.listdir(place)) for place in places]
        self._write(test.script, test.sections["FILE"])
        answer = side.answer(request, test.script)
        if test.text("CLEAN"):
            self._helper_output(test, "CLEAN", ".clean.php", helper)
        # What a test leaves behind is not found by the next side.
        for place, names in zip(places, before):
            for name in set(os.listdir(place)) - names:
                remove(os.path.join(place, name))
        return answer

    def _write(self, script, content):
        path = os.path.join(self.root, script)
        with open(path, "wb") as file:
            file.write(content)
        self._give(path)


def is_request(name):
    """Whether a variable of ENV describes the request."""
    return name.startswith("HTTP_") or name in (
        "CONTENT_TYPE",
        "CONTENT_LENGTH",
        "QUERY_STRING",
        "REQUEST_METHOD",
        "PATH_TRANSLATED",
        "SCRIPT_FILENAME",
    )


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(FileNotFoundError):  # PHP removes uploads itself, when it has answered
            os.unlink(path)
