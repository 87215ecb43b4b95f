"""A MariaDB of the test's own: on a socket in a temporary folder, no network, gone at the end."""

import os
import shutil
import subprocess

from harness.folders import public_folder
from harness.waiting import wait_until


class MariaDB:
    def __init__(self):
        self.folder = public_folder("howdah-mariadb-")
        self.socket = os.path.join(self.folder, "db.sock")
        self._data = os.path.join(self.folder, "data")
        self._log = os.path.join(self.folder, "log")

    def __enter__(self):
        user = ["--user=root"] if os.geteuid() == 0 else []
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", f"--datadir={self._data}", "--skip-test-db",
             "--auth-root-authentication-method=normal", *user],
            check=True, capture_output=True,
        )  # fmt: skip
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                ["mariadbd", "--no-defaults", f"--datadir={self._data}", f"--socket={self.socket}",
                 "--skip-networking", "--innodb-flush-log-at-trx-commit=0", *user],
                stdout=log, stderr=log,
            )  # fmt: skip
        try:
            wait_until(self._answers, "MariaDB", 30)
        except AssertionError as error:
            with open(self._log, errors="replace") as log:
                text = log.read()
            self.__exit__()
            raise AssertionError(f"{error}\n{text[-3000:]}") from None
        return self

    def _answers(self):
        assert self._process.poll() is None, "MariaDB ended"
        return os.path.exists(self.socket) and self._client("SELECT 1").returncode == 0

    def _client(self, statements):
        command = ["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root", "--batch", "--skip-column-names"]
        return subprocess.run(command, input=statements.encode(), capture_output=True)

    def execute(self, statements):
        result = self._client(statements)
        assert result.returncode == 0, result.stderr.decode()
        return result.stdout.decode()

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
