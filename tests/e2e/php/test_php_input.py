"""What a request brings: query, forms, uploads, raw bodies, cookies."""

import base64
import hashlib
import json
import os

import pytest

from harness.forms import multipart, urlencoded
from harness.waiting import wait_until


def sha1(data):
    return hashlib.sha1(data).hexdigest()


def form(server, method, target, body, content_type="application/x-www-form-urlencoded"):
    answer = server.request(method, target, body, {"Content-Type": content_type})
    assert answer.status == 200, answer.text
    return answer.json()


# -- query and forms ---------------------------------------------------------------------------------


def test_query_parameters(server):
    assert server.get("/dump.php?a=1&b=two%20words&c=%C3%A4&d").json()["get"] == {
        "a": "1",
        "b": "two words",
        "c": "ä",
        "d": "",
    }


def test_nested_brackets_in_the_query(server):
    found = server.get("/dump.php?a[]=1&a[]=2&b[x][y]=3&b[x][z]=4").json()["get"]
    assert found == {"a": ["1", "2"], "b": {"x": {"y": "3", "z": "4"}}}


def test_dots_and_spaces_in_names_become_underscores(server):
    assert server.get("/dump.php?a.b=1&c%20d=2").json()["get"] == {"a_b": "1", "c_d": "2"}


def test_an_urlencoded_form_fills_post(server):
    body, headers = urlencoded([("name", "Zoë"), ("list[]", "a"), ("list[]", "b"), ("deep[one][two]", "c")])
    found = server.post("/dump.php?q=1", body, headers).json()
    assert found["post"] == {"name": "Zoë", "list": ["a", "b"], "deep": {"one": {"two": "c"}}}
    assert found["get"] == {"q": "1"}
    assert found["request"] == {"q": "1", **found["post"]}
    assert base64.b64decode(found["input"]) == body


def test_the_content_type_of_a_form_may_have_parameters_and_any_case(server):
    found = form(server, "POST", "/dump.php", b"a=1", "Application/X-WWW-Form-URLencoded; charset=UTF-8")
    assert found["post"] == {"a": "1"}


def test_a_form_without_a_length_in_chunks_fills_post(server):
    with server.raw() as raw:
        raw.send(
            "POST /dump.php HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\n3\r\na=1\r\n4\r\n&b=2\r\n0\r\n\r\n"
        )
        found = raw.read_response().json()
    assert found["post"] == {"a": "1", "b": "2"}


@pytest.mark.howdah_only("nginx keeps neither")
def test_a_chunked_body_has_its_length_and_no_transfer_encoding(server):
    with server.raw() as raw:
        raw.send(
            "POST /dump.php HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            "3\r\nabc\r\n0\r\n\r\n"
        )
        found = raw.read_response().json()["server"]
    assert found["CONTENT_LENGTH"] == "3"
    assert "HTTP_TRANSFER_ENCODING" not in found


def test_a_large_form_arrives_whole(server):
    body, headers = urlencoded([(f"field{i}", "x" * 500) for i in range(900)])
    found = server.post("/dump.php", body, headers).json()
    assert len(found["post"]) == 900 and all(value == "x" * 500 for value in found["post"].values())


def test_max_input_vars_cuts_the_rest(server):
    body, headers = urlencoded([(f"f{i}", "1") for i in range(1500)])
    # PHP itself stops one later when the body comes in one piece.
    assert len(server.post("/dump.php", body, headers).json()["post"]) in (1000, 1001)


def test_multipart_fields_fill_post(server):
    body, headers = multipart([("a", "1"), ("b[x]", "2"), ("b[y]", "3")])
    found = server.post("/dump.php", body, headers).json()
    assert found["post"] == {"a": "1", "b": {"x": "2", "y": "3"}}
    assert found["input"] == ""


