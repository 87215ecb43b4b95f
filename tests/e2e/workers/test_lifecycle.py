"""The life of worker scripts: boots, ends, restarts, reloads, the end of the server.

The W numbers are those of the case list in docs/worker_mode.md."""

import collections
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import client
from harness.folders import write
from harness.load import Load
from harness.reloads import refused_reload, reload
from harness.server import run_howdah
from harness.waiting import Gate, allow, wait_until

pytestmark = pytest.mark.howdah_only("worker scripts")

# Waits where the test says so (harness.waiting.Gate).
GATE = """
function gate(string $gate): void {
    file_put_contents("$gate/started", getmypid() . "\\n");
    fgets(fopen("$gate/go", 'r'));
}
"""
# Which run of the script this is, and how many requests it has taken.
COUNTER = "<?php $id = bin2hex(random_bytes(6)); $taken = 0;" + GATE + """
while (frankenphp_handle_request(function () use ($id, &$taken) {
    if (isset($_GET['gate'])) gate($_GET['gate']);
    if (isset($_GET['exit'])) { echo 'complete'; exit((int) $_GET['exit']); }
    echo $id, ' ', ++$taken;
})) {}
"""


def start(launch, script, num=1, files=(), **settings):
    site = write(launch.folder(), {"worker.php": script, **dict(files)})
    return launch(site=site, WORKER_SCRIPT="worker.php", WORKER_NUM=num, **settings)


def script_workers(server):
    """Those of the script; others run classic scripts."""
    return [worker for worker in server.workers() if worker["pool"] == "worker.php"]


def restarts(server, cause):
    return server.metric('tokio_php_worker_restarts_total{cause="%s"}' % cause)


def logged(server, text, level=None):
    return [line for line in server.log.json_lines() if text in line["msg"] and level in (None, line["level"])]


def many(server, count, clients, target="/"):
    """The answers to `count` requests of `clients` at a time."""
    with ThreadPoolExecutor(clients) as executor:
        return list(executor.map(lambda _: server.get(target), range(count)))


# --- ends of the script ------------------------------------------------------------------------


def test_a_script_that_ends_after_each_request_answers_all(launch):
    """W2"""
    server = start(launch, "<?php frankenphp_handle_request(function () { echo 'served'; }); die();")
    assert [server.get("/").text for _ in range(10)] == ["served"] * 10
    wait_until(lambda: restarts(server, "script") == 10, "the restarts to be counted")
    assert not logged(server, "unexpected termination")


def test_an_exit_status_is_logged(launch):
    """W3"""
    server = start(launch, COUNTER)
    first = server.get("/").text.split()
    assert server.get("/?exit=1").text == "complete"
    line = server.wait_for_log(lambda line: line["msg"] == "unexpected termination, restarting", "of the exit")
    assert (line["level"], line["data"]["exit_status"], line["data"]["worker"]) == ("warn", 1, 0)
    assert line["ctx"]["request_id"]
    second = server.get("/").text.split()
    assert (first[1], second[1]) == ("1", "1") and first[0] != second[0]
    assert server.get("/?exit=0").text == "complete"
    assert server.get("/").text.endswith(" 1")
    assert len(logged(server, "unexpected termination")) == 1


