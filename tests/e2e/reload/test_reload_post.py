"""POST /reload of the internal server: who may, and what it answers."""

import pytest
from harness.reloads import EnvFile


def post(server, target="/reload", **headers):
    return server.internal(target, "POST", {name.replace("_", "-"): value for name, value in headers.items()})


def test_it_answers_when_the_reload_is_over(launch):
    env = EnvFile(launch, RESPONSE_HEADERS="X-Old: 1")
    server = launch(arguments=env.arguments)
    env.write(RESPONSE_HEADERS="X-New: 2")
    answer = post(server)
    assert answer.status == 200, answer.text
    assert answer.json() == {"reloaded": True, "generation": 2, "needs_restart": []}
    assert server.get("/hello.php").header("X-New") == "2"
    env.write(MAX_BODY_SIZE="much")
    answer = post(server)
    assert answer.status == 500 and "MAX_BODY_SIZE=much" in answer.json()["error"]
    assert server.get("/hello.php").header("X-New") == "2"


@pytest.mark.parametrize("headers", ({"Origin": "http://127.0.0.1"}, {"Host": "evil.example"}))
def test_a_browser_is_refused(launch, headers):
    server = launch()
    assert post(server, **headers).status == 403
    assert not [line for line in server.log.json_lines() if line["msg"] == "reloading"]


def test_the_token_is_needed_where_there_is_one_and_changes_with_a_reload(launch):
    env = EnvFile(launch, INTERNAL_TOKEN="one")
    server = launch(arguments=env.arguments)
    assert post(server).status == 401
    assert post(server, Authorization="Bearer two").status == 401
    env.write(INTERNAL_TOKEN="two")
    assert post(server, Authorization="Bearer one").status == 200
    assert post(server, Authorization="Bearer one").status == 401
    assert post(server, Authorization="Bearer two").status == 200


def test_other_methods_and_paths(launch):
    server = launch()
    answer = server.internal("/reload")
    assert (answer.status, answer.header("Allow")) == (405, "POST")
    assert post(server, "/health").status == 405
