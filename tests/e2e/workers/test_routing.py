"""Which requests a worker script takes, which run once, and which are files. CONTRACT section 6."""

import os

import pytest
from harness.folders import write
from harness.reloads import EnvFile, Releases, reload
from harness.server import run_howdah
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("worker scripts")

# Says who it is, what it was asked for, and how many requests this run of it has taken.
WORKER = """<?php
$taken = 0;
do {
    $more = frankenphp_handle_request(function () use (&$taken) {
        $keys = ['SCRIPT_NAME', 'SCRIPT_FILENAME', 'PHP_SELF', 'PATH_INFO', 'DOCUMENT_URI', 'DOCUMENT_ROOT', 'REQUEST_URI'];
        echo json_encode(['by' => 'WORKER', 'taken' => ++$taken]
            + array_intersect_key($_SERVER, array_flip($keys))
            + ['files' => $_FILES, 'get' => $_GET, 'post' => $_POST, 'env' => $_SERVER['STAGE'] ?? null]);
    });
} while ($more);
"""
CLASSIC = "<?php echo json_encode(['by' => 'classic', 'script' => $_SERVER['SCRIPT_NAME'], 'info' => $_SERVER['PATH_INFO'] ?? null]);"
SITE = {
    "worker.php": WORKER,
    "index.php": CLASSIC,
    "tool.php": CLASSIC,
    "file.txt": "a file",
    "admin/index.php": CLASSIC,
    "pages/index.html": "a page",
    "lib.inc": "<?php secret",
    ".env": "secret",
    "upload/evil.php": CLASSIC,
    "upload/picture.txt": "a picture",
}


def site(launch, **more):
    return write(launch.folder(), {**SITE, **more})


def by(server, path):
    """Who answers, or the text of a file, or the status of anything else."""
    answer = server.get(path)
    if answer.status != 200:
        return answer.status
    return answer.json()["by"] if answer.text.startswith("{") else answer.text


@pytest.fixture(scope="module")
def server(launch_shared):
    """The script takes everything but /out/*; other scripts run."""
    return launch_shared(
        site=site(launch_shared), WORKER_SCRIPT="worker.php", WORKER_NUM=1, WORKER_MATCH="/*,!/out/*", PHP_DENY="/upload/*"
    )


@pytest.mark.parametrize(
    "path, expected",
    (
        ("/", "WORKER"),
        ("/pretty/route", "WORKER"),
        ("/missing.txt", "WORKER"),
        ("/missing.php", "WORKER"),
        ("/missing.php/more", "WORKER"),
        ("/worker.php", "WORKER"),
        ("/file.txt", "a file"),
        ("/pages/", "a page"),
        ("/pages", 308),
        ("/admin/", "classic"),
        ("/tool.php", "classic"),
        ("/tool.php/more", "classic"),
        ("/upload/picture.txt", "a picture"),
        ("/upload/evil.php", 404),
        ("/upload/missing.php", 404),
        ("/upload/missing", "WORKER"),
        ("/lib.inc", 404),
        ("/missing.phar", 404),
        ("/.env", 404),
        ("/.missing", 404),
        ("/out/x", 404),
        ("/out", 404),
        ("/outer", "WORKER"),
    ),
)
def test_a_request_goes_where_the_contract_says(server, path, expected):
    assert by(server, path) == expected


def test_the_script_serves_on(server):
    first = server.get("/count").json()["taken"]
    assert server.get("/count").json()["taken"] == first + 1
    server.get("/tool.php")
    assert server.get("/count").json()["taken"] == first + 2


def test_it_is_named_as_a_front_controller_would_be(server):
    seen = server.get("/a/b%20c?x=1&y[]=2").json()
    assert seen["SCRIPT_NAME"] == seen["PHP_SELF"] == seen["DOCUMENT_URI"] == "/worker.php"
    assert seen["SCRIPT_FILENAME"] == f"{server.root}/worker.php"
    assert seen["DOCUMENT_ROOT"] == server.root
    assert seen["REQUEST_URI"] == "/a/b%20c?x=1&y[]=2"
    assert seen["get"] == {"x": "1", "y": ["2"]}
    assert "PATH_INFO" not in seen


