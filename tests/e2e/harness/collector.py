"""A small OpenTelemetry collector: takes what is posted to it, by OTLP/HTTP in JSON, and decodes it."""

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.waiting import allow, wait_until


class Span:
    """One span, with its attributes and those of its resource as plain dictionaries."""

    def __init__(self, span, resource):
        self.fields = span
        self.resource = resource
        self.attributes = _attributes(span)
        self.name, self.trace_id, self.span_id = span["name"], span["traceId"], span["spanId"]
        self.parent_id = span.get("parentSpanId")
        self.start, self.end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
        self.failed = span.get("status", {}).get("code") == 2

    @property
    def path(self):
        return self.attributes.get("url.path")

    @property
    def status(self):
        return self.attributes.get("http.response.status_code")


def _value(value):
    (kind, content), = value.items()
    return int(content) if kind == "intValue" else content


def _attributes(thing):
    pairs = [(item["key"], _value(item["value"])) for item in thing.get("attributes", [])]
    assert len(pairs) == len(dict(pairs)), f"an attribute came twice: {pairs}"
    return dict(pairs)


def decode(body):
    for resource in json.loads(body)["resourceSpans"]:
        who = _attributes(resource["resource"])
        for scope in resource["scopeSpans"]:
            assert scope["scope"]["name"] == "howdah"
            for span in scope["spans"]:
                yield Span(span, who)


class Collector:
    """Listens on a port of its own. What it answers is `answer`, a function of the number of posts so
    far that returns (status, headers, body), or bytes that are sent in place of HTTP."""

    def __init__(self, pair=None, port=0):
        self.answer = lambda number: (200, {}, b"{}")
        self.posts = []  # (path, headers) of each
        self._spans = []
        self._lock = threading.Lock()
        self._go_on = threading.Event()
        self._go_on.set()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                collector._take(self)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        if pair is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pair.cert, pair.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self.url = f"https://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def _take(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self._lock:
            self.posts.append((handler.path, handler.headers))
            number = len(self.posts)
        self._go_on.wait(allow(60))
        answer = self.answer(number)
        if isinstance(answer, bytes):
            handler.wfile.write(answer)
            handler.close_connection = True
            return
        status, headers, text = answer
        if status == 200:
            spans = list(decode(body))
            with self._lock:
                self._spans += spans
        handler.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(text))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(text)

    def hang(self):
        """From now on nothing is answered."""
        self._go_on.clear()

    def go_on(self):
        self._go_on.set()

    def spans(self):
        with self._lock:
            return list(self._spans)

    def wait_for(self, predicate, what, timeout=30.0):
        return wait_until(lambda: next(filter(predicate, self.spans()), None), f"a span: {what}", timeout)

    def wait_for_path(self, path):
        return self.wait_for(lambda span: span.path == path, path)

    def close(self):
        self._go_on.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
