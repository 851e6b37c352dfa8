"""What the findings of a file depend on, whoever asked for it first."""

from __future__ import annotations

import os

import pytest

from paramlint.engine.catalogue import select
from paramlint.engine.check_file import check_paths
from paramlint.facts import Project
from paramlint.source.dependencies import Look

HEAD = "import torch\nfrom torch import nn\n"
INIT = "    def __init__(self):\n        super().__init__()\n"
LISTED = "        self.blocks = [nn.Linear(2, 2)]\n"
DERIVED = HEAD + "from .{} import Base\n\n\nclass Net(Base):\n" + INIT + LISTED
BASE = HEAD + "\n\nclass Base(nn.Module):\n" + INIT
EMPTY = HEAD + (
    "\n\nclass Scale(nn.Module):\n" + INIT + "        self.gain = nn.Parameter(torch.empty(3))\n\n"
    "    def forward(self, x):\n        return x * self.gain\n"
)


@pytest.fixture
def package(tmp_path):
    """Writes files of a package `pkg`, and says on which looks each of some files depends."""
    root = tmp_path / "pkg"

    def depend(files, *checked):
        for name, text in {"__init__.py": "", **files}.items():
            (root / name).parent.mkdir(exist_ok=True, parents=True)
            (root / name).write_text(text)
        project = Project()
        list(check_paths([str(root / name) for name in checked], select(["PRM401", "PRM2"]), project))
        found = {}
        for name in checked:
            reached = project.dependencies.reached([Look("text", str(root / name))])
            found[name] = {(look.what, os.path.relpath(look.path, root)) for look in reached}
        return found

    return depend


def test_a_class_depends_on_the_files_of_its_bases_and_on_where_they_might_be(package):
    looks = package({"net.py": DERIVED.format("base"), "base.py": BASE, "other.py": BASE}, "net.py")["net.py"]
    assert {("text", "net.py"), ("text", "base.py"), ("kind", "base"), ("kind", "__init__.py")} <= looks
    assert ("text", "other.py") not in looks


def test_a_name_that_is_handed_on_leads_through_the_file_between(package):
    files = {"net.py": DERIVED.format("sub"), "sub/__init__.py": "from .base import *\n", "sub/base.py": BASE}
    assert {("text", "sub/__init__.py"), ("text", "sub/base.py")} <= package(files, "net.py")["net.py"]


def test_what_was_looked_for_and_is_not_there_counts(package):
    looks = package({"net.py": DERIVED.format("missing")}, "net.py")["net.py"]
    assert {("kind", "missing"), ("kind", "missing.py")} <= looks


def test_an_answer_that_another_file_asked_for_first_brings_what_it_depended_on(package):
    """Both ask the same class for its bases; in the second case the answer is remembered."""
    middle = HEAD + "from .base import Base\n\n\nclass Middle(Base):\n" + INIT
    first = DERIVED.format("middle").replace("Base", "Middle")
    files = {"a.py": first, "b.py": first, "middle.py": middle, "base.py": BASE}
    for order in (("a.py", "b.py"), ("b.py", "a.py")):
        looks = package(files, *order)
        assert all({("text", "middle.py"), ("text", "base.py")} <= looks[name] for name in order)


def test_a_name_that_is_none_of_the_project_is_looked_for_anew_by_each_file(package):
    """That it is not in the project is remembered for the folder."""
    text = HEAD + "from elsewhere import Thing\n\n\nclass Net(Thing):\n" + INIT + LISTED
    looks = package({"a.py": text, "b.py": text}, "a.py", "b.py")
    assert ("kind", "../elsewhere.py") in looks["a.py"] & looks["b.py"]


def test_a_search_through_the_package_depends_on_what_it_finds(package):
    writer = "import torch\nfrom .scale import Scale\n\n\ndef fill(m: Scale):\n    m.gain.data.fill_(1)\n"
    looks = package({"scale.py": EMPTY, "writer.py": writer, "other.py": BASE}, "scale.py")["scale.py"]
    assert {("search", "."), ("text", "writer.py")} <= looks
    assert ("text", "other.py") not in looks


def test_files_that_need_no_other_depend_on_none(package):
    heir = DERIVED.format("base").replace("blocks", "parts")
    looks = package({"base.py": BASE, "net.py": heir}, "base.py", "net.py")["base.py"]
    assert {path for what, path in looks if what == "text"} == {"base.py"}


def test_what_is_said_of_a_base_depends_on_its_heirs(package):
    heir = DERIVED.format("base").replace("blocks", "parts")
    looks = package({"base.py": BASE + LISTED, "net.py": heir, "other.py": HEAD}, "base.py", "net.py")["base.py"]
    assert {path for what, path in looks if what == "text"} == {"base.py", "net.py"}


def test_what_is_said_of_a_model_depends_on_the_files_of_its_parts(package):
    build = (
        "import torch\nfrom .scale import Scale\nfrom .again import Scale as Other\n\n\ndef build():\n"
        "    with torch.device('meta'):\n        net = torch.nn.Sequential(Scale(), Other())\n"
        "    net.to_empty(device='cpu')\n    net.reset_parameters()\n    return net\n"
    )
    text = EMPTY.replace("torch.empty", "torch.ones")
    looks = package({"scale.py": text, "again.py": text, "build.py": build}, "scale.py", "build.py")["build.py"]
    assert {("text", "scale.py"), ("text", "again.py")} <= looks