def test_a_body_that_is_no_form_only_reaches_php_input(server):
    body = json.dumps({"a": [1, 2]}).encode()
    found = form(server, "POST", "/dump.php", body, "application/json")
    assert found["post"] == []
    assert base64.b64decode(found["input"]) == body


@pytest.mark.howdah_only("PHP-FPM parses POST alone")
def test_a_query_request_fills_post(server):
    found = form(server, "QUERY", "/method_body.php", b"a=1&b[]=2")
    assert found == {"method": "QUERY", "post": {"a": "1", "b": ["2"]}, "input": "a=1&b[]=2"}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "PROPFIND"])
def test_other_methods_only_fill_php_input(server, method):
    found = form(server, method, "/method_body.php", b"a=1")
    assert found == {"method": method, "post": [], "input": "a=1"}


@pytest.mark.parametrize("method", ["OPTIONS", "REPORT", "MKCOL", "PURGE", "X-OWN"])
def test_any_method_reaches_php(server, method):
    answer = server.request(method, "/method_body.php")
    assert (answer.status, answer.json()["method"]) == (200, method)


# -- raw bodies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 16 * 1024, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 100_000, 5 << 20])
@pytest.mark.parametrize("content_type", ["application/octet-stream", "application/json"])
def test_php_input_holds_the_body_whole(server, size, content_type):
    body = os.urandom(size)
    found = form(server, "POST", "/input.php", body, content_type)
    assert found == {"length": size, "sha1": sha1(body), "post": 0}


def test_a_put_of_five_megabytes(server):
    body = os.urandom(5 << 20)
    assert form(server, "PUT", "/input.php", body, "image/png")["sha1"] == sha1(body)