def test_what_follows_its_own_name_is_path_info(server):
    """B11"""
    seen = server.get("/worker.php/en").json()
    assert (seen["SCRIPT_NAME"], seen["PHP_SELF"], seen["PATH_INFO"]) == ("/worker.php", "/worker.php/en", "/en")


def test_a_form_with_a_file_reaches_it(server):
    body = (
        b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
        b"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\n\r\nhello\r\n--b--\r\n"
    )
    seen = server.post("/upload", body, headers={"Content-Type": "multipart/form-data; boundary=b"}).json()
    assert seen["post"] == {"a": "1"}
    assert (seen["files"]["f"]["name"], seen["files"]["f"]["size"], seen["files"]["f"]["error"]) == ("x.txt", 5, 0)


def test_methods_that_files_refuse_do_not_reach_it(server):
    assert server.post("/file.txt", b"a=1").status == 405
    assert server.request("DELETE", "/pretty").json()["by"] == "WORKER"


def test_the_first_script_whose_patterns_match(launch):
    root = site(launch, **{"sub/api.php": WORKER.replace("WORKER", "API")})
    other = write(launch.folder(), {"other.php": WORKER.replace("WORKER", "OTHER")})
    server = launch(
        site=root,
        WORKER_SCRIPT=f"worker.php;sub/api.php; {other}/other.php",
        WORKER_NUM="1;2;1",
        WORKER_MATCH="/app/*,!/app/raw/*;/api/*,/app/raw/x;/*,!/plain/*",
        WORKER_ENV="STAGE=one;STAGE=two,MORE=1;",
    )
    assert by(server, "/app") == by(server, "/app/x/y") == "WORKER"
    assert by(server, "/api/v1") == by(server, "/app/raw/x") == "API"
    assert by(server, "/") == by(server, "/app/raw/y") == "OTHER"
    assert by(server, "/sub/api.php") == "API"
    assert by(server, "/tool.php") == "classic"
    assert by(server, "/plain/x") == 404
    seen = server.get("/x").json()
    assert (seen["SCRIPT_NAME"], seen["PHP_SELF"], seen["DOCUMENT_URI"]) == ("", "", "")
    assert seen["SCRIPT_FILENAME"] == f"{other}/other.php"
    ready = [line["data"]["pool"] for line in server.log.json_lines() if line["msg"].startswith("workers ready: ")]
    assert sorted(ready) == sorted(["classic", "worker.php", "sub/api.php", f"{other}/other.php"])


def test_worker_env_overrules_the_environment(launch):
    script = """<?php $boot = $_SERVER['STAGE'];
    while (frankenphp_handle_request(function () use ($boot) {
        echo json_encode([$boot, $_SERVER['STAGE'], getenv('STAGE'), $_SERVER['OTHER'] ?? null]);
    })) {}"""
    root = write(launch.folder(), {"worker.php": script, "classic.php": "<?php echo $_SERVER['STAGE'];"})
    server = launch(
        site=root, WORKER_SCRIPT="worker.php", WORKER_NUM=1, WORKER_MATCH="/app", STAGE="environment",
        WORKER_ENV="STAGE=script,OTHER=2",
    )  # fmt: skip
    assert server.get("/app").json() == ["script", "script", "script", None]
    assert server.get("/classic.php").text == "environment"


def test_beside_a_front_controller(launch):
    server = launch(site=site(launch), INDEX_FILE="index.php", WORKER_SCRIPT="worker.php", WORKER_NUM=1, WORKER_MATCH="/api/*")
    assert by(server, "/api/x") == "WORKER"
    assert by(server, "/x") == by(server, "/") == "classic"
    assert server.get("/x").json()["script"] == "/index.php"
    assert by(server, "/tool.php") == 404


def test_a_pool_that_nothing_reaches_is_not_started(launch):
    server = launch(site=site(launch), INDEX_FILE="index.php", WORKER_SCRIPT="worker.php", WORKER_NUM=2)
    assert by(server, "/") == by(server, "/tool.php") == by(server, "/index.php") == "WORKER"
    assert len(server.workers()) == 2
    assert server.host_pid()


