"""Requests: a single one that is checked, a loaded round with wrk, and idle connections."""

import http.client
import json
import resource
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from driver import procfs

WRK_SCRIPT = Path(__file__).resolve().parents[1] / "wrk.lua"


class WrongAnswer(Exception):
    """A server does not answer what the case asks for, so that its figures would mean nothing."""


@dataclass(frozen=True)
class Case:
    name: str
    path: str
    headers: tuple = ()
    check: object = None  # body -> bool


@dataclass(frozen=True)
class Round:
    rps: float
    p50_us: float
    p99_us: float
    errors: int
    cpu_us: float  # of all processes of the server, per request


def check(server, case):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("GET", case.path, headers=dict(case.headers))
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200 or (case.check and not case.check(body)):
        raise WrongAnswer(f"{server.name} answers {case.path} with {answer.status} {body[:200]!r}")


def wrk(server, case, seconds, connections):
    """One round. CPU time is read just before and just after it."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(WRK_SCRIPT)]
    for name, value in case.headers:
        command += ["-H", f"{name}: {value}"]
    command.append(f"http://127.0.0.1:{server.port}{case.path}")
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


def open_idle(port, count, path):
    """Keep-alive connections that have had one answer each and then stay silent."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    sockets = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        connection.sendall(request)
        if not connection.recv(65536).startswith(b"HTTP/1.1 200"):
            raise WrongAnswer(f"an idle connection did not get 200 for {path}")
        sockets.append(connection)
    return sockets
