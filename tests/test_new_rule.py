"""The skeleton of a rule: it passes what every rule has to pass, so whoever starts from it changes what works."""

from __future__ import annotations

import ast
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from paramlint.frontends.rule_testing import check_text, example, fixed_text, mismatches
from paramlint.rule import Rule, Trigger

LISTS = ("linter/paramlint/engine/catalogue.py", "linter/paramlint/frontends/flake8.py")
DETECTORS = ("static", "static_scope", "static_class", "question", "runtime", "refutes")
ROOT = Path(__file__).parent.parent


@pytest.fixture
def checkout(tmp_path):
    """A copy of the script, the rules, and the files that list those on trial."""
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    for name in LISTS:
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "scripts").mkdir()
    for name in ("new-rule", "list-rules"):
        shutil.copy(ROOT / "scripts" / name, tmp_path / "scripts")
    return tmp_path


def new_rule(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(checkout / "scripts" / "new-rule"), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def skeleton(checkout: Path, *arguments: str) -> tuple[Rule, Path]:
    """The rule that is written, found as its fixtures say, and their folder."""
    assert new_rule(checkout, *arguments).returncode == 0
    rule = runpy.run_path(str(checkout / "rules/paramlint_rules/registration/name_of_the_fault.py"))["rule"]
    fixtures = checkout / "fixtures/registration/name_of_the_fault"
    for name in ("bad.py", "good.py"):
        assert mismatches(fixtures / name, [rule]) == []
    return rule, fixtures


def test_the_skeleton_passes_as_it_is(checkout):
    rule, fixtures = skeleton(checkout, "PRM499", "name-of-the-fault", "registration")
    text = (fixtures / "bad.py").read_text().replace('  # expect: PRM499 "torch.wrong(1)"', "")
    assert fixed_text(text, [rule]) == (fixtures / "bad.fixed.py").read_text()
    bad, good = example(rule, "Bad"), example(rule, "Good")
    assert ([d.code for d in check_text(bad, [rule])], check_text(good, [rule])) == (["PRM499"], [])


def test_the_skeleton_of_a_rule_that_asks_the_model_passes_as_it_is(checkout):
    rule, fixtures = skeleton(checkout, "--model", "PRM499", "name-of-the-fault", "registration")
    assert rule.questions and rule.fix == "none" and not (fixtures / "bad.fixed.py").exists()
    bad, good = example(rule, "Bad"), example(rule, "Good")
    assert ([d.code for d in check_text(bad, [rule])], check_text(good, [rule])) == (["PRM499"], [])


@pytest.mark.parametrize("kind", [(), ("--model",)])
def test_a_skeleton_says_which_detectors_there_are(checkout, kind):
    assert new_rule(checkout, *kind, "PRM499", "name-of-the-fault", "registration").returncode == 0
    text = (checkout / "rules/paramlint_rules/registration/name_of_the_fault.py").read_text()
    wanted = DETECTORS if not kind else ("question",)
    assert [name for name in wanted if f"@rule.{name}" not in text] == []
    triggers = {trigger.__name__ for trigger in get_args(Trigger)} - {"Asks"}
    assert [name for name in triggers if f"{name}(" not in text] == ([] if not kind else list(triggers))


def test_it_is_listed_in_the_order_of_the_codes(checkout):
    assert new_rule(checkout, "PRM499", "name-of-the-fault", "registration").returncode == 0
    script = "import paramlint_rules as r; print(*[rule.code for rule in r.RULES], r.__file__)"
    environment = {"PYTHONPATH": f"{checkout / 'rules'}:{':'.join(filter(None, sys.path))}"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    *codes, file = done.stdout.split()
    assert file.startswith(str(checkout)), done.stderr
    assert "PRM499" in codes and codes == sorted(codes)


@pytest.mark.parametrize("name", LISTS)
def test_it_is_on_trial_everywhere(checkout, name):
    assert new_rule(checkout, "PRM499", "name-of-the-fault", "registration").returncode == 0
    before, after = (ast.parse((root / name).read_text()).body for root in (ROOT, checkout))
    value = {getattr(node.target, "id", ""): node.value for node in after if isinstance(node, ast.AnnAssign)}["PREVIEW"]
    codes = list(ast.literal_eval(value))
    assert "PRM499" in codes and codes == sorted(codes) and len(before) == len(after)


@pytest.mark.parametrize(
    "arguments",
    [
        ("PRM499",),
        ("--model", "PRM499", "a-fault"),
        ("499", "a-fault", "registration"),
        ("PRM499", "a-fault", "nowhere"),
        ("PRM401", "a", "ties"),
    ],
)
def test_what_cannot_be_is_refused(checkout, arguments):
    done = new_rule(checkout, *arguments)
    assert done.returncode == 2
    assert done.stderr
