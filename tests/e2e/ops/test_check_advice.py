"""`howdah check` about PHP's settings: what they are, asked of PHP itself, and which are unwise."""

import os
import re

import pytest

from harness.folders import write
from harness.server import run_howdah

pytestmark = pytest.mark.howdah_only("its command line")

# Settings about which there is nothing to say, whatever php.ini this machine has.
GOOD = "zend.assertions=-1;memory_limit=128M;session.save_path=/tmp;display_errors=0;log_errors=1"


@pytest.fixture
def check(programs, launch):
    site = write(launch.folder(), {"index.php": "<?php"})

    def run(ini="", status=0, **settings):
        environment = {"DOCUMENT_ROOT": site, "PHP_INI_SET": f"{GOOD};{ini}" if ini else GOOD, **settings}
        result = run_howdah(programs, "check", env=environment)
        assert result.returncode == status, result.stdout + result.stderr
        return result.stdout if status == 0 else result.stderr

    run.site = site
    return run


def advice(text):
    """{setting=value: what is said about it, with the remedy}"""
    found = {}
    if "Unwise settings" in text:
        for line in text.split("Unwise settings")[1].splitlines()[1:]:
            if line.startswith("  "):
                named, said = re.fullmatch(r"  (\S+?=[^:]*): (.*; .*)", line).groups()
                found[named] = found.get(named, "") + said
    return found


def test_good_settings_are_told_and_not_commented(check, mode):
    text = check()
    assert advice(text) == {}
    assert re.search(r"PHP 8\.\d+\.\d+ %s, " % ("NTS" if mode == "process" else "ZTS"), text)
    assert "OPcache of 128 MB, JIT on" in text
    assert f"1 PHP files below {check.site}" in text
    assert text.endswith("The configuration is valid.\n")


@pytest.mark.parametrize(
    "ini, named, why",
    [
        ("opcache.enable=0", "opcache.enable=0", "compiles"),
        ("opcache.validate_timestamps=1;opcache.revalidate_freq=0", "opcache.revalidate_freq=0", "file system"),
        ("opcache.jit_buffer_size=0", "opcache.jit_buffer_size=0", "no JIT"),
        ("max_execution_time=200", "max_execution_time=200", "REQUEST_TIMEOUT=2m"),
        ("post_max_size=200M;memory_limit=1G", "post_max_size=200M", "MAX_BODY_SIZE=128m"),
        ("post_max_size=200M", "post_max_size=200M", "413"),
        ("upload_max_filesize=20M", "upload_max_filesize=20M", "post_max_size=8M"),
        ("display_errors=1", "display_errors=1", "clients"),
        ("log_errors=0", "log_errors=0", "log"),
        ("memory_limit=-1", "memory_limit=-1", "machine"),
        ("zend.assertions=1", "zend.assertions=1", "assert()"),
        ("session.save_path=/nowhere", "session.save_path=/nowhere", "sessions are lost"),
        ("upload_tmp_dir=/proc", "upload_tmp_dir=/proc", "cannot write"),
    ],
)
def test_an_unwise_setting_is_named_with_reason_and_remedy(check, ini, named, why):
    found = advice(check(ini))
    assert named in found, found
    assert why in found[named]


def test_values_come_from_phps_own_reading(check, launch):
    """Sections, quotes, constants and a later line of the same name: php.ini is PHP's to read."""
    text = '[PHP]\nmax_execution_time = 5\nmax_execution_time = "400" ; seconds\ndisplay_errors = On\n'
    text += 'session.save_path = "0;0600;/nowhere"\nzend.assertions = -1\n'
    folder = write(launch.folder(), {"php.ini": text})
    found = advice(check(PHP_INI=f"{folder}/php.ini", PHP_INI_SET=None))
    assert {"max_execution_time=400", "display_errors=1", "session.save_path=/nowhere"} <= found.keys()


def test_limits_of_the_server_are_taken_into_account(check):
    assert advice(check("max_execution_time=200", REQUEST_TIMEOUT="5m")) == {}
    assert "max_execution_time=0" in advice(check("max_execution_time=0", REQUEST_TIMEOUT="off"))
    assert advice(check("post_max_size=100M;memory_limit=1G")) == {}
    assert "post_max_size=100M" in advice(check("post_max_size=100M;memory_limit=1G", MAX_BODY_SIZE="64m"))


def test_a_site_that_is_too_large_for_opcache_is_told(check):
    write(check.site, {f"src/{number}.php": "<?php" for number in range(300)})
    found = advice(check("opcache.max_accelerated_files=200"))
    assert "301 PHP files" in found["opcache.max_accelerated_files=200"]
    write(check.site, {"src/large.php": b"<?php /*" + b"x" * (9 << 20) + b"*/"})
    found = advice(check("opcache.memory_consumption=16"))
    assert "18 MB or more" in found["opcache.memory_consumption=16"]


def test_preloading_is_tried(check):
    write(check.site, {"good.php": "<?php class Loaded {} echo 'printed while it was loaded';"})
    text = check(f"opcache.preload={check.site}/good.php;opcache.preload_user=www-data")
    assert "The configuration is valid." in text


def test_a_php_that_does_not_start_is_an_error_that_says_why(check):
    text = check(f"opcache.preload={check.site}/none.php;opcache.preload_user=www-data", status=2)
    assert "does not start" in text
    assert f"{check.site}/none.php" in text


def test_what_php_says_while_it_starts_is_told(check):
    assert re.search("Note: PHP says: .*no_such_extension", check("extension=no_such_extension"))


@pytest.mark.root_only
def test_a_directory_is_judged_for_the_user_that_php_runs_as(check, launch):
    folder = launch.folder(mode=0o700)
    line = advice(check(f"session.save_path={folder}"))[f"session.save_path={folder}"]
    assert "www-data cannot write" in line
    os.chmod(folder, 0o777)
    assert advice(check(f"session.save_path={folder}")) == {}


def test_without_php_nothing_is_asked(check):
    text = check("display_errors=1", USE_STUB="1", HOWDAH_PHP="/nonexistent")
    assert "Unwise" not in text and "OPcache" not in text
