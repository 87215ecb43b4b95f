"""What /proc says about a server's processes."""

import os

TICK_US = 1_000_000 / os.sysconf("SC_CLK_TCK")


def _stat(pid):
    """The fields of /proc/PID/stat that follow the name, or None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def tree(*roots):
    """The pids of the given processes and everything below them."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = _stat(name)
            if fields:
                children.setdefault(int(fields[1]), []).append(int(name))
    found = []
    left = list(roots)
    while left:
        pid = left.pop()
        found.append(pid)
        left.extend(children.get(pid, []))
    return found


def cpu_us(roots):
    """User and system time of whole trees, with that of its children that ended."""
    total = 0
    for pid in tree(*roots):
        fields = _stat(pid)
        if fields:
            total += sum(int(field) for field in fields[11:15])  # utime stime cutime cstime
    return total * TICK_US


def _status_kib(pid, name, file="status"):
    try:
        with open(f"/proc/{pid}/{file}", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith(name + ":"):
                    return int(line.split()[1])
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        pass
    return 0


def peak_rss_kib(roots):
    """Sum of each process's own peak. Pages that processes share count once for each of them."""
    return sum(_status_kib(pid, "VmHWM") for pid in tree(*roots))


def pss_kib(roots):
    """Memory now, shared pages divided among those that share them."""
    return sum(_status_kib(pid, "Pss", "smaps_rollup") for pid in tree(*roots))


def rss_anon_kib(pid):
    return _status_kib(pid, "RssAnon")


def program(pid):
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return ""
