"""Rule packs: installed beside paramlint, named on the command line, and nowhere else."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys

import pytest

from paramlint.engine import catalogue, packs
from paramlint.frontends.cli import main

PACK = '''
"""Names that our reviewers do not like.

Good:
    self.blocks = nn.ModuleList()
"""
from paramlint import nodes
from paramlint.rule import Finding, Rule, Stores

rule = Rule("ACM001", "blocks-called-blocks", group="risk", doc=__doc__, triggers=(Stores("blocks"),))

@rule.static(nodes.Assign)
def check(node, scope):
    if scope.text(node.targets[0].target) == "self.blocks":
        yield Finding(node, "`self.blocks` is what everyone calls theirs")

RULES = (rule,)
'''
FOUND = "bad.py:8:9: ACM001 [risk] `self.blocks` is what everyone calls theirs"


def install(folder, text=PACK, name="acme", value="acme_rules:RULES", distribution="acme"):
    """Put a pack where a package manager would, into a folder on the path."""
    information = folder / f"{distribution}-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[paramlint.rules]\n{name} = {value}\n")
    (folder / f"{value.partition(':')[0]}.py").write_text(text)


@pytest.fixture
def paramlint(bad, tmp_path_factory, monkeypatch, capsys):
    """The command, in the folder of the file with a finding; it finds packs in another folder."""
    folder = tmp_path_factory.mktemp("installed")
    monkeypatch.syspath_prepend(folder)

    def forget():
        packs.rules.cache_clear()
        catalogue._with_packs.cache_clear()
        for name in ("acme_rules", "other_rules"):
            sys.modules.pop(name, None)

    def run(*arguments):
        importlib.invalidate_caches()
        code = main(list(arguments))
        captured = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, code, captured.out, captured.err)

    run.folder = folder
    forget()
    yield run
    packs.use(())
    forget()


def codes(done):
    return [found["code"] for found in json.loads(done.stdout)]


def test_its_rules_run_only_when_it_is_named(paramlint):
    install(paramlint.folder)
    assert codes(paramlint("check", "--output-format", "json")) == ["PRM401"]
    done = paramlint("check", "--pack", "acme", "--output-format", "json")
    assert codes(done) == ["ACM001", "PRM401"]
    assert codes(paramlint("check", "--output-format", "json")) == ["PRM401"]  # whatever is remembered


def test_its_rules_are_selected_like_any_other(paramlint, bad):
    install(paramlint.folder)
    for selected in ("ACM", "ACM001", "blocks-called-blocks"):
        done = paramlint("check", "--pack", "acme", "--select", selected, "--output-format", "concise", "-q")
        assert done.stdout == FOUND + "\n", done.stderr
    ignored = ("check", "--pack", "acme", "--output-format", "json", "--ignore", "ACM")
    done = paramlint(*ignored, "--select", "ACM001,PRM401")
    assert codes(done) == ["ACM001", "PRM401"]  # the more exact one wins
    done = paramlint(*ignored, "--select", "ALL")
    assert codes(done) == ["PRM401"]
    (bad.parent / "paramlint.toml").write_text('ignore = ["PRM4"]\n[per-file-ignores]\n"x.py" = ["ACM001"]\n')
    assert codes(paramlint("check", "--pack", "acme", "--output-format", "json")) == ["ACM001"]


def test_its_rules_are_explained_and_named_in_every_format(paramlint):
    install(paramlint.folder)
    assert "ACM001  blocks-called-blocks" in paramlint("rules", "--pack", "acme").stdout
    assert "do not like" in paramlint("rule", "--pack", "acme", "ACM001").stdout
    assert paramlint("rule", "ACM001").returncode == 2
    log = json.loads(paramlint("check", "--pack", "acme", "--output-format", "sarif").stdout)
    assert "ACM001" in [rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]]
    assert [r["level"] for r in log["runs"][0]["results"] if r["ruleId"] == "ACM001"] == ["warning"]


def test_a_comment_silences_them_and_is_reported_when_it_does_not(paramlint, bad):
    install(paramlint.folder)
    text = bad.read_text()
    bad.write_text(text.replace("8)]\n", "8)]  # noqa: PRM401, ACM001\n"))
    assert codes(paramlint("check", "--pack", "acme", "--output-format", "json")) == []
    bad.write_text(text.replace("import torch\n", "import torch  # noqa: ACM001\n", 1))
    assert codes(paramlint("check", "--pack", "acme", "--output-format", "json")) == ["PRM001", "ACM001", "PRM401"]
    assert codes(paramlint("check", "--output-format", "json")) == ["PRM401"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nowhere_at_all", "cannot be loaded: ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("", "cannot be loaded: AttributeError: module 'acme_rules' has no attribute 'RULES'"),
        ("RULES = 3", "is no list of rules, but of type int"),
        ("RULES = ['ACM001']", "holds something that is no rule, of type str"),
        (
            PACK.replace("from paramlint import nodes", "import libcst as nodes"),
            "cannot be loaded: TypeError: `libcst._nodes.statement.Assign` is no kind of node of `paramlint.nodes`",
        ),
        (PACK.replace("ACM001", "PRM901"), "has a rule 'PRM901'; codes are upper-case letters but PRM"),
        (PACK.replace("ACM001", "acm-1"), "has a rule 'acm-1'; codes are"),
        (PACK + "RULES = (rule, rule)", "rule pack 'acme' has a rule 'ACM001', and so has rule pack 'acme'"),
        (PACK.replace("blocks-called-blocks", "data-read"), "has a rule 'data-read', and so has paramlint"),
    ],
)
def test_what_is_no_pack_is_refused(paramlint, text, said):
    install(paramlint.folder, text)
    done = paramlint("check", "--pack", "acme")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_name_without_a_pack_and_with_two_is_refused(paramlint):
    assert "no rule pack called 'acne' is installed; there are none" in paramlint("check", "--pack", "acne").stderr
    install(paramlint.folder)
    assert "did you mean acme?" in paramlint("check", "--pack", "acne").stderr
    assert "there are acme" in paramlint("check", "--pack", "x").stderr
    install(paramlint.folder, value="other_rules:RULES", distribution="other")
    done = paramlint("check", "--pack", "acme")
    assert "several rule packs called 'acme' are installed: acme_rules:RULES, other_rules:RULES" in done.stderr
    assert done.returncode == 2


def test_the_checked_folder_brings_none(paramlint, bad, command):
    """Neither does its configuration name one, nor is one found in it."""
    install(bad.parent, "raise SystemExit(99)")
    done = command("check", "--pack", "acme")
    assert done.returncode == 2
    assert b"no rule pack called 'acme' is installed" in done.stderr
    (bad.parent / "paramlint.toml").write_text('pack = ["acme"]\n')
    done = paramlint("check")
    assert done.returncode == 2
    assert "paramlint.toml:1: `pack` is no setting" in done.stderr


def test_workers_have_them_too(paramlint):
    install(paramlint.folder)
    script = "import threading, paramlint.engine.parallel.processes as workers\n"
    script += "if __name__ == '__main__':\n  workers.SERIAL = 0\n  "
    command = (
        "from paramlint.frontends.cli import main\n  main('check --pack acme --output-format concise -j 2'.split())"
    )
    for start in ("", "threading.active_count = lambda: 2; "):  # as copies, and started anew
        environment = {**os.environ, "PYTHONPATH": str(paramlint.folder)}
        whole = [sys.executable, "-c", script + start + command]
        done = subprocess.run(whole, env=environment, capture_output=True, text=True, timeout=120)
        assert FOUND in done.stdout, done.stderr
