"""Every rule, by one test: its fixtures both ways, its examples, its fix, its messages."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from paramlint.engine.catalogue import RULES
from paramlint.frontends.rule_testing import check_file, check_text, example, fixed_text, mismatches
from paramlint.rule import HEADINGS, Rule

FIXTURES = Path(__file__).parent.parent / "fixtures"
STATIC = [rule for rule in RULES if rule.triggers]
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
each_static_rule = pytest.mark.parametrize("rule", STATIC, ids=lambda rule: rule.code)


def module_of(rule: Rule) -> Path:
    """`registration/modules_in_plain_container` of the rule of that name."""
    check = next(
        iter(
            [f for checks in rule.node_checks.values() for f in checks]
            + [*rule.scope_checks, *rule.class_checks, *rule.questions, *rule.readings, *rule.verifiers, *rule.trainers]
        )
    )
    return Path(*check.__module__.split(".")[1:])


def fixtures(rule: Rule) -> list[Path]:
    found = sorted((FIXTURES / module_of(rule)).rglob("*.py"))
    return [path for path in found if not path.name.endswith(".fixed.py")]


@each_static_rule
@pytest.mark.parametrize(
    "reference", [False, pytest.param(True, marks=pytest.mark.heavy)], ids=["segments", "reference"]
)
def test_fixtures_are_reported_where_marked_and_nowhere_else(rule, reference):
    paths = fixtures(rule)
    assert any("# expect:" in path.read_text(encoding="utf-8") for path in paths), "a rule needs code that it reports"
    assert any("# expect:" not in path.read_text(encoding="utf-8") for path in paths), "and code that it does not"
    assert [problem for path in paths for problem in mismatches(path, [rule], reference=reference)] == []


@each_static_rule
def test_fixed_fixtures(rule):
    if rule.fix == "none":
        return
    pairs = [(p, p.with_name(p.stem + ".fixed.py")) for p in fixtures(rule)]
    pairs = [(path, fixed) for path, fixed in pairs if fixed.exists()]
    assert pairs, "a rule with a fix needs a fixture NAME.py with its NAME.fixed.py"
    for path, fixed in pairs:
        text = re.sub(r"[ \t]*# expect: .*", "", path.read_text(encoding="utf-8"))
        result = fixed_text(text, [rule], str(path))
        assert result == fixed.read_text(encoding="utf-8")
        ast.parse(result)
        assert result != text
        assert fixed_text(result, [rule], str(path)) == result, "a second run changes nothing"


@each_static_rule
def test_examples_of_the_documentation_are_true(rule):
    bad, good = example(rule, "Bad"), example(rule, "Good")
    assert {d.code for d in check_text(bad, [rule])} == {rule.code}
    assert check_text(good, [rule]) == []
    if rule.fix != "none":
        fixed = fixed_text(bad, [rule])
        assert fixed != bad
        assert check_text(fixed, [rule]) == []


@each_rule
def test_documentation_has_its_headings(rule):
    sections = rule.sections()
    assert len(rule.summary) <= 110 and rule.summary.endswith(".")
    assert "Leave it" in sections
    assert list(sections) == [
        "",
        *[h for h in ("Setup", "Bad", "Good", "Fix", "Leave it", "Source") if h in sections],
    ]
    assert set(sections) <= {"", *HEADINGS}
    if rule.triggers:
        assert {"Bad", "Good"} <= set(sections)
    if rule.fix != "none":
        assert sections["Fix"].strip().startswith(rule.fix)
    else:
        assert "Fix" not in sections


@each_static_rule
def test_messages_are_one_plain_line(rule):
    found = [d for path in fixtures(rule) for d in check_file(path, [rule])]
    for diagnostic in found:
        assert "`" in diagnostic.message, "names the user's own identifier"
        assert not re.search(r"^[A-Z]|[.!]$|\n|\byou\b", diagnostic.message), diagnostic.message
        if diagnostic.fix is not None:
            assert re.match(r"[A-Z][a-z]+\b.*[^.]$", diagnostic.fix.title), diagnostic.fix.title
            assert rule.fix != "none"
            assert (rule.fix, diagnostic.fix.applicability) != ("unsafe", "safe")


def test_codes_and_names_are_unique_and_sorted():
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(re.fullmatch(r"PRM\d{3}", rule.code) for rule in RULES)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name) for rule in RULES)


@each_rule
def test_a_rule_stands_in_the_file_of_its_name(rule):
    assert module_of(rule).name == rule.name.replace("-", "_")


def test_the_list_of_all_rules_says_what_their_files_say():
    script = Path(__file__).parent.parent / "scripts" / "list-rules"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_choosing_rules_imports_none_of_them():
    asked = (
        "import sys; from paramlint.engine.catalogue import select; n = select(['ALL']); "
        "print(len(n), *[name for name in sys.modules if name.startswith('paramlint_rules.') and name.count('.') == 2])"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True)
    assert done.stdout.split() == [str(len(RULES) + 1)], done.stderr


def test_every_rule_file_is_listed():
    root = Path(__file__).parent.parent / "rules" / "paramlint_rules"
    files = {p.relative_to(root).with_suffix("") for p in root.glob("*/*.py") if p.name != "__init__.py"}
    assert files == {module_of(rule) for rule in RULES}
