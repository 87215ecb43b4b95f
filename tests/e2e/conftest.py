"""Options and fixtures of the end-to-end suite. How to run it: tests/README.md."""

import contextlib
import os
import shutil
from pathlib import Path

import pytest

from harness import ports, waiting
from harness.certificates import Authority
from harness.folders import copy_site, public_folder
from harness.fpm import FpmServer
from harness.sanitizers import built_with, time_factor
from harness.server import Programs, Server

REPOSITORY = Path(__file__).resolve().parents[2]
PHP_PROGRAMS = {"process": "howdah-php-8.2-nts", "thread": "howdah-php-8.4-zts"}


def pytest_addoption(parser):
    group = parser.getgroup("howdah")
    group.addoption("--build", default="build/release", help="build directory; its bin/ holds the programs")
    group.addoption("--php-mode", choices=("process", "thread", "both"), default="both")
    group.addoption("--setting", action="append", default=[], metavar="NAME=VALUE", help="for every server")
    group.addoption("--soak", type=int, default=6000, metavar="REQUESTS", help="how long the soak goes on")
    group.addoption("--seed", type=int, help="of the soak; its output names the one it took")
    group.addoption("--reference", action="store_true", help="run against nginx + PHP-FPM instead")


def pytest_configure(config):
    config.sanitizers = built_with(REPOSITORY / config.getoption("--build"))
    waiting.slow_down(time_factor(config.sanitizers))
    # `./dev e2e` runs one mode beside the other.
    mode = config.getoption("--php-mode")
    if mode != "both":
        ports.use_share(["process", "thread"].index(mode), 2)


def pytest_generate_tests(metafunc):
    """Every test that uses a server runs once in each PHP mode."""
    if "mode" not in metafunc.fixturenames:
        return
    config = metafunc.config
    chosen = config.getoption("--php-mode")
    modes = [chosen] if chosen != "both" else ["process", "thread"]
    if config.getoption("--reference"):
        modes = ["process"]
    metafunc.parametrize("mode", modes, indirect=True, scope="session")


def belongs(item):
    """Whether a test is of the modes, and of the server, that were asked for."""
    mode = item.callspec.params.get("mode") if hasattr(item, "callspec") else None
    if item.get_closest_marker({"process": "thread_only", "thread": "process_only"}.get(mode, "")):
        return False
    return not (item.config.getoption("--reference") and item.get_closest_marker("howdah_only"))


def pytest_collection_modifyitems(config, items):
    left_out = [item for item in items if not belongs(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if belongs(item)]


def pytest_runtest_setup(item):
    if item.get_closest_marker("root_only") and os.geteuid() != 0:
        pytest.skip("needs to be started as root")
    if item.get_closest_marker("interrupts_loop") and "thread" in item.config.sanitizers:
        pytest.skip("the thread sanitizer holds signals back while a script calls nothing")
    if item.get_closest_marker("looks_at_memory") and item.config.sanitizers:
        pytest.skip("the sanitizers keep memory of their own in the process")


@pytest.fixture(scope="session")
def mode(request):
    """"process" or "thread". (A fixture of its own, so that servers of a module are shared.)"""
    return request.param


@pytest.fixture(scope="session")
def programs(request, mode):
    """The programs of this PHP mode. One that is missing is an error, never a skip."""
    build = REPOSITORY / request.config.getoption("--build") / "bin"
    names = ("howdah", PHP_PROGRAMS[mode])
    if request.config.getoption("--reference"):
        return Programs(mode, *(build / name for name in names))
    for name in names:
        if not os.access(build / name, os.X_OK):
            pytest.fail(f"{build / name} is missing: build it, or leave its mode out with --php-mode", pytrace=False)
    # PHP runs as another user when the tests run as root, and need not be able to reach the checkout.
    folder = Path(public_folder("howdah-e2e-bin-"))
    request.addfinalizer(lambda: shutil.rmtree(folder, ignore_errors=True))
    for name in names:
        shutil.copy(build / name, folder)
    return Programs(mode, *(folder / name for name in names))


class Launcher:
    """Starts servers for one scope and ends them, newest first, when the scope ends."""

    def __init__(self, request, programs):
        self._request = request
        self._programs = programs
        self._stack = contextlib.ExitStack()
        self.servers = []

    def __call__(self, www=None, site=None, **options):
        """`www`: a folder beside the test file that is copied to a fresh root (default: www).
        `site`: a root that exists already, used as it is."""
        root = site
        if root is None:
            root = self.folder()
            copy_site(Path(self._request.path).parent / (www or "www"), root)
        server = self._stack.enter_context(self.prepare(root, **options))
        self.servers.append(server)
        return server

    def prepare(self, root, kind=None, **options):
        """A server that is not started yet; `kind` is its class where a test needs a certain one."""
        config = self._request.config
        kind = kind or (FpmServer if config.getoption("--reference") else Server)
        settings = dict(setting.split("=", 1) for setting in config.getoption("--setting"))
        server = kind(self._programs, root, **{**settings, **options})
        self._stack.callback(shutil.rmtree, server.run_folder, ignore_errors=True)
        return server

    def folder(self, mode=0o755):
        """A folder that all users can read, gone at the end of the scope."""
        folder = public_folder(mode=mode)
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def close(self):
        self._stack.close()


@pytest.fixture
def launch(request, programs):
    """Starts a server for this test alone."""
    launcher = Launcher(request, programs)
    yield launcher
    launcher.close()


@pytest.fixture(scope="module")
def launch_shared(request, programs):
    """Starts a server that the tests of a module share."""
    launcher = Launcher(request, programs)
    yield launcher
    launcher.close()


@pytest.fixture(scope="module")
def authority():
    """Issues the certificates of a module's servers."""
    folder = public_folder("howdah-e2e-certs-")
    yield Authority(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def no_sanitizer_report(request):
    """A report of a server that is shared fails the test that caused it, not the last of the module."""
    launcher = request.getfixturevalue("launch_shared") if "launch_shared" in request.fixturenames else None
    yield
    for server in launcher.servers if launcher else []:
        server.check_sanitizers()


@pytest.fixture(scope="module")
def server(launch_shared):
    """The server of a module with default settings. Modules that need others define their own."""
    return launch_shared()
