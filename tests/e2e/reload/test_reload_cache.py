"""A new generation's OPcache: what the old one held is there before the first request."""

import os
import threading

from harness.client import Connection
from harness.folders import write
from harness.reloads import Releases, reload

OPCACHE = "opcache.enable=1;opcache.validate_timestamps=0;opcache.file_update_protection=0"
PARTS = 30


def site(version):
    """index.php and what it includes, each a class and a function as applications have them."""
    files = {
        f"part{n}.php": f"<?php class Part{n} {{ const V = '{version}'; }} function part{n}() {{ return '{version}'; }}"
        for n in range(PARTS)
    }
    includes = "".join(f"require __DIR__ . '/part{n}.php';" for n in range(PARTS))
    files["index.php"] = f"<?php {includes} echo part0(), Part{PARTS - 1}::V;"
    with open(os.path.join(os.path.dirname(__file__), "www", "opcache.php")) as file:
        files["opcache.php"] = file.read()
    return files


def cached(server, root):
    """Names of the scripts below root that OPcache holds, and those it holds from elsewhere."""
    scripts = server.get("/opcache.php").json()["scripts"]
    inside = {os.path.relpath(path, root) for path in scripts if path.startswith(root + "/")}
    return inside, {path for path in scripts if not path.startswith(root + "/")}


def test_the_first_request_finds_its_scripts(launch):
    server = launch(site=write(launch.folder(), site("one")), PHP_INI_SET=OPCACHE)
    assert server.get("/index.php").text == "oneone"
    for _ in range(3):
        write(server.root, site("two"))
        reload(server)
        first = server.get("/opcache.php").json()
        assert {f"{server.root}/part{n}.php" for n in range(PARTS)} <= set(first["scripts"])
        assert server.get("/index.php").text == "twotwo"
        # It, its parts and this page itself.
        then = server.get("/opcache.php").json()
        assert then["misses"] == first["misses"]
        assert then["hits"] - first["hits"] >= PARTS + 1


def test_a_switched_root_has_its_own_scripts_ahead(launch):
    releases = Releases(launch)
    first = releases.deploy("r1", site("one"))
    server = launch(site=releases.current, PHP_INI_SET=OPCACHE)
    assert server.get("/index.php").text == "oneone"
    files = {name: text for name, text in site("two").items() if name != "part7.php"}
    files["index.php"] = files["index.php"].replace("require __DIR__ . '/part7.php';", "")
    second = releases.deploy("r2", files)
    reload(server)
    inside, outside = cached(server, second)
    assert {"index.php", *(f"part{n}.php" for n in range(PARTS) if n != 7)} <= inside
    assert not any(path.startswith(first) for path in outside)
    assert server.get("/index.php").text == "twotwo"


def test_a_script_that_does_not_compile_any_more_is_skipped(launch):
    server = launch(site=write(launch.folder(), site("one")), PHP_INI_SET=OPCACHE, LOG_LEVEL="debug")
    assert server.get("/index.php").text == "oneone"
    write(server.root, {"part3.php": "<?php function part3( {"})
    os.remove(os.path.join(server.root, "part5.php"))
    reload(server)
    for name in ("part3.php", "part5.php"):
        server.wait_for_log(
            lambda line: line["level"] == "debug" and line["data"].get("script") == f"{server.root}/{name}",
            f"about {name}",
        )
    inside, _ = cached(server, server.root)
    assert "part4.php" in inside and not {"part3.php", "part5.php"} & inside
    assert not [line for line in server.log.json_lines() if "Parse error" in line.get("msg", "")]
    assert server.get("/index.php").status == 500
    write(server.root, site("two"))
    reload(server)
    assert server.get("/index.php").text == "twotwo"


def test_without_opcaches_functions_a_reload_does_without(launch):
    server = launch(
        site=write(launch.folder(), site("one")),
        PHP_INI_SET=OPCACHE + ";disable_functions=opcache_get_status,opcache_compile_file",
    )
    assert server.get("/index.php").text == "oneone"
    write(server.root, site("two"))
    reload(server)
    assert server.get("/index.php").text == "twotwo"


def test_restricted_functions_are_restricted_for_scripts_only(launch):
    server = launch(
        site=write(launch.folder(), site("one")), PHP_INI_SET=OPCACHE + ";opcache.restrict_api=/nowhere", LOG_LEVEL="debug"
    )
    assert server.get("/index.php").text == "oneone"
    reload(server)
    line = server.wait_for_log(lambda line: line["msg"] == "scripts were compiled ahead", "about the cache")
    assert line["data"]["compiled"] >= PARTS + 1


def test_storms_of_resets_and_invalidations_give_no_wrong_answer(launch):
    files = site("one")
    files["storm.php"] = """<?php
        $file = __DIR__ . '/part' . random_int(0, %d) . '.php';
        echo json_encode(random_int(0, 9) ? opcache_invalidate($file, true) : opcache_reset());""" % (PARTS - 1)
    server = launch(site=write(launch.folder(), files), PHP_WORKERS=4, PHP_INI_SET=OPCACHE)
    assert server.get("/index.php").text == "oneone"
    wrong, over = [], threading.Event()

    def ask(target, right, count=None):
        with Connection(server.address) as connection:
            while not over.is_set() and count != 0:
                answer = connection.request("GET", target)
                if answer.status != 200 or answer.text not in right:
                    wrong.append((target, answer.status, answer.text[:300]))
                if count is not None:
                    count -= 1

    pages = [threading.Thread(target=ask, args=("/index.php", ("oneone",))) for _ in range(4)]
    storms = [threading.Thread(target=ask, args=("/storm.php", ("true", "false"), 400)) for _ in range(3)]
    for thread in pages + storms:
        thread.start()
    for _ in range(3):
        reload(server)
    for thread in storms:
        thread.join()
    over.set()
    for thread in pages:
        thread.join()
    assert wrong == []
    assert not [line for line in server.log.json_lines() if "died" in line.get("msg", "")]
