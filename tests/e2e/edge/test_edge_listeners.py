"""Where a server listens: unix sockets, both families, several addresses, sockets that a service
manager has opened."""

import os
import socket
import stat
import sys

import pytest

from harness import processes
from harness.folders import copy_site, write
from harness.ports import free_port, listens
from harness.server import StartFailed, run_howdah
from harness.sockets import ask, tcp_connection, unix_connection
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("its settings")

SITE = os.path.join(os.path.dirname(__file__), "www")


@pytest.fixture
def path(launch):
    return os.path.join(launch.folder(mode=0o777), "web.sock")


def variables(raw, target="/server.php", **options):
    answer = ask(raw, target, **options)
    assert answer.status == 200, answer.text
    return answer.json()


# -- unix sockets --------------------------------------------------------------------------------------


def test_a_unix_socket_serves_and_says_so_to_php(launch, path):
    launch(LISTEN_ADDR=f"unix:{path}")
    with unix_connection(path) as raw:
        seen = variables(raw, host="web.example:81")
        assert (seen["REMOTE_ADDR"], seen["SERVER_ADDR"]) == ("unix:", f"unix:{path}")
        assert (seen["SERVER_NAME"], seen["SERVER_PORT"]) == ("web.example", "81")
        assert "REMOTE_PORT" not in seen
        # And without a Host there is still a name.
        raw.send("GET /server.php HTTP/1.0\r\n\r\n")
        seen = raw.read_response().json()
        assert (seen["SERVER_NAME"], seen["SERVER_PORT"]) == ("localhost", "80")


@pytest.mark.parametrize("option, bits", [("", 0o660), ("?mode=0600", 0o600), ("?mode=0666", 0o666), ("?mode=777", 0o777)])
def test_the_mode_of_a_unix_socket(launch, path, option, bits):
    launch(LISTEN_ADDR=f"unix:{path}{option}")
    assert stat.S_IMODE(os.stat(path).st_mode) == bits


def test_the_file_is_gone_after_the_end(launch, path):
    server = launch(LISTEN_ADDR=f"unix:{path}")
    assert os.path.exists(path)
    server.stop()
    assert not os.path.exists(path)


def test_a_file_that_a_killed_server_left_is_replaced(launch, path):
    server = launch(LISTEN_ADDR=f"unix:{path}")
    server.expect_exit = None
    server.kill()
    assert os.path.exists(path)
    launch(LISTEN_ADDR=f"unix:{path}")
    with unix_connection(path) as raw:
        assert ask(raw, "/server.php").status == 200


def test_a_socket_that_somebody_listens_on_stops_the_start(programs, launch, path):
    launch(LISTEN_ADDR=f"unix:{path}")
    refused = run_howdah(programs, env={**launch.prepare(launch.folder()).environment, "LISTEN_ADDR": f"unix:{path}"})
    assert refused.returncode == 2
    assert path in refused.stderr and "in use" in refused.stderr, refused.stderr
    with unix_connection(path) as raw:
        assert ask(raw, "/server.php").status == 200


def test_a_file_that_is_no_socket_is_left_alone(programs, launch, path):
    with open(path, "w") as file:
        file.write("precious")
    refused = run_howdah(programs, env={**launch.prepare(launch.folder()).environment, "LISTEN_ADDR": f"unix:{path}"})
    assert refused.returncode == 2
    assert open(path).read() == "precious"


def test_a_server_that_ends_leaves_the_socket_of_the_next_one_alone(launch, path):
    """A restart while the old server still drains."""
    old = launch(LISTEN_ADDR=f"unix:{path}")
    gate = old.gate()
    with unix_connection(path) as raw:
        raw.send(f"GET /gate.php?gate={gate.path} HTTP/1.1\r\nHost: a\r\n\r\n")
        gate.wait_started()
        old.process.terminate()
        wait_until(lambda: refuses(path), "the old server to accept no more")
        launch(LISTEN_ADDR=f"unix:{path}")
        gate.release()
        assert raw.read_response().text == "released"
    old.stop()
    with unix_connection(path) as raw:
        assert ask(raw, "/server.php").status == 200


