"""RFC 9112 as a table: bytes sent over a raw socket, and everything that may come of them. Each row
says which answers come, for which requests PHP was run and with what body, and whether the connection
goes on. Behind every message follows another request: it runs as itself or not at all.

Rows that only say "refused" stand in test_http_strictness.py; here each has its exact outcome."""

import base64
import json
import os

import pytest

LIMIT = 4096  # MAX_HEADER_SIZE of the server below
MOST_FIELDS = 256

NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
# What an attacker would have the next recipient read as a request.
HIDDEN = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


class Run:
    """An answer by PHP, and what it was asked."""

    status = 200

    def __init__(self, method="GET", uri="/", body=b"", host="a"):
        self.method = method
        self.seen = [method, uri, host, base64.b64encode(body).decode()]


def post(body=b"", uri="/"):
    return Run("POST", uri, body)


GOES_ON = "the connection goes on"
CLOSED = "the connection is closed"
CONTINUE = 100

ROWS = {}


def row(name, message, *answers, end=GOES_ON):
    assert name not in ROWS, name
    ROWS[name] = (message if isinstance(message, bytes) else message.encode("latin-1"), answers, end)


def refused(name, message, status=400):
    row(name, message, status, end=CLOSED)


def served(name, message, *runs):
    row(name, message, *(runs or (Run(),)))


def get(fields="", target="/", version="HTTP/1.1", method="GET"):
    return f"{method} {target} {version}\r\nHost: a\r\n{fields}\r\n".encode("latin-1")


def with_length(length, body=b""):
    return f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n".encode("latin-1") + body


def with_coding(coding, body=b"0\r\n\r\n", more=""):
    return f"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: {coding}\r\n{more}\r\n".encode("latin-1") + body


def chunked(body):
    return with_coding("chunked", body)


def http10(fields="", method="GET", body=b""):
    return f"{method} / HTTP/1.0\r\n{fields}\r\n".encode("latin-1") + body


# -- both ways to say where a body ends ----------------------------------------------------------------

BOTH = "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"
refused("length, then coding, with a request inside", get(BOTH, method="POST") + b"0\r\n\r\n" + HIDDEN)
refused("a length that covers the hidden request", with_coding("chunked", b"0\r\n\r\n" + HIDDEN, f"Content-Length: {5 + len(HIDDEN)}\r\n"))
refused("length 0 and coding", get("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n") + b"0\r\n\r\n")
refused("coding and length 0", get("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n") + HIDDEN)
refused("length and an empty coding", get("Content-Length: 0\r\nTransfer-Encoding:\r\n"))
refused("length and coding far apart", get("Content-Length: 3\r\n" + "X: y\r\n" * 50 + "Transfer-Encoding: chunked\r\n") + b"0\r\n\r\n")
refused("length and coding in HTTP/1.0", http10(BOTH, "POST", b"0\r\n\r\n" + HIDDEN))
refused("coding in HTTP/1.0 with a request behind", http10("Transfer-Encoding: chunked\r\n", "POST", b"0\r\n\r\n" + HIDDEN))
refused("coding in HTTP/1.0 with keep-alive", http10("Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n", "POST", b"0\r\n\r\n"))
refused("coding of a HEAD with a length", get(BOTH, method="HEAD") + b"0\r\n\r\n")
refused("two lengths around a coding", get("Content-Length: 1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n"))

# -- Transfer-Encoding ---------------------------------------------------------------------------------

