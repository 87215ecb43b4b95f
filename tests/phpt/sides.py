"""The two sides of a comparison: PHP's own server program, and Howdah. Each answers a test's request."""

import os
import signal
import subprocess
from dataclasses import dataclass, field
from urllib.parse import quote

from harness.client import RawConnection
from harness.server import Server, StartFailed

SCRIPT_SECONDS = 60.0  # the slowest takes a second; a machine may be busy
USER = "www-data"  # who PHP runs as when root starts it; RUN_AS's default


@dataclass
class Answer:
    status: int = 0  # 0: there was none, and body says why
    headers: list = field(default_factory=list)  # (name, value) in order
    body: bytes = b""


def as_user():
    """Options of subprocess that make a program run as PHP does."""
    return {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}


def target_of(request, script):
    """The request's target. Bytes that no request line may hold go as escapes."""
    query = quote(request.query, safe="!#$%&'()*+,-./:;=?@[]_~{}|^`")
    return "/" + quote(script) + (f"?{query}" if query else "")


def header_list(request, host):
    """The head's fields; without those that describe the connection."""
    fields = [("Host", host.encode())]
    if request.content_type:
        fields.append(("Content-Type", request.content_type))
    if request.body:
        fields.append(("Content-Length", b"%d" % len(request.body)))
    return fields + list(request.headers.items())


def cgi_variables(request, root, script, host):
    """What a web server tells PHP of the request."""
    target = target_of(request, script)
    name, port = host.split(":")
    variables = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REDIRECT_STATUS": "200",
        "SERVER_SOFTWARE": "test",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": name,
        "SERVER_PORT": port,
        "SERVER_ADDR": "127.0.0.1",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "1024",
        "REQUEST_SCHEME": "http",
        "REQUEST_METHOD": request.method,
        "REQUEST_URI": target,
        "QUERY_STRING": target.partition("?")[2],
        "DOCUMENT_ROOT": root,
        "DOCUMENT_URI": "/" + script,
        "SCRIPT_NAME": "/" + script,
        "SCRIPT_FILENAME": os.path.join(root, script),
    }
    for header, value in header_list(request, host):
        key = header.upper().replace("-", "_")
        prefix = "" if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_"
        variables[prefix + key] = value.decode("latin-1")
    return variables


def parse_cgi_output(output):
    """The answer that a CGI program wrote."""
    head, mark, body = output.partition(b"\r\n\r\n")
    if not mark:
        return Answer(0, [], b"no head: " + output)
    answer = Answer(200, [], body)
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "status":
            answer.status = int(value.split()[0])
        else:
            answer.headers.append((name.strip(), value.strip()))
    return answer


class PhpCgi:
    """Debian's php-cgi, a process for each request."""

    def __init__(self, program, root, ini_path, environment, host):
        self.root, self.host = root, host
        self._command = [program, "-c", ini_path]
        self._environment = environment

    def _run(self, variables, body, *flags):
        """(exit status, output). TimeoutExpired when it takes too long."""
        # Latin-1 is how the variables were decoded; the file system's coding would escape some bytes.
        process = subprocess.Popen(
            [*self._command, *flags],
            env={name.encode("latin-1"): value.encode("latin-1") for name, value in variables.items()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **as_user(),
        )
        try:
            output, _ = process.communicate(body, SCRIPT_SECONDS)
        except subprocess.TimeoutExpired:
            # What it has started holds the pipe, too.
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise
        return process.returncode, output

    def answer(self, request, script):
        variables = {**self._environment, **cgi_variables(request, self.root, script, self.host)}
        try:
            status, output = self._run(variables, request.body)
        except subprocess.TimeoutExpired:
            return Answer(0, [], b"no end in time")
        if status < 0:
            return Answer(0, [], b"ended by signal %d" % -status)
        return parse_cgi_output(output)

    def output(self, script):
        """What a SKIPIF or CLEAN script prints."""
        try:
            return self._run(self._environment, b"", "-q", "-f", os.path.join(self.root, script))[1]
        except subprocess.TimeoutExpired:
            return b"skip its SKIPIF does not end"

    def close(self):
        """It has no process that outlives a request."""


# What Howdah adds to every answer, and what belongs to the connection.
_NOT_PHPS = ("date", "server", "x-request-id", "traceparent", "connection", "keep-alive", "transfer-encoding")


class Howdah:
    """A server for the tests that share a php.ini and an environment."""

    def __init__(self, programs, root, ini_path, environment):
        variables = {
            "PHP_INI": ini_path,
            "PHP_WORKERS": 1,
            "PHP_WORKERS_MAX": 1,
            "REQUEST_TIMEOUT": f"{int(SCRIPT_SECONDS)}s",
            "COMPRESSION": "off",
        }
        self._server = Server(programs, root, **variables, **environment)
        self.host = "%s:%d" % self._server.address
        self._failure = b""
        try:
            self._server.start()
        except StartFailed as error:
            self._failure = str(error).encode()

    def answer(self, request, script):
        if self._failure:
            return Answer(0, [], self._failure)
        lines = [f"{request.method} {target_of(request, script)} HTTP/1.1".encode("latin-1")]
        fields = [*header_list(request, self.host), ("Connection", b"close")]
        lines += [name.encode() + b": " + value for name, value in fields]
        try:
            with RawConnection(self._server.address, timeout=SCRIPT_SECONDS + 10) as connection:
                connection.send(b"\r\n".join(lines) + b"\r\n\r\n" + request.body)
                answer = connection.read_response(request.method)
        except (OSError, AssertionError) as error:
            return Answer(0, [], f"no answer: {error}".encode())
        headers = [(name, value) for name, value in answer.headers if name.lower() not in _NOT_PHPS]
        return Answer(answer.status, headers, answer.body)

    def leave(self, kind, *_):
        """The end of a `with` block: the server has to end well when the block did."""
        if kind is None and not self._failure:
            self._server.stop()
        else:
            self._server.kill()
