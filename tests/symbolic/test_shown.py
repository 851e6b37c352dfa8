"""What the symbolic build says of each construct stands beside the code; and it is what Python builds.

A file of `shown/` is made of sections, each a program of its own that defines `Net`:

    # --- a layer for each number: Net(8, depth=3)
    class Net(nn.Module):
        def __init__(self, dim, depth):
            super().__init__()
            self.fc = nn.Linear(dim, 4 * dim)  # show: fc.weight  4*dim x dim  xavier_uniform_ ; fc.bias  4*dim

The heading says how the model is built in fact, to compare; the comments, what is said where no argument is known.
Each row of the table stands beside the line that makes it, or above it: its name, its shape (`?` where none is said,
`scalar` for no sizes), and then, each behind two spaces, what else is not as usual:

    name_                  who initialises it, where that matters
    if flag                the condition under which it exists
    maybe                  it need not exist, without a condition
    buffer, passing        it is a buffer; one that is not saved
    frozen                 it does not train
    tied a.b, c.d          other names of the same tensor
    unknown                a part of which nothing is known
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from paramlint.facts.files import Project
from paramlint.symbolic.code.program import ClassValue, Program
from paramlint.symbolic.showing.show import show_class
from paramlint.symbolic.showing.show_document import Buffer, Parameter, ShownClass

from .row_names import expression_of

HEAD = """\
import abc, collections, contextlib, copy, dataclasses, enum, functools, itertools, math, operator, typing
from functools import partial
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn import init
"""
_SECTION = re.compile(r"^# --- (?P<title>[^:\n]+)(?:: (?P<example>.+))?\n", re.MULTILINE)
_COMMENT = re.compile(r"# show: (.+)")
_INIT = re.compile(r"[\w.]+_|torch\.\w+|-")


@dataclass(frozen=True)
class Section:
    """A program.

    Attributes:
        name: the file and the title.
        code: the program, its first line that below the heading.
        example: an expression that builds its model; empty for none.
    """

    name: str
    code: str
    example: str

    @property
    def text(self) -> str:
        """The whole program."""
        return HEAD + self.code

    def rows(self) -> dict[int, list[str]]:
        """What is said beside each line of the program, its rows counted from 1 and its head included."""
        found: dict[int, list[str]] = {}
        above: list[str] = []
        for row, line in enumerate(self.text.splitlines(), 1):
            comment = _COMMENT.search(line)
            said = [part.strip() for part in comment[1].split(";")] if comment else []
            if line.strip().startswith("# show:"):
                above += said
            elif above or said:
                found[row] = [*above, *said]
                above = []
        return found


def sections(folder: Path) -> list[Section]:
    """All sections of the files of a folder."""
    found = []
    for path in sorted(folder.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        starts = list(_SECTION.finditer(text))
        ends = [match.start() for match in starts[1:]] + [len(text)]
        for match, end in zip(starts, ends, strict=True):
            name = f"{path.stem}: {match['title']}"
            found.append(Section(name, text[match.end() : end], match["example"] or ""))
    return found


def shown(section: Section, path: Path, arguments: dict[str, object] | None = None) -> ShownClass:
    """What is said of a section's `Net`.

    Args:
        section: the section.
        path: where it is written to.
        arguments: those that are known; None for none, and unknown defaults.
    """
    path.write_text(section.text, encoding="utf-8")
    program = Program(Project([], is_draft=True))
    cls = program.file(program.project.file(str(path))).definition("Net")  # type: ignore[union-attr]
    assert isinstance(cls, ClassValue)
    return show_class(program, cls, arguments or {}, defaults=arguments is not None)


def told(table: ShownClass) -> dict[int, list[str]]:
    """What is said, in the words of the comments."""
    found: dict[int, list[str]] = {}
    for row in (*table.parameters, *table.buffers):
        found.setdefault(row.row, []).append("  ".join(_parts(row)))
    for part in table.unknown:
        found.setdefault(part.row, []).append(f"{part.name}  unknown")
    return found


def _parts(row: Parameter) -> list[str]:
    shape = "?" if row.shape is None else " x ".join(str(size).replace(" * ", "*") for size in row.shape) or "scalar"
    parts = [row.name, shape]
    if row.init is not None:
        parts.append(row.init.call)
    if row.condition is not None:
        parts.append(f"if {row.condition}")
    elif not row.certain:
        parts.append("maybe")
    if isinstance(row, Buffer):
        parts.append("buffer")
        parts += ["passing"] if row.persistent is False else []
    parts += ["frozen"] if row.requires_grad is False and not isinstance(row, Buffer) else []
    parts += [f"tied {', '.join(row.tied_with)}"] if row.tied_with else []
    return parts


def agrees(comment: str, said: str) -> bool:
    """Whether a comment says what is said; an initialiser that it does not name may be any."""
    wanted, parts = re.split(r"\s{2,}", comment), re.split(r"\s{2,}", said)
    if not any(_INIT.fullmatch(part) for part in wanted[2:]):
        parts = parts[:2] + [part for part in parts[2:] if not _INIT.fullmatch(part)]
    return wanted == parts or ("-" in wanted and [p for p in wanted if p != "-"] == parts)


SECTIONS = sections(Path(__file__).parent / "shown")


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_what_is_said_stands_beside_the_code(section: Section, tmp_path: Path):
    said, wanted = told(shown(section, tmp_path / "net.py")), section.rows()
    lines = section.text.splitlines()
    wrong = []
    for row in sorted(said.keys() | wanted.keys()):
        left = list(said.get(row, []))
        for comment in wanted.get(row, []):
            match = next((one for one in left if agrees(comment, one)), None)
            if match is None:
                wrong.append(f"{lines[row - 1].strip()}\n    not said: {comment}")
            else:
                left.remove(match)
        wrong += [f"{lines[row - 1].strip()}\n    not in the comment: {one}" for one in left]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("section", [one for one in SECTIONS if one.example], ids=lambda section: section.name)
def test_it_is_what_python_builds(section: Section, tmp_path: Path):
    pytest.importorskip("torch")
    space: dict[str, object] = {"__name__": "net"}
    exec(compile(section.text, "net.py", "exec", dont_inherit=True), space)
    net = eval(section.example, space)
    live = dict(net.named_parameters(remove_duplicate=False)) | dict(net.named_buffers(remove_duplicate=False))
    saved = set(net.state_dict())
    table = shown(section, tmp_path / "net.py", _arguments(section, space))
    patterns = [(row, expression_of(row.name)) for row in (*table.parameters, *table.buffers)]
    unknown = [expression_of(part.name) for part in table.unknown]
    for row, pattern in patterns:
        matched = [name for name in live if pattern.fullmatch(name)]
        assert not row.certain or matched, f"{row.name} does not exist"
        for name in matched if row.certain else ():
            if row.shape is not None and all(isinstance(size, int) for size in row.shape):
                assert row.shape == tuple(live[name].shape), name
            if row.requires_grad is not None:
                assert row.requires_grad is live[name].requires_grad, name
            assert getattr(row, "persistent", None) in (None, name in saved), name
            ties = {other for other in live if live[other] is live[name]} - {name}
            assert all(any(expression_of(tie).fullmatch(other) for other in ties) for tie in row.tied_with), name
    for name in live:
        assert any(p.fullmatch(name) for _, p in patterns) or any(p.fullmatch(name) for p in unknown), name


def _arguments(section: Section, space: dict[str, object]) -> dict[str, object]:
    """The arguments of the example that are plain values, by name."""
    call = ast.parse(section.example, mode="eval").body
    assert isinstance(call, ast.Call)
    names = [name for name in _parameters(section) if name != "self"]
    given = {**dict(zip(names, call.args, strict=False)), **{one.arg: one.value for one in call.keywords if one.arg}}
    return {name: ast.literal_eval(node) for name, node in given.items() if not isinstance(node, (ast.Name, ast.Call))}


def _parameters(section: Section) -> list[str]:
    for node in ast.walk(ast.parse(section.text)):
        if isinstance(node, ast.ClassDef) and node.name == "Net":
            for one in node.body:
                if isinstance(one, ast.FunctionDef) and one.name == "__init__":
                    return [argument.arg for argument in (*one.args.args, *one.args.kwonlyargs)]
    return []


def test_the_head_is_python():
    compile(HEAD, "head", "exec")
