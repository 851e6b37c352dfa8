"""What people read: bugs first, little of what is alike, and all of it where they ask for it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from paramlint.frontends.cli import main

from .conftest import BAD, GOOD

#: A function whose edits are risks: two next to each other, one apart.
RISKS = """\
import torch
from torch import nn


def reset{0}(net: nn.Linear):
    net.weight.data.mul_(2)
    net.bias.data.mul_(2)
    print(net)
    net.bias.data[0] = 1
"""


def check(capsys, *arguments):
    code = main(["check", "--no-cache", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def both(bad):
    """A file with three risks, and one behind it with a bug."""
    (bad.parent / "a.py").write_text(RISKS.format(""))
    return bad.parent


@pytest.fixture
def many(bad):
    """Twenty functions with three risks each, and a bug in the last file."""
    bad.unlink()
    for number in range(20):
        (bad.parent / f"a{number:02}.py").write_text(RISKS.format(number))
    (bad.parent / "z.py").write_text(BAD)
    return bad.parent


def test_bugs_come_first_and_like_risks_of_a_function_are_one(both, capsys):
    assert (
        check(capsys)[1]
        == """\
bad.py:8:9: PRM401 [bug] `self.blocks` is a plain list, so its modules are not trained
  |
7 |         super().__init__()
8 |         self.blocks = [nn.Linear(8, 8)]
  |         ^^^^^^^^^^^
help: Wrap the list in `nn.ModuleList` (--fix --unsafe-fixes)
   8 -         self.blocks = [nn.Linear(8, 8)]
   8 +         self.blocks = nn.ModuleList([nn.Linear(8, 8)])

a.py:6:5: PRM101 [risk] `net.weight.data` is edited in place, which autograd and its version counter do not see
  |
5 | def reset(net: nn.Linear):
6 |     net.weight.data.mul_(2)
  |     ^^^^^^^^^^^^^^^
7 |     net.bias.data.mul_(2)
also: row 7 `net.bias.data`, row 9 `net.bias.data`
help: Edit the parameter under `torch.no_grad()` (--fix)
   6 -     net.weight.data.mul_(2)
   7 -     net.bias.data.mul_(2)
   6 +     with torch.no_grad():
   7 +         net.weight.mul_(2)
   8 +         net.bias.mul_(2)
   9 -     net.bias.data[0] = 1
   9 +     with torch.no_grad():
  10 +         net.bias[0] = 1

