"""The page that PHP itself prints about an error belongs to the request that failed, and to no other."""

import pytest

REQUESTS_AFTER = 4  # on two workers: each comes again


@pytest.fixture(scope="module")
def server(launch_shared):
    settings = "display_errors=1;html_errors=1;log_errors=0"
    return launch_shared("scripts", WORKER_SCRIPT="exception_page.php", WORKER_NUM=2, PHP_INI_SET=settings)


@pytest.mark.parametrize("how", ["throw", "chain", "buffer", "callback", "header", "warning", "fatal", "memory"])
def test_an_error_page_never_reaches_the_next_request(server, how):
    for number in range(4):
        secret = f"secret-{how}-{number}"
        failed = server.get(f"/?how={how}&secret={secret}")
        if how == "callback":
            assert failed.text == ""  # as at the end of a classic script: nothing can be printed there
        else:
            # Out of memory, PHP throws away what was printed.
            assert ("Allowed memory size" if how == "memory" else secret) in failed.text
        for _ in range(REQUESTS_AFTER):
            answer = server.get("/")
            assert (answer.status, answer.text) == (200, "AZ")
            assert answer.header("X-Secret") is None
