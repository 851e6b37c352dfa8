"""With the cache a run says what it says without, whatever happened to the files, and to the cache."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from paramlint import __version__
from paramlint.engine import check_file
from paramlint.engine.cache import version
from paramlint.engine.cache.stored import Stored
from paramlint.frontends.cli import main
from paramlint.frontends.report.formats import FORMATS
from paramlint.source import dependencies

from .conftest import BAD, GOOD

HEAD = "import torch\nfrom torch import nn\n"
INIT = "    def __init__(self):\n        super().__init__()\n"
LISTED = "        self.blocks = [nn.Linear(2, 2)]\n"
#: A finding if `Base` is a module, none if it is not.
NET = HEAD + "from .base import Base\n\n\nclass Net(Base):\n" + INIT + LISTED
MODULE = HEAD + "\n\nclass Base(nn.Module):\n" + INIT
PLAIN = HEAD + "\n\nclass Base:\n" + INIT
#: A finding unless something in the package writes `gain`.
EMPTY = HEAD + (
    "\n\nclass Scale(nn.Module):\n" + INIT + "        self.gain = nn.Parameter(torch.empty(3))\n\n"
    "    def forward(self, x):\n        return x * self.gain\n"
)
WRITER = "from torch import nn\nfrom .scale import Scale\n\n\ndef fill(scale: Scale):\n    nn.init.ones_(scale.gain)\n"
#: Fixed by moving a row.
LATE = GOOD.replace("        super().__init__()\n", "") + "        super().__init__()\n"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Writes files of a package `pkg` in the current folder; `None` deletes one."""
    monkeypatch.chdir(tmp_path)

    def write(**files):
        for name, text in files.items():
            path = tmp_path / "pkg" / f"{name.replace('INIT', '__init__')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is not None:
                path.write_text(text)
            elif path.exists():
                path.unlink()
        return tmp_path / "pkg"

    write(INIT="")
    return write


@pytest.fixture
def checked(monkeypatch):
    """The paths that were looked at anew, as far as runs in this process go."""
    found: list[str] = []
    original = check_file.check_paths

    def check_paths(paths, *rest, **options):
        found.extend(Path(path).name for path in paths)
        return original(paths, *rest, **options)

    monkeypatch.setattr(check_file, "check_paths", check_paths)
    return found


def check(capsys, *arguments):
    code = main(["check", "--output-format", "json", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def same(capsys, *arguments):
    """What a run says, after seeing that it says the same without a cache."""
    cached = check(capsys, *arguments)
    assert cached == check(capsys, "--no-cache", *arguments)
    return cached


def test_what_has_not_changed_is_not_checked_again(package, capsys, checked):
    package(net=NET, base=MODULE)
    first = same(capsys)
    checked.clear()
    assert check(capsys) == first
    assert checked == []
    assert first[0] == 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"base": PLAIN}, id="the base in another file"),
        pytest.param({"base": None}, id="a file that goes"),
        pytest.param({"base/INIT": PLAIN}, id="a folder that comes before a file"),
        pytest.param({"INIT": "import torch\n", "base": PLAIN}, id="several at once"),
    ],
)
def test_findings_follow_what_they_depend_on(package, capsys, change):
    package(net=NET, base=MODULE)
    assert same(capsys)[0] == 1
    package(**change)
    assert same(capsys)[0] == 0


def test_a_helper_behind_two_imports_counts(package, capsys):
    package(net=NET, base="from ._impl import *\n", _impl=MODULE)
    assert same(capsys)[0] == 1
    package(_impl=PLAIN)
    assert same(capsys)[0] == 0


def test_a_file_that_appears_where_one_was_looked_for_counts(package, capsys):
    package(net=NET)
    assert same(capsys)[0] == 0
    package(base=MODULE)
    assert same(capsys)[0] == 1


def test_a_search_through_the_package_sees_what_appears_and_changes(package, capsys, checked):
    package(scale=EMPTY, other=MODULE)
    assert same(capsys)[0] == 1
    package(writer=WRITER)
    assert same(capsys)[0] == 0
    package(writer="import torch\n")
    assert same(capsys)[0] == 1
    package(other=WRITER)
    assert same(capsys)[0] == 0
    package(other=None)
    assert same(capsys)[0] == 1
    checked.clear()
    package(more=MODULE)
    check(capsys)
    assert checked == ["more.py"]  # it has nothing to do with the others


