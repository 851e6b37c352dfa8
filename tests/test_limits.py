"""Limits count steps, in every process alike, and what is beyond one costs no more than a diagnostic."""

from __future__ import annotations

import gc
import threading

import libcst as cst
import pytest
from libcst import parse_module

from paramlint import nodes
from paramlint.config.toml_file import TomlFile
from paramlint.engine.catalogue import RULES
from paramlint.engine.check_file import check_path
from paramlint.engine.nominate import Nominator
from paramlint.engine.nominate.followed import Followed, words_followed
from paramlint.facts.files import File, Project
from paramlint.frontends.cli import main
from paramlint.frontends.rule_testing import model_of
from paramlint.source.text import Source, UnreadableError, refuse_large
from paramlint.syntax.large_stack import with_large_stack

from .conftest import BAD
from .steps import exponent, steps


def test_a_run_by_itself_has_the_limit_that_workers_have(bad, capsys, monkeypatch):
    bad.with_name("large.py").write_text(BAD + "        self.more = [nn.Linear(8, 8)]\n" * 50)
    monkeypatch.setattr("paramlint.facts.files.MAX_STEPS", 400)
    assert main(["check", "--no-cache", "-j", "1", "--output-format", "concise"]) == 2
    out = capsys.readouterr().out
    assert "large.py:1:1: PRM004" in out or "large.py:6:1: PRM004" in out
    assert "bad.py:8:9: PRM401" in out


def test_a_large_stack_in_a_large_stack_is_the_same():
    threads = with_large_stack(lambda: (threading.get_ident(), with_large_stack(threading.get_ident)))
    assert threads[0] == threads[1] != threading.get_ident()


