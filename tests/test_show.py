"""`paramlint show`: what is said of a model from its source, how targets are found, and the forms it is told in."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from paramlint.facts.files import Project
from paramlint.frontends.cli import main
from paramlint.symbolic.code.program import ClassValue, Program
from paramlint.symbolic.limits import MAX_SHOWN_STEPS
from paramlint.symbolic.showing.repeated_blocks import fold
from paramlint.symbolic.showing.show import show_class
from paramlint.symbolic.showing.show_document import Buffer, Init, Parameter, ShownClass
from paramlint.symbolic.values.wording import told, told_name

ROOT = Path(__file__).parent.parent
HEAD = """\
import copy, functools
import torch
from torch import nn
from torch.nn import init
import elsewhere


"""
NET = "class Net(nn.Module):\n    def __init__(self, dim, depth, flag=False, **rest):\n        super().__init__()\n"


@pytest.fixture
def show(tmp_path):
    """Show the class `Net` of a text, or one whose constructor has these lines."""

    def run(text, *, defaults=False, **arguments) -> ShownClass:
        path = tmp_path / "net.py"
        if "class " not in text:
            text = NET + "".join(f"        {line}\n" for line in text.splitlines())
        path.write_text(HEAD + text)
        program = Program(Project([], is_draft=True))
        cls = program.file(program.project.file(str(path))).definition("Net")
        assert isinstance(cls, ClassValue)
        return show_class(program, cls, arguments, defaults=defaults)

    return run


@pytest.fixture
def row(show):
    """The only parameter or buffer that the lines of a constructor give."""

    def run(text, **arguments) -> Parameter:
        shown = show(text, **arguments)
        (only,) = (*shown.parameters, *shown.buffers)
        return only

    return run


def names(shown: ShownClass) -> list[str]:
    return [found.name for found in (*shown.parameters, *shown.buffers)]


def by_name(shown: ShownClass, name: str) -> Parameter:
    (found,) = [one for one in (*shown.parameters, *shown.buffers) if one.name == name]
    return found


# What exists


@pytest.mark.parametrize(
    ("text", "name", "certain", "condition", "count"),
    [
        ("self.w = nn.Parameter(torch.zeros(3))", "w", True, None, 1),
        ("if flag:\n    self.w = nn.Parameter(torch.zeros(3))", "w", False, "flag", 1),
        ("if depth <= 3:\n    raise ValueError\nself.w = nn.Parameter(torch.zeros(3))", "w", True, None, 1),
        ("assert flag or dim\nself.w = nn.Parameter(torch.zeros(3))", "w", True, None, 1),
        ("if not depth <= 3:\n    self.w = nn.Parameter(torch.zeros(3))", "w", False, "depth > 3", 1),
        ("for _ in range(depth):\n    self.w = nn.Parameter(torch.zeros(3))", "w", False, None, 1),
        ("for _ in range(100):\n    self.w = nn.Parameter(torch.zeros(3))", "w", True, None, 1),
        ("self.w = nn.ParameterList([torch.zeros(3) for _ in range(depth)])", "w.{depth}", False, None, None),
        ("self.w = nn.ParameterList([torch.zeros(3) for _ in range(20)])", "w.{20}", True, None, 20),
        ("self.w = nn.ParameterList([torch.zeros(3) for _ in range(4)])", "w.{4}", True, None, 4),
        ("for i in range(3):\n    setattr(self, f'w{i}', nn.Parameter(torch.zeros(3)))", "w{3}", True, None, 3),
        ("self.w = nn.Parameter(torch.zeros(3)) if flag else nn.Parameter(torch.zeros(3))", "w", True, None, 1),
        ("self.w = nn.Parameter(torch.zeros(3)) if flag else nn.Parameter(torch.zeros(4))", None, False, None, None),
    ],
)
def test_existence(show, text, name, certain, condition, count):
    shown = show(text)
    if name is None:
        assert [(one.name, one.condition) for one in shown.parameters] == [("w", "flag"), ("w", "not flag")]
        return
    (found,) = shown.parameters
    assert (found.name, found.certain, found.condition, found.count) == (name, certain, condition, count)


def test_arguments_decide(row):
    text = "if flag:\n    self.w = nn.Parameter(torch.zeros(dim))"
    found = row(text, flag=True, dim=8)
    assert (found.certain, found.condition, found.shape) == (True, None, (8,))


def test_defaults_decide_where_they_are_asked_for(show):
    text = "if flag:\n    self.w = nn.Parameter(torch.zeros(dim))\nself.v = nn.Parameter(torch.zeros(dim))"
    assert names(show(text, defaults=True)) == ["v"]
    assert names(show(text, defaults=True, flag=True)) == ["w", "v"]
    assert names(show(text)) == ["w", "v"]


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("self.w = nn.Parameter(torch.zeros(3, dim * 2))", (3, "2 * dim")),
        ("self.w = nn.Parameter(torch.zeros(()))", ()),
        ("self.w = nn.Parameter(torch.zeros(dim))", None),  # `dim` may be a tuple of sizes
        ("self.w = nn.Parameter(elsewhere.values(dim))", None),
        ("self.w = nn.Parameter(torch.zeros(3 if flag else 4, 2))", ("3 or 4", 2)),
        ("if flag:\n    self.w = nn.Parameter(torch.zeros(3 if flag else 4, 2))", (3, 2)),
    ],
)
def test_shape(row, text, shape):
    assert row(text).shape == shape


def test_what_an_annotation_says_is_one_size(show):
    text = (
        "class Net(nn.Module):\n    def __init__(self, dim: int, other: int = None, any=3):\n"
        "        super().__init__()\n"
        "        self.a = nn.LayerNorm(dim)\n        self.b = nn.LayerNorm(other)\n        self.c = nn.LayerNorm(any)\n"
    )
    assert [one.shape for one in show(text).parameters if one.name.endswith("weight")] == [("dim",), None, None]


def test_dtype(row):
    assert row("self.w = nn.Parameter(torch.zeros(3, dtype=torch.half))").dtype == "float16"
    assert row("self.w = nn.Parameter(torch.zeros(3))").dtype is None
    assert row("self.w = nn.Parameter(torch.zeros(3, dtype=torch.half))\nself.double()").dtype is None


# Who gave it its values

FIRST = 11
"""The row of a constructor's first line in the texts of these tests."""


