"""A HAProxy in front of servers of the test: each request goes to the next of them."""

import os
import shutil
import subprocess

from harness.client import Requests
from harness.folders import public_folder
from harness.ports import free_port, listens
from harness.waiting import wait_until

CONFIGURATION = """
defaults
    mode http
    timeout connect 30s
    timeout client 60s
    timeout server 60s

frontend site
    bind 127.0.0.1:{port}
    option forwardfor
    default_backend servers

backend servers
    balance roundrobin
{servers}
"""


class HAProxy(Requests):
    def __init__(self, servers):
        self.address = ("127.0.0.1", free_port())
        self._folder = public_folder("howdah-haproxy-")
        lines = [f"    server s{n} {server.address[0]}:{server.address[1]}" for n, server in enumerate(servers)]
        self._configuration = os.path.join(self._folder, "haproxy.cfg")
        with open(self._configuration, "w") as file:
            file.write(CONFIGURATION.format(port=self.address[1], servers="\n".join(lines)))

    def __enter__(self):
        self._process = subprocess.Popen(["haproxy", "-db", "-f", self._configuration])
        wait_until(lambda: listens(self.address[1]) or self._process.poll() is not None, "HAProxy", 20)
        assert self._process.poll() is None, "HAProxy ended"
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
