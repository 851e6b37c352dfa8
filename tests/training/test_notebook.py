"""Notebooks: in a real kernel, and the parts of it without one."""

from __future__ import annotations

import pytest

from paramlint.frontends.notebook.cell_output import Shown
from paramlint.frontends.notebook.extension import Extension

HIDDEN = """\
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = [nn.Linear(4, 4)]

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x
"""


class Events:
    """What an extension asks of a shell."""

    def register(self, *_):
        pass


class Shell:
    events = Events()


def test_a_finding_is_said_once():
    extension = Extension(Shell())
    assert [found.code for found in extension.check(HIDDEN)] == ["PRM401"]
    assert extension.check("net = Net()") == []
    assert extension.check("%timeit net") == []
    assert extension.check("") == []


def test_what_cells_say_together():
    extension = Extension(Shell())
    assert extension.check("import torch\nnet = torch.nn.Linear(2, 2)") == []
    found = extension.check("net.weight.data *= 2")
    assert [(one.code, one.cell) for one in found] == [("PRM101", 2)]
    shown = Shown(tuple(found), 2)
    assert repr(shown).startswith("line 1 PRM101 in-place-data-edit: ")
    assert "<code>" in shown._repr_html_()


def test_names_are_text():
    extension = Extension(Shell())
    found = extension.check(HIDDEN.replace("blocks", "ａ"))
    assert "<script" not in Shown(tuple(found), 1)._repr_html_()


@pytest.fixture(scope="module")
def run():
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    nbformat = pytest.importorskip("nbformat")

    def execute(*cells: str):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
        return notebook

    return execute


def texts(cell) -> str:
    return "\n".join(o.get("text", "") or o.get("data", {}).get("text/plain", "") for o in cell.outputs)


def test_in_a_kernel(run):
    notebook = run(
        "%load_ext paramlint",
        HIDDEN,
        "net = Net()\nnet.spare = nn.Linear(2, 2)",
        "%paramlint net",
        "%paramlint 3 + 4",
        "%%paramlint\nnet.spare.weight.data *= 0.5\nprint('ran')",
        "import paramlint\nprint(dir(paramlint))",
    )
    cells = notebook.cells
    assert "PRM401" in texts(cells[1])
    assert "text/html" in cells[1].outputs[0].data
    assert texts(cells[2]) == ""
    assert "PRM401" in texts(cells[3])
    assert cells[3].outputs[0].data["text/html"].startswith("<iframe sandbox")
    assert "needs a model" in texts(cells[4])
    assert "ran" in texts(cells[5])
    assert texts(cells[5]).count("PRM101") == 1
    assert "load_ipython_extension" not in texts(cells[6])
