"""The fast path against the reference, on code that is generated: `python -m tests.heavy.reference --count 20000`.

Half of the cases are classes of `modules`, half are this project's fixtures, all of them twisted.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

from paramlint.engine.catalogue import RULES
from paramlint.engine.check_file import check_source
from paramlint.engine.nominate import Nominator
from paramlint.facts import Project
from paramlint.finding import Diagnostic
from paramlint.source.text import Source
from paramlint.syntax.large_stack import with_large_stack

from .modules import module_file
from .twists import twist

FIXTURES = Path(__file__).parents[2] / "fixtures"


@cache
def _fixtures() -> tuple[str, ...]:
    """The fixtures, and each definition of them by itself, below what the file imports."""
    texts = [path.read_text() for path in sorted(FIXTURES.rglob("*.py")) if "strange" not in path.parts]
    return (*texts, *(piece for text in texts for piece in _definitions(text) * 2))


def _definitions(text: str) -> list[str]:
    head, found = [], []
    for statement in ast.parse(text).body:
        code = ast.get_source_segment(text, statement) or ""
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            head.append(code)
        elif isinstance(statement, (ast.ClassDef, ast.FunctionDef)):
            found.append(code)
    return ["\n".join([*head, "", "", code, ""]) for code in found]


def case(seed: int) -> bytes:
    """The file of a seed."""
    random = Random(seed)
    text = module_file(seed) if seed % 2 else random.choice(_fixtures())
    return twist(text, random, random.randint(0, 12)).encode()


@dataclass
class Tally:
    """What came of the cases so far."""

    files: int = 0
    with_findings: int = 0
    findings: int = 0
    beyond: int = 0
    different: list[int] = field(default_factory=list)


def differences(data: bytes, nominator: Nominator) -> tuple[list[str], list[Diagnostic]]:
    """What the fast path and the reference say differently of a file, crashes too, and what the reference says."""
    source = Source("generated.py", data)
    fast = check_source(source, nominator, Project()).diagnostics
    whole = check_source(source, nominator, Project(), reference=True).diagnostics
    said = [f"crash: {d.message}" for d in (*fast, *whole) if d.code == "PRM005"]
    if not is_beyond(whole):
        said += [f"only by segments: {d.start} {d.code} {d.message}" for d in fast if d not in whole]
        said += [f"only by reference: {d.start} {d.code} {d.message}" for d in whole if d not in fast]
    return said, whole


def is_beyond(whole: Sequence[Diagnostic]) -> bool:
    """Whether LibCST does not parse the file whole, as one that mixes tabs and blanks: there is nothing to compare."""
    return any(d.code == "PRM004" for d in whole)


def compare(seeds: Iterable[int], make: Callable[[int], bytes] = case, *, show: bool = False) -> Tally:
    """Compare the files of some seeds, and print where they differ."""
    nominator, tally = Nominator(RULES), Tally()
    for seed in seeds:
        said, whole = differences(make(seed), nominator)
        tally.files += 1
        tally.beyond += is_beyond(whole)
        tally.findings += len(whole)
        tally.with_findings += bool(whole)
        tally.different += [seed] if said else []
        for line in said:
            print(f"seed {seed}: {line}", flush=True)
        if said and show:
            print(make(seed).decode())
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--show", action="store_true", help="print the files that differ")
    given = parser.parse_args()
    seeds = range(given.first, given.first + given.count)
    tally = with_large_stack(lambda: compare(seeds, show=given.show))
    print(
        f"{tally.files} files, {tally.with_findings} with {tally.findings} findings, "
        f"{tally.beyond} beyond LibCST as a whole; {len(tally.different)} differ"
    )
    return int(bool(tally.different))


if __name__ == "__main__":
    raise SystemExit(main())
