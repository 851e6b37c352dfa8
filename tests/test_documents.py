"""What the documents show is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_output_in_the_readme_is_real(tmp_path):
    code = re.search(r"```python\n(.*?)```", README, re.S)[1]
    (tmp_path / "net.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "-m", "paramlint", "check", "net.py"], cwd=tmp_path, capture_output=True, text=True
    )
    assert f"$ paramlint check net.py\n{done.stdout}{done.stderr}```" in README


def test_the_readme_has_two_commands_to_set_up():
    commands = [line for line in README.splitlines() if line.startswith("$ ") and "pip install" in line]
    assert len(commands) == 2
    assert commands[0].endswith("paramlint check fixtures")
    assert commands[1].endswith("pytest")


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / target).exists(), target
