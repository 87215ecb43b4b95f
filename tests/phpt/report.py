"""What a run found: differences in full, then lists, then the closing line."""

import difflib

SHOWN_LINES, SHOWN_COLUMNS = 50, 200


def _text(answer):
    """An answer as lines to compare."""
    head = [f"status {answer.status}", *(f"{name}: {value}" for name, value in sorted(answer.headers)), ""]
    return head + answer.body.decode("utf-8", "backslashreplace").splitlines()


def _show(outcome):
    print(f"\n== {outcome.name}: {outcome.what} differs")
    sides = _text(outcome.reference), _text(outcome.own)
    lines = list(difflib.unified_diff(*sides, "reference", "howdah", lineterm="", n=2))
    print("\n".join(line[:SHOWN_COLUMNS] for line in lines[:SHOWN_LINES]))


def _list(title, names):
    if names:
        print(f"\n{title}:")
        print("\n".join(f"  {name}" for name in sorted(names)))


def report(title, reference, names, outcomes, skipped, broken, explained, whole, show_all):
    """Prints it and returns the exit status. `names`: all tests; `skipped`: {name: why}; `broken`: tests whose
    server failed; `whole`: no test was left out by the command line."""
    same = [outcome for outcome in outcomes if not outcome.what]
    different = sorted((outcome for outcome in outcomes if outcome.what), key=lambda outcome: outcome.name)
    unexplained = [outcome for outcome in different if outcome.name not in explained]
    known = len(different) - len(unexplained)
    stale = explained & ({outcome.name for outcome in same} | set(skipped))
    if whole:
        stale |= explained - set(names)
    for outcome in different if show_all else unexplained:
        _show(outcome)
    _list("their server failed", broken)
    _list("neither the same nor explained", [outcome.name for outcome in unexplained])
    _list("explained.txt names what does not differ, skips itself or is not there", stale)
    print(
        f"{title}: {len(names)} files, {len(same)} same as {reference} "
        f"({sum(outcome.passes for outcome in same)} as the file expects), {known} explained, "
        f"{len(skipped)} skip themselves, {len(unexplained) + len(broken)} unexplained, {len(stale)} stale"
    )
    return 1 if unexplained or broken or stale or not same else 0
