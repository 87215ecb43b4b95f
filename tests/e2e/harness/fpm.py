"""nginx + PHP-FPM behind the same face as Server, to show that a test asks for what PHP-FPM does.

Only for `--reference`: the project's own runs never need it. Tests that ask for more than PHP-FPM
offers carry the mark howdah_only.
"""

import os
import shutil
import signal
import subprocess
import uuid

from harness import client
from harness.folders import public_folder
from harness.logs import LogReader
from harness.ports import free_port
from harness.server import StartFailed, base_environment
from harness.waiting import Gate, wait_until

NGINX = """
user www-data; worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 256; }}
http {{
  include /etc/nginx/mime.types; access_log off; client_max_body_size 256m;
  client_body_temp_path {folder}/body; fastcgi_temp_path {folder}/fcgi; proxy_temp_path {folder}/proxy;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port}; root {root}; absolute_redirect off;
    index {index};
    location / {{ try_files {tries}; }}
    location ~ ^(.+\\.php)(/.*)?$ {{
      fastcgi_split_path_info ^(.+?\\.php)(/.*)?$;
      if (!-f $document_root$fastcgi_script_name) {{ {missing} }}
      include /etc/nginx/fastcgi.conf;
      set $rest $fastcgi_path_info;
      fastcgi_param PATH_INFO $rest;
      fastcgi_param SERVER_NAME $host;
      fastcgi_buffering off;
      fastcgi_pass unix:{folder}/fpm.sock;
    }}
  }}
}}
"""

FPM = """
[global]
error_log = {folder}/fpm.log
daemonize = no
[www]
user = www-data
group = www-data
listen = {folder}/fpm.sock
listen.owner = www-data
pm = static
pm.max_children = {workers}
clear_env = no
catch_workers_output = yes
"""


class FpmServer(client.Requests):
    kind = "fpm"
    mode = "process"

    def __init__(self, _programs, root, arguments=(), own_group=False, crashes_php=False, **variables):
        self.root = str(root)
        self.run_folder = public_folder("howdah-fpm-")
        self.address = ("127.0.0.1", free_port())
        self.variables = {name: str(value) for name, value in variables.items() if value is not None}
        self.environment = {**base_environment(), **self.variables}
        self._gates = []

    def start(self):
        index = self.variables.get("INDEX_FILE")
        values = {
            "folder": self.run_folder,
            "port": self.address[1],
            "root": self.root,
            "index": "index.php index.html",
            "tries": f"$uri $uri/ /{index}?$args" if index else "$uri $uri/ =404",
            "missing": "return 404;",
            "workers": self.variables.get("PHP_WORKERS", 2),
        }
        for name, template in (("nginx.conf", NGINX), ("fpm.conf", FPM)):
            with open(os.path.join(self.run_folder, name), "w") as file:
                file.write(template.format(**values))
        settings = self.variables.get("PHP_INI_SET", "")
        flags = [flag for pair in settings.split(";") if pair for flag in ("-d", pair)]
        commands = [
            ["php-fpm8.2", "-F", "-y", f"{self.run_folder}/fpm.conf", *flags],
            ["nginx", "-c", f"{self.run_folder}/nginx.conf"],
        ]
        if "PHP_INI" in self.variables:
            commands[0] += ["-c", self.variables["PHP_INI"]]
        self._processes = [
            subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            for command in commands
        ]
        self._readers = [LogReader(process.stderr) for process in self._processes]
        try:
            wait_until(self.ready, "nginx and PHP-FPM", 10)
        except AssertionError as error:
            output = [line for reader in self._readers for line in reader.lines()]
            self.stop()
            raise StartFailed(f"{error}\n" + "\n".join(output)) from None
        return self

    def ready(self):
        try:
            return os.path.exists(f"{self.run_folder}/fpm.sock") and self.get("/nothing-here.txt").status
        except OSError:
            return False

    def stop(self):
        for process in self._processes:
            process.send_signal(signal.SIGQUIT if process is self._processes[1] else signal.SIGTERM)
        for process in self._processes:
            process.wait(20)
        self.kill()

    def kill(self, *_):
        for process in self._processes:
            process.kill()
            process.wait()
        for gate in self._gates:
            gate.close()
        self._gates = []
        shutil.rmtree(self.run_folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def check_sanitizers(self):
        """These programs have none."""

    def gate(self):
        gate = Gate(os.path.join(self.run_folder, f"gate-{uuid.uuid4().hex[:8]}"))
        self._gates.append(gate)
        return gate

    def open_folder(self, name):
        path = os.path.join(self.run_folder, name)
        os.makedirs(path, exist_ok=True)
        os.chmod(path, 0o777)
        return path
