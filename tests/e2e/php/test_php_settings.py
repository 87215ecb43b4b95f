"""php.ini, its defaults, and that nothing a request changes is there for the next one."""

import os

import pytest

from harness.folders import write


def ini(server, *names):
    return server.get("/ini.php?names=" + ",".join(names)).json()


DEFAULTS = {
    "output_buffering": "4096",
    "display_errors": "",
    "log_errors": "1",
    "register_argc_argv": "",
    "variables_order": "GPCS",
    "max_execution_time": "30",
    "opcache.enable": "1",
    "opcache.jit": "tracing",
    "opcache.jit_buffer_size": "64M",
    "opcache.jit_max_root_traces": "16384",
}


def normal(value):
    """ini_get's ways to say no."""
    return "" if value in ("0", "Off", "off", "no") else value


@pytest.mark.howdah_only("Debian's php.ini for PHP-FPM has others")
@pytest.mark.parametrize("name", DEFAULTS)
def test_a_setting_that_php_ini_leaves_open_has_its_default(server, name):
    assert normal(ini(server, name)[name]) == DEFAULTS[name]


@pytest.mark.howdah_only("Debian's php.ini for PHP-FPM has others")
@pytest.mark.parametrize("name", DEFAULTS)
def test_the_defaults_hold_with_an_empty_php_ini_too(launch_with_empty_ini, name):
    assert normal(ini(launch_with_empty_ini, name)[name]) == DEFAULTS[name]


@pytest.fixture(scope="module")
def launch_with_empty_ini(launch_shared):
    folder = write(launch_shared.folder(), {"php.ini": "; nothing\n"})
    return launch_shared(PHP_INI=os.path.join(folder, "php.ini"))


@pytest.mark.howdah_only("JIT is off in Debian's PHP-FPM")
def test_opcache_and_jit_are_on(server):
    assert server.get("/opcache.php").json() == {"enabled": True, "jit": True}


def test_php_ini_names_the_file_to_use(launch):
    folder = write(launch.folder(), {"php.ini": "memory_limit=77M\nprecision=9\n"})
    server = launch(PHP_INI=f"{folder}/php.ini")
    assert server.get("/ini_file.php").text == f"{folder}/php.ini"
    assert ini(server, "memory_limit", "precision") == {"memory_limit": "77M", "precision": "9"}


def test_php_ini_wins_over_the_defaults(launch):
    folder = write(launch.folder(), {"php.ini": "output_buffering=0\nmax_execution_time=7\nvariables_order=EGPCS\n"})
    found = ini(launch(PHP_INI=f"{folder}/php.ini"), "output_buffering", "max_execution_time", "variables_order")
    assert found == {"output_buffering": "0", "max_execution_time": "7", "variables_order": "EGPCS"}


def test_php_ini_set_wins_over_php_ini(launch):
    folder = write(launch.folder(), {"php.ini": "memory_limit=77M\nprecision=9\n"})
    server = launch(PHP_INI=f"{folder}/php.ini", PHP_INI_SET="memory_limit=88M;date.timezone=Asia/Tokyo")
    found = ini(server, "memory_limit", "precision", "date.timezone")
    assert found == {"memory_limit": "88M", "precision": "9", "date.timezone": "Asia/Tokyo"}


@pytest.mark.howdah_only("a rule of Howdah's")
def test_a_php_ini_in_the_document_root_is_not_read(launch):
    site = write(
        launch.folder(), {"php.ini": "memory_limit=66M\n", "ini.php": "<?php echo json_encode(['m' => ini_get('memory_limit')]);"}
    )
    assert launch(site=site).get("/ini.php").json()["m"] != "66M"


def test_nothing_a_request_changes_is_left_for_the_next(launch):
    server = launch(PHP_WORKERS=1)
    clean = server.get("/state.php").json()["before"]
    changed = server.get("/state.php?change").json()
    assert changed["before"] == clean
    assert changed["after"]["memory_limit"] == "99M" and changed["after"]["umask"] == 0  # it did change things
    for _ in range(3):
        assert server.get("/state.php").json() == {"before": clean, "after": clean}


def test_random_numbers_are_not_those_of_an_earlier_seed(launch):
    server = launch(PHP_WORKERS=1)
    numbers = []
    for _ in range(3):
        server.get("/random.php?seed")
        numbers.append(server.get("/random.php").text)
    assert len(set(numbers)) == 3


def test_an_edited_script_is_run_as_it_is_now(launch):
    # OPcache looks at files again after two seconds at most, and does not keep fresh ones.
    site = write(launch.folder(), {"edited.php": "<?php echo 'one';"})
    server = launch(site=site, PHP_INI_SET="opcache.revalidate_freq=0")
    assert server.get("/edited.php").text == "one"
    write(site, {"edited.php": "<?php echo 'two, longer';"})
    assert server.get("/edited.php").text == "two, longer"


def test_a_script_that_ends_sees_no_abort(server):
    assert server.get("/aborted.php").json() == [0, 0, 0]
