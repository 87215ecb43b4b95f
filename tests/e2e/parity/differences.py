"""Every difference between Howdah and nginx + PHP-FPM that is wanted, with its reason. The rest is asserted equal.

`comparable()` turns an answer into plain data from which exactly these differences are gone."""

import json
import re

# -- headers of the answer -------------------------------------------------------------------------------

HEADERS = {
    "server": "each server names itself",
    "date": "the clock moves on",
    "x-request-id": "added by Howdah",
    "traceparent": "added by Howdah",
    "connection": "each server says in its own way that it closes",
    "content-length": "framing is the server's: Howdah knows the length of a buffered answer, nginx does not look",
    "transfer-encoding": "the same",
    "x-powered-by": "names the PHP version; expose_php has a test of its own",
}

# -- $_SERVER, and what repeats it -----------------------------------------------------------------------

ADDED = "added by Howdah (docs: $_SERVER)"
SERVER = {
    "TRACE_ID": ADDED,
    "SPAN_ID": ADDED,
    "HTTP_TRACEPARENT": ADDED,
    "TOKIO_REQUEST_ID": ADDED,
    "TOKIO_WORKER_ID": ADDED,
    "TOKIO_SERVER_BUILD_VERSION": ADDED,
    "PATH_TRANSLATED": "nginx's usual configuration passes none; Howdah has it with a PATH_INFO, as CGI/1.1 wants",
    "SERVER_SOFTWARE": "each server names itself",
    "REMOTE_PORT": "another connection",
    "SERVER_PORT": "nginx passes the port it listens on, Howdah the one in Host",
    "REQUEST_TIME": "the clock moves on",
    "REQUEST_TIME_FLOAT": "the same",
    "FCGI_ROLE": "there is no FastCGI",
    "HTTP_TRANSFER_ENCODING": "the coding is undone before PHP sees the body; nginx passes the header on all the same",
    "REDIRECT_STATUS": "an nginx parameter for PHP builds with --enable-force-cgi-redirect",
}
# Empty under nginx, which passes every parameter it is told to; Howdah leaves out what a request lacks.
EMPTY_IS_ABSENT = ("PATH_INFO", "CONTENT_TYPE", "CONTENT_LENGTH", "REMOTE_USER", "HTTPS")


def server_variables(found, server):
    """$_SERVER without what may differ. The variables a server was started with are in it, too."""
    own = set(server.environment) - {"PATH", "LANG", "DOCUMENT_ROOT"}
    return {
        name: value
        for name, value in found.items()
        if name not in SERVER and name not in own and not (name in EMPTY_IS_ABSENT and value == "")
    }


# -- the whole dump --------------------------------------------------------------------------------------


# Their order is no promise; that of everything PHP itself has parsed is.
UNORDERED = ("server", "env", "getallheaders", "getenv")


def dump(found, server):
    found = dict(found)
    for section in ("server", "env"):
        found[section] = server_variables(dict(found[section]), server)
    for name in ("argv", "argc"):
        found["env"].pop(name, None)  # PHP-FPM copies $_SERVER when that has been filled first
    headers = found["getallheaders"] = dict(found["getallheaders"])
    for name in ("Traceparent", "Transfer-Encoding"):  # see SERVER
        headers.pop(name, None)
    for name in ("Content-Type", "Content-Length"):
        if headers.get(name) == "":  # EMPTY_IS_ABSENT
            del headers[name]
    return {
        section: value if section in UNORDERED else json.dumps(value, ensure_ascii=False)
        for section, value in found.items()
    }


# -- PHP versions: thread mode runs 8.4, Debian's PHP-FPM 8.2 --------------------------------------------

PHP_VERSIONS = [
    # (pattern, replacement, reason)
    (r"(PHP\\?/)8\.\d+\.\d+", r"\1VERSION", "its own name"),
    (r"PHP Request Startup: ", "", "8.3 and later name it in all warnings about a body"),
    (r"\{closure:[^}]*:\d+\}", "{closure}", "8.4 names closures by their place"),
    (r"tried to allocate \d+ bytes", "tried to allocate N bytes", "strings are rounded up in another way"),
    (
        r"\[8192 Passing E_USER_ERROR[^]]*\]|\n?(<br />\n<b>)?Deprecated(</b>)?: +Passing E_USER_ERROR[^\n]*\n",
        "",
        "deprecated since 8.4",
    ),
    (r"Cannot redeclare class (\w+) \(.*?:\d+\)", r"Cannot declare class \1, because the name is already in use", "8.4"),
    (r"session is already active \([^)]*\)", "session is already active", "8.4 says where it was started"),
    (r"extension_dir=[^\n]*", "extension_dir=PATH", "another build"),
    (
        r"(memory_hard_limit_percent|zend\.(signal_check|max_allowed_stack_size|reserved_stack_size))=[^\n]*\n",
        "",
        "settings that one of the two builds lacks",
    ),
    (r"must not be empty", "cannot be empty", "8.4"),
    (r"\nWarning: http_response_code\(\): Cannot set response code[^\n]*\n", "", "8.3 warns of a code that comes late"),
]


def without_version(text):
    for pattern, replacement, _ in PHP_VERSIONS:
        text = re.sub(pattern, replacement, text)
    return text


# -- single cases ----------------------------------------------------------------------------------------

