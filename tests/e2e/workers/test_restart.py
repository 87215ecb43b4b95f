"""POST /workers/restart: new workers in every pool, with the settings in use."""

import pytest
from harness.folders import write
from harness.load import Load
from harness.reloads import EnvFile

pytestmark = pytest.mark.howdah_only("worker scripts")

WORKER = """<?php
$code = 'CODE';
while (frankenphp_handle_request(function () use ($code) { echo $code, ' ', $_SERVER['STAGE'] ?? ''; }));
"""


def post(server, **headers):
    return server.internal("/workers/restart", "POST", headers)


@pytest.fixture
def server(launch):
    env = EnvFile(launch, WORKER_SCRIPT="worker.php;other.php", WORKER_NUM="2;1", WORKER_MATCH="/*;/other/*")
    site = write(launch.folder(), {"worker.php": WORKER, "other.php": WORKER, "once.php": "<?php echo getmypid();"})
    server = launch(site=site, arguments=env.arguments)
    server.env = env
    return server


def test_it_answers_when_the_new_workers_serve(server):
    assert server.get("/").text == "CODE "
    before = {worker["pid"] for worker in server.workers()}
    write(server.root, {"worker.php": WORKER.replace("CODE", "NEW")})
    server.env.write(STAGE="live", RESPONSE_HEADERS="X-New: 1", WORKER_SCRIPT="worker.php")
    answer = post(server)
    assert answer.status == 200, answer.text
    assert answer.json() == {"restarted": True, "generation": 2}
    seen = server.get("/")
    assert (seen.text, seen.header("X-New")) == ("NEW ", None), "only a reload reads the settings"
    after = {worker["pid"] for worker in server.workers()}
    assert not before & after
    assert [worker["pool"] for worker in server.workers()] == ["classic"] * 2 + ["worker.php"] * 2 + ["other.php"]


def test_no_request_fails_meanwhile(server):
    with Load(server, "/", 3) as one, Load(server, "/other/x", 3) as other, Load(server, "/once.php", 2) as classic:
        for _ in range(3):
            assert post(server).status == 200
    for load in (one, other, classic):
        assert load.failures == [] and load.answers > 0


def test_it_is_refused_as_a_reload_is(server):
    assert post(server, Origin="http://127.0.0.1").status == 403
    assert post(server, Host="evil.example").status == 403
    answer = server.internal("/workers/restart")
    assert (answer.status, answer.header("Allow")) == (405, "POST")
    assert not [line for line in server.log.json_lines() if line["msg"] == "restarting the workers"]


def test_it_needs_the_token(launch):
    site = write(launch.folder(), {"once.php": "<?php echo 1;"})
    server = launch(site=site, INTERNAL_TOKEN="one")
    assert post(server).status == 401
    assert post(server, Authorization="Bearer one").status == 200


def test_a_script_that_does_not_start_leaves_the_old_ones(server):
    write(server.root, {"other.php": "<?php throw new Exception('broken');"})
    answer = post(server)
    assert answer.status == 500 and "other.php: " in answer.json()["error"], answer.text
    assert server.get("/other/x").text == server.get("/").text == "CODE "
    write(server.root, {"other.php": WORKER})
    assert post(server).status == 200