def test_a_client_that_leaves_does_not_end_the_script(launch):
    """W5"""
    server = start(launch, COUNTER)
    gate = server.gate()
    leaving = client.RawConnection(server.address)
    leaving.send(f"GET /?gate={gate.path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    gate.wait_started()
    leaving.close()
    gate.release()
    assert server.get("/").text.endswith(" 2")


def test_a_dump_in_a_destructor_is_the_answer(launch):
    """W14"""
    server = start(
        launch,
        """<?php
        class Dump { public function __construct(private string $text) {} public function __destruct() { echo $this->text; } }
        while (frankenphp_handle_request(function () {
            http_response_code(500);
            $dump = new Dump($_GET['output']);
            exit(1);
        })) {}
        """,
    )
    for number in range(3):
        answer = server.get(f"/?output=dump{number}")
        assert (answer.status, answer.text) == (500, f"dump{number}")


def test_a_script_with_a_limit_of_its_own(launch):
    """W16"""
    server = start(
        launch,
        """<?php
        $left = (int) getenv('EVERY');
        do { $more = frankenphp_handle_request(function () { echo 'served'; }); } while ($more && --$left);
        exit(0);
        """,
        WORKER_ENV="EVERY=3",
    )
    assert [server.get("/").text for _ in range(10)] == ["served"] * 10
    wait_until(lambda: restarts(server, "script") == 3, "three restarts")
    (worker,) = script_workers(server)
    assert worker["restarts"] == 3
    assert worker["state"] == "idle"
    assert restarts(server, "crash") + restarts(server, "boot") == 0


def test_a_storm_of_requests_that_end_the_script_has_complete_answers_and_no_back_off(launch):
    server = start(
        launch,
        """<?php
        while (frankenphp_handle_request(function () {
            http_response_code(404);
            ob_start();
            echo str_repeat('not found ', 1000);
            register_shutdown_function(function () { echo 'END'; });
            exit(0);
        })) {}
        """,
        num=2,
    )
    began = time.monotonic()
    answers = many(server, 400, 8)
    assert {answer.status for answer in answers} == {404}
    assert {answer.text for answer in answers} == {"not found " * 1000 + "END"}
    # With the shortest back-off there is, 200 restarts of each worker would take 20 s.
    assert time.monotonic() - began < allow(15)
    wait_until(lambda: restarts(server, "script") == 400, "the restarts to be counted")
    assert not logged(server, "failed to boot")


# --- ends that the server brings ---------------------------------------------------------------


def instances(answers):
    """{run of the script: requests it has taken}"""
    assert {answer.status for answer in answers} == {200}
    runs = collections.Counter(answer.text.split()[0] for answer in answers)
    return runs


def test_workers_are_replaced_after_their_requests(launch):
    """W7"""
    server = start(launch, COUNTER, PHP_MAX_REQUESTS=5)
    runs = instances([server.get("/") for _ in range(20)])
    assert len(runs) >= 4
    assert max(runs.values()) <= 5
    wait_until(lambda: restarts(server, "max_requests") >= 3, "the restarts to be counted")
    assert restarts(server, "crash") + restarts(server, "boot") == 0


def test_many_workers_are_replaced_under_load(launch):
    """W8"""
    server = start(launch, COUNTER, num=4, PHP_MAX_REQUESTS=10)
    runs = instances(many(server, 200, 32))
    assert len(runs) > 4
    assert max(runs.values()) <= 10


def test_a_worker_that_has_grown_too_much_ends_its_script(launch):
    server = start(
        launch,
        """<?php
        ini_set('memory_limit', '-1');
        $kept = [];
        while (frankenphp_handle_request(function () use (&$kept) {
            if (isset($_GET['grow'])) $kept[] = str_repeat('x', 100 << 20);
            echo count($kept);
        })) {}
        error_log('came to its end');
        """,
        PHP_MAX_MEMORY="60m",
    )
    assert server.get("/?grow").text == "1"
    wait_until(lambda: server.get("/").text == "0", "a fresh worker")
    assert restarts(server, "crash") == 0
    server.error_line("came to its end")


def test_a_request_whose_time_is_up_costs_the_run_of_its_script(launch):
    server = start(
        launch,
        "<?php $id = bin2hex(random_bytes(6)); while (frankenphp_handle_request(function () use ($id) {"
        " if (isset($_GET['sleep'])) sleep(30); echo $id; })) {}",
        REQUEST_TIMEOUT="1s",
    )
    before = server.get("/").text
    assert server.get("/?sleep").status == 504
    after = server.get("/")
    assert after.status == 200 and after.text != before
    server.wait_for_log(lambda line: "script interrupted: REQUEST_TIMEOUT" in line["msg"], "of the time-out")


def test_a_request_that_cannot_be_interrupted_is_given_up(launch):
    """Reading from a peer that says nothing: PHP does not come back from it (docs/time.md)."""
    server = start(
        launch,
        "<?php while (frankenphp_handle_request(function () {"
        " if (isset($_GET['port'])) { fgets(stream_socket_client('tcp://127.0.0.1:' . $_GET['port'])); }"
        " echo 'served'; })) {}",
        REQUEST_TIMEOUT="1s",
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert server.get(f"/?port={silent.getsockname()[1]}").status == 504
        # By another worker, or in another host, 2 s later.
        wait_until(lambda: server.get("/").text == "served", "a new worker")
        wait_until(lambda: restarts(server, "timeout") == 1, "the restart to be counted")
    assert restarts(server, "boot") + restarts(server, "crash") == 0


# Goes on after its answer: until the gate opens, or for ever.
LINGERS = "<?php" + GATE + """
while (frankenphp_handle_request(function () { echo 'served'; })) {
    if (isset($_GET['gate'])) gate($_GET['gate']);
    while (isset($_GET['spin'])) {}
}
"""


@pytest.mark.parametrize("how", ["waits", "spins"])
def test_a_script_that_hangs_between_two_requests_is_replaced(launch, how):
    server = start(launch, LINGERS, REQUEST_TIMEOUT=f"{allow(1):.0f}s")
    gate = server.gate()
    assert server.get("/?spin" if how == "spins" else f"/?gate={gate.path}").text == "served"
    wait_until(lambda: [worker["state"] for worker in script_workers(server)] == ["background"], "the pause to be shown")
    # By another worker, or in another host.
    wait_until(lambda: server.get("/").text == "served", "a new worker")
    wait_until(lambda: restarts(server, "timeout") == 1, "the restart to be counted")
    server.wait_for_log(lambda line: "its next request in REQUEST_TIMEOUT" in line["data"].get("cause", ""), "why")
    assert restarts(server, "boot") + restarts(server, "crash") == 0
    if how == "waits":
        gate.release()


def test_work_between_two_requests_is_left_in_peace_for_so_long(launch):
    server = start(launch, LINGERS, num=2, REQUEST_TIMEOUT="30s")
    gate = server.gate()
    assert server.get(f"/?gate={gate.path}").text == "served"
    gate.wait_started()
    assert [server.get("/").text for _ in range(5)] == ["served"] * 5  # by the other one
    gate.release()
    wait_until(lambda: [worker["state"] for worker in script_workers(server)] == ["idle"] * 2, "its end")
    assert restarts(server, "timeout") == 0


@pytest.mark.process_only
def test_a_worker_that_is_killed_costs_its_request_alone(launch):
    server = start(launch, COUNTER, num=2)
    gate = server.gate()
    with ThreadPoolExecutor(1) as executor:
        victim = executor.submit(server.get, f"/?gate={gate.path}")
        pid = int(gate.wait_started())
        with Load(server, "/", clients=2) as load:
            wait_until(lambda: load.answers > 20, "answers of the other worker")
            os.kill(pid, signal.SIGKILL)
            assert victim.result().status == 502
            wait_until(
                lambda: sum(worker["pid"] != pid and worker["state"] in ("idle", "busy") for worker in script_workers(server)) == 2,
                "a new worker",
            )
            seen = load.answers
            wait_until(lambda: load.answers > seen + 20, "answers of both")
    assert load.failures == []
    assert restarts(server, "crash") == 1


# --- boots -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script, reason",
    [
        ("<?php throw new Exception('no database');", "no database"),
        ("<?php echo 'no loop';", "no loop"),
        ("<?php exit('not configured');", "not configured"),
        ("<?php syntax error", "syntax error"),
    ],
)
def test_a_start_with_a_script_that_does_not_boot_fails(launch, programs, script, reason):
    """W10"""
    site = write(launch.folder(), {"worker.php": script})
    server = launch.prepare(site, WORKER_SCRIPT="worker.php", WORKER_NUM=1, WORKER_MAX_FAILURES=1)
    result = run_howdah(programs, env=server.environment)
    assert result.returncode == 1
    assert f"{site}/worker.php failed to boot 2 times in a row" in result.stdout
    assert reason in result.stdout


def test_a_start_with_a_script_that_kills_its_process_fails(launch, programs):
    site = write(launch.folder(), {"worker.php": "<?php posix_kill(getmypid(), 9); sleep(60);"})
    server = launch.prepare(site, WORKER_SCRIPT="worker.php", WORKER_NUM=1, WORKER_MAX_FAILURES=1)
    result = run_howdah(programs, env=server.environment)
    assert result.returncode == 1
    assert f"{site}/worker.php failed to boot" in result.stdout


FAILS_AT_FIRST = """<?php
$boots = __DIR__ . '/boots/';
touch($boots . uniqid());
echo "booting\\n";
if (count(glob("$boots*")) <= 4) { throw new Exception('not yet'); }
while (frankenphp_handle_request(function () { echo 'served'; })) {}
"""


def test_an_exception_at_boot_is_one_line_with_its_trace(launch):
    script = "<?php function connect() { throw new Exception('no database'); } connect();"
    # Tried again: a server that ends at once may end before the line is read.
    server = launch.prepare(write(launch.folder(), {"worker.php": script}), WORKER_SCRIPT="worker.php", WORKER_MAX_FAILURES=2)
    server.spawn()
    try:
        server.process.wait(60)
        line = server.error_line("Uncaught Exception: no database")
        assert "Stack trace:\n#0 " in line["msg"] and "connect()" in line["msg"]
        assert not [other for other in server.log.json_lines() if other["msg"].startswith("Stack trace")]
    finally:
        server.kill()


def test_what_is_logged_outside_of_requests_keeps_its_level(launch):
    server = start(
        launch,
        """<?php
        frankenphp_log('at boot', FRANKENPHP_LOG_LEVEL_WARN, ['n' => 1]);
        error_log("said at boot\\nin two lines");
        while (frankenphp_handle_request(function () { echo 'served'; })) {
            frankenphp_log('not logged', FRANKENPHP_LOG_LEVEL_DEBUG);
            error_log('said between');
            frankenphp_log('between', FRANKENPHP_LOG_LEVEL_INFO, ['n' => 2]);
        }
        """,
    )
    assert server.get("/").text == "served"
    between = server.wait_for_log(lambda line: line["msg"] == "between", "of the last line")
    (boot,) = logged(server, "at boot", "warn")
    for line, number in (boot, 1), (between, 2):
        assert (line["type"], line["data"]) == ("app", {"n": number})
    assert between["level"] == "info" and not logged(server, "not logged")
    said = logged(server, "said")
    assert [line["msg"] for line in said] == ["said at boot\nin two lines", "said between"]
    for line in (boot, between, *said):
        assert "request_id" not in line["ctx"]
    assert {(line["type"], line["data"]["worker"]) for line in said} == {("error", 0)}


def test_a_boot_that_fails_is_tried_again(launch):
    site = write(launch.folder(), {"worker.php": FAILS_AT_FIRST, "boots/first": ""})
    os.chmod(f"{site}/boots", 0o777)
    server = launch(site=site, WORKER_SCRIPT="worker.php", WORKER_NUM=1)
    assert server.get("/").text == "served"
    lines = [line for line in server.log.json_lines() if line["msg"] == "worker script failed to boot"]
    assert lines and "not yet" in lines[0]["data"]["cause"]
    assert lines[0]["data"]["script"] == f"{site}/worker.php"
    assert restarts(server, "boot") == 3
    server.error_line("booting")


def test_a_pool_that_serves_goes_on_trying(launch):
    server = start(
        launch,
        "<?php if (!file_exists(__DIR__ . '/works')) exit(1);"
        " while (frankenphp_handle_request(function () { echo 'served'; exit; })) {}",
        files={"works": ""},
        WORKER_MAX_FAILURES=0,
    )
    assert server.get("/").text == "served"
    os.rename(f"{server.root}/works", f"{server.root}/broken")
    # Boots again after this one, at the latest.
    with ThreadPoolExecutor(5) as executor:
        waiting = [executor.submit(server.get, "/") for _ in range(5)]
        wait_until(lambda: restarts(server, "boot") >= 3, "failed boots")
        os.rename(f"{server.root}/broken", f"{server.root}/works")
        assert [answer.result().text for answer in waiting] == ["served"] * 5


def test_a_server_is_ready_when_its_scripts_wait(launch):
    """W20: what comes earlier waits."""
    folder = launch.folder()
    gate = Gate(os.path.join(folder, "gate"))
    script = "<?php" + GATE + """
    gate(__DIR__ . '/gate');
    while (frankenphp_handle_request(function () { echo 'served'; if (isset($_GET['exit'])) exit; })) {}
    """
    server = launch.prepare(write(folder, {"worker.php": script}), WORKER_SCRIPT="worker.php", WORKER_NUM=1)
    server.spawn()
    try:
        gate.wait_started()
        answer = server.internal("/health/ready")
        assert answer.status == 503
        assert [worker["state"] for worker in script_workers(server)] == ["starting"]
        with ThreadPoolExecutor(1) as executor:
            early = executor.submit(server.get, "/?exit")  # waits in the listener's backlog
            assert not server.ready() and not early.done()
            gate.release()
            assert early.result().text == "served"
        assert server.ready()
        gate.wait_started()
        with ThreadPoolExecutor(5) as executor:
            waiting = [executor.submit(server.get, "/") for _ in range(5)]
            wait_until(lambda: server.metric("tokio_php_pending_requests") == 5, "five waiting requests")
            gate.release()
            assert [answer.result().text for answer in waiting] == ["served"] * 5
        server.stop()
    finally:
        server.kill()
        gate.close()


# --- reloads and the end -----------------------------------------------------------------------


def script_of(version, more=""):
    return (
        f"<?php {more} while (frankenphp_handle_request(function () {{ if (isset($_GET['sleep']))"
        f" {{ touch($_GET['sleep']); sleep(60); echo 'after'; }} echo '{version}'; }})) {{}}"
    )


def test_a_reload_brings_new_code_and_no_request_fails(launch):
    server = start(launch, script_of("one"), num=2)
    with Load(server, "/", clients=4) as load:
        for version in ("two", "three"):
            write(server.root, {"worker.php": script_of(version)})
            reload(server)
            assert server.get("/").text == version
            seen = load.answers
            wait_until(lambda: load.answers > seen + 20, "answers")
    assert load.failures == []


def test_a_reload_whose_script_does_not_boot_changes_nothing(launch):
    site = write(launch.folder(), {"worker.php": script_of("one"), "other.php": script_of("other"), "classic.php": "<?php echo 'classic';"})
    server = launch(site=site, WORKER_SCRIPT="worker.php;other.php", WORKER_MATCH="/a/*;/b/*", WORKER_NUM=1, WORKER_MAX_FAILURES=1)
    pids = server.php_pids() if server.mode == "process" else None
    write(site, {"worker.php": script_of("two"), "other.php": script_of("two", "throw new Exception('no database');")})
    with Load(server, "/a/", clients=2) as load:
        reason = refused_reload(server)
        assert "other.php" in reason and "no database" in reason
    assert load.failures == []
    # Neither of the two scripts is a new one.
    assert [server.get(path).text for path in ("/a/", "/b/", "/classic.php")] == ["one", "other", "classic"]
    if pids:
        wait_until(lambda: server.php_pids() == pids, "the old workers alone")
    write(site, {"other.php": script_of("two")})
    reload(server)
    assert [server.get(path).text for path in ("/a/", "/b/", "/classic.php")] == ["two", "two", "classic"]


def test_a_reload_does_not_wait_for_a_request_that_hangs(launch):
    """W17"""
    server = start(launch, script_of("one"), RELOAD_DRAIN="500ms")
    marker = os.path.join(server.open_folder("marks"), "asleep")
    with ThreadPoolExecutor(1) as executor:
        hanging = executor.submit(server.get, f"/?sleep={marker}")
        wait_until(lambda: os.path.exists(marker), "the script to sleep")
        reload(server)
        answer = hanging.result(timeout=allow(10))
    assert answer.status == 502
    assert "after" not in answer.text
    assert server.get("/").text == "one"


def test_a_request_that_waits_survives_a_reload(launch):
    """W18"""
    server = start(launch, COUNTER)
    gate = server.gate()
    with ThreadPoolExecutor(2) as executor:
        busy = executor.submit(server.get, f"/?gate={gate.path}")
        gate.wait_started()
        waiting = executor.submit(server.get, "/")
        wait_until(lambda: server.metric("tokio_php_pending_requests") >= 1, "a waiting request")
        reload(server)
        assert waiting.result().status == 200
        gate.release()
        assert busy.result().status == 200


def test_a_reset_of_opcache_under_load(launch):
    """W22"""
    server = start(
        launch,
        "<?php while (frankenphp_handle_request(function () {"
        " if (isset($_GET['reset'])) { echo json_encode(opcache_reset()); return; }"
        " usleep(1000); echo include __DIR__ . '/included.php'; })) {}",
        num=2,
        files={"included.php": "<?php return 'included';", "classic.php": "<?php echo 'classic';"},
    )
    targets = {"/": "included", "/classic.php": "classic", "/?reset": "true"}
    with ThreadPoolExecutor(16) as executor:
        asked = [target for _ in range(100) for target in ("/", "/classic.php", "/", "/?reset", "/classic.php")]
        answers = list(executor.map(server.get, asked))
    assert {answer.status for answer in answers} == {200}
    assert [answer.text for answer in answers] == [targets[target] for target in asked]
    server.wait_for_log(
        lambda line: line["msg"] == "starting a new worker generation"
        and line["data"]["because"] == "a script called opcache_reset()",
        "of the new generation",
    )
    server.wait_for_log(lambda line: line["msg"] == "the new worker generation serves", "of its take-over", 20)
    assert restarts(server, "crash") == 0


SNAPSHOT = pytest.param("snapshot", marks=pytest.mark.process_only("snapshot mode forks, which threads cannot"))


@pytest.mark.parametrize("worker_mode", ["loop", SNAPSHOT])
def test_an_opcache_that_is_full_brings_a_new_generation(launch, worker_mode):
    """It wants to restart when enough of it is wasted, which it could not while scripts run."""
    server = start(
        launch,
        """<?php
        while (frankenphp_handle_request(function () {
            if (isset($_GET['fill'])) {
                $file = __DIR__ . '/out/large.php';
                for ($i = 0; $i < 20; $i++) {
                    $items = array_map(fn($n) => "['k$n' => 'v$i']", range(0, 5000));
                    file_put_contents($file, '<?php return [' . implode(',', $items) . '];');
                    opcache_invalidate($file, true);
                    opcache_compile_file($file);
                }
            }
            $status = opcache_get_status(false);
            echo json_encode([$status['opcache_enabled'], $status['restart_pending']]);
        })) {}
        """,
        files={"out/.keep": ""},
        PHP_INI_SET="opcache.memory_consumption=8;opcache.interned_strings_buffer=1;opcache.jit=off;"
        "opcache.file_update_protection=0;opcache.max_wasted_percentage=1",
        REQUEST_TIMEOUT="60s",
        WORKER_MODE=worker_mode,
    )
    os.chmod(f"{server.root}/out", 0o777)
    assert server.get("/").json() == [True, False]
    server.get("/?fill")
    # The next request notices, where PHP does not tell.
    wait_until(
        lambda: server.get("/").status == 200 and logged(server, "the new worker generation serves"), "a new generation", 20
    )
    wait_until(lambda: server.get("/").json() == [True, False], "a cache that is in use")
    assert restarts(server, "crash") == 0


def test_a_new_generation_has_the_old_ones_scripts_in_its_cache(launch):
    server = start(
        launch,
        "<?php while (frankenphp_handle_request(function () { $file = __DIR__ . '/included.php';"
        " if (isset($_GET['include'])) include $file; echo json_encode(opcache_is_script_cached($file)); })) {}",
        files={"included.php": "<?php return 1;"},
        PHP_INI_SET="opcache.file_update_protection=0",
    )
    assert server.get("/").text == "false"
    assert server.get("/?include").text == "true"
    reload(server)
    assert server.get("/").text == "true"


ENDS = """<?php
register_shutdown_function(function () { echo "shut down\\n"; });
while (frankenphp_handle_request(function () { echo 'served'; })) {}
sleep(3);
echo "after the loop\\n";
"""


def test_sigterm_lets_scripts_come_to_their_ends(launch):
    server = start(launch, ENDS)
    assert server.get("/").text == "served"
    server.stop()
    said = [line["msg"] for line in server.log.json_lines()]
    assert "after the loop" in said
    assert "shut down" in said


def test_a_script_that_does_not_end_is_cut_with_the_drain(launch):
    server = start(launch, ENDS.replace("sleep(3)", "sleep(600)"), DRAIN_TIMEOUT_SECS=1)
    assert server.get("/").text == "served"
    server.expect_exit = None
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < allow(10)
    assert "after the loop" not in [line["msg"] for line in server.log.json_lines()]


def test_the_ends_of_an_old_generation_are_run(launch):
    server = start(launch, ENDS)
    reload(server)
    assert server.get("/").text == "served"
    server.error_line("after the loop", 20)
    server.error_line("shut down")
