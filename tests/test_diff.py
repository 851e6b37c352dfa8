"""`paramlint diff`: pairs of versions, each with a twin that changes nothing, and both executed to prove what is said."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from paramlint.frontends.cli import main
from paramlint.source.versions.opened import folders
from paramlint.symbolic.comparing.compare_versions import Outcome, Versions
from paramlint.symbolic.comparing.equality.conditions_compared import Condition, is_never_met, may_both_hold
from paramlint.symbolic.comparing.equality.formulas_compared import compared
from paramlint.symbolic.comparing.equality.laws_compared import same_law
from paramlint.symbolic.showing.show_document import Init

HEAD = "import torch\nfrom torch import nn\n\n\n"
FIRST = """\
class Block(nn.Module):
    def __init__(self, dim, bias=True):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.fc = nn.Linear(dim, 3 * dim, bias=bias)


class Net(nn.Module):
    def __init__(self, vocab=10, dim=4, depth=3):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.blocks = nn.ModuleList([Block(dim) for _ in range(depth)])
        self.head = nn.Linear(dim, vocab, bias=False)
        self.register_buffer("position", torch.arange(16))
        self.scale = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        x = self.embed(x) * self.scale
        for block in self.blocks:
            x = block(x)
        return self.head(x)
"""


def edited(*edits: tuple[str, str], of: str = FIRST) -> str:
    for before, after in edits:
        assert before in of, before
        of = of.replace(before, after)
    return of


LAST = "        self.scale = nn.Parameter(torch.ones(dim))\n"


@dataclass
class Pair:
    """Two versions, and what is to be said of `Net`.

    Attributes:
        changes: kind and name of each change.
        proved: whether both are executed with `arguments` and one is loaded into the other.
    """

    old: str
    new: str
    changes: set[tuple[str, str]]
    loads: bool | None
    said: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)


def changed(after: str, *changes: tuple[str, str], loads: bool | None, said: str = "", **arguments: Any) -> Pair:
    return Pair(FIRST, after, set(changes), loads, said, arguments)


PAIRS = {
    "added": changed(
        edited(("        self.norm = nn.LayerNorm(dim)\n", "        self.norm = nn.LayerNorm(dim)\n        self.gate = nn.Parameter(torch.zeros(dim))\n")),
        ("added", "blocks.{depth}.gate"),
        loads=False,
        said="a checkpoint of old lacks `blocks.{depth}.gate`",
    ),
    "added where an argument says so": changed(
        edited((LAST, LAST + "        if depth > 2:\n            self.extra = nn.Parameter(torch.zeros(dim))\n")),
        ("added", "extra"),
        loads=False,
        said="where `depth > 2`",
    ),
    "removed": changed(
        edited((LAST, ""), (" * self.scale", "")),
        ("removed", "scale"),
        loads=False,
        said="a checkpoint of old has `scale`, which new does not know",
    ),
    "renamed at its place": changed(
        edited(("self.fc =", "self.qkv =")),
        ("renamed", "blocks.{depth}.fc.weight"),
        ("renamed", "blocks.{depth}.fc.bias"),
        loads=False,
        said="`blocks.{depth}.fc.weight` is now `blocks.{depth}.qkv.weight`",
    ),
    "renamed in its use": changed(
        edited(
            (LAST, ""),
            ("        self.embed =", "        self.factor = nn.Parameter(torch.ones(dim))\n        self.embed ="),
            ("self.scale", "self.factor"),
        ),
        ("renamed", "scale"),
        loads=False,
    ),
    "shape": changed(
        edited(("3 * dim", "4 * dim")),
        ("shape", "blocks.{depth}.fc.weight"),
        ("shape", "blocks.{depth}.fc.bias"),
        loads=False,
        said="`blocks.{depth}.fc.weight` is 4·dim × dim, and was 3·dim × dim",
    ),
    "shape by a default": changed(
        edited(("dim=4", "dim=8")),
        ("shape", "embed.weight"),
        ("shape", "blocks.{depth}.norm.weight"),
        ("shape", "blocks.{depth}.norm.bias"),
        ("shape", "blocks.{depth}.fc.weight"),
        ("shape", "blocks.{depth}.fc.bias"),
        ("shape", "head.weight"),
        ("shape", "scale"),
        loads=False,
        said="dim is left out: 4 becomes 8",
    ),
    "dtype": changed(
        edited(("torch.ones(dim)", "torch.ones(dim, dtype=torch.float16)")),
        ("dtype", "scale"),
        loads=True,
        said="`scale` is float16 now",
    ),
    "init": Pair(
        edited((LAST, LAST + "        nn.init.normal_(self.head.weight, std=0.02)\n")),
        edited((LAST, LAST + "        nn.init.normal_(self.head.weight, std=1.0)\n")),
        {("init", "head.weight")},
        True,
        "loads, but starts elsewhere: std 0.02 becomes 1.0",
    ),
    "tie": Pair(
        edited((LAST, LAST + "        self.head.weight = self.embed.weight\n"), ("vocab=10, dim=4", "vocab=50257, dim=768")),
        edited(("vocab=10, dim=4", "vocab=50257, dim=768")),
        {("tie", "head.weight")},
        True,
        "`head.weight` is no longer tied to `embed.weight`: 38.6 M parameters more where dim is 768 and vocab is 50257",
        {"vocab": 10, "dim": 4},
    ),
    "frozen": changed(
        edited((LAST, LAST + "        self.embed.weight.requires_grad_(False)\n")),
        ("frozen", "embed.weight"),
        loads=True,
        said="`embed.weight` is frozen now",
    ),
    "buffer": changed(
        edited(("self.scale = nn.Parameter(torch.ones(dim))", 'self.register_buffer("scale", torch.ones(dim))')),
        ("buffer", "scale"),
        loads=True,
        said="`scale` is a buffer now",
    ),
    "persistent": changed(
        edited(("torch.arange(16)", "torch.arange(16), persistent=False")),
        ("persistent", "position"),
        loads=False,
        said="`position` is no longer saved",
    ),
    "more rounds": Pair(
        edited(("range(depth)", "range(10)")),
        edited(("range(depth)", "range(12)")),
        {("added", f"blocks.{{10-11}}.{name}") for name in ("norm.weight", "norm.bias", "fc.weight", "fc.bias")},
        False,
    ),
}  # fmt: skip

#: What changes nothing: each says the first version in other words.
TWINS = {
    "a helper": edited(
        ("class Block(", "def layer(width, factor, bias):\n    return nn.Linear(width, width * factor, bias=bias)\n\n\nclass Block("),
        ("nn.Linear(dim, 3 * dim, bias=bias)", "layer(dim, 3, bias)"),
    ),
    "a base class": edited(
        ("class Block(nn.Module)", "class Normed(nn.Module):\n    def __init__(self, width):\n        super().__init__()\n        self.norm = nn.LayerNorm(width)\n\n\nclass Block(Normed)"),
        ("        super().__init__()\n        self.norm = nn.LayerNorm(dim)\n        self.fc", "        super().__init__(dim)\n        self.fc"),
    ),
    "a loop for a comprehension": edited(
        (
            "        self.blocks = nn.ModuleList([Block(dim) for _ in range(depth)])\n",
            "        self.blocks = nn.ModuleList()\n        for _ in range(depth):\n            self.blocks.append(Block(dim))\n",
        ),
    ),
    "a method": edited(
        ("        self.head = nn.Linear(dim, vocab, bias=False)\n", "        self.make_head(dim, vocab)\n"),
        ("    def forward", "    def make_head(self, d, n):\n        self.head = nn.Linear(d, n, bias=False)\n\n    def forward"),
    ),
    "arguments of another name": edited(("depth=3", "layers=3"), ("range(depth)", "range(layers)")),
    "a new argument that changes nothing by default": edited(
        ("depth=3", "depth=3, gate=False"),
        (LAST, LAST + "        if gate:\n            self.gate = nn.Parameter(torch.zeros(dim))\n"),
    ),
    "an argument that is gone and had this value": edited((", bias=True", ""), ("bias=bias", "bias=True")),
    "the same size": edited(("3 * dim", "dim + dim * 2")),
    "the same law": edited((LAST, LAST + "        nn.init.ones_(self.scale)\n")),
    "another order": edited(
        (LAST, ""), ("        self.embed =", LAST + "        self.embed =")
    ),
    "another forward": edited(("return self.head(x)", "return self.head(x).softmax(-1)")),
    "text and annotations": edited(("dim=4, depth=3", 'dim: int = 4, depth: int = 3'), ("        super", '        """Make it."""\n        super')),
    "a buffer that no state dict has": edited((LAST, LAST + '        self.register_buffer("mask", torch.ones(dim), persistent=False)\n')),
}  # fmt: skip


@pytest.fixture
def compare(tmp_path):
    """Compare two versions, each a text or several by path."""

    def run(old: str | dict[str, str], new: str | dict[str, str], *paths: str) -> Outcome:
        for name, given in (("old", old), ("new", new)):
            for path, text in (given if isinstance(given, dict) else {"net.py": HEAD + given}).items():
                target = tmp_path / name / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
        with folders(str(tmp_path / "old"), str(tmp_path / "new")) as (before, after):
            before.name, after.name = "old", "new"
            return Versions(before, after, []).compare(paths)

    return run


def net(outcome: Outcome, name: str = "Net") -> Any:
    (found,) = [one for one in outcome.document.classes if one.name == name]
    return found


def said(outcome: Outcome) -> list[str]:
    from paramlint.frontends.report.changes.change_annotations import github_marks

    return list(github_marks(outcome))


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_what_became_of_the_parameters(compare, pair):
    outcome = compare(pair.old, pair.new)
    found = net(outcome)
    assert {(change.kind, change.name) for change in found.changes} == pair.changes
    assert found.loads is pair.loads
    assert pair.said in " ".join(said(outcome)).replace("Block: ", "") or pair.said in everything(outcome)


def everything(outcome: Outcome) -> str:
    from paramlint.frontends.report.changes.change_words import message

    return "\n".join(
        message(change, note, breaks, "old", "new")
        for told in outcome.classes
        for change, note, breaks in zip(told.told.changes, told.notes, told.breaks, strict=True)
    )


@pytest.mark.parametrize("twin", TWINS.values(), ids=TWINS)
def test_a_change_that_leaves_the_parameters_alone_says_nothing(compare, twin):
    document = compare(FIRST, twin).document
    kinds = {(change.kind, change.name) for one in document.classes for change in one.changes}
    assert kinds <= {("added", "mask")} and (not kinds or net_loads(document))
    assert document.unknown == document.gone == ()


def net_loads(document: Any) -> bool:
    return all(one.loads is True for one in document.classes)


@pytest.mark.parametrize(
    ("old", "new", "loads", "arguments"),
    [
        *[(pair.old, pair.new, pair.loads, pair.arguments) for pair in PAIRS.values()],
        *[(FIRST, twin, True, {}) for twin in TWINS.values()],
    ],
    ids=[*PAIRS, *TWINS],
)
def test_torch_proves_it(old, new, loads, arguments):
    torch = pytest.importorskip("torch")
    models = []
    for text in (old, new):
        names: dict[str, Any] = {}
        exec(compile(HEAD + text, "net", "exec"), names)
        models.append(names["Net"](**arguments))
    try:
        models[1].load_state_dict(models[0].state_dict(), strict=True)
    except RuntimeError:
        assert loads is False
    else:
        assert loads is True
    assert torch is not None


def test_a_change_is_found_in_another_file(compare):
    files = {
        "models/__init__.py": "",
        "models/sizes.py": "FACTOR = 4\n",
        "models/base.py": HEAD + "from .sizes import FACTOR\n\nclass Base(nn.Module):\n    def __init__(self, dim):\n        super().__init__()\n        self.fc = nn.Linear(dim, FACTOR * dim)\n",
        "models/net.py": "from .base import Base\n\nclass Net(Base):\n    def __init__(self, dim):\n        super().__init__(dim)\n",
        "models/other.py": HEAD + "class Other(nn.Module):\n    def __init__(self, dim):\n        super().__init__()\n        self.fc = nn.Linear(dim, dim)\n",
    }  # fmt: skip
    outcome = compare(files, files | {"models/sizes.py": "FACTOR = 2\n"})
    assert [(one.name, one.filename) for one in outcome.document.classes] == [
        ("Base", "models/base.py"),
        ("Net", "models/net.py"),
    ]
    assert outcome.document.compared == 2  # what no change reaches is not built
    asked = compare(files, files | {"models/sizes.py": "FACTOR = 2\n"}, "models/net.py")
    assert [one.name for one in asked.document.classes] == ["Net"]


def test_a_class_that_moved_says_nothing_and_one_that_is_gone_is_told(compare):
    old = {"a.py": HEAD + FIRST + "\n\nclass Gone(nn.Module):\n    pass\n", "b.py": "x = 1\n"}
    document = compare(old, {"a.py": "from b import Net\n", "b.py": HEAD + FIRST}).document
    assert document.classes == () and [one.name for one in document.gone] == ["Gone"]


def test_a_file_that_was_renamed_is_the_same(compare):
    assert compare({"a.py": HEAD + FIRST}, {"b.py": HEAD + FIRST}).document.gone == ()
    found = compare({"a.py": HEAD + FIRST}, {"b.py": HEAD + PAIRS["shape"].new})
    assert {one.name for one in found.document.classes} >= {"Net"}


@pytest.mark.parametrize(
    "line",
    [
        "self.extra = torchvision.models.resnet18()",
        "self.extra = elsewhere.make(dim)",
    ],
)
def test_what_is_unknown_on_both_sides_is_said_and_nothing_is_claimed(compare, line):
    text = edited((LAST, LAST + f"        {line}\n"), ("class Block", "import elsewhere, torchvision\n\n\nclass Block"))
    document = compare(text, text.replace("3 * dim", "dim * 3")).document
    assert document.classes == ()
    after = compare(text, text.replace("torch.ones(dim)", "torch.ones(dim, dtype=torch.float16)")).document
    assert [one.loads for one in after.classes] == [None]
    assert [one.name for one in after.unknown] == ["Net"]


def test_what_an_argument_brings_along_is_the_same_in_both(compare):
    text = edited((LAST, LAST + "        self.body = body\n"), ("depth=3", "depth=3, body=None"))
    document = compare(text, text.replace("torch.ones(dim)", "torch.ones(dim, dtype=torch.float16)")).document
    assert [one.loads for one in document.classes] == [True] and document.unknown == ()


def test_who_translates_what_is_loaded_may_load_all_the_same(compare):
    hook = "\n    def _load_from_state_dict(self, state, prefix, *rest):\n        super()._load_from_state_dict(state, prefix, *rest)\n"
    document = compare(FIRST + hook, PAIRS["renamed at its place"].new + hook).document
    assert {one.name: one.loads for one in document.classes} == {"Block": False, "Net": None}


def test_two_new_names_for_one_are_no_renaming(compare):
    new = edited(
        (LAST, "        self.one = nn.Parameter(torch.ones(dim))\n        self.two = nn.Parameter(torch.ones(dim))\n")
    )
    assert {(c.kind, c.name) for c in net(compare(FIRST, new)).changes} == {
        ("removed", "scale"),
        ("added", "one"),
        ("added", "two"),
    }


def test_the_json_has_these_keys(compare, tmp_path, capsys):
    compare(FIRST, PAIRS["shape"].new)
    old, new = str(tmp_path / "old"), str(tmp_path / "new")
    assert main(["diff", "--folders", old, new, "--output-format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"old", "new", "classes", "gone", "unknown", "unreadable", "compared"}
    assert [set(one) for one in told["classes"]] == [{"name", "filename", "row", "loads", "changes"}] * 2
    assert {key for one in told["classes"] for change in one["changes"] for key in change} == {
        "kind", "name", "old", "new", "condition", "filename", "row",
    }  # fmt: skip
    assert told["classes"][0]["changes"][0] == {
        "kind": "shape", "name": "fc.weight", "old": ["3 * dim", "dim"], "new": ["4 * dim", "dim"],
        "condition": None, "filename": "net.py", "row": 9,
    }  # fmt: skip
    assert main(["diff", "--folders", old, new, "--exit-non-zero-on-break"]) == 1
    out = capsys.readouterr().out
    assert re.search(r"shape +│ fc.weight +│ 3·dim × dim +│ 4·dim × dim", out) and "the same in Net" in out


def test_markdown_is_a_comment_that_hides_nothing(compare, tmp_path, capsys):
    compare(FIRST, PAIRS["added"].new)
    assert main(["diff", "--folders", str(tmp_path / "old"), str(tmp_path / "new"), "--output-format", "markdown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "<!-- paramlint diff -->"
    assert any(line.startswith("| added | `gate` | — | dim | a checkpoint of") for line in lines)
    assert "The same in `Net`." in lines


def test_annotations_mark_each_row_once(compare):
    (only,) = said(compare(FIRST, PAIRS["added"].new))
    assert only == "::error title=paramlint diff (added),file=net.py,line=9::Block: a checkpoint of old lacks `gate`"


def test_folders_that_are_none_are_refused(tmp_path, capsys):
    assert main(["diff", "--folders", str(tmp_path), str(tmp_path / "no")]) == 2
    assert "is not there; --folders takes two folders" in capsys.readouterr().err
    assert main(["diff", "--folders", str(tmp_path)]) == 2


def test_nothing_of_either_version_is_run(compare, tmp_path):
    canary = tmp_path / "ran"
    text = f"open({str(canary)!r}, 'w')\n" + FIRST
    compare(text, text.replace("3 * dim", "4 * dim"))
    assert not canary.exists() and Path(tmp_path / "old" / "net.py").exists()


def test_a_new_argument_behind_keywords_has_its_default(compare):
    old = (
        FIRST
        + "\n\nclass Sub(Block):\n    def __init__(self, *args, **kwargs):\n        super().__init__(*args, **kwargs)\n"
    )
    gate = "        if gate:\n            self.gate = nn.Parameter(torch.zeros(dim))\n"
    new = edited(("bias=True", "bias=True, gate=False"), ("bias=bias)\n", "bias=bias)\n" + gate), of=old)
    assert compare(old, new).document.classes == ()


def test_a_choice_of_sizes_is_not_compared_with_a_size(compare):
    text = FIRST.replace("3 * dim", "(dim if dim % 3 else 7)")
    document = compare(FIRST, text).document
    assert {one.name for one in document.unknown} == {"Block", "Net"}
    assert {(one.name, change.condition) for one in document.classes for change in one.changes} == {
        ("Net", "arguments have their defaults")  # which say which it is
    }


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("norm == 'gln'", "norm not in ('cln', 'gln')", False),
        ("norm == 'gln'", "norm in ('cln', 'gln')", True),
        ("x is None", "x", False),
        ("not x", "x is None", True),
        ("n > 3", "n <= 3", False),
        ("n > 3", "n > 5", True),
        ("n <= 3", "n > 5", False),
        ("a and b", "not a or not b", False),
        ("f(x) == 1", "f(x) != 1", False),
        ("x == 1", "x == True", False),
    ],
)
def test_conditions_that_may_hold_together(one, other, both):
    assert may_both_hold(Condition(one), Condition(other)) is both


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ("3 * dim", "dim * 3", "same"),
        ("dim // heads * heads", "dim", "unknown"),  # it is, where one divides the other
        ("2 * dim", "dim", "different"),
        (64, "dim", "different"),
        ("int(dim * 4.0)", "4 * dim", "same"),
        ("width", "dim", "unknown"),  # `width` is no argument of both
        ("f(dim)", "2 * f(dim)", "different"),
        ("f(dim)", "g(dim)", "unknown"),
        ("a...b", "a...b", "unknown"),
        ("'fan_in'", "'fan_out'", "different"),
        (0, 0.0, "same"),
        (False, None, "different"),
    ],
)
def test_formulas_are_compared_by_their_values(old, new, verdict):
    assert compared(old, new, {"dim", "heads"}).value == verdict


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        (("zeros_", {}), ("torch.zeros", {}), "same"),
        (("constant_", {"val": 0.0}), ("zeros_", {}), "same"),
        (("kaiming_normal_", {"nonlinearity": "'relu'"}), ("kaiming_normal_", {}), "same"),
        (("kaiming_normal_", {"mode": "'fan_out'"}), ("kaiming_normal_", {}), "different"),
        (("normal_", {"std": 0.02}), ("trunc_normal_", {"std": 0.02}), "different"),
        (("normal_", {"std": "1 / dim"}), ("kaiming_normal_", {}), "unknown"),
        (("my_init_", {}), ("zeros_", {}), "unknown"),
        (("torch.randn", {}), ("normal_", {"mean": 0, "std": 1}), "same"),
    ],
)
def test_laws_are_one_however_they_are_written(old, new, verdict):
    inits = [Init(call=call, arguments=arguments, filename="a.py", row=1) for call, arguments in (old, new)]
    assert same_law(*inits, {"dim"}).value == verdict


def test_the_ends_of_names_tell_which_was_renamed(compare):
    old = HEAD + "class Net(nn.Module):\n    def __init__(self, d):\n        super().__init__()\n"
    made = "        self.{0} = nn.TransformerEncoderLayer(d, 2)\n"
    found = net(compare({"a.py": old + made.format("one")}, {"a.py": old + made.format("other")}))
    assert {change.kind for change in found.changes} == {"renamed"}
    assert all(change.new == change.name.replace("one", "other") for change in found.changes)


def test_a_parameter_that_an_argument_may_still_be_is_not_gone(compare):
    old = FIRST.replace("vocab=10", "data, vocab=10").replace(LAST, LAST + "        self.data = nn.Parameter(data)\n")
    assert compare(old, old.replace("nn.Parameter(data)", "data")).document.classes == ()


def test_a_choice_that_only_the_newer_version_has_is_no_change(compare):
    text = FIRST.replace("depth=3", "depth=3, norm=''").replace(
        LAST, LAST + "        if norm == 'layer':\n            self.norm = nn.LayerNorm(dim)\n"
    )
    more = "        elif norm == 'batch':\n            self.norm = nn.BatchNorm1d(dim)\n"
    assert (
        compare(
            text,
            text.replace(
                "self.norm = nn.LayerNorm(dim)\n\n    def forward",
                "self.norm = nn.LayerNorm(dim)\n" + more + "\n    def forward",
            ),
        ).document.classes
        == ()
    )
    gone = compare(text, text.replace("norm == 'layer'", "norm == 'none'"))
    assert {(c.kind, c.condition) for one in gone.document.classes for c in one.changes} == {
        ("removed", "norm == 'layer'")
    }


def test_annotations_do_not_tell_versions_apart(compare):
    text = FIRST.replace("self.fc =", "self.fc = nn.Identity() if isinstance(dim, list) else").replace(
        "def __init__(self, dim,", "def __init__(self, dim: int,"
    )
    assert compare(text.replace("dim: int", "dim").replace("3 * dim", "dim * 3"), text).document.classes == ()


def test_what_a_constructor_gives_itself_is_no_argument_behind_its_keywords(compare):
    text = (
        HEAD
        + "class Net(nn.LayerNorm):\n    def __init__(self, dim, affine=True{}):\n        super().__init__(dim, elementwise_affine=affine{})\n"
    )
    assert compare({"a.py": text.format("", "")}, {"a.py": text.format(", **rest", ", **rest")}).document.classes == ()


@pytest.mark.parametrize(
    ("condition", "sizes", "never"),
    [
        ("dim <= 0", ["2 * dim", 4], True),
        ("not (num_classes > 0)", ["num_classes", "dim"], True),
        ("length != 0 and not (length not in (0, None) and bias)", ["length"], False),
        ("length != 0 and bias and not (length not in (0, None) and bias)", ["length"], True),
        ("norm and not (norm and dim is not None)", ["dim // heads"], True),
        ("heads <= 0", ["dim // heads"], False),
        ("dim <= 0", ["dim + 1"], False),
        ("dim <= 8", ["dim"], False),
        (None, ["dim"], False),
    ],
)
def test_conditions_under_which_a_tensor_would_have_no_size(condition, sizes, never):
    assert is_never_met(condition, sizes) is never


def test_what_only_models_without_any_size_lose_is_no_change(compare):
    text = edited(("self.head = nn.Linear(dim, vocab, bias=False)\n", "self.head = nn.Linear(dim, vocab){}\n"))
    found = compare(text.format(""), text.format(" if vocab > 0 else None"))
    assert (found.document.classes, found.document.unknown) == ((), ())


def test_what_only_arguments_that_are_refused_get_is_no_change(compare):
    old = (
        HEAD
        + "def table(size, mode):\n    assert mode in ('sum', 'log')\n    found = torch.arange(size)\n    if mode == 'sum':\n"
        + "        found = found * 8\n    else:\n        found = torch.log(found)\n    return found\n\n\n"
        + "class Net(nn.Module):\n    def __init__(self, dim=4, mode='log'):\n        super().__init__()\n"
        + "        self.register_buffer('table', table(dim, mode))\n"
    )
    found = compare({"a.py": old}, {"a.py": old.replace("table(dim, mode)", "torch.empty(dim)")})
    assert found.document.classes == ()


def test_what_needs_a_size_of_none_of_what_is_always_there_is_no_change(compare):
    lazy = "        if dim > 0:\n            self.gate = nn.Parameter(torch.ones(dim))\n        else:\n            self.gate = nn.parameter.UninitializedParameter()\n"
    found = compare(FIRST, edited((LAST, LAST + lazy)))
    assert [(change.name, change.condition) for change in net(found).changes] == [("gate", "dim > 0")]


def test_keywords_without_a_place_are_not_the_same_by_their_place(compare):
    old = (
        HEAD
        + "class Net(nn.Module):\n    def __init__(self, *, dim=4, width=None, mode=False):\n        super().__init__()\n"
    )
    new = old.replace("width", "inner")
    old += "        self.fc = nn.Linear(dim, dim)\n"
    new += "        self.fc = nn.Linear(dim, dim) if inner is None else inner\n"
    found = compare({"a.py": old}, {"a.py": new})
    assert (found.document.classes, found.document.unknown) == ((), ())


def test_what_is_there_under_a_condition_that_is_cut_off_is_unknown(compare):
    many = " and ".join(f"sum(options[{place}:]) > {place}" for place in range(24))
    text = edited(("vocab=10,", "vocab=10, options=(),"), (LAST, LAST + "{}"))
    extra = f"        if {many}:\n            self.extra = nn.Parameter(torch.zeros(dim))\n"
    found = compare(text.format(""), text.format(extra))
    assert found.document.classes == ()
    (unknown,) = [one for one in found.document.unknown if one.name == "Net"]
    assert [(row.name, row.why[:18]) for row in unknown.rows] == [("extra", "it is now there wh")]


def test_a_flag_of_a_package_that_cannot_be_read_may_be_false(compare):
    text = edited((LAST, LAST + "{}"))
    head = "import mystery\nfrom mystery import AVAILABLE, Norm\n"
    flags = {"one": "mystery.HAS", "two": "AVAILABLE", "three": "not mystery.config.wide", "four": "Norm"}
    flags["five"] = "mystery.config.mode == 'x'"
    lines = "".join(
        f"        if {test}:\n            self.{name} = nn.Parameter(torch.zeros(dim))\n"
        for name, test in flags.items()
    )
    found = compare({"a.py": head + HEAD + text.format("")}, {"a.py": head + HEAD + text.format(lines)})
    assert {(change.name, change.condition) for change in net(found).changes} == {
        ("one", "mystery.HAS"),
        ("two", "mystery.AVAILABLE"),
        ("three", "not mystery.config.wide"),
        ("four", None),
        ("five", "mystery.config.mode == 'x'"),
    }


def test_sizes_that_are_the_same_by_default_are_not_told_as_changed(compare):
    text = edited(("depth=3", "depth=3, groups=1"), (LAST, "        self.scale = nn.Parameter(torch.ones(dim{}))\n"))
    found = compare(text.format(""), text.format(" // groups"))
    assert found.document.classes == ()
    assert [(one.name, [row.name for row in one.rows]) for one in found.document.unknown] == [("Net", ["scale"])]


def test_a_size_that_is_no_number_is_not_compared(compare):
    text = (
        HEAD
        + "class Attention(nn.Module):\n    def __init__(self, dim{}, bias=True):\n        super().__init__()\n"
        + "        self.qkv = nn.Linear(dim, dim{})\n\n\n"
        + "class Net(nn.Module):\n    def __init__(self, dim):\n        super().__init__()\n"
        + "        self.attn = Attention(dim, False)\n"
    )
    found = compare({"a.py": text.format("", "")}, {"a.py": text.format(", heads=1", " * heads")})
    assert [one.name for one in found.document.classes] == []
    assert [row.name for one in found.document.unknown for row in one.rows if one.name == "Net"] == [
        "attn.qkv.weight",
        "attn.qkv.bias",
    ]
