"""WORKER_MODE=snapshot: each request is served by a fork of the booted script. docs/snapshot_mode.md."""

import os
import random
import re
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import processes
from harness.background import Pending
from harness.folders import write
from harness.reloads import reload_by_signal
from harness.waiting import allow, wait_until

pytestmark = [
    pytest.mark.howdah_only("worker scripts"),
    pytest.mark.process_only("snapshot mode forks, which threads cannot"),
]

CLIENTS = 64
BOOT = """<?php
file_put_contents(getenv('NOTES') . '/boots', 'x', FILE_APPEND);
$version = 'old';
$boot = getmypid();
mt_srand(5);
mt_rand();
gmp_random_bits(8);
"""
HANDLER = r"""
$state = [];
$handler = function () {
    static $calls = 0;
    global $state, $version, $boot;
    $calls++;
    $path = strtok($_SERVER['REQUEST_URI'], '?');
    if ($path === '/state') {
        $state[] = $_GET['user'];
        ini_set('date.timezone', 'Asia/Tokyo');
        setlocale(LC_ALL, 'C.UTF-8');
        putenv('SECRET=' . $_GET['user']);
        define('USER', $_GET['user']);
        set_error_handler(fn () => true);
        echo $calls, ' ', implode(',', $state), ' ', USER;
    } elseif ($path === '/pid') {
        echo getmypid(), ' ', $boot, ' ', posix_getppid();
    } elseif ($path === '/version') {
        echo $version;
    } elseif ($path === '/random') {
        echo mt_rand(), ' ', lcg_value(), ' ', bin2hex(random_bytes(4)), ' ', uniqid('', true), ' ', gmp_random_bits(64);
    } elseif ($path === '/session') {
        session_start();
        $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
        echo $_SESSION['n'];
    } elseif ($path === '/stream') {
        for ($i = 0; $i < 3; $i++) {
            echo "piece $i\n";
            ob_flush();
            flush();
        }
    } elseif ($path === '/finish') {
        echo 'answered';
        fastcgi_finish_request();
        touch(getenv('NOTES') . '/after');
    } elseif ($path === '/log') {
        error_log('a line of ' . $_GET['user']);
        fwrite(STDERR, "raw line of {$_GET['user']}\n");
        echo 'logged';
    } elseif ($path === '/wait') {
        fwrite(fopen($_GET['gate'] . '/started', 'r+'), getmypid() . "\n");
        fgets(fopen($_GET['gate'] . '/go', 'r'));
        echo 'went on';
    } elseif ($path === '/memory') {
        register_shutdown_function(function () { echo 'its end'; });
        str_repeat('x', 300 << 20);
    } elseif ($path === '/loop') {
        while (true) usleep(1000);
    } else {
        echo strlen(file_get_contents('php://input'));
    }
};
while (frankenphp_handle_request($handler)) {
    while (isset($_GET['linger'])) usleep(1000);
}
file_put_contents(getenv('NOTES') . '/ended', 'x', FILE_APPEND);
"""


@pytest.fixture
def start(launch):
    """A server of this script; `boot` comes before its handler."""

    def start(boot="", **settings):
        notes = launch.folder()
        os.chmod(notes, 0o777)
        site = write(launch.folder(), {"worker.php": BOOT + boot + HANDLER})
        options = {"WORKER_NUM": "2", "NOTES": notes, **settings}
        server = launch(site=site, WORKER_SCRIPT="worker.php", WORKER_MODE="snapshot", **options)
        server.notes = notes
        return server

    return start


def of_many(count, ask):
    with ThreadPoolExecutor(CLIENTS) as clients:
        return list(clients.map(ask, range(count)))


def pids(server):
    """Of the fork that answers, of the template, and of the host."""
    return [int(word) for word in server.get("/pid").text.split()]


def titles(host):
    return [processes.title(pid) for pid in processes.descendants(host)]


def boots(server):
    return os.path.getsize(os.path.join(server.notes, "boots"))


# -- each request is the first -----------------------------------------------------------------------


def test_nobody_meets_what_another_request_has_left(start):
    server = start()
    users = [f"user{random.randrange(10**9)}" for _ in range(600)]
    pages = of_many(len(users), lambda i: server.get(f"/state?user={users[i]}").text)
    assert pages == [f"1 {user} {user}" for user in users]
    assert boots(server) == 1


def test_no_two_forks_draw_the_same_number(start):
    server = start()
    drawn = [server.get("/random").text.split() for _ in range(3)]
    for column in zip(*drawn):
        assert len(set(column)) == 3, column


