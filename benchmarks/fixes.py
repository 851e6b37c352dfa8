"""What the fixes do to code that others wrote: run them on copies of packages, and say where they went wrong.

    python benchmarks/fixes.py FOLDER... [--within PATTERN]...

Each folder is copied, `paramlint check --fix --unsafe-fixes --select ALL` is run on the copy, and then again. One row
a folder:

    files, edited, fixes   how many there are, how many were fixed, by how many fixes
    broken                 fixed files that are not valid Python any more
    strayed                fixed files that differ from what `patch` makes of `--diff`: bytes changed outside the edits
    again                  files that the second run changes once more
    new                    findings that the second run has and the first had not, by rule, file and line of code

With `--within` only the files below a folder that a pattern matches are checked and fixed, for large packages.
What went wrong is listed below the table, and the exit code is 1 then.
"""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from paramlint.engine.catalogue import select
from paramlint.engine.run import Result, Run, run_paths
from paramlint.finding import Diagnostic
from paramlint.frontends.report.findings.diff import diff
from paramlint.frontends.report.style import Style
from paramlint.source.file_discovery import Discovery
from paramlint.source.rewrite import write
from paramlint.source.text import Source

Key = tuple[str, str, str]


@dataclass
class Outcome:
    """What the fixes did to one package: counts, and what went wrong in words."""

    name: str
    files: int
    edited: int = 0
    fixes: int = 0
    broken: list[str] = field(default_factory=list)
    strayed: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def wrong(self) -> Iterator[str]:
        """Everything that went wrong, one line each."""
        for what in ("broken", "strayed", "again", "new"):
            yield from (f"{what}: {line}" for line in getattr(self, what))


def try_fixes(folder: Path, within: Sequence[str] = ()) -> Outcome:
    """Fix a copy of a folder twice, or those of its files whose paths in it match a pattern."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary, folder.name)
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.so*", "*.a", ".git"))
        os.chdir(temporary)
        paths = Discovery(gitignore=False).find([folder.name]).files
        if within:
            paths = [path for path in paths if any(fnmatch(path, f"{folder.name}/{pattern}") for pattern in within)]
        run = Run(select(["ALL"]), fix="unsafe")
        first = run_paths(paths, run)
        before = Counter(_keys(first))
        outcome = Outcome(folder.name, len(paths), len(first.rewrites), sum(r.fixes for r in first.rewrites))
        for rewrite in first.rewrites:
            path = rewrite.before.path
            patch = "\n".join(diff(rewrite, Style(), exact=True)) + "\n"
            if _patched(path, patch) != rewrite.after.data:
                outcome.strayed.append(path)
            write(rewrite)
            if not _parses(Path(path)):
                outcome.broken.append(path)
        second = run_paths(paths, run)
        outcome.again = [rewrite.before.path for rewrite in second.rewrites]
        outcome.new = [" ".join(key) for key in (Counter(_keys(second)) - before).elements()]
        outcome.seconds = time.monotonic() - started
        return outcome


def _keys(result: Result) -> Iterator[Key]:
    """What a run found before it fixed anything: rule, file, and line of code."""
    texts = {rewrite.before.path: rewrite.before for rewrite in result.rewrites}
    for report in result.reports:
        source = texts.get(report.path) or result.source(report.path)
        found = result.unfixed.get(report.path, report).diagnostics
        yield from (_key(diagnostic, source) for diagnostic in found)


def _key(diagnostic: Diagnostic, source: Source | None) -> Key:
    row = diagnostic.start.row
    line = source.line(row) if source is not None and row <= len(source.line_starts) else ""
    return diagnostic.code, diagnostic.path, " ".join(line.split())


def _patched(path: str, patch: str) -> bytes:
    """A file as `patch` makes it; the file itself stays."""
    run = subprocess.run(
        ["patch", "--silent", "--binary", "--output=-", path],
        input=os.fsencode(patch),
        capture_output=True,
        check=False,
    )
    return run.stdout


def _parses(path: Path) -> bool:
    try:
        ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return False
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the fixes on all the folders named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--within", action="append", default=[], metavar="PATTERN")
    given = parser.parse_args(arguments)
    folders = [folder.resolve() for folder in given.folders]
    for folder in folders:
        if not folder.is_dir():
            parser.error(f"{folder} is no folder")
    print(
        f"{'package':36}{'files':>6}{'edited':>8}{'fixes':>7}{'broken':>8}{'strayed':>9}{'again':>7}{'new':>5}{'s':>7}"
    )
    outcomes = []
    for folder in folders:
        o = try_fixes(folder, given.within)
        outcomes.append(o)
        counts = f"{len(o.broken):>8}{len(o.strayed):>9}{len(o.again):>7}{len(o.new):>5}{o.seconds:>7.0f}"
        print(f"{o.name:36}{o.files:>6}{o.edited:>8}{o.fixes:>7}{counts}", flush=True)
    wrong = [line for outcome in outcomes for line in outcome.wrong]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
