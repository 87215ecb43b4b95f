"""The same requests through nginx + PHP-FPM and through Howdah: equal but for the list in differences.py."""

import json
from dataclasses import replace

import pytest
from cases import all_cases
from differences import explain

from harness.parity import send

CASES = all_cases()


# Loops that call nothing.
LOOPS = {"ends-time_limit", "ends-time_limit_in_shutdown"}


def marked(case):
    return pytest.param(case, marks=pytest.mark.interrupts_loop, id=case.id) if case.id in LOOPS else case


@pytest.mark.parametrize("case", map(marked, CASES), ids=lambda case: case.id)
def test_as_under_php_fpm(pairs, case):
    fpm, howdah = pairs(case.server).answers(case)
    if fpm != howdah:
        pytest.fail(explain(fpm, howdah), pytrace=False)


CHANGES = [case for case in CASES if case.name.startswith("change_")]
TRACES = replace(next(case for case in CASES if case.id == "queries-query_none"), script="traces.php")


@pytest.mark.parametrize("case", CHANGES, ids=lambda case: case.id)
def test_what_a_script_changes_is_gone_at_the_next_request(pairs, case):
    server = pairs(case.server).howdah

    def traces():
        """As both workers have it, if one has something else."""
        return {send(server.address, TRACES).body for _ in range(4)}

    before = traces()
    assert len(before) == 1
    for _ in range(4):
        send(server.address, case)
    after = traces()
    assert after == before, explain(*(json.loads(min(found)) for found in (before, after - before)))


def test_the_table_has_no_name_twice():
    names = [case.id for case in CASES]
    assert len(set(names)) == len(names)
