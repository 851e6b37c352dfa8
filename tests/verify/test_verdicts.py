"""Static findings, and what the live model says about each."""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from paramlint import nodes
from paramlint.engine.catalogue import select
from paramlint.engine.subject import Subjects
from paramlint.finding import Diagnostic, Finding, Location, Subject
from paramlint.frontends.cli import main
from paramlint.source.text import Source
from paramlint.syntax.expressions_from_ast import parse_expression
from paramlint.syntax.outline import outline
from paramlint.verify.document.observed import Built, Observed, Refutation
from paramlint.verify.document.schema import Document, Found, Init, Parameter, Summary
from paramlint.verify.document.schema import Location as Place
from paramlint.verify.judge.verdicts import Evidence, Judgement, judged
from paramlint.verify.process.outcome import Outcome

pytest.importorskip("torch")

FIXTURES = Path(__file__).parents[2] / "fixtures" / "verdicts"
MARK = re.compile(r"# verdict: (PRM\d+) (confirmed|refuted|not observed|none)$")
OK = Outcome(status="ok", stage="analyze")


def verified(path: Path, folder: Path) -> Document:
    """The document of `build` in a file, made as a child process makes it, in this process."""
    from paramlint.verify.job import Job
    from paramlint.verify.judge.join import Sources, with_static
    from paramlint.verify.process import child
    from paramlint.verify.process.isolate import Request
    from paramlint.verify.process.targets import parse_target

    job = Job(target=parse_target(f"{path}:build"), select=("PRM",))
    payload = msgspec.Raw(msgspec.json.encode(job))
    request = Request(work="paramlint.verify.work:verify", payload=payload)
    answer = child._work(request, child._Progress(folder / "stage"))
    summary = msgspec.json.decode(answer.result, type=Summary | None)
    document = Document.of(str(path), answer.outcome, summary)
    return with_static(document, summary.observed if summary else Observed(), Sources(select(("PRM",))))


def marks(folder: Path) -> dict[tuple[str, int, str], str]:
    return {
        (path.name, row, mark[1]): mark[2]
        for path in sorted(folder.glob("*.py"))
        for row, line in enumerate(path.read_text().splitlines(), 1)
        if (mark := MARK.search(line))
    }


@pytest.mark.parametrize(
    "target",
    [
        "confirmed.py",
        "refuted/factory.py",
        "unseen/branches.py",
        "edits/edits.py",
        "edits/applied.py",
        *(f"raises/{path.name}" for path in sorted(FIXTURES.glob("raises/*.py"))),
    ],
)
def test_each_marked_line_has_its_verdict(target: str, tmp_path: Path) -> None:
    path = FIXTURES / target
    found: dict[tuple[str, int, str], set[str | None]] = defaultdict(set)
    for finding in verified(path, tmp_path).findings:
        found[Path(finding.filename).name, finding.location.row, finding.code].add(finding.verdict)
    alone = path.parent.name in ("raises", "edits")
    expected = {place: verdict for place, verdict in marks(path.parent).items() if place[0] == path.name or not alone}
    assert expected
    for place, verdict in expected.items():
        assert found[place] == (set() if verdict == "none" else {verdict}), place


# The join itself.

TEXT = """\
class Block(Module):
    def __init__(self):
        self.w = Parameter(empty(3))
        layers = [Linear(3, 3)] * 2
        self.layers = ModuleList(layers)
        self.register_buffer("table", ones(3))
        setattr(self, "other", 1)

    act = PReLU()

    class Inner(Module):
        def forward(self):
            def local():
                self.inner.weight = 1

def build():
    class Local(Module):
        def __init__(self):
            self.w = 1
    model.head.weight = 1
    a = 1; self.b = 2
"""


def about(row: int, attribute: str = "", column: int = 0, text: str = TEXT, **more: Any) -> Subject:
    """What a finding is about that stands at the first word of a row, or at a column of it."""
    line = text.splitlines()[row - 1]
    place = Location(row, column or len(line) - len(line.lstrip()) + 1)
    found = Finding(nodes.Pass(), "it is wrong", attribute=attribute, **more)
    return Subjects(outline(ast.parse(text), Source("/model.py", text.encode()))).of(found, place)


def diagnostic(row: int = 3, code: str = "PRM201", subject: Subject | None = None) -> Diagnostic:
    start = Location(row, 1)
    return Diagnostic("/model.py", start, start, code, "some-rule", "it is wrong", subject=subject or about(row))