@pytest.mark.parametrize(
    ("text", "call", "arguments", "at"),
    [
        ("self.w = nn.Parameter(torch.zeros(3, dim))", "torch.zeros", {}, 0),
        ("self.w = nn.Parameter(torch.full((3, dim), 0.5))", "torch.full", {"fill_value": 0.5}, 0),
        ("self.register_buffer('w', torch.arange(dim))", "torch.arange", {"end": "dim"}, 0),
        ("self.register_buffer('w', torch.arange(2, 5))", "torch.arange", {"start": 2, "end": 5}, 0),
        ("self.w = nn.Parameter(torch.empty(3, dim))", None, {}, 0),
        ("self.w = nn.Parameter(torch.zeros(3, dim) + 1)", None, {}, 0),
        ("self.w = nn.Parameter(elsewhere.values())", None, {}, 0),
        (
            "self.w = nn.Parameter(torch.empty(3, 4))\ninit.normal_(self.w, 0, .02)",
            "normal_",
            {"mean": 0, "std": 0.02},
            1,
        ),
        ("self.w = nn.Parameter(torch.empty(3, 4))\nself.w.data.fill_(dim)", "fill_", {"value": "dim"}, 1),
        (
            "self.w = nn.Parameter(torch.empty(3, 4))\ninit.kaiming_normal_(self.w, mode='fan_out')",
            "kaiming_normal_",
            {"mode": "'fan_out'"},
            1,
        ),
        ("self.w = nn.Parameter(torch.zeros(3, 4))\nself.w.data[0].normal_()", None, {}, 1),
        ("self.w = nn.Parameter(torch.zeros(3, 4))\nself.w.data.view(-1).normal_()", None, {}, 1),
        ("self.w = nn.Parameter(torch.zeros(3, 4))\nself.w.data.mul_(2)", None, {}, 1),
        ("self.w = nn.Parameter(torch.zeros(3, 4))\nself.w.data.copy_(elsewhere.values())", None, {}, 1),
        ("self.w = nn.Parameter(torch.zeros(3, 4))\nself.w.data = torch.ones(3, 4)", "torch.ones", {}, 1),
        ("self.w = nn.Parameter(torch.zeros(3, 4))\nif flag:\n    init.ones_(self.w)", None, {}, 1),
        ("self.w = nn.Parameter(torch.zeros(3, 4))\nfor _ in range(dim):\n    init.ones_(self.w)", None, {}, 1),
        ("self.w = nn.Parameter(torch.zeros(3, 4))\nelsewhere.change(self.w)", None, {}, 1),
        ("self.w = nn.Parameter(torch.zeros(3, 4))\nelsewhere.change(self)", None, {}, 1),
        ("self.w = nn.Parameter(elsewhere.values())\ninit.ones_(self.w)", "ones_", {}, 1),
        ("self.w = nn.Parameter(torch.zeros(3, 4))\nself.v = copy.deepcopy(self.w)\ndel self.w", "torch.zeros", {}, 0),
    ],
)
def test_init(row, text, call, arguments, at):
    found = row(text).init
    if call is None:
        assert found is None
    else:
        assert found is not None
        assert (found.call, found.arguments, found.row) == (call, arguments, FIRST + at)
        assert found.filename.endswith("net.py")


def test_a_layer_of_torch_fills_itself_where_it_is_made(show):
    shown = show("\nself.layer = nn.Linear(16, dim)")
    weight, bias = shown.parameters
    assert weight.init is not None
    assert (weight.init.call, weight.init.row, weight.row) == ("kaiming_uniform_", FIRST + 1, FIRST + 1)
    assert bias.init == Init(call="uniform_", arguments={"a": -0.25, "b": 0.25}, filename=bias.filename, row=FIRST + 1)


