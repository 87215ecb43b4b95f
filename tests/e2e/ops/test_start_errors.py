"""Wrong settings: one clear line that names the variable and the value, exit status 2, and nothing
listens (contract, section 1)."""

import os
import re
import socket

import pytest

from harness.certificates import DAY, Authority
from harness.folders import write
from harness.ports import listens
from harness.server import run_howdah

pytestmark = pytest.mark.howdah_only("its settings")

DURATIONS = (
    "HEADER_TIMEOUT_SECS", "IDLE_TIMEOUT_SECS", "DRAIN_TIMEOUT_SECS", "BODY_TIMEOUT", "WRITE_TIMEOUT", "REQUEST_TIMEOUT",
    "QUEUE_TIMEOUT", "STATIC_CACHE_TTL",
)  # fmt: skip
WRONG_DURATIONS = ("soon", "-1", "5x", "1.5s", "s", "5 s x", "99999999999999999999")
SIZES = ("MAX_BODY_SIZE", "MAX_HEADER_SIZE", "STATIC_CACHE_SIZE")
WRONG_SIZES = ("big", "-1", "10q", "1.5m", "m", "99999999999999999999g")
COUNTS = ("PHP_WORKERS", "QUEUE_CAPACITY", "FRONT_THREADS", "PHP_HOSTS")
WRONG_COUNTS = ("many", "-1", "1.5", "99999999999999999999", "2x")
BOOLEANS = ("ACCESS_LOG", "INDEX_SCRIPTS", "USE_STUB", "TLS_REDIRECT")
WRONG_BOOLEANS = ("maybe", "2", "-1")
WRONG_ADDRESSES = (
    "nonsense", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0x50", "127.0.0.1:99999", "127.0.0.1:-1", "300.1.1.1:8080",
    "[::1:8080", "no-such-host.invalid:8080",
)  # fmt: skip

TABLE = [
    *[(name, value) for name in DURATIONS for value in WRONG_DURATIONS],
    *[(name, value) for name in SIZES for value in WRONG_SIZES],
    *[(name, value) for name in COUNTS for value in WRONG_COUNTS],
    *[(name, value) for name in BOOLEANS for value in WRONG_BOOLEANS],
    *[(name, value) for name in ("LISTEN_ADDR", "INTERNAL_ADDR") for value in WRONG_ADDRESSES],
    ("LISTEN_ADDR", "unix:/no/such/folder/socket"),
    ("TLS_LISTEN_ADDR", "127.0.0.1:8443"),
    ("TLS_CERT", "/no/such/cert.pem"),
    ("TLS_KEY", "/no/such/key.pem"),
    ("TLS_REDIRECT", "1"),
    ("DOCUMENT_ROOT", "/no/such/folder"),
    ("DOCUMENT_ROOT", "/etc/hostname"),
    ("INDEX_FILE", "missing.php"),
    ("INDEX_FILE", "missing.html"),
    ("INDEX_FILE", "../outside.php"),
    ("HOWDAH_PHP", "/no/such/program"),
    ("HOWDAH_PHP", "/etc/hostname"),
    ("PHP_INI", "/no/such/php.ini"),
    ("PHP_INI_SET", "no-equals-sign"),
    ("PHP_INI_SET", "=value"),
    ("PHP_SAPI_NAME", "no-such-sapi"),
    ("RUN_AS", "no-such-user"),
    ("FRONT_USER", "no-such-user"),
    ("SPOOL_DIR", "/no/such/folder"),
    ("SPOOL_DIR", "/etc/hostname"),
    *[("TRUSTED_PROXIES", value) for value in ("10.0.0.0/33", "::/129", "10.0.0", "example.com", "10.0.0.1,unix:", "10.0.0.0/8 ::1", "*")],
    *[(name, value) for name in ("MAX_CONNECTIONS", "MAX_CONNECTIONS_PER_IP") for value in ("0", "many", "-1", "1.5", "99999999999999999999")],
    ("LISTEN_ADDR", "unix:relative"),
    ("LISTEN_ADDR", "unix:/tmp/x?mode=0888"),
    ("LISTEN_ADDR", "unix:/tmp/x?owner=root"),
    ("LISTEN_ADDR", "unix:/tmp/" + "x" * 120),
    ("CONTROL_SOCKET", "/no/such/folder/control.sock"),
    ("COMPRESSION", "br,lzma"),
    ("COMPRESSION", "gzip,br,gzip"),
    ("LOG_LEVEL", "loud"),
    ("LOG_FORMAT", "xml"),
    ("LOG_FILE", "/no/such/folder/log"),
]

ROOT_ONLY = {"RUN_AS", "FRONT_USER"}


@pytest.fixture
def environment(launch):
    """A right environment, in which one thing is then made wrong."""
    return launch.prepare(write(launch.folder(), {"index.php": "<?php echo 1;"})).environment


def port_of(environment):
    return int(environment["LISTEN_ADDR"].rpartition(":")[2])


