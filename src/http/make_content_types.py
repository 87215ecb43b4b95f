#!/usr/bin/env python3
"""Makes the table of content_type.cc: extension to Content-Type, sorted.

    make_content_types.py OUR_LIST MIME_TYPES OUTPUT

Both lists have a line for each type, followed by its extensions; what ours says wins. Of several
types for one extension the first counts.
"""

import re
import sys
from pathlib import Path

TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+")
EXTENSION = re.compile(r"[a-z0-9!#$&^_+-]+")  # without a dot: only what follows the last one is looked up


def lines_of(path):
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        words = line.split("#", 1)[0].split()
        if words:
            yield words


def main():
    ours, system, output = sys.argv[1:]
    table, with_charset = {}, set()
    for path in (ours, system):
        for first, *rest in lines_of(path):
            if path == ours and first == "charset":
                with_charset.update(rest)
                continue
            if not TYPE.fullmatch(first):
                sys.exit(f"{path}: '{first}' is not a media type")
            for extension in map(str.lower, rest):
                if EXTENSION.fullmatch(extension):
                    table.setdefault(extension, first)
    rows = []
    for extension, kind in sorted(table.items()):
        charset = "; charset=utf-8" if kind.startswith("text/") or kind in with_charset else ""
        rows.append(f'    {{"{extension}", "{kind}{charset}"}},\n')
    Path(output).write_text(
        "// Made by make_content_types.py. Sorted by extension.\n"
        "constexpr Type kTypes[] = {\n" + "".join(rows) + "};\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
