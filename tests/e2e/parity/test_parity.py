"""The same requests through nginx + PHP-FPM and through Howdah: equal but for the list in differences.py."""

import pytest
from cases import all_cases
from differences import explain

CASES = all_cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_as_under_php_fpm(pairs, case):
    fpm, howdah = pairs(case.server).answers(case)
    if fpm != howdah:
        pytest.fail(explain(fpm, howdah), pytrace=False)


def test_the_table_has_no_name_twice():
    names = [case.id for case in CASES]
    assert len(set(names)) == len(names)
