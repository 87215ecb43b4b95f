"""Reading /proc: who runs, as whom, with how many descriptors and how much memory."""

import math
import os


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return b""


def _stat_fields(pid):
    # The second field is the name in brackets and may hold spaces.
    text = _read(f"/proc/{pid}/stat").decode(errors="replace")
    return text.rpartition(")")[2].split()


def alive(pid):
    """Whether the process runs; a zombie does not."""
    fields = _stat_fields(pid)
    return bool(fields) and fields[0] not in "ZX"


def born(pid):
    """When the process began, in clock ticks since the machine did: a number can be given to another one."""
    fields = _stat_fields(pid)
    return int(fields[19]) if fields else 0


def parent_of(pid):
    fields = _stat_fields(pid)
    return int(fields[1]) if fields else 0


def all_pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def descendants(root):
    """Pids of all living processes below root."""
    children = {}
    for pid in all_pids():
        children.setdefault(parent_of(pid), []).append(pid)
    found, todo = [], [root]
    while todo:
        for pid in children.get(todo.pop(), []):
            if alive(pid):
                found.append(pid)
            todo.append(pid)
    return found


def family(root):
    """{pid: born(pid)} of all living processes below root."""
    return {pid: born(pid) for pid in descendants(root)}


def marked(marker):
    """Pids of processes whose environment holds the marker, however they were started."""
    return [pid for pid in all_pids() if marker.encode() in _read(f"/proc/{pid}/environ") and alive(pid)]


def program(pid):
    """File name of the program the process runs."""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe")).removesuffix(" (deleted)")
    except OSError:
        return ""


def title(pid):
    return _read(f"/proc/{pid}/cmdline").replace(b"\0", b" ").decode(errors="replace").strip()


def status(pid):
    """/proc/PID/status as a dict of strings."""
    pairs = (line.split(":", 1) for line in _read(f"/proc/{pid}/status").decode().splitlines())
    return {pair[0]: pair[1].strip() for pair in pairs if len(pair) == 2}


def euid(pid):
    return int(status(pid)["Uid"].split()[1])


def groups(pid):
    fields = status(pid)
    return {int(fields["Gid"].split()[1]), *map(int, fields["Groups"].split())}


def fd_count(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def rss_anon_kib(pid):
    return int(status(pid)["RssAnon"].split()[0])


def sanitized(pid):
    """Whether the program was built with a sanitizer."""
    return any(name in _read(f"/proc/{pid}/maps") for name in (b"libasan", b"libtsan", b"libubsan"))


def memory_slack(pid, kib):
    """How much a process may have grown where nothing is to be left behind: a sanitizer keeps what was freed."""
    return math.inf if sanitized(pid) else kib


def describe(pids):
    return "; ".join(f"{pid} {title(pid)!r}" for pid in pids)