def test_an_interrupt_ends_what_was_going_on(monkeypatch):
    """Not only for who waits: in a notebook the process goes on, and the loop with it."""
    rounds, threads, join = [], [], threading.Thread.join
    gc.enable()  # `paramlint check` leaves it off, as its process ends

    def loop():
        while True:
            try:
                rounds.append(1)
            except Exception:  # as what fails in a rule is caught
                continue

    def interrupted(self, timeout=None):
        threads.append(self)
        while not rounds:
            join(self, 0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        with_large_stack(loop)
    join(threads[0], 60)
    assert not threads[0].is_alive()
    assert gc.isenabled()


def test_all_fixes_of_a_run_share_one_thread(bad, monkeypatch):
    for number in range(4):
        bad.with_name(f"b{number}.py").write_text(BAD)
    started = []
    start = threading.Thread.start

    def count(self: threading.Thread) -> None:
        started.append(self.name)
        start(self)

    monkeypatch.setattr(threading.Thread, "start", count)
    assert main(["check", "--no-cache", "-j", "1", "--fix", "--unsafe-fixes"]) == 0
    assert started == ["paramlint", "paramlint"]  # one that checks, one that fixes


ALTERNATIVES = ", ".join(f"cfg.k{i} if cfg.k{i} is not None else d" for i in range(40))
KEYWORDS = ", ".join(f"k{i}=cfg.k{i} if cfg.k{i} is not None else d" for i in range(40))
GUARDS = " and ".join(f"(cfg.a{i} or cfg.b{i})" for i in range(40))


@pytest.mark.parametrize(
    "doubling",
    [
        pytest.param(f"self.a = Sink({KEYWORDS})", id="alternatives as arguments"),
        pytest.param(f"if {GUARDS}:\n            self.a = nn.Linear(1, 1)", id="and of ors"),
        pytest.param(f"if {GUARDS.replace(' or ', ' | ').replace(' and ', ' or ')}:\n            pass", id="ors"),
        pytest.param(f"self.a = [{ALTERNATIVES}]", id="alternatives in a list"),
    ],
)
def test_paths_that_double_are_made_one(tmp_path, doubling):
    """What is the same on all of them is still said."""
    path = tmp_path / "net.py"
    head = "import torch\nfrom torch import nn\n\nclass Net(nn.Module):\n    def __init__(self, cfg, d):\n"
    path.write_text(
        f"{head}        super().__init__()\n        {doubling}\n        self.w = nn.Parameter(torch.empty(3))\n"
    )
    found = []
    assert steps(lambda: found.append(model_of(path.read_text(), "Net")), at_most=2_000_000)
    assert [(t.name, t.filled.truth) for t in found[0].parameters if t.name == "self.w"] == [("self.w", "no")]


def test_the_rows_of_many_keys_are_found_in_one_pass(tmp_path):
    def looking(entries):
        path = tmp_path / f"{entries}.toml"
        keys = [f"blocks.{i}.weight" for i in range(entries)]
        headers = "".join(f'[parameters."{key}"]\nshape = [1]\n\n' for key in keys)
        path.write_text(f"{headers}[parameters.plain]\nshape = [1]\n[ parameters . 'it is' ]\n[parameters]\nb.c = 1\n")
        file = TomlFile.read(str(path))
        return lambda: file.rows_of_keys([*keys, "plain", "it is", "b", "none"])

    rows = {"blocks.0.weight": 1, "blocks.1.weight": 4, "plain": 7, "it is": 9, "b": 11, "none": 1}
    assert looking(2)() == rows
    assert exponent(looking, 50) < 1.2


def test_what_takes_too_many_steps_is_named_on_demand(bad, capsys, monkeypatch):
    for name in ("MAX_STEPS", "LEAST_STEPS"):
        monkeypatch.setattr(f"paramlint.symbolic.building.entries.{name}", 60)
    for _ in range(2):  # the second one is read from the cache
        main(["check", "-j", "1", "-v"])
        assert "cut short: bad.py: Net takes too many steps, so part of it is unknown" in capsys.readouterr().err
    main(["check", "-j", "1"])
    assert "cut short" not in capsys.readouterr().err


NAMES = ", ".join(f"x{i}" for i in range(60_000))
PAIRS = ", ".join(f"'k{i}': (x, {i})" for i in range(30_000))
LAYERS = ", ".join(f"nn.Linear({i}, 3)" for i in range(30_000))
FLOATS = ", ".join(f"{i}.5" for i in range(25_000))
ROWS = "".join(f"            ('é', {{'a': -{i}}}),  # {i}\n" for i in range(18_000))


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize(
    "table",
    [
        f"torch.tensor([{FLOATS}])",
        f"[\n{ROWS}        ]",
        f"{{0: ({FLOATS}), 1: [{FLOATS}]}}",
        f"{{{PAIRS}}}",
        f"f({NAMES}, size=3)",
        f"nn.Sequential({LAYERS})",
    ],
)
def test_a_large_table_does_not_hide_the_rest_of_its_class(tmp_path, table, reference):
    path = tmp_path / "table.py"
    path.write_text(BAD + f"        self.table = {table}\n        self.more = [nn.Linear(8, 8)]\n", encoding="utf-8")
    report = with_large_stack(lambda: check_path(str(path), Nominator(RULES), Project(), reference=reference))
    said = [d for d in report.diagnostics if d.code in ("PRM004", "PRM401")]
    more = path.read_text(encoding="utf-8").count("\n")
    assert [(d.code, d.start.row) for d in said] == [("PRM401", 8), ("PRM401", more)]


@pytest.mark.heavy
def test_a_fix_writes_all_of_a_table_of_which_the_rest_was_not_parsed(tmp_path, capsys):
    path = tmp_path / "table.py"
    numbers = ", ".join(f"{i}.5" for i in range(60_000))
    rows = [f"        self.t = [{LAYERS}]\n", f"        self.u = nn.Parameter(torch.Tensor([{numbers}]))\n"]
    path.write_text(BAD + "".join(rows), encoding="utf-8")
    main(["check", "--isolated", "--no-cache", "-j", "1", "--fix", "--unsafe-fixes", "--select", "ALL", str(path)])
    assert "fixed" in capsys.readouterr().out
    fixed = path.read_text(encoding="utf-8")
    assert f"nn.ModuleList([{LAYERS}])" in fixed
    assert fixed.count(numbers) == 1


PASSING = """\
import torch
from torch import nn
from .builder import build_with

def make(n, bias=True, norm=None):
    layer = nn.Linear(n, n, bias=bias)
    nn.init.zeros_(layer.weight)
    return layer

def small(pretrained=False, **kwargs):
    arguments = dict(n=1, bias=False, norm=partial(nn.LayerNorm, eps=1e-6))
    return make(**dict(arguments, **kwargs))

def elsewhere(**kwargs):
    return build_with(nn.Linear, "weight", kwargs.pop("bias", None))

def changed():
    layer = make(1)
    layer.weight = None
    return layer

def again(n):
    return other(n)

def other(n):
    return again(n) if n else nn.init.zeros_(n.weight)

def ping(n):
    return pong(n, weight=n)

def pong(n):
    return ping(n, weight=n)
"""


def test_functions_that_only_pass_on_plain_values_are_not_built():
    file = File(Source("net.py", PASSING.encode()), draft=True)
    nominated = Nominator(RULES).nominate(file.source, file.outline)
    asked = {unit.name for unit, rules in nominated.items() if any(rule.questions for rule in rules)}
    assert asked - {""} == {"make", "changed", "other", "ping", "pong"}


FOLLOWED = """import timm
from torch import nn

def tail(pretrained=False, **kwargs):
    \"\"\"Its pretrained weights.\"\"\"
    act = partial(activation("gelu"), inplace=True)
    kwargs.pop("pretrained", None)
    return create("b1", pretrained, **dict(kwargs, act=act))

def named(pretrained=False):
    if not isinstance(pretrained, bool):
        print("pretrained", len(pretrained))
    net = create("b2", pretrained=pretrained)
    return net

def outer():
    return named(pretrained=True)

def in_a_loop(names):
    nets = []
    for name in names:
        create_all(name)
        nets += [create(name, pretrained=True)]
    return nets

def around(pretrained):
    return started(create("b3", pretrained))

def later(pretrained):
    net = create("b4", pretrained)
    net.apply(start)
    return net

def through():
    net = named()
    start(net)
    return net

def by_weights():
    net = resnet(weights="DEFAULT")
    net.apply(start)
    return net

def if_so(net, path, pretrained):
    if pretrained:
        load(net, path)
    start(net)

def local(path, pretrained):
    def build():
        net = create("b5", pretrained)
        start(net)
        return net
    return build()

def unsaid(net):
    start(net)
"""


def test_functions_that_do_nothing_after_what_they_say_are_not_asked_what_comes_later():
    file = File(Source("nets.py", FOLLOWED.encode()), draft=True)
    words = words_followed(next(rule for rule in RULES if rule.code == "PRM216"))
    followed = Followed(file.source, file.outline, words)
    asked = {unit.name for unit in file.outline.units if unit.kind == "function" and followed.has(unit)}
    assert asked == {"in_a_loop", "around", "later", "through", "by_weights", "if_so", "local", "unsaid"}


def test_a_class_that_takes_too_many_steps_is_not_built_again_inside_others(tmp_path, capsys, monkeypatch):
    for name in ("MAX_STEPS", "LEAST_STEPS"):
        monkeypatch.setattr(f"paramlint.symbolic.building.entries.{name}", 600)
    layers = "".join(f"        self.a{i} = nn.Linear({i}, 1)\n" for i in range(40))
    net = f"class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n{layers}"
    main_ = """
def main(batches):
    net = Net()
    net.eval()
    head = nn.Linear(2, 2)
    optimizer = torch.optim.SGD(head.parameters(), lr=0.1)
    for batch in batches:
        head(batch).sum().backward()
        optimizer.step()
"""
    path = tmp_path / "net.py"
    path.write_text(f"import torch\nfrom torch import nn\n\n{net}{main_}")
    main(["check", "--preview", "--no-cache", "-j", "1", "-v", "--output-format", "concise", str(path)])
    out, err = capsys.readouterr()
    assert "PRM716" in out
    assert "main takes too many steps" not in err


def test_functions_that_build_the_same_share_what_they_take(tmp_path):
    def taken(count: int) -> int:
        builders = "".join(f"def size{i}():\n    return build({i})\n\n\n" for i in range(count))
        text = BAD + "\n\ndef build(n):\n    for i in range(n):\n        while i:\n" + "            i = f(i)\n" * 40
        text += f"    return Net().eval()\n\n\n{builders}"
        path = tmp_path / "sizes.py"
        path.write_text(text)
        return steps(lambda: main(["check", "--no-cache", "-j", "1", "-q", str(path)]))

    taken(1)  # what is loaded once
    assert taken(16) < 3 * taken(4)


WORDS = "or+ [(" * 40_000


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(f"        text = '{WORDS}'\n", id="a text"),
        pytest.param(f"        text = 1  # {WORDS}\n", id="a comment"),
        pytest.param(f"        text = b'{WORDS}' b'{WORDS}'\n", id="bytes"),
        pytest.param(f"        text = f'{{self}}{WORDS}'\n", id="a text with code in it"),
        pytest.param("        # ----- + ----- + -----\n" * 5_000, id="comments"),
        pytest.param("        text = '''" + "+ a, b, [c]\n" * 20_000 + "'''\n", id="rows of a text"),
    ],
)
def test_what_texts_and_comments_say_is_not_nested(tmp_path, rows):
    path = tmp_path / "words.py"
    path.write_text(BAD.replace("        super().__init__()\n", f"        super().__init__()\n{rows}"))
    report = with_large_stack(lambda: check_path(str(path), Nominator(RULES), Project()))
    assert [d.code for d in report.diagnostics] == ["PRM401"]


