"""Mutated bytes of real files: `python -m tests.heavy.mutate --count 10000 FOLDER...`.

Each case is a real file with one to eight random edits of its bytes. It is checked, and fixed where that is possible;
nothing may crash, and every diagnostic has to point into the file. Counted is also what takes long for its size.
"""

from __future__ import annotations

import argparse
import ast
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from paramlint.engine.catalogue import RULES
from paramlint.engine.check_file import check_source
from paramlint.engine.file_report import FileReport
from paramlint.engine.fixes import fix_source
from paramlint.engine.nominate import Nominator
from paramlint.facts import Project
from paramlint.finding import Diagnostic
from paramlint.source.text import Source
from paramlint.syntax.large_stack import with_large_stack

#: Bytes of the largest file that is taken.
LARGEST = 20_000
#: How many times `ast.parse` a file may take.
TIMES = 20
_PIECES = (
    b"\0",
    b"\r",
    b"\n",
    b"\x0c",
    b"\x1a",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xe2\x80\xa8",
    b"\\\n",
    b"\t",
    b"    ",
    b"(",
    b")",
    b"[",
    b"]",
    b"{",
    b"}",
    b"'",
    b'"',
    b'"""',
    b"#",
    b";",
    b":",
    b":=",
    b"*",
    b"**",
    b"@",
    b"f'{",
    b"lambda: ",
    b"await ",
    b"yield ",
    b"async ",
    b"match x:\n case _: ",
    b"type X = int\n",
    b"# coding: utf-7\n",
    b"# coding: cp037\n",
    b"if 1:\n",
    b"else:\n",
    b"self.",
    b"self.a = [nn.Linear(1, 1)]\n",
    b".data",
    b"class A(nn.Module):\n",
    b"def f(self):\n",
    b"0" * 5000,
    b"# noqa",
    b"print 1\n",
)


def mutate(data: bytes, random: Random) -> bytes:
    """The bytes after one to eight random edits, mostly few."""
    for _ in range(random.choice((1, 1, 1, 2, 4, 8))):
        data = random.choice(_EDITS)(data, random)
    return data


def _flip(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]


def _insert(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + random.choice(_PIECES) + data[at:]


def _delete(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + data[at + random.choice((1, 1, 2, 8, 100)) :]


def _repeat(data: bytes, random: Random) -> bytes:
    at, size = random.randrange(len(data) + 1), random.choice((1, 8, 60, 400))
    return data[: at + size] + data[at:]


def _truncate(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)] if random.random() < 0.2 else data


def _swap_rows(data: bytes, random: Random) -> bytes:
    rows = data.split(b"\n")
    a, b = random.randrange(len(rows)), random.randrange(len(rows))
    rows[a], rows[b] = rows[b], rows[a]
    return b"\n".join(rows)


def _delete_row(data: bytes, random: Random) -> bytes:
    rows = data.split(b"\n")
    del rows[random.randrange(len(rows))]
    return b"\n".join(rows)


def _swap_words(data: bytes, random: Random) -> bytes:
    words = data.split(b" ")
    a, b = random.randrange(len(words)), random.randrange(len(words))
    words[a], words[b] = words[b], words[a]
    return b" ".join(words)


_EDITS: tuple[Callable[[bytes, Random], bytes], ...] = (
    _flip,
    _insert,
    _delete,
    _repeat,
    _truncate,
    _swap_rows,
    _delete_row,
    _swap_words,
)


@dataclass
class Tally:
    """What came of the cases so far."""

    files: int = 0
    valid: int = 0
    findings: int = 0
    fixes: int = 0
    slowest: float = 0.0
    #: Of the files that were still valid, and took longer than so many times `ast.parse`, how many times that was.
    over: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def faults_of(source: Source, found: Iterable[Diagnostic]) -> list[str]:
    """What no diagnostic may be: a crash, or at a place that the file does not have."""
    said = []
    for diagnostic in found:
        if diagnostic.code == "PRM005":
            said.append(diagnostic.message)
        elif not diagnostic.code.startswith("PRM00") and not 0 <= source.offset(*diagnostic.start) < len(source.text):
            said.append(f"{diagnostic.code} is at {diagnostic.start}")
    return said


def _timed(source: Source, nominator: Nominator) -> tuple[FileReport, float]:
    """What is said of a file, and how many times `ast.parse` that takes."""
    began = time.thread_time()
    report = check_source(source, nominator, Project())
    took = time.thread_time() - began
    if report.failed:
        return report, 0.0
    began = time.thread_time()
    ast.parse(source.data)
    return report, took / (time.thread_time() - began)


def examine(data: bytes, nominator: Nominator, tally: Tally) -> list[str]:
    """Check and fix one file; gives what is wrong."""
    source = Source("mutated.py", data)
    began = time.perf_counter()
    report, times = _timed(source, nominator)
    said = faults_of(source, report.diagnostics)
    fixed = [d for d in report.diagnostics if d.fix is not None]
    if fixed and not report.failed:
        after, fixes = fix_source(source, lambda s: check_source(s, nominator, Project()).diagnostics)
        tally.fixes += len(fixes)
        if any(d.code == "PRM002" for d in check_source(after, nominator, Project()).diagnostics):
            said.append("a fix broke it")
    tally.slowest = max(tally.slowest, time.perf_counter() - began)
    tally.files += 1
    tally.valid += not report.failed
    if times > TIMES:
        again = _timed(source, nominator)[1]  # the first one that needs it loads what all need
        tally.over += [min(times, again)] if again > TIMES else []
    tally.findings += sum(not d.code.startswith("PRM00") for d in report.diagnostics)
    return said


def examine_all(files: list[Path], seeds: Iterable[int]) -> Tally:
    """Mutate a random one of the files for each seed."""
    nominator, tally = Nominator(RULES), Tally()
    for seed in seeds:
        random = Random(seed)
        path = random.choice(files)
        known = len(tally.over)
        said = examine(mutate(path.read_bytes(), random), nominator, tally)
        if len(tally.over) > known:
            print(f"seed {seed}, {path}: {tally.over[-1]:.0f} times ast.parse", flush=True)
        tally.faults += said
        for line in said:
            print(f"seed {seed}, {path}: {line}", flush=True)
    return tally


def files_below(folders: Iterable[Path]) -> list[Path]:
    """The smaller files that mention torch, in the order of their names."""
    found = (path for folder in folders for path in sorted(folder.rglob("*.py")) if path.is_file())
    return [path for path in found if path.stat().st_size < LARGEST and b"torch" in path.read_bytes()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    given = parser.parse_args()
    folders = given.folders or [Path(os.environ.get("PARAMLINT_CORPUS", "."))]
    files = files_below(folders)
    tally = with_large_stack(lambda: examine_all(files, range(given.first, given.first + given.count)))
    print(
        f"{tally.files} mutations of {len(files)} files, {tally.valid} still valid, {tally.findings} findings, "
        f"{tally.fixes} fixes, the slowest {tally.slowest:.1f} s; {len(tally.faults)} faults; "
        f"{len(tally.over)} over {TIMES} times ast.parse, the most {max(tally.over, default=0):.0f} times"
    )
    return int(bool(tally.faults))


if __name__ == "__main__":
    raise SystemExit(main())
