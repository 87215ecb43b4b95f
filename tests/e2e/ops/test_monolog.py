"""php/TokioPhpFormatter.php: Monolog's records as lines of the server's log (contract, section 8)."""

import json
import re
import shutil
from pathlib import Path

import pytest

from harness.folders import copy_site

pytestmark = pytest.mark.howdah_only("a formatter for its log")

FORMATTER = Path(__file__).resolve().parents[3] / "php" / "TokioPhpFormatter.php"
TRACE = "0af7651916cd43dd8448eb211c80319c"
PIPE_BUF = 4096


@pytest.fixture(scope="module")
def server(launch_shared):
    site = copy_site(Path(__file__).parent / "monolog", launch_shared.folder())
    shutil.copy(FORMATTER, site)
    return launch_shared(site=site, SERVICE_NAME="shop-7", PHP_INI_SET="include_path=.:/usr/share/php")


@pytest.fixture(scope="module")
def values(server):
    answer = server.get("/values.php")
    assert answer.status == 200, answer.text
    return answer.json()


def logged(server, message, count=1):
    """The lines with this message, once there are so many. All of them must be whole."""
    server.wait_for_log(lambda line: line["msg"].startswith(f"last {message}"), f"after {message!r}")
    found = [line for line in server.log.json_lines() if line["msg"].startswith(message)]
    assert len(found) == count, found
    return found


def log(server, message, query="", headers=None):
    assert server.get(f"/log.php?msg={message}{query}", headers).text == "logged"
    assert server.get(f"/log.php?msg=last+{message}", headers).text == "logged"


def test_a_line_passes_through_the_log_as_it_is(server):
    log(server, "bought", headers={"X-Request-ID": "order-1", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"})
    (line,) = logged(server, "bought")
    assert list(line) == ["ts", "level", "type", "msg", "ctx", "data"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["ts"])
    assert (line["level"], line["type"], line["msg"]) == ("info", "app", "bought")
    span = line["ctx"].pop("span_id")
    assert re.fullmatch("[0-9a-f]{16}", span) and span != "b7ad6b7169203331"
    assert line["ctx"] == {"service": "shop-7", "request_id": "order-1", "trace_id": TRACE}
    assert line["data"] == {"user": 7, "tags": ["a", "b"], "none": [], "channel": "shop", "extra": {"host": "a"}}
    # One line of the log, nothing around it.
    assert sum("bought" in text for text in server.log.lines()) == 2  # with "last bought"


@pytest.mark.parametrize(
    "level, name",
    [
        ("debug", "debug"), ("info", "info"), ("notice", "info"), ("warning", "warn"), ("error", "error"),
        ("critical", "error"), ("alert", "error"), ("emergency", "error"),
    ],
)  # fmt: skip
def test_levels_become_those_of_the_server(server, level, name):
    log(server, f"at-{level}", f"&level={level}")
    assert logged(server, f"at-{level}")[0]["level"] == name


def test_an_exception_and_its_cause_are_told_without_arguments(server):
    log(server, "failed", "&fail=1")
    error = logged(server, "failed", 2)[1]["data"]["exception"]
    assert (error["class"], error["message"], error["code"]) == ("RuntimeException", "on purpose", 5)
    assert re.search(r"/log\.php:\d+$", error["file"])
    assert error["previous"]["class"] == "DivisionByZeroError"
    assert all(re.search(r"\.php:\d+$", frame) for frame in error["previous"]["trace"])


def test_long_lines_are_shortened_and_arrive_whole(server):
    log(server, "long", "&more=50")
    for line in logged(server, "long", 51)[1:]:
        assert line["data"]["truncated"] is True
        assert set(line["data"]["filler"]) == {"x"}


def test_every_value_becomes_one_json_line_of_a_pipes_size(values):
    for name, text in values.items():
        if name == "batch":
            continue
        assert text.endswith("\n") and text.count("\n") == 1, name
        assert len(text.encode()) <= PIPE_BUF, name
        line = json.loads(text)
        assert list(line) == ["ts", "level", "type", "msg", "ctx", "data"], name
        assert line["ts"] == "2024-02-02T19:05:06.789Z"
        assert line["ctx"]["service"] == "svc"


@pytest.mark.parametrize(
    "name, expected",
    [
        ("invalid", {"0": "bad \ufffd text", "\ufffd": "key"}),
        ("control", "a\nb\0c"),
        ("unicode", "Ünï/cödé"),
        ("numbers", ["INF", "-INF", "NAN", 1.0, 0.1, 2**63 - 1]),
        ("words", [True, None]),
        ("resources", ["[resource (stream)]", "[resource (closed)]"]),
        ("hostile", "[Hostile: LogicException while it was logged]"),
        ("enum", "H"),
        ("time", "2024-02-03T04:05:06.789+09:00"),
        ("object", {"Point": {"x": 1}}),
        ("closure", "[Closure]"),
        ("anonymous", {"class@anonymous": []}),
        ("list", [1, 2]),
        ("empty", []),
        ("nul_key", {"\0k": 1}),
    ],
)
def test_a_value_is_written_as(values, name, expected):
    data = json.loads(values[name])["data"]
    assert data == {name: expected, "channel": "c"}


def test_an_error_names_its_cause(values):
    error = json.loads(values["error"])["data"]["error"]
    assert (error["class"], error["message"], error["file"]) == ("ErrorException", "first", "a.php:3")
    assert (error["previous"]["class"], error["previous"]["message"]) == ("PDOException", "second")


@pytest.mark.parametrize("name", ["loop", "ring", "deep", "endless", "long_text", "long_list", "long_control", "many_long", "long_keys"])
def test_what_has_no_end_is_shortened_and_says_so(values, name):
    data = json.loads(values[name])["data"]
    assert data["truncated"] is True
    if name == "long_text":
        assert re.fullmatch("ä+", data[name])


@pytest.mark.parametrize("character", ["01", "ff", "78", "22", "f09f9880"])
def test_a_huge_message_keeps_its_beginning(values, character):
    message = json.loads(values[f"message {character}"])["msg"]
    assert len(message) > 100
    assert set(message) == {bytes.fromhex(character).decode(errors="replace")}


def test_names_of_the_context_win_over_the_formatters(values):
    assert json.loads(values["names"])["data"] == {"channel": "mine", "extra": "mine"}


def test_without_context_data_holds_the_channel(values):
    assert json.loads(values["none"])["data"] == {"channel": "c"}


def test_a_batch_is_a_line_for_each(values):
    assert values["batch"] == values["none"] * 2


def test_records_of_monolog_3_are_taken(server):
    answer = server.get("/monolog3.php")
    assert answer.status == 200, answer.text
    found = answer.json()
    assert found["batch"] == "".join(found["lines"])
    lines = [json.loads(line) for line in found["lines"]]
    assert [(line["msg"], line["level"]) for line in lines] == [
        ("Debug", "debug"), ("Notice", "info"), ("Warning", "warn"), ("Alert", "error"),
    ]  # fmt: skip
    for line in lines:
        assert line["ts"] == "2024-02-02T19:05:06.789Z"
        assert line["data"] == {"n": 1, "channel": "shop", "extra": {"host": "a"}}
        assert line["ctx"]["request_id"] == found["id"] == answer.header("X-Request-ID")
        assert line["ctx"].keys() == {"service", "request_id", "trace_id", "span_id"}