def test_an_initialiser_of_the_project_is_named_as_one_of_torch(show):
    text = (
        "def lecun_(tensor, scale=1.0):\n    with torch.no_grad():\n        tensor.normal_(0, 1)\n"
        "        return tensor.mul_(scale)\n" + NET + "        self.w = nn.Parameter(torch.empty(3, 4))\n"
        "        lecun_(self.w, scale=dim)\n"
    )
    (found,) = show(text).parameters
    assert found.init is not None
    assert (found.init.call, found.init.arguments) == ("lecun_", {"scale": "dim"})
    assert "lecun_(self.w" in (HEAD + text).splitlines()[found.init.row - 1]


def test_what_happens_to_one_round_is_not_said_of_all(show):
    text = (
        "self.all = nn.ModuleList([nn.Linear(4, 4, bias=False) for _ in range(depth)])\n"
        "self.some = nn.ModuleList([nn.Linear(4, 4, bias=False) for _ in range(depth)])\n"
        "for layer in self.all:\n    init.zeros_(layer.weight)\n    layer.requires_grad_(False)\n"
        "init.zeros_(self.some[0].weight)\nself.some[0].requires_grad_(False)"
    )
    every, some = show(text).parameters
    assert every.init is not None
    assert (every.init.call, every.requires_grad) == ("zeros_", False)
    assert (some.init, some.requires_grad) == (None, None)


def test_what_one_round_is_given_is_not_said_of_all(show):
    shown = show(
        "self.blocks = nn.ModuleList([nn.Linear(4, 4, bias=False) for _ in range(depth)])\n"
        "self.blocks[0].extra = nn.Parameter(torch.zeros(3))\n"
        "self.blocks[0].more = nn.Linear(2, 2, bias=False)\n"
        "self.blocks[0].weight = nn.Parameter(torch.zeros(7, 7))\n"
    )
    assert [(one.name, one.certain, one.shape, one.init) for one in shown.parameters] == [
        (f"blocks.{{depth}}.{name}", False, None, None) for name in ("weight", "extra", "more.weight")
    ]


def test_a_name_that_is_given_in_a_loop_may_not_be_there(show):
    shown = show("one = nn.Linear(4, 4, bias=False)\nfor _ in range(depth):\n    self.layer = one")
    assert [(one.name, one.certain) for one in shown.parameters] == [("layer.weight", False)]


def test_apply_reaches_every_layer(show):
    text = (
        NET + "        self.blocks = nn.Sequential(*[nn.Linear(4, 4) for _ in range(depth)])\n"
        "        self.apply(self.fill)\n"
        "    def fill(self, module):\n        if isinstance(module, nn.Linear):\n"
        "            init.trunc_normal_(module.weight, std=.02)\n"
    )
    weight, bias = show(text).parameters
    assert weight.init is not None
    assert bias.init is not None
    assert (weight.init.call, bias.init.call) == ("trunc_normal_", "uniform_")


# What is shared


def test_ties(show):
    shown = show(
        "self.embed = nn.Embedding(50, dim)\nself.head = nn.Linear(dim, 50, bias=False)\n"
        "self.head.weight = self.embed.weight"
    )
    assert {one.name: one.tied_with for one in shown.parameters} == {
        "embed.weight": ("head.weight",),
        "head.weight": ("embed.weight",),
    }


def test_a_tie_under_a_condition_is_said_where_it_holds(show):
    shown = show(
        "self.embed = nn.Embedding(50, dim)\nself.head = nn.Linear(dim, 50, bias=False)\n"
        "if flag:\n    self.head.weight = self.embed.weight"
    )
    assert [(one.name, one.condition, one.tied_with) for one in shown.parameters] == [
        ("embed.weight", None, ()),
        ("head.weight", "flag", ("embed.weight",)),
        ("head.weight", "not flag", ()),
    ]


def test_one_tensor_under_the_names_of_all_rounds(show):
    text = "one = nn.Linear(4, 4, bias=False)\nself.blocks = nn.ModuleList([one for _ in range({}) ])"
    for depth, name in (("depth", "blocks.{depth}.weight"), ("20", "blocks.{20}.weight"), ("3", "blocks.{3}.weight")):
        (found,) = show(text.format(depth)).parameters
        assert (found.name, found.tied_with) == (name, (name,))


def test_a_tie_to_one_round_is_not_said_of_all(show):
    shown = show(
        "self.blocks = nn.ModuleList([nn.Linear(4, 4, bias=False) for _ in range(depth)])\n"
        "self.first = self.blocks[0]\nself.second = self.blocks[1]"
    )
    assert {one.name: one.tied_with for one in shown.parameters} == {
        "blocks.{depth}.weight": (),
        "first.weight": ("blocks.{depth}.weight",),
    }
    assert [(one.name, one.why) for one in shown.unknown] == [("second.**", "ModuleList(...)[1]")]


def test_a_copy_is_no_tie(show):
    shown = show("self.one = nn.Linear(4, 4)\nself.other = copy.deepcopy(self.one)")
    assert all(one.tied_with == () for one in shown.parameters)


