"""$_SERVER, getenv and filter_input, as the contract's section on PHP lists them."""

import base64
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.fixture(scope="module")
def server(launch_shared):
    return launch_shared(
        GREETING="hello from outside",
        INTERNAL_TOKEN="secret-internal-token",
        HTTP_PROXY="http://proxy.invalid",
        HTTP_X_FROM_ENVIRONMENT="1",
        HTTPS="on",
        REMOTE_USER="root",
        PATH_INFO="/from-environment",
        CONTENT_TYPE="text/from-environment",
        PHP_AUTH_USER="environment",
    )


def dump(server, target="/dump.php", method="GET", body=None, headers=None):
    answer = server.request(method, target, body, headers)
    assert answer.status == 200, answer.text
    return answer.json()


def server_of(server, target="/dump.php", **options):
    return dump(server, target, **options)["server"]


def test_cgi_variables_of_a_plain_get(server):
    found = server_of(server, "/dump.php?a=1&b=2")
    expected = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REQUEST_METHOD": "GET",
        "REQUEST_URI": "/dump.php?a=1&b=2",
        "QUERY_STRING": "a=1&b=2",
        "SCRIPT_NAME": "/dump.php",
        "SCRIPT_FILENAME": f"{server.root}/dump.php",
        "DOCUMENT_ROOT": server.root,
        "DOCUMENT_URI": "/dump.php",
        "PHP_SELF": "/dump.php",
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_ADDR": "127.0.0.1",
        "REQUEST_SCHEME": "http",
    }
    assert {name: found.get(name) for name in expected} == expected


def test_the_query_string_is_empty_when_there_is_none(server):
    assert server_of(server)["QUERY_STRING"] == ""


def test_the_remote_port_is_the_clients(server):
    with server.connect() as connection:
        connection.request("GET", "/dump.php")
        port = connection.local_port()
        assert connection.request("GET", "/dump.php").json()["server"]["REMOTE_PORT"] == str(port)


@pytest.mark.howdah_only("nginx passes its own port")
@pytest.mark.parametrize(
    "host, name, port",
    [
        ("example.org", "example.org", "80"),
        ("example.org:8443", "example.org", "8443"),
        ("192.0.2.1:81", "192.0.2.1", "81"),
        ("Example.ORG:080", "example.org", None),
    ],
)
def test_server_name_and_port_come_from_the_host_header(server, host, name, port):
    found = server_of(server, headers={"Host": host})
    assert found["SERVER_NAME"].lower() == name
    assert found["HTTP_HOST"] == host
    if port is not None:
        assert found["SERVER_PORT"] == port


@pytest.mark.howdah_only("its own name")
def test_the_server_software_is_howdah_and_its_version(server):
    assert re.fullmatch(r"howdah/\d+\.\d+\.\d+\S*", server_of(server)["SERVER_SOFTWARE"])


def test_every_request_header_is_there_as_http_name(server):
    headers = {"X-Probe": "v1", "Accept-Language": "de;q=0.5", "User-Agent": "probe/1", "x-lower-case": "v2"}
    found = server_of(server, headers=headers)
    assert found["HTTP_X_PROBE"] == "v1"
    assert found["HTTP_ACCEPT_LANGUAGE"] == "de;q=0.5"
    assert found["HTTP_USER_AGENT"] == "probe/1"
    assert found["HTTP_X_LOWER_CASE"] == "v2"


@pytest.mark.howdah_only("nginx joins only with commas since 1.23")
def test_repeated_request_headers_are_joined(server):
    with server.raw() as raw:
        raw.send("GET /dump.php HTTP/1.1\r\nHost: a\r\nX-Probe: one\r\nX-Probe: two\r\nConnection: close\r\n\r\n")
        assert raw.read_response().json()["server"]["HTTP_X_PROBE"] == "one, two"


@pytest.mark.howdah_only("nginx before 1.23 passes the last one")
def test_repeated_cookie_headers_are_joined_by_semicolons(server):
    with server.raw() as raw:
        raw.send("GET /dump.php HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\nCookie: b=2\r\nConnection: close\r\n\r\n")
        assert raw.read_response().json()["cookie"] == {"a": "1", "b": "2"}


def test_content_type_and_length_have_no_http_prefix_alone(server):
    found = server_of(server, method="POST", body=b"{}", headers={"Content-Type": "application/json"})
    assert found["CONTENT_TYPE"] == "application/json"
    assert found["CONTENT_LENGTH"] == "2"


