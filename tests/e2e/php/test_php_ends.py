"""How a script can end: exit, exceptions, fatal errors, shutdown functions, and what is said of it."""

import pytest

SECRETS = ("secret", "Stack trace", ".php")


def assert_says_nothing(answer):
    assert not any(secret in answer.text for secret in SECRETS), answer.text


def test_exit_with_a_text_sends_it(server):
    answer = server.get("/exit_text.php")
    assert (answer.status, answer.text) == (200, "before bye")


def test_exit_with_a_number_sends_what_there_was(server):
    answer = server.get("/exit_code.php")
    assert (answer.status, answer.text) == (200, "kept")


@pytest.mark.parametrize("script", ["exception", "fatal", "parse_error", "memory"])
def test_a_script_error_is_a_500_that_tells_nothing(server, script):
    answer = server.get(f"/{script}.php")
    assert answer.status == 500
    assert_says_nothing(answer)


@pytest.mark.howdah_only("nginx sends an empty body")
def test_an_empty_500_gets_the_reason_phrase_as_text(server):
    answer = server.get("/exception.php")
    assert answer.text.strip() == "Internal Server Error"
    assert answer.header("Content-Type").startswith("text/plain")


def test_an_exception_after_buffered_output_is_a_500(server):
    answer = server.get("/exception_after_output.php")
    assert answer.status == 500
    assert_says_nothing(answer)


def test_an_exception_after_sent_output_leaves_the_200(server):
    answer = server.get("/exception_after_flush.php")
    assert (answer.status, answer.text) == (200, "sent ")


def test_a_warning_does_not_reach_the_page(server):
    answer = server.get("/warning.php")
    assert (answer.status, answer.text) == (200, "after")


def test_display_errors_shows_errors_when_switched_on(launch):
    server = launch(PHP_INI_SET="display_errors=1;html_errors=0")
    answer = server.get("/exception.php")
    assert "secret-in-exception" in answer.text


@pytest.mark.howdah_only("its log")
@pytest.mark.parametrize(
    "script, text",
    [
        ("exception", "secret-in-exception"),
        ("fatal", "function_that_does_not_exist_secret"),
        ("parse_error", "syntax error"),
        ("memory", "Allowed memory size"),
        ("warning", "undefined_secret"),
    ],
)
def test_what_went_wrong_is_in_the_log_with_the_request_id(server, script, text):
    request_id = f"end-{script}"
    server.get(f"/{script}.php", {"X-Request-ID": request_id})
    line = server.wait_for_log(
        lambda line: line["type"] == "error" and text in line["msg"] and line["ctx"].get("request_id") == request_id,
        f"{text!r} of request {request_id}",
    )
    assert len(line["ctx"]["trace_id"]) == 32 and len(line["ctx"]["span_id"]) == 16
    assert f"{script}.php" in line["msg"]


@pytest.mark.howdah_only("its log")
def test_error_log_brings_a_log_line_with_the_request_id(server):
    server.get("/error_log.php?text=said-by-the-script", {"X-Request-ID": "id-of-error-log"})
    assert server.error_line("said-by-the-script")["ctx"]["request_id"] == "id-of-error-log"


@pytest.mark.howdah_only("its log")
def test_error_log_lines_stay_lines_of_json_whatever_they_hold(server):
    server.get("/error_log.php?text=%22quoted%22%0Asecond%09tab%00nul%FFbyte%1B[31m")
    assert '"quoted"' in server.error_line("quoted")["msg"]


@pytest.mark.howdah_only("its log")
@pytest.mark.process_only("in thread mode all requests share one stderr")
def test_a_line_on_stderr_brings_a_log_line_with_the_request_id(server):
    server.get("/stderr.php?text=written-to-stderr", {"X-Request-ID": "id-of-stderr"})
    assert server.error_line("written-to-stderr")["ctx"]["request_id"] == "id-of-stderr"


@pytest.mark.howdah_only("its log")
def test_a_line_on_stderr_reaches_the_log_in_both_modes(server):
    server.get("/stderr.php?text=plain-stderr-line")
    assert server.error_line("plain-stderr-line")


@pytest.mark.howdah_only("its log")
def test_a_json_line_on_stderr_passes_through(server):
    line = '{"ts":"2026-01-01T00:00:00.000Z","level":"info","type":"app","msg":"own-json-line","data":{"k":1}}'
    server.get("/stderr.php?text=" + line.replace('"', "%22"))
    found = server.wait_for_log(lambda entry: entry.get("msg") == "own-json-line", "the script's own JSON line")
    assert found["data"] == {"k": 1}
    assert found["ts"] == "2026-01-01T00:00:00.000Z"
    assert found["type"] == "app"


def test_shutdown_functions_run_and_write(server):
    assert server.get("/shutdown.php").text == "first second third"


def test_shutdown_functions_run_after_a_fatal_error(server):
    answer = server.get("/shutdown_after_fatal.php")
    assert (answer.status, answer.text, answer.header("X-Shutdown")) == (500, "last words: 1", "ran")


def test_exit_in_a_shutdown_function_ends_the_rest(server):
    answer = server.get("/shutdown_exit.php")
    assert (answer.status, answer.text) == (200, "body and exit")
    assert server.get("/text.php").status == 200


def test_destructors_run_at_the_end(server):
    assert server.get("/destructor.php").text == "body farewell"


def test_a_status_set_by_one_request_is_not_the_next_ones(launch):
    server = launch(PHP_WORKERS=1)
    for script in ("status.php?code=418&body=x", "exception.php", "header.php?line[]=Location:%20/x"):
        server.get(f"/{script}")
        assert server.get("/text.php").status == 200, script
