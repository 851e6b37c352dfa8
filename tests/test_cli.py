"""The command as people call it: exit codes, output, bad input."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys

import pytest

from paramlint.engine import catalogue
from paramlint.engine.catalogue import CATALOGUE
from paramlint.frontends.cli import main

from .conftest import BAD, GOOD


def run(capsys, *arguments):
    code = main([str(a) for a in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def check(capsys, *arguments):
    return run(capsys, "check", "--output-format", "concise", *arguments)


def test_findings_exit_with_one_and_clean_code_with_zero(bad, capsys):
    finding = "bad.py:8:9: PRM401 [bug] `self.blocks` is a plain list, so its modules are not trained"
    code, out, err = check(capsys)
    assert (code, err) == (1, "")
    assert out.splitlines()[:2] == [finding, "1 finding in 1 file, 1 file checked"]
    assert check(capsys, "--quiet") == (1, f"{finding}\n", "")
    bad.write_text(GOOD)
    assert check(capsys) == (0, "no findings, 1 file checked\n", "")


def test_findings_are_sorted_by_path_whatever_the_order_given(bad, capsys):
    for name in ("z.py", "a.py", "pkg/m.py"):
        (bad.parent / name).parent.mkdir(exist_ok=True)
        (bad.parent / name).write_text(BAD)
    _, out, _ = check(capsys, "-q", "z.py", ".", "pkg", "./bad.py")
    assert [line.split(":")[0] for line in out.splitlines()] == ["a.py", "bad.py", "pkg/m.py", "z.py"]


def test_no_files_is_clean(tmp_path, capsys):
    assert check(capsys, tmp_path)[0] == 0


BROKEN = {
    "syntax.py": (b"import torch\ndef f(:\n", "syntax.py:2:7: PRM002 [error] is not valid Python"),
    "bytes.py": (b"import torch\nx = '\xff'\n", "bytes.py:2:1: PRM003 [error] is not valid utf-8: byte 0xff"),
    "cookie.py": (
        b"# coding: foobar\nimport torch\n",
        "cookie.py:1:1: PRM003 [error] names an encoding that Python",
    ),
    "zero.py": (b"import torch\nx = '\0'\n", "zero.py:1:1: PRM002 [error] is not valid Python"),
    "utf16.py": ("import torch\n".encode("utf-16"), "utf16.py:1:1: PRM003 [error] is not valid utf-8"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_gives_one_diagnostic_and_the_others_are_checked(bad, capsys, name):
    data, said = BROKEN[name]
    (bad.parent / name).write_bytes(data)
    code, out, _ = check(capsys, "-q")
    lines = out.splitlines()
    assert code == 2
    assert len(lines) == 2
    assert sum("PRM401" in line for line in lines) == 1
    assert any(line.startswith(said) for line in lines), out
    assert (bad.parent / name).read_bytes() == data


def test_a_missing_path_gives_one_diagnostic(bad, capsys):
    code, out, _ = check(capsys, "bad.py", "missing.py")
    assert code == 2
    assert "missing.py:1:1: PRM003 [error] cannot be read: No such file or directory" in out
    assert "PRM401" in out


def test_an_empty_file_and_one_of_a_byte_order_mark_give_nothing(tmp_path, capsys):
    (tmp_path / "empty.py").write_bytes(b"")
    (tmp_path / "mark.py").write_bytes(b"\xef\xbb\xbf")
    assert check(capsys, tmp_path)[:2] == (0, "no findings, 2 files checked\n")


def test_a_folder_named_like_a_file_is_a_folder(bad, capsys):
    folder = bad.parent / "x.py"
    folder.mkdir()
    (folder / "inner.py").write_text(BAD)
    code, out, _ = check(capsys, "-q", "x.py")
    assert (code, out.count("\n")) == (1, 1)
    assert out.startswith("x.py/inner.py:8:9:")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_does_not_hang(bad, capsys):
    os.mkfifo(bad.parent / "pipe.py")
    code, out, _ = check(capsys)
    assert (code, out.count("PRM")) == (1, 1)
    assert "1 file skipped: not a regular file" in out
    code, out, _ = check(capsys, "pipe.py")
    assert code == 2
    assert "pipe.py:1:1: PRM003 [error] cannot be read: it is no regular file" in out


#: Inputs on which the syntax tree library dies or takes minutes; each is preceded by `import torch` and a finding.
DEEP = {
    "and": "x = " + " and ".join(["a"] * 10_000),
    "plus": "x = " + "+".join(["1"] * 8_000),
    "parentheses": "x = " + "(" * 150 + "1" + ")" * 150,
    "unclosed": "x = " + "(" * 1_000,
    "calls": "x = " + "f(" * 90 + ")" * 90,
    "attributes": "x = a" + ".b" * 6_000,
    "not": "x = " + "not " * 3_000 + "a",
    "lambda": "x = " + "lambda: " * 1_000 + "1",
    "strings": "x = " + " ".join(["'a'"] * 5_000),
    "elif": "if a:\n    pass\n" + "elif b:\n    pass\n" * 2_000,
    "list": "x = [" + ",".join(["1"] * 100_000) + "]",
    "if": "".join(" " * i + "if a:\n" for i in range(90)) + " " * 90 + "pass",
}


@pytest.mark.parametrize("name", DEEP)
def test_code_that_kills_a_parser_costs_one_diagnostic_at_most(bad, command, name):
    method = "\n    def forward(self, x):\n        self.layers = [nn.Linear(1, 1)]\n"
    deep = "".join(f"        {line}\n" for line in DEEP[name].split("\n"))
    (bad.parent / "deep.py").write_text(BAD + method + deep)
    done = command("check", "--output-format", "concise")
    lines = done.stdout.decode().splitlines()
    assert done.returncode in (1, 2), done.stderr
    assert sum("bad.py" in line and "PRM401" in line for line in lines) == 1
    tool = [line for line in lines if "PRM00" in line]
    assert len(tool) <= 1
    assert not any("PRM005" in line for line in lines), lines
    assert (done.returncode == 2) == bool(tool)


def test_unknown_rules_and_options_are_refused_with_what_was_meant(bad, capsys):
    code, out, err = check(capsys, "--select", "PRM49")
    assert (code, out) == (2, "")
    assert "no rule is called 'PRM49'" in err
    code, _, err = check(capsys, "--ignore", "modules-in-plain-containers")
    assert code == 2
    assert "did you mean modules-in-plain-container?" in err
    assert check(capsys, "--selct", "PRM401")[0] == 2
    assert run(capsys, "chek")[0] == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("chek", "no command is called 'chek'; did you mean `paramlint check`?"),
        ("bad.py", "no command is called 'bad.py'; did you mean `paramlint check bad.py`?"),
        ("nowhere", "no command is called 'nowhere'; there are check, "),
        ("--selct", "No such option '--selct'"),
    ],
)
def test_an_unknown_command_is_refused_with_what_was_meant(bad, capsys, given, said):
    code, out, err = run(capsys, given)
    assert (code, out) == (2, "")
    assert said in err


def test_without_a_command_the_help_is_shown_as_it_is(capsys):
    code, out, err = run(capsys)
    assert (code, out) == (2, "")
    assert err.startswith("Usage: paramlint [OPTIONS] COMMAND [ARGS]...\n\n  Find mistakes")
    assert "\\n" not in err


def test_what_a_command_does_is_said_whole(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert "..." not in out.partition("Commands:")[2]


def test_selection_by_code_prefix_and_name(bad, capsys):
    for chosen in ("PRM401", "PRM4", "modules-in-plain-container", "ALL", "PRM1,PRM401"):
        assert check(capsys, "--select", chosen)[0] == 1, chosen
    assert check(capsys, "--select", "PRM101")[0] == 0
    assert check(capsys, "--select", "PRM101", "--extend-select", "PRM4")[0] == 1
    assert check(capsys, "--ignore", "PRM4")[0] == 0
    assert check(capsys, "--ignore", "PRM401,PRM1")[0] == 0
    assert check(capsys, "--select", "PRM401", "--ignore", "PRM4")[0] == 1


def test_rules_on_trial_run_when_they_are_asked_for(bad, capsys, monkeypatch):
    monkeypatch.setitem(catalogue.PREVIEW, "PRM401", "2 of 3 reports are right")
    for off in ([], ["--select", "bug"], ["--preview", "--no-preview"]):
        assert check(capsys, *off)[0] == 0, off
    for on in (["--preview"], ["--select", "PRM4"], ["--select", "ALL"], ["--extend-select", "PRM401"]):
        assert check(capsys, *on)[0] == 1, on
    assert check(capsys, "--preview", "--select", "bug")[0] == 1
    (bad.parent / "paramlint.toml").write_text("preview = true\n")
    assert check(capsys)[0] == 1
    assert check(capsys, "--no-preview")[0] == 0
    assert main(["rule", "PRM401"]) == 0
    assert "\non by default: no, in preview: 2 of 3 reports are right\n" in capsys.readouterr().out
    assert main(["rule", "PRM401", "--output-format", "json"]) == 0
    (said,) = json.loads(capsys.readouterr().out)
    assert (said["on"], said["preview"], said["reason"]) == (False, True, "2 of 3 reports are right")


def test_standard_input(bad, command):
    done = command("check", "-", "--output-format", "concise", input=BAD.encode())
    assert done.returncode == 1
    assert done.stdout.startswith(b"<stdin>:8:9: PRM401 [bug] ")
    done = command("check", "-", "--stdin-filename", "src/net.py", "--output-format", "json", input=BAD.encode())
    assert json.loads(done.stdout)[0]["filename"] == str(bad.parent / "src/net.py")
    done = command("check", "-", "bad.py", input=b"")
    assert (done.returncode, done.stdout) == (2, b"")


def test_a_name_for_standard_input_reads_it(bad, command):
    done = command("check", "--stdin-filename", "net.py", "--output-format", "concise", input=BAD.encode())
    assert done.stdout.startswith(b"net.py:8:9: PRM401 [bug] ")
    done = command("check", "--stdin-filename", "net.py", "bad.py", input=BAD.encode())
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"take no other path beside it" in done.stderr


def test_input_that_nobody_asked_for_is_refused(bad, command):
    (bad.parent / "other.py").write_text(GOOD)
    with bad.open() as stream:
        for given in ({"input": GOOD.encode()}, {"stdin": stream}):
            done = command("check", **given)
            assert (done.returncode, done.stdout) == (2, b"")
            assert b"standard input holds something: `-` checks that, and `.` this folder" in done.stderr
    assert command("check", "other.py", input=BAD.encode()).returncode == 0
    idle, _writer = os.pipe()
    for given in ({"stdin": subprocess.DEVNULL}, {"input": b""}, {"stdin": idle}):
        assert command("check", **given).returncode == 1


def test_standard_input_is_fixed_to_standard_output(bad, command):
    done = command("check", "-", "--fix", "--unsafe-fixes", input=BAD.replace("\n", "\r\n").encode())
    assert (done.returncode, done.stdout) == (0, GOOD.replace("\n", "\r\n").encode())
    done = command("check", "-", "--fix", input=BAD.encode())
    assert (done.returncode, done.stdout) == (1, BAD.encode())
    assert b"PRM401" in done.stderr


def test_fix_writes_only_what_was_allowed(bad, capsys):
    assert check(capsys, "--fix")[0] == 1
    assert bad.read_text() == BAD
    code, out, err = check(capsys, "--fix", "--unsafe-fixes")
    assert (code, out.splitlines()[0], err) == (0, "fixed 1 finding in 1 file", "")
    assert bad.read_text() == GOOD


@pytest.mark.parametrize("text", [BAD, BAD.rstrip("\n"), BAD.replace("\n", "\r\n")], ids=["lf", "no end", "crlf"])
def test_diff_changes_nothing_and_is_a_patch(bad, command, text):
    bad.write_bytes(text.encode())
    done = command("check", "--diff", "--unsafe-fixes")
    assert done.returncode == 1
    assert bad.read_bytes() == text.encode()
    subprocess.run(["git", "apply", "-p0", "-"], input=done.stdout, cwd=bad.parent, check=True)
    assert bad.read_bytes() == text.replace("[nn.Linear(8, 8)]", "nn.ModuleList([nn.Linear(8, 8)])").encode()
    assert command("check", "--diff", "--unsafe-fixes").returncode == 0


DATA = """

