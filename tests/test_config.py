"""Configuration is found, combined, checked, and is data only."""

from __future__ import annotations

import json

import pytest

from paramlint.frontends.cli import main

from .conftest import BAD, GOOD


@pytest.fixture
def project(bad):
    """The folder of one finding, at the root of a repository."""
    (bad.parent / ".git").mkdir()
    return bad.parent


def check(capsys, *arguments):
    code = main(["check", "--output-format", "concise", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def pyproject(folder, text):
    (folder / "pyproject.toml").write_text(f'[project]\nname = "x"\n\n[tool.paramlint]\n{text}\n')


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", 1),
        ('ignore = ["PRM401"]', 0),
        ('ignore = ["modules-in-plain-container"]', 0),
        ('select = ["PRM1"]', 0),
        ('select = ["PRM1"]\nextend-select = ["PRM4"]', 1),
        ('exclude = ["bad.py"]', 0),
        ('exclude = ["*.py", "!bad.py"]', 1),
        ('per-file-ignores = {"b*.py" = ["PRM4"]}', 0),
        ('[tool.paramlint.per-file-ignores]\n"src/**" = ["PRM4"]', 1),
        ('[tool.paramlint.verify]\ncontract = "parameters.toml"\nlaws = {"*.weight" = "normal(std=0.02)"}', 1),
    ],
)
def test_settings(project, capsys, text, code):
    pyproject(project, text)
    assert check(capsys)[0] == code
    assert check(capsys, "--isolated")[0] == 1