def refuses(path):
    try:
        unix_connection(path).close()
        return False
    except ConnectionRefusedError:
        return True


# -- TCP -----------------------------------------------------------------------------------------------


def test_ipv6(launch):
    port = free_port()
    launch(LISTEN_ADDR=f"[::1]:{port}")
    with tcp_connection("::1", port) as raw:
        seen = variables(raw, host=f"[::1]:{port}")
    assert (seen["REMOTE_ADDR"], seen["SERVER_ADDR"]) == ("::1", "::1")
    assert (seen["SERVER_NAME"], seen["SERVER_PORT"], seen["HTTP_HOST"]) == ("[::1]", str(port), f"[::1]:{port}")
    assert not listens(port), "IPv4 was not asked for"


def test_a_port_alone_is_both_families(launch):
    port = free_port()
    launch(LISTEN_ADDR=f":{port}")
    with tcp_connection("::1", port) as raw:
        assert variables(raw)["REMOTE_ADDR"] == "::1"
    with tcp_connection("127.0.0.1", port) as raw:
        seen = variables(raw)
        assert (seen["REMOTE_ADDR"], seen["SERVER_ADDR"]) == ("127.0.0.1", "127.0.0.1")


def test_a_name_is_all_its_addresses(launch):
    port = free_port()
    launch(LISTEN_ADDR=f"localhost:{port}")
    addresses = {entry[4][0] for entry in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM)}
    for address in addresses:
        with tcp_connection(address, port) as raw:
            assert variables(raw)["SERVER_ADDR"] == address


def test_several_addresses_of_all_kinds(launch, path):
    one, two = free_port(), free_port()
    server = launch(LISTEN_ADDR=f"127.0.0.1:{one}, 127.0.0.1:{two},unix:{path} ,[::1]:{one}")
    for raw in (tcp_connection("127.0.0.1", one), tcp_connection("127.0.0.1", two), tcp_connection("::1", one), unix_connection(path)):
        with raw:
            assert ask(raw, "/server.php").status == 200
    line = server.wait_for_log(lambda line: line["msg"] == "listening", "of the start")
    assert line["data"]["addresses"] == f"127.0.0.1:{one}, 127.0.0.1:{two}, unix:{path}, [::1]:{one}"


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", ""])
def test_a_port_in_use_is_named(programs, launch, host):
    family = socket.AF_INET6 if host in ("[::1]", "") else socket.AF_INET
    with socket.create_server(("::1" if host == "[::1]" else "", 0), family=family) as taken:
        value = f"{host}:{taken.getsockname()[1]}"
        refused = run_howdah(programs, env={**launch.prepare(launch.folder()).environment, "LISTEN_ADDR": value})
    assert refused.returncode == 2
    assert f"LISTEN_ADDR={value}" in refused.stderr and "in use" in refused.stderr, refused.stderr


def test_one_address_that_cannot_be_had_leaves_none_behind(programs, launch, path):
    free = free_port()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        value = f"unix:{path},127.0.0.1:{free},127.0.0.1:{taken.getsockname()[1]}"
        refused = run_howdah(programs, env={**launch.prepare(launch.folder()).environment, "LISTEN_ADDR": value})
    assert refused.returncode == 2
    assert not os.path.exists(path) and not listens(free)


# -- inherited sockets ---------------------------------------------------------------------------------

# What a service manager does: the sockets become 3, 4, ..., and the variables name them.
ACTIVATE = """
import fcntl, os, sys
names, fds, program = sys.argv[1], [int(fd) for fd in sys.argv[2].split(',')], sys.argv[3:]
copies = [fcntl.fcntl(fd, fcntl.F_DUPFD, 64) for fd in fds]
for number, fd in enumerate(copies, 3):
    os.dup2(fd, number, inheritable=True)
os.closerange(3 + len(fds), 256)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)), LISTEN_FDNAMES=names)
os.execv(program[0], program)
"""


