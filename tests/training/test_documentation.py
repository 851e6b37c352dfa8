"""What the documentation of watching shows is what happens: the page, and the rules that only a run can show."""

from __future__ import annotations

import contextlib
import io
import re
import textwrap
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn

import paramlint
from paramlint.engine.catalogue import RULES

PAGE = (Path(__file__).parent.parent.parent / "docs" / "training.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```", PAGE, re.S | re.M)
ONLY_RUNS = [rule for rule in RULES if rule.trainers and not rule.triggers and not rule.verifiers]


def test_each_example_has_its_output():
    assert len(EXAMPLES) == PAGE.count("```python")


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_examples(number, tmp_path, monkeypatch):
    code, output = EXAMPLES[number]
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(code, "training.md", "exec"), {"__name__": "example"})
    assert printed.getvalue() == output


def test_each_code_of_the_page_is_that_of_a_rule_for_runs():
    runs = {rule.code for rule in RULES if rule.trainers} | {"PRM302"}
    assert set(re.findall(r"PRM\d{3}", PAGE)) == runs


def run(rule, heading):
    names = {"torch": torch, "nn": nn, "paramlint": paramlint}
    sections = rule.sections()
    code = "".join(textwrap.dedent(sections[part]) + "\n" for part in ("Setup", heading))
    exec(compile(code, f"{rule.code}.py", "exec"), names)
    return {finding.code for finding in names["watched"].findings}


@pytest.mark.parametrize("rule", ONLY_RUNS, ids=lambda rule: rule.code)
def test_examples_of_rules(rule):
    assert run(rule, "Bad") == {rule.code}
    assert run(rule, "Good") == set()


def test_rules_that_only_a_run_shows():
    codes = {rule.code for rule in ONLY_RUNS}
    assert codes == {"PRM715", "PRM718", "PRM719", "PRM720", "PRM725", "PRM726"}
