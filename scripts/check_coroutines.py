#!/usr/bin/env python3
"""Rejects `co_await` inside a condition: GCC 12 crashes on it at every optimisation level.

    bool ready = co_await f();        fine, then: if (ready)
    if (auto r = co_await f())        fine: an initialiser
    if (co_await f())                 rejected; so are while, switch and the middle of for

    scripts/check_coroutines.py FILE...
"""

import re
import sys
from pathlib import Path

HEAD = re.compile(r"\b(if|while|switch|for)\s*(?:constexpr\s*)?\(")
NO_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)
DECLARATION = re.compile(r"^\s*[A-Za-z_][^=()]*[\s&*]\w+\s*=(?!=)")


def blank(match):
    """Comments and literals become spaces, so that offsets and line numbers stay."""
    return re.sub(r"[^\n]", " ", match.group())


def inside(text, opening):
    """What stands between the parenthesis at `opening` and the one that closes it."""
    depth = 0
    for at in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return text[opening + 1 : at]
    return text[opening + 1 :]


def condition(keyword, text):
    parts = text.split(";")
    if keyword == "for":
        return parts[1] if len(parts) > 2 else ""
    return parts[-1]


def problems_of(path):
    text = NO_CODE.sub(blank, path.read_text(encoding="utf-8"))
    for match in HEAD.finditer(text):
        part = condition(match.group(1), inside(text, match.end() - 1))
        if re.search(r"\bco_await\b", part) and not DECLARATION.match(part):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: co_await inside the condition of `{match.group(1)}`: assign its result first"


def main():
    problems = [problem for name in sys.argv[1:] for problem in problems_of(Path(name))]
    for problem in problems:
        print(problem)
    print(f"check_coroutines: {len(sys.argv) - 1} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