def test_a_reload_brings_new_patterns_and_code_and_keeps_the_scripts(launch):
    root = site(launch)
    env = EnvFile(launch, WORKER_SCRIPT="worker.php", WORKER_NUM="1", WORKER_MATCH="/a/*")
    server = launch(site=root, arguments=env.arguments)
    assert (by(server, "/a"), by(server, "/b")) == ("WORKER", 404)
    write(root, {"worker.php": WORKER.replace("WORKER", "NEW")})
    env.write(WORKER_SCRIPT="tool.php", WORKER_NUM="2", WORKER_MATCH="/b/*")
    assert "WORKER_SCRIPT has changed: it needs a restart" in reload(server)
    wait_until(lambda: (by(server, "/a"), by(server, "/b")) == (404, "NEW"), "the new patterns and code")


def test_a_reload_follows_the_link_of_a_deployment(launch):
    releases = Releases(launch)
    files = {"worker.php": WORKER, "api.php": WORKER}
    first = releases.deploy("one", files)
    server = launch(
        site=releases.current,
        WORKER_SCRIPT=f"worker.php;{releases.current}/api.php",
        WORKER_MATCH="/*,!/api/*;/api/*",
        WORKER_NUM=1,
    )
    assert server.get("/x").json()["SCRIPT_FILENAME"] == f"{first}/worker.php"
    assert server.get("/api/x").json()["SCRIPT_FILENAME"] == f"{first}/api.php"
    second = releases.deploy("two", {**files, "worker.php": WORKER.replace("WORKER", "NEW")})
    reload(server)
    seen = server.get("/x").json()
    assert (seen["by"], seen["SCRIPT_FILENAME"], seen["DOCUMENT_ROOT"]) == ("NEW", f"{second}/worker.php", second)
    seen = server.get("/api/x").json()
    assert (seen["SCRIPT_FILENAME"], seen["SCRIPT_NAME"]) == (f"{second}/api.php", "/api.php")


def test_a_reload_names_what_would_lead_requests_to_a_pool_that_is_not_there(launch):
    env = EnvFile(launch, WORKER_SCRIPT="worker.php", WORKER_NUM="1", INDEX_FILE="index.php")
    server = launch(site=site(launch), arguments=env.arguments)
    env.write(WORKER_SCRIPT="worker.php", WORKER_NUM="1", INDEX_FILE="index.php", WORKER_MATCH="/api/*")
    assert "WORKER_MATCH has changed: it needs a restart" in reload(server)
    assert by(server, "/x") == "WORKER"


def test_a_worker_names_a_file_as_any_script_does(launch):
    worker = "<?php while (frankenphp_handle_request(function () { header('X-Accel-Redirect: ' . $_GET['file']); }));"
    server = launch(site=site(launch, **{"worker.php": worker}), WORKER_SCRIPT="worker.php", WORKER_NUM=1)
    assert server.get("/x?file=/file.txt").text == "a file"
    assert server.get("/x?file=/lib.inc").status == 404
    assert server.get("/x?file=/file.txt").text == "a file"


def test_howdah_serve_takes_a_worker_script(launch, programs):
    folder = launch.folder()
    server = launch(site=write(folder, SITE), arguments=("serve", folder), WORKER_SCRIPT="worker.php", DOCUMENT_ROOT=None)
    assert (by(server, "/"), by(server, "/tool.php"), by(server, "/file.txt")) == ("WORKER", "classic", "a file")


def test_check_says_what_would_run(launch, programs):
    root = site(launch)
    environment = {"DOCUMENT_ROOT": root, "WORKER_SCRIPT": "worker.php", "WORKER_NUM": "3", "INDEX_FILE": "index.php"}
    result = run_howdah(programs, "check", env=environment)
    assert result.returncode == 0, result.stderr
    assert f"3 workers of {os.path.join(root, 'worker.php')} for /*" in result.stdout
    assert "no classic workers: no request would reach them" in result.stdout
    result = run_howdah(programs, "check", env={**environment, "WORKER_SCRIPT": "missing.php"})
    assert result.returncode == 2 and "WORKER_SCRIPT=missing.php (from the environment): no such file" in result.stderr