def test_a_header_name_with_an_underscore_is_dropped(server):
    found = server_of(server, headers={"X_Forged_Name": "evil", "Remote_Addr": "evil"})
    assert "HTTP_X_FORGED_NAME" not in found
    assert found["REMOTE_ADDR"] == "127.0.0.1"
    assert "HTTP_REMOTE_ADDR" not in found


@pytest.mark.howdah_only("nginx has no such rule built in")
def test_the_proxy_header_is_dropped(server):
    assert "HTTP_PROXY" not in server_of(server, headers={"Proxy": "http://evil.invalid"})


def test_basic_auth_is_taken_apart(server):
    token = base64.b64encode(b"user:p:w").decode()
    found = server_of(server, headers={"Authorization": f"Basic {token}"})
    assert (found["PHP_AUTH_USER"], found["PHP_AUTH_PW"]) == ("user", "p:w")


def test_digest_auth_is_passed_whole(server):
    answer = server.get("/auth.php", {"Authorization": 'Digest username="u", nonce="n"'})
    assert answer.json()[2] == 'username="u", nonce="n"'


@pytest.mark.howdah_only("nginx and its users set this up each in their own way")
def test_path_info_follows_the_script(server):
    found = server_of(server, "/dump.php/more/path?x=1")
    assert found["PATH_INFO"] == "/more/path"
    assert found["PATH_TRANSLATED"] == f"{server.root}/more/path"
    assert found["SCRIPT_NAME"] == "/dump.php"
    assert found["PHP_SELF"] == "/dump.php/more/path"
    assert found["REQUEST_URI"] == "/dump.php/more/path?x=1"
    assert found["SCRIPT_FILENAME"] == f"{server.root}/dump.php"


@pytest.mark.howdah_only("nginx always passes it")
def test_path_info_is_absent_without_a_path_after_the_script(server):
    assert "PATH_INFO" not in server_of(server)


@pytest.mark.howdah_only("nginx and its users set this up each in their own way")
def test_path_info_is_decoded_and_request_uri_is_not(server):
    found = server_of(server, "/dump.php/a%20b%C3%A4")
    assert found["PATH_INFO"] == "/a bä"
    assert found["REQUEST_URI"] == "/dump.php/a%20b%C3%A4"


@pytest.mark.howdah_only("nginx passes the absolute form on")
def test_the_absolute_form_becomes_origin_form(server):
    with server.raw() as raw:
        raw.send("GET http://example.org/dump.php?a=1 HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n")
        found = raw.read_response().json()["server"]
    assert found["REQUEST_URI"] == "/dump.php?a=1"
    assert found["SERVER_NAME"] == "example.org"


def test_the_request_time_is_now(server):
    before = time.time()
    found = server_of(server)
    after = time.time()
    assert isinstance(found["REQUEST_TIME"], int)
    assert isinstance(found["REQUEST_TIME_FLOAT"], float)
    assert before - 0.1 <= found["REQUEST_TIME_FLOAT"] <= after + 0.1
    assert found["REQUEST_TIME"] == int(found["REQUEST_TIME_FLOAT"])


def test_the_request_time_moves_on_from_request_to_request(server):
    with server.connect() as connection:
        times = [connection.request("GET", "/dump.php").json()["server"]["REQUEST_TIME_FLOAT"] for _ in range(5)]
    assert times == sorted(times) and len(set(times)) == 5


@pytest.mark.howdah_only("added by Howdah")
def test_trace_and_span_ids_are_those_of_the_answer(server):
    answer = server.get("/dump.php")
    found = answer.json()["server"]
    assert re.fullmatch("[0-9a-f]{32}", found["TRACE_ID"])
    assert re.fullmatch("[0-9a-f]{16}", found["SPAN_ID"])
    assert answer.header("traceparent") == found["HTTP_TRACEPARENT"]
    assert found["HTTP_TRACEPARENT"].split("-")[1:3] == [found["TRACE_ID"], found["SPAN_ID"]]
    assert "PARENT_SPAN_ID" not in found


@pytest.mark.howdah_only("added by Howdah")
def test_the_tokio_variables_are_there(server):
    answer = server.get("/dump.php")
    found = answer.json()["server"]
    assert found["TOKIO_REQUEST_ID"] == answer.header("X-Request-ID")
    assert int(found["TOKIO_WORKER_ID"]) in (0, 1)
    assert found["TOKIO_SERVER_BUILD_VERSION"]


@pytest.mark.howdah_only("nginx passes an empty one")
def test_https_is_absent_on_plain_http_whatever_a_client_or_the_environment_says(server):
    assert "HTTPS" not in server_of(server, headers={"X-Forwarded-Proto": "https"})


