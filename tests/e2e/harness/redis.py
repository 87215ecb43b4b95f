"""A Redis of the test's own: on a socket in a temporary folder, no network, gone at the end."""

import os
import shutil
import socket
import subprocess

from harness.folders import public_folder
from harness.waiting import wait_until


class Redis:
    def __init__(self):
        self.folder = public_folder("howdah-redis-")
        self.socket = os.path.join(self.folder, "redis.sock")
        self._process = None

    def __enter__(self):
        return self.start()

    def start(self):
        """Starts it, or starts it again with the data it had."""
        self._process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "777", "--dir", self.folder,
             "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--daemonize", "no"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(self._answers, "Redis", 20)
        return self

    def stop(self):
        """As an operator does: what was written is there after the next start."""
        self._process.terminate()
        self._process.wait()

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
            parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
            connection.sendall(f"*{len(parts)}\r\n{''.join(parts)}".encode())
            with connection.makefile("rb") as reader:
                line = reader.readline().decode().rstrip("\r\n")
                if line.startswith("$") and line != "$-1":
                    return reader.read(int(line[1:])).decode()
                return line[1:]

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
