"""The page of defects is what its data says, and running them again tells when one does not hold any more."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

import paramlint

from .conftest import BAD

ROOT = Path(__file__).parents[1]
ENTRY = """
[[defect]]
library = "wrong"
version = "1.0"
title = "Layers that nobody trains"
text = "They are in a list."
fix = "A module list."
check = '''
{line}
'''

[[defect.proof]]
code = '''
import not_installed.anywhere
from wrong.bad import Net

@not_installed.anywhere.decorator
def count(block):
    return len(list(block.parameters()))

print(count(Net()))
'''
prints = "0"

[[defect.proof]]
rows = "wrong/bad.py:1-1"
digest = "{first}"
"""


@pytest.fixture
def found(monkeypatch):
    spec = importlib.util.spec_from_file_location("benchmark_of_defects", ROOT / "benchmarks" / "found.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def library(tmp_path):
    """A library that was downloaded already, whose package cannot be imported whole."""
    folder = tmp_path / "wrong-1.0" / "wrong"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise ImportError('much more is needed')\n")
    (folder / "bad.py").write_text("import missing\n" + BAD)
    return tmp_path


@pytest.fixture
def defects(found, tmp_path):
    def written(line, first="import missing"):
        (tmp_path / "registration.toml").write_text(ENTRY.format(line=line, first=found.digest(first)))
        return found.read(tmp_path)

    return written


def test_the_page_is_written_from_the_data(found):
    page = (ROOT / "docs" / "found.md").read_text(encoding="utf-8")
    ran = page.partition("$ python benchmarks/found.py run\n")[2].partition("\n```\n")[0]
    assert found.page(found.read(), ran) == page


def test_each_entry_says_what_a_maintainer_needs(found):
    for defect in found.read():
        assert defect.text and defect.proofs and (defect.check or defect.verify), defect.title
        assert not defect.check or len(defect.files) > 0, defect.title


def test_a_defect_that_holds_is_found_and_shown(found, library, defects):
    (defect,) = defects("wrong/bad.py:9:9: PRM401 [bug] `self.blocks` is a plain list, so its modules are not trained")
    assert list(found.rerun([defect], library)) == [("wrong", "Layers that nobody trains", "yes", "-", "yes")]


def test_a_defect_that_is_gone_is_neither(found, library, defects):
    (defect,) = defects("wrong/bad.py:1:1: PRM401 [bug] elsewhere", first="import something")
    assert list(found.rerun([defect], library)) == [("wrong", "Layers that nobody trains", "no", "-", "no")]


def test_recipes_are_reported_as_they_say():
    recipes = ROOT / "benchmarks" / "found" / "recipes.md"
    said = re.findall(r"^(PRM\d+) [a-z-]+$", recipes.read_text(encoding="utf-8"), re.MULTILINE)
    found = paramlint.check([recipes], isolated=True)
    assert [finding.code for finding in found if finding.code != "PRM101"] == said