@pytest.mark.parametrize(
    ("row", "attribute", "owner", "attributes"),
    [
        (3, "self.w", "Block", {("w",)}),
        (3, "", "Block", {("w",)}),
        (4, "", "Block", {("layers",)}),
        (6, "", "Block", {("table",)}),
        (7, "", "Block", {("other",)}),
        (9, "act", "Block", {("act",)}),
        (14, "self.inner.weight", "Block.Inner", {("inner", "weight")}),
        (19, "", "build.<locals>.Local", {("w",)}),
        (20, "model.head.weight", "", set()),
        (2, "", "Block", set()),
    ],
)
def test_what_a_finding_is_about(row: int, attribute: str, owner: str, attributes: set[tuple[str, ...]]) -> None:
    subject = about(row, attribute)
    assert (subject.owner, set(subject.attributes)) == (owner, attributes)


def test_a_rule_may_say_what_the_statement_does_not() -> None:
    subject = about(3, "self.first", owner="Other", others=("self.second.weight", "no name"))
    assert (subject.owner, subject.attributes) == ("Other", (("first",),))
    assert subject.others == (("self", "second", "weight"),)
    assert set(subject.names) == {("self", "w"), ("self", "first")}


def test_a_node_that_is_a_name_says_what_is_accused() -> None:
    node = parse_expression("self.inner.weight")
    assert node is not None
    found = Finding(node, "it is wrong")
    subject = Subjects(outline(ast.parse("pass"), Source("/model.py", b"pass"))).of(found, Location(1, 1))
    assert subject.attributes == (("inner", "weight"),)


def test_a_loop_is_one_with_what_it_repeats_and_a_condition_is_not() -> None:
    text = "for layer in layers:\n    layer.reset()\nif layers:\n    layers[0].reset()\n"
    loop, condition = (about(row, text=text) for row in (1, 3))
    assert (loop.first, loop.header) == (1, 2)
    assert (condition.first, condition.header, condition.last) == (3, 3, 4)


def test_a_row_may_hold_several_statements() -> None:
    assert about(21, column=12).names == (("self", "b"),)


def live(parameter: str, code: str = "PRM201", **more: Any) -> Found:
    given: dict[str, Any] = {
        "filename": "/elsewhere.py",
        "location": Place(1),
        "verdict": "confirmed",
        "evidence": {},
    } | more
    return Found(code=code, name="some-rule", message=f"`{parameter}` is wrong", parameter=parameter, **given)


def evidence(*findings: Found, right: dict[str, str] | None = None, **more: Any) -> Evidence:
    built = more.pop("built", (Built(qualname="Block", filename="/model.py", instances=("blocks.0", "blocks.1")),))
    document = Document(**({"target": "net:Net", "outcome": OK, "findings": findings} | more))
    refutations = tuple(Refutation(code="PRM201", name=name, seen=seen) for name, seen in (right or {}).items())
    return Evidence(document, Observed(built=built, refutations=refutations))


def verdict(of: Evidence, finding: Diagnostic | None = None) -> str:
    return of.judge(finding or diagnostic()).verdict


def test_confirmed_by_the_name_in_an_instance() -> None:
    assert verdict(evidence(live("blocks.1.w"))) == "confirmed"
    assert verdict(evidence(live("blocks.1.w.inner"))) == "confirmed"
    assert verdict(evidence(live("blocks.1.width"))) == "not observed"
    assert verdict(evidence(live("head.w"))) == "not observed"
    assert verdict(evidence(live("head.w", evidence={"names": ["head.w", "blocks.0.w"]}))) == "confirmed"


def test_confirmed_by_class_and_attribute_unless_two_classes_have_the_name() -> None:
    held = live("x", owner="Block", attribute="w")
    assert verdict(evidence(held)) == "confirmed"
    assert verdict(evidence(live("x", owner="Block", attribute="v"))) == "not observed"
    two = [Built(qualname="Block", filename=name, instances=("a",)) for name in ("/model.py", "/other.py")]
    assert verdict(evidence(held, built=tuple(two))) == "not observed"


def test_confirmed_by_the_line() -> None:
    assert verdict(evidence(live("x", filename="/model.py", location=Place(3)))) == "confirmed"
    assert verdict(evidence(live("x", filename="/model.py", location=Place(4)))) == "not observed"
    init = Init(call="normal_", arguments={}, filename="/model.py", row=3)
    drawn = Parameter(
        name="x.weight", shape=(), dtype="", requires_grad=True, status="written", written_fraction=1, init=init
    )
    assert verdict(evidence(live("x"), parameters=(drawn,))) == "confirmed"
    assert verdict(evidence(live("y"), parameters=(drawn,))) == "not observed"


