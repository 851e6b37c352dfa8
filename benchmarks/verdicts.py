#!/usr/bin/env python3
"""Verify the cases of a folder, and say what became of each bug.

    benchmarks/verdicts.py FOLDER [NAME...]

A case is NAME.bad.py with `# bug: PRMnnn` on each line to report (`# or: PRMnnn` names a code that is right there
too), or NAME.good.py, or a folder NAME/bad or NAME/good where several files are needed; one of its files has a
`build()` that returns the model. With names, only the cases that begin with one of them.

Printed is one row a case: the codes to expect, and the code and verdict of each finding. `-` begins the row of a bug
that no live model shows; `!` that of a bug that one shows and that is not confirmed, and of a good case with a finding
that is not refuted. Exit status: 1 if there is a row with `!`.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from paramlint.engine.catalogue import by_name, catalogue, select
from paramlint.verify.attempt import attempt
from paramlint.verify.document.schema import Document
from paramlint.verify.job import Plan
from paramlint.verify.judge.join import Sources, with_static
from paramlint.verify.judge.verdicts import RAISES
from paramlint.verify.process.outcome import Limits
from paramlint.verify.process.targets import parse_target

BUG = re.compile(r"#\s*bug:\s*(PRM\d+)")
ALSO = re.compile(r"#\s*or:\s*(PRM\d+)")
BUILD = re.compile(r"^def build\(", re.M)
#: Rules with a runtime half to which a model on the CPU shows nothing.
ACCELERATOR = frozenset({"PRM704"})


@dataclass(frozen=True)
class Case:
    """A file or folder.

    Attributes:
        builds: the file whose `build()` returns the model.
        bugs: the codes to report; none where the code is right.
        also: codes that are right beside these.
    """

    name: str
    builds: Path
    bugs: frozenset[str]
    also: frozenset[str]

    @property
    def shows(self) -> bool:
        """Whether a rule that knows its bug sees it on a live model, or knows what building one raises."""
        return any(rule.verifiers or code in RAISES for code in self.bugs - ACCELERATOR for rule in by_name(code))


def cases(folder: Path) -> Iterator[Case]:
    """The cases of a folder that build a model."""
    found = [path for pattern in ("*.bad.py", "*.good.py", "*/bad", "*/good") for path in folder.glob(pattern)]
    for path in sorted(found):
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        texts = {file: file.read_text(encoding="utf-8") for file in files}
        builds = next((file for file, text in texts.items() if BUILD.search(text)), None)
        if builds is not None:
            text = "\n".join(texts.values())
            name = str(path.relative_to(folder))
            yield Case(name, builds, frozenset(BUG.findall(text)), frozenset(ALSO.findall(text)))


def verified(case: Case) -> Document:
    """What `paramlint verify` says of a case: of a bad one all rules, of a good one those that are on."""
    rules = list(catalogue()) if case.bugs else select()
    plan = Plan(select=tuple(rule.code for rule in rules))
    attempted = attempt(parse_target(f"{case.builds}:build"), plan, Limits())
    return with_static(attempted.document, attempted.observed, Sources(rules))


def is_as_expected(case: Case, document: Document) -> bool:
    """Whether every bug that shows is confirmed, and everything said of code that is right is refuted."""
    if not case.bugs:
        return document.outcome.status == "ok" and all(found.verdict == "refuted" for found in document.findings)
    confirmed = {found.code for found in document.findings if found.verdict == "confirmed"}
    return not case.shows or bool(confirmed & (case.bugs | case.also))


def row(case: Case, document: Document) -> str:
    """The line that is printed."""
    mark = "!" if not is_as_expected(case, document) else "-" if case.bugs and not case.shows else " "
    said = [f"{found.code} {found.verdict or 'likely'}" for found in document.findings]
    if document.outcome.status != "ok":
        said.append(f"{document.outcome.status}: {document.outcome.message}")
    return f"{mark} {case.name:45} {','.join(sorted(case.bugs)) or 'good':8} {', '.join(said) or 'nothing'}"


def main() -> int:
    """Read the arguments, verify, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    wanted = [case for case in cases(arguments.folder) if case.name.startswith(tuple(arguments.names or [""]))]
    failed = 0
    for case in wanted:
        document = verified(case)
        failed += not is_as_expected(case, document)
        print(row(case, document), flush=True)
    shown = sum(case.shows for case in wanted)
    bad = sum(bool(case.bugs) for case in wanted)
    print(f"{bad} bad cases, of which {shown} show; {len(wanted) - bad} good ones; {failed} not as expected")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
