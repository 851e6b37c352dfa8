"""The benchmark of the fixes tells when they go wrong."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from paramlint.source.text import Source

from .conftest import BAD

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "fixes.py"


@pytest.fixture
def fixes(monkeypatch, tmp_path):
    """The script as a module, in a folder that its change of folder does not outlive."""
    monkeypatch.chdir(tmp_path)
    spec = importlib.util.spec_from_file_location("benchmark_of_fixes", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "package"
    (folder / "inner").mkdir(parents=True)
    (folder / "bad.py").write_text(BAD)
    (folder / "inner" / "other.py").write_text("import torch\n")
    return folder


def test_a_package_is_fixed_in_a_copy(fixes, package, capsys):
    assert fixes.main([str(package)]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:8] == ["package", "2", "1", "1", "0", "0", "0", "0"]
    assert (package / "bad.py").read_text() == BAD


def test_patterns_limit_what_is_fixed(fixes, package):
    outcome = fixes.try_fixes(package, ["inner/*"])
    assert (outcome.files, outcome.edited) == (1, 0)


def test_what_goes_wrong_is_named(fixes, package, monkeypatch):
    write = fixes.write

    def clumsy(rewrite):
        write(replace(rewrite, after=Source(rewrite.after.path, BAD.encode() + b"def broken(:\n")))

    monkeypatch.setattr(fixes, "write", clumsy)
    assert fixes.try_fixes(package).broken == ["package/bad.py"]
    monkeypatch.setattr(fixes, "write", lambda rewrite: None)
    assert fixes.try_fixes(package).again == ["package/bad.py"]
    monkeypatch.setattr(fixes, "write", lambda r: write(replace(r, after=Source(r.after.path, (BAD * 2).encode()))))
    assert len(fixes.try_fixes(package).new) == 1
    monkeypatch.setattr(fixes, "diff", lambda *_, **__: ["--- package/bad.py", "+++ package/bad.py"])
    assert fixes.try_fixes(package).strayed == ["package/bad.py"]


def test_a_folder_that_is_none_is_refused(fixes, capsys):
    with pytest.raises(SystemExit) as stopped:
        fixes.main(["missing"])
    assert stopped.value.code == 2
    assert "missing is no folder" in capsys.readouterr().err