@pytest.mark.howdah_only("a rule of Howdah's")
@pytest.mark.parametrize(
    "name", ["HTTP_PROXY", "HTTP_X_FROM_ENVIRONMENT", "HTTPS", "REMOTE_USER", "PATH_INFO", "CONTENT_TYPE", "PHP_AUTH_USER"]
)
def test_the_environment_never_fills_request_variables(server, name):
    assert name not in server_of(server)


def test_the_environment_reaches_getenv_and_server(server):
    found = server.get("/environment.php?names=GREETING").json()
    assert found["GREETING"] == {"getenv": "hello from outside", "server": "hello from outside"}


@pytest.mark.howdah_only("PHP-FPM knows no secrets of ours")
@pytest.mark.parametrize("variable", ["INTERNAL_TOKEN", "HOWDAH_INTERNAL_TOKEN"])
def test_secrets_of_the_server_do_not_reach_php(server, variable):
    found = server.get(f"/environment.php?names={variable}").json()
    assert found[variable] == {"getenv": None, "server": None}
    for pid in (server.host_pid(), *server.worker_pids()):
        with open(f"/proc/{pid}/environ", "rb") as environment:
            assert b"secret-internal-token" not in environment.read()


@pytest.mark.howdah_only("PHP-FPM knows no secrets of ours")
def test_redis_addresses_do_not_reach_php(launch):
    server = launch(RATE_LIMIT_STORE="redis://user:redis-password@127.0.0.1:1/0")
    found = server.get("/environment.php?names=RATE_LIMIT_STORE").json()
    assert found["RATE_LIMIT_STORE"] == {"getenv": None, "server": None}


def test_getenv_sees_the_request_as_under_fpm(server):
    found = server.get("/environment.php?names=REMOTE_ADDR,REQUEST_METHOD,HTTP_HOST").json()
    assert found["REMOTE_ADDR"]["getenv"] == "127.0.0.1"
    assert found["REQUEST_METHOD"]["getenv"] == "GET"
    assert found["HTTP_HOST"]["getenv"] == found["HTTP_HOST"]["server"]


def test_filter_input_sees_server_get_post_and_cookie(server):
    answer = server.post(
        "/filter_input.php?q=query",
        b"p=posted",
        {"Content-Type": "application/x-www-form-urlencoded", "Cookie": "c=biscuit", "X-Probe": "v"},
    ).json()
    assert answer["method"] == "POST"
    assert isinstance(answer["port"], int)
    assert answer["has"] is True
    assert (answer["header"], answer["get"], answer["post"], answer["cookie"]) == ("v", "query", "posted", "biscuit")


@pytest.mark.howdah_only("Debian's nginx passes less")
def test_getallheaders_gives_the_header_names_back(server):
    found = server.get("/headers.php", {"X-Probe": "v", "Accept-Language": "de"}).json()
    assert found["X-Probe"] == "v"
    assert found["Accept-Language"] == "de"


def test_no_argv_without_register_argc_argv(server):
    assert "argv" not in server_of(server, "/dump.php?a+b")


@pytest.mark.howdah_only("the mode is Howdah's")
def test_the_sapi_is_fpms_by_name(server):
    thread_safety = "nts" if server.mode == "process" else "zts"
    assert server.get("/sapi.php").text == f"fpm-fcgi fpm-fcgi {thread_safety}"


@pytest.mark.howdah_only("a setting of Howdah's")
def test_php_sapi_name_changes_the_sapi(launch):
    assert launch(PHP_SAPI_NAME="cli-server").get("/sapi.php").text.startswith("cli-server cli-server ")


def test_the_script_runs_in_its_own_folder(server):
    folder, found = server.get("/sub/cwd.php").text.splitlines()
    assert (folder, found) == (os.path.join(server.root, "sub"), "found")
    assert server.get("/cwd.php").text.splitlines() == [server.root, "lost"]


@pytest.mark.howdah_only("threads")
def test_a_crowd_of_scripts_has_each_its_own_environment(launch):
    """As frameworks read their .env files: many assignments, taken back at the end."""
    server = launch(PHP_WORKERS=8)

    def ask(number):
        put = server.get(f"/put_environment.php?value=value{number}").json()
        assert put == {"own": [f"value{number}"] * 20, "child": f"value{number}"}
        assert server.get("/environment.php?names=APP_0").json()["APP_0"]["getenv"] is None

    with ThreadPoolExecutor(16) as executor:
        list(executor.map(ask, range(400)))
    assert not [line for line in server.log.json_lines() if "died" in line["msg"]]
