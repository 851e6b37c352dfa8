"""Which findings of a file are kept where it is said in other words."""

from __future__ import annotations

import ast
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from paramlint.engine.check_file import check_path
from paramlint.engine.filters.claims_of_users import with_claims_of_users
from paramlint.engine.nominate import Nominator
from paramlint.facts import Project
from paramlint.rule import Rule
from paramlint.source.text import Source

from . import WAYS

#: A code and the definition around it at the top of the file; empty for the code of the module.
Key = tuple[str, str]


@dataclass
class Outcome:
    """What came of one file said in another way."""

    kept: Counter[str] = field(default_factory=Counter)
    lost: list[Key] = field(default_factory=list)
    new: list[tuple[str, str]] = field(default_factory=list)


def rephrased(text: str, way: str) -> dict[str, str] | None:
    """The files that a way makes of a text; None where it changes nothing, or stumbles over what it does not know."""
    files = WAYS[way](text)
    return None if files == {"": text} else files


@contextmanager
def beside(path: Path, files: dict[str, str]) -> Iterator[list[Path]]:
    """The files of a folder, with one of them said otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.parent.name
        package = (path.parent / "__init__.py").exists()
        for one in path.parent.rglob("*.py") if package else path.parent.glob("*.py"):
            if "." not in one.stem or one == path:  # no other file can import a name with a dot
                target = copy / one.relative_to(path.parent)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(one, target)
        written = []
        dot = "." if package else ""
        for name, text in files.items():
            target = copy / (f"{name}.py" if name else path.name)
            target.write_text(text.replace("from parts_beside", f"from {dot}parts_beside"))
            written.append(target)
        yield written


def findings(paths: Sequence[Path], nominator: Nominator, *, reference: bool = False) -> list[tuple[Key, str]]:
    """The findings in some files of a folder, each with its message."""
    project = Project([str(paths[0].parent)])
    found = []
    reports = [check_path(str(path), nominator, project, reference=reference) for path in paths]
    reports = with_claims_of_users(reports, nominator.rules, Source.read)
    for path, report in zip(paths, reports, strict=True):
        tops = [
            (n.name, min([n.lineno, *(d.lineno for d in n.decorator_list)]), n.end_lineno or n.lineno)
            for n in ast.parse(path.read_text()).body
            if isinstance(n, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        ]
        for d in report.diagnostics:
            top = next((name for name, first, last in tops if first <= d.start.row <= last), "")
            found.append(((d.code, top), f"{d.start.row}: {d.message}"))
    return found


def compare(before: Sequence[tuple[Key, str]], after: Sequence[tuple[Key, str]], known: set[str]) -> Outcome:
    """What is kept, lost and new: what stands in a definition that the way made may be from anywhere."""
    outcome = Outcome()
    left = list(after)
    rest: list[Key] = []
    for key, _ in before:
        same = next((one for one in left if one[0] == key), None)
        if same is None:
            rest.append(key)
        else:
            left.remove(same)
            outcome.kept[key[0]] += 1
    for key in rest:
        moved = next((one for one in left if one[0][0] == key[0] and one[0][1] not in known), None)
        if moved is None:
            outcome.lost.append(key)
        else:
            left.remove(moved)
            outcome.kept[key[0]] += 1
    outcome.new = [(key[0], f"{key[1]} {message}") for key, message in left]
    return outcome


def outcome(
    path: Path, way: str, rules: Sequence[Rule], before: Sequence[tuple[Key, str]] | None = None
) -> Outcome | None:
    """What a way comes to on one file; None where it changes nothing."""
    text = path.read_text(encoding="utf-8")
    files = rephrased(text, way)
    if files is None:
        return None
    nominator = Nominator(rules)
    if before is None:
        before = findings([path], nominator)
    known = {n.name for n in ast.parse(text).body if hasattr(n, "name")} | {""}
    with beside(path, files) as written:
        return compare(before, findings(written, nominator), known)
