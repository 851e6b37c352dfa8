"""Targets and arguments as they are written, and what is imported for them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from paramlint.source.regular_file import BY_PROGRAM
from paramlint.verify.process.targets import Target, TargetError, literal, load, parse_argument, parse_target


@pytest.fixture(autouse=True)
def imports_are_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test imports from its own folder, in which it runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("text", "module", "factory"),
    [
        ("package.module:factory", "package.module", "factory"),
        ("package:Outer.Inner", "package", "Outer.Inner"),
        ("path/to/my-file.py:Class", "path/to/my-file.py", "Class"),
        ("path/to/file.py", "path/to/file.py", ""),
        ("package.module", "package.module", ""),
        (r"C:\models\net.py:Net", r"C:\models\net.py", "Net"),
        (r"C:\models\net.py", r"C:\models\net.py", ""),
    ],
)
def test_a_target(text: str, module: str, factory: str) -> None:
    assert parse_target(text) == Target(text, module, factory)


@pytest.mark.parametrize("text", ["", ":", "a b:c", "module:", "module:Net()", "a/b.txt:Net", "a..b:c", "-x:y"])
def test_no_target(text: str) -> None:
    with pytest.raises(TargetError, match="write"):
        parse_target(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("n=3", 3), ("n=-1.5", -1.5), ("n=(1, 2)", (1, 2)), ("n={'a': None}", {"a": None}), ("n='x=y'", "x=y")],
)
def test_an_argument(text: str, value: object) -> None:
    name, source = parse_argument(text)
    assert (name, literal(source)) == ("n", value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3", "write `name=value`"),
        ("a.b=3", "write `name=value`"),
        ("n=Config()", "not a Python literal$"),
        ("n=", "not a Python literal$"),
        ("mode=fan_in", "a string needs quotes: mode='fan_in'$"),
        ("n=" + "(" * 500, "not a Python literal$"),
    ],
)
def test_no_argument(text: str, message: str) -> None:
    with pytest.raises(TargetError, match=message):
        parse_argument(text)


def write(path: str, text: str) -> None:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_a_module_of_the_working_directory_or_its_src() -> None:
    write("here.py", "value = 1")
    write("src/there.py", "value = 2")
    assert load(parse_target("here:value")) == 1
    assert load(parse_target("there:value")) == 2


def test_a_nested_name() -> None:
    write("nested_module.py", "class Outer:\n    class Inner:\n        value = 3")
    assert load(parse_target("nested_module:Outer.Inner.value")) == 3
    with pytest.raises(TargetError, match=r"no `Outer\.Iner`; did you mean `Inner`\?"):
        load(parse_target("nested_module:Outer.Iner"))


@pytest.mark.parametrize("name", ["model_file", "my-model", "random", "msgspec", "class"])
def test_a_file_whatever_it_is_called(name: str) -> None:
    write(f"models/{name}.py", "import sys\nvalue = sys.modules[__name__].__file__")
    assert load(parse_target(f"models/{name}.py:value")) == str(Path(f"models/{name}.py").resolve())


@pytest.mark.parametrize("name", ["once", "msgspec", "twice-loaded"])
def test_a_file_is_loaded_once(name: str) -> None:
    write(f"models/{name}.py", "value = object()")
    assert load(parse_target(f"models/{name}.py:value")) is load(parse_target(f"models/{name}.py:value"))


def test_a_file_that_failed_is_loaded_anew() -> None:
    write("models/failing.py", "raise KeyError")
    for _ in range(2):
        with pytest.raises(KeyError):
            load(parse_target("models/failing.py"))


def test_a_file_finds_its_neighbours() -> None:
    write("models/main_model.py", "from helper_of_main import value")
    write("models/helper_of_main.py", "value = 4")
    assert load(parse_target("models/main_model.py:value")) == 4


def test_a_file_of_a_package_keeps_its_relative_imports() -> None:
    write("src/package_one/__init__.py", "value = 5")
    write("src/package_one/sub/__init__.py", "")
    write("src/package_one/sub/model.py", "from .. import value\nname = __name__")
    assert load(parse_target("src/package_one/sub/model.py:value")) == 5
    assert load(parse_target("src/package_one/sub/model.py:name")) == "package_one.sub.model"
    assert load(parse_target("src/package_one/__init__.py:value")) == 5


def test_the_whole_module() -> None:
    write("whole_module.py", "value = 6")
    assert vars(load(parse_target("whole_module")))["value"] == 6


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(TargetError, match=r"there is no file .*absent\.py"):
        load(parse_target("absent.py:Net"))


def test_what_is_no_file_is_not_imported(tmp_path: Path) -> None:
    os.mkfifo("pipe.py")
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "circle.py").symlink_to("circle.py")
    (tmp_path / "device.py").symlink_to("/dev/zero")
    with open("large.py", "wb") as stream:
        stream.truncate(BY_PROGRAM + 1)
    for name, why in (
        ("pipe", "it is no regular file"),
        ("device", "it is no regular file"),
        ("folder", "it is a folder"),
        ("circle", "Too many levels of symbolic links"),
        ("large", "it is too large"),
    ):
        with pytest.raises(TargetError, match=rf"{name}\.py cannot be imported: {why}"):
            load(parse_target(f"{name}.py:Net"))