def test_pieces_of_a_text_are_nested(tmp_path):
    path = tmp_path / "pieces.py"
    rows = "        text = (" + "'a' " * 30_000 + ")\n"
    path.write_text(BAD.replace("        super().__init__()\n", f"        super().__init__()\n{rows}"))
    report = with_large_stack(lambda: check_path(str(path), Nominator(RULES), Project()))
    assert [d.code for d in report.diagnostics] == ["PRM004"]


DEEP = {
    "items": "x" + "[0]" * 2_500,
    "calls": "x" + "(1)" * 2_500,
    "sums": " + ".join(["x"] * 2_500),
    "attributes": "x" + ".a" * 2_500,
    "choices": "a if b else " * 800 + "x",
}


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("kind", DEEP)
def test_what_is_too_deep_is_refused_before_it_takes_time(tmp_path, monkeypatch, kind, reference):
    """LibCST takes time that grows with the cube of it, in one call that no interrupt ends."""
    parsed = []
    monkeypatch.setattr(cst, "parse_module", lambda text: parsed.append(text) or parse_module(text))
    path = tmp_path / "deep.py"
    deep = BAD.replace("class Net", "class Deep") + f"        self.deep = {DEEP[kind]}\n"
    path.write_text(f"{deep}\n\n{BAD}")
    report = with_large_stack(lambda: check_path(str(path), Nominator(RULES), Project(), reference=reference))
    assert all(DEEP[kind] not in text for text in parsed)
    assert ("PRM004", 9) in [(d.code, d.start.row) for d in report.diagnostics]
    if not reference:  # which parses a file as a whole
        assert [(d.code, d.start.row) for d in report.diagnostics] == [("PRM004", 9), ("PRM401", 19)]


