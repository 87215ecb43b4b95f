"""What three frameworks' worker scripts lean on, by stand-ins that call the server as they do
(standins/README.md)."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.apps import php_settings, start_worker
from harness.client import Connection
from harness.forms import urlencoded
from harness.waiting import allow, wait_until

pytestmark = pytest.mark.howdah_only

STORM_CLIENTS = 8
STORM_EACH = 40
RESTARTS = 'tokio_php_worker_restarts_total{cause="script"}'
# With a delay of a second for each worker that starts again the storm would take twice as long.
STORM_TIME = STORM_CLIENTS * STORM_EACH / 4


@pytest.fixture(scope="module")
def codeigniter(launch_shared):
    return start_worker(launch_shared, "codeigniter")


@pytest.fixture(scope="module")
def octane(launch_shared):
    return start_worker(launch_shared, "octane")


@pytest.fixture(scope="module")
def symfony(launch_shared):
    return start_worker(launch_shared, "symfony")


def assert_works_after_the_answer(server):
    gate = server.gate()
    assert server.get(f"/api/ping?work_after={gate.path}").json() == {"pong": True}
    gate.wait_started()
    gate.release()
    assert server.get("/hello/Ada").text == "Hello Ada"


# -- CodeIgniter -------------------------------------------------------------------------------------


def test_a_storm_of_404s_that_each_end_the_script_is_answered_whole_and_without_delay(codeigniter):
    def visit(_):
        with Connection(codeigniter.address, STORM_TIME) as connection:
            for _ in range(STORM_EACH):
                missing = connection.request("GET", "/nope")
                assert missing.status == 404
                assert missing.text.startswith("<h1>404</h1>") and missing.text.endswith("the end of the page")
                assert connection.request("GET", "/api/ping").json() == {"pong": True}

    restarts = codeigniter.metric(RESTARTS)
    began = time.monotonic()
    with ThreadPoolExecutor(STORM_CLIENTS) as pool:
        list(pool.map(visit, range(STORM_CLIENTS)))
    assert time.monotonic() - began < allow(STORM_TIME)
    wait_until(lambda: codeigniter.metric(RESTARTS) - restarts == STORM_CLIENTS * STORM_EACH, "all restarts counted")


def test_settings_that_the_boot_wrote_to_env_are_there_in_every_request(codeigniter):
    for _ in range(6):
        answer = codeigniter.get("/hello/Ada")
        assert (answer.text, answer.header("X-Site")) == ("Hello Ada", "named in the .env file")


def test_a_request_without_tls_has_no_https_key(codeigniter):
    assert codeigniter.get("/api/ping").header("X-Secure") == "no"
    assert "HTTPS" not in codeigniter.get("/server").json()


def test_a_long_page_in_a_buffer_that_is_left_open_arrives_whole(codeigniter):
    assert codeigniter.get("/long").text == "long " * 20000 + "end"


# -- Octane ------------------------------------------------------------------------------------------


def test_the_script_that_ends_after_max_requests_starts_again(launch):
    server = start_worker(launch, "octane", WORKER_NUM=1, MAX_REQUESTS=5)
    for _ in range(17):
        assert server.get("/api/ping").json() == {"pong": True}
    server.error_line("worker ends after 5 requests")
    assert len([line for line in server.log.json_lines() if "worker ends after" in line.get("msg", "")]) == 3


def test_the_environment_is_in_every_requests_server_variables(octane):
    for _ in range(4):
        answer = octane.get("/api/ping")
        assert (answer.header("X-Octane"), answer.header("X-Console")) == ("1", "no")


def test_a_dump_that_ends_the_script_is_answered_whole(octane):
    for _ in range(5):
        answer = octane.get("/dd?shown=value-123")
        assert answer.status == 500
        assert "value-123" in answer.text
        assert octane.get("/api/ping").json() == {"pong": True}


def test_octane_works_on_after_the_answer(octane):
    assert_works_after_the_answer(octane)


@pytest.mark.interrupts_loop
def test_a_time_limit_that_the_boot_set_holds_for_each_request(launch):
    server = start_worker(launch, "octane", WORKER_NUM=1, REQUEST_MAX_EXECUTION_TIME=1)
    for _ in range(2):
        # The boot has set display_errors to stderr, which PHP knows for command lines only: the page shows it.
        assert "Maximum execution time of 1 second exceeded" in server.get("/busy").text
        assert server.get("/hello/Ada").text == "Hello Ada"


# -- Symfony -----------------------------------------------------------------------------------------


def test_what_the_boot_saw_adds_nothing_to_a_request(symfony):
    body, headers = urlencoded([("a", "1")])
    assert symfony.post("/server?a=b", body, {**headers, "Authorization": "Basic YWRhOng="}).json()["QUERY_STRING"] == "a=b"
    seen = symfony.get("/server").json()
    assert seen["APP_RUNTIME_MODE"] == "web=1&worker=1"
    assert (seen["REQUEST_METHOD"], seen["REQUEST_URI"], seen["QUERY_STRING"]) == ("GET", "/server", "")
    foreign = {"CONTENT_TYPE", "PATH_INFO", "HTTPS", "REMOTE_USER", "PHP_AUTH_USER", "PHP_AUTH_PW", "argv", "argc"}
    assert not foreign & seen.keys()


def test_terminate_comes_after_the_answer(symfony):
    assert_works_after_the_answer(symfony)


def test_the_kernel_lives_for_loop_max_requests(launch):
    server = start_worker(launch, "symfony", WORKER_NUM=1, FRANKENPHP_LOOP_MAX=3)
    counts = [server.get("/api/ping").header("X-Terminated") for _ in range(7)]
    assert counts == ["0", "1", "2", "0", "1", "2", "0"]


def test_a_request_that_php_cannot_parse_is_a_400(launch):
    server = start_worker(launch, "symfony", PHP_INI_SET=php_settings(launch, ";post_max_size=2k;max_input_vars=10"))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (b"a=" + b"x" * 4000, b"&".join(b"a%d=1" % number for number in range(20))):
        for _ in range(3):
            answer = server.post("/echo", body, form)
            assert (answer.status, answer.text) == (400, "this request could not be read")
            assert server.post("/echo", b"a=1", form).json() == {"post": {"a": "1"}, "len": 3}
