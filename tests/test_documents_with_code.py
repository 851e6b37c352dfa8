"""Python inside notebooks and Markdown: found at its place, fixed without touching anything else."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from paramlint.frontends.cli import main
from paramlint.source.documents.markdown import Markdown
from paramlint.source.documents.notebook import Notebook
from paramlint.source.documents.restructured_text import ReStructuredText
from paramlint.source.kinds import kind

from .conftest import BAD, GOOD

CLASS = BAD[BAD.index("class") :].rstrip("\n")


def cell(source, kind="code", as_list=True, **more):
    text = source.splitlines(True) if as_list else source
    return {"cell_type": kind, "metadata": {}, "source": text, **({"outputs": [], **more} if kind == "code" else {})}


def notebook(*cells, language="python", indent=1, **more):
    metadata = {"kernelspec": {"language": language, "name": "x"}}
    return json.dumps({"cells": list(cells), "metadata": metadata, "nbformat": 4, **more}, indent=indent)


@pytest.fixture
def book(bad):
    bad.unlink()
    path = bad.parent / "book.ipynb"

    def write(*cells, **options):
        path.write_text(notebook(*cells, **options))
        return path

    return write


IMPORTS = cell(
    "%matplotlib inline\n!pip install torch \\\n  numpy\nimport torch\nfrom torch import nn\nx = !ls\ntorch.nn?"
)
TEXT = cell("# A *title*\n`x`", kind="markdown")
RESULT = {"output_type": "stream", "text": ["\u00fc \\u2028 { } [\n", 'quote " end']}


def run(capsys, *arguments):
    code = main(["check", *arguments])
    return code, capsys.readouterr().out


def test_a_place_is_cell_row_and_column(book, capsys):
    book(IMPORTS, TEXT, cell("%%time\n" + CLASS, outputs=[RESULT]))
    code, out = run(capsys, "--output-format", "json")
    (found,) = json.loads(out)
    assert code == 1
    assert (found["cell"], found["location"], found["code"]) == (3, {"row": 5, "column": 9}, "PRM401")
    assert found["noqa_row"] == 5
    assert found["fix"]["edits"][0]["location"]["row"] == 5
    code, out = run(capsys)
    assert out.startswith("book.ipynb:cell 3:5:9: PRM401 [bug] ")
    assert "5 |         self.blocks = [nn.Linear(8, 8)]\n  |         ^^^^^^^^^^^\n" in out


@pytest.mark.parametrize("as_list", [True, False])
@pytest.mark.parametrize("indent", [None, 1, 2])
def test_a_fix_changes_its_line_and_no_other_byte(book, as_list, indent):
    cells = (IMPORTS, TEXT, cell(CLASS, as_list=as_list, outputs=[RESULT], execution_count=7))
    path = book(*cells, indent=indent)
    before = path.read_text()
    assert main(["check", "--fix", "--unsafe-fixes"]) == 0
    assert path.read_text() == before.replace("[nn.Linear(8, 8)]", "nn.ModuleList([nn.Linear(8, 8)])")


def test_a_block_ends_with_its_cell(book):
    edit = "net.weight.data.mul_(2)"
    head = "import torch\nnet = torch.nn.Linear(2, 2)"
    path = book(cell(head), cell(f"{edit}\n{edit}"), cell(edit), cell(f"{edit}\n%time 1\n{edit}"))
    assert main(["check", "--fix"]) == 0
    cells = ["".join(each["source"]) for each in json.loads(path.read_text())["cells"]]
    header, row = "with torch.no_grad():\n", "    net.weight.mul_(2)"
    assert cells[1:] == [
        f"{header}{row}\n{row}",
        f"{header}{row}",
        f"{header}{row}\n%time 1\n{header}{row}",
    ]


def test_a_diff_names_the_cell_and_counts_its_rows(book, capsys):
    path = book(IMPORTS, TEXT, cell("%%time\n" + CLASS), cell("x = 1\n"))
    before = path.read_text()
    code, out = run(capsys, "--diff", "--unsafe-fixes")
    assert code == 1
    assert out.splitlines() == [
        "--- book.ipynb:cell 3",
        "+++ book.ipynb:cell 3",
        "@@ -2,4 +2,4 @@",
        " class Net(nn.Module):",
        "     def __init__(self):",
        "         super().__init__()",
        "-        self.blocks = [nn.Linear(8, 8)]",
        "+        self.blocks = nn.ModuleList([nn.Linear(8, 8)])",
    ]
    assert path.read_text() == before


def test_a_diff_of_a_document_is_a_patch_of_it(bad, command):
    bad.unlink()
    path = bad.parent / "page.md"
    path.write_text(f"# Title\n\n```python\n{BAD}```\n")
    done = command("check", "--diff", "--unsafe-fixes", "page.md")
    subprocess.run(["git", "apply", "-p0", "-"], input=done.stdout, cwd=bad.parent, check=True)
    assert path.read_text() == f"# Title\n\n```python\n{GOOD}```\n"


@pytest.mark.parametrize(
    "row",
    [
        "pip install torch",
        "if True:\n    cd data",
        "ls *.py",
        "load_ext autoreload",
        "matplotlib inline",
        "time train(net)",
        "rm -rf x y",
        "uv pip install torch \\\n  numpy",
    ],
)
def test_a_magic_without_its_sign_is_no_syntax_error(book, capsys, row):
    path = book(cell(f"import torch\nfrom torch import nn\n{row}"), cell(f"{CLASS}\nls"))
    code, out = run(capsys, "-q", "--output-format", "concise")
    assert (code, out.count("\n")) == (1, 1)
    assert out.startswith("book.ipynb:cell 2:4:9: PRM401")
    before = path.read_text()
    assert main(["check", "-q", "--fix", "--unsafe-fixes"]) == 0
    assert path.read_text() == before.replace("[nn.Linear(8, 8)]", "nn.ModuleList([nn.Linear(8, 8)])")


@pytest.mark.parametrize("row", ["time = 1 2", "ls(1 2)", "pip.main x", "train net", "cats and dogs x"])
def test_what_is_no_magic_still_is_one(book, capsys, row):
    book(cell(row))
    assert run(capsys, "-q", "--output-format", "concise")[0] == 2


def test_nothing_is_written_without_a_finding(book):
    path = book(IMPORTS, cell(CLASS.replace("[nn.Linear(8, 8)]", "nn.Identity()")))
    before = path.read_bytes()
    assert main(["check", "--fix", "--unsafe-fixes"]) == 0
    assert path.read_bytes() == before


def test_other_languages_are_passed_over(book, capsys):
    book(IMPORTS, cell("%%bash\nself.blocks = [nn.Linear(1, 1)]"), cell("%%html\n<b>"))
    assert run(capsys)[0] == 0
    book(IMPORTS, cell(CLASS), language="R")
    assert run(capsys)[0] == 0


def test_a_broken_cell_costs_itself_only(book, capsys):
    book(IMPORTS, cell("x = (\n"), cell(CLASS))
    code, out = run(capsys, "--output-format", "concise", "-q")
    assert code == 2
    assert [line.split(" ")[1:3] for line in out.splitlines()] == [["2:1:5:", "PRM002"], ["3:4:9:", "PRM401"]]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"cells": 3}', '{"cells": [{}]}', "import torch"])
def test_what_is_no_notebook_is_said(book, capsys, text):
    path = book()
    path.write_text(text)
    code, out = run(capsys, "--output-format", "concise", "-q")
    assert code == 2
    assert out.startswith("book.ipynb:1:1: PRM003 [error] is no Jupyter notebook: ")
    assert not re.search("object|attribute|NoneType|'(int|list|cells|cell_type)'", out)


def test_comments_silence_in_cells(book, capsys):
    path = book(IMPORTS, cell(CLASS + "  # noqa: PRM401"))
    assert run(capsys)[0] == 0
    path = book(IMPORTS, cell(CLASS))
    assert main(["check", "--add-noqa"]) == 0
    assert '8)]  # noqa: PRM401"' in path.read_text()
    assert run(capsys)[0] == 0


def test_an_edit_of_masked_rows_is_refused():
    source = Notebook("x.ipynb", notebook(IMPORTS).encode())
    assert source.encode(source.text) == source.data
    with pytest.raises(ValueError, match="no Python"):
        source.encode("\n".join(source.text.split("\n")[2:]))


MARKDOWN = f"""\
# Title