@pytest.mark.parametrize("size", [20, 200_000])
def test_php_input_can_be_read_again_and_sought(server, size):
    body = (b"0123456789" * (size // 10))[:size]
    assert form(server, "POST", "/input_twice.php", body, "text/plain") == [True, "3456"]


@pytest.mark.parametrize("size", [10, 16 << 10, (16 << 10) + 1, 1 << 20])
def test_the_input_can_be_sought_before_it_is_read(server, size):
    body = b"0123456789" + bytes(size - 10)
    assert form(server, "POST", "/input_seek.php", body, "application/json") == ["7", "2", size]


def test_a_script_that_reads_one_byte_of_100_megabytes(server):
    body = b"A" + bytes(100 << 20)
    answer = server.post("/input_one_byte.php", body, {"Content-Type": "application/octet-stream"})
    assert (answer.status, answer.text) == (200, "A")
    assert server.get("/dump.php").status == 200


def test_a_body_that_no_script_reads_does_not_disturb_the_connection(server):
    with server.connect() as connection:
        for _ in range(3):
            assert connection.request("POST", "/text.php", bytes(1 << 20)).text.startswith("Text before, 2")


# -- uploads -----------------------------------------------------------------------------------------


def upload(server, files, fields=()):
    body, headers = multipart(fields, files)
    answer = server.post(f"/upload.php?to={server.open_folder('uploads')}", body, headers)
    assert answer.status == 200, answer.text
    return answer.json()


def test_an_upload_is_moved_to_its_place(server):
    content = b"%PDF-1.4 something"
    found = upload(server, [("file", "a paper.pdf", "application/pdf", content)], [("title", "T")])
    assert found["post"] == {"title": "T"}
    assert found["moved"] == [
        {"name": "a paper.pdf", "error": 0, "is_uploaded": True, "moved": True, "sha1": sha1(content), "size": len(content)}
    ]
    described = found["files"]["file"]
    assert (described["type"], described["size"], described["full_path"]) == ("application/pdf", len(content), "a paper.pdf")


def test_an_upload_of_more_than_a_megabyte(server):
    content = os.urandom(1_500_000)
    assert upload(server, [("file", "big.bin", "application/octet-stream", content)])["moved"][0]["sha1"] == sha1(content)


def test_several_uploads_under_one_name(server):
    contents = [os.urandom(1000 + i) for i in range(3)]
    found = upload(server, [("files[]", f"{i}.bin", "image/png", data) for i, data in enumerate(contents)])
    assert [entry["sha1"] for entry in found["moved"]] == [sha1(data) for data in contents]
    assert found["files"]["files"]["name"] == ["0.bin", "1.bin", "2.bin"]


def test_uploads_under_nested_names(server):
    found = upload(
        server,
        [("a[x][one]", "1.txt", "text/plain", b"1"), ("a[x][two]", "2.txt", "text/plain", b"22")],
    )
    assert found["files"]["a"]["size"] == {"x": {"one": 1, "two": 2}}
    assert [entry["size"] for entry in found["moved"]] == [1, 2]


def test_an_empty_file_field_is_error_four(server):
    found = upload(server, [("file", "", "application/octet-stream", b"")])
    assert found["files"]["file"]["error"] == 4


def test_upload_max_filesize_is_error_one(server):
    found = upload(server, [("file", "large.bin", "application/octet-stream", bytes(3 << 20))])
    assert found["files"]["file"]["error"] == 1


def test_an_upload_that_is_not_moved_is_removed(server):
    body, headers = multipart(files=[("file", "a.txt", "text/plain", b"text")])
    path = server.post("/upload_left.php", body, headers).text
    assert path.startswith("/")
    # The answer may be there a moment before the script's end has been cleaned up.
    wait_until(lambda: not os.path.exists(path), "the uploaded file to be removed")


# -- cookies and sessions ----------------------------------------------------------------------------


def test_cookies_are_parsed(server):
    found = server.get("/dump.php", {"Cookie": "a=1; b=two%20words; c[x]=3; a=ignored"}).json()
    assert found["cookie"] == {"a": "1", "b": "two words", "c": {"x": "3"}}


def test_cookies_are_no_part_of_request(launch):
    server = launch(PHP_INI_SET="request_order=GP")  # as Debian's php.ini has it
    assert server.get("/dump.php?q=1", {"Cookie": "a=1"}).json()["request"] == {"q": "1"}


@pytest.fixture(scope="module")
def sessions(launch_shared):
    folder = launch_shared.folder(mode=0o777)
    return launch_shared(PHP_INI_SET=f"session.save_path={folder};session.gc_probability=0")


def visit(server, cookie=None):
    return server.get("/session.php", {"Cookie": cookie} if cookie else {})


def test_a_session_counts_across_requests_and_workers(sessions):
    first = visit(sessions)
    cookie = first.header("Set-Cookie").split(";")[0]
    assert cookie == f"PHPSESSID={first.json()['id']}"
    for number in range(2, 12):
        answer = visit(sessions, cookie)
        assert answer.json()["visits"] == number
        assert answer.all("Set-Cookie") == []


def test_two_visitors_have_two_sessions(sessions):
    cookies = [visit(sessions).header("Set-Cookie").split(";")[0] for _ in range(2)]
    assert cookies[0] != cookies[1]
    assert [visit(sessions, cookies[0]).json()["visits"] for _ in range(3)] == [2, 3, 4]
    assert visit(sessions, cookies[1]).json()["visits"] == 2


def test_a_session_makes_the_answer_uncacheable(sessions):
    answer = visit(sessions)
    assert answer.header("Cache-Control") == "no-store, no-cache, must-revalidate"
    assert answer.header("Pragma") == "no-cache"


def test_a_destroyed_session_starts_again(sessions):
    cookie = visit(sessions).header("Set-Cookie").split(";")[0]
    assert sessions.get("/session_end.php", {"Cookie": cookie}).text == "ended"
    assert visit(sessions, cookie).json()["visits"] == 1


def test_a_request_without_a_cookie_never_sees_the_last_ones_session(sessions):
    seen = {visit(sessions).json()["id"] for _ in range(10)}
    assert len(seen) == 10
