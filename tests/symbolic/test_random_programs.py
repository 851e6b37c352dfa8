"""Random small programs that build a model: what torch builds, and what is said of it without running them.

Names, identity, registration, shapes and flags have to agree: of a certain row all, of another what it says. Run as a
script, with a number of programs (5,000), it goes on where the suite stops:

    python -m tests.symbolic.test_random_programs 5000
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paramlint.facts.files import Project
from paramlint.symbolic.code.program import ClassValue, Program
from paramlint.symbolic.showing.show import show_class

from .row_names import expression_of

HEAD = """\
import copy, functools
import torch
from torch import nn

def pair(make, *sizes):
    return make(*sizes), make(*sizes)

def grown(n, by=1):
    return n + by if n < 6 else n - by

class Block(nn.Module):
    def __init__(self, size, inner=None, tie=False):
        super().__init__()
        self.fc = nn.Linear(size, size, bias=tie)
        self.inner = inner
        if tie:
            self.w = self.fc.weight
        else:
            self.register_buffer("count", torch.zeros(size), persistent=size > 2)

class Counter:
    def __init__(self, start):
        self.value = start

    def next(self):
        self.value += 1
        return self.value

"""
NAMES = ("a", "b", "c")
ATTRIBUTES = ("p", "q", "r", "s")

#: Numbers: locals and the arguments are called so; all stay small and above zero.
number = st.one_of(
    st.integers(1, 4).map(str),
    st.sampled_from(["n", "m", "self.width", "counter.next()", "min(n, 3)", "max(m, 2)"]),
    st.sampled_from(["n + 1", "2 * m", "n // 2 + 1", "(n + m) // 2", "n * 2 // 3 + 1", "grown(n)", "grown(m, by=2)"]),
    st.sampled_from(["n if flag else m", "m % 3 + 1", "abs(n - m) + 1", "int(n * 1.5)", "len([n, m, 1])"]),
)
condition = st.sampled_from(["flag", "not flag", "n > 2", "m == 2", "n > m", "flag and m < 3", "kind == 'x'", "kind"])
count = st.one_of(st.integers(0, 4).map(str), st.integers(9, 12).map(str), st.sampled_from(["n", "m", "2 * n"]))


def leaf() -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("nn.Linear({}, {}, bias={})".format, number, number, st.sampled_from(["flag", "False", "n > 1"])),
        st.builds("Block({}, tie={})".format, number, st.sampled_from(["flag", "False", "True"])),
        st.builds("nn.LayerNorm({})".format, number),
        st.builds("nn.Conv1d({}, {}, 1)".format, number, number),
        st.just("nn.ReLU()"),
        st.just("nn.Identity()"),
    )


def module() -> st.SearchStrategy[str]:
    return st.recursive(
        leaf(),
        lambda inner: st.one_of(
            st.builds("nn.Sequential({}, {})".format, inner, inner),
            st.builds("nn.ModuleList([{} for _ in range({})])".format, inner, count),
            st.builds("nn.ModuleList([{}] * 2)".format, inner),
            st.builds("nn.Sequential({}, *[{} for i in range({})])".format, inner, inner, count),
            st.builds("nn.ModuleDict({{'x': {}, 'y': {}}})".format, inner, inner),
            st.builds("nn.ModuleList(pair(functools.partial(nn.Linear, bias=False), {}, {}))".format, number, number),
            st.builds("Block({}, inner={})".format, number, inner),
            st.builds("({} if {} else {})".format, inner, condition, inner),
            st.builds("copy.deepcopy({})".format, inner),
        ),
        max_leaves=4,
    )


tensor = st.builds("torch.zeros({}, {})".format, number, number)


def simple() -> st.SearchStrategy[list[str]]:
    attribute, name = st.sampled_from(ATTRIBUTES), st.sampled_from(NAMES)
    return st.one_of(
        st.builds(lambda a, v: [f"self.{a} = {v}"], attribute, module()),
        st.builds(lambda a, v: [f"self.{a} = nn.Parameter({v}, requires_grad=flag)"], attribute, tensor),
        st.builds(lambda a, v: [f"{a} = {v}"], name, module()),
        st.builds(lambda a, b: [f"self.{a} = {b}"], attribute, name),
        st.builds(lambda a, b: [f"self.add_module('{a}', {b})"], attribute, name),
        st.builds(lambda a, b: [f"setattr(self, '{a}', {b})"], attribute, name),
        st.builds(lambda a, b: [f"self.{a} = [{b}]"], attribute, name),
        st.builds(lambda a, b: [f"self.{a} = nn.ModuleList([{b}, {b}])"], attribute, name),
        st.builds(lambda a, v: [f"self.{a}_buffer = None", f"self.register_buffer('{a}_t', {v}, persistent=flag)"],
                  attribute, tensor),
        st.builds(lambda a: [f"self.{a}.requires_grad_(False)"], name),
        st.builds(lambda v: [f"n = {v}"], number),
        st.builds(lambda v: [f"m += {v}", "m = min(m, 5)"], number),
        st.builds(lambda v: [f"self.width = {v}"], number),
        st.builds(lambda v: [f"layers.append({v})"], module()),
        st.builds(lambda v: [f"layers = [*layers, {v}]"], module()),
        st.builds(lambda v: [f"layers += [{v} for _ in range(2)]"], module()),
        st.builds(lambda a: [f"self.{a} = nn.Sequential(*layers)"], attribute),
        st.builds(lambda a: [f"self.{a} = nn.ModuleList(layers[1:])"], attribute),
        st.builds(lambda a, b: [f"{a}, {b} = {b}, {a}"], name, name),
        st.just(["layers = layers[::-1]"]),
    )  # fmt: skip


def indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _joined(blocks: list[list[str]]) -> list[str]:
    return [line for block in blocks for line in block]


def statements(depth: int = 2) -> st.SearchStrategy[list[str]]:
    if depth == 0:
        return simple()
    inner = st.lists(statements(depth - 1), min_size=1, max_size=3).map(_joined)
    return st.one_of(
        simple(),
        st.builds(lambda c, b: [f"if {c}:", *indented(b)], condition, inner),
        st.builds(lambda c, b, e: [f"if {c}:", *indented(b), "else:", *indented(e)], condition, inner, inner),
        st.builds(lambda c, b: [f"for i in range({c}):", *indented(b)], count, inner),
        st.builds(lambda c, b: [f"for i in range({c}):", *indented(b), "    setattr(self, f'x{i}', a)"], count, inner),
        st.builds(
            lambda c, b: [f"for i in range({c}):", "    if i == 2:", "        break", *indented(b)], count, inner
        ),
        st.builds(lambda v, b: [f"for n in ({v}, 2, m):", *indented(b)], number, inner),
    )


def program(blocks: list[list[str]]) -> str:
    lines = [
        "class Net(nn.Module):",
        "    def __init__(self, n=3, m=2, flag=True, kind='x'):",
        "        super().__init__()",
        "        self.width = n",
        "        counter = Counter(m)",
        "        a, b, c = nn.Linear(1, 1), Block(2), nn.ReLU()",
        "        layers = []",
        *indented(indented(_joined(blocks))),
    ]
    return HEAD + "\n".join(lines) + "\n"


ARGUMENTS = ({}, {"n": 2, "m": 4, "flag": False, "kind": ""})


class Programs:
    """The programs of a folder; what is found out of torch's own layers is kept for some of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.number = 0
        self.program = Program()

    def add(self, text: str) -> ClassValue:
        """The `Net` of a new program."""
        if self.number % 100 == 0:
            self.program = Program(Project([], is_draft=True))
        self.number += 1
        path = self.folder / f"net{self.number}.py"
        path.write_text(text, encoding="utf-8")
        facts = self.program.project.file(str(path)) if self.program.project is not None else None
        cls = self.program.file(facts).definition("Net") if facts is not None else None
        assert isinstance(cls, ClassValue)
        return cls


