"""What a worker script does after its answer, before it asks for the next request: work that
frameworks put off (Symfony's terminate). Nothing that it leaves there meets the next client."""

import pytest

pytestmark = pytest.mark.howdah_only("worker scripts")


@pytest.fixture
def server(launch):
    return launch(www="scripts", WORKER_SCRIPT="between.php", WORKER_NUM="1", INDEX_FILE="between.php")


def ask(server, query, cookie=None):
    return server.get(f"/?{query}", headers={"Cookie": cookie} if cookie else None)


@pytest.mark.parametrize("then", ["session", "written"])
def test_a_session_that_is_opened_there_stays_its_clients(server, then):
    cookie = ask(server, "log_in=ada").header("Set-Cookie").split(";")[0]
    ask(server, f"then={then}", cookie)
    assert ask(server, "").json()[:2] == ["", None]
    # Written, and not locked any more.
    assert ask(server, "who", cookie).json()[1] == {"user": "ada", "seen": "after the answer"}
    assert ask(server, "who").json()[1] == []


def test_a_session_variable_that_is_made_there_is_nobodys(server):
    ask(server, "then=variable")
    assert ask(server, "").json()[:2] == ["", None]


@pytest.mark.parametrize("then", ["buffer", "throws", "exits", "fails", "header"])
def test_output_and_headers_that_are_left_there_are_nobodys(server, then):
    clean = ask(server, "")
    assert ask(server, f"then={then}").status == 200
    for _ in range(2):
        answer = ask(server, "")
        assert (answer.status, answer.text) == (200, clean.text)
        assert answer.header("X-Left") is None


def test_env_has_nothing_of_the_request_that_mentions_it_first(launch):
    server = launch(
        www="scripts", WORKER_SCRIPT="between.php", WORKER_NUM="1", INDEX_FILE="between.php", OF_THE_SYSTEM="yes",
        PHP_INI_SET="variables_order=EGPCS",
    )  # fmt: skip
    headers = {"Authorization": "Bearer of-ada", "Cookie": "id=ada"}
    first = server.get("/?env", headers=headers).json()
    assert first["OF_THE_SYSTEM"] == "yes"
    assert not [name for name in first if name.startswith("HTTP_")] and "REQUEST_URI" not in first
    assert server.get("/?env").json() == first