def activated(launch, names, sockets, **variables):
    """A server that is not started yet; start it with pass_fds."""
    root = launch.folder()
    copy_site(SITE, root)
    server = launch.prepare(root, **variables)
    fds = [one.fileno() for one in sockets]
    server.prefix = [sys.executable, "-c", ACTIVATE, names, ",".join(map(str, fds))]
    return server, fds


def test_inherited_sockets_are_used_instead_of_listen_addr(launch, path):
    web = socket.create_server(("127.0.0.1", 0))
    files = socket.socket(socket.AF_UNIX)
    files.bind(path)
    os.chmod(path, 0o666)
    files.listen()
    server, fds = activated(launch, "web:files", [web, files])
    unused = server.address[1]
    server.address = web.getsockname()
    server.start(pass_fds=fds)
    try:
        assert server.get("/server.php").status == 200
        with unix_connection(path) as raw:
            assert variables(raw)["SERVER_ADDR"] == f"unix:{path}"
        assert not listens(unused)
        environment = server.get("/environment.php").json()
        assert not [name for name in environment if name.startswith("LISTEN_") and name != "LISTEN_ADDR"]
        line = server.wait_for_log(lambda line: line["msg"].startswith("LISTEN_ADDR is not used"), "about LISTEN_ADDR")
        assert line["level"] == "warn"
    finally:
        server.stop()
    assert os.path.exists(path), "the file belongs to who has made it"


def test_a_new_front_goes_on_with_inherited_sockets(launch):
    web = socket.create_server(("127.0.0.1", 0))
    server, fds = activated(launch, "web", [web])
    server.address = web.getsockname()
    server.start(pass_fds=fds)
    try:
        front = server.front_pid()
        os.kill(front, 9)
        wait_until(lambda: not processes.alive(front), "the front to die")
        wait_until(server.ready, "the next front", 20)
        assert server.get("/server.php").status == 200
    finally:
        server.stop()


def test_the_socket_named_internal_is_the_internal_server(launch):
    internal = socket.create_server(("127.0.0.1", 0))
    server, fds = activated(launch, "internal", [internal])
    server.internal_address = internal.getsockname()
    server.start(pass_fds=fds)
    try:
        assert server.internal("/health").status == 200
        assert server.get("/server.php").status == 200, "LISTEN_ADDR is still used"
    finally:
        server.stop()


def test_the_socket_named_https_needs_a_certificate(launch):
    with socket.create_server(("127.0.0.1", 0)) as web:
        assert "HTTPS needs TLS_CERT and TLS_KEY" in refused_sockets(launch, "https", [web])


def refused_sockets(launch, names, sockets):
    server, fds = activated(launch, names, sockets)
    server.expect_exit = None
    with pytest.raises(StartFailed) as failed:
        server.start(pass_fds=fds)
    assert server.process.returncode == 2
    return str(failed.value)


def test_what_is_no_listening_stream_socket_stops_the_start(launch):
    with socket.create_server(("127.0.0.1", 0)) as web, socket.socket() as unbound:
        assert "descriptor 4 (b): not a listening stream socket" in refused_sockets(launch, "a:b", [web, unbound])
    with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        assert "descriptor 3 (a): not a listening stream socket" in refused_sockets(launch, "a", [datagrams])


def test_too_few_names_stop_the_start(launch):
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        assert "LISTEN_FDNAMES=a: not as many names" in refused_sockets(launch, "a", [one, two])


def test_sockets_for_another_process_are_not_taken(launch):
    root = launch.folder()
    write(root, {"index.php": "<?php echo getenv('LISTEN_FDS') === false ? 'clean' : 'told';"})
    server = launch(site=root, LISTEN_PID="1", LISTEN_FDS="2")
    assert server.get("/").text == "clean"
