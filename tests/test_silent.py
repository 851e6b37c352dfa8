"""Real-shaped code that no default rule may report, and strange code that must not crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from paramlint.engine.catalogue import RULES, select
from paramlint.frontends.rule_testing import check_file

FIXTURES = Path(__file__).parent.parent / "fixtures"


@pytest.mark.parametrize("path", sorted((FIXTURES / "silent").rglob("*.py")), ids=lambda p: p.stem)
def test_silent(path):
    assert check_file(path, select()) == []


@pytest.mark.parametrize("path", sorted((FIXTURES / "strange").rglob("*.py")), ids=lambda p: p.name)
def test_strange_code_does_not_crash(path):
    for reference in (False, True):
        assert not [d for d in check_file(path, RULES, reference=reference) if d.code == "PRM005"]
