"""A little of what `tests/heavy` does at length, and what it has found: `fixtures/strange`."""

from __future__ import annotations

from pathlib import Path

import pytest

from paramlint.engine.catalogue import RULES
from paramlint.frontends.rule_testing import check_file, check_text
from paramlint.syntax.large_stack import with_large_stack

from .heavy.reference import compare

STRANGE = Path(__file__).parent.parent / "fixtures" / "strange"


def test_the_fast_path_equals_the_reference_on_generated_classes():
    tally = with_large_stack(lambda: compare(range(60)))
    assert tally.different == []
    assert tally.with_findings > 20
    assert tally.beyond < 10  # the rest is compared


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("carriage_returns.py", {("PRM401", 8, 9), ("PRM101", 11, 9)}),
        ("base_called_in_a_nested_class.py", {("PRM405", 5, 9), ("PRM405", 14, 9), ("PRM405", 24, 9)}),
        ("decorators.py", {("PRM401", 11, 3), ("PRM407", 15, 10), ("PRM304", 21, 7), ("PRM703", 24, 1)}),
        ("form_feeds.py", {("PRM407", 9, 16), ("PRM703", 12, 1)}),
        ("parentheses.py", {("PRM301", 23, 32)}),
        ("another_name_for_self.py", {("PRM406", 6, 33)}),
        ("compatible_characters.py", {("PRM401", 7, 9)}),
    ],
)
def test_what_was_found_is_at_its_place(name, places):
    assert places <= {(d.code, *d.start) for d in check_file(STRANGE / name, RULES)}


def test_a_fix_goes_before_a_nested_class_and_its_decorators():
    found = [d for d in check_file(STRANGE / "base_called_in_a_nested_class.py", RULES) if d.code == "PRM405"]
    edits = [edit for d in found if d.fix is not None for edit in d.fix.edits]
    assert [edit.start.row for edit in edits] == [6, 15, 25]


def test_a_long_line_of_bases_ends_unknown_and_silent():
    classes = "".join(
        f"class A{i}(A{i - 1}):\n    def __init__(self):\n        self.w = [nn.Linear(1, 1)]\n" for i in range(1, 60)
    )
    found = check_text(f"from torch import nn\n\nclass A0(nn.Module): pass\n{classes}", RULES)
    assert [d.start.row for d in found if d.code == "PRM401"] == [3 * i + 3 for i in range(1, 49)]
