"""The applications of tests/e2e/apps, as a deployment leaves them."""

import os
from pathlib import Path

from harness.folders import copy_site

APPS = Path(__file__).parents[1] / "apps"
# Frameworks of Debian's packages: each index.php is a front controller and a worker script.
FRAMEWORKS = ("slim3", "symfony54", "illuminate", "lumen", "laravel8")
# Stand-ins for other frameworks' worker scripts (apps/standins/README.md).
STANDINS = {
    "codeigniter": "frankenphp-worker.php",
    "octane": "frankenphp-worker.php",
    "symfony": "index.php",
}  # fmt: skip
WRITABLE = {
    "symfony54": ["var", "var/cache"],
    "lumen": ["storage", "storage/logs"],
    "laravel8": [
        "bootstrap", "bootstrap/cache", "storage", "storage/logs", "storage/framework", "storage/framework/views",
        "storage/framework/sessions", "storage/framework/cache",
    ],
}  # fmt: skip


def copy_app(name, folder):
    """Copies the application; where it writes exists and may be written by PHP's user. Its folder."""
    copy_site(APPS / name, folder)
    if name in FRAMEWORKS:
        copy_site(APPS / "shared", os.path.join(folder, "shared"))
    for path in WRITABLE.get(name, ()):
        os.makedirs(os.path.join(folder, path), exist_ok=True)
        os.chmod(os.path.join(folder, path), 0o777)
    if name == "laravel8":
        database = os.path.join(folder, "storage/app.sqlite")
        open(database, "w").close()
        os.chmod(database, 0o666)
    return folder


def php_settings(launch, more=""):
    """PHP_INI_SET: where Debian's classes are, sessions in a folder of the test's own."""
    return f"include_path=.:/usr/share/php;session.save_path={launch.folder(mode=0o777)}{more}"


def start_classic(launch, name, **settings):
    folder = copy_app(name, launch.folder())
    return launch(site=f"{folder}/public", INDEX_FILE="index.php", PHP_INI_SET=php_settings(launch), **settings)


def start_worker(launch, name, **settings):
    """A framework's application, or a stand-in, as a worker script with two workers."""
    settings = {"WORKER_NUM": 2, "PHP_INI_SET": php_settings(launch), **settings}
    if name in STANDINS:
        folder = f"{copy_app('standins', launch.folder())}/{name}"
        environment = {"APP_BASE_PATH": folder, "LARAVEL_OCTANE": "1", "SESSIONS": launch.folder(mode=0o777)}
        return launch(site=f"{folder}/public", WORKER_SCRIPT=STANDINS[name], **environment, **settings)
    folder = copy_app(name, launch.folder())
    return launch(site=f"{folder}/public", WORKER_SCRIPT="index.php", INDEX_FILE="index.php", **settings)