def test_an_heir_that_appears_completes_its_base(package, capsys):
    """The file of the heir does not name torch."""
    base = HEAD + "\n\nclass Base(nn.Module):\n" + INIT + "        self.noise = torch.zeros(3, requires_grad=True)\n"
    heir = "from .base import Base\n\n\nclass Heir(Base):\n    def step(self):\n        return self.noise.grad\n"
    package(base=base)
    assert same(capsys)[0] == 1
    package(heir=heir)
    assert same(capsys)[0] == 0
    package(heir=heir.replace(".grad", ""))
    assert same(capsys)[0] == 1


def test_a_search_that_only_another_run_asked_for_sees_it_too(package, capsys):
    """The second run looks at one file, and through the same package."""
    package(scale=EMPTY, again=EMPTY.replace("Scale", "Other"))
    assert same(capsys)[0] == 1
    package(writer=WRITER)
    check(capsys, "pkg/again.py")
    assert same(capsys, "pkg/scale.py")[0] == 0


def test_a_search_that_is_older_than_another_sees_it_too(package, capsys):
    """The second run looks at a new file, and reads the package anew for it."""
    package(scale=EMPTY)
    assert same(capsys)[0] == 1
    package(writer=WRITER, again=EMPTY.replace("Scale", "Other"))
    check(capsys, "pkg/again.py")
    assert same(capsys, "pkg/scale.py")[0] == 0


def test_a_remembered_answer_brings_its_files(package, capsys):
    """`b` gets what `a` asked of the class between; only `b` is asked about later."""
    middle = HEAD + "from .base import Base\n\n\nclass Middle(Base):\n" + INIT
    net = NET.replace("base", "middle").replace("Base", "Middle")
    package(a=net, b=net, middle=middle, base=MODULE)
    assert same(capsys)[0] == 1
    package(base=PLAIN)
    assert same(capsys, "pkg/b.py")[0] == 0


def test_a_run_over_part_of_the_files_leaves_the_rest_right(package, capsys):
    package(net=NET, base=MODULE)
    assert same(capsys)[0] == 1
    package(base=PLAIN)
    assert check(capsys, "pkg/base.py")[0] == 0
    assert same(capsys)[0] == 0


@pytest.mark.parametrize(
    "coarse",
    [dependencies._COARSE, pytest.param(0, marks=pytest.mark.heavy)],
    ids=["read again", "known by their state"],
)
def test_random_edits(package, capsys, monkeypatch, coarse):
    """Any edits, then any of the files: the cache never changes what is said."""
    monkeypatch.setattr(dependencies, "_COARSE", coarse)
    chance = random.Random(11)
    texts = [NET, MODULE, PLAIN, EMPTY, WRITER, BAD, "from .base import *\n", "import torch\ndef broken(:\n", "", None]
    names = ["net", "base", "scale", "writer", "sub/base", "INIT", "base/INIT"]
    root = package()
    for _ in range(60):
        package(**{name: chance.choice(texts) for name in chance.sample(names, chance.choice([1, 1, 2]))})
        some = [str(path.relative_to(root.parent)) for path in sorted(root.rglob("*.py"))]
        given = chance.choice([["pkg"], ["pkg"], chance.sample(some, min(2, len(some)))])
        same(capsys, "--select", "PRM", *given)


def test_a_file_that_has_just_changed_is_not_known_by_its_state(tmp_path, monkeypatch):
    """Its times may be the same after the next change."""
    path = tmp_path / "a.py"
    path.write_text("a")
    os.utime(path, (0, 0))  # the time of the entry is still new
    assert dependencies.state(str(path)) == ()
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + 60 * 10**9)
    assert dependencies.state(str(path)) != ()


def test_a_touched_file_is_not_checked_again(package, capsys, checked, monkeypatch):
    """As when the files come out of a repository anew."""
    monkeypatch.setattr(dependencies, "_COARSE", 0)
    root = package(net=NET, base=MODULE)
    first = check(capsys)
    checked.clear()
    for path in root.iterdir():
        os.utime(path)
    assert check(capsys) == first
    assert checked == []


