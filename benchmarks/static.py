"""What checking costs: CPU a thousand lines, the share of the text that LibCST parses, and peak memory.

usage: benchmarks/static.py PATH ... [--select CODE ...]

CPU is that of this process, one file after the other, without a cache. Before each file is checked, its `ast.parse` is
measured: the machine decides the seconds, and only the ratio of the two travels.
"""

from __future__ import annotations

import argparse
import ast
import resource
import sys
import time
from contextlib import suppress
from pathlib import Path

from paramlint.engine.catalogue import select
from paramlint.engine.check_file import check_path
from paramlint.engine.file_report import FileReport
from paramlint.engine.nominate import Nominator
from paramlint.facts import Project
from paramlint.syntax.large_stack import with_large_stack


def parse(path: Path) -> float:
    """CPU seconds of `ast.parse`, where a file mentions torch."""
    data = path.read_bytes()
    start = time.process_time()
    if b"torch" in data:
        with suppress(SyntaxError, ValueError):
            ast.parse(data)
    return time.process_time() - start


def check_all(paths: list[Path], selected: list[str]) -> tuple[float, float, list[FileReport]]:
    """CPU seconds of checking, those of `ast.parse`, and the reports."""
    nominator, project = Nominator(select(selected)), Project()
    checking = parsing = 0.0
    reports = []
    for path in paths:
        parsing += parse(path)
        start = time.process_time()
        reports.append(check_path(str(path), nominator, project))
        checking += time.process_time() - start
    return checking, parsing, reports


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
    seconds, reading, reports = with_large_stack(lambda: check_all(paths, arguments.select))
    parsed, findings = sum(r.parsed for r in reports), sum(len(r.diagnostics) for r in reports)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{len(paths)} files, {lines} lines, {len(select(arguments.select))} rules, {findings} findings")
    print(f"check      {seconds:8.2f} s CPU  {seconds / lines * 1e6:7.2f} ms a thousand lines")
    print(f"ast.parse  {reading:8.2f} s CPU  {reading / lines * 1e6:7.2f} ms a thousand lines")
    print(f"ratio      {seconds / reading:8.2f}")
    print(f"parsed by LibCST {parsed / size:.1%} of the bytes; peak memory {memory} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
