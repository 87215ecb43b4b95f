"""The servers of a run. Each is started in a folder of its own on a free port of loopback, and ended
by the pids it has."""

import http.client
import os
import pwd
import signal
import socket
import subprocess
import time

from driver import procfs

WORKERS = 2
START_TIMEOUT = 20.0
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class StartFailed(Exception):
    """The server ended, or did not answer in time; the message holds the end of its log."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def php_user():
    """Who PHP runs as: www-data when started as root, like the packages have it."""
    return "www-data" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


class Server:
    """One server. `roots` are the pids that its processes hang below."""

    name = ""
    programs = ()  # names of the programs its processes run

    def __init__(self, folder):
        self.folder = folder / self.name
        self.folder.mkdir()
        self.folder.chmod(0o755)
        self.port = free_port()
        self.tls_port = free_port()
        self._log = self.folder / "output.log"
        self._processes = []

    @property
    def roots(self):
        return [process.pid for process in self._processes]

    def _spawn(self, command, **environment):
        log = open(self._log, "ab")
        with log:
            self._processes.append(
                subprocess.Popen(
                    [str(word) for word in command],
                    env={"PATH": PATH, "LANG": "C.UTF-8", "PHP_INI_SCAN_DIR": "", **environment},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )

    def launch(self):
        """Starts the processes without waiting for them."""
        raise NotImplementedError

    def wait_for_answer(self, path):
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", path)
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            finally:
                connection.close()
            ended = any(process.poll() is not None for process in self._processes)
            if ended or time.monotonic() > deadline:
                raise StartFailed(f"{self.name} does not answer\n{self.log_end()}")
            time.sleep(0.001)

    def log_end(self):
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-20:]) if self._log.exists() else ""

    def stop(self):
        family = procfs.tree(*self.roots)
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for pid in family:
            # Only what is left of this server: a name that is still one of its programs.
            if procfs.program(pid) in self.programs:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        self._processes = []


class Howdah(Server):
    """`build` is the build directory, `php` the name of the worker program in its bin/, `certificate` a
    (certificate, key), or None for a server without TLS."""

    def __init__(self, folder, name, build, php, www, ini, certificate, **variables):
        self.name = name
        super().__init__(folder)
        self._program = build / "bin" / "howdah"
        self.programs = ("howdah", php)
        spool = self.folder / "spool"
        spool.mkdir()
        spool.chmod(0o777)
        self._environment = {
            "HOWDAH_PHP": str(build / "bin" / php),
            "LISTEN_ADDR": f"127.0.0.1:{self.port}",
            "DOCUMENT_ROOT": str(www),
            "PHP_WORKERS": str(WORKERS),
            "PHP_WORKERS_MAX": str(WORKERS),
            "PHP_INI": str(ini),
            "CONTROL_SOCKET": str(self.folder / "control.sock"),
            "SPOOL_DIR": str(spool),
            "ACCESS_LOG": "0",
            "LOG_FORMAT": "json",
            **self._tls(certificate),
            **variables,
        }

    def _tls(self, certificate):
        if certificate is None:
            return {}
        address = f"127.0.0.1:{self.tls_port}"
        return {"TLS_LISTEN_ADDR": address, "TLS_CERT": str(certificate[0]), "TLS_KEY": str(certificate[1])}

    def launch(self):
        self._spawn([self._program], **self._environment)

    def front_pid(self):
        """The front: the process below the parent that runs the same program."""
        parent = self.roots[0]
        fronts = [pid for pid in procfs.tree(parent) if pid != parent and procfs.program(pid) == "howdah"]
        if len(fronts) != 1:
            raise StartFailed(f"expected one front process of {self.name}, found {len(fronts)}")
        return fronts[0]


FPM_CONFIG = """
[global]
daemonize = no
error_log = {folder}/fpm.log
pid = {folder}/fpm.pid
[www]
{identity}
listen = {folder}/fpm.sock
listen.mode = 0666
listen.backlog = 1024
pm = static
pm.max_children = {workers}
pm.max_requests = 0
catch_workers_output = no
clear_env = yes
"""

NGINX_CONFIG = """
{user}
worker_processes auto;
worker_rlimit_nofile 65536;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 16384; }}
http {{
  include /etc/nginx/mime.types;
  access_log off;
  sendfile on; tcp_nopush on; tcp_nodelay on;
  open_file_cache max=1000 inactive=60s; open_file_cache_valid 60s;
  keepalive_requests 100000000;
  keepalive_timeout 3600s;
  client_max_body_size 0;
  client_body_temp_path {folder}/body; fastcgi_temp_path {folder}/fastcgi; proxy_temp_path {folder}/proxy;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream php {{ server unix:{folder}/fpm.sock; {keepalive} }}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    {tls}
    root {www};
    {front_controller}
    location ~ \\.php$ {{
      include /etc/nginx/fastcgi.conf;
      fastcgi_pass php;
      {keep_conn}
    }}
  }}
}}
"""

NGINX_TLS = """
    listen 127.0.0.1:{port} ssl http2 backlog=1024;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:tls:10m;
"""

NGINX_FRONT_CONTROLLER = "location / {{ try_files $uri /{script}$is_args$args; }}"


class NginxFpm(Server):
    """nginx in front of PHP-FPM, or, without PHP, nginx for static files. `certificate` as with Howdah; `front_controller`
    is the name of the script that gets what is no file."""

    programs = ("nginx", "php-fpm8.2")

    def __init__(self, folder, name, www, ini, certificate, keepalive=False, front_controller=""):
        self.name = name
        super().__init__(folder)
        self._ini = ini
        root = os.geteuid() == 0
        values = {
            "folder": self.folder,
            "workers": WORKERS,
            "www": www,
            "port": self.port,
            "tls": NGINX_TLS.format(port=self.tls_port, certificate=certificate[0], key=certificate[1]) if certificate else "",
            "front_controller": NGINX_FRONT_CONTROLLER.format(script=front_controller) if front_controller else "",
            "user": f"user {php_user()};" if root else "",
            "identity": f"user = {php_user()}\ngroup = {php_user()}" if root else "",
            # For each nginx worker. A kept connection holds a PHP-FPM worker: more of them would starve the rest.
            "keepalive": f"keepalive {max(1, WORKERS // len(os.sched_getaffinity(0)))};" if keepalive else "",
            "keep_conn": "fastcgi_keep_conn on;" if keepalive else "",
        }
        (self.folder / "fpm.conf").write_text(FPM_CONFIG.format(**values))
        (self.folder / "nginx.conf").write_text(NGINX_CONFIG.format(**values))

    def launch(self):
        self._spawn(["php-fpm8.2", "-F", "-c", self._ini, "-y", self.folder / "fpm.conf"])
        self._spawn(["nginx", "-e", self.folder / "nginx.log", "-p", self.folder, "-c", self.folder / "nginx.conf"])

    def log_end(self):
        logs = [self.folder / name for name in ("output.log", "fpm.log", "nginx.log")]
        return "\n".join(line for log in logs if log.exists() for line in log.read_text().splitlines()[-10:])


class BareEpoll(Server):
    programs = ("bare_epoll",)

    def __init__(self, folder, name, build):
        self.name = name
        super().__init__(folder)
        self._program = build / "bin" / "bare_epoll"

    def launch(self):
        self._spawn([self._program, self.port])