# Flags


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("self.w = nn.Parameter(torch.zeros(3))", True),
        ("self.w = nn.Parameter(torch.zeros(3), requires_grad=False)", False),
        ("self.w = nn.Parameter(torch.zeros(3), requires_grad=flag)", None),
        ("self.w = nn.Parameter(torch.zeros(3))\nself.requires_grad_(False)", False),
        ("self.w = nn.Parameter(torch.zeros(3))\nif flag:\n    self.requires_grad_(False)", None),
        ("self.w = nn.Parameter(torch.zeros(3))\nfor _ in range(depth):\n    self.requires_grad_(False)", None),
        ("self.w = nn.Parameter(torch.zeros(3))\nelsewhere.freeze(self)", None),
        ("self.register_buffer('w', torch.zeros(3))", False),
        ("self.register_buffer('w', elsewhere.values())", None),
    ],
)
def test_requires_grad(row, text, flag):
    assert row(text).requires_grad is flag


@pytest.mark.parametrize(
    ("arguments", "persistent"),
    [("", True), (", persistent=True", True), (", persistent=False", False), (", persistent=flag", None)],
)
def test_persistence(row, arguments, persistent):
    found = row(f"self.register_buffer('w', torch.zeros(3){arguments})")
    assert isinstance(found, Buffer)
    assert found.persistent is persistent


# What cannot be told


@pytest.mark.parametrize(
    ("value", "is_unknown"),
    [
        ("getattr(nn, flag)(4, 4)", True),
        ("getattr(nn, elsewhere.name(flag))(4, 4)", True),
        ("torch.hub.load('a', 'b')", True),
        ("torch.jit.load('a.pt')", True),
        ("getattr(dim, 'size')", False),
        ("torch.get_rng_state()", False),
        ("USE_FAST", False),
    ],
)
def test_what_is_made_by_a_name_may_be_a_module(show, value, is_unknown):
    text = f"USE_FAST = False\n\n\ndef turn():\n    global USE_FAST\n    USE_FAST = not USE_FAST\n\n\n{NET}"
    assert [one.name for one in show(f"{text}        self.part = {value}\n").unknown] == ["part.**"] * is_unknown


def test_unknown_parts_are_rows(show):
    shown = show(
        "self.known = nn.Linear(4, 4)\nself.head = elsewhere.create_head(dim)\n"
        "self.blocks = nn.ModuleList([elsewhere.Block(dim) for _ in range(depth)])"
    )
    assert [(one.name, one.why, one.row) for one in shown.unknown] == [
        ("head.**", "made by elsewhere.create_head(dim)", FIRST + 1),
        ("blocks.{depth}.**", "made by elsewhere.Block(dim)", FIRST + 2),
    ]


def test_alternatives_of_an_unknown_part_are_one_row(show):
    shown = show("self.head = elsewhere.one() if flag else elsewhere.two()")
    (only,) = shown.unknown
    assert (only.name, only.why) == ("head.**", "made by elsewhere.one() or made by elsewhere.two()")


def test_an_unknown_base(show):
    text = "class Net(elsewhere.Base, nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    (only,) = show(text).unknown
    assert (only.name, only.why) == ("**", "Net inherits from elsewhere.Base")


def test_a_model_that_is_too_large_ends_and_says_so(show):
    makers = "".join(
        f"def make{level}(dim):\n    return nn.Sequential(*[make{level + 1}(dim) for _ in 'abcdefgh'])\n"
        for level in range(6)
    )
    text = (
        makers
        + "def make6(dim):\n    return nn.Linear(dim, dim)\n"
        + NET
        + ("        self.first = nn.Linear(4, 4)\n        self.rest = make0(dim)\n")
    )
    shown = show(text)
    assert shown.steps <= MAX_SHOWN_STEPS
    first = by_name(shown, "first.weight")
    assert (first.shape, first.certain, first.init) == ((4, 4), False, None)  # what was not run may change it
    assert ("**", "the steps were used up") in [(one.name, one.why) for one in shown.unknown]


def test_no_mark_of_the_run_is_shown(show):
    shown = show(
        "self.heads = elsewhere.count(depth)\nself.w = nn.Parameter(torch.zeros(self.heads, elsewhere.size(dim)))\n"
        "if elsewhere.wants(dim):\n    self.v = nn.Parameter(torch.zeros(3))\n"
        "for name in elsewhere.names(self):\n    setattr(self, f'x_{name}', elsewhere.make(name, {}, [], self))\n"
        "self.norm = elsewhere.norms[elsewhere.name(flag)](dim)"
    )
    text = msgspec.json.encode(shown).decode()
    assert not re.search(r"[#@]\d|<\w+ \d+>|\.\.\.[0-9a-f]{8}", text), text
    assert by_name(shown, "w").shape == ("elsewhere.count(depth)", "elsewhere.size(dim)")
    assert by_name(shown, "v").condition == "elsewhere.wants(dim)"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("f(x)#12 + dict(18)[k]#3", "f(x) + dict(...)[k]"),
        ("<Net 12>.dim", "Net(...).dim"),
        ("a long text...0123abcd", "a long text..."),
        ("not (depth <= 3)", "depth > 3"),
        ("not (len(x) <= 3) and y", "len(x) > 3 and y"),
        ("not (x and y <= 3)", "not (x and y <= 3)"),
    ],
)
def test_wording(text, said):
    assert told(text) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("weight_{l{layer}}", "weight_l{layer}"),
        ("a.{f(x)#3}.b", "a.{f(x)}.b"),
        ("a.{ {'b': 1}[c] }", "a.{ 'b': 1[c] }"),
        ("a.{a very long...0123abcd", "a.{a very long...}"),
    ],
)
def test_names_are_patterns(name, said):
    assert told_name(name) == said


