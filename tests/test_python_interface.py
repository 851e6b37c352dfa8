"""What Python code can call: the same as on the command line, as objects, and nothing else."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

import paramlint

from .conftest import BAD, GOOD

NET = """\
from torch import nn


class Net(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.fc = nn.Linear(width, width)
        self.blocks = [nn.Linear(width, width)]

    def forward(self, x):
        return self.blocks[0](self.fc(x))


def example():
    import torch

    return torch.zeros(1, 4)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "net_of_interface.py").write_text(NET)
    yield tmp_path
    sys.modules.pop("net_of_interface", None)


def test_names():
    said = ["Finding", "__version__", "check", "fix", "inspect", "prove", "show", "trace", "watch"]
    assert sorted(dir(paramlint)) == said == sorted(paramlint.__all__)
    assert all(getattr(paramlint, name) for name in said)


def test_neither_torch_nor_libcst_is_loaded_by_importing():
    code = "import sys, paramlint; print(sorted({'torch', 'libcst', 'click'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


class TestCheck:
    def test_a_text(self):
        (found,) = paramlint.check(source=BAD)
        assert (found.code, found.name, found.group) == ("PRM401", "modules-in-plain-container", "bug")
        assert (found.filename, found.row, found.column) == ("<string>", 8, 9)
        assert "ModuleList" in found.fix
        assert str(found).startswith("<string>:8:9: PRM401 `self.blocks`")
        assert hash(found)

    def test_files(self, folder):
        (folder / "a.py").write_text(BAD)
        (folder / "b.py").write_text(GOOD)
        assert [found.filename for found in paramlint.check(".")] == ["a.py", "net_of_interface.py"]
        assert [found.filename for found in paramlint.check([folder / "a.py", "b.py"])] == [str(folder / "a.py")]

    def test_rules(self, folder):
        assert paramlint.check(source=BAD, select=["PRM1"]) == []
        assert paramlint.check(source=BAD, ignore="PRM4,PRM1") == []
        (folder / "paramlint.toml").write_text('ignore = ["PRM401"]\n')
        assert paramlint.check(source=BAD, filename="x.py") == []
        assert len(paramlint.check(source=BAD, filename="x.py", isolated=True)) == 1

    def test_what_cannot_be_checked_is_said(self):
        (found,) = paramlint.check(source="def f(:\n")
        assert (found.code, found.group, found.row) == ("PRM002", "error", 1)

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({}, "either paths or `source`"),
            ({"paths": ".", "source": ""}, "either paths or `source`"),
            ({"paths": ".", "filename": "x.py"}, "`filename`"),
            ({"source": "", "select": ["PRM999"]}, "PRM999"),
            ({"source": "", "config": "gone.toml"}, "gone.toml"),
        ],
    )
    def test_wrong_use(self, folder, given, message):
        with pytest.raises(ValueError, match=message):
            paramlint.check(**given)

    def test_nothing_is_kept(self, folder):
        paramlint.check(".")
        assert not list(folder.glob(".paramlint_cache"))


class TestFix:
    def test_a_text(self):
        assert paramlint.fix(source=BAD) == BAD
        assert "nn.ModuleList(" in paramlint.fix(source=BAD, unsafe=True)

    def test_files(self, folder):
        (folder / "a.py").write_text(BAD)
        assert paramlint.fix("a.py") == []
        assert paramlint.fix("a.py", unsafe=True) == ["a.py"]
        assert "nn.ModuleList(" in (folder / "a.py").read_text()


class TestShow:
    def test_text_and_class(self, folder):
        import net_of_interface

        for target in ("net_of_interface.py:Net", net_of_interface.Net):
            shown = paramlint.show(target, {"width": 3})
            (cls,) = shown.classes
            assert [(p.name, p.shape) for p in cls.parameters] == [("fc.weight", (3, 3)), ("fc.bias", (3,))]
        assert "fc.weight" in str(shown) and '"fc.weight"' in shown.to_json()

    @pytest.mark.parametrize("target", ["net_of_interface.py:Gone", "gone.py", 3, lambda: None])
    def test_wrong_use(self, folder, target):
        with pytest.raises(ValueError):
            paramlint.show(target)


class TestProve:
    def test_a_class(self, folder):
        import net_of_interface

        proved = paramlint.prove(net_of_interface.Net, {"width": 4}, example=net_of_interface.example)
        assert proved.ok
        assert [found.code for found in proved.findings] == ["PRM401"]
        assert proved.findings[0].group == "bug" and proved.findings[0].verdict == "confirmed"
        assert "fc.weight" in str(proved) and '"fc.weight"' in proved.to_json()

    def test_a_page_says_what_it_was_made_by(self, folder):
        import net_of_interface

        for report, call in (
            (paramlint.prove("net_of_interface.py:Net"), "paramlint.prove(model)"),
            (paramlint.inspect(net_of_interface.Net()), "paramlint.inspect(model)"),
        ):
            report.save("page.html")
            assert call in (folder / "page.html").read_text(encoding="utf-8")

    def test_rules_may_be_one_text_everywhere(self, folder):
        import net_of_interface

        with paramlint.watch(net_of_interface.Net(), select="PRM716,PRM717"):
            pass
        assert paramlint.prove("net_of_interface.py:Net", select="PRM1,PRM2").findings == ()

    def test_what_cannot_be_built_is_said(self, folder):
        proved = paramlint.prove("net_of_interface.py:Net", {"width": "x"})
        assert not proved.ok and proved.document.outcome.stage == "construct"

    def test_a_model_that_is_there(self, folder):
        import net_of_interface

        assert "PRM401" in [found.code for found in paramlint.prove(net_of_interface.Net()).findings]

    @pytest.mark.parametrize(
        ("target", "arguments", "message"),
        [
            (lambda: None, None, "no name in a file"),
            ("net_of_interface.py", None, "names no class"),
            ("net_of_interface.py:Net", {"width": object()}, "`width` is no literal"),
            ("net of interface", None, "is no target"),
        ],
    )
    def test_wrong_use(self, folder, target, arguments, message):
        with pytest.raises(ValueError, match=message):
            paramlint.prove(target, arguments)


PAGE = (Path(__file__).parent.parent / "docs" / "python.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n((?:(?!^```).)*?)^```\n\n```text\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_each_example_of_the_page_has_its_output():
    assert len(EXAMPLES) == PAGE.count("```python") - 1


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_examples_of_the_page(number, tmp_path, monkeypatch):
    code, output = EXAMPLES[number]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(re.findall(r"^```python\n(.*?)^```", PAGE, re.S | re.M)[0])
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "python.md", "exec"), {"__name__": "example"})
    assert printed.getvalue() == output