# What is left out of the comparison of a case: names of parts ("status", "headers", "body", "interim"), headers as
# "headers.NAME", sections of the dump as "body.SECTION" or "body.SECTION.KEY". What Howdah answers instead is asserted
# by the suite's other folders.
NGINX_REFUSES = "nginx refuses the whole answer (502); Howdah leaves out the field that is none"
THREE_DIGITS = "a status has three digits; Howdah answers 500 to others, nginx sends them on or answers 502"
ANY_TOKEN = "nginx takes capital letters alone in a method; any token is one (RFC 9110)"
ALL_PARTS = ("status", "headers", "body")
FORM_PARTS = ("body.post", "body.request", "body.filter")
CASES = {
    "queries-query_raw_bytes_above_127": (ALL_PARTS, "a target is ASCII (RFC 3986); Howdah answers 400"),
    "queries-two_cookie_headers": (
        ("body.cookie", "body.filter", "body.server.HTTP_COOKIE", "body.getallheaders.Cookie"),
        "nginx before 1.23 passes the last one; Howdah joins them",
    ),
    "bodies-form_by_query": (FORM_PARTS, "a QUERY fills $_POST"),
    "bodies-form_by_post": (ALL_PARTS, ANY_TOKEN),
    "bodies-expect_100_continue": (("interim",), "the body is there already: nobody waits (RFC 9110 section 10.1.1)"),
    "messages-authorization_basic_binary": (
        ("body.server.REMOTE_USER",),
        "nginx takes the header apart itself, and stops at the NUL",
    ),
    "messages-blanks_around_the_value": (
        ("body.server.HTTP_X_BLANKS", "body.getallheaders.X-Blanks"),
        "blanks around a value are no part of it (RFC 9110 section 5.5); nginx keeps tabs",
    ),
    "messages-host_in_upper_case": (("body.server.SERVER_NAME",), "nginx writes $host in small letters"),
    "messages-host_with_a_trailing_dot": (("body.server.SERVER_NAME",), "nginx takes the dot off"),
    "messages-http_1_0_without_a_host": (("body.server.SERVER_NAME",), "nginx has no name; Howdah gives the address"),
    "messages-method_in_lower_case": (ALL_PARTS, ANY_TOKEN),
    "messages-method_with_odd_characters": (ALL_PARTS, ANY_TOKEN),
    "headers-header_blank_before_the_colon": (ALL_PARTS, NGINX_REFUSES),
    "headers-header_empty_name": (ALL_PARTS, NGINX_REFUSES),
    "headers-header_no_colon": (("headers.nonsense",), "nginx makes an empty header of it"),
    "headers-response_code_one": (ALL_PARTS, THREE_DIGITS),
    "headers-response_code_negative": (ALL_PARTS, THREE_DIGITS),
    "headers-response_code_99": (ALL_PARTS, THREE_DIGITS),
    "headers-response_code_1000": (ALL_PARTS, THREE_DIGITS),
    "headers-response_code_large": (ALL_PARTS, THREE_DIGITS),
    "headers-header_callback_that_prints": (
        ("body",),
        "PHP-FPM's head follows the callback's text and becomes part of the body; Howdah's comes first",
    ),
    "headers-apache_response_headers": (ALL_PARTS, "PHP-FPM has no such function; the contract wants it"),
    "sessions-cache_limiter_public": (("headers.expires",), "the clock moves on"),
    "headers-x_accel_headers_that_change_nothing": (("headers.x-accel-buffering",), "nginx keeps it for itself"),
}


def leave_out(parts, found):
    for part in parts:
        *path, last = part.split(".", 2)
        place = found
        for name in path:
            place = place.get(name) if isinstance(place, dict) else None
        if isinstance(place, dict):
            place.pop(last, None)


# -- an answer -------------------------------------------------------------------------------------------


def without_ids(text):
    """Text without session ids that PHP has made up, whole and cut."""
    text = re.sub(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", "SESSION-ID", text)
    return re.sub(r"[0-9a-f]{15}\.\.\.", "SESSION-ID", text)


def body_of(answer, case, server):
    """The dump as its sections, with what stands around it; else the text."""
    text = without_ids(answer.body.decode("utf-8", errors="backslashreplace"))
    start, end = text.find('{"get":'), text.rfind("}")
    if case.php or start < 0:
        return text
    return {"before": text[:start], "after": text[end + 1 :], **dump(json.loads(text[start : end + 1]), server)}


def is_error_page(answer):
    """The answer to a script that says nothing with a status above 399. Howdah adds a page to it."""
    if answer.status < 400:
        return False
    return answer.body in (b"", answer.reason.encode())


def normalised(value):
    """Without what PHP versions say differently, at any depth."""
    if isinstance(value, dict):
        return {name: normalised(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [normalised(entry) for entry in value]
    return without_version(value) if isinstance(value, str) else value


def comparable(answer, case, server):
    headers = {}
    for name, value in answer.headers:
        if name not in HEADERS:
            headers.setdefault(name, []).append(without_ids(value))
    body = body_of(answer, case, server)
    if is_error_page(answer):
        headers.pop("content-type", None)
        body = "error page"
    found = {"status": answer.status, "interim": answer.interim, "headers": headers, "body": body}
    leave_out(CASES.get(case.id, ((), ""))[0], found)
    return found


# -- what is not equal -----------------------------------------------------------------------------------


def beginning(a, b):
    """Where two texts part, and a little before it."""
    common = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    return max(0, common - 40)


def unequal(expected, found, where=""):
    """Lines that name what is not equal."""
    if isinstance(expected, dict) and isinstance(found, dict):
        names = [*expected, *(name for name in found if name not in expected)]
        return [line for name in names for line in unequal(expected.get(name), found.get(name), f"{where}.{name}")]
    if expected == found:
        return []
    start = beginning(str(expected), str(found))
    shown = [repr(str(value)[start : start + 300]) for value in (expected, found)]
    return [f"{where.lstrip('.')} from {start}:\n  expected {shown[0]}\n  found    {shown[1]}"]


def explain(expected, found):
    return "\n" + "\n".join(unequal(expected, found))