def clear(net: nn.Module):
    net.fc.weight.data.zero_()
"""


def test_diff_says_what_it_leaves_out(bad, capsys):
    assert run(capsys, "check", "--diff") == (0, "", "no fixes without --unsafe-fixes, 1 with it\n")
    assert run(capsys, "check", "--diff", "--quiet") == (0, "", "")
    assert run(capsys, "check", "--diff", "--unsafe-fixes")[2] == "1 fix in 1 file\n"
    (bad.parent / "two.py").write_text(BAD + DATA)
    assert run(capsys, "check", "--diff")[2] == "1 fix in 1 file, 2 more with --unsafe-fixes\n"
    assert run(capsys, "check", "--diff", "--unsafe-fixes")[2] == "3 fixes in 2 files\n"
    bad.write_text(GOOD)
    assert run(capsys, "check", "--diff", "bad.py") == (0, "", "no fixes\n")


@pytest.mark.parametrize("program", [["paramlint"], [sys.executable, "-m", "paramlint"]], ids=["command", "module"])
def test_nothing_of_the_checked_code_runs(bad, program):
    for name in ("bad", "torch", "conftest", "sitecustomize", "paramlint_rules", "libcst", "pebble"):
        (bad.parent / f"{name}.py").write_text(BAD + "\nraise SystemExit(99)\n")
    before = sorted(path.name for path in bad.parent.iterdir())
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([*program, "check"], cwd=bad.parent, capture_output=True, env=environment)
    assert done.returncode == 1, done.stderr
    assert sorted(path.name for path in bad.parent.iterdir() if path.name != ".paramlint_cache") == before


def test_version_imports_neither_the_engine_nor_torch():
    script = "import sys; sys.argv[1:] = ['--version']; from paramlint.frontends.cli import main; main(); "
    script += "print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert out.startswith("paramlint 0.")
    assert not {"libcst", "rich", "torch", "pathspec", "msgspec"} & set(out.split())


def test_check_does_not_import_torch(bad):
    script = "import sys; from paramlint.frontends.cli import main; main(['check', '.']); print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert not {"torch", "rich", "numpy"} & set(out.split())


@pytest.mark.heavy
def test_a_closed_pipe_is_quiet(bad):
    for number in range(2000):
        (bad.parent / f"m{number}.py").write_text(BAD)
    command = f"{sys.executable} -m paramlint check | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120)
    assert done.stdout.count("\n") == 1
    assert not {"Traceback", "BrokenPipeError", "Exception"} & set(done.stderr.replace(":", " ").split())


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_output_that_cannot_be_written_is_said(bad):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([sys.executable, "-m", "paramlint", "check"], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert b"error: the output could not be written: No space left on device" in done.stderr


def test_an_interrupt_exits_with_130(bad):
    script = """