def test_a_project_moves_with_its_cache(package, capsys, checked, tmp_path_factory, monkeypatch):
    package(net=NET, base=MODULE, scale=EMPTY)
    first = check(capsys, "--output-format", "concise")
    moved = tmp_path_factory.mktemp("elsewhere") / "project"
    shutil.copytree(os.getcwd(), moved)
    monkeypatch.chdir(moved)
    checked.clear()
    assert check(capsys, "--output-format", "concise") == first
    assert checked == []


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_the_same_from_the_cache(package, capsys, form):
    (package(net=NET, base=MODULE, bad=BAD) / "noted.py").write_text(BAD.replace("8)]", "8)]  # noqa: PRM401"))
    (package() / "broken.py").write_text("import torch\ndef f(:\n")
    (package() / "cells.md").write_text(f"# Model\n\n```python\n{BAD}```\n")
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": BAD}
    (package() / "cells.ipynb").write_text(
        json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )
    arguments = ("--output-format", form, "--extension", "md")
    whole = check(capsys, "--no-cache", *arguments)
    assert whole[0] == 2
    assert [check(capsys, *arguments) for _ in range(2)] == [whole, whole]


@pytest.mark.parametrize("option", ["--diff", "--fix", "--statistics", "--quiet"])
def test_fixes_are_the_same_from_the_cache(package, capsys, option):
    arguments = ("--select", "PRM406,PRM001,PRM401", "--unsafe-fixes", option)
    results = []
    for cached in (False, True):
        root = package(net=NET, base=MODULE, bad=BAD, late=LATE, noted=GOOD + "x = 1  # noqa: PRM401\n")
        if cached:
            check(capsys, "--select", "PRM406,PRM001,PRM401")
        said = check(capsys, *arguments, *(() if cached else ("--no-cache",)))
        results.append((said, {path.name: path.read_text() for path in root.iterdir()}))
    assert results[0] == results[1]


def test_rules_have_results_of_their_own(package, capsys):
    package(net=NET, base=MODULE)
    assert same(capsys)[0] == 1
    assert same(capsys, "--ignore", "PRM401")[0] == 0
    assert same(capsys, "--select", "PRM401")[0] == 1
    (package().parent / "paramlint.toml").write_text('ignore = ["PRM401"]\n')
    assert same(capsys)[0] == 0
    (package().parent / "paramlint.toml").write_text('[per-file-ignores]\n"net.py" = ["PRM401"]\n')
    assert same(capsys)[0] == 0
    (package().parent / "paramlint.toml").write_text('[per-file-ignores]\n"net.py" = ["PRM9999"]\n')
    code, _, err = check(capsys)
    assert (code, "paramlint.toml:2: no rule is called 'PRM9999'" in err) == (2, True)


def test_another_paramlint_starts_anew(package, capsys, checked, monkeypatch):
    package(net=NET, base=MODULE)
    check(capsys)
    checked.clear()
    monkeypatch.setattr("paramlint.engine.cache.results.engine", lambda: "another")
    check(capsys)
    assert "net.py" in checked


def test_what_may_have_been_an_accident_is_tried_again(package, capsys, checked, monkeypatch):
    def fail(*_):
        raise MemoryError

    package(bad=BAD)
    with monkeypatch.context() as context:
        context.setattr("paramlint.engine.check_file._nominate_and_decide", fail)
        assert check(capsys)[0] == 2
    assert same(capsys)[0] == 1


# The folder


def cache_file():
    (path,) = [p for p in Path(".paramlint_cache").rglob("*") if p.is_file() and len(p.name) == 32]
    return path


def test_the_folder_says_what_it_is(package, capsys):
    package(bad=BAD)
    check(capsys)
    assert Path(".paramlint_cache/CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
    assert Path(".paramlint_cache/.gitignore").read_text() == "*\n"
    assert cache_file().parent.name == __version__


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: data[: len(data) // 2], id="cut"),
        pytest.param(lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:], id="one bit"),
        pytest.param(lambda data: b"x" * len(data), id="something else"),
        pytest.param(lambda data: sealed(b"\x97\xa1x"), id="another form"),
        pytest.param(lambda data: sealed(msgspec.msgpack.encode("hello")), id="another type"),
    ],
)
def test_a_spoilt_file_is_written_anew(package, capsys, checked, spoil):
    package(bad=BAD)
    first = check(capsys)
    good = cache_file().read_bytes()
    cache_file().write_bytes(spoil(good))
    assert check(capsys) == first
    checked.clear()
    assert check(capsys) == first
    assert checked == []


