"""Temporary folders that the users PHP and the front run as can read.

(pytest's own tmp_path lies below a folder that is closed to them.)
"""

import os
import shutil
import tempfile


def public_folder(prefix="howdah-e2e-", mode=0o755):
    folder = tempfile.mkdtemp(prefix=prefix)
    os.chmod(folder, mode)
    return folder


def copy_site(source, target):
    """Copies a site, readable by all whatever the umask of the checkout was."""
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    os.chmod(target, 0o755)
    for folder, names, files in os.walk(target):
        for name in names:
            os.chmod(os.path.join(folder, name), 0o755)
        for name in files:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                os.chmod(path, 0o644)
    return target


def write(root, files):
    """Writes {relative path: content} below root."""
    for name, content in files.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        os.chmod(path, 0o644)
    for folder, names, _ in os.walk(root):
        for name in names:
            os.chmod(os.path.join(folder, name), 0o755)
    return root
