"""A Redis of the test's own: on a socket in a temporary folder, at a port where a test wants one, gone at the end."""

import os
import shutil
import signal
import socket
import subprocess

from harness.folders import public_folder
from harness.waiting import wait_until


class Redis:
    """`port`: at 127.0.0.1, besides; `password`: of its default user; `certificate`: the port speaks TLS."""

    def __init__(self, port=0, password="", certificate=None):
        self.folder = public_folder("howdah-redis-")
        self.socket = os.path.join(self.folder, "redis.sock")
        self.port = port
        self._password = password
        self._options = ["--requirepass", password] if password else []
        if certificate:
            self._options += ["--port", "0", "--tls-port", str(port), "--tls-auth-clients", "no",
                              "--tls-cert-file", certificate.cert, "--tls-key-file", certificate.key]  # fmt: skip
        self._process = None

    def url(self, password=None, host="127.0.0.1", scheme="redis"):
        password = self._password if password is None else password
        return f"{scheme}://{':' + password + '@' if password else ''}{host}:{self.port}/0"

    def __enter__(self):
        return self.start()

    def start(self):
        """Starts it, or starts it again with the data it had."""
        self._process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--unixsocket", self.socket, "--unixsocketperm", "777", "--dir", self.folder,
             "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--daemonize", "no",
             *self._options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(self._answers, "Redis", 20)
        return self

    def stop(self):
        """As an operator does: what was written is there after the next start."""
        self._process.terminate()
        self._process.wait()

    def kill(self):
        self._process.kill()
        self._process.wait()

    def hold(self):
        """It takes connections and says nothing, until go_on()."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self._process.send_signal(signal.SIGCONT)

    def _answers(self):
        assert self._process.poll() is None, "Redis ended"
        try:
            return self.command("PING") == "PONG"
        except OSError:
            return False

    def command(self, *words):
        """The answer's first line without its type, or the text of a bulk string."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(self.socket)
            with connection.makefile("rb") as reader:
                if self._password:
                    self._send(connection, ("AUTH", self._password))
                    assert reader.readline() == b"+OK\r\n"
                self._send(connection, words)
                line = reader.readline().decode().rstrip("\r\n")
                if line.startswith("$") and line != "$-1":
                    return reader.read(int(line[1:])).decode()
                return line[1:]

    @staticmethod
    def _send(connection, words):
        parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
        connection.sendall(f"*{len(parts)}\r\n{''.join(parts)}".encode())

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
