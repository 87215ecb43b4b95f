"""What the settings of contract section 1 promise, where no other folder is about it; that secrets are shown
nowhere, and that misspelt names are told."""

import contextlib
import json
import os
import socket

import pytest
from harness import processes
from harness.folders import write
from harness.http2 import Http2Connection
from harness.reloads import ask_for_reload
from harness.server import run_howdah
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("its settings")

MEGABYTE = 1 << 20


# -- RESPONSE_HEADERS ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(launch_shared):
    headers = "X-Frame-Options: DENY; Strict-Transport-Security: max-age=1; includeSubDomains"
    return launch_shared(RESPONSE_HEADERS=headers)


@pytest.mark.parametrize(
    "method, target, status",
    [
        ("GET", "/status.php?code=200", 200),
        ("GET", "/status.php?code=404", 404),
        ("GET", "/page.html", 200),
        ("HEAD", "/page.html", 200),
        ("POST", "/page.html", 405),
        ("GET", "/none", 404),
        ("GET", "/folder", 308),
        ("GET", "/%00", 400),
        ("TRACE", "/", 405),
    ],
)
def test_response_headers_are_on_every_answer_that_lacks_them(server, method, target, status):
    write(server.root, {"folder/index.html": "folder"})
    answer = server.request(method, target)
    assert answer.status == status
    assert answer.header("X-Frame-Options") == "DENY"
    assert answer.header("Strict-Transport-Security") == "max-age=1; includeSubDomains"


def test_response_headers_leave_a_script_s_own_alone(server):
    write(server.root, {"own.php": "<?php header('x-frame-options: SAMEORIGIN'); echo 1;"})
    assert server.get("/own.php").header("X-Frame-Options") == "SAMEORIGIN"


def test_response_headers_over_http2_and_on_304(server):
    with Http2Connection(server.address) as connection:
        assert connection.get("/page.html").header("x-frame-options") == "DENY"
    tag = server.get("/page.html").header("ETag")
    answer = server.get("/page.html", headers={"If-None-Match": tag})
    assert (answer.status, answer.header("X-Frame-Options")) == (304, "DENY")


# -- SPOOL_DIR, SPOOL_MAX --------------------------------------------------------------------------------


