"""Ports to listen on. The server has to be told one, so a free one is picked beforehand: the one that was
not given out for longest, below the range that outgoing connections use."""

import itertools
import os
import socket

FIRST, LAST = 10_000, 32_000


def _starting_in(ports):
    at = os.getpid() % len(ports)
    return itertools.cycle([*ports[at:], *ports[:at]])


_candidates = _starting_in(range(FIRST, LAST))


def use_share(number, count):
    """From now on only one of `count` equal parts of them; for processes that pick ports at the same time."""
    global _candidates
    size = (LAST - FIRST) // count
    _candidates = _starting_in(range(FIRST + number * size, FIRST + (number + 1) * size))


def free_port():
    for port in _candidates:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def listens(port):
    """Whether anybody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0