def lines_of(result):
    return [line for line in (result.stdout + result.stderr).splitlines() if line.strip()]


def assert_refused(result, name, value):
    lines = lines_of(result)
    assert result.returncode == 2, (result.returncode, lines)
    assert len(lines) == 1, lines
    assert name in lines[0] and value in lines[0], lines[0]


@pytest.mark.parametrize("name, value", TABLE)
def test_a_wrong_value_stops_the_start(programs, environment, name, value):
    if name in ROOT_ONLY and os.geteuid() != 0:
        pytest.skip("read as root only")
    port = port_of(environment)
    assert_refused(run_howdah(programs, env={**environment, name: value}), name, value)
    assert not listens(port)


@pytest.mark.parametrize(
    "name, value",
    [("TLS_CERT", "/no/such/cert.pem"), ("MAX_BODY_SIZE", "10q"), ("LISTEN_ADDR", "nonsense"), ("DOCUMENT_ROOT", "/no/such/folder"), ("HOWDAH_PHP", "/no/such/program"), ("INDEX_FILE", "missing.php")],
)
def test_check_finds_the_same(programs, environment, name, value):
    result = run_howdah(programs, "check", env={**environment, name: value})
    assert result.returncode == 2
    assert any(name in line and value in line for line in lines_of(result))


@pytest.mark.parametrize("name", ["LISTEN_ADDR", "INTERNAL_ADDR"])
def test_a_port_in_use_stops_the_start(programs, environment, name):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        value = "127.0.0.1:%d" % taken.getsockname()[1]
        assert_refused(run_howdah(programs, env={**environment, name: value}), name, value)


def test_a_wrong_flag_value_names_the_setting(programs, environment):
    result = run_howdah(programs, "--max-body-size", "10q", env=environment)
    assert result.returncode == 2
    assert len(lines_of(result)) == 1
    assert re.search("max-body-size|MAX_BODY_SIZE", lines_of(result)[0]) and "10q" in lines_of(result)[0]


@pytest.mark.parametrize("arguments", [("--no-such-flag",), ("no-such-verb", "x"), ("--document-root",)])
def test_a_wrong_command_line_stops_the_start(programs, environment, arguments):
    assert run_howdah(programs, *arguments, env=environment).returncode == 2
    assert not listens(port_of(environment))


def test_an_env_file_that_is_missing_stops_the_start(programs, environment):
    result = run_howdah(programs, "--env-file", "/no/such/env", env=environment)
    assert result.returncode == 2
    assert "/no/such/env" in "\n".join(lines_of(result))


# -- TLS: what is wrong with a pair is said of the file that it is wrong with -------------------------


def broken_pairs(folder):
    """{case: (variables, the one that is named, the value that is named)}"""
    authority = Authority(folder)
    one, two = authority.issue("one"), authority.issue("two")
    write(folder, {"text.pem": "no PEM at all", "empty.pem": "", "cut.pem": one.certificate_pem[:200]})
    text, empty, cut, missing = (f"{folder}/{name}.pem" for name in ("text", "empty", "cut", "missing"))

    def case(cert, key, name, value, **others):
        return ({"TLS_CERT": cert, "TLS_KEY": key, **others}, name, value)

    return {
        "no key": case(one.cert, "", "TLS_CERT", one.cert),
        "no certificate": case("", one.key, "TLS_KEY", one.key),
        "more certificates": case(f"{one.cert},{two.cert}", one.key, "TLS_CERT", two.cert),
        "more keys": case(one.cert, f"{one.key},{two.key}", "TLS_KEY", two.key),
        "missing certificate": case(missing, one.key, "TLS_CERT", missing),
        "missing key": case(one.cert, missing, "TLS_KEY", missing),
        "a folder": case(folder, one.key, "TLS_CERT", folder),
        "text for a certificate": case(text, one.key, "TLS_CERT", text),
        "text for a key": case(one.cert, text, "TLS_KEY", text),
        "empty certificate": case(empty, one.key, "TLS_CERT", empty),
        "cut certificate": case(cut, one.key, "TLS_CERT", cut),
        "certificate for a key": case(one.cert, one.cert, "TLS_KEY", one.cert),
        "another's key": case(one.cert, two.key, "TLS_KEY", two.key),
        "another's second key": case(f"{one.cert},{two.cert}", f"{one.key},{one.key}", "TLS_KEY", one.key),
        "redirect to itself": case(one.cert, one.key, "TLS_REDIRECT", "1", TLS_REDIRECT="1"),
        "wrong address": case(one.cert, one.key, "TLS_LISTEN_ADDR", "nonsense", TLS_LISTEN_ADDR="nonsense"),
    }


@pytest.fixture(scope="module")
def pairs(launch_shared):
    return broken_pairs(launch_shared.folder())


