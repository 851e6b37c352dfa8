"""The skeleton of a rule: it passes what every rule has to pass, so whoever starts from it changes what works."""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from paramlint.frontends.rule_testing import check_text, example, fixed_text, mismatches

ROOT = Path(__file__).parent.parent


@pytest.fixture
def checkout(tmp_path):
    """A copy of the script and the rules."""
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "new-rule", tmp_path / "scripts")
    return tmp_path


def new_rule(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(checkout / "scripts" / "new-rule"), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_skeleton_passes_as_it_is(checkout):
    assert new_rule(checkout, "PRM499", "name-of-the-fault", "registration").returncode == 0
    rule = runpy.run_path(str(checkout / "rules/paramlint_rules/registration/name_of_the_fault.py"))["rule"]
    fixtures = checkout / "fixtures/registration/name_of_the_fault"
    for name in ("bad.py", "good.py"):
        assert mismatches(fixtures / name, [rule]) == []
    text = (fixtures / "bad.py").read_text().replace('  # expect: PRM499 "torch.wrong(1)"', "")
    assert fixed_text(text, [rule]) == (fixtures / "bad.fixed.py").read_text()
    bad, good = example(rule, "Bad"), example(rule, "Good")
    assert ([d.code for d in check_text(bad, [rule])], check_text(good, [rule])) == (["PRM499"], [])


def test_it_is_listed_in_the_order_of_the_codes(checkout):
    assert new_rule(checkout, "PRM499", "name-of-the-fault", "registration").returncode == 0
    script = "import paramlint_rules as r; print(*[rule.code for rule in r.RULES], r.__file__)"
    environment = {"PYTHONPATH": f"{checkout / 'rules'}:{':'.join(filter(None, sys.path))}"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    *codes, file = done.stdout.split()
    assert file.startswith(str(checkout)), done.stderr
    assert "PRM499" in codes and codes == sorted(codes)


@pytest.mark.parametrize(
    "arguments",
    [("PRM499",), ("499", "a-fault", "registration"), ("PRM499", "a-fault", "nowhere"), ("PRM401", "a", "ties")],
)
def test_what_cannot_be_is_refused(checkout, arguments):
    done = new_rule(checkout, *arguments)
    assert done.returncode == 2
    assert done.stderr