# Folding


@pytest.mark.parametrize(
    ("given", "folded"),
    [
        (["a.0.w", "a.1.w", "a.2.w"], {"a.{3}.w": 3}),
        (["a.1.w", "a.2.w"], {"a.{1-2}.w": 2}),
        (["a.0.w", "a.3.w", "a.4.w"], {"a.{0,3-4}.w": 3}),
        (["a.0.0.w", "a.0.1.w", "a.1.0.w", "a.1.1.w"], {"a.{2}.{2}.w": 4}),
        (["a.0.0.w", "a.0.1.w", "a.1.0.w"], {"a.0.{2}.w": 2, "a.1.0.w": 1}),
        (["a0.w", "a1.w", "b.w"], {"a{2}.w": 2, "b.w": 1}),
        (["a.w", "b.0"], {"a.w": 1, "b.0": 1}),
        (["{depth}.0.w", "{depth}.1.w"], {"{depth}.{2}.w": 2}),
        (["{x2}.w", "{x3}.w"], {"{x2}.w": 1, "{x3}.w": 1}),
        (["a.01.w", "a.02.w"], {"a.01.w": 1, "a.02.w": 1}),
        (["a.0.w", "a.0.w"], {"a.0.w": 1}),
        ([], {}),
    ],
)
def test_fold(given, folded):
    found = fold(given, [""] * len(given))
    assert {name: len(members) for name, members in found} == folded
    assert sorted(member for _, members in found for member in members) == list(range(len(given)))


def test_what_differs_is_not_folded(show):
    assert fold(["a.0", "a.1", "a.2"], ["x", "y", "x"]) == [("a.{0,2}", [0, 2]), ("a.1", [1])]
    shown = show(
        "self.a = nn.ModuleList([nn.Linear(4, 4, bias=False) for _ in range(4)])\nself.a[2].requires_grad_(False)"
    )
    assert [(one.name, one.count, one.requires_grad) for one in shown.parameters] == [
        ("a.{0-1,3}.weight", 3, True),
        ("a.2.weight", 1, False),
    ]


# The real thing

REAL = """\
class Block(nn.Module):
    def __init__(self, dim, norm=nn.LayerNorm):
        super().__init__()
        self.norm = norm(dim)
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.scale = nn.Parameter(torch.ones(1, dim), requires_grad=dim > 4)
        self.register_buffer("mask", torch.zeros(2, 2, dtype=torch.bool), persistent=False)


class Net(nn.Module):
    def __init__(self, dim, depth, tie=True):
        super().__init__()
        self.embed = nn.Embedding(10, dim)
        self.blocks = nn.ModuleList([Block(dim) for _ in range(depth)])
        self.shared = nn.ModuleDict({"one": self.blocks[-1], "two": nn.BatchNorm1d(dim)})
        self.rnn = nn.LSTM(dim, dim, 2, bidirectional=True)
        self.attention = nn.MultiheadAttention(dim, 2)
        self.head = nn.Linear(dim, 10)
        if tie:
            self.head.weight = self.embed.weight
        self.embed.requires_grad_(False)
"""


@pytest.mark.parametrize(("depth", "tie"), [(1, True), (3, False), (3, True)])
def test_it_is_what_torch_builds(show, depth, tie):
    torch = pytest.importorskip("torch")
    space: dict[str, object] = {}
    exec(HEAD.replace("import elsewhere\n", "") + REAL, space)
    net = space["Net"](8, depth, tie)  # type: ignore[operator]
    live = dict(net.named_parameters(remove_duplicate=False)) | dict(net.named_buffers(remove_duplicate=False))
    saved = set(net.state_dict())
    shown = show(REAL, dim=8, depth=depth, tie=tie)
    assert shown.unknown == ()
    seen: set[str] = set()
    for one in (*shown.parameters, *shown.buffers):
        pattern = re.sub(r"\\\{[^}]*\\\}", r"(\\d+)", re.escape(one.name))
        matched = [name for name in live if re.fullmatch(pattern, name)] if "{" in one.name else [one.name]
        assert len(matched) >= (one.count or 0) > 0, one.name
        assert one.certain
        for name in matched if "{" not in one.name or "-" not in one.name else []:
            tensor = live[name]
            assert one.shape == tuple(tensor.shape), one.name
            assert one.requires_grad is tensor.requires_grad, one.name
            assert isinstance(tensor, torch.nn.Parameter) is not isinstance(one, Buffer)
            if isinstance(one, Buffer):
                assert one.persistent is (name in saved)
            if one.count == 1:
                tied = {other for other in live if live[other] is tensor and other != name}
                assert tied == set(one.tied_with), one.name
        seen.update(matched)
    assert seen == set(live)


# Targets

