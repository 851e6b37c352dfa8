"""Files that follow names into each other."""

from __future__ import annotations

from paramlint.check import check_paths
from paramlint.facts import Project
from paramlint.suite import select

INIT = "    def __init__(self):\n        super().__init__()\n"
BASE = "import torch\nfrom torch import nn\n\n\nclass Base(nn.Module):\n" + INIT
LISTED = "        self.blocks = [nn.Linear(2, 2)]\n"


def test_a_path_is_reported_as_it_was_given(tmp_path, monkeypatch):
    """Also that of a file which another one has been followed into before."""
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("")
    (tmp_path / "pkg" / "a.py").write_text(
        "import torch\nfrom torch import nn\nfrom .b import Base\n\n\nclass Net(Base):\n" + INIT + LISTED
    )
    (tmp_path / "pkg" / "b.py").write_text(BASE + LISTED)
    monkeypatch.chdir(tmp_path)
    reports = check_paths(["pkg/a.py", "pkg/b.py"], select(["PRM401"]), Project())
    assert [d.path for report in reports for d in report.diagnostics] == ["pkg/a.py", "pkg/b.py"]