def test_confirmed_by_the_same_rule_or_a_neighbour_only() -> None:
    assert verdict(evidence(live("blocks.0.w", code="PRM401"))) == "not observed"
    assert verdict(evidence(live("blocks.0.w")), diagnostic(code="PRM202")) == "confirmed"
    assert verdict(evidence(live("blocks.0.w", code="PRM202"))) == "not observed"


def test_what_is_only_likely_confirms_and_refutes_nothing() -> None:
    right = {"blocks.0.w": "it was written", "blocks.1.w": "it was written"}
    assert verdict(evidence(live("blocks.1.w", verdict=None), right=right)) == "not observed"


def test_refuted_only_where_every_instance_is_right() -> None:
    assert verdict(evidence(right={"blocks.0.w": "it was written"})) == "not observed"
    both = {"blocks.0.w": "`blocks.0.w` was written", "blocks.1.w": "`blocks.1.w` was written"}
    judgement = evidence(right=both).judge(diagnostic())
    assert judgement == Judgement("refuted", "`blocks.0.w` was written, and 1 more like it")
    assert verdict(evidence(live("blocks.1.w"), right=both)) == "confirmed"
    assert verdict(evidence(right=both), diagnostic(code="PRM401")) == "not observed"
    assert verdict(evidence(right=both, built=())) == "not observed"


def test_code_outside_of_the_model_knows_it_by_the_end_of_a_path() -> None:
    finding = diagnostic(20)
    assert verdict(evidence(live("head.weight")), finding) == "confirmed"
    assert verdict(evidence(live("ahead.weight")), finding) == "not observed"


@pytest.mark.parametrize(
    ("statement", "names", "expected"),
    [
        ("head[0].weight = table.weight", {"head.0.weight": "f", "table.weight": "f"}, "confirmed"),
        ("m.head[0].weight = m.table.weight", {"head.0.weight": "f", "table.weight": "f"}, "confirmed"),
        ("head[0].weight = table.weight", {"head.0.weight": "f", "table.weight": "g"}, "not observed"),
        ("head[0].weight = table.weight", {"head.1.weight": "f", "table.weight": "f"}, "not observed"),
        ("head[i].weight = table.weight", {"head.0.weight": "f", "table.weight": "f"}, "not observed"),
        ("head[0].weight = table().weight", {"head.0.weight": "f", "table.weight": "f"}, "not observed"),
    ],
)
def test_what_a_tie_that_is_never_made_leaves_apart(statement: str, names: dict[str, str], expected: str) -> None:
    parameters = tuple(
        Parameter(name=name, shape=(7, 4), dtype=dtype, requires_grad=True, status="written", written_fraction=1)
        for name, dtype in names.items()
    )
    tie, other = (diagnostic(1, code, about(1, text=statement)) for code in ("PRM505", "PRM503"))
    assert verdict(evidence(parameters=parameters), tie) == expected
    assert verdict(evidence(parameters=parameters), other) == "not observed"


def test_one_parameter_is_not_left_apart() -> None:
    tied = Parameter(
        name="table.weight",
        shape=(7, 4),
        dtype="f",
        requires_grad=True,
        status="written",
        written_fraction=1,
        tied_with=("head.0.weight",),
    )
    finding = diagnostic(1, "PRM505", about(1, text="head[0].weight = table.weight"))
    assert verdict(evidence(parameters=(tied,)), finding) == "not observed"


def test_a_fault_that_raises_is_confirmed_by_what_is_raised_there() -> None:
    def failed(message: str, row: int, path: str = "/model.py") -> Evidence:
        trace = f'  File "{path}", line {row}, in __init__\n    self.w = 1\n'
        outcome = Outcome(status="error", stage="construct", message=message, filename=path, row=row, traceback=trace)
        return evidence(outcome=outcome)

    said = "AttributeError: cannot assign module before Module.__init__() call"
    missing = diagnostic(2, "PRM405")
    assert verdict(failed(said, 5), missing) == "confirmed"
    assert verdict(failed(said, 20), missing) == "not observed"
    assert verdict(failed(said, 5, "/other.py"), missing) == "not observed"
    assert verdict(failed("ValueError: no data", 5), missing) == "not observed"
    assert verdict(failed(said, 3)) == "not observed"