4 findings in 2 files (1 bug, 3 risks), 2 files checked
3 fixable with --fix
1 fixable with --fix --unsafe-fixes, which may change what the model computes or saves
"""
    )


def test_the_one_fix_is_what_is_written(both, capsys):
    shown = check(capsys)[1]
    main(["check", "--fix", "-q"])
    rows = (both / "a.py").read_text().splitlines()
    assert all(f"+ {row}" in shown for row in rows[5:8])
    assert rows[5:] == [
        "    with torch.no_grad():",
        "        net.weight.mul_(2)",
        "        net.bias.mul_(2)",
        "    print(net)",
        "    with torch.no_grad():",
        "        net.bias[0] = 1",
    ]


def test_risks_of_two_functions_and_bugs_of_one_stand_apart(bad, capsys):
    bad.write_text(BAD + "        self.heads = [nn.Linear(8, 8)]\n")
    (bad.parent / "a.py").write_text(RISKS.format("") + RISKS.format("_too").partition("nn\n")[2])
    out = check(capsys)[1]
    assert [line.split(" ")[0] for line in out.splitlines() if "PRM" in line] == [
        "bad.py:8:9:",
        "bad.py:9:9:",
        "a.py:6:5:",
        "a.py:13:5:",
    ]


def test_many_risks_are_a_line_each_and_are_counted(many, capsys):
    code, out, _ = check(capsys)
    lines = out.splitlines()
    assert code == 1
    assert lines[0].startswith("z.py:8:9: PRM401 [bug] ")
    assert len(lines) < 50
    risks = [line for line in lines if "PRM101 [risk]" in line]
    assert len(risks) == 20
    assert all(line.endswith(" (also rows 7, 9)") for line in risks)
    assert "60  PRM101  risk  in-place-data-edit, 60 with a fix" in lines
    assert " 1  PRM401  bug   modules-in-plain-container, 1 with a fix" in lines
    assert "61 findings in 21 files (1 bug, 60 risks), 21 files checked" in lines


def test_all_frames_are_shown_on_request(many, capsys):
    out = check(capsys, "--all-frames")[1]
    assert out.count("    print(net)") == 0
    assert out.count("help: Edit the parameter under `torch.no_grad()` (--fix)") == 20
    assert out.count("also: row 7 `net.bias.data`, row 9 `net.bias.data`") == 20


def test_by_path_every_finding_stands_at_its_place(many, capsys):
    out = check(capsys, "--sort", "path")[1]
    places = [line.split(" ")[0] for line in out.splitlines() if ": PRM" in line]
    assert places == [f"a{number:02}.py:{row}:5:" for number in range(20) for row in (6, 7, 9)] + ["z.py:8:9:"]
    assert out.count("help: ") == 61


@pytest.mark.parametrize("output_format", ["concise", "json-lines", "github"])
def test_other_formats_keep_every_place_by_path(many, capsys, output_format):
    out = check(capsys, "-q", "--output-format", output_format)[1]
    lines = [line for line in out.splitlines() if "PRM" in line]
    assert len(lines) == 61
    assert "z.py" in lines[-1]


def test_flake8_keeps_every_place_too(many):
    done = subprocess.run(
        [sys.executable, "-m", "flake8", "--isolated", "--select", "PRM", "."], capture_output=True, text=True
    )
    assert done.stdout.count("PRM101") == 60


def test_the_group_is_said_in_every_format(both, capsys):
    assert "a.py:6:5: PRM101 [risk] " in check(capsys, "--output-format", "concise")[1]
    found = json.loads(check(capsys, "--output-format", "json")[1])
    assert [(d["code"], d["group"], d["severity"]) for d in found] == [("PRM101", "risk", "warning")] * 3 + [
        ("PRM401", "bug", "error")
    ]
    log = json.loads(check(capsys, "--output-format", "sarif")[1])
    assert [result["level"] for result in log["runs"][0]["results"]] == ["warning"] * 3 + ["error"]


@pytest.mark.parametrize(
    ("arguments", "codes"),
    [
        (("--select", "bug"), {"PRM401"}),
        (("--select", "risk"), {"PRM101"}),
        (("--select", "pedantic"), set()),
        (("--ignore", "Risk"), {"PRM401"}),
        (("--ignore", "risk", "--select", "PRM101,PRM4"), {"PRM101", "PRM401"}),
        (("--ignore", "risk", "--select", "PRM1,PRM4"), {"PRM401"}),
        (("--ignore", "bug", "--select", "ALL"), {"PRM101"}),
        (("--select", "bug", "--ignore", "PRM4"), set()),
        (("--select", "bug", "--extend-select", "PRM101"), {"PRM101", "PRM401"}),
    ],
)
def test_groups_are_selected(both, capsys, arguments, codes):
    found = json.loads(check(capsys, "--output-format", "json", *arguments)[1])
    assert {d["code"] for d in found} == codes


def test_groups_are_ignored_in_files(both, capsys):
    (both / "paramlint.toml").write_text('[per-file-ignores]\n"a.py" = ["risk"]\n"bad.py" = ["risk"]\n')
    found = json.loads(check(capsys, "--output-format", "json")[1])
    assert {d["code"] for d in found} == {"PRM401"}
    assert main(["rule", "pedantic"]) == 0
    assert main(["check", "--select", "bugs"]) == 2
    assert "did you mean bug?" in capsys.readouterr().err


def test_what_flake8_is_told_to_hide_is_counted(both, capsys):
    hidden = "39 findings in 2 files are hidden by `# flake8: noqa`"
    (both / "bad.py").write_text("# flake8: noqa\n" + BAD)
    assert "1 finding in 1 file is hidden by `# flake8: noqa`" in check(capsys)[1]
    rows = "".join(f"    net.bias.data[{number}] = 1\n" for number in range(35))
    (both / "a.py").write_text("# flake8: noqa\n" + RISKS.format("") + rows)
    code, out, _ = check(capsys)
    assert (code, out.splitlines()) == (0, ["no findings, 2 files checked", hidden])
    for comment in ("# paramlint: noqa", "# flake8: noqa: PRM1, PRM4"):
        for name in ("a.py", "bad.py"):
            (both / name).write_text(f"{comment}\n{BAD}")
        assert check(capsys)[1] == "no findings, 2 files checked\n"


def test_the_summary_goes_where_the_findings_go_unless_a_program_reads_them(bad, capsys):
    for output_format in ("full", "concise"):
        _, out, err = check(capsys, "--output-format", output_format)
        assert ("1 finding in 1 file" in out, err) == (True, "")
    for output_format in ("json", "json-lines", "sarif", "github", "gitlab", "junit"):
        _, out, err = check(capsys, "--output-format", output_format)
        assert ("1 finding in 1 file" in out, "1 finding in 1 file" in err) == (False, True)


def test_nothing_to_check_is_said(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text(GOOD)
    for arguments, err in (
        ((), f"warning: there is nothing to check in {tmp_path}\n"),
        (("-q",), ""),
    ):
        code, _, said = check(capsys, *arguments, str(tmp_path))
        assert (code, said) == (0, err)