def test_hundreds_of_elifs_do_not_hide_the_rest_of_their_file(tmp_path):
    path = tmp_path / "elifs.py"
    elifs = "".join(f"    elif n == {i}:\n        return nn.Linear({i}, 3)\n" for i in range(2_000))
    path.write_text(f"{BAD}\n\ndef made(n):\n    if not n:\n        pass\n{elifs}")
    report = with_large_stack(lambda: check_path(str(path), Nominator(RULES), Project()))
    assert [d.code for d in report.diagnostics] == ["PRM401"]


def test_a_long_table_of_texts_is_read_and_many_words_are_not():
    refuse_large("'0123456789': '0123456789',\n" * 250_000)
    with pytest.raises(UnreadableError, match="6,000,000 characters of code, more than 5,000,000"):
        refuse_large("a\n" * 3_000_000)
    with pytest.raises(UnreadableError, match="more than 5,000,000"):
        refuse_large("a" * 30_000_000)


def test_types_of_names_bound_to_each_other_are_asked_for_so_many_expressions(tmp_path):
    def asking(names):
        letters = "abcdefghijkl"[:names]
        rows = "".join(f"    {x} = Sequential({y}, {y})\n" for x in letters for y in letters if x != y)
        path = tmp_path / f"{names}.py"
        path.write_text(
            f"from torch.nn import Linear, Sequential\n\ndef f():\n    a = Linear(3, 3)\n{rows}    return a\n"
        )
        file = Project([], is_draft=True).file(str(path))
        scope = file.scope(file.outline.units[-1])
        returned = next(iter(scope.find(nodes.Return)))
        return lambda: scope.type(returned.value)

    asking(3)()
    assert steps(asking(10), at_most=100_000)


@pytest.mark.parametrize("row", ["# noqa:" * 60_000, "# " + "a" * 400_000, "# noqa: " + "PRM4, " * 60_000])
def test_a_long_row_is_searched_once(tmp_path, row):
    path = tmp_path / "long.py"
    path.write_text(f"{BAD}        self.more = 1  {row}\n")
    report = with_large_stack(lambda: check_path(str(path), Nominator(RULES), Project()))
    assert [d.code for d in report.diagnostics if d.code != "PRM001"] == ["PRM401"]
