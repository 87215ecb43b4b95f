"""Who has the key, and how it is replaced while the server runs."""

import os
import pwd
import threading

import pytest

from harness import processes
from harness.certificates import DAY, write_secret
from harness.tls import trusting
from harness.waiting import wait_until

pytestmark = pytest.mark.howdah_only("TLS")


# -- privacy -----------------------------------------------------------------------------------------


def memory_of(pid):
    """Everything readable of a process, in pieces."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            if rights[0] != "r" or "[v" in line:
                continue
            begin, end = (int(part, 16) for part in span.split("-"))
            try:
                memory.seek(begin)
                yield memory.read(end - begin)
            except (OSError, ValueError):
                continue


def has_in_memory(pid, secret):
    return any(secret in piece for piece in memory_of(pid))


def halves(secret):
    """As memory.php wants them."""
    middle = len(secret) // 2
    return "first=%s&second=%s" % (secret[:middle][::-1].hex(), secret[middle:][::-1].hex())


def forms_of(pair):
    """The key as a number, in either byte order, and as it stands in the file."""
    line = pair.key_pem.splitlines()[1]
    return [pair.secret, pair.secret[::-1], line[:32]]


@pytest.mark.root_only
def test_php_cannot_reach_the_key(tls_site):
    site = tls_site(PHP_WORKERS=1)
    pair = site.pairs[0]
    assert os.stat(pair.key).st_mode & 0o777 == 0o600 and os.stat(pair.key).st_uid == 0
    # Handshakes have used it.
    assert all(site.get("/page.html").status == 200 for _ in range(5))
    others = [site.server.parent_pid, site.server.front_pid()]
    found = site.get("/reach.php?key=%s&pids=%s" % (pair.key, ",".join(map(str, others)))).json()
    assert found["key"] is False
    assert not [link for link in found["own"] if link and ("howdah-tls" in link or pair.key in link)]
    assert not any(found["others"]) and not any(found["memories"])
    assert not found["environment"]


@pytest.mark.root_only
@pytest.mark.looks_at_memory
def test_the_key_is_not_in_phps_memory(tls_site):
    site = tls_site(PHP_WORKERS=1)
    pair = site.pairs[0]
    assert all(site.get("/page.html").status == 200 for _ in range(5))
    for form in forms_of(pair):
        found = site.get("/memory.php?" + halves(form)).json()
        assert found["bytes"] > 1 << 20
        assert not found["found"]
        for pid in {site.server.host_pid(), *site.server.php_pids()}:
            assert not has_in_memory(pid, form)
    # The search finds what is there.
    assert site.get("/memory.php?" + halves(site.server.marker.split("=")[1].encode())).json()["found"]
    assert any(has_in_memory(site.server.front_pid(), form) for form in forms_of(pair))


@pytest.mark.root_only
@pytest.mark.looks_at_memory
def test_the_key_is_private_where_front_and_php_are_one_user(tls_site):
    site = tls_site(PHP_WORKERS=1, RUN_AS="www-data", FRONT_USER="www-data")
    assert processes.euid(site.server.front_pid()) == pwd.getpwnam("www-data").pw_uid
    found = site.get("/reach.php?key=x&pids=%d" % site.server.front_pid()).json()
    assert not any(found["others"]) and not any(found["memories"])
    for form in forms_of(site.pairs[0]):
        assert not site.get("/memory.php?" + halves(form)).json()["found"]


@pytest.mark.root_only
def test_only_the_parent_keeps_the_packet(tls_site):
    site = tls_site()

    def holds(pid):
        folder = f"/proc/{pid}/fd"
        return any("howdah-tls" in os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder))

    assert holds(site.server.parent_pid)
    for pid in {site.server.front_pid(), site.server.host_pid(), *site.server.php_pids()}:
        assert not holds(pid)


# -- renewal -----------------------------------------------------------------------------------------


def wait_for_serial(site, pair):
    def shown():
        with site.connect() as connection:
            return connection.serial() == pair.serial

    wait_until(shown, "the new certificate to be shown")


def replace(pair, new):
    write_secret(pair.cert, new.certificate_pem)
    write_secret(pair.key, new.key_pem)


def test_a_renewed_certificate_is_used_and_nobody_notices(tls_site, authority):
    site = tls_site(authority.issue("renewed", "127.0.0.1"), FRONT_THREADS=2)
    failures, stop = [], threading.Event()

    def visit(keep):
        context = trusting(authority)
        try:
            while not stop.is_set():
                with site.connect(context=context) as connection:
                    for _ in range(20 if keep else 1):
                        assert connection.get("/server.php").json()["HTTPS"] == "on"
        except Exception as error:  # told by the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=visit, args=(keep,)) for keep in (True, False)]
    kept = site.connect()
    assert kept.get("/page.html").status == 200
    for thread in threads:
        thread.start()
    for number in range(3):
        new = authority.issue(f"next{number}", "127.0.0.1")
        replace(site.pairs[0], new)
        wait_for_serial(site, new)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert kept.get("/page.html").status == 200
    kept.close()


def test_a_ticket_survives_a_renewal(tls_site, authority):
    site = tls_site(authority.issue("ticketed", "127.0.0.1"))
    context = trusting(authority)
    with site.connect(context=context) as connection:
        assert connection.get("/page.html").status == 200
        session = connection.socket.session
    new = authority.issue("ticketed-new", "127.0.0.1")
    replace(site.pairs[0], new)
    wait_for_serial(site, new)
    with site.connect(context=context, session=session) as connection:
        assert connection.get("/page.html").status == 200
        assert connection.socket.session_reused


def test_links_may_be_swapped(launch, tls_site, authority):
    """As certbot does it: live/x.pem is a link into an archive."""
    old, new = authority.issue("archive1", "127.0.0.1"), authority.issue("archive2", "127.0.0.1")
    folder = launch.folder()
    pair = authority.issue("linked", "127.0.0.1")
    pair.cert, pair.key = f"{folder}/cert.pem", f"{folder}/key.pem"

    def link(to):
        for path, target in ((pair.cert, to.cert), (pair.key, to.key)):
            os.symlink(target, f"{path}.new")
            os.rename(f"{path}.new", path)

    link(old)
    site = tls_site(pair)
    wait_for_serial(site, old)
    link(new)
    wait_for_serial(site, new)


@pytest.mark.parametrize(
    "setting, spoil",
    [
        ("TLS_CERT", lambda pair, other: write_secret(pair.cert, b"no certificate")),
        ("TLS_KEY", lambda pair, other: write_secret(pair.key, b"no key")),
        ("TLS_KEY", lambda pair, other: write_secret(pair.key, other.key_pem)),
        ("TLS_CERT", lambda pair, other: os.unlink(pair.cert)),
        ("TLS_KEY", lambda pair, other: write_secret(pair.key, b"")),
    ],
)
def test_a_broken_file_is_named_and_the_old_certificate_stays(tls_site, authority, setting, spoil):
    site = tls_site(authority.issue("spoilt", "127.0.0.1"))
    pair = site.pairs[0]
    spoil(pair, authority.issue("other", "127.0.0.1"))
    path = pair.cert if setting == "TLS_CERT" else pair.key
    site.server.wait_for_log(
        lambda line: line["level"] == "error" and setting in line["msg"] and path in line["msg"], "that names the file"
    )
    with site.connect() as connection:
        assert connection.serial() == pair.serial
    # Put right, it is used.
    new = authority.issue("right", "127.0.0.1")
    replace(pair, new)
    wait_for_serial(site, new)


def test_a_new_front_has_the_newest_key(tls_site, authority):
    site = tls_site(authority.issue("survivor", "127.0.0.1"))
    new = authority.issue("survivor-new", "127.0.0.1")
    replace(site.pairs[0], new)
    wait_for_serial(site, new)
    front = site.server.front_pid()
    os.kill(front, 9)
    wait_until(lambda: not processes.alive(front), "the front to end")

    def answers():
        try:
            with site.connect() as connection:
                return connection.serial() == new.serial and connection.get("/server.php").status == 200
        except OSError:
            return False

    wait_until(answers, "a new front")


def test_an_expired_certificate_is_a_warning(tls_site, authority):
    pair = authority.issue("expired", "127.0.0.1", valid=-DAY)
    site = tls_site(pair)
    site.server.wait_for_log(
        lambda line: line["level"] == "warn" and pair.cert in line["msg"] and "expired" in line["msg"], "that warns"
    )
    context = trusting(authority)
    context.verify_mode = 0
    with site.connect(context=context) as connection:
        assert connection.get("/page.html").status == 200
