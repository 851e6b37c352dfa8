"""What checking costs: CPU a thousand lines, the share of the text that LibCST parses, and peak memory.

usage: benchmarks/static.py PATH ... [--select CODE ...]

CPU is that of this process, one file after the other, without a cache; beside it stands what `ast.parse` of the same
files costs, measured in the same run, since the machine decides the seconds and only the ratio travels.
"""

from __future__ import annotations

import argparse
import ast
import resource
import sys
import time
from pathlib import Path

from paramlint.check import check_path, with_large_stack
from paramlint.facts import Project
from paramlint.nominate import Nominator
from paramlint.suite import select


def parse_all(paths: list[Path]) -> float:
    """CPU seconds of `ast.parse` over the files that mention torch."""
    start = time.process_time()
    for path in paths:
        data = path.read_bytes()
        if b"torch" in data:
            try:
                ast.parse(data)
            except (SyntaxError, ValueError):
                continue
    return time.process_time() - start


def check_all(paths: list[Path], selected: list[str]) -> tuple[float, int, int]:
    """CPU seconds, characters parsed by LibCST, and findings."""
    nominator, project = Nominator(select(selected)), Project()
    start = time.process_time()
    reports = [check_path(str(path), nominator, project) for path in paths]
    seconds = time.process_time() - start
    return seconds, sum(r.parsed for r in reports), sum(len(r.diagnostics) for r in reports)


def main() -> int:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--select", nargs="*", default=[])
    arguments = parser.parse_args()
    paths = sorted(file for path in arguments.paths for file in ([path] if path.is_file() else path.rglob("*.py")))
    if not paths:
        print("no Python file there", file=sys.stderr)
        return 2
    texts = [path.read_bytes() for path in paths]
    lines, size = sum(text.count(b"\n") for text in texts), sum(map(len, texts))
    reading = parse_all(paths)
    seconds, parsed, findings = with_large_stack(lambda: check_all(paths, arguments.select))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{len(paths)} files, {lines} lines, {len(select(arguments.select))} rules, {findings} findings")
    print(f"check      {seconds:8.2f} s CPU  {seconds / lines * 1e6:7.2f} ms a thousand lines")
    print(f"ast.parse  {reading:8.2f} s CPU  {reading / lines * 1e6:7.2f} ms a thousand lines")
    print(f"ratio      {seconds / reading:8.2f}")
    print(f"parsed by LibCST {parsed / size:.1%} of the bytes; peak memory {memory} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