def test_several_targets_are_judged_together() -> None:
    confirmed, refuted, unseen = Judgement("confirmed", "a"), Judgement("refuted", "b"), Judgement("not observed")
    both = judged(diagnostic(), [("x", refuted), ("y", confirmed)])
    assert (both.verdict, both.evidence) == ("confirmed", {"seen": "a", "target": "y"})
    assert judged(diagnostic(), [("x", unseen), ("y", refuted)]).verdict == "refuted"
    assert (judged(diagnostic(), [("x", unseen)]).verdict, judged(diagnostic(), [("x", unseen)]).evidence) == (
        "not observed",
        {},
    )


# As a user sees it, in real child processes.

REFUTED = FIXTURES / "refuted"


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["check", "--isolated", str(REFUTED / "unfinished.py"), *arguments])
    return status, *capsys.readouterr()


def test_check_says_what_the_model_shows(capsys: pytest.CaptureFixture[str]) -> None:
    target = f"{REFUTED / 'factory.py'}:build"
    status, out, err = check(capsys, "--verify-with", target, "--select", "PRM401", "--output-format", "json")
    (found,) = json.loads(out)
    assert (status, found["verdict"]) == (0, "refuted")
    assert found["evidence"] == {
        "seen": "`4.layers` is a `ModuleList`, which registers what it holds",
        "target": target,
    }
    assert "no findings, 1 file checked\n1 finding refuted by the live model\n" in err


def test_check_with_a_target_that_fails(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "factory.py").write_text("def build():\n    raise ValueError('no data')\n")
    target = f"{tmp_path / 'factory.py'}:build"
    status, out, err = check(capsys, "--verify-with", target, "--select", "PRM401", "--output-format", "concise")
    assert (status, out.count("[bug, not observed]")) == (2, 1)
    assert f"error: {target} error in stage construct: ValueError: no data" in err


SIZED = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.scale = nn.Parameter(torch.empty(width))

    def forward(self, x):
        return self.linear(x) * self.scale.data


def fill(name, module):
    nn.init.ones_(getattr(module, name))


def build(width, filled=False):
    model = Net(width)
    if filled:
        fill(chr(115) + "cale", model)
    return model


def example():
    return torch.ones(2, 4)
"""


def of_sized(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, str], str]:
    """Status, verdicts by code, and what goes to stderr, of `check` on a model whose constructor takes arguments."""
    (folder / "net.py").write_text(SIZED)
    command = ["check", "net.py", "--no-cache", "--verify-with", "net.py:build", "--output-format", "json", *arguments]
    status = main([*command, "--select", "PRM103,PRM201"])
    out, err = capsys.readouterr()
    return status, {found["code"]: found["verdict"] for found in json.loads(out)} if out else {}, err


def test_the_model_gets_arguments_and_an_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    status, _, err = of_sized(tmp_path, capsys)
    assert (status, "needs-arguments" in err) == (2, True)
    bare = {"PRM201": "confirmed", "PRM103": "not observed"}
    assert of_sized(tmp_path, capsys, "--arg", "width=4")[:2] == (1, bare)
    filled = {"PRM201": "refuted", "PRM103": "confirmed"}
    given = ("--arg", "width=4", "--arg", "filled=True", "--example", "net.py:example")
    assert of_sized(tmp_path, capsys, *given)[1] == filled


def test_the_model_is_built_as_the_configuration_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = tmp_path / "paramlint.toml"
    settings.write_text('[verify]\nexample = "net.py:example"\ntimeout = 50.0\nmemory = 4.0\n')
    assert of_sized(tmp_path, capsys, "--arg", "width=4")[1] == {"PRM201": "confirmed", "PRM103": "confirmed"}
    isolated = of_sized(tmp_path, capsys, "--arg", "width=4", "--isolated")
    assert isolated[1] == {"PRM201": "confirmed", "PRM103": "not observed"}
    settings.write_text("[verify]\nbuild-limit = 0.0\n")  # without values nothing is proved
    assert of_sized(tmp_path, capsys, "--arg", "width=4")[1] == {"PRM201": "not observed", "PRM103": "not observed"}
    settings.write_text('[verify]\nmethod = "absent"\n')
    status, _, err = of_sized(tmp_path, capsys, "--arg", "width=4")
    assert (status, "has no method `absent`" in err) == (2, True)
    settings.write_text("[verify]\ntimeout = 0.01\n")
    status, _, err = of_sized(tmp_path, capsys, "--arg", "width=4")
    assert (status, "timeout" in err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--verify-with", "net:Net", "--arg", "width"), "--arg: `width` is no argument"),
        (("--verify-with", "net:Net", "--example", "a-b:c"), "--example: `a-b:c` is no target"),
        (("--arg", "width=4"), "about the model that --verify-with names"),
        (("--example", "net:example"), "about the model that --verify-with names"),
    ],
)
def test_arguments_of_a_model_that_cannot_be_understood(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    status, out, err = check(capsys, *arguments)
    assert (status, out) == (2, "")
    assert message in err


def test_without_a_target_there_is_no_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = check(capsys, "--select", "PRM401", "--output-format", "json")
    assert status == 1
    assert not {"verdict", "evidence"} & set(json.loads(out)[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--fix",), "leave --fix out"),
        (("--diff",), "leave --diff out"),
        (("--add-noqa",), "leave --add-noqa out"),
        (("--watch",), "leave --watch out"),
        (("--write-baseline",), "leave --write-baseline out"),
        (("-",), "leave `-` out"),
    ],
)
def test_what_does_not_go_with_a_target(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    status, out, err = check(capsys, "--verify-with", "net:Net", *arguments)
    assert (status, out) == (2, "")
    assert message in err


@pytest.mark.parametrize(
    ("target", "message"), [("net", "names no factory"), ("a-b:c", "is no target"), ("net:", "names no factory")]
)
def test_a_target_that_cannot_be_understood(capsys: pytest.CaptureFixture[str], target: str, message: str) -> None:
    status, _, err = check(capsys, "--verify-with", target)
    assert status == 2
    assert message in err


def test_sarif_of_a_model_and_of_a_failure() -> None:
    from paramlint.frontends.cli.verify.command import verify_command

    arguments = [f"{REFUTED / 'factory.py'}:build", f"{FIXTURES / 'raises' / 'another_reason.py'}:build"]
    result = CliRunner().invoke(verify_command, [*arguments, "--select", "PRM401", "--output-format", "sarif"])
    assert result.exit_code == 2
    (run,) = json.loads(result.stdout)["runs"]
    (found,) = run["results"]
    assert (found["kind"], found["level"], found["properties"]["verdict"]) == ("pass", "none", "refuted")
    assert "ModuleList" in found["properties"]["evidence"]["seen"]
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert "ValueError: no data set here" in notification["message"]["text"]
    assert not run["invocations"][0]["executionSuccessful"]


LAYERS = """\
import torch
from torch import nn


