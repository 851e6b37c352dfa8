"""The document, its picture for a terminal, and the folding of repeated blocks."""

from __future__ import annotations

import io
import unicodedata
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from paramlint.frontends.report.models.fold import fold, folded_name
from paramlint.frontends.report.models.parameter_table import parameter_table, sparkline
from paramlint.frontends.report.models.verified import print_document
from paramlint.frontends.report.plain import plain, plain_lines
from paramlint.verify.document.schema import Counts, Document, Fitted, Found, Init, Location, Parameter, Summary
from paramlint.verify.process.outcome import Outcome

OK = Outcome(status="ok", stage="analyze")
HOSTILE = "\x1b[31mred\x1b[0m\u202etxt\u200b\x07\ud800\r\n[bold]x[/bold]:smile:"


def parameter(name: str, **changes: Any) -> Parameter:
    init = Init(call="normal_", arguments={"std": 0.02}, filename="/p/net.py", row=12)
    plain_one = Parameter(
        name=name,
        shape=(4, 8),
        dtype="float32",
        requires_grad=True,
        status="written",
        written_fraction=1.0,
        init=init,
        law="normal(std=0.02)",
        std=0.019,
        expected_std=0.02,
        histogram=(1, 0, 8, 4),
    )
    return msgspec.structs.replace(plain_one, **changes)


def found(where: str, **changes: Any) -> Found:
    one = Found(
        code="PRM201",
        name="uninitialized-parameter",
        message=f"`{where}` is never written",
        parameter=where,
        filename="",
        location=Location(0),
        verdict="confirmed",
        evidence={},
    )
    return msgspec.structs.replace(one, **changes)


def picture(**parts: Any) -> str:
    document = Document(target=parts.pop("target", "net:Net"), outcome=parts.pop("outcome", OK), **parts)
    stream = io.StringIO()
    print_document(document, stream)
    return stream.getvalue()


def test_the_document_has_the_keys_that_programs_rely_on() -> None:
    summary = Summary(parameters=(parameter("w"),), findings=(found("w"),))
    text = msgspec.json.encode(Document.of("net:Net", OK, summary))
    document = msgspec.json.decode(text)
    described = {"target", "outcome", "arguments", "degraded", "summary"}
    assert set(document) == described | {"findings", "parameters", "buffers", "shown", "profile"}
    assert set(document["findings"][0]) == {
        *(
            "code",
            "name",
            "message",
            "parameter",
            "filename",
            "location",
            "verdict",
            "evidence",
            "owner",
            "attribute",
            "also",
        )
    }
    assert set(document["parameters"][0]) >= {
        *("name", "shape", "dtype", "requires_grad", "status", "written_fraction", "init", "law", "std"),
        *("expected_std", "tied_with", "aliases"),
    }
    assert set(document["parameters"][0]["init"]) >= {"call", "arguments", "filename", "row"}
    assert msgspec.json.decode(text, type=Document) == Document.of("net:Net", OK, summary)


def test_a_failed_target_has_an_empty_document() -> None:
    document = Document.of("net:Net", Outcome(status="timeout", stage="construct"), None)
    assert (document.findings, document.parameters, document.summary) == ((), (), Counts())


@pytest.mark.parametrize("text", [HOSTILE, "a\tb", "a\u00a0b", "\x9b31m", "\u2066x\u2069", "\ufeff"])
def test_plain_text_has_no_character_that_does_not_print(text: str) -> None:
    for c in plain(text):
        assert unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
        assert c == " " or unicodedata.category(c) != "Zs"


def test_plain_text_keeps_what_prints() -> None:
    assert plain("Größe × 重み.w[0]") == "Größe × 重み.w[0]"
    assert plain("\x1b[0m\u202e") == r"\x1b[0m\u202e"
    assert plain_lines("a\n\tb\x07") == "a\n    b\\x07"


def test_hostile_names_reach_no_terminal() -> None:
    text = picture(
        target=HOSTILE,
        degraded=(HOSTILE,),
        summary=Counts(parameters=1, findings=1),
        parameters=(parameter(HOSTILE, law=HOSTILE, tied_with=(HOSTILE,), aliases=(HOSTILE,)),),
        findings=(found(HOSTILE, code=HOSTILE, name=HOSTILE, filename=HOSTILE),),
    )
    failed = Outcome(
        status="error", stage="import", message=HOSTILE, signature=HOSTILE, filename=HOSTILE, row=1, output=HOSTILE
    )
    text += picture(target=HOSTILE, outcome=failed)
    assert [c for c in text if c != "\n" and not c.isprintable()] == []
    assert "[bold]x[/bold]:smile:" in text


def test_the_headline() -> None:
    counts = Counts(parameters=3, elements=1200, trainable=1000, bytes=4800, tied=1, aliased=0, unwritten=2, findings=1)
    line = picture(summary=counts).splitlines()[0]
    assert line.startswith("net:Net  1,200 parameters in 3 tensors, 4.688 KiB · 200 frozen · 1 tied · 2 not written")
    assert line.rstrip().endswith("1 finding")


