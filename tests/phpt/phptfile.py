"""A .phpt file: its sections, and the request that they describe.

The format is documented at https://qa.php.net/phpt_details.php; values stay bytes, because tests send
and expect any.
"""

import gzip
import os
import re
import zlib
from dataclasses import dataclass, field

_SECTION = re.compile(rb"--([A-Z_]+)--\s*$")
_END_OF_CODE = re.compile(rb"===done===\s*$", re.IGNORECASE)
# What a section of this name holds is in another file, beside the test.
_EXTERNAL = ("FILE_EXTERNAL", "EXPECT_EXTERNAL", "EXPECTF_EXTERNAL", "EXPECTREGEX_EXTERNAL")
# Sections that make a test one of a request.
_REQUEST = ("GET", "POST", "POST_RAW", "PUT", "GZIP_POST", "DEFLATE_POST", "COOKIE", "CGI", "EXPECTHEADERS")
# How a test's code finds a PHP to start.
_OTHER_PHP = re.compile(rb"PHP_BINARY|TEST_PHP_\w*EXECUTABLE|php_cli_server_start|TEST_PHP_EXTRA_ARGS|get_cgi_path")
_FORKS = re.compile(rb"\bpcntl_fork\b|\bhttp_server\w*\(")
_FORM = b"application/x-www-form-urlencoded"


class BadTest(Exception):
    """The file is no test that this adapter understands; the message says why."""


@dataclass
class Request:
    method: str = "GET"
    query: bytes = b""
    content_type: bytes = b""
    body: bytes = b""
    headers: dict = field(default_factory=dict)  # name as it is sent: value


@dataclass
class Phpt:
    name: str  # path below the source's root
    folder: str  # the folder below that root
    sections: dict  # name: bytes

    def text(self, section):
        return self.sections.get(section, b"").strip()

    @property
    def script(self):
        """Path of the script below the root."""
        return self.name.removesuffix("t")

    def lines(self, section):
        return [line.strip() for line in self.text(section).decode("latin-1").splitlines() if line.strip()]

    def is_request(self):
        return any(name in self.sections for name in _REQUEST)

    def starts_php(self):
        """Whether its code starts a PHP of its own: then it says nothing of the server."""
        return bool(_OTHER_PHP.search(self.sections["FILE"]))

    def forks(self):
        """Whether its code splits the process that runs it."""
        return bool(_FORKS.search(self.sections["FILE"]))

    def environment(self, root):
        """ENV without what describes a request: that comes from the server."""
        pairs = (line.split("=", 1) for line in self.lines("ENV") if "=" in line)
        folder = os.path.join(root, self.folder)
        return {name: value.replace("{PWD}", folder) for name, value in pairs}

    def request(self):
        request = Request(query=self.text("GET"))
        if cookie := self.text("COOKIE"):
            request.headers["Cookie"] = b" ".join(cookie.split(b"\n"))  # a header is one line
        for name, value in self.environment("").items():
            if name.startswith("HTTP_"):
                request.headers[name[5:].replace("_", "-").title()] = value.encode("latin-1")
            elif name == "CONTENT_TYPE":
                request.content_type = value.encode("latin-1")
        for section, method in (("POST_RAW", "POST"), ("PUT", "PUT")):
            if self.text(section):
                request.method = method
                self._raw_body(request, section)
                return request
        if body := self.text("POST"):
            request.method, request.body = "POST", body
            request.content_type = request.content_type or _FORM
        elif body := self.text("GZIP_POST"):
            request.method, request.body, request.content_type = "POST", gzip.compress(body), _FORM
            request.headers["Content-Encoding"] = b"gzip"
        elif body := self.text("DEFLATE_POST"):
            request.method, request.body, request.content_type = "POST", zlib.compress(body), _FORM
            request.headers["Content-Encoding"] = b"deflate"
        return request

    def _raw_body(self, request, section):
        """The first Content-Type line is the header; everything else is the body."""
        kept = []
        for line in self.text(section).split(b"\n"):
            if not request.content_type and line.lower().startswith(b"content-type:"):
                request.content_type = line.split(b":", 1)[1].replace(b"\r", b"").strip()
            else:
                kept.append(line)
        request.body = b"\n".join(kept)
        if not request.body:
            raise BadTest(f"{section} has no body")


def parse(root, name):
    """Reads one test. `root` is the source's root, `name` the path below it."""
    path = os.path.join(root, name)
    sections, current, code_ended = {}, None, False
    with open(path, "rb") as file:
        for line in file:
            if match := _SECTION.match(line):
                current, code_ended = match[1].decode(), False
                sections[current] = b""
            elif current is None:
                raise BadTest("does not begin with a section")
            elif not code_ended:
                sections[current] += line
                code_ended = current in ("FILE", "FILEEOF") and bool(_END_OF_CODE.match(line))
    for external in _EXTERNAL:
        if external in sections:
            beside = os.path.join(os.path.dirname(path), sections.pop(external).strip().decode())
            with open(beside, "rb") as file:
                sections[external.removesuffix("_EXTERNAL")] = file.read()
    if "FILEEOF" in sections:
        sections["FILE"] = sections.pop("FILEEOF").rstrip(b"\r\n")
    if "FILE" not in sections:
        raise BadTest("has no FILE")
    if not any(kind in sections for kind in ("EXPECT", "EXPECTF", "EXPECTREGEX")):
        raise BadTest("expects nothing")
    return Phpt(name, os.path.dirname(name), sections)