```python
{BAD}```

Text with `code`.

```{{.python .input}}
%matplotlib inline
```

~~~bash
self.blocks = [nn.Linear(1, 1)]
~~~

```python
def f(...):
```

````python
{CLASS}
````
"""


def test_markdown_blocks(bad, capsys):
    bad.unlink()
    path = bad.parent / "page.md"
    path.write_text(MARKDOWN)
    assert run(capsys)[0] == 0
    code, out = run(capsys, "--extension", "md", "--output-format", "concise", "-q")
    rows = [i for i, line in enumerate(MARKDOWN.splitlines(), 1) if "[nn.Linear(8, 8)]" in line]
    assert code == 1
    assert [line.split(" PRM")[0] for line in out.splitlines()] == [f"page.md:{row}:9:" for row in rows]
    assert main(["check", "page.md", "--fix", "--unsafe-fixes"]) == 0
    assert path.read_text() == MARKDOWN.replace("[nn.Linear(8, 8)]", "nn.ModuleList([nn.Linear(8, 8)])")
    assert GOOD in path.read_text()


@pytest.mark.parametrize(("names", "found"), [("pytorch", 1), ("mxnet, pytorch", 1), ("all", 1), ("jax", 0)])
def test_a_block_for_several_frameworks(bad, capsys, names, found):
    bad.unlink()
    path = bad.parent / "page.md"
    text = f"```{{.python .input}}\n%%tab {names}\n{BAD}```\n"
    path.write_text(text)
    assert run(capsys, "--extension", "md", "--output-format", "concise")[1].count("PRM401") == found
    source = Markdown("page.md", text.encode())
    assert source.encode(source.text) == text.encode()


@pytest.mark.parametrize("text", ["", "```python", "```python\nx = 1", "no end", "a\r\n```py\r\nx = 1\r\n```\r\n"])
def test_markdown_comes_back_as_it_was(text):
    source = Markdown("x.md", text.encode())
    assert source.encode(source.text) == text.encode()


def indented(text, by):
    return "".join(by + line if line.strip() else line for line in text.splitlines(True))


BLOCKS = {
    "page.md": f"# Title\n\n1. In a list:\n\n   ```python\n{indented(BAD, '   ')}   ```\n",
    "page.mdx": f"import X from 'x'\n\n<X />\n\n```python title=\"net.py\"\n{BAD}```\n",
    "page.qmd": f"---\ntitle: x\n---\n\n::: {{.panel}}\n```{{python}}\n#| echo: false\n{BAD}```\n:::\n",
    "page.Rmd": f"```{{r}}\nx <- 1\n```\n\n```{{python, echo=FALSE}}\n{BAD}```\n",
    "page.myst": f"```{{code-cell}} ipython3\n:tags: [hide]\n\n{BAD}```\n",
    "colons.myst": f":::{{note}}\nText\n:::\n:::{{code-block}} python\n---\nlineno: 1\n---\n{BAD}:::\n",
    "page.rst": f"Title\n=====\n\n.. code-block:: python\n   :linenos:\n\n{indented(BAD, '   ')}\nText\n",
    "list.rst": f"* A list\n\n  .. code:: python3\n\n{indented(BAD, '     ')}\n  More of it\n",
    "tabs.rst": f".. sourcecode:: py\n\n{indented(BAD, chr(9))}",
}


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_kind_of_document(bad, capsys, name, newline):
    bad.unlink()
    path = bad.parent / name
    text = BLOCKS[name].replace("\n", newline)
    path.write_bytes(text.encode())
    source = kind(name)(name, text.encode())
    assert source.encode(source.text) == text.encode()
    row, line = next((i, line) for i, line in enumerate(text.splitlines(), 1) if "self.blocks" in line)
    code, out = run(capsys, "-q", "--output-format", "concise", name)
    assert (code, out.split(" ")[0]) == (1, f"{name}:{row}:{line.index('self') + 1}:")
    assert run(capsys, "-q")[1] == ""  # nobody has asked for documents
    assert run(capsys, "-q", "--output-format", "concise", "--extension", path.suffix) == (code, out)
    assert main(["check", "-q", "--fix", "--unsafe-fixes", name]) == 0
    assert path.read_bytes() == text.replace("[nn.Linear(8, 8)]", "nn.ModuleList([nn.Linear(8, 8)])").encode()


@pytest.mark.parametrize("extension", [".md", "md", "MD", "md,rst"])
def test_an_extension_is_what_people_call_it(bad, capsys, extension):
    (bad.parent / "page.md").write_text(f"```python\n{BAD}```\n")
    assert run(capsys, "--extension", extension)[1].count("PRM401") == 2
    (bad.parent / "paramlint.toml").write_text(f'extension = ["{extension.partition(",")[0]}"]\n')
    assert run(capsys)[1].count("PRM401") == 2


def test_an_extension_of_no_document_is_refused(bad, capsys):
    assert main(["check", "--extension", "docx"]) == 2
    assert "`docx` is no kind of document that is checked; there are md, markdown, mdx" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        "Text\n\n.. code-block:: bash\n\n   self.blocks = [nn.Linear(1, 1)]\n",
        ".. code-block:: python\n\n   def f(...):\n",
        ".. code-block:: python\n\n   x = '''\n  less'''\n",
        ".. code-block:: python\n\n",
        ".. code-block:: python\nno code\n",
        "import torch\n",
        "",
    ],
)
def test_what_is_no_python_in_a_document_is_left_alone(bad, capsys, text):
    path = bad.parent / "page.rst"
    path.write_text(text)
    assert run(capsys, "page.rst")[0] == 0
    source = ReStructuredText("page.rst", text.encode())
    assert source.encode(source.text) == text.encode()


def test_an_import_that_a_fix_needs_stands_in_the_block(bad):
    code = "from torch import nn\ndef clear(net: nn.Linear):\n    net.weight.data.mul_(2)\n"
    path = bad.parent / "page.rst"
    path.write_text(f".. code:: python\n\n{indented(code, '   ')}")
    assert main(["check", "-q", "--fix", "page.rst"]) == 0
    assert path.read_text().splitlines() == [
        ".. code:: python",
        "",
        "   import torch",
        "   from torch import nn",
        "   def clear(net: nn.Linear):",
        "       with torch.no_grad():",
        "           net.weight.mul_(2)",
    ]