def test_sessions_count_on(start):
    server = start()
    cookie = re.search(r"PHPSESSID=\w+", server.get("/session").header("Set-Cookie"))[0]
    assert [server.get("/session", headers={"Cookie": cookie}).text for _ in range(3)] == ["2", "3", "4"]


def test_bodies_streams_and_work_after_the_answer(start):
    server = start()
    body = random.randbytes(3 << 20)
    assert server.request("POST", "/", body=body, headers={"Content-Type": "text/plain"}).text == str(len(body))
    assert server.get("/stream").text == "piece 0\npiece 1\npiece 2\n"
    assert server.get("/finish").text == "answered"
    wait_until(lambda: os.path.exists(f"{server.notes}/after"), "the script to go on")


def test_a_log_line_has_its_requests_id(start):
    server = start()
    for user in ("ada", "eve"):
        server.get(f"/log?user={user}", headers={"X-Request-ID": f"id-of-{user}"})
        for text in (f"a line of {user}", f"raw line of {user}"):
            assert server.error_line(text)["ctx"]["request_id"] == f"id-of-{user}"


# -- forks ahead of demand ---------------------------------------------------------------------------


@pytest.mark.parametrize("ready", [1, 4])
def test_so_many_forks_wait_ahead_of_demand(start, ready):
    """SNAPSHOT_READY: so many requests more than there are workers need nothing of the template."""
    server = start(WORKER_NUM="2", SNAPSHOT_READY=str(ready))
    _, template, host = pids(server)
    # Forks that wait are called as the template is; one that ends is still called as its worker is.
    wait_until(lambda: titles(host).count("howdah-php: template") == 1 + ready, "the forks to be there")
    wait_until(lambda: len(titles(host)) == 1 + ready + 2, "those that have served to be gone")
    os.kill(template, signal.SIGSTOP)
    try:
        assert [server.get("/version").text for _ in range(2 + ready)] == ["old"] * (2 + ready)
        wait_until(lambda: processes.descendants(host) == [template], "all forks to have ended")
        one_more = Pending(server.address, "/version")
    finally:
        os.kill(template, signal.SIGCONT)
    assert one_more.result().text == "old"
    wait_until(lambda: len(processes.descendants(host)) == 1 + 2 + ready, "new forks to wait")


def test_more_requests_at_once_than_forks_are_ready(start):
    server = start(WORKER_NUM="4", SNAPSHOT_READY="2")
    held = []
    for _ in range(4):
        gate = server.gate()
        held.append((Pending(server.address, f"/wait?gate={gate.path}"), gate))
    assert len({gate.wait_started() for _, gate in held}) == 4
    queued = [Pending(server.address, "/version") for _ in range(40)]
    for _, gate in held:
        gate.release()
    assert [pending.result().text for pending, _ in held] == ["went on"] * 4
    assert [pending.result().text for pending in queued] == ["old"] * 40


def test_workers_shows_the_fork_that_serves(start):
    """/workers: the process that runs the request, never the template."""
    server = start()
    _, template, _ = pids(server)
    for _ in range(3):
        gate = server.gate()
        pending = Pending(server.address, f"/wait?gate={gate.path}")
        pid = int(gate.wait_started())
        shown = [worker for worker in server.workers() if worker["state"] == "busy"]
        assert [(worker["pid"], worker["request"]) for worker in shown] == [(pid, "GET /wait")]
        assert shown[0]["memory"] > 0
        assert pid != template
        gate.release()
        assert pending.result().text == "went on"


# -- what the boot has open --------------------------------------------------------------------------


def test_a_socket_of_the_boot_is_dead_and_named(start):
    server = start(
        "$server = stream_socket_server('tcp://127.0.0.1:0');\n"
        "$client = stream_socket_client('tcp://' . stream_socket_get_name($server, false));\n"
        "$version = fn () => var_export(@fwrite($GLOBALS['client'], 'x'), true);\n"
        "$version = new class($version) { function __construct(public $f) {}"
        " function __toString() { return ($this->f)(); } };\n"
    )
    assert [server.get("/version").text for _ in range(3)] == ["false"] * 3
    server.wait_for_log(
        lambda line: "is dead in requests: a connection to 127.0.0.1:" in line.get("msg", ""), "of the connection"
    )
    named = [line for line in server.log.json_lines() if "is dead in requests" in line.get("msg", "")]
    assert len(named) == 2


def test_an_sqlite_database_is_refused_by_its_name(start):
    with pytest.raises(AssertionError) as failed:
        start("$db = new PDO('sqlite:' . getenv('NOTES') . '/data.db');\n", WORKER_MAX_FAILURES="1")
    assert "data.db is open at the first frankenphp_handle_request()" in str(failed.value)


# -- deaths ------------------------------------------------------------------------------------------


