"""What a test expects of its output: EXPECT, EXPECTF, EXPECTREGEX and EXPECTHEADERS."""

import re

# The placeholders of EXPECTF.
_PLACEHOLDERS = {
    b"e": rb"/",
    b"s": rb"[^\r\n]+",
    b"S": rb"[^\r\n]*",
    b"a": rb".+",
    b"A": rb".*",
    b"w": rb"\s*",
    b"i": rb"[+-]?\d+",
    b"d": rb"\d+",
    b"x": rb"[0-9a-fA-F]+",
    b"f": rb"[+-]?(?:\d+|(?=\.\d))(?:\.\d+)?(?:[Ee][+-]?\d+)?",
    b"c": rb".",
    b"0": rb"\x00",
}
# %r...%r is a regular expression of its own; other % stand for themselves.
_TOKEN = re.compile(rb"%r(.*?)%r|%([esSaAwidxfc0])", re.DOTALL)


def _format_pattern(wanted):
    pattern, at = b"", 0
    for token in _TOKEN.finditer(wanted):
        pattern += re.escape(wanted[at : token.start()])
        pattern += b"(?:" + token[1] + b")" if token[1] is not None else _PLACEHOLDERS[token[2]]
        at = token.end()
    return pattern + re.escape(wanted[at:])


def _plain(text):
    return text.strip().replace(b"\r\n", b"\n")


def body_fits(test, body):
    """Whether a body is what the test expects; False also when its pattern is none of Python's."""
    body = _plain(body)
    if "EXPECT" in test.sections:
        return body == _plain(test.sections["EXPECT"])
    if "EXPECTF" in test.sections:
        pattern = _format_pattern(_plain(test.sections["EXPECTF"]))
    else:
        pattern = _plain(test.sections["EXPECTREGEX"])
    try:
        return re.fullmatch(pattern, body, re.DOTALL) is not None
    except re.error:
        return False


def headers_fit(test, headers):
    """Whether the headers of EXPECTHEADERS are there. The last of a name counts."""
    there = {name.lower(): value for name, value in headers}
    wanted = [line.split(":", 1) for line in test.lines("EXPECTHEADERS") if ":" in line]
    return all(there.get(name.strip().lower()) == value.strip() for name, value in wanted)


def fits(test, answer):
    return body_fits(test, answer.body) and headers_fit(test, answer.headers)
