"""When two answers to a test's request count as the same."""

import re

import expectation

# What two runs of one script cannot have in common.
_VARYING = [
    (re.compile(rb"\w{3}, \d\d[ -]\w{3}[ -]\d{4} \d\d:\d\d:\d\d GMT"), b"<date>"),
    (re.compile(rb"Max-Age=\d+"), b"Max-Age=<age>"),
    (re.compile(rb"(PHPSESSID\w*=)[-,\w]{13,}"), rb"\1<id>"),
    (re.compile(rb"(?<![0-9A-Za-z])[-,0-9a-v]{26,64}(?![0-9A-Za-z])"), b"<id>"),
    (re.compile(rb"/php[0-9A-Za-z]{6,24}\b"), b"/<temporary>"),
    (re.compile(rb"0x[0-9a-f]{6,}"), b"<address>"),
    (re.compile(rb"\d+\.\d{4,}"), b"<fraction>"),
]
# PHP leaves the length to the server.
_COUNTED = "content-length"


def _masked(text):
    for pattern, name in _VARYING:
        text = pattern.sub(name, text)
    return text


def headers_of(answer):
    """Comparable headers: in order for each name, names in any letter case."""
    pairs = [(name.lower(), _masked(value.encode("latin-1"))) for name, value in answer.headers]
    return sorted((pair for pair in pairs if pair[0] != _COUNTED), key=lambda pair: pair[0])


def difference(test, reference, own):
    """None when both answer alike, else what differs: "status", "headers" or "body"."""
    if reference.status != own.status:
        return "status"
    if headers_of(reference) != headers_of(own):
        return "headers"
    if reference.body == own.body:
        return None
    fit = [expectation.body_fits(test, answer.body) for answer in (reference, own)]
    if all(fit) or (not any(fit) and _masked(reference.body) == _masked(own.body)):
        return None
    return "body"