def test_a_fork_that_is_killed_costs_one_request(start):
    server = start()
    gate = server.gate()
    lost = Pending(server.address, f"/wait?gate={gate.path}")
    pid = int(gate.wait_started())
    assert server.get("/version").text == "old"
    os.kill(pid, signal.SIGKILL)
    assert lost.result().status == 502
    assert of_many(100, lambda i: server.get("/version").status) == [200] * 100


def test_a_template_that_is_killed_is_made_again(start):
    server = start()
    gate = server.gate()
    kept = Pending(server.address, f"/wait?gate={gate.path}")
    gate.wait_started()
    _, template, _ = pids(server)
    os.kill(template, signal.SIGKILL)
    wait_until(lambda: pids(server)[1] != template, "a new template")
    gate.release()
    assert kept.result().text == "went on"
    assert boots(server) == 2


def test_forks_that_wait_can_be_killed(start):
    server = start()
    for _ in range(10):
        _, template, host = pids(server)
        for pid in processes.descendants(host):
            if pid not in (host, template):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass  # it has just had its request
    wait_until(lambda: server.get("/version").text == "old", "an answer")
    assert of_many(200, lambda i: server.get("/version").status) == [200] * 200


def test_time_is_up(start):
    server = start(REQUEST_TIMEOUT=f"{allow(0.3) * 1000:.0f}ms")
    assert server.get("/loop").status == 504
    assert of_many(50, lambda i: server.get("/version").status) == [200] * 50


def test_shutdown_functions_run_after_memory_has_run_out(start):
    server = start(PHP_INI_SET="memory_limit=64M")
    for _ in range(3):
        answer = server.get("/memory")
        assert (answer.status, answer.text) == (500, "its end")
    server.error_line("Allowed memory size")
    assert server.get("/version").text == "old"


def test_a_fork_that_hangs_after_its_request_is_killed(start):
    server = start(WORKER_NUM="1", REQUEST_TIMEOUT=f"{allow(1):.0f}s")
    assert server.get("/version?linger").text == "old"
    wait_until(lambda: server.get("/version").text == "old", "the next fork")
    server.wait_for_log(lambda line: "its next request in REQUEST_TIMEOUT" in line["data"].get("cause", ""), "why")


def test_a_lane_that_has_no_fork_for_long_is_idle(start):
    server = start(WORKER_NUM="4", SNAPSHOT_READY="1", REQUEST_TIMEOUT="1s")
    assert of_many(20, lambda i: server.get("/version").text) == ["old"] * 20
    gate = server.gate()
    pending = Pending(server.address, f"/wait?gate={gate.path}")
    gate.wait_started()
    assert pending.result().status == 504  # after more than a second
    assert [worker["state"] for worker in server.workers() if worker["pool"] == "worker.php"].count("idle") >= 3
    assert server.metric('tokio_php_worker_restarts_total{cause="timeout"}') <= 1
    gate.release()


# -- reload, drain -----------------------------------------------------------------------------------


def test_reload_brings_new_code(start):
    server = start()
    assert server.get("/version").text == "old"
    script = f"{server.root}/worker.php"
    with open(script) as file:
        text = file.read()
    write(server.root, {"worker.php": text.replace("'old'", "'new'")})
    reload_by_signal(server)
    assert {page for page in of_many(100, lambda i: server.get("/version").text)} == {"new"}
    assert boots(server) == 2


def test_drain_ends_what_runs_and_then_the_script(start):
    server = start()
    gate = server.gate()
    last = Pending(server.address, f"/wait?gate={gate.path}")
    gate.wait_started()
    server.process.send_signal(signal.SIGTERM)
    gate.release()
    assert last.result().text == "went on"
    assert server.process.wait(timeout=30) == 0
    assert os.path.getsize(f"{server.notes}/ended") == 1


# -- many --------------------------------------------------------------------------------------------


def anonymous(pid):
    """Kilobytes that the process does not share with a file."""
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon:"))


def test_memory_and_descriptors_stay_the_same(start):
    server = start()
    of_many(500, lambda i: server.get("/version").status)
    _, template, host = pids(server)

    def size():
        return [(len(os.listdir(f"/proc/{pid}/fd")), anonymous(pid)) for pid in (template, host)]

    before = size()
    assert of_many(3000, lambda i: server.get("/version").status) == [200] * 3000
    assert pids(server)[1:] == [template, host]
    after = size()
    for (descriptors, memory), (descriptors_then, memory_then) in zip(after, before):
        assert descriptors == descriptors_then
        assert memory < memory_then + 256
    # No zombies, and no more forks than lanes and spares.
    wait_until(lambda: len(processes.descendants(host)) <= 1 + 2 + 2, "the forks to end")