def test_a_finding_shows_the_users_line(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text("import torch\n\nself.w = torch.empty(3)\n")
    text = picture(findings=(found("w", filename=str(path), location=Location(3)),))
    assert "PRM201 uninitialized-parameter [confirmed] `w` is never written" in text
    assert f"--> {path}:3" in text
    assert "3 | self.w = torch.empty(3)" in text


def test_a_finding_that_is_not_proved_says_so() -> None:
    assert "[not confirmed]" in picture(findings=(found("w", verdict=None),))


def test_the_same_finding_in_repeated_blocks_is_said_once() -> None:
    text = picture(findings=tuple(found(f"layers.{i}.w") for i in range(6)))
    assert text.count("uninitialized-parameter") == 1
    assert "also layers.1.w, layers.2.w, layers.3.w and 2 more" in text


def test_the_table() -> None:
    text = picture(
        parameters=(
            parameter("w"),
            parameter("lost", status="unwritten", written_fraction=0.0, init=None, law=None, std=None, histogram=()),
            parameter("half", status="partly written", written_fraction=0.5),
            parameter("cold", requires_grad=False),
            parameter("head", tied_with=("embed",)),
            parameter("odd", fit=Fitted(law="normal()", verdict="rejected", p_value=0.0, reason="")),
        ),
        findings=(found("lost"),),
    )
    rows = {line.split("│")[1].strip(): line for line in text.splitlines() if line.startswith("│")}
    assert "4×8" in rows["w"]
    assert "normal(std=0.02)" in rows["w"]
    assert "net.py:12" in rows["w"]
    assert "0.019" in rows["w"]
    assert "▁ █▄" in rows["w"]
    assert " ok " in rows["w"]
    assert "unwritten" in rows["lost"]
    assert "PRM201" in rows["lost"]
    assert "partly written 50%" in rows["half"]
    assert "frozen" in rows["cold"]
    assert "tied: embed" in rows["head"]
    assert "values differ" in rows["odd"]


LONG = "transformer_blocks.0.self_attention.query_projection.weight"


@pytest.mark.parametrize(
    ("width", "left"),
    [
        (200, "parameter shape init at std expected values state"),
        (140, "parameter shape init at std expected values state"),
        (80, "parameter shape init std values state"),
        (64, "parameter shape init state"),
        (50, "parameter shape state"),
    ],
)
def test_where_there_is_little_room_columns_go_and_names_stay_whole(width: int, left: str) -> None:
    parameters = (parameter(LONG), parameter("head.weight", tied_with=("token_embedding.weight",)))
    document = Document(target="net:Net", outcome=OK, parameters=parameters)
    table = parameter_table(document, width)
    stream = io.StringIO()
    Console(file=stream, width=width).print(table)
    text = stream.getvalue()
    assert [column.header for column in table.columns] == left.split()
    assert max(map(len, text.splitlines())) <= width
    for name in (*LONG.split("."), "token_embedding", "normal"):
        assert name in text or (name == "normal" and width == 50), text


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_name_that_takes_less_than_half_is_in_one_row(width: int) -> None:
    names = ("mixers.0.weight", "backbone.weight")
    tied = parameter(names[0], tied_with=("mixers.1.weight", "mixers.2.weight"))
    document = Document(target="net:Net", outcome=OK, parameters=(tied, parameter(names[1])))
    stream = io.StringIO()
    Console(file=stream, width=width).print(parameter_table(document, width))
    rows = stream.getvalue().splitlines()
    assert max(map(len, rows)) <= width
    assert all(any(row.startswith(f"│{name} ") for row in rows) for name in names), "\n".join(rows)


def test_repeated_blocks_are_one_row() -> None:
    blocks = [parameter(f"layers.{i}.{name}") for i in range(12) for name in ("a", "b")]
    odd = parameter("layers.12.a", requires_grad=False)
    text = picture(parameters=(*blocks, odd))
    assert "layers.{0-11}.a ×12" in text
    assert "layers.{0-11}.b ×12" in text
    assert "layers.12.a " in text
    assert len([line for line in text.splitlines() if line.startswith("│")]) == 3


def test_what_failed_and_how() -> None:
    outcome = Outcome(
        status="needs-arguments", stage="construct", message="no value for `dim`", signature="Net(dim)", output="a\nb"
    )
    text = picture(outcome=outcome)
    assert "net:Net needs-arguments in stage construct: no value for `dim`" in text
    assert "its signature is Net(dim)" in text
    assert "    b" in text


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.0.w"], "a.0.w"),
        (["a.0.w", "a.1.w"], "a.{0-1}.w"),
        (["a.0.w", "a.2.w", "a.3.w"], "a.{0,2-3}.w"),
        (["a.0.b.1", "a.1.b.1"], "a.{0-1}.b.1"),
        (["0.conv1", "1.conv1"], "{0-1}.conv1"),
    ],
)
def test_folded_names(names: list[str], expected: str) -> None:
    assert folded_name(names) == expected


def test_a_digit_inside_a_name_is_no_index() -> None:
    groups = fold(["conv1.w", "conv2.w"], lambda name: name, lambda _: None)
    assert [name for name, _ in groups] == ["conv1.w", "conv2.w"]


def test_a_sparkline_shows_what_is_not_zero() -> None:
    assert sparkline([0, 1, 500, 1000]) == " ▁▄█"
    assert sparkline([]) == ""
