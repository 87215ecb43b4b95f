"""Servers that follow changes of their files, and browsers that are told of them."""

import os

from harness.client import RawConnection
from harness.folders import write
from harness.waiting import wait_until

DOCUMENT = {"Sec-Fetch-Dest": "document"}


def watching(server):
    """Returns when the files are watched, however that is."""
    server.wait_for_log(
        lambda line: "for changes" in line["msg"], "the watcher's first line", 20.0
    )
    return server


def serve_watched(launch, files, folder=None, **options):
    """`howdah serve DIR --watch` of a folder with these files, as `server.folder`."""
    folder = folder or launch.folder()
    write(folder, files)
    server = launch(site=folder, arguments=("serve", folder, "--watch"), DOCUMENT_ROOT=None, **options)
    server.folder = folder
    return watching(server)


def edit(server, **files):
    """Writes files as most editors do: beside the old one, then in its place. `__` stands for a slash."""
    for name, text in files.items():
        name = name.replace("__", "/")
        path = os.path.join(server.folder, name + ".php" if "." not in name else name)
        write(os.path.dirname(path), {os.path.basename(path) + "~": text})
        os.rename(path + "~", path)


def reloads(server):
    return sum(line.get("msg") == "reloaded" for line in server.log.json_lines())


def restarts(server):
    return sum(line.get("msg") == "workers restarted" for line in server.log.json_lines())


def changes(server):
    """What the log says was changed first, each time."""
    return [line["data"]["first"] for line in server.log.json_lines() if "have changed" in line.get("msg", "")]


class Events:
    """The stream that a page of the server listens to."""

    def __init__(self, server):
        self._connection = RawConnection(server.address)
        self._connection.send("GET /.howdah/reload HTTP/1.1\r\nHost: a\r\n\r\n")
        self.head = self._connection.read_head()
        assert self.head.status == 200, self.head
        self._text = ""
        kind, self.version = self.next()
        assert kind == "page"

    def next(self):
        """(kind, version) of the next event."""
        while "\n\n" not in self._text:
            piece = self._connection.read_chunk()
            assert piece, "the stream has ended"
            self._text += piece.decode()
        event, _, self._text = self._text.partition("\n\n")
        fields = dict(line.split(": ", 1) for line in event.split("\n"))
        return fields["event"], fields["data"]

    def ended(self):
        return self._connection.read_chunk() == b""

    def close(self):
        self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def wait_for_text(server, target, text):
    wait_until(
        lambda: server.get(target).text == text,
        lambda: f"{target} to be {text!r}: it is {server.get(target).text!r}\n{server.output()}",
        20.0,
    )
