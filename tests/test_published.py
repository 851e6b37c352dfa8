"""What others read about the project: workflows, templates and metadata agree with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from paramlint import __version__

ROOT = Path(__file__).parent.parent
GITHUB = ROOT / ".github"


@pytest.mark.parametrize("path", sorted(GITHUB.rglob("*.yml")), ids=lambda path: path.name)
def test_files_for_github_can_be_read(path):
    held = yaml.safe_load(path.read_text(encoding="utf-8"))
    if path.parent.name == "workflows":
        jobs = held["jobs"].values()
        assert held["permissions"] == {"contents": "read"}
        assert all("runs-on" in job and job["steps"] for job in jobs)
    elif path.name != "config.yml":
        assert {part["type"] for part in held["body"]} <= {"input", "textarea"}
        assert len({part["id"] for part in held["body"]}) == len(held["body"])


def test_what_workflows_run_is_there():
    text = "\n".join(path.read_text(encoding="utf-8") for path in (GITHUB / "workflows").glob("*.yml"))
    for name in re.findall(r"(?<![\w/.])((?:tests|scripts|\.ci)/[\w./-]+)", text):
        assert (ROOT / name).exists(), name


def test_versions_agree():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{__version__}"' in project
    assert f"version: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_pythons_that_are_claimed_are_those_that_are_tried():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    claimed = set(re.findall(r"Python :: (3\.\d+)", project))
    tried = yaml.safe_load((GITHUB / "workflows" / "ci.yml").read_text(encoding="utf-8"))["jobs"]
    assert claimed <= {"3.11", *tried["python"]["strategy"]["matrix"]["python"]}
