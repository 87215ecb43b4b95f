"""OPcache, JIT and preloading, as they are without a word in the configuration."""

import os
import pwd

import pytest

from harness.background import at_gate
from harness.server import StartFailed

pytestmark = pytest.mark.howdah_only("Debian's PHP-FPM has no JIT, and no tokio_worker_id()")

# Scripts that are younger than two seconds are not kept otherwise.
KEEP_FRESH_ONES = "opcache.file_update_protection=0"


def test_one_cache_is_shared_by_all_workers(launch):
    server = launch(PHP_WORKERS=2, PHP_INI_SET=KEEP_FRESH_ONES)
    first_held, first_gate, _ = at_gate(server)
    compiled = server.get("/opcache_cache.php").json()
    second_held, second_gate, _ = at_gate(server)  # takes the worker that has compiled the script
    first_gate.release()
    first_held.result()
    hit = server.get("/opcache_cache.php").json()
    second_gate.release()
    second_held.result()

    assert hit["worker"] != compiled["worker"]
    assert (compiled["hits"], hit["hits"]) == (0, 1)
    for member in ("compiled", "memory", "strings", "scripts", "misses"):
        assert hit[member] == compiled[member], member


def test_the_jit_is_on_and_compiles(launch):
    server = launch(PHP_WORKERS=1, PHP_INI_SET=KEEP_FRESH_ONES)
    jit = server.get("/opcache_cache.php").json()["jit"]
    assert jit["enabled"] is True and jit["on"] is True
    assert jit["buffer_size"] >= 63 << 20
    first = server.get("/opcache_hot.php").json()
    assert server.get("/opcache_hot.php").json()["free"] < jit["buffer_free"]
    assert first["value"] == server.get("/opcache_hot.php").json()["value"]


def test_machine_code_of_one_worker_is_there_for_the_other(launch):
    server = launch(PHP_WORKERS=2, PHP_INI_SET=KEEP_FRESH_ONES)
    held, gate, _ = at_gate(server)
    for _ in range(3):
        hot = server.get("/opcache_hot.php").json()
    other_held, other_gate, _ = at_gate(server)
    gate.release()
    held.result()
    assert server.get("/opcache_cache.php").json()["jit"]["buffer_free"] == hot["free"]
    other_gate.release()
    other_held.result()


def preloading(site):
    return f"opcache.preload={site}/preload.php;opcache.preload_user=www-data"


@pytest.fixture
def site(launch):
    return launch("preload").root  # a copy of the folder, and a server that does not preload


def test_without_preloading_nothing_is_there(launch):
    found = launch("preload").get("/index.php").json()
    assert (found["class"], found["sum"], found["listed"]) == (None, None, [])


def test_preloaded_classes_are_there_in_every_worker_without_an_include(launch, site):
    server = launch(site=site, PHP_WORKERS=2, PHP_INI_SET=preloading(site))
    first = server.get("/index.php").json()
    held, gate, _ = at_gate(launch_gate(server))
    second = server.get("/index.php").json()
    gate.release()
    held.result()
    for found in (first, second):
        assert (found["class"], found["sum"]) == ("Hello Ada", 6)
        assert "PreloadedGreeter" in found["listed"]
        assert found["included"] == ["index.php"]


def launch_gate(server):
    """The gate's script, in a site that has none."""
    source = os.path.join(os.path.dirname(__file__), "www", "gate.php")
    with open(source) as script, open(os.path.join(server.root, "gate.php"), "w") as copy:
        copy.write(script.read())
    return server


@pytest.mark.root_only
def test_preload_user_is_who_preloads_when_php_runs_as_root(launch, site):
    report = os.path.join(launch.folder(mode=0o777), "report")
    server = launch(site=site, RUN_AS="root", PHP_INI_SET=preloading(site), PRELOAD_REPORT=report)
    assert server.get("/index.php").json()["class"] == "Hello Ada"
    with open(report) as file:
        assert int(file.read()) == pwd.getpwnam("www-data").pw_uid


@pytest.mark.root_only
def test_preloading_as_root_without_a_user_stops_the_start_and_says_why(launch, site):
    with pytest.raises(StartFailed, match="preload_user"):
        launch(site=site, RUN_AS="root", PHP_INI_SET=f"opcache.preload={site}/preload.php")


def test_a_preload_file_that_fails_stops_the_start_and_says_why(launch, site):
    with pytest.raises(StartFailed, match="missing.php"):
        launch(site=site, PHP_INI_SET=f"opcache.preload={site}/missing.php;opcache.preload_user=www-data")
