"""Parsing only what triggers nominate gives the same findings as parsing everything and asking every rule."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from paramlint.engine.catalogue import RULES
from paramlint.engine.check_file import check_path
from paramlint.engine.nominate import Nominator
from paramlint.facts import Project
from paramlint.syntax.large_stack import with_large_stack

FIXTURES = Path(__file__).parent.parent / "fixtures"
CORPUS = Path(os.environ.get("PARAMLINT_CORPUS", Path(__file__).parent.parent.parent / ".corpus"))
PACKAGES = ["d2l-1.0.3", "vit-pytorch-1.26.11", "x-transformers-2.31.10"]


def differences(paths: list[Path]) -> list[str]:
    nominator, project, other = Nominator(RULES), Project(), Project()
    found = []
    for path in paths:
        cascade = check_path(str(path), nominator, project).diagnostics
        reference = check_path(str(path), nominator, other, reference=True).diagnostics
        found += [f"only by segments: {d}" for d in cascade if d not in reference]
        found += [f"only by reference: {d}" for d in reference if d not in cascade]
    return found


@pytest.mark.heavy
def test_on_the_fixtures():
    assert with_large_stack(lambda: differences(sorted(FIXTURES.rglob("*.py")))) == []


@pytest.mark.heavy
@pytest.mark.parametrize("part", ["nn/modules", "optim", "nn/utils"])
def test_on_torch(part):
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        pytest.skip("torch is not installed")
    paths = sorted((Path(spec.origin).parent / part).glob("*.py"))
    assert paths
    assert with_large_stack(lambda: differences(paths)) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_on_a_package(package):
    if not (CORPUS / package).is_dir():
        pytest.skip(f"no {package} under {CORPUS}; set PARAMLINT_CORPUS to a folder of unpacked packages")
    assert with_large_stack(lambda: differences(sorted((CORPUS / package).rglob("*.py")))) == []
