"""A named request, sent byte for byte to one server, and its answer as something two of which can be compared."""

import os
from dataclasses import dataclass, replace

from harness.client import RawConnection
from harness.folders import write

HOST = "parity.test"


@dataclass(frozen=True)
class Case:
    """A request and the script that answers it: the PHP code given here, else the dump of everything."""

    name: str
    php: str = ""
    target: str = ""  # what follows the script's path: path info, query
    method: str = "GET"
    headers: tuple = ()  # (name, value) pairs beside Host and Connection
    body: bytes | None = None  # sent with its length, or in chunks
    chunked: bool = False
    host: str | None = HOST
    version: str = "HTTP/1.1"
    server: str = "usual"  # which settings the servers have
    group: str = ""
    script: str = "dump.php"  # below the root; for a case without code of its own

    @property
    def id(self):
        return f"{self.group}-{self.name}"

    @property
    def path(self):
        return f"/{self.group}/{self.name}.php" if self.php else f"/{self.script}"

    def request(self, *added, connection="close"):
        """The request's bytes; `added` are further headers."""
        lines = [f"{self.method} {self.path}{self.target} {self.version}"]
        fields = [*([("Host", self.host)] if self.host is not None else []), ("Connection", connection)]
        fields += [*self.headers, *added]
        body = b""
        if self.chunked:
            fields.append(("Transfer-Encoding", "chunked"))
            pieces = [self.body[at : at + 1000] for at in range(0, len(self.body), 1000)]
            body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        elif self.body is not None:
            fields.append(("Content-Length", str(len(self.body))))
            body = self.body
        lines += [f"{name}: {value}" for name, value in fields]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


@dataclass
class Answer:
    status: int
    headers: list  # (lower-case name, value), sorted by name; values of one name in their order
    body: bytes
    interim: list  # status codes below 200 that came first
    reason: str


def send(address, case, *added):
    with RawConnection(address) as raw:
        raw.send(case.request(*added))
        return read_answer(raw, case.method)


def read_answer(raw, method):
    interim = []
    while (answer := raw.read_response(to=method)).status < 200:
        interim.append(answer.status)
    headers = sorted(((name.lower(), value) for name, value in answer.headers), key=lambda field: field[0])
    return Answer(answer.status, headers, answer.body, interim, answer.reason)


def in_group(group, *cases):
    return [replace(case, group=group) for case in cases]


def write_scripts(root, cases):
    """The scripts of all cases, below a folder for each group."""
    files = {case.path.lstrip("/"): f"<?php {case.php}" for case in cases if case.php}
    assert len(files) == sum(1 for case in cases if case.php), "two cases have one name"
    write(root, files)


def write_ini(folder, settings, sections=""):
    """A php.ini; returns its path."""
    write(folder, {"php.ini": "".join(f"{name}={value}\n" for name, value in settings.items()) + sections})
    return os.path.join(folder, "php.ini")