def sealed(data):
    return hashlib.blake2b(data, digest_size=16).digest() + data


def test_numbers_that_lead_nowhere_are_no_failure(package, capsys):
    package(bad=BAD)
    first = check(capsys)
    stored = msgspec.msgpack.decode(cache_file().read_bytes()[16:], type=Stored)
    stored.clean = [10**6]
    cache_file().write_bytes(sealed(msgspec.msgpack.encode(stored)))
    assert check(capsys) == first


def test_a_folder_that_cannot_be_written_to_is_no_failure(package, capsys, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    package(bad=BAD)
    monkeypatch.setattr("os.makedirs", refuse)
    assert same(capsys)[0] == 1
    assert not Path(".paramlint_cache").exists()


def test_something_else_of_that_name_is_left_alone(package, capsys):
    package(bad=BAD)
    Path(".paramlint_cache").write_text("mine")
    assert same(capsys)[0] == 1
    assert Path(".paramlint_cache").read_text() == "mine"


def test_another_folder_may_be_named(package, capsys, tmp_path):
    package(bad=BAD)
    assert check(capsys, "--cache-dir", "kept")[0] == 1
    assert Path("kept/CACHEDIR.TAG").exists()
    assert not Path(".paramlint_cache").exists()


def test_a_named_folder_that_holds_something_else_is_refused(package, capsys):
    package(bad=BAD)
    code, out, err = check(capsys, "--cache-dir", "pkg")
    assert (code, out) == (2, "")
    assert "--cache-dir: pkg: is no cache of paramlint and not empty; name a new or empty folder" in err
    assert main(["clean", "--cache-dir", "pkg"]) == 2
    assert Path("pkg/bad.py").exists()


def test_without_a_cache_nothing_is_written(package, capsys):
    package(bad=BAD)
    assert check(capsys, "--no-cache")[0] == 1
    assert not Path(".paramlint_cache").exists()


def test_clean_deletes_it(package, capsys):
    package(bad=BAD)
    check(capsys)
    assert main(["clean"]) == 0
    assert not Path(".paramlint_cache").exists()
    assert "is deleted" in capsys.readouterr().err
    assert main(["clean"]) == 0
    assert "is not there" in capsys.readouterr().err


def test_it_stands_beside_the_configuration_or_at_the_root_of_the_repository(package, capsys, monkeypatch):
    root = package(bad=BAD)
    (root.parent / ".git").mkdir()
    monkeypatch.chdir(root)
    check(capsys)
    assert (root.parent / ".paramlint_cache").exists()
    (root / "paramlint.toml").write_text("")
    check(capsys)
    assert (root / ".paramlint_cache").exists()


# As processes


def test_a_run_with_nothing_to_check_loads_neither_libcst_nor_the_rules(package, command):
    package(net=NET, base=MODULE)
    script = (
        "import sys; from paramlint.frontends.cli import main; code = main(['check', '--output-format', sys.argv[1]])\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(code, sorted(loaded & {'libcst', 'paramlint_rules', 'pebble'}))"
    )
    command("check")
    for form in ("full", "concise", "json", "junit"):
        done = subprocess.run([sys.executable, "-c", script, form], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "1 []"


def test_runs_at_the_same_time_do_not_disturb_each_other(package, command):
    package(net=NET, base=MODULE, **{f"bad{number}": BAD for number in range(8)})
    expected = command("check", "--no-cache").stdout
    runs = [subprocess.Popen([sys.executable, "-m", "paramlint", "check"], stdout=-1, stderr=-1) for _ in range(3)]
    assert [run.communicate()[0] for run in runs] == [expected] * 3
    assert {path.name for path in Path(".paramlint_cache").iterdir()} == {"CACHEDIR.TAG", ".gitignore", __version__}
    assert cache_file().exists()


def test_data_that_rules_decide_by_is_part_of_the_engine():
    for name in ("torch.json", "nn.stub"):
        assert any(f"{name}:" in state for state in version._sources())
