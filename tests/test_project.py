"""Files that follow names into each other."""

from __future__ import annotations

import ast
import gc
import weakref
from collections import Counter
from pathlib import Path

import pytest

from paramlint.engine.catalogue import select
from paramlint.engine.check_file import check_paths
from paramlint.facts import Project, files
from paramlint.source.dependencies import Dependencies
from paramlint.source.text import Source
from paramlint.syntax import garbage_collection
from paramlint.syntax.garbage_collection import without_collector

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
    (tmp_path / "pkg" / "b.py").write_text(BASE + LISTED.replace("blocks", "parts"))
    monkeypatch.chdir(tmp_path)
    reports = check_paths(["pkg/a.py", "pkg/b.py"], select(["PRM401"]), Project())
    assert [d.path for report in reports for d in report.diagnostics] == ["pkg/a.py", "pkg/b.py"]


FORWARD = "\n    def forward(self, x):\n        return self.blocks[0](x)\n"


@pytest.fixture
def kept_one(monkeypatch):
    """A project that keeps one file parsed; the garbage collector is off."""
    monkeypatch.setattr("paramlint.facts.files._PARSED", 1)
    with without_collector():
        yield Project()


def _module(folder, name):
    path = folder / f"{name}.py"
    path.write_text(BASE + LISTED + FORWARD)
    return str(path)


def test_a_file_that_is_let_go_leaves_nothing_to_the_collector(tmp_path, kept_one):
    for report in check_paths([_module(tmp_path, "a")], select(["ALL"]), kept_one):
        assert report.diagnostics
    draft = kept_one.drafts.file(str(tmp_path / "a.py"))
    (base,) = [draft.class_of(found.unit) for found in draft.outline.classes["Base"]]
    assert base.attribute("blocks") is not None
    assert base.mro == [base]
    scopes = [weakref.ref(draft.scope(unit)) for unit in draft.outline.units]
    cls, draft, base = weakref.ref(base), None, None
    assert all(scope() is not None for scope in scopes)
    kept_one.file(_module(tmp_path, "b"))
    assert cls() is None
    assert not any(scope() for scope in scopes)


def test_what_is_used_of_a_file_that_is_let_go_stays_the_same(tmp_path, kept_one):
    draft = kept_one.drafts.file(_module(tmp_path, "a"))
    (outline,) = draft.outline.classes["Base"]
    base, scope = draft.class_of(outline.unit), draft.scope(outline.unit)
    node = scope.node
    before = base.own_assignments("blocks")
    kept_one.file(_module(tmp_path, "b"))
    assert draft.class_of(outline.unit) is base
    assert draft.scope(outline.unit) is scope
    assert scope.node is node
    assert base.own_assignments("blocks") == before
    assert base.mro == [base]


def _parsed(project):
    return [file for file in project.drafts._files.values() if file.outline.syntax._nodes]


def test_room_is_made_by_size_too(tmp_path, monkeypatch):
    paths = [_module(tmp_path, name) for name in "abc"]
    monkeypatch.setattr("paramlint.facts.files._PARSED_SIZE", 2 * (tmp_path / "a.py").stat().st_size)
    project = Project()
    _, second, third = [project.drafts.file(path) for path in paths]
    assert _parsed(project) == [second, third]
    project.forget()
    assert project.drafts.file(paths[1]) is not second


def _most_kept(folder, count):
    """The most that is in memory after any of the last files of a package, whose classes follow each other's."""
    package = folder / f"package{count}"
    package.mkdir()
    (package / "__init__.py").write_text("")
    for number in range(count):
        follows = f"from .m{(number or count) - 1} import Base as Other\n"
        (package / f"m{number}.py").write_text(f"{follows}{BASE}{LISTED}\n\nclass Net(Other):\n{INIT}{LISTED}")
    project, most = Project(), Counter[str]()
    for place, _ in enumerate(check_paths(map(str, sorted(package.iterdir())), select(["ALL"]), project)):
        if place > count - 10:
            most |= _kept()
    project.forget()
    return most


def _kept():
    gc.unfreeze()
    gc.collect()
    kinds = [type(each) for each in gc.get_objects()]
    return Counter(kind.__name__ for kind in kinds if str(kind.__module__).startswith("paramlint."))