import sys, time, paramlint.engine.check_file as check_file
def slow(*_, **__):
    print("ready", flush=True)
    time.sleep(120)
check_file.check_paths = slow
from paramlint.frontends.cli import main
sys.exit(main(["check"]))
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err


def test_rule_explains_by_code_name_and_prefix(capsys):
    by_code = run(capsys, "rule", "PRM401")
    assert by_code[0] == 0
    head = "PRM401 modules-in-plain-container\ngroup: bug\non by default: yes\nfix: unsafe\n\nModules kept in"
    assert by_code[1].startswith(head)
    assert "group: pedantic\non by default: no\nfix: safe\n" in run(capsys, "rule", "PRM107")[1]
    assert "Leave it:" in by_code[1]
    assert run(capsys, "rule", "modules-in-plain-container") == by_code
    assert run(capsys, "rule", "prm4")[1].count("Leave it:") == sum(r.code.startswith("PRM4") for r in CATALOGUE)
    assert run(capsys, "rule", "PRM999")[0] == 2


def test_rules_lists_every_rule(capsys):
    lines = run(capsys, "rules")[1].splitlines()
    assert [line.split()[:2] for line in lines] == [[rule.code, rule.name] for rule in CATALOGUE]
    listed = json.loads(run(capsys, "rules", "--output-format", "json")[1])
    assert [item["code"] for item in listed] == [rule.code for rule in CATALOGUE]