MODELS = '''\
"""Models; importing this would end badly."""
import functools
from torch import nn
from .parts import Part
raise SystemExit("imported")


class Net(nn.Module):
    class Inner(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(2, 2)

    def __init__(self, dim, bias=True):
        super().__init__()
        self.part = Part(dim)
        self.head = nn.Linear(dim, 2, bias=bias)

    @classmethod
    def small(cls, bias=False):
        return cls(4, bias)


class Config:
    dim = 3


def make(dim, pretrained=False):
    return Net(dim, bias=False)


def make_either(dim, wide=False):
    return nn.Linear(dim, 9) if wide else nn.Conv1d(dim, 9, 1)


def number():
    return 3


tiny = functools.partial(Net, dim=2)
model = Net(5)
'''
PARTS = """\
from torch import nn


class Part(nn.Linear):
    def __init__(self, dim):
        super().__init__(dim, dim)
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "zoo"
    folder.mkdir()
    (folder / "__init__.py").write_text("from .models import *\nfrom .models import Net as Renamed\n")
    (folder / "models.py").write_text(MODELS)
    (folder / "parts.py").write_text(PARTS)
    (folder / "space").mkdir()
    (folder / "space" / "deep.py").write_text("from zoo.parts import Part\n\n\nclass Deep(Part): ...\n")
    monkeypatch.chdir(tmp_path)
    return folder


def shown_json(capsys, *arguments):
    assert main(["show", *arguments, "--output-format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


ALL = ["part.weight", "part.bias", "head.weight", "head.bias"]


@pytest.mark.parametrize(
    ("target", "name", "found"),
    [
        ("zoo/models.py:Net", "Net", ALL),
        ("zoo.models:Net", "Net", ALL),
        ("zoo:Net", "Net", ALL),
        ("zoo:Renamed", "Net", ALL),
        ("zoo.models:Net.Inner", "Net.Inner", ["a.weight", "a.bias"]),
        ("zoo.models:Part", "Part", ["weight", "bias"]),
        ("zoo.models:make", "make", ALL[:3]),
        ("zoo.models:Net.small", "Net.small", [*ALL[:3], "head.bias"]),
        ("zoo.models:make_either", "make_either", ["weight", "bias", "weight", "bias"]),
        ("zoo.models:tiny", "tiny", ALL),
        ("zoo.models:model", "model", ALL),
        ("zoo.space.deep:Deep", "Deep", ["weight", "bias"]),
        ("torch.nn:Bilinear", "Bilinear", ["weight", "bias"]),
    ],
)
def test_a_target_is_one_class(package, capsys, target, name, found):
    document = shown_json(capsys, target)
    assert document["target"] == target
    (only,) = document["classes"]
    assert (only["name"], [one["name"] for one in only["parameters"]]) == (name, found)


@pytest.mark.parametrize(
    ("target", "classes"),
    [
        ("zoo/parts.py", ["Part"]),
        ("zoo.parts", ["Part"]),
        ("zoo.models", ["Net"]),
        ("zoo", ["Net", "Part", "Deep"]),
        ("zoo/space", ["Deep"]),
        ("zoo.space", ["Deep"]),
    ],
)
def test_a_target_is_many_classes(package, capsys, target, classes):
    assert [one["name"] for one in shown_json(capsys, target)["classes"]] == classes


def test_a_function_of_the_name_of_its_module_is_the_function(package, capsys):
    """As in `from timm.layers import create_conv2d`."""
    (package / "head").mkdir()
    (package / "head" / "__init__.py").write_text("from .make_head import make_head\nfrom . import sizes\n")
    (package / "head" / "make_head.py").write_text(
        "from torch import nn\nfrom . import sizes\n\n\ndef make_head(dim):\n    return nn.Linear(dim, sizes.OUT)\n"
    )
    (package / "head" / "sizes.py").write_text("OUT = 7\n")
    Path("net.py").write_text(
        "from torch import nn\nfrom zoo.head import make_head, sizes\n\n\nclass Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.head = make_head(sizes.OUT)\n"
    )
    (cls,) = shown_json(capsys, "net.py:Net")["classes"]
    assert [one["shape"] for one in cls["parameters"]] == [[7, 7], [7]]


def test_what_a_factory_gives_depends_on_its_arguments(package, capsys):
    (cls,) = shown_json(capsys, "zoo.models:make", "--arg", "dim=6")["classes"]
    assert [one["shape"] for one in cls["parameters"]] == [[6, 6], [6], [2, 6]]
    (cls,) = shown_json(capsys, "zoo.models:make_either", "--arg", "wide=True", "--arg", "dim=6")["classes"]
    assert [one["shape"] for one in cls["parameters"]] == [[9, 6], [9]]
    (cls,) = shown_json(capsys, "zoo.models:make_either")["classes"]
    assert {one["condition"] for one in cls["parameters"]} == {"wide", "not wide"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["zoo.models:Nett"], "`zoo.models` has no `Nett`; did you mean `Net`?"),
        (["zoo.modles:Net"], "there is no module `zoo.modles`; did you mean `zoo.models`?"),
        (["zo.models:Net"], "there is no module `zo`; did you mean `zoo`?"),
        (["zoo/modles.py:Net"], "there is no file or folder `zoo/modles.py`; did you mean `zoo/models.py`?"),
        (["none/x.py"], "there is no file or folder `none/x.py`"),
        (["zoo-x:Net"], "`zoo-x` is no target: write `package.module:factory` or `path/to/file.py:Class`"),
        (["zoo.models:"], "`zoo.models:` names nothing after the colon: write `module:Class` or `file.py:function`"),
        (["zoo.models:Config"], "`Config` in `zoo.models` is no module class, function or module"),
        (["zoo.models:functools"], "`functools` in `zoo.models` is `functools`, whose source was not found"),
        (["zoo.models:number"], "`number` returns no module"),
        (["torch.nn:Lin"], "`torch.nn` has no module class `Lin` that is known"),
        (["zoo.models:Net", "--arg", "dmi=3"], "`Net` has no argument `dmi`; did you mean `dim`?"),
        (["zoo.models:make", "--arg", "x=3"], "`make` has no argument `x`"),
        (["zoo.models:model", "--arg", "x=3"], "`model` is a module, so it takes no arguments"),
        (["zoo.models", "--arg", "dim=3"], "--arg belongs to one class or factory: write `zoo.models:name`"),
        (
            ["zoo.models:Net", "--arg", "dim=x"],
            "the value of `dim=x` is not a Python literal; a string needs quotes: dim='x'",
        ),
        (["broken.py:Net"], "`broken.py` is not valid Python: '(' was never closed in line 1"),
        (["broken.py"], "`broken.py` is not valid Python: '(' was never closed in line 1"),
        (["nul.py"], "`nul.py` is not valid Python: source code string cannot contain null bytes"),
        (["book.ipynb"], "`book.ipynb` is no `.py` file, and no other is read here"),
        (["book.ipynb:Net"], "`book.ipynb` is no `.py` file, and no other is read here"),
        (["empty.py"], "`empty.py` defines no module class"),
    ],
)
def test_a_bad_target_is_one_clear_line(package, capsys, arguments, message):
    Path("broken.py").write_text("class Net(\n")
    Path("empty.py").write_text("")
    Path("nul.py").write_text("x = 1\0\n")
    Path("book.ipynb").write_text("{}")
    assert main(["show", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"Error: {message}\n"


def test_a_folder_with_a_broken_file_shows_the_others(package, capsys):
    (package / "broken.py").write_text("class Net(\n")
    assert main(["show", "zoo", "--output-format", "json"]) == 2
    captured = capsys.readouterr()
    assert [one["name"] for one in json.loads(captured.out)["classes"]] == ["Net", "Part", "Deep"]
    assert "Error: `zoo/broken.py` is not valid Python" in captured.err


def test_several_targets_are_a_list(package, capsys):
    documents = shown_json(capsys, "zoo.parts", "zoo.models:model")
    assert [document["target"] for document in documents] == ["zoo.parts", "zoo.models:model"]


def test_the_keys_of_the_document(package, capsys):
    Path("net.py").write_text(
        HEAD + NET + "        self.register_buffer('w', torch.ones(dim))\n        self.x = elsewhere.X()\n"
    )
    document = shown_json(capsys, "net.py:Net")
    (cls,) = document["classes"]
    assert list(document) == ["target", "classes"]
    assert list(cls) == ["name", "filename", "row", "parameters", "buffers", "unknown", "steps"]
    (buffer,), (unknown,) = cls["buffers"], cls["unknown"]
    common = ["name", "certain", "condition", "count", "shape", "dtype", "init", "tied_with", "requires_grad"]
    assert list(buffer) == [*common, "filename", "row", "persistent"]
    assert list(buffer["init"]) == ["call", "arguments", "filename", "row"]
    assert list(unknown) == ["name", "why", "filename", "row"]


def test_nothing_is_imported_and_torch_is_not_needed(package):
    code = """
