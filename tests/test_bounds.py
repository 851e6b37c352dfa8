"""The oldest versions that the project allows do what the newest do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
#: What TorchFix 0.7.0 allows of LibCST, beside which people will want to install us.
TORCHFIX = (1, 5), (1, 6)
DEPENDENCIES = re.search(r"^dependencies = \[\n(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.S | re.M)[1]
OLDEST = dict(re.findall(r'"([\w-]+)>=([\d.]+)[";]', DEPENDENCIES))


def findings(*before):
    """What is found in the fixtures, with folders of packages that come before what is installed."""
    command = [sys.executable, "-m", "paramlint", "check", "--isolated", "--no-cache", "--select", "ALL"]
    done = subprocess.run(
        [*command, "--output-format", "json-lines", "fixtures"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(before)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 1, done.stderr
    return done.stdout.splitlines()


def test_one_libcst_suits_us_and_torchfix():
    low, high = TORCHFIX
    assert low <= tuple(map(int, OLDEST["libcst"].split("."))) < high


@pytest.mark.heavy  # a minute of downloads, and versions change rarely
def test_the_oldest_versions_find_the_same(tmp_path):
    wanted = [f"{name}=={version}" for name, version in OLDEST.items() if name != "tomli" or sys.version_info < (3, 11)]
    assert len(wanted) >= 5
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--only-binary=:all:", "--target", str(tmp_path)]
    done = subprocess.run([*pip, *wanted], capture_output=True, text=True, timeout=300)
    if done.returncode:
        pytest.skip(f"they cannot be had here: {done.stderr.splitlines()[-1]}")
    assert findings(str(tmp_path)) == findings()
