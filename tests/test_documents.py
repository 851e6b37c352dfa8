"""What the documents show is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
READMES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md")}
README = READMES["README.md"]


@pytest.mark.parametrize("readme", READMES)
@pytest.mark.parametrize("command", ["check net.py", "show net.py:Net"])
def test_the_output_in_the_readme_is_real(tmp_path, command, readme):
    code = re.search(r"```python\n(.*?)```", READMES[readme], re.S)[1]
    assert (ROOT / "examples" / "net.py").read_text() == code
    (tmp_path / "net.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "-m", "paramlint", *command.split()], cwd=tmp_path, capture_output=True, text=True
    )
    assert f"$ paramlint {command}\n{done.stdout}{done.stderr}```" in READMES[readme]


@pytest.mark.parametrize("readme", READMES)
def test_the_readme_has_two_commands_to_set_up(readme):
    commands = [line for line in READMES[readme].splitlines() if line.startswith("$ ") and "pip install" in line]
    assert len(commands) == 2
    assert commands[0].endswith("paramlint check examples")
    assert commands[1].endswith("pytest")


@pytest.mark.parametrize("name", [*READMES, "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / target).exists(), target


def test_the_configuration_of_the_documentation_is_valid(tmp_path):
    from paramlint.config.settings import load

    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    (tmp_path / "sub").mkdir()
    (tmp_path / "shared.toml").write_text("")
    (tmp_path / "sub" / "pyproject.toml").write_text(re.search(r"```toml\n(.*?)```", text, re.S)[1])
    settings = load(str(tmp_path / "sub" / "pyproject.toml"))
    assert settings.table.select == ("PRM1", "PRM4")
    assert len(settings.files) == 2


def test_the_pictures_show_what_is_printed():
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "draw-terminal", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_readme_in_chinese_shows_commands_that_the_other_one_has():
    shown = [set(re.findall(r"`((?:paramlint|pytest) [^`]+)`", text)) for text in READMES.values()]
    assert shown[1] <= shown[0]