def test_format_and_fixes(project, capsys):
    pyproject(project, 'output-format = "json"\nfix = true\nunsafe-fixes = true')
    assert main(["check"]) == 1
    assert len(json.loads(capsys.readouterr().out)) == 1
    assert (project / "bad.py").read_text() == BAD  # a folder does not say that it is written to
    assert main(["check", "--fix"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert (project / "bad.py").read_text() == GOOD
    (project / "bad.py").write_text(BAD)
    assert main(["check", "--fix", "--no-unsafe-fixes", "--output-format", "concise"]) == 1
    assert capsys.readouterr().out.startswith("bad.py:8:9: PRM401")
    assert main(["check", "--no-fix"]) == 1
    assert (project / "bad.py").read_text() == BAD


def test_the_command_line_wins(project, capsys):
    pyproject(project, 'ignore = ["PRM401"]')
    assert check(capsys, "--select", "PRM4")[0] == 1
    assert check(capsys, "--extend-select", "PRM401")[0] == 1
    assert check(capsys, "--extend-select", "PRM401", "--ignore", "PRM401")[0] == 0
    pyproject(project, 'select = ["PRM401"]')
    assert check(capsys, "--ignore", "PRM4")[0] == 0
    assert check(capsys, "--ignore", "PRM401")[0] == 0


def test_the_nearest_file_wins_and_one_without_a_table_does_not_count(project, capsys, monkeypatch):
    pyproject(project, 'ignore = ["PRM401"]')
    inner = project / "inner"
    inner.mkdir()
    (inner / "bad.py").write_text(BAD)
    (inner / "pyproject.toml").write_text('[project]\nname = "paramlint-user"\n')
    assert check(capsys, "inner")[0] == 0
    (inner / "paramlint.toml").write_text("")
    assert check(capsys, "inner")[0] == 1
    assert check(capsys, "inner/bad.py")[0] == 1
    assert check(capsys, "inner/bad.py", "bad.py")[1].count("PRM401") == 1  # each by its own
    (inner / "paramlint.toml").unlink()
    (inner / ".git").mkdir()  # a repository of its own
    assert check(capsys, "inner")[0] == 1


def test_extend_adds_up_and_replaces(project, capsys):
    (project / "base.toml").write_text('ignore = ["PRM4"]\nexclude = ["gone.py"]\noutput-format = "json"\n')
    (project / "gone.py").write_text(BAD)
    pyproject(project, 'extend = "base.toml"')
    assert check(capsys)[0] == 0
    pyproject(project, 'extend = "base.toml"\nselect = ["PRM401"]')
    code, out, _ = check(capsys, "-q")
    assert (code, out.count("\n")) == (1, 1)
    assert main(["check"]) == 1
    assert json.loads(capsys.readouterr().out)[0]["code"] == "PRM401"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("selct = []", "pyproject.toml:5: `selct` is no setting; did you mean `select`?"),
        ("extend_select = []", "pyproject.toml:5: `extend_select` is no setting; did you mean `extend-select`?"),
        ("\n[tool.paramlint.rules]\nx = 1", "pyproject.toml:6: `rules` is no setting; "),
        ('fix = true\nselect = "PRM4"', "pyproject.toml:6: `select`: expected a list, got a text"),
        (
            'output-format = "sarfi"',
            "pyproject.toml:5: `output-format`: invalid enum value 'sarfi'; did you mean `sarif`?",
        ),
        ("fix = 1", "pyproject.toml:5: `fix`: expected "),
        ('ignore = [\n  "PRM4",\n  "PRM9x",\n]', "pyproject.toml:7: no rule is called 'PRM9x'"),
        (
            '[tool.paramlint.per-file-ignores]\n"x.py" = ["moduls-in-plain-container"]',
            "pyproject.toml:6: no rule is called 'moduls-in-plain-container'; did you mean modules-in-plain-container?",
        ),
        (
            "[tool.paramlint.verify]\ntimout = 3",
            "pyproject.toml:6: `timout` is no setting; did you mean `timeout`?",
        ),
        ('[tool.paramlint.verify]\ntimeout = "3"', "pyproject.toml:6: `timeout`: expected a number, got a text"),
        (
            '[tool.paramlint.verify]\npreset = "mta"',
            "pyproject.toml:6: `preset`: invalid enum value 'mta'; did you mean ",
        ),
        ("verify = 3", "pyproject.toml:5: expected a table, got a whole number"),
        (
            'exclude = ["a",\n "[z-a]"]',
            "pyproject.toml:6: `[z-a]` is no pattern: `z-a` is a range without a character",
        ),
        ('exclude = ["a\\\\"]', "is no pattern: it ends with a lone backslash"),
        ('per-file-ignores = {"[a" = ["PRM4"]}', "pyproject.toml:5: `[a` is no pattern: a bracket is not closed"),
        ('exclude = ["a\\u0000"]', "is no pattern: it holds a null character"),
        ("select = [", "is not valid TOML"),
        ("select = " + "[" * 5000, "is not valid TOML: it is nested too deeply"),
        ("select = " + "9" * 5000, "is not valid TOML"),
        ('extend = "nowhere.toml"', "pyproject.toml:5: `extend` names no file: nowhere.toml"),
        ('extend = "pyproject.toml"', "pyproject.toml:5: `extend` leads back to this file"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(project, capsys, text, said):
    pyproject(project, text)
    code, out, err = check(capsys)
    assert (code, out) == (2, "")
    assert said in err
    assert check(capsys, "--isolated")[0] == 1


@pytest.mark.parametrize(
    ("header", "wrong"),
    [
        ("[tool.parmlint]", "[tool.parmlint]"),
        ("[tool.Paramlint]", "[tool.Paramlint]"),
        ("[tool.param-lint]", "[tool.param-lint]"),
        ("[tool.paramlnt.per-file-ignores]", "[tool.paramlnt]"),
        ("[paramlint]", "[paramlint]"),
        ("[tool.pylint]", None),
        ("[tool.paramspider]", None),
        ("[tool.paramlint]", None),
    ],
)
def test_a_misspelt_table_is_said(project, capsys, header, wrong):
    (project / "pyproject.toml").write_text(f"[project]\nname = 'x'\n\n{header}\n")
    code, _, err = check(capsys)
    if wrong is None:
        assert code == 1
    else:
        assert code == 2
        assert f"pyproject.toml:4: `{wrong}` is read by nobody; did you mean `[tool.paramlint]`?" in err


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_that_windows_wrote_is_read_or_refused(project, capsys, encoding):
    (project / "pyproject.toml").write_text('[tool.paramlint]\nignore = ["PRM401"]\n', encoding=encoding)
    code, _, err = check(capsys)
    assert (code, err) == (
        (0, "") if encoding == "utf-8-sig" else (2, "Error: pyproject.toml:1: is not valid UTF-8: invalid start byte\n")
    )


@pytest.mark.parametrize(
    ("name", "header"),
    [("paramlint.toml", "tool.paramlint"), ("paramlint.toml", "paramlint"), ("other.toml", "paramlint")],
)
def test_settings_of_a_file_of_our_own_stand_without_a_table(project, capsys, name, header):
    (project / name).write_text(f'# ours\n[{header}]\nignore = ["PRM401"]\n')
    code, _, err = check(capsys, *(("--config", name) if name == "other.toml" else ()))
    assert code == 2
    assert f"{name}:2: the settings stand without a table here; `[tool.paramlint]` is for pyproject.toml" in err


def test_a_given_file(project, capsys):
    (project / "other.toml").write_text('ignore = ["PRM401"]\n')
    assert check(capsys, "--config", "other.toml")[0] == 0
    code, _, err = check(capsys, "--config", "missing.toml")
    assert code == 2
    assert "missing.toml:1: cannot be read: No such file or directory" in err
    assert check(capsys, "--config", "other.toml", "--isolated")[0] == 2


def test_standard_input_uses_the_configuration_of_its_name(project, command):
    (project / "sub").mkdir()
    (project / "sub" / "paramlint.toml").write_text('ignore = ["PRM401"]\n')
    assert command("check", "-", input=BAD.encode()).returncode == 1
    assert command("check", "-", "--stdin-filename", "sub/x.py", input=BAD.encode()).returncode == 0


def test_ignored_rules_are_not_fixed(project, capsys):
    pyproject(project, 'per-file-ignores = {"bad.py" = ["PRM401"]}')
    assert check(capsys, "--fix", "--unsafe-fixes")[0] == 0
    assert (project / "bad.py").read_text() == BAD


@pytest.fixture
def nested(project):
    """A project that is silent, and a folder in it with settings of its own, and a folder in that."""
    pyproject(project, 'ignore = ["PRM4"]\nbaseline = "known.json"\n')
    (project / "known.json").write_text('{"version": 1, "findings": []}')
    (project / "lib" / "deep").mkdir(parents=True)
    (project / "lib" / "paramlint.toml").write_text("")
    for folder in ("lib", "lib/deep"):
        (project / folder / "bad.py").write_text(BAD)
    return project


def test_the_nearest_file_counts_for_each_file(nested, capsys):
    code, out, _ = check(capsys, "-q")
    assert (code, [line.split(":")[0] for line in out.splitlines()]) == (1, ["lib/bad.py", "lib/deep/bad.py"])
    assert check(capsys, "-q") == (code, out, "")  # from the cache
    (nested / "lib" / "deep" / "pyproject.toml").write_text("[tool.paramlint]\nignore = ['bug']\n")
    assert [line.split(":")[0] for line in check(capsys, "-q")[1].splitlines()] == ["lib/bad.py"]
    assert check(capsys, "-q", "--select", "PRM401")[1].count("PRM401") == 3
    err = check(capsys, "-v")[2]
    assert "lib/paramlint.toml, for 1 file\n" in err


def test_a_nested_file_excludes_includes_and_ignores_beneath_itself(nested, capsys):
    (nested / "lib" / "page.md").write_text(f"```python\n{BAD}```\n")
    (nested / "page.md").write_text(f"```python\n{BAD}```\n")
    (nested / "lib" / "paramlint.toml").write_text(
        'exclude = ["deep"]\nextension = [".md"]\n[per-file-ignores]\n"bad.py" = ["bug"]\n'
    )
    code, out, _ = check(capsys, "-q")
    assert (code, out.count("\n")) == (1, 1)
    assert out.startswith("lib/page.md:9:9: PRM401")


def test_a_nested_file_is_not_read_where_one_is_named_or_none_wanted(nested, capsys):
    assert check(capsys, "-q", "--isolated")[1].count("PRM401") == 3
    (nested / "one.toml").write_text('ignore = ["PRM4"]\n')
    assert check(capsys, "-q", "--config", "one.toml")[:2] == (0, "")
    assert check(capsys, "-q", "--config", "pyproject.toml")[:2] == (0, "")


def test_what_is_wrong_in_a_nested_file_is_refused_with_its_place(nested, capsys):
    for text, said in (
        ("ignor = []\n", "lib/paramlint.toml:1: `ignor` is no setting"),
        ('\nselect = ["PRM999"]\n', "lib/paramlint.toml:2: no rule is called 'PRM999'"),
        (
            'extension = ["docx"]\n',
            "lib/paramlint.toml:1: `docx` is no kind of document that is checked; there are",
        ),
    ):
        (nested / "lib" / "paramlint.toml").write_text(text)
        code, _, err = check(capsys)
        assert code == 2
        assert said in err


def test_fixes_and_the_baseline_are_the_projects(nested, capsys):
    assert main(["check", "--write-baseline"]) == 0
    assert "2 findings written" in capsys.readouterr().err
    assert check(capsys, "-q")[0] == 0
    (nested / "known.json").write_text('{"version": 1, "findings": []}')
    assert main(["check", "-q", "--fix", "--unsafe-fixes"]) == 0
    assert [(nested / name).read_text() for name in ("bad.py", "lib/bad.py", "lib/deep/bad.py")] == [BAD, GOOD, GOOD]