@pytest.mark.parametrize(
    "case",
    ["no key", "no certificate", "more certificates", "more keys", "missing certificate", "missing key", "a folder",
     "text for a certificate", "text for a key", "empty certificate", "cut certificate", "certificate for a key",
     "another's key", "another's second key", "redirect to itself", "wrong address"],
)  # fmt: skip
def test_a_wrong_pair_stops_the_start(programs, environment, pairs, case):
    variables, name, value = pairs[case]
    for arguments in ((), ("check",)):
        assert_refused(run_howdah(programs, *arguments, env={**environment, **variables}), name, value)
    assert not listens(port_of(environment))


def test_a_tls_port_in_use_stops_the_start(programs, environment, launch):
    pair = Authority(launch.folder()).issue("server")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        value = "127.0.0.1:%d" % taken.getsockname()[1]
        variables = {"TLS_LISTEN_ADDR": value, "TLS_CERT": pair.cert, "TLS_KEY": pair.key}
        assert_refused(run_howdah(programs, env={**environment, **variables}), "TLS_LISTEN_ADDR", value)
    assert not listens(port_of(environment))


def test_an_expired_certificate_is_only_a_note(programs, environment, launch):
    pair = Authority(launch.folder()).issue("server", valid=-DAY)
    result = run_howdah(programs, "check", env={**environment, "TLS_CERT": pair.cert, "TLS_KEY": pair.key})
    assert result.returncode == 0
    assert any("expired" in line and pair.cert in line for line in lines_of(result))


RIGHT = {
    "REQUEST_TIMEOUT": ["1500ms", "90", "90s", "2m", "1h", "1d", "1w", "1y", "off", "0"],
    "BODY_TIMEOUT": ["1s", "off"],
    "DRAIN_TIMEOUT_SECS": ["0", "5", "1m"],
    "IDLE_TIMEOUT_SECS": ["0", "60"],
    "STATIC_CACHE_TTL": ["off", "1h", "1y"],
    "MAX_BODY_SIZE": ["1", "10k", "10m", "2g", "10M"],
    "MAX_HEADER_SIZE": ["8k"],
    "STATIC_CACHE_SIZE": ["0", "1m"],
    "COMPRESSION": ["off", "gzip", "gzip,br", "br, zstd, gzip"],
    "ACCESS_LOG": ["1", "true", "ON", "Yes", "0", "False", "off", "NO"],
    "PHP_WORKERS": ["0", "1", "16"],
    "FRONT_THREADS": ["1", "2"],
    "QUEUE_CAPACITY": ["0", "5"],
    "LOG_LEVEL": ["debug", "info", "warn", "error", "trace", "notice", "warning", "critical", "alert", "emergency"],
    "LOG_FORMAT": ["json", "text", "auto"],
    "PHP_SAPI_NAME": ["fpm-fcgi", "cli-server"],
    "PHP_INI_SET": ["memory_limit=64M", "a.b=1;c.d=2", ""],
    "INDEX_FILE": ["", "index.php"],
    "TRUSTED_PROXIES": ["", "10.0.0.0/8", "10.0.0.1, ::1,fd00::/8,unix", "0.0.0.0/0"],
    "MAX_CONNECTIONS": ["1", "100"],
    "MAX_CONNECTIONS_PER_IP": ["off", "1", "100"],
}


@pytest.mark.parametrize("name, value", [(name, value) for name, values in RIGHT.items() for value in values])
def test_a_right_value_passes_the_check(programs, environment, name, value):
    result = run_howdah(programs, "check", env={**environment, name: value})
    assert result.returncode == 0, lines_of(result)


# -- where settings come from ------------------------------------------------------------------------


def says(launch, text):
    return write(launch.folder(), {"index.php": f"<?php echo '{text}';"})


def test_the_command_line_wins_over_the_environment(launch):
    server = launch(site=says(launch, "environment"), arguments=["--document-root", says(launch, "flag")])
    assert server.get("/").text == "flag"


def test_a_flag_may_be_given_with_an_equals_sign(launch):
    server = launch(site=says(launch, "environment"), arguments=["--document-root=" + says(launch, "flag")])
    assert server.get("/").text == "flag"


def test_the_prefixed_name_is_read_before_the_plain_one(launch):
    server = launch(site=says(launch, "plain"), HOWDAH_DOCUMENT_ROOT=says(launch, "prefixed"))
    assert server.get("/").text == "prefixed"


def test_the_environment_wins_over_the_env_file(launch):
    folder = launch.folder()
    write(folder, {"env": f"# a comment\nDOCUMENT_ROOT={says(launch, 'file')}\nGREETING=from the file\n"})
    site = write(launch.folder(), {"index.php": "<?php echo getenv('GREETING');"})
    server = launch(site=site, arguments=["--env-file", f"{folder}/env"])
    assert server.get("/").text == "from the file"  # the root is the environment's, the rest reaches PHP


def test_the_env_file_wins_over_the_defaults(launch):
    env_file = write(launch.folder(), {"env": f"DOCUMENT_ROOT={says(launch, 'file')}\n"}) + "/env"
    server = launch(site=launch.folder(), arguments=["--env-file", env_file], DOCUMENT_ROOT=None)
    assert server.get("/").text == "file"
