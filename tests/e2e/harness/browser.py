"""As much of a browser as logging in and filling forms takes: cookies and redirects."""

import html
import re
from urllib.parse import urljoin, urlsplit

from harness.forms import urlencoded


class Browser:
    def __init__(self, server):
        self._server = server
        self.home = "http://%s:%d" % server.address
        self.cookies = {}

    def request(self, method, target, body=None, headers=None, follow=True):
        """Follows redirects to the same server; the answer gets its final target as `.target`."""
        for _ in range(10):
            cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            sent = {**(headers or {}), **({"Cookie": cookies} if cookies else {})}
            answer = self._server.request(method, target, body, sent)
            for line in answer.all("Set-Cookie"):
                name, _, value = line.split(";")[0].partition("=")
                if value in ("", "deleted", "%20"):
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = value
            answer.target = target
            location = answer.header("Location")
            if not follow or location is None or answer.status not in (301, 302, 303, 307, 308):
                return answer
            parts = urlsplit(urljoin(self.home + target, location))
            assert f"{parts.scheme}://{parts.netloc}" == self.home, f"sent to another server: {location}"
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            if answer.status not in (307, 308):
                method, body, headers = "GET", None, None
        raise AssertionError(f"redirects for ever: {target}")

    def get(self, target, headers=None, follow=True):
        return self.request("GET", target, headers=headers, follow=follow)

    def submit(self, target, fields, follow=True):
        body, headers = urlencoded(fields)
        return self.request("POST", target, body, headers, follow)


def hidden_field(page, name):
    """Value of a form's hidden field."""
    for tag in re.findall(r"<input\b[^>]*>", page.text):
        attributes = dict(re.findall(r"""([\w-]+)=["']([^"']*)["']""", tag))
        if attributes.get("name") == name:
            return html.unescape(attributes.get("value", ""))
    raise AssertionError(f"no field {name!r} in {page.text[:3000]}")