def post_too_much(server):
    """The answer to 4 MiB, which may come before all of them are sent."""
    with server.raw() as raw:
        raw.send(f"POST /size.php HTTP/1.1\r\nHost: a\r\nContent-Length: {4 * MEGABYTE}\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            raw.send(b"x" * (4 * MEGABYTE))
        return raw.read_response()


def test_spool_max_is_503_and_the_room_comes_back(launch):
    """Bodies past SPOOL_MAX: 503 with Retry-After, the script does not run; later ones are taken."""
    server = launch(SPOOL_MAX="2m")
    write(server.root, {"size.php": "<?php echo strlen(file_get_contents('php://input'));"})
    answer = post_too_much(server)
    assert (answer.status, answer.text, answer.header("Retry-After")) == (503, "Service Unavailable", "1")
    wait_until(lambda: server.metric("tokio_php_dropped_requests") == 1, "the request to be counted")
    for _ in range(3):
        assert server.post("/size.php", b"x" * (MEGABYTE * 3 // 2)).text == str(MEGABYTE * 3 // 2)
    wait_until(lambda: server.metric("tokio_php_spool_bytes") == 0, "the spool to be empty")
    assert os.listdir(server.spool) == []


def test_the_spool_is_where_temporary_files_are(launch):
    """SPOOL_DIR: TMPDIR's, which is checked as one that was named."""
    folder = launch.folder(0o777)
    server = launch.prepare(launch.folder(), SPOOL_DIR=None, TMPDIR=folder)
    assert run_howdah(server.programs, "check", env=server.environment).returncode == 0
    missing = run_howdah(server.programs, "check", env={**server.environment, "TMPDIR": folder + "/none"})
    assert missing.returncode == 2
    assert f"SPOOL_DIR= (from the default): there is no directory {folder}/none;" in missing.stderr, missing.stderr


def test_a_spool_that_cannot_be_written_any_more_is_503(launch):
    """No spool: the body that outgrows memory is refused, all else goes on."""
    server = launch()
    write(server.root, {"size.php": "<?php echo strlen(file_get_contents('php://input'));"})
    os.rmdir(server.spool)
    assert post_too_much(server).status == 503
    assert server.post("/size.php", b"x" * 1000).text == "1000"


# -- USE_STUB, USE_EXT -----------------------------------------------------------------------------------


def test_use_stub_needs_no_php_and_serves_files(launch):
    """USE_STUB=1: an empty 200 where PHP would run, no worker program, static files as ever."""
    server = launch(USE_STUB=1, HOWDAH_PHP="/no/such/program")
    answer = server.get("/index.php")
    assert (answer.status, answer.body) == (200, b"")
    assert server.get("/page.html").text == open(f"{server.root}/page.html").read()
    assert server.get("/none.php").status == 404
    assert server.internal("/config").json()["executor"] == "stub"


def test_config_names_the_executor(launch):
    """/config: executor is `ext`, and `php` with USE_EXT=0."""
    assert launch().internal("/config").json()["executor"] == "ext"
    assert launch(USE_EXT=0).internal("/config").json()["executor"] == "php"


# -- /config ---------------------------------------------------------------------------------------------

NAMED = (
    "listen_addr document_root workers queue_capacity executor index_file internal_addr tls_enabled drain_timeout_secs "
    "static_cache_ttl request_timeout profile_enabled access_log_enabled rate_limit rate_window_secs error_pages_enabled"
).split()


def test_config_has_every_setting_in_its_form(launch):
    """/config: the names of section 7 first; durations as given, unset is null, booleans are booleans."""
    server = launch(REQUEST_TIMEOUT="1500ms", DRAIN_TIMEOUT_SECS="7", STATIC_CACHE_TTL="off", ACCESS_LOG="on")
    config = server.internal("/config").json()
    assert set(NAMED) <= config.keys()
    assert (config["request_timeout"], config["drain_timeout_secs"], config["static_cache_ttl"]) == ("1500ms", 7, "off")
    assert (config["access_log_enabled"], config["tls_enabled"], config["error_pages_enabled"]) == (True, False, False)
    assert (config["rate_limit"], config["rate_window_secs"], config["profile_enabled"]) == (0, 60, False)
    assert (config["workers"], config["queue_capacity"], config["document_root"]) == (2, 200, server.root)
    assert [config[name] for name in ("index_file", "internal_token", "tls_cert", "worker_script")] == [None] * 4
    renamed = {"PHP_WORKERS", "ACCESS_LOG", "RATE_WINDOW", "PROFILE", "HOWDAH_PHP"}
    lines = run_howdah(server.programs, "--help").stdout.splitlines()
    flags = [line.split()[0] for line in lines if line.startswith("  --")]
    names = {flag[2:].replace("-", "_").upper() for flag in flags} - {"WATCH", "ENV_FILE", "VERSION,", "PHP"}
    assert len(names) > 60
    assert {name.lower() for name in names - renamed} <= config.keys()


# -- processes -------------------------------------------------------------------------------------------


def test_process_titles_say_what_each_is(launch):
    """`ps` shows parent, front and PHP by name, and no argument of the command line."""
    server = launch(arguments=["--service-name", "of-the-argument"])
    assert server.get("/index.php").status == 200
    pids = [server.parent_pid, *processes.family(server.parent_pid)]
    titles = {pid: processes.title(pid) for pid in pids}
    assert titles[server.parent_pid] == "howdah: parent"
    assert titles[server.front_pid()] == "howdah: front"
    assert titles[server.host_pid()].startswith("howdah-php: host")
    assert all(titles[pid].startswith("howdah-php: worker") for pid in server.worker_pids())
    assert not [title for title in titles.values() if "of-the-argument" in title]


# -- names -----------------------------------------------------------------------------------------------


def test_misspelt_variables_are_told_in_the_log_and_by_check(launch):
    """PHP_WORKER, LISTEN_ADDRESS, TLS_CRT: a notice that names the setting; other names say nothing."""
    names = {"PHP_WORKER": "4", "LISTEN_ADDRESS": ":1", "TLS_CRT": "/x", "PHP_VERSION": "8", "MAX_REQUESTS": "5"}
    expected = {
        "PHP_WORKER is no setting of Howdah: PHP_WORKERS is one",
        "LISTEN_ADDRESS is no setting of Howdah: LISTEN_ADDR is one",
        "TLS_CRT is no setting of Howdah: TLS_CERT is one",
    }
    server = launch(**names)
    told = {line["msg"] for line in server.log.json_lines() if " is no setting of " in line.get("msg", "")}
    assert {line for line in told if "HOWDAH_E2E" not in line} == expected
    result = run_howdah(server.programs, "check", env={"DOCUMENT_ROOT": server.root, **names})
    notes = {line.removeprefix("Note: ") for line in result.stdout.splitlines() if " is no setting of " in line}
    assert (result.returncode, notes) == (0, expected)


def test_an_unknown_flag_is_an_error_that_names_the_nearest(programs):
    result = run_howdah(programs, "--php-worker", "3")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("howdah: unknown option --php-worker, did you mean --php-workers?; accepted: ")


def test_an_env_file_as_people_write_them(launch):
    """Comments, export, quotes, CRLF, a name twice; a bad line is an error that names its number."""
    folder = write(
        launch.folder(),
        {
            "env": b"# comment\r\n\r\nexport A='one # two'\r\nB=\"a\\tb \\\"c\\\"\" # note\r\nC = three # note\r\n"
            b"D=1\nD=2\nPHP_WORKERS=1\n",
            "wrong": "A=1\nno equals sign\n",
        },
    )
    site = write(launch.folder(), {"index.php": "<?php echo json_encode(array_map('getenv', ['A', 'B', 'C', 'D']));"})
    server = launch(site=site, arguments=["--env-file", f"{folder}/env"], PHP_WORKERS=None)
    assert server.get("/").json() == ["one # two", 'a\tb "c"', "three", "2"]
    assert len(server.workers()) == 1
    result = run_howdah(server.programs, "check", "--env-file", f"{folder}/wrong", env={"DOCUMENT_ROOT": site})
    assert result.returncode == 2
    assert f"--env-file {folder}/wrong: line 2: expected NAME=value" in result.stderr


# -- LOG_LEVEL, RUST_LOG ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "variables, shown",
    [
        ({"LOG_LEVEL": "emergency"}, ["error"]),
        ({"LOG_LEVEL": "Warning"}, ["warn", "error"]),
        ({"LOG_LEVEL": "NOTICE"}, ["info", "warn", "error"]),
        ({"RUST_LOG": "tokio_php=warn"}, ["warn", "error"]),
        ({"RUST_LOG": "error"}, ["error"]),
        ({"RUST_LOG": "error,hyper=debug"}, ["info", "warn", "error"]),
        ({"RUST_LOG": "debug", "LOG_LEVEL": "error"}, ["error"]),
    ],
)
def test_levels_by_psr_3_names_and_rust_log(launch, variables, shown):
    """PSR-3 names are mapped onto the four levels; RUST_LOG is read when LOG_LEVEL is unset."""
    script = "<?php foreach ([-4, 0, 4, 8] as $level) frankenphp_log(\"line $level\", $level);"
    server = launch(site=write(launch.folder(), {"index.php": script}), **variables)
    assert server.get("/").status == 200
    server.wait_for_log(lambda line: line.get("msg") == "line 8", "of the last level")
    levels = [line["level"] for line in server.log.json_lines() if line.get("msg", "").startswith("line ")]
    assert levels == shown


# -- secrets ---------------------------------------------------------------------------------------------

SECRET = "hush-7f3a"
SHOWS_ALL = """<?php
phpinfo();
var_dump($_SERVER, $_ENV, getenv());
foreach (glob('/proc/[0-9]*/{cmdline,environ}', GLOB_BRACE) as $file) echo @file_get_contents($file);
"""


@pytest.mark.parametrize("given_as", ["environment", "flag", "env_file"])
def test_secrets_are_shown_nowhere(launch, given_as):
    """INTERNAL_TOKEN and the password of RATE_LIMIT_STORE: not in logs, check, status, /config, PHP, titles or errors."""
    with socket.socket() as taken:  # a port where no Redis answers
        taken.bind(("127.0.0.1", 0))
        store = f"redis://user:{SECRET}@127.0.0.1:{taken.getsockname()[1]}/0"
        values = {"INTERNAL_TOKEN": SECRET, "RATE_LIMIT_STORE": store}
        folder = launch.folder()
        arguments, environment = [], {}
        if given_as == "environment":
            environment = values
        elif given_as == "flag":
            arguments = [f"--{name.lower().replace('_', '-')}={value}" for name, value in values.items()]
        else:
            write(folder, {"env": "".join(f"{name}={value}\n" for name, value in values.items())})
            arguments = ["--env-file", f"{folder}/env"]
        site = write(launch.folder(), {"index.php": SHOWS_ALL})
        server = launch(site=site, arguments=arguments, LOG_LEVEL="debug", ACCESS_LOG=1, PROFILE=1, **environment)
        seen = {"php": server.get("/").text}
        for path in ("/config", "/metrics", "/workers", "/", "/health", "/reload"):
            seen[path] = server.internal(path).text
        settings = {"DOCUMENT_ROOT": site, "CONTROL_SOCKET": server.control_socket, **environment}
        for command in (["check"], ["status"], ["status", "--json"]):
            result = run_howdah(server.programs, *command, *arguments, env=settings)
            seen[" ".join(command)] = result.stdout + result.stderr
        for wrong in (["--internal-tokn=" + SECRET], ["--rate-limit-store=http://" + SECRET], ["--internal-token"]):
            result = run_howdah(server.programs, "check", *wrong, env=settings)
            assert result.returncode == 2
            seen[wrong[0]] = result.stdout + result.stderr
        seen["reload"] = ask_for_reload(server).stdout
        seen["titles"] = " ".join(processes.title(pid) for pid in processes.marked(server.marker))
        seen["log"] = server.output()
    assert [where for where, text in seen.items() if SECRET in text] == []
    assert json.loads(seen["/config"])["internal_token"] == "***"
