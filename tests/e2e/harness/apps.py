"""The framework applications of tests/e2e/apps, as a deployment leaves them."""

import os
from pathlib import Path

from harness.folders import copy_site

APPS = Path(__file__).parents[1] / "apps"
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
    for path in WRITABLE.get(name, ()):
        os.makedirs(os.path.join(folder, path), exist_ok=True)
        os.chmod(os.path.join(folder, path), 0o777)
    if name == "laravel8":
        database = os.path.join(folder, "storage/app.sqlite")
        open(database, "w").close()
        os.chmod(database, 0o666)
    return folder