served("coding in capitals", with_coding("CHUNKED", b"3\r\nabc\r\n0\r\n\r\n"), post(b"abc"))
served("coding in mixed case", with_coding("ChUnKeD", b"3\r\nabc\r\n0\r\n\r\n"), post(b"abc"))
served("coding with blanks and tabs around", with_coding(" \t chunked \t", b"3\r\nabc\r\n0\r\n\r\n"), post(b"abc"))
served("coding without a space behind the colon", get("Transfer-Encoding:chunked\r\n", method="POST") + b"0\r\n\r\n", post())
served("coding of a GET", get("Transfer-Encoding: chunked\r\n") + b"2\r\nhi\r\n0\r\n\r\n", Run(body=b"hi"))
served("coding of a DELETE", get("Transfer-Encoding: chunked\r\n", method="DELETE") + b"2\r\nhi\r\n0\r\n\r\n", Run("DELETE", body=b"hi"))
served("field name in odd case", get("tRANSFER-eNCODING: chunked\r\n", method="POST") + b"0\r\n\r\n", post())
for name, coding in {
    "a comma in front": ",chunked",
    "a list with identity": "identity, chunked",
    "a list that ends in identity": "chunked, identity",
    "a list with an empty member": "chunked,,",
    "an unknown coding in front": "x, chunked",
    "deflate in front": "deflate, chunked",
    "compress": "compress",
    "a letter too many": "chunkedd",
    "a letter missing": "chunke",
    "a space inside": "chun ked",
    "a semicolon behind": "chunked;",
    "single quotes": "'chunked'",
    "a form feed in front": "\x0cchunked",
    "a vertical tab behind": "chunked\x0b",
    "a NUL behind": "chunked\x00",
    "a non-breaking space in front": "\xa0chunked",
    "a non-breaking space behind": "chunked\xa0",
    "a high letter": "chun\xebed",
    "the long s of Unicode": "chunked\xc5\xbf",
    "a colon in front": ": chunked",
    "an equals sign": "chunked=1",
    "percent-encoding": "%63hunked",
    "a backslash": "chunked\\",
    "the trailers word": "trailers",
}.items():
    refused(f"coding: {name}", with_coding(coding, b"0\r\n\r\n" + HIDDEN))
refused("coding on a folded line", get("Transfer-Encoding:\r\n chunked\r\n", method="POST") + b"0\r\n\r\n")
refused("coding folded behind another field", get("X: y\r\n\tTransfer-Encoding: chunked\r\n", method="POST") + b"0\r\n\r\n")
refused("coding behind a bare CR", get("X: y\rTransfer-Encoding: chunked\r\n", method="POST") + b"0\r\n\r\n")
refused("coding behind a bare LF", get("X: y\nTransfer-Encoding: chunked\r\n", method="POST") + b"0\r\n\r\n")
refused("coding with a tab before the colon", get("Transfer-Encoding\t: chunked\r\n", method="POST") + b"0\r\n\r\n")
refused("coding with a NUL in its name", get("Transfer-\x00Encoding: chunked\r\n", method="POST") + b"0\r\n\r\n")
refused("coding that is identity with a length", get("Content-Length: 3\r\nTransfer-Encoding: identity\r\n", method="POST") + b"abc")
refused("coding twice, second unknown", get("Transfer-Encoding: chunked\r\nTransfer-encoding: cow\r\n", method="POST") + b"0\r\n\r\n")
refused("coding twice, first empty", get("Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n", method="POST") + b"0\r\n\r\n")
# Not the field: a dash is no underscore, and no other name means it.
served("coding with an underscore is another field", get("Transfer_Encoding: chunked\r\n"))
served("TE says what answers may be", get("TE: chunked, trailers\r\nConnection: TE\r\n"))
served("Content-Encoding says nothing of the framing", get("Content-Encoding: chunked\r\n"))

# -- Content-Length ------------------------------------------------------------------------------------

served("length of nothing", with_length("0"), post())
served("length in blanks", with_length(" \t3\t ", b"abc"), post(b"abc"))
served("length of a request inside is a body", with_length(str(len(HIDDEN)), HIDDEN), post(HIDDEN))
served("length of a GET", get("Content-Length: 3\r\n") + b"abc", Run(body=b"abc"))
served("length of a HEAD", get("Content-Length: 3\r\n", method="HEAD") + b"abc", Run("HEAD", body=b"abc"))
served("length with an underscore is another field", get("Content_Length: 5\r\n"))
served("length with zeros in front", with_length("0" * 15 + "3", b"abc"), post(b"abc"))
for name, length in {
    "minus zero": "-0",
    "plus zero": "+0",
    "a dash": "-",
    "a comma behind": "3,",
    "a comma in front": ",3",
    "a list of equal ones": "3,3",
    "a list of different ones": "3, 4",
    "a semicolon": "3;",
    "octal": "0o3",
    "binary": "0b11",
    "an exponent": "3e0",
    "an underscore": "1_0",
    "a thousand's comma": "1,000",
    "quotes": '"3"',
    "a NUL behind": "3\x00",
    "a NUL in front": "\x003",
    "a vertical tab": "\x0b3",
    "a tab between": "1\t1",
    "an Arabic digit": "\xd9\xa3",
    "a full-width digit": "\xef\xbc\x93",
    "the largest 64-bit number": "18446744073709551615",
    "one more than 64 bits hold": "18446744073709551616",
    "the largest signed number and one": "9223372036854775808",
    "twenty digits that wrap to three": "18446744073709551619",
    "a thousand digits": "1" * 1000,
    "a thousand zeros": "0" * 1000 + "3",
}.items():
    refused(f"length: {name}", with_length(length, b"abc"))
