"""The options that all load benches have."""

import argparse
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def parser_of(program, description, cases, servers):
    """A parser of what every bench can be told; a bench may add its own."""
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("--seconds", type=int, default=5, help="length of one round (5)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of every server and case, interleaved (5)")
    parser.add_argument("--connections", type=int, default=64, help="requests at a time (64)")
    parser.add_argument("--cases", default=",".join(cases), help="comma list of %(default)s")
    parser.add_argument("--servers", default=",".join(servers), help="comma list of %(default)s")
    parser.add_argument("--build", type=Path, default=REPOSITORY / "build" / "release", help="build directory")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every round and ratio to FILE as well")
    return parser


def parse(parser, cases, servers):
    """What was chosen; ends the program with what is wrong with it."""
    options = parser.parse_args()
    options.build = options.build.resolve()
    for name, known in (("cases", cases), ("servers", servers)):
        chosen = getattr(options, name).split(",")
        unknown = [item for item in chosen if item not in known]
        if unknown:
            parser.error(f"--{name}: no {', '.join(unknown)}; {', '.join(known)} exist")
        setattr(options, name, chosen)
    for name in ("seconds", "rounds", "connections"):
        if getattr(options, name) < 1:
            parser.error(f"--{name}: at least 1")
    return options


def say(text):
    """To whom watches; the results go to the standard output."""
    print(f"bench: {text}", file=sys.stderr, flush=True)