def test_what_is_in_memory_does_not_grow_with_the_files_of_a_run(tmp_path, monkeypatch):
    for limit, count in {"_PARSED": 4, "_KEPT": 8, "_MORE": 1}.items():
        monkeypatch.setattr(f"paramlint.facts.files.{limit}", count)
    monkeypatch.setattr("paramlint.symbolic.code.program._KEPT_SIZE", 2_500)
    few, many = _most_kept(tmp_path, 16), _most_kept(tmp_path, 64)
    kinds = ("ClassValue", "Draft", "File", "Place", "Scope", "SourceFile", "Unit")
    assert all(few[kind] and many[kind] < 1.5 * few[kind] for kind in kinds), [(k, few[k], many[k]) for k in kinds]


def test_outlines_answer_without_trees_and_what_is_parsed_again_is_counted(tmp_path, kept_one, monkeypatch):
    first, second = [kept_one.drafts.file(_module(tmp_path, name)) for name in "ab"]
    (cls,) = first.outline.classes["Base"]
    assert first.class_of(cls.unit).is_module
    assert _parsed(kept_one) == [second]
    assert kept_one.drafts.file(first.path) is first
    assert first.class_of(cls.unit).attribute("blocks") is not None
    assert _parsed(kept_one) == [first]
    monkeypatch.setattr("paramlint.facts.files._KEPT_SIZE", 2 * len(first.source.data))
    kept_one.drafts.file(_module(tmp_path, "c"))
    assert kept_one.drafts.file(first.path) is first
    assert kept_one.drafts.file(second.path) is not second


def test_what_one_check_has_asked_for_stays_until_the_next(tmp_path, monkeypatch):
    """What a file is when it is asked for again would depend on how much room those before have left."""
    paths = [_module(tmp_path, name) for name in "abcdefghij"]
    monkeypatch.setattr("paramlint.facts.files._KEPT", 2)
    drafts = Project().drafts
    checked = drafts.adopt(Source.read(paths[0]), ast.parse((tmp_path / "a.py").read_text()))
    second, third = map(drafts.file, paths[1:3])
    assert drafts.file(paths[0]) is checked
    assert [drafts.file(path) for path in paths[1:3]] == [second, third]
    for path in paths:  # also of one check it is not everything
        drafts.file(path)
    assert len(drafts._files) <= 8
    drafts.adopt(Source.read(paths[1]), ast.parse((tmp_path / "b.py").read_text()))
    drafts.file(paths[9])
    assert drafts.file(paths[2]) is not third


@pytest.mark.parametrize("star", ["import *", "import*", "import \\\n    *"])
def test_behind_all_names_only_files_that_hold_the_name_are_parsed(tmp_path, monkeypatch, star):
    parsed = []
    real = files.outline

    def outline(tree, source):
        if not source.path.startswith("<"):  # a stub of torch
            parsed.append(Path(source.path).name)
        return real(tree, source)

    monkeypatch.setattr(files, "outline", outline)
    package = {
        "__init__.py": "",
        "net.py": "from torch import nn\nfrom .every import Base\n\n\nclass Net(Base):\n" + INIT + LISTED,
        "every.py": f"from .other import *\nfrom .more {star}\n",
        "other.py": "import torch\nX = 1\n",
        "more.py": f"from .base {star}\n",
        "base.py": BASE + "        self.x = 1\n",
    }
    for name, text in package.items():
        (tmp_path / name).write_text(text)
    (report,) = check_paths([str(tmp_path / "net.py")], select(["PRM401"]), Project())
    assert [d.code for d in report.diagnostics] == ["PRM401"]
    assert set(parsed) == {"net.py", "every.py", "more.py", "base.py"}


def test_a_file_is_asked_for_a_name_once_on_however_many_ways(tmp_path, monkeypatch):
    read = []
    real = Dependencies.read
    monkeypatch.setattr(Dependencies, "read", lambda self, path, *rest: read.append(path) or real(self, path, *rest))
    depth = 12
    package = {
        "__init__.py": "",
        "net.py": "from torch import nn\nfrom .left0 import *\nfrom .base import *\n\n\nclass Net(Base):\n"
        + INIT
        + LISTED,
        "base.py": BASE + "        self.x = 1\n",
        f"left{depth}.py": "X = 1\n",
        f"right{depth}.py": "Y = 1\n",
    }
    for level in range(depth):
        both = f"from .left{level + 1} import *\nfrom .right{level + 1} import *\n"
        package |= {f"left{level}.py": both, f"right{level}.py": both}
    for name, text in package.items():
        (tmp_path / name).write_text(text)
    (report,) = check_paths([str(tmp_path / "net.py")], select(["PRM401"]), Project())
    assert [d.code for d in report.diagnostics] == ["PRM401"]
    assert len(read) < 10 * len(package)