def check(text: str, programs: Programs, *, all_rows: bool = False) -> None:
    """Compare a program with what torch builds of it.

    Without arguments a loop is taken to run at least once, so not every tensor of every model has a row then; with all
    arguments known each has one, or is covered by a row of what is unknown, which is asked with `all_rows`.
    """
    cls = programs.add(text)
    space: dict[str, Any] = {"__name__": "net"}
    exec(compile(text, "net.py", "exec", dont_inherit=True), space)
    for given_arguments in ARGUMENTS:
        try:
            net = space["Net"](**given_arguments)
        except (TypeError, ValueError, RuntimeError, AttributeError, KeyError):
            continue  # what raises has no model
        live = dict(net.named_parameters(remove_duplicate=False)) | dict(net.named_buffers(remove_duplicate=False))
        for arguments, defaults in ((given_arguments, True), ({}, False)):
            table = show_class(programs.program, cls, arguments, defaults=defaults)
            wrong = list(_differences(table, net, live, is_whole=defaults and all_rows))
            assert not wrong, f"{text}\n{given_arguments if defaults else 'no arguments known'}\n" + "\n".join(wrong)


def _differences(table: Any, net: Any, live: dict[str, Any], is_whole: bool) -> Any:
    import torch

    saved = set(net.state_dict())
    rows = [(row, expression_of(row.name)) for row in (*table.parameters, *table.buffers)]
    unknown = [expression_of(part.name) for part in table.unknown if part.name != "**"]
    is_whole = is_whole and all(part.name != "**" for part in table.unknown)
    for row, pattern in rows:
        matched = [name for name in live if pattern.fullmatch(name)]
        if not row.certain:
            continue
        if not matched:
            yield f"{row.name} does not exist"
        if row.count is not None and len(matched) < row.count:
            yield f"{row.name} is said to be there {row.count} times, not {len(matched)}"
        for name in matched:
            others = [r for r, p in rows if p.fullmatch(name)]
            if len(others) > 1:
                continue  # another row may be meant
            tensor = live[name]
            is_parameter = isinstance(tensor, torch.nn.Parameter)
            if is_parameter is hasattr(row, "persistent"):
                yield f"{name} is a {'parameter' if is_parameter else 'buffer'}"
            sizes = row.shape or ()
            if row.shape is not None and (
                len(sizes) != tensor.dim()
                or any(isinstance(s, int) and s != real for s, real in zip(sizes, tensor.shape, strict=True))
            ):
                yield f"{name} has the shape {tuple(tensor.shape)}, not {row.shape}"
            if row.requires_grad is not None and row.requires_grad is not tensor.requires_grad:
                yield f"{name} has requires_grad={tensor.requires_grad}"
            if getattr(row, "persistent", None) not in (None, name in saved):
                yield f"{name} is saved: {name in saved}"
            ties = {other for other in live if live[other] is tensor and other != name}
            for tie in row.tied_with:
                if not any(expression_of(tie).fullmatch(other) for other in ties):
                    yield f"{name} is not tied to {tie}"
    for name in live:
        if is_whole and not any(p.fullmatch(name) for _, p in rows) and not any(p.fullmatch(name) for p in unknown):
            yield f"{name} is in no row"


PROGRAMS = st.lists(statements(), min_size=1, max_size=7).map(program)
QUIET = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))


def test_what_is_said_is_what_is_built(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    programs = Programs(tmp_path)

    @settings(QUIET, max_examples=200, derandomize=True)
    @given(PROGRAMS)
    def run(text: str) -> None:
        check(text, programs, all_rows=True)

    run()


if __name__ == "__main__":
    programs = Programs(Path(tempfile.mkdtemp()))

    @settings(QUIET, max_examples=int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
    @given(PROGRAMS)
    def run(text: str) -> None:
        check(text, programs, all_rows=True)

    run()
    print("no differences")
