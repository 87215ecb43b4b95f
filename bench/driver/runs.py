"""How every bench goes: a temporary folder, servers that are started, warmed up and measured, and what is written."""

import contextlib
import json
import tempfile
from pathlib import Path

from driver import load
from driver.options import say
from driver.servers import StartFailed


def run(options, make_bench, steps, summarize, show):
    """Makes `make_bench(options, folder, stack)`, calls its `steps` by name, shows `summarize(bench, options)`: when a
    late step fails, of what was measured. The exit status."""
    status = 0
    load.raise_descriptor_limit()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="howdah-bench-")))
        bench = make_bench(options, folder, stack)
        try:
            for step in steps:
                getattr(bench, step)()
        except (StartFailed, load.WrongAnswer, OSError) as error:
            say(f"{step} failed: {error}")
            if not bench.rounds:
                return 1
            status = 1
    summary = summarize(bench, options)
    if options.json:
        options.json.write_text(json.dumps(summary, indent=2) + "\n")
    show(summary)
    return status
