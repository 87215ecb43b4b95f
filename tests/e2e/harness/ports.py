"""Ports to listen on. The server has to be told one, so a free one is picked beforehand; numbers are
not given out twice in a run, and stay below the range that outgoing connections use."""

import itertools
import os
import socket

_candidates = itertools.count(12000 + os.getpid() % 8000)


def start_at(port):
    """From now on candidates are counted from there; for processes that pick ports at the same time."""
    global _candidates
    _candidates = itertools.count(port)


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
