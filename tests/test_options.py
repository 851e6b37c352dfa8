"""Options that choose what is fixed, what is silenced and what has changed; colour, counts and versions."""

from __future__ import annotations

import subprocess

import pytest

from paramlint.engine.filters.changed_rows import changed_rows
from paramlint.frontends.cli import main
from paramlint.frontends.cli.options.rule_names import complete

from .conftest import BAD, GOOD

EDITS = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = [nn.Linear(4, 4)]


def scale(net):
    net.fc.weight.data.mul_(0.5)
"""


ANOTHER = BAD.split("\n\n\n", 1)[1].replace("class ", "class Another").replace("blocks", "parts")


def run(capsys, *arguments):
    code = main(["check", "--no-cache", "--output-format", "concise", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def codes(out):
    return [line.split()[1] for line in out.splitlines() if " PRM" in line]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def git(*arguments):
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


class TestNoqa:
    def test_what_comments_silence_is_reported(self, folder, capsys):
        silenced = BAD.replace("]\n", "]  # noqa: PRM401\n", 1)
        (folder / "a.py").write_text(silenced)
        assert codes(run(capsys, "-q")[1]) == []
        assert codes(run(capsys, "-q", "--ignore-noqa")[1]) == ["PRM401"]

    def test_no_comment_silences_too_much_then(self, folder, capsys):
        (folder / "a.py").write_text(GOOD + "x = 1  # noqa: PRM401\n")
        assert codes(run(capsys, "-q", "--select", "PRM001,PRM401")[1]) == ["PRM001"]
        assert codes(run(capsys, "-q", "--select", "PRM001,PRM401", "--ignore-noqa")[1]) == []


class TestFixable:
    @pytest.mark.parametrize(
        ("options", "fixed"),
        [
            ((), {"PRM102", "PRM401"}),
            (("--fixable", "PRM4"), {"PRM401"}),
            (("--unfixable", "PRM401"), {"PRM102"}),
            (("--fixable", "ALL", "--unfixable", "PRM1"), {"PRM401"}),
        ],
    )
    def test_only_what_is_fixable_is_fixed(self, folder, capsys, options, fixed):
        (folder / "a.py").write_text(EDITS)
        before = set(codes(run(capsys, "-q", "--select", "PRM1,PRM401")[1]))
        arguments = ("-q", "--fix", "--unsafe-fixes", "--select", "PRM1,PRM401", *options)
        left = set(codes(run(capsys, *arguments)[1]))
        assert {code.replace("PRM101", "PRM102") for code in before - left} == fixed

    def test_settings_say_it_too(self, folder, capsys):
        (folder / "paramlint.toml").write_text('fixable = ["PRM1"]\nunfixable = ["PRM102"]\n')
        (folder / "a.py").write_text(BAD)
        run(capsys, "--fix", "--unsafe-fixes")
        assert (folder / "a.py").read_text() == BAD

    def test_an_unknown_rule_is_refused(self, folder, capsys):
        code, _, err = run(capsys, "--fixable", "PRM999")
        assert code == 2 and "PRM999" in err

    def test_what_was_fixed_is_said(self, folder, capsys):
        (folder / "a.py").write_text(BAD)
        _, out, _ = run(capsys, "--fix", "--unsafe-fixes", "--show-fixes")
        assert "fixed in a.py:\n    1 x PRM401 (modules-in-plain-container)\n" in out


class TestPerFileIgnores:
    def test_a_rule_is_left_out_in_some_files(self, folder, capsys):
        for name in ("a.py", "b.py"):
            (folder / name).write_text(BAD)
        _, out, _ = run(capsys, "-q", "--per-file-ignores", "a*.py:PRM4,c.py:PRM1")
        assert [line.split(":")[0] for line in out.splitlines()] == ["b.py"]

    @pytest.mark.parametrize("given", ["a.py", "a.py:", ":PRM4", "a.py:PRM999", "a\\:PRM4"])
    def test_what_is_none_is_refused(self, folder, capsys, given):
        (folder / "a.py").write_text(BAD)
        assert run(capsys, "--per-file-ignores", given)[0] == 2


class TestDiffBase:
    @pytest.fixture
    def repository(self, folder):
        git("init", "-q", "-b", "main")
        (folder / "a.py").write_text(BAD)
        (folder / "b.py").write_text(BAD)
        git("add", ".")
        git("commit", "-q", "-m", "first")
        return folder

    def test_nothing_has_changed(self, repository, capsys):
        assert run(capsys, "--diff-base", "main")[:2] == (0, "no findings, 0 files checked\n")

    def test_only_rows_that_changed(self, repository, capsys):
        second = BAD.replace("import", "# a comment\nimport", 1)
        (repository / "a.py").write_text(second + "\n\n" + ANOTHER)
        _, out, _ = run(capsys, "-q")
        everything = [line for line in out.splitlines() if line.startswith("a.py")]
        _, out, _ = run(capsys, "-q", "--diff-base", "HEAD")
        assert len(everything) == 2 and out.splitlines() == everything[1:]

    def test_a_new_and_a_renamed_file(self, repository, capsys):
        (repository / "new.py").write_text(BAD)
        git("mv", "a.py", "c.py")
        git("commit", "-q", "-m", "second")
        (repository / "c.py").write_text("# a comment\n" + BAD)
        _, out, _ = run(capsys, "-q", "--diff-base", "HEAD~1")
        assert [line.split(":")[0] for line in out.splitlines()] == ["new.py"]

    def test_where_branches_have_parted(self, repository, capsys):
        git("checkout", "-q", "-b", "topic")
        git("checkout", "-q", "main")
        (repository / "a.py").write_text(GOOD)
        git("commit", "-q", "-am", "mended")
        git("checkout", "-q", "topic")
        assert run(capsys, "-q", "--diff-base", "main")[1].startswith("a.py")
        assert run(capsys, "-q", "--diff-base", "main...")[1] == ""

    def test_only_what_has_changed_is_fixed(self, repository, capsys):
        (repository / "a.py").write_text(BAD + "\n\n" + ANOTHER)
        run(capsys, "--fix", "--unsafe-fixes", "--diff-base", "HEAD")
        text = (repository / "a.py").read_text()
        assert text.startswith(BAD) and text.count("ModuleList") == 1
        assert (repository / "b.py").read_text() == BAD

    @pytest.mark.parametrize("name", ["gone", "--output=x", "main..."])
    def test_no_such_revision(self, repository, capsys, name):
        if name == "main...":
            git("checkout", "-q", "--orphan", "alone")
        code, _, err = run(capsys, f"--diff-base={name}")
        assert code == 2 and ("revision" in err or "in common" in err)
        assert not (repository / "x").exists()

    def test_no_repository(self, folder, capsys, monkeypatch):
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(folder.parent))
        code, _, err = run(capsys, "--diff-base", "main")
        assert code == 2 and "no git repository" in err

    def test_rows_far_apart(self):
        old = [str(number) for number in range(100)]
        new = [*old[:10], "x", *old[10:50], *old[60:99], "y"]
        assert changed_rows(old, new) == {11, 91}
        assert changed_rows([], ["a", "b"]) == {1, 2}
        assert changed_rows(["a"], []) == set()

    def test_the_revision_is_read_once(self, repository, capsys, monkeypatch):
        from paramlint.source.versions import changed_files

        opened = []
        whole = changed_files.ChangedFiles.__init__
        monkeypatch.setattr(changed_files.ChangedFiles, "__init__", lambda *given: opened.append(1) or whole(*given))
        (repository / "a.py").write_text("# a comment\n" + BAD)
        run(capsys, "-q", "--diff-base", "HEAD")
        assert len(opened) == 1


class TestOutput:
    def test_the_number_comes_last(self, folder, capsys):
        (folder / "a.py").write_text(BAD)
        code, out, _ = run(capsys, "--count")
        assert code == 1 and out.endswith("\n1\n")
        code, out, err = run(capsys, "--count", "--output-format", "json")
        assert err.endswith("1\n") and out.rstrip().endswith(("]", "}"))

    @pytest.mark.parametrize(
        ("environment", "options", "is_colored"),
        [
            ({}, (), False),
            ({}, ("--color", "always"), True),
            ({"NO_COLOR": "1"}, ("--color", "always"), True),
            ({"CLICOLOR_FORCE": "1"}, (), True),
            ({"CLICOLOR_FORCE": "0"}, (), False),
            ({"CLICOLOR_FORCE": "1"}, ("--color", "never"), False),
            ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, (), False),
        ],
    )
    def test_colour(self, folder, capsys, monkeypatch, environment, options, is_colored):
        for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        (folder / "a.py").write_text(BAD)
        assert ("\x1b[" in run(capsys, *options)[1]) == is_colored
        main(["show", "a.py", *options])
        assert ("\x1b[" in capsys.readouterr().out) == is_colored

    def test_help_has_sections_and_examples(self, capsys):
        for command in ("check", "verify"):
            main([command, "--help"])
            out = capsys.readouterr().out
            assert out.index("\nOutput:\n") < out.index("\nOther options:\n") < out.index("\nExamples:\n")
            assert out.count(f"  paramlint {command} ") >= 2

    def test_rules_are_completed(self):
        found = [item.value for item in complete(None, None, "PRM1,prm40")]
        assert found[:2] == ["PRM1,PRM401", "PRM1,PRM402"]
        assert "bug" in [item.value for item in complete(None, None, "b")]


class TestSettings:
    def test_jobs_and_more_to_exclude(self, folder, capsys):
        (folder / "paramlint.toml").write_text('jobs = 1\nexclude = ["a.py"]\nextend-exclude = ["b.py"]\n')
        for name in ("a.py", "b.py", "c.py"):
            (folder / name).write_text(BAD)
        assert [line.split(":")[0] for line in run(capsys, "-q")[1].splitlines()] == ["c.py"]
        (folder / "paramlint.toml").write_text("jobs = 0\n")
        assert run(capsys)[0] == 2

    @pytest.mark.parametrize(("wanted", "code"), [(">=0.0.1", 0), ("0.0.1", 2), (">=99,<100", 2), ("newest", 2)])
    def test_required_version(self, folder, capsys, wanted, code):
        (folder / "paramlint.toml").write_text(f'required-version = "{wanted}"\n')
        assert run(capsys)[0] == code
