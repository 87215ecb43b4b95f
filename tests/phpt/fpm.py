"""PHP-FPM as the reference of a PHP that has no php-cgi: the thread-safe one of `./dev php`."""

import contextlib
import os
import signal
import socket
import subprocess

import fastcgi
from harness.waiting import wait_until
from phptfile import Request
from sides import SCRIPT_SECONDS, USER, Answer, as_user, cgi_variables, parse_cgi_output

CONFIGURATION = """
[global]
error_log = {folder}/fpm.log
daemonize = no
[www]
{user}
listen = {folder}/fpm.sock
pm = static
pm.max_children = 1
clear_env = no
"""


class Fpm:
    """One PHP-FPM with one worker, for the tests that share a php.ini and an environment."""

    def __init__(self, program, root, ini_path, environment, host, folder):
        self.root, self.host = root, host
        self._socket = os.path.join(folder, "fpm.sock")
        user = f"user = {USER}\ngroup = {USER}" if as_user() else ""
        with open(os.path.join(folder, "fpm.conf"), "w") as file:
            file.write(CONFIGURATION.format(folder=folder, user=user))
        self._process = subprocess.Popen(
            [program, "-F", "-c", ini_path, "-y", file.name],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_until(lambda: self._process.poll() is not None or self._listens(), "PHP-FPM")

    def _listens(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            return connection.connect_ex(self._socket) == 0

    def answer(self, request, script):
        variables = cgi_variables(request, self.root, script, self.host)
        try:
            return parse_cgi_output(fastcgi.ask(self._socket, variables, request.body, SCRIPT_SECONDS))
        except OSError as error:
            return Answer(0, [], f"no answer: {error}".encode())

    def output(self, script):
        """What a SKIPIF or CLEAN script prints."""
        return self.answer(Request(), script).body

    def close(self):
        self._process.terminate()
        self._process.wait(SCRIPT_SECONDS)
        # Children of scripts, which PHP-FPM knows nothing of, would serve on.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        if os.path.exists(self._socket):
            os.unlink(self._socket)