import sys
from paramlint.frontends.cli import main
assert main(["show", "zoo.models:Net", "zoo.models:make"]) == 0
heavy = {"torch", "numpy", "scipy", "zoo", "zoo.models"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


# The terminal


@pytest.mark.parametrize("width", [60, 120])
def test_the_table_keeps_to_the_width(package, monkeypatch, capsys, width):
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main(["show", "zoo.models:Net"]) == 0
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, lines)) <= width
    assert ("┃ at " in lines[2]) is (width == 120)


@pytest.mark.parametrize("width", [40, 60, 80])
def test_names_stay_whole_or_break_at_their_dots(tmp_path, monkeypatch, capsys, width):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    lines = ("self.backbone = nn.Linear(64, 64)", "self.heads = nn.ModuleList(nn.Linear(64, 64) for _ in range(4))")
    Path("net.py").write_text(HEAD + NET + "".join(f"        {line}\n" for line in lines))
    assert main(["show", "net.py:Net", "--arg", "dim=4"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    rows = out.splitlines()
    assert max(map(len, rows[1:])) <= width
    cells = {row[1:].split("│")[0].strip() for row in rows if row.startswith("│")} - {""}
    whole = {"backbone.weight", "backbone.bias", "heads.{4}.weight ×4", "heads.{4}.bias ×4"}
    assert cells == whole if width > 40 else cells >= {"backbone.", "weight", "heads.{4}.", "weight ×4"}


def test_the_headline_counts_what_is_certain(package, capsys):
    assert main(["show", "zoo.models:Net", "--arg", "dim=4"]) == 0
    assert capsys.readouterr().out.startswith("Net  zoo/models.py:8  4 rows of parameters\n")
    assert main(["show", "zoo.models:Net", "--arg", "dim=4", "--arg", "bias=True"]) == 0
    assert capsys.readouterr().out.startswith("Net  zoo/models.py:8  30 parameters in 4 tensors\n")


def test_a_shared_tensor_is_counted_once(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    lines = ("one = nn.Linear(4, 4, bias=False)", "self.a = nn.ModuleList([one] * 3)", "self.b = one")
    Path("net.py").write_text(HEAD + NET + "".join(f"        {line}\n" for line in lines))
    assert main(["show", "net.py:Net"]) == 0
    assert capsys.readouterr().out.startswith("Net  net.py:8  16 parameters in 1 tensor\n")


def test_names_of_the_user_cannot_write_to_the_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    line = "self.add_module('a\\x1b[31m', nn.Linear(2, 2))"
    Path("net.py").write_text(f"{HEAD}{NET}        {line}\n")
    assert main(["show", "net.py:Net"]) == 0
    assert "\x1b" not in capsys.readouterr().out


# The documents


def test_the_page_shows_what_happens(tmp_path, monkeypatch, capsys):
    page = (ROOT / "docs" / "show.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert code is not None
    (tmp_path / "net.py").write_text(code[1])
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```console\n\$ paramlint (show .*?)\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 4
    for command, output in examples:
        assert main(command.split()) == 0
        assert capsys.readouterr().out == output
    document = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert document is not None
    expected = json.loads(document[1].replace("/home/me/models", str(tmp_path)))
    (cls,) = expected["classes"]
    shown = shown_json(capsys, "net.py:Net")
    (found,) = shown["classes"]
    found["parameters"] = [one for one in found["parameters"] if one["name"] == "blocks.{depth}.qkv.weight"]
    found["steps"] = cls["steps"]  # the figure is one of many things that may change without anybody caring
    assert shown == expected


# Other forms

LIVE = (
    HEAD.replace("import elsewhere\n", "")
    + NET.replace("dim, depth", "dim=4, depth=2")
    + (
        "        self.blocks = nn.ModuleList([nn.Linear(dim, dim) for _ in range(depth)])\n"
        "        self.scale = nn.Parameter(torch.ones(dim), requires_grad=False)\n"
    )
)


@pytest.fixture
def net_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(LIVE + "\n\nclass Other(nn.Module):\n    pass\n")
    return tmp_path


def test_an_index_has_one_row_a_class(net_file, capsys):
    assert main(["show", "net.py", "--index"]) == 0
    net, other = capsys.readouterr().out.splitlines()
    assert net.split("  ")[0] == "Net" and other.endswith("no parameters")


def test_markdown_has_the_rows_as_code(net_file, capsys):
    assert main(["show", "net.py", "--output-format", "markdown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| class | at | size |" and "## Net" in lines
    assert any(
        line.startswith("| `blocks.{depth}.weight` | dim × dim | kaiming\\_uniform\\_(a=2.236) |") for line in lines
    )


def test_a_page_has_an_index_and_a_table_for_each_class(net_file, capsys):
    pytest.importorskip("jinja2")
    assert main(["show", "net.py", "--report", "out.html", "--output-format", "none"]) == 0
    page = (net_file / "out.html").read_text()
    assert '<section id="c1">' in page and '<a class="name" href="#c0">Net</a>' in page
    assert "<script" not in page and 'class="badge frozen">frozen' in page
    assert main(["show", "net.py", "--report", "out.txt"]) == 2


def test_names_in_a_page_are_only_text(tmp_path, monkeypatch):
    pytest.importorskip("jinja2")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(LIVE + '        self.register_parameter("<b>x", nn.Parameter(torch.ones(1)))\n')
    assert main(["show", "net.py:Net", "--report", "out.html", "--output-format", "none"]) == 0
    assert "<b>x" not in (tmp_path / "out.html").read_text()


def test_what_differs_in_the_live_model_is_said(net_file, capsys):
    pytest.importorskip("torch")
    assert main(["show", "net.py:Net", "--verify", "--arg", "depth=3"]) == 0
    assert "the live model is what the source says" in capsys.readouterr().out
    (net_file / "net.py").write_text(
        LIVE + '        object.__getattribute__(self, "_parameters")["extra"] = nn.Parameter(torch.ones(3))\n'
    )
    assert main(["show", "net.py:Net", "--verify"]) == 1
    assert "unforeseen: `extra` is nothing of this name by its source, and of shape 3 live" in capsys.readouterr().out
    assert main(["show", "net.py:Net", "--verify", "--output-format", "json"]) == 1
    (cls,) = json.loads(capsys.readouterr().out)["classes"]
    assert cls["live"] == [
        {"name": "extra", "what": "unforeseen", "told": "nothing of this name", "live": "of shape 3"}
    ]
    (net_file / "net.py").write_text(LIVE + "        raise ValueError('no')\n")
    assert main(["show", "net.py:Net", "--verify"]) == 2
    assert "`Net` could not be built: " in capsys.readouterr().err
