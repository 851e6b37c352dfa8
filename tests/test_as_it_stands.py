"""What the documents tell people to type and to copy, done as it stands, in a clone with the tag of this version."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from paramlint import __version__

from .conftest import BAD, GOOD

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PIPELINE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
#: What is installed from, and what the commands name.
PARTS = (
    "linter",
    "rules",
    "examples",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "action.yml",
    ".pre-commit-hooks.yaml",
)
GIT = {
    **{f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "protocol.file.allow",  # a submodule from the same disk
    "GIT_CONFIG_VALUE_0": "always",
}


def bash(script, folder, **environment):
    """Runs a script; without an index of packages the test is skipped."""
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env={**os.environ, **GIT, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )
    if "NewConnectionError" in done.stdout + done.stderr:
        pytest.skip("no index of packages can be reached")
    return done


def block(text, language, containing=""):
    """The first fenced block of a language that contains a text."""
    return next(b for b in re.findall(rf"```{language}\n(.*?)```", text, re.S) if containing in b)


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone called `paramlint`, with the tag of the version."""
    folder = tmp_path_factory.mktemp("clones") / "paramlint"
    folder.mkdir()
    for name in PARTS:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    done = bash(f"git init -q && git add -A && git commit -qm all && git tag v{__version__}", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def first(clone):
    """What the first command of the README does, in the clone."""
    command = next(line for line in README.splitlines() if line.startswith("$ python3 -m venv"))
    return bash(command.removeprefix("$ "), clone)


@pytest.fixture
def path(clone, first):
    """Where the command is found that was installed so."""
    return f"{clone / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture
def project(clone, request):
    """A repository beside the clone."""
    folder = clone.parent / request.node.name
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "net.py").write_text(BAD)
    assert bash("git init -q && git add -A && git commit -qm all", folder).returncode == 0
    return folder


def test_the_first_command_shows_six_findings_that_can_be_read(first):
    assert first.returncode == 1, first.stderr
    assert "6 findings in 3 files (5 bugs, 1 risk), 3 files checked" in first.stdout + first.stderr
    shown = first.stdout[first.stdout.index("examples/") :]
    assert shown.count("\n") < 72


@pytest.mark.heavy  # a process for each, some of which build models
def test_the_commands_of_the_readme_run(project):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # with all that is extra
    (project / "package").mkdir()
    (project / "package" / "module.py").write_text(GOOD.replace("Net", "factory"))
    (project / "net.py").write_text(block(README, "python"))
    # Of a model in the configuration, since the text of contracts names none.
    (project / "pyproject.toml").write_text('[tool.paramlint.verify]\ntargets = ["net:Net"]\n')
    save = "import torch, net; torch.save(net.Net().state_dict(), 'last.ckpt')"
    assert bash(f'python -c "{save}"', project, PATH=path).returncode == 0
    commands = re.findall(r"`((?:paramlint|pytest) [^`]+)`", README)
    assert len(commands) > 14
    known = "paramlint check --write-baseline --baseline known.json"
    assert bash(known, project, PATH=path).returncode == 0
    for command in commands:
        done = bash(command, project, PATH=path)
        assert done.returncode in (0, 1), (command, done.stdout, done.stderr)


@pytest.mark.heavy  # it installs from the clone anew
def test_the_hook_runs(project):
    (project / ".pre-commit-config.yaml").write_text(block(README, "yaml", "hooks:"))
    (project / "notes.txt").write_text(BAD)
    script = "git add -A && pre-commit run --all-files"
    done = bash(script, project, PRE_COMMIT_HOME=str(project.parent / "hooks"))
    assert done.returncode == 1, done.stderr
    assert "- hook id: paramlint" in done.stdout
    assert "src/net.py:8:9: PRM401" in done.stdout
    assert "notes.txt" not in done.stdout
    (project / "src" / "net.py").write_text(GOOD)
    done = bash(script, project, PRE_COMMIT_HOME=str(project.parent / "hooks"))
    assert done.returncode == 0, done.stdout


def test_what_is_extra_can_be_installed():
    named = set(re.findall(r"'paramlint\[(\w+)\]'", README))
    assert named >= {"flake8", "lsp", "verify"}
    assert named <= set(re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text(), re.M))


def with_paramlint(project):
    """The project after the command that puts paramlint into it."""
    done = bash(block(PIPELINE, "console").replace("$ ", ""), project)
    assert done.returncode == 0, done.stderr


@pytest.mark.heavy  # it installs from the clone anew
def test_the_action_runs(project, tmp_path):
    """The steps of the workflow that are ours, as GitHub would run them."""
    with_paramlint(project)
    (job,) = yaml.safe_load(block(PIPELINE, "yaml", "jobs:"))["jobs"].values()
    (step,) = [step for step in job["steps"] if "paramlint" in step["uses"]]
    action = yaml.safe_load((project / step["uses"] / "action.yml").read_text())
    inputs = {name: each["default"] for name, each in action["inputs"].items()} | step["with"]
    runner = {"GITHUB_ACTION_PATH": str((project / step["uses"]).resolve()), "RUNNER_TEMP": str(tmp_path)}
    codes, printed = [], ""
    for each in action["runs"]["steps"]:
        given = {
            name: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda m: inputs[m[1]], v)
            for name, v in each.get("env", {}).items()
        }
        done = bash(each["run"], project, **runner, **given)
        codes.append(done.returncode)
        printed += done.stdout
    assert codes == [0, 1], printed
    assert [line[:7] for line in printed.splitlines() if "::" in line] == ["::error"]
    assert len(json.loads((project / "paramlint.sarif").read_text())["runs"][0]["results"]) == 1


@pytest.mark.heavy  # it installs from the clone anew
def test_the_job_of_gitlab_runs(project, path):
    with_paramlint(project)
    job = yaml.safe_load(block(PIPELINE, "yaml", "gitlab"))["paramlint"]
    done = bash("\n".join(job["script"]), project, PATH=path)
    assert done.returncode == 1, done.stderr
    (found,) = json.loads((project / job["artifacts"]["reports"]["codequality"]).read_text())
    assert found["check_name"] == "PRM401"