refused("length twice, second empty", get("Content-Length: 3\r\nContent-Length:\r\n", method="POST") + b"abc")
refused("length twice in three fields", get("Content-Length: 3\r\nX: y\r\nCONTENT-LENGTH: 3\r\n", method="POST") + b"abc")
refused("length on a folded line", get("Content-Length:\r\n 3\r\n", method="POST") + b"abc")
refused("length that goes on in a folded line", get("Content-Length: 3\r\n 0\r\n", method="POST") + b"abc")
refused("length with a space before the colon", get("Content-Length : 3\r\n", method="POST") + b"abc")
refused("length twice in HTTP/1.0", http10("Content-Length: 3\r\nContent-Length: 5\r\n", "POST", b"abc"))
refused("a length too large for the limit", with_length("99999999999"), 413)
# The request behind is the rest of this one's body, and that never ends.
row("a length that swallows what follows", with_length("4096", b"abc"), 408, end=CLOSED)

# -- chunks --------------------------------------------------------------------------------------------

served("one chunk", chunked(b"3\r\nabc\r\n0\r\n\r\n"), post(b"abc"))
served("a request in a chunk is a body", chunked(b"%x\r\n%s\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)), post(HIDDEN))
served("the end of a body in a chunk is a body", chunked(b"5\r\n0\r\n\r\n\r\n0\r\n\r\n"), post(b"0\r\n\r\n"))
served("size in capitals", chunked(b"A\r\n0123456789\r\n0\r\n\r\n"), post(b"0123456789"))
served("size with zeros in front", chunked(b"0000000003\r\nabc\r\n0\r\n\r\n"), post(b"abc"))
served("size of sixteen digits", chunked(b"0000000000000003\r\nabc\r\n0\r\n\r\n"), post(b"abc"))
served("last chunk of many zeros", chunked(b"3\r\nabc\r\n0000000000\r\n\r\n"), post(b"abc"))
served("extension", chunked(b"3;a\r\nabc\r\n0\r\n\r\n"), post(b"abc"))
served("extension with a value", chunked(b"3;a=b;c=d\r\nabc\r\n0;e\r\n\r\n"), post(b"abc"))
served("extension in quotes", chunked(b'3;a="b;c\\"d"\r\nabc\r\n0\r\n\r\n'), post(b"abc"))
served("extension with blanks where they may be", chunked(b"3 ; a = b\r\nabc\r\n0\r\n\r\n"), post(b"abc"))
for name, size in {
    "seventeen digits": b"00000000000000003",
    "a minus zero": b"-0",
    "a space behind": b"3 ",
    "a tab behind": b"3\t",
    "a tab in front": b"\t3",
    "a sign and 0x": b"+0x3",
    "an h behind": b"3h",
    "an underscore": b"1_0",
    "a point": b"3.0",
    "a comma": b"3,3",
    "quotes": b'"3"',
    "a NUL behind": b"3\x00",
    "a NUL in front": b"\x003",
    "a high byte": b"3\xff",
    "a vertical tab": b"\x0b3",
    "an empty extension": b"3;",
    "an extension without a name": b"3;=b",
    "an extension without a value": b"3;a=",
    "an open quote": b'3;a="b',
    "garbage behind quotes": b'3;a="b"c',
    "a NUL in an extension": b"3;a\x00",
    "a CR in an extension": b"3;a\rb",
    "a CR in quotes": b'3;a="\r"',
    "an escaped CR in quotes": b'3;a="\\\r"',
    "two CRs": b"3\r",
    "an extension that is too long": b"3;" + b"a" * 2000,
}.items():
    refused(f"chunk size: {name}", chunked(size + b"\r\nabc\r\n0\r\n\r\n" + HIDDEN))
refused("chunk size: an extension that hides an LF", chunked(b"3;a\n\r\nabc\r\n0\r\n\r\n" + HIDDEN))
refused("chunk size: a bare LF at its end", chunked(b"3;a=b\nabc\r\n0\r\n\r\n" + HIDDEN))
refused("a last chunk with a bare LF", chunked(b"3\r\nabc\r\n0\n\r\n" + HIDDEN))
refused("an end with a bare LF", chunked(b"3\r\nabc\r\n0\r\n\n" + HIDDEN))
refused("an end with a bare CR", chunked(b"3\r\nabc\r\n0\r\n\r" + HIDDEN))
refused("a chunk without its CRLF", chunked(b"3\r\nabc0\r\n\r\n" + HIDDEN))
refused("a chunk that ends in CR CR LF", chunked(b"3\r\nabc\r\r\n0\r\n\r\n" + HIDDEN))
refused("a chunk that ends in LF CR", chunked(b"3\r\nabc\n\r0\r\n\r\n" + HIDDEN))
refused("a chunk that ends in a space", chunked(b"3\r\nabc \r\n0\r\n\r\n" + HIDDEN))
refused("a chunk one shorter than its size", chunked(b"4\r\nabc\r\n0\r\n\r\n" + HIDDEN))
refused("a chunk of 32 bits and three", chunked(b"100000003\r\nabc\r\n0\r\n\r\n" + HIDDEN), 413)
refused("a chunk of all 64 bits", chunked(b"FFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n" + HIDDEN), 413)
refused("chunks whose sum is past 64 bits", chunked(b"3\r\nabc\r\nfffffffffffffffe\r\nabc\r\n0\r\n\r\n" + HIDDEN), 413)
refused("extensions without end", chunked(b"1;" + b"a" * 1000 + b"\r\nx\r\n" + (b"1;" + b"a" * 1000 + b"\r\nx\r\n") * 40))
refused("a body that is no chunk", chunked(HIDDEN))
row("chunks that do not end", chunked(b"400\r\nabc"), 408, end=CLOSED)

# -- trailers ------------------------------------------------------------------------------------------

served("trailer", chunked(b"3\r\nabc\r\n0\r\nX: y\r\n\r\n"), post(b"abc"))
served("trailers are no fields", chunked(b"0\r\nHost: evil\r\nContent-Length: 9\r\nTransfer-Encoding: x\r\n\r\n"), post())
served("trailer without a value", chunked(b"0\r\nX:\r\n\r\n"), post())
refused("trailer with a folded line", chunked(b"0\r\nX: y\r\n z\r\n\r\n" + HIDDEN))
refused("trailer with a bare LF", chunked(b"0\r\nX: y\n\r\n" + HIDDEN))
refused("trailer with a NUL", chunked(b"0\r\nX: \x00\r\n\r\n" + HIDDEN))
refused("trailer with a bare CR", chunked(b"0\r\nX: a\rb\r\n\r\n" + HIDDEN))
refused("trailer without a name", chunked(b"0\r\n: y\r\n\r\n" + HIDDEN))
refused("trailer that is a request", chunked(b"0\r\n" + HIDDEN))
refused("trailers that are too long", chunked(b"0\r\n" + b"X: " + b"y" * 20000 + b"\r\n\r\n"), 431)

# -- lines ---------------------------------------------------------------------------------------------

served("an empty line in front", b"\r\n" + get())
served("four empty lines in front", b"\r\n" * 4 + get())
refused("five empty lines in front", b"\r\n" * 5 + get())
refused("a bare LF in front", b"\n" + get())
refused("a bare CR in front", b"\r" + get())
refused("a tab in front", b"\t" + get())
refused("a NUL in front", b"\x00" + get())
refused("a byte order mark in front", b"\xef\xbb\xbf" + get())
refused("a space line between line and fields", b"GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n")
refused("LF CR for CR LF", b"GET / HTTP/1.1\n\rHost: a\n\r\n\r")
refused("CR CR LF at the end of a field", get("X: y\r\r\n"))
refused("CR CR LF at the end of the head", b"GET / HTTP/1.1\r\nHost: a\r\n\r\r\n")
refused("only CRs", b"GET / HTTP/1.1\rHost: a\r\r\n\r\n")
refused("a line separator of Unicode in a name", get("X\xe2\x80\xa8Y: z\r\n"))

# -- request line --------------------------------------------------------------------------------------

served("a method of its own", get(method="PURGE"), Run("PURGE"))
served("a method in small letters is another method", get(method="get"), Run("get"))
served("a method of all token characters", get(method="!#$%&'*+-.^_`|~09Az"), Run("!#$%&'*+-.^_`|~09Az"))
refused("a method with a colon", get(method="GE:T"))
refused("a method with a slash", get(method="GE/T"))
refused("a method with quotes", get(method='"GET"'))
refused("a method with a NUL", get(method="GE\x00T"))
refused("a method behind a tab", get(method="\tGET"))
refused("no version", b"GET /\r\nHost: a\r\n\r\n")
refused("HTTP/0.9 without a line end", b"GET /\r\n")
refused("HTTP/0.9 that says so", get(version="HTTP/0.9"), 505)
served("HTTP/1.2 is 1.1 to who knows no more", get(version="HTTP/1.2"))
refused("HTTP/1.2 without a Host", b"GET / HTTP/1.2\r\n\r\n")
refused("HTTP/2.0", get(version="HTTP/2.0"), 505)
refused("HTTP/3.0", get(version="HTTP/3.0"), 505)
refused("HTTP/2", get(version="HTTP/2"))
refused("HTTP/1.", get(version="HTTP/1."))
refused("HTTP/01.1", get(version="HTTP/01.1"))
refused("HTTP/1,1", get(version="HTTP/1,1"))
refused("HTTP/1.1 with a tab behind", get(version="HTTP/1.1\t"))
refused("HTTP/1.1 and a word", get(version="HTTP/1.1 x"))
refused("HTTP 1.1", get(version="HTTP 1.1"))
refused("Http/1.1", get(version="Http/1.1"))
refused("HTTPS/1.1", get(version="HTTPS/1.1"))
refused("a version with a NUL", get(version="HTTP/1.1\x00"))
refused("a version with a high digit", get(version="HTTP/1.\xb9"))
refused("a request line of three words more", b"GET / HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n")
refused("tabs in the request line", b"GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n")
refused("two spaces before the version", b"GET /  HTTP/1.1\r\nHost: a\r\n\r\n")
refused("an answer for a request", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

# -- target --------------------------------------------------------------------------------------------

served("a query of anything visible", get(target="/?a=%zz&b={}|\\^`\"<>"), Run(uri="/?a=%zz&b={}|\\^`\"<>"))
served("percent-encoding stays in the URI", get(target="/%41%2e/%2F"), Run(uri="/%41%2e/%2F"))
served("encoded UTF-8", get(target="/%C3%A4"), Run(uri="/%C3%A4"))
served("two slashes are a path, no authority", get(target="//b/c"), Run(uri="//b/c"))
served("a colon in the path is no scheme", get(target="/a:b@c"), Run(uri="/a:b@c"))
refused("UTF-8 that is not encoded", get(target="/\xc3\xa4"))
refused("a high byte in the query", get(target="/?\xff"))
refused("a tab in the target", get(target="/a\tb"))
refused("a form feed in the target", get(target="/a\x0cb"))
refused("an escape in the target", get(target="/\x1b[2J"))
refused("a fragment", get(target="/#a"))
refused("a bare query", get(target="?a"))
refused("a name without a slash", get(target="a"))
refused("a backslash for a slash", get(target="\\a"))
row("a NUL that is encoded", get(target="/%00"), 400)
row("a percent sign alone", get(target="/%"), 400)
row("half an escape", get(target="/%4"), 400)
row("an escape that is no hex", get(target="/%zz"), 400)
row("a dot directory", get(target="/.git/config"), 404)
row("a way out of the root", get(target="/../../etc/passwd"), Run(uri="/../../etc/passwd"))
row("TRACE", get(method="TRACE"), 405)
row("CONNECT to an authority", get(method="CONNECT", target="b:443"), 405)
refused("CONNECT without a port", get(method="CONNECT", target="b"))
refused("CONNECT to an URL", get(method="CONNECT", target="http://b:80/"))
refused("an authority for a GET", get(target="b:80"))
row("OPTIONS of the server", get(method="OPTIONS", target="*"), 200)
refused("an asterisk for a POST", get(method="POST", target="*"))
refused("an asterisk and more", get(method="OPTIONS", target="*a"))

# -- absolute-form and Host ----------------------------------------------------------------------------

served("absolute-form wins over Host", get(target="http://b/x?y"), Run(uri="/x?y", host="b"))
served("absolute-form with a port", get(target="http://b:81/"), Run(host="b:81"))
served("absolute-form in capitals", get(target="HTTP://B/"), Run(host="B"))
served("absolute-form of https", get(target="https://b/"), Run(host="b"))
served("absolute-form without a path", get(target="http://b"), Run(host="b"))
served("absolute-form with only a query", get(target="http://b?q"), Run(uri="/?q", host="b"))
row("absolute-form of OPTIONS without a path", get(method="OPTIONS", target="http://b"), 200)
served("absolute-form of OPTIONS with a path", get(method="OPTIONS", target="http://b/"), Run("OPTIONS", host="b"))
refused("absolute-form without a Host", b"GET http://b/ HTTP/1.1\r\n\r\n")
refused("absolute-form and two Hosts", get("Host: b\r\n", target="http://b/"))
refused("absolute-form and a bad Host", b"GET http://b/ HTTP/1.1\r\nHost: a b\r\n\r\n")
refused("absolute-form with a user", get(target="http://u:p@b/"))
refused("absolute-form without an authority", get(target="http:///x"))
refused("absolute-form without slashes", get(target="http:b"))
refused("absolute-form with one slash", get(target="http:/b"))
refused("absolute-form with a backslash", get(target="http://b\\c/"))
refused("absolute-form with a bad port", get(target="http://b:99999/"))
refused("absolute-form of another scheme", get(target="file:///etc/passwd"))
refused("absolute-form of a websocket", get(target="ws://b/"))
served("Host with a port", b"GET / HTTP/1.1\r\nHost: a:8080\r\n\r\n", Run(host="a:8080"))
served("Host with an empty port", b"GET / HTTP/1.1\r\nHost: a:\r\n\r\n", Run(host="a:"))
served("Host of IPv6", b"GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", Run(host="[2001:db8::1]:80"))
served("Host with a comma, which a name may have", b"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", Run(host="a,b"))
served("Host last", b"GET / HTTP/1.1\r\nX: y\r\nHost: a\r\n\r\n")
for name, host in {
    "empty": "",
    "blanks": " \t ",
    "a user": "u:p@a",
    "a path": "a/",
    "a query": "a?b",
    "a fragment": "a#b",
    "a backslash": "a\\b",
    "a space inside": "a b",
    "a tab inside": "a\tb",
    "a NUL": "a\x00b",
    "a port that is no number": "a:b",
    "a port with a sign": "a:+80",
    "a port of 65536": "a:65536",
    "a port of many digits": "a:000080",
    "two ports": "a:80:80",
    "only a port": ":80",
    "IPv6 without brackets": "::1",
    "IPv6 with an open bracket": "[::1",
    "IPv6 with letters behind": "[::1]a",
    "IPv6 that is none": "[g::1]",
    "IPv6 with a zone": "[fe80::1%25eth0]",
    "an IPvFuture": "[v1.a]",
    "a high byte": "\xe4",
    "a bad escape": "a%zz",
    "brackets inside": "a[b]",
    "a scheme": "http://a",
}.items():
    refused(f"Host: {name}", f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")
refused("Host on a folded line", b"GET / HTTP/1.1\r\nHost:\r\n a\r\n\r\n")
refused("Host that goes on in a folded line", b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n")
refused("Host with a space before the colon", b"GET / HTTP/1.1\r\nHost : a\r\n\r\n")
refused("Host twice in HTTP/1.0", http10("Host: a\r\nHost: a\r\n"))
refused("a bad Host in HTTP/1.0", http10("Host: a b\r\n"))
row("no Host in HTTP/1.0", http10(), Run(host=""), end=CLOSED)

# -- fields --------------------------------------------------------------------------------------------

served("a field without a value", get("X:\r\n"))
served("the most fields", get("X: y\r\n" * (MOST_FIELDS - 1)))
refused("a field too many", get("X: y\r\n" * MOST_FIELDS), 431)
served("a value of high bytes", get("X: \x80\xff\r\n"))
refused("a head that is too large", get("X: " + "y" * LIMIT + "\r\n"), 431)
refused("a target that is too large", get(target="/" + "y" * LIMIT), 414)
refused("a target without end", b"GET /" + b"y" * (2 * LIMIT), 414)
refused("a method that is too large", get(method="Y" * LIMIT), 431)
refused("a field name that is too large", get("Y" * LIMIT + ": x\r\n"), 431)
refused("a line without end", b"G" * (2 * LIMIT), 431)
for code in (0, 1, 7, 8, 11, 12, 14, 27, 31, 127):
    refused(f"control byte {code} in a value", get(f"X: a{chr(code)}b\r\n"))
    refused(f"control byte {code} in a name", get(f"X{chr(code)}Y: a\r\n"))
for code in (9, 32, 34, 40, 44, 47, 59, 60, 61, 64, 91, 92, 123, 128, 160):
    refused(f"byte {code} in a name", get(f"X{chr(code)}Y: a\r\n"))
refused("a field that is only a colon", get(":\r\n"))
refused("a field without a colon", get("Content-Length\r\n"))
refused("a field behind a space", get(" X: y\r\n"))
refused("a control byte at the start of a value", get("X:\x0by\r\n"))

# -- Connection ----------------------------------------------------------------------------------------

row("close", get("Connection: close\r\n"), Run(), end=CLOSED)
row("close in capitals", get("Connection: CLOSE\r\n"), Run(), end=CLOSED)
row("close in a list", get("Connection: te, close ,x\r\n"), Run(), end=CLOSED)
row("close wins over keep-alive", get("Connection: keep-alive, close\r\n"), Run(), end=CLOSED)
row("close in a second field", get("Connection: keep-alive\r\nConnection: close\r\n"), Run(), end=CLOSED)
row("close behind a body", get("Connection: close\r\nContent-Length: 3\r\n", method="POST") + b"abc", post(b"abc"), end=CLOSED)
served("keep-alive", get("Connection: keep-alive\r\n"))
served("a word that begins with close", get("Connection: closed\r\n"))
served("an empty list", get("Connection:\r\n"))
served("a list with empty members", get("Connection: ,,keep-alive,\r\n"))
served("Proxy-Connection is nothing", get("Proxy-Connection: close\r\n"))
served("Connection does not take Host away", get("Connection: Host\r\n"))
served("Connection does not take the length away", get("Connection: Content-Length\r\nContent-Length: 3\r\n") + b"abc", Run(body=b"abc"))
served("Upgrade to anything is ignored", get("Connection: upgrade\r\nUpgrade: websocket\r\n"))
row("HTTP/1.0 closes", http10("Host: a\r\n"), Run(), end=CLOSED)
served("HTTP/1.0 with keep-alive", http10("Host: a\r\nConnection: Keep-Alive\r\n"))
row("HTTP/1.0 with both", http10("Host: a\r\nConnection: keep-alive, close\r\n"), Run(), end=CLOSED)
row("HTTP/1.0 with a body", http10("Host: a\r\nContent-Length: 3\r\n", "POST", b"abc"), post(b"abc"), end=CLOSED)

# -- Expect --------------------------------------------------------------------------------------------

WAIT = "Expect: 100-continue\r\n"
served("Expect with the body at hand", get(WAIT + "Content-Length: 3\r\n", method="POST") + b"abc", post(b"abc"))
served("Expect without a body", get(WAIT))
served("Expect with a length of 0", get(WAIT + "Content-Length: 0\r\n"))
served("Expect in capitals", get("Expect: 100-CONTINUE\r\n"))
served("Expect in HTTP/1.0", http10("Host: a\r\nConnection: keep-alive\r\n" + WAIT + "Content-Length: 3\r\n", "POST", b"abc"), post(b"abc"))
refused("Expect: something else", get("Expect: 200-ok\r\n"), 417)
refused("Expect: a list", get("Expect: 100-continue, 100-continue\r\n"), 417)
refused("Expect: a parameter", get("Expect: 100-continue;q=1\r\n"), 417)
refused("Expect: nothing", get("Expect:\r\n"), 417)

# -- pipelining ----------------------------------------------------------------------------------------

served("three requests in one packet", get(target="/1") + get(target="/2") + get(target="/3"), Run(uri="/1"), Run(uri="/2"), Run(uri="/3"))
served("a body between requests", get() + with_length("3", b"abc") + chunked(b"1\r\nx\r\n0\r\n\r\n"), Run(), post(b"abc"), post(b"x"))
served("an empty line behind a body", with_length("3", b"abc") + b"\r\n" + get(), post(b"abc"), Run())
row("a broken request behind a whole one", get() + b"BROKEN\r\n\r\n", Run(), 400, end=CLOSED)
row("a broken body behind a whole request", get() + chunked(b"x\r\n"), Run(), 400, end=CLOSED)
row("bytes behind a body", with_length("3", b"abc\x00def"), post(b"abc"), 400, end=CLOSED)
row("a close between requests", get() + get("Connection: close\r\n", target="/2") + HIDDEN, Run(), Run(uri="/2"), end=CLOSED)
served("an answered error between requests", get(method="TRACE") + get(), 405, Run())


# ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recorder(launch_shared):
    record = os.path.join(launch_shared.folder(mode=0o777), "runs")
    server = launch_shared(
        "conformance",
        INDEX_FILE="index.php",
        MAX_HEADER_SIZE=LIMIT,
        HEADER_TIMEOUT_SECS=1,
        BODY_TIMEOUT="1s",
        RECORD=record,
    )
    server.record = record
    return server


def take_record(server):
    """What PHP was run for since the last time."""
    try:
        with open(server.record) as file:
            lines = file.readlines()
    except FileNotFoundError:
        return []
    os.unlink(server.record)
    return [json.loads(line) for line in lines]


def check(raw, answers):
    for answer in answers:
        method = answer.method if isinstance(answer, Run) else "GET"
        got = raw.read_response(to=method).status
        assert got == (answer.status if isinstance(answer, Run) else answer)


@pytest.mark.howdah_only("it is stricter than RFC 9112 demands")
@pytest.mark.parametrize("name", ROWS)
def test_a_message_has_exactly_one_outcome(recorder, name):
    message, answers, end = ROWS[name]
    runs = [answer.seen for answer in answers if isinstance(answer, Run)]
    take_record(recorder)
    with recorder.raw(timeout=10) as raw:
        raw.send(message + NEXT)
        check(raw, answers)
        if end is GOES_ON:
            check(raw, [Run(uri="/next")])
            raw.send(LAST)
            check(raw, [Run(uri="/last")])
            runs += [Run(uri="/next").seen, Run(uri="/last").seen]
        assert raw.read_to_end() == b""
    assert take_record(recorder) == runs


def test_a_body_is_asked_for_and_then_read(recorder):
    take_record(recorder)
    with recorder.raw(timeout=10) as raw:
        raw.send(get(WAIT + "Transfer-Encoding: chunked\r\n", method="POST"))
        check(raw, [CONTINUE])
        raw.send(b"3\r\nabc\r\n0\r\n\r\n" + LAST)
        check(raw, [post(b"abc"), Run(uri="/last")])
        assert raw.read_to_end() == b""
    assert take_record(recorder) == [post(b"abc").seen, Run(uri="/last").seen]


@pytest.mark.parametrize("fields, status", [("Content-Length: 99999999999\r\n", 413), ("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", 400)])
def test_a_body_that_would_be_refused_is_not_asked_for(recorder, fields, status):
    with recorder.raw(timeout=10) as raw:
        raw.send(get(WAIT + fields, method="POST"))
        check(raw, [status])
        assert raw.read_to_end() == b""


PIECES = ["a request in a chunk is a body", "trailers are no fields", "three requests in one packet", "chunk size: two CRs"]


@pytest.mark.parametrize("name", PIECES)
def test_the_outcome_does_not_depend_on_the_packets(recorder, name):
    message, answers, _ = ROWS[name]
    with recorder.raw(timeout=10) as raw:
        for byte in message:
            raw.send(bytes([byte]))
        check(raw, answers)
