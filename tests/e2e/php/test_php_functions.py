"""The functions that the server adds, as the stub file for editors describes them."""

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest

pytestmark = pytest.mark.howdah_only("functions of the server")

STUB = Path(__file__).resolve().parents[3] / "php/stubs/tokio_sapi.php"
OF_PHP_FPM = {"getallheaders", "apache_request_headers", "apache_response_headers", "fastcgi_finish_request"}


def stub_functions():
    """Name -> signature, in the form of reflect.php."""
    found = re.findall(r"^function (\w+)\((.*)\): (\S+) \{\}$", STUB.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: f"{name}({parameters}): {kind}" for name, parameters, kind in found}


def test_reflection_agrees_with_the_stub_file(server):
    told = server.post("/reflect.php", STUB.read_bytes()).json()
    assert sorted(told["functions"]) == sorted(stub_functions().values())
    constants = re.findall(r"^const (\w+) = (-?\d+);$", STUB.read_text(encoding="utf-8"), re.MULTILINE)
    assert told["constants"] == {name: int(value) for name, value in constants}
    assert told["tokens"] > 100  # the stub file is PHP


def test_the_stub_file_describes_everything():
    text = STUB.read_text(encoding="utf-8")
    described = re.findall(r"\*/\n(?:function|const) (\w+)", text)
    assert sorted(described) == sorted(re.findall(r"^(?:function|const) (\w+)", text, re.MULTILINE))


def test_without_the_extension_only_php_fpms_functions_are_there(launch):
    server = launch(USE_EXT=0)
    names = ",".join(stub_functions())
    assert set(server.get(f"/functions_exist.php?names={names}").json()) == OF_PHP_FPM
    assert server.get("/reflect.php").json() == {"functions": [], "constants": [], "version": None, "tokens": 0}
    # They do what they do.
    assert server.get("/finish_plain.php").text == "the answer"
    assert server.error_line("after the answer: true false")


def test_request_headers(server):
    sent = {"X-lower-CASE": "a", "Accept-Language": "en", "Content-Type": "text/plain", "Cookie": "a=1"}
    told = server.post("/header_functions.php", b"body", sent).json()
    for name in ("getallheaders", "apache", "frankenphp"):
        assert told[name]["X-Lower-Case"] == "a"
        assert told[name]["Accept-Language"] == "en"
        assert told[name]["Content-Type"] == "text/plain"
        assert told[name]["Content-Length"] == "4"
        assert told[name]["Cookie"] == "a=1"
    assert told["getallheaders"] == told["apache"]
    host = told["apache"].pop("Host")
    assert host == "%s:%d" % server.address
    assert told["frankenphp"] == told["apache"]


def test_a_header_that_comes_twice_is_one_value(server):
    with server.raw() as raw:
        raw.send("GET /header_functions.php HTTP/1.1\r\nHost: a\r\nX-Two: 1\r\nX-Two: 2\r\n\r\n")
        assert raw.read_response().json()["frankenphp"]["X-Two"] == "1, 2"


def test_response_headers_have_the_last_of_a_name(server):
    told = server.get("/header_functions.php").json()
    assert told["response"]["X-Twice"] == "2"
    assert not {"Server", "Date"} & set(told["response"])
    assert told["response"] == told["apache response"]


# -- frankenphp_log ----------------------------------------------------------------------------------


def logged(server, request_id, query):
    """What the script says, and the line that it has logged."""
    text = server.get(f"/log.php?{query}", {"X-Request-ID": request_id}).text
    line = server.wait_for_log(
        lambda line: line["ctx"].get("request_id") == request_id and line["type"] == "app", f"of {request_id}"
    )
    return text, line


def test_a_log_line_with_attributes(server):
    text, line = logged(server, "log-all", "case=all&message=order%20paid")
    assert text == "ok"
    assert (line["level"], line["msg"]) == ("info", "order paid")
    assert len(line["ctx"]["trace_id"]) == 32
    assert line["data"] == {
        "null": None, "bool": True, "int": -7, "float": 1.5, "whole": 2, "string": 'line\n"quote" é',
        "list": [1, "two", [3]], "map": {"k": {"n": False}}, "5": "numbered", "bytes": "\N{REPLACEMENT CHARACTER}",
        "nan": "NAN",
    }  # fmt: skip


def test_a_log_line_without_attributes(server):
    assert logged(server, "log-none", "message=x")[1]["data"] == {}


def test_a_list_as_attributes_has_its_numbers_as_names(server):
    assert logged(server, "log-list", "case=list")[1]["data"] == {"0": "first", "1": "second"}


@pytest.mark.parametrize(
    "level, name", [(0, "info"), (3, "info"), (4, "warn"), (7, "warn"), (8, "error"), (1 << 40, "error")]
)
def test_levels(server, level, name):
    assert logged(server, f"log-level-{level}", f"level={level}")[1]["level"] == name


def test_a_line_below_the_log_level_is_dropped(launch):
    server = launch(LOG_LEVEL="warn")
    for level in (-4, -1, 0):
        assert server.get(f"/log.php?level={level}&message=quiet").text == "ok"
    logged(server, "loud", "level=4&message=loud")
    assert not any(line.get("msg") == "quiet" for line in server.log.json_lines())


def test_debug_is_there_when_it_is_wanted(launch):
    assert logged(launch(LOG_LEVEL="debug"), "log-debug", "level=-4")[1]["level"] == "debug"


@pytest.mark.parametrize("case, kind", [("object", 8), ("resource", 9), ("self", 7)])
def test_what_cannot_be_logged_is_an_exception(server, case, kind):
    text = server.get(f"/log.php?case={case}&message=never-{case}").text
    assert text == f"Failed to log message: converting attrs: unsupported zval type {kind}"
    assert not any(line.get("msg") == f"never-{case}" for line in server.log.json_lines())


def test_attributes_that_are_too_large_are_left_out_and_said_to_be(server):
    text, line = logged(server, "log-large", "case=large&message=" + "m" * 6000)
    assert text == "ok"
    assert line["msg"] == "m" * 4096
    assert line["data"] == {"attributes_left_out_bytes": 100011}


def test_a_message_cannot_forge_a_line(server):
    message = 'a\n{"level":"error"}"\0b'
    _, line = logged(server, "log-forged", urlencode({"message": message}))
    assert line["msg"] == message