def test_an_error_inside_is_a_message_and_not_a_traceback(bad, capsys, monkeypatch):
    def fail(*_, **__):
        raise ValueError("for the test")

    monkeypatch.setattr("paramlint.frontends.cli.check.steps.run_paths", fail)
    code, _, err = check(capsys)
    assert code == 2
    assert err == "error: paramlint itself failed (ValueError: for the test); please report it\n"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), BrokenPipeError(), SystemExit(143)])
def test_an_ending_while_the_output_is_captured_is_that_ending(bad, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("paramlint.frontends.cli.check.steps.run_paths", fail)
    for stream in (io.StringIO(), closed := io.StringIO()):
        closed.close()
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(io.StringIO()) as said:
            code = main(["check"])
        assert code == {OSError: 2, BrokenPipeError: 1, SystemExit: 143}[type(error)]
        assert said.getvalue() == ("error: the output could not be written: No space left on device\n" * (code == 2))


def test_an_error_about_a_file_names_it(bad, capsys, monkeypatch):
    def fail(*_, **__):
        raise PermissionError(13, "Permission denied", "secret.toml")

    monkeypatch.setattr("paramlint.frontends.cli.check.steps.run_paths", fail)
    assert check(capsys)[2] == "error: secret.toml: Permission denied\n"
