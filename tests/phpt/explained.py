"""The list of known differences: explained.txt. It must say what is true, so it is checked both ways."""

import re

_HEADING = re.compile(r"\[(process|thread|both)\] \S")


def read_explained(path, mode):
    """Names of the tests that the list explains for one PHP mode. A line that says nothing is an error."""
    names, heading = set(), None
    with open(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.startswith("#"):
                continue
            if match := _HEADING.match(line):
                heading = match
            elif not line.startswith("  ") or not heading:
                raise SystemExit(f"{path}:{number}: neither a heading nor a test below one: {line.strip()}")
            elif heading[1] in (mode, "both"):
                if line.strip() in names:
                    raise SystemExit(f"{path}:{number}: {line.strip()} stands there twice")
                names.add(line.strip())
    return names
