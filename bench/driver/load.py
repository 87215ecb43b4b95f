"""Requests: a single one that is checked, and a loaded round with wrk or h2load."""

import http.client
import json
import re
import resource
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from driver import procfs

STREAMS = 8  # of one HTTP/2 connection at a time
WRK_SCRIPT = Path(__file__).resolve().parents[1] / "wrk.lua"


class WrongAnswer(Exception):
    """A server does not answer what the case asks for, so that its figures would mean nothing."""


@dataclass(frozen=True)
class Case:
    name: str
    path: str
    headers: tuple = ()
    check: object = None  # body -> bool
    tls: bool = False
    http2: bool = False

    def url(self, server):
        port = server.tls_port if self.tls else server.port
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{port}{self.path}"


@dataclass(frozen=True)
class Round:
    rps: float
    p50_us: float | None  # h2load does not tell
    p99_us: float | None
    errors: int
    cpu_us: float  # of all processes of the server, per request


def check(server, case):
    if case.tls:
        trusting = ssl._create_unverified_context()  # pylint: disable=protected-access
        connection = http.client.HTTPSConnection("127.0.0.1", server.tls_port, timeout=10, context=trusting)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("GET", case.path, headers=dict(case.headers))
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200 or (case.check and not case.check(body)):
        raise WrongAnswer(f"{server.name} answers {case.path} with {answer.status} {body[:200]!r}")


def run_round(server, case, seconds, connections):
    """One round. CPU time is read just before and just after it."""
    return (_h2load if case.http2 else _wrk)(server, case, seconds, connections)


def _h2load(server, case, seconds, connections):
    """As many requests at a time as wrk has, on fewer connections."""
    clients = max(1, connections // STREAMS)
    command = ["h2load", "-t1", f"-c{clients}", f"-m{STREAMS}", f"-D{seconds}"]
    for name, value in case.headers:
        command += ["-H", f"{name}: {value}"]
    before = procfs.cpu_us(server.roots)
    output = subprocess.run([*command, case.url(server)], check=True, capture_output=True, text=True).stdout
    cpu = procfs.cpu_us(server.roots) - before
    rps = float(re.search(r"([\d.]+) req/s", output)[1])
    good = int(re.search(r"(\d+) 2xx", output)[1])
    failed, errored, late = (int(re.search(rf"(\d+) {word}", output)[1]) for word in ("failed", "errored", "timeout"))
    wrong = int(re.search(r"(\d+) 4xx", output)[1]) + int(re.search(r"(\d+) 5xx", output)[1])
    return Round(rps, None, None, failed + errored + late + wrong, cpu / max(good, 1))


def _wrk(server, case, seconds, connections):
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(WRK_SCRIPT)]
    for name, value in case.headers:
        command += ["-H", f"{name}: {value}"]
    command.append(case.url(server))
    before = procfs.cpu_us(server.roots)
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    cpu = procfs.cpu_us(server.roots) - before
    result = json.loads(output.strip().splitlines()[-1])
    requests = max(result["requests"], 1)
    return Round(
        rps=result["requests"] / (result["duration_us"] / 1e6),
        p50_us=result["p50_us"],
        p99_us=result["p99_us"],
        errors=result["errors"],
        cpu_us=cpu / requests,
    )


def raise_descriptor_limit():
    """For this program and the servers it starts."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
