"""`.user.ini` files: off unless `user_ini.filename` is set; then as under PHP-FPM (see also parity)."""

import os

import pytest

from harness.folders import write


@pytest.fixture
def site(launch):
    root = launch.folder()
    return write(
        root,
        {
            "show.php": "<?php echo ini_get('precision');",
            "deep/show.php": "<?php echo ini_get('precision');",
            ".user.ini": "precision = 5\n",
            "deep/.user.ini": "precision = 6\n",
        },
    )


def warnings(server):
    return [line["msg"] for line in server.log.json_lines() if "user_ini.filename" in line.get("msg", "")]


@pytest.mark.howdah_only("under PHP-FPM it is on")
def test_a_file_is_not_honoured_and_named_once_in_the_log(launch, site):
    server = launch(site=site, PHP_INI_SET="precision=14")
    for _ in range(10):
        assert server.get("/deep/show.php").text == "14"
        assert server.get("/show.php").text == "14"
    server.error_line("user_ini.filename")
    found = warnings(server)
    assert len(found) == 1
    assert os.path.join(site, ".user.ini") in found[0]


@pytest.mark.howdah_only("under PHP-FPM it is on")
def test_nothing_is_said_of_a_site_without_such_files(launch):
    root = write(launch.folder(), {"show.php": "<?php error_log('a line'); echo 'body';"})
    server = launch(site=root)
    assert server.get("/show.php").text == "body"
    server.error_line("a line")
    assert warnings(server) == []


def test_files_of_all_folders_down_to_the_script_hold(launch, site):
    server = launch(site=site, PHP_INI_SET="user_ini.filename=.user.ini;precision=14")
    assert [server.get(f"{folder}/show.php").text for folder in ("", "/deep", "")] == ["5", "6", "5"]


def test_a_file_of_another_name(launch, site):
    write(site, {"deep/own.ini": "precision = 7\n"})
    server = launch(site=site, PHP_INI_SET="user_ini.filename=own.ini;precision=14")
    assert [server.get(f"{folder}/show.php").text for folder in ("", "/deep")] == ["14", "7"]


@pytest.mark.parametrize("seconds, seen", [(0, "8"), (3600, "5")])
def test_a_changed_file_is_read_again_after_its_time(launch, site, seconds, seen):
    settings = f"user_ini.filename=.user.ini;user_ini.cache_ttl={seconds};precision=14"
    server = launch(site=site, PHP_INI_SET=settings, PHP_WORKERS=1, PHP_WORKERS_MAX=1)
    assert server.get("/show.php").text == "5"
    write(site, {".user.ini": "precision = 8\n"})
    assert server.get("/show.php").text == seen


def test_a_prepended_file_of_a_user_ini(launch, site):
    write(site, {"before.php": "<?php echo 'before ';", ".user.ini": f"auto_prepend_file = {site}/before.php\n"})
    server = launch(site=site, PHP_INI_SET="user_ini.filename=.user.ini;precision=14")
    assert server.get("/show.php").text == "before 14"


def test_the_file_itself_is_never_sent(launch, site):
    server = launch(site=site, PHP_INI_SET="user_ini.filename=.user.ini")
    assert server.get("/.user.ini").status in (403, 404)
