#!/usr/bin/env python3
"""Checks from source that use only goes down the layer list (docs/architecture.md).

The build enforces the same by one include root per layer; this says it in words, and also covers
what an include root cannot: PHP headers outside src/php.

    scripts/check_layers.py [SOURCE_ROOT]
"""

import re
import sys
from pathlib import Path

# Each layer names the layers that it may include beside itself; what those may use is included.
LAYERS = {
    "base": [],
    "http": ["base"],
    "net": ["base"],
    "channel": ["base"],
    "codec": ["base"],
    "php": ["base", "channel", "codec"],
    "pool": ["net", "channel", "base"],
    "serve": ["net", "http", "pool", "codec", "channel", "base"],
    "ops": ["serve", "pool"],
    "app": ["ops", "serve", "pool", "net", "http", "channel", "codec", "base"],
    "cmd": ["app", "php"],
}
PHP_LAYER = "php"
# Headers that only PHP's include directories hold, by how they are written in an include.
PHP_HEADERS = re.compile(r"(^(Zend|TSRM|main|ext|sapi)/)|(^(php|SAPI|zend|TSRM)([_.]|$))")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SUFFIXES = {".h", ".cc", ".c", ".inc"}


def closure():
    """{layer: every layer it may use}, itself included."""
    allowed = {}
    for layer, direct in LAYERS.items():  # listed bottom up: what a layer names is done already
        allowed[layer] = {layer}.union(*(allowed[below] for below in direct))
    return allowed


def problems_of(path, layer, layer_path, allowed):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, target = match.groups()
        first = target.split("/", 1)[0]
        if "/" in target and first in LAYERS:
            if first not in allowed[layer]:
                may = ", ".join(name for name in LAYERS if name in allowed[layer] and name != layer) or "nothing"
                yield f"{path}:{number}: {layer} includes \"{target}\": {layer} may use {may}"
            continue
        if ".." in target.split("/"):
            yield f"{path}:{number}: \"{target}\" leaves its include root; write layer/file.h"
        elif layer != PHP_LAYER and PHP_HEADERS.search(target):
            yield f"{path}:{number}: {layer} includes PHP's {target}: only src/{PHP_LAYER} may see PHP headers"
        elif quote == '"' and (layer_path / target).exists():
            yield f"{path}:{number}: \"{target}\": write \"{layer}/{target}\""


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1] / "src"
    allowed = closure()
    problems, files = [], 0
    for folder in sorted(entry for entry in root.iterdir() if entry.is_dir()):
        if folder.name not in LAYERS:
            problems.append(f"{folder}: not a layer; scripts/check_layers.py and docs/architecture.md list them")
            continue
        for path in sorted(entry for entry in folder.rglob("*") if entry.suffix in SUFFIXES):
            files += 1
            problems.extend(problems_of(path, folder.name, folder, allowed))
    for problem in problems:
        print(problem)
    print(f"check_layers: {files} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
