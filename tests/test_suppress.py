"""Comments that silence, comments that silence nothing, and writing them."""

from __future__ import annotations

import pytest

from paramlint.engine.catalogue import select
from paramlint.engine.fixes import apply_fixes
from paramlint.frontends.cli import main
from paramlint.frontends.rule_testing import check_text, fixed_text
from paramlint.source.text import Source

from .conftest import BAD

RULES = select()


def with_comment(comment, row="8)]"):
    return BAD.replace(f"{row}\n", f"{row}{comment}\n")


def codes(text):
    return [(d.code, d.start.row) for d in check_text(text, RULES)]


@pytest.mark.parametrize(
    "comment",
    [
        "  # noqa",
        "  # noqa: PRM401",
        "  # NOQA:PRM401",
        "  # noqa: PRM401 the list is wrapped below",
        "  # noqa: E501, PRM401",
        "  # noqa: E501 PRM401",
        "  # noqa: PRM4",
        "  # type: ignore  # noqa: PRM401",
        "  #noqa:prm401",
    ],
)
def test_a_comment_silences_its_line(comment):
    assert codes(with_comment(comment)) == []


def test_a_comment_anywhere_in_the_logical_line_counts():
    text = BAD.replace("[nn.Linear(8, 8)]", "[\n            nn.Linear(8, 8),{}\n        ]{}")
    assert codes(text.format("  # noqa: PRM401", "")) == []
    assert codes(text.format("", "  # noqa: PRM401")) == []


@pytest.mark.parametrize(
    ("comment", "silent"),
    [
        ("# paramlint: noqa", True),
        ("# paramlint: noqa: PRM401", True),
        ("# paramlint: noqa: PRM401 all lists are wrapped later", True),
        ("# flake8: noqa", True),
        ("# flake8: noqa: PRM401", True),
        ("# paramlint: noqa: PRM1", False),
        ("# flake8: noqa: E501", False),
        ("x = 1  # paramlint: noqa", False),
        ("# paramlint: noqa is not for this", False),
    ],
)
def test_a_comment_for_the_file(comment, silent):
    assert ("PRM401" not in [code for code, _ in codes(f"{comment}\n{BAD}")]) == silent


@pytest.mark.parametrize(
    ("line", "fixed"),
    [
        ("x = 1  # noqa: PRM401", "x = 1"),
        ("x = 1  # noqa: PRM401 since it was a list", "x = 1"),
        ("x = 1  # noqa: E501, PRM401", "x = 1  # noqa: E501"),
        ("x = 1  # noqa: PRM401,E501 why", "x = 1  # noqa: E501 why"),
        ("x = 1  # noqa: PRM401, PRM101", "x = 1"),
        ("x = 1  # noqa: PRM401  # type: ignore", "x = 1  # type: ignore"),
        ("x = 1  # type: ignore  # noqa: PRM401", "x = 1  # type: ignore"),
        ("# paramlint: noqa: PRM401\nx = 1", "x = 1"),
        ("x = [\n    1,  # noqa: PRM401\n]", "x = [\n    1,\n]"),
    ],
)
def test_an_unused_one_is_reported_and_fixed(line, fixed):
    for head in ("", "import torch\n"):
        text = f"{head}{line}\n"
        found = check_text(text, RULES)
        assert {d.code for d in found} == {"PRM001"}, text
        assert fixed_text(text, RULES, unsafe=False) == f"{head}{fixed}\n"
        assert check_text(f"{head}{fixed}\n", RULES) == []


@pytest.mark.parametrize(
    "line",
    [
        "x = 1  # noqa",
        "x = 1  # noqa: E501",
        "x = 1  # noqa: PRM107",  # that rule is off, so nobody knows
        "x = 1  # noqa: PRM4",
        "x = 1  # noqa: PRM003",  # what is wrong with a file
        "x = 1  # noqa: ABC999",
        "x = 1  # paramlint: skip the first one, as the paper does",
        "x = 1  # paramlint: this is checked",
        "x = '# paramlint: ignore'",
        "x = 1  # noqa: PRM401, PRM001",
        "x = '# noqa: PRM401'",
        "x = '''\n# noqa: PRM401\n'''",
    ],
)
def test_what_may_be_needed_is_left_alone(line):
    assert check_text(f"import torch\n{line}\n", RULES) == []


@pytest.mark.parametrize(
    ("line", "said", "fixed"),
    [
        ("x = 1  # noqa: PRM999", "`PRM999` is no rule", "x = 1"),
        ("x = 1  # noqa: E501, prm4010", "`PRM4010` is no rule", "x = 1  # noqa: E501"),
        ("# paramlint: noqa: PRM499", "`PRM499` is no rule", ""),
        ("x = 1  # paramlint: ignore[PRM401]", "`# noqa` does, on its row", "x = 1  # noqa: PRM401"),
        ("x = 1  # paramlint: disable=PRM401, PRM402 why", "`# noqa` does", "x = 1  # noqa: PRM401, PRM402 why"),
        ("x = 1  # paramlint: ignore  # fmt: skip", "`# paramlint: ignore` silences", "x = 1  # noqa  # fmt: skip"),
        ("x = 1  # paramlint: noqa", "`# noqa` does, on its row", "x = 1  # noqa"),
        ("x = 1  # paramlint: noqa: PRM401", "`# noqa` does, on its row", "x = 1  # noqa: PRM401"),
        ("# paramlint: noqa PRM401", "`# paramlint: noqa` does, in the whole file", "# paramlint: noqa: PRM401"),
        ("# paramlint: ignore[PRM401]", "does, in the whole file", "# paramlint: ignore[PRM401]"),
        ("# paramlint: skip-file", "does, in the whole file", "# paramlint: skip-file"),
    ],
)
def test_what_only_looks_like_one_is_reported(line, said, fixed):
    found = check_text(f"import torch\n{line}\n", RULES)
    assert [d.code for d in found] == ["PRM001"]
    assert said in found[0].message
    text, _ = apply_fixes(Source("x.py", f"import torch\n{line}\n".encode()), found)
    assert text.removeprefix("import torch\n") == (f"{fixed}\n" if fixed else "")


def test_a_used_one_is_not_reported_beside_an_unused_one():
    found = check_text(with_comment("  # noqa: PRM401, PRM101"), RULES)
    assert [(d.code, d.message.split("`")[1]) for d in found] == [("PRM001", "PRM101")]


def test_nothing_is_said_about_suppressions_where_the_file_could_not_be_checked():
    assert codes("import torch\nx = (  # noqa: PRM401\n") == [("PRM002", 2)]


def test_it_is_off_when_ignored(bad, capsys):
    bad.write_text("x = 1  # noqa: PRM401\n")
    assert main(["check"]) == 1
    assert main(["check", "--ignore", "PRM001"]) == 0
    assert main(["check", "--select", "PRM401"]) == 0
    assert main(["check", "--select", "PRM001"]) == 0  # the rule that the comment is about did not run