class Scaled(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.scale = nn.Parameter(torch.empty(width))
        self.layers = [nn.Linear(width, width)]

    def forward(self, x):
        return self.layers[0](x) * self.scale
"""
FACTORY = """\
from layers import Scaled
from torch import nn


def fill(name, modules):
    for module in modules:
        nn.init.ones_(getattr(module, name))


def build():
    model = nn.Sequential(Scaled(4), Scaled(4))
    fill("scale", model)
    return model
"""


def test_the_page_shows_what_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "layers.py").write_text(LAYERS)
    (tmp_path / "factory.py").write_text(FACTORY)
    monkeypatch.chdir(tmp_path)
    page = (FIXTURES.parents[1] / "docs" / "verify.md").read_text(encoding="utf-8")
    command, output = re.findall(r"\$ paramlint (check .*?)\n(.*?)```", page, re.S)[0]
    assert main(command.split()) == 1
    assert capsys.readouterr().out == output


def test_a_refuted_finding_offers_no_fix(capsys: pytest.CaptureFixture[str]) -> None:
    target = f"{REFUTED / 'factory.py'}:build"
    status, out, err = check(capsys, "--verify-with", target, "--select", "PRM401")
    assert (status, "help:" in out, "fixable" in err) == (0, False, False)


@pytest.mark.parametrize("output_format", ["concise", "github", "gitlab", "junit", "json-lines"])
def test_every_format_says_the_verdict(output_format: str) -> None:
    from paramlint.engine.file_report import FileReport
    from paramlint.engine.run import Result
    from paramlint.frontends.report.formats import load
    from paramlint.frontends.report.style import Style

    unseen = judged(diagnostic(1), [("net:Net", Judgement("not observed"))])
    refuted = judged(diagnostic(2), [("net:Net", Judgement("refuted", "it was written"))])
    source = Source("/model.py", b"x\ny\n")
    result = Result([FileReport("/model.py", [unseen, refuted])], sources={"/model.py": source})
    text = "\n".join(load(output_format)(result, Style()))
    assert text.count("not observed") == 1
    assert text.count("refuted") == 1
    if output_format == "junit":
        assert 'failures="1"' in text
    if output_format == "github":
        assert [line.partition(" ")[0] for line in text.splitlines()] == ["::error", "::notice"]