def test_what_models_leave_in_circles_is_collected_alone(monkeypatch):
    """What was alive before is not looked at again, and nothing stays set aside."""
    monkeypatch.setattr(garbage_collection, "_YOUNG_COLLECTED_AFTER", 10)

    class Circle:
        def __init__(self):
            self.itself = self

    was_on = gc.isenabled()
    gc.enable()
    try:
        with without_collector():
            kept = [Circle() for _ in range(9)]
            garbage_collection.collect_young_after(11)
            set_aside = gc.get_freeze_count()
            gone = weakref.ref(Circle())
            assert gone() is not None
            garbage_collection.collect_young_after(5)
            assert gone() is not None
            garbage_collection.collect_young_after(6)
            assert gone() is None
            assert set_aside > len(kept)
        assert gc.get_freeze_count() == 0
    finally:
        (gc.enable if was_on else gc.disable)()


@pytest.mark.parametrize("name", ["helpers", "net"])
def test_a_script_above_finds_what_lies_beside_it_for_files_below(tmp_path, name):
    """Folders of scripts are no packages, and a file in one of them may be called as what it imports from above."""
    (tmp_path / "utils").mkdir()
    net = f"from torch import nn\n\n\nclass Net(nn.Module):\n{INIT}        self.x = nn.Linear(2, 2)\n"
    (tmp_path / "net.py").write_text(net)
    below = tmp_path / "utils" / f"{name}.py"
    below.write_text("import torch\nfrom net import Net\n\nmodel = Net()\nmodel.x.requires_grad = False\n")
    (report,) = check_paths([str(below)], select(["PRM602"]), Project())
    assert [d.code for d in report.diagnostics] == ["PRM602"]


@pytest.mark.parametrize(("name", "codes"), [("common", ["PRM602"]), ("logging", [])])
def test_what_lies_in_a_package_is_found_by_its_bare_name_but_for_that_of_a_library(tmp_path, name, codes):
    """A script in a folder that somebody has made a package imports the folders beside it all the same."""
    (tmp_path / "agent" / name).mkdir(parents=True)
    for folder in ("agent", f"agent/{name}"):
        (tmp_path / folder / "__init__.py").write_text("")
    net = f"from torch import nn\n\n\nclass Net(nn.Module):\n{INIT}        self.x = nn.Linear(2, 2)\n"
    (tmp_path / "agent" / name / "net.py").write_text(net)
    train = tmp_path / "agent" / "train.py"
    train.write_text(f"import torch\nfrom {name}.net import Net\n\nmodel = Net()\nmodel.x.requires_grad = False\n")
    (report,) = check_paths([str(train)], select(["PRM602"]), Project())
    assert [d.code for d in report.diagnostics] == codes


def test_modules_that_are_not_there_lead_nowhere(tmp_path, monkeypatch):
    """Each `import *` of a package from a module that it has not would lead back to the package, and to all others."""
    missing = [f"part{i}" for i in range(20)]
    (tmp_path / "pkg").mkdir()
    stars = "".join(f"from .{name} import *\n" for name in missing)
    (tmp_path / "pkg" / "__init__.py").write_text(f"import torch\nfrom .there import *\n{stars}\nNet = make(Base)\n")
    (tmp_path / "pkg" / "there.py").write_text(BASE + LISTED)
    asked = []
    look_up = files.File._lookup
    monkeypatch.setattr(files.File, "_lookup", lambda *given: asked.append(given) or look_up(*given))
    project = Project()
    drafts = project.drafts
    init = drafts.file(str(tmp_path / "pkg" / "__init__.py"))
    assert init.lookup("Base").name == "Base"
    assert init.lookup("make") is None
    assert init.lookup("make.part1") is None
    assert len(asked) < 10
