"""A notebook that is made to hurt costs one diagnostic, and the files beside it nothing."""

from __future__ import annotations

import json
import resource

import pytest

from .conftest import BAD


def cells(*sources: object, **more: object) -> bytes:
    return json.dumps({"cells": [{"cell_type": "code", "source": source} for source in sources], **more}).encode()


HOSTILE = {
    "lists": b"[" * 100_000,
    "closed lists": b"[" * 100_000 + b"]" * 100_000,
    "objects": b'{"cells":' * 50_000,
    "a source in lists": b'{"cells": [{"cell_type": "code", "source": ' + b"[" * 50_000 + b"]" * 50_000 + b"}]}",
    "numbers": b'{"cells": ' + b"9" * 100_000 + b"}",
    "a source that is a number": cells(3),
    "a source that is an object": cells({"a": "torch"}),
    "sources that are numbers": cells(["import torch\n", 3]),
    "cells that are texts": b'{"cells": ["import torch"]}',
    "a kind that is a list": b'{"cells": [{"cell_type": [], "source": "torch"}, 1]}',
    "cells under an object": b'{"cells": {"0": {"cell_type": "code", "source": "import torch"}}}',
    "no UTF-8": b'{"cells": [{"cell_type": "code", "source": "import torch # \xff"}]}',
    "UTF-16": cells("import torch").decode().encode("utf-16"),
    "cut off": cells(BAD)[:-3],
    "two": cells(BAD) * 2,
    "not a number": b'{"cells": [NaN, Infinity]}',
    "a NUL": cells("import torch\n\0"),
    "deep operators": cells("import torch\nx = " + "-" * 100_000 + "1"),
    "deep code": cells("import torch\nx = " + "(" * 10_000),
    "metadata that are a list": cells("import torch", metadata=["kernelspec"]),
    "a language of lists": cells("import torch", metadata={"kernelspec": [1]}),
    "two lists of cells": cells("import torch")[:-1] + b', "cells": [1]}',
    "numbers for cells": b'{"cells": [' + b"1," * 1_000_000 + b"1]}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_costs_one_diagnostic(bad, command, name):
    (bad.parent / "book.ipynb").write_bytes(HOSTILE[name])
    done = command("check", "--output-format", "concise", "-q")
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 2, done.stderr
    assert [line.split(" ")[1] for line in lines if line.startswith("bad.py")] == ["PRM401"]
    said = [line for line in lines if line.startswith("book.ipynb")]
    assert len(said) == 1
    assert "PRM002" in said[0] or "PRM003" in said[0] or "PRM004" in said[0]
    assert (bad.parent / "book.ipynb").read_bytes() == HOSTILE[name]


MEGABYTE = 1_000_000


def large(*, picture: int = 0, rows: int = 0, metadata: int = 0) -> str:
    """A notebook with so many bytes of output, of code and of metadata."""
    output = {"output_type": "display_data", "data": {"image/png": "A\\n" * (picture // 3)}, "metadata": {}}
    source = ["x = 1\n" * (rows // 6), *BAD.splitlines(keepends=True)][not rows :]
    cell = {"cell_type": "code", "metadata": {}, "execution_count": 1, "outputs": [output], "source": source}
    return json.dumps({"cells": [cell], "metadata": {"x": "]" * metadata}, "nbformat": 4, "nbformat_minor": 5})


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("size", "said"),
    [
        ({"picture": 100 * MEGABYTE}, "book.ipynb:cell 1:8:9: PRM401 [bug] "),
        ({"rows": 100 * MEGABYTE}, "book.ipynb:1:1: PRM003 [error] is too large: "),
        ({"metadata": 100 * MEGABYTE}, "book.ipynb:cell 1:8:9: PRM401 [bug] "),
    ],
    ids=str,
)
def test_a_hundred_megabytes_cost_one_diagnostic_and_little_memory(bad, command, size, said):
    book = bad.parent / "book.ipynb"
    book.write_text(large(**size))
    assert book.stat().st_size > 100 * MEGABYTE
    gigabytes = (3 * 2**30, 3 * 2**30)  # half a gigabyte of them is the stack
    done = command(
        *("check", "--no-cache", "--jobs", "1", "--output-format", "concise", "-q"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, gigabytes),
    )
    lines = done.stdout.decode().splitlines()
    assert len(lines) == 2, (lines, done.stderr)
    assert lines[0].startswith("bad.py:8:9: PRM401 [bug] ")
    assert lines[1].startswith(said)


def test_a_fix_changes_the_source_and_nothing_around_it(bad, command):
    book = bad.parent / "book.ipynb"
    document = large(picture=MEGABYTE).replace("{", " {\n", 3).replace("],", "\t] ,")
    document = document.replace('"source"', '"so\\u0075rce" ')
    book.write_text(f"\n{document}\r\n")
    assert command("check", "--fix", "--unsafe-fixes", "book.ipynb").returncode == 0
    fixed = document.replace("[nn.Linear(8, 8)]", "nn.ModuleList([nn.Linear(8, 8)])")
    assert book.read_bytes() == f"\n{fixed}\r\n".encode()


LOOKS_LIKE_MAGIC = """\
log(
    "sizes=%s, "
    "depth=%d of "
    f"rest=!r {x}"
)
text = '''
%matplotlib
!ls
y = %time
'''
z = (8
%r)
"""


@pytest.mark.parametrize("magic", ["", "%matplotlib inline\n", "files['a'], x.y = !ls\n", "t = %time f()\n"])
def test_a_string_that_looks_like_a_magic_is_python(bad, command, magic):
    text = LOOKS_LIKE_MAGIC if not magic else LOOKS_LIKE_MAGIC.partition("text")[0]
    (bad.parent / "book.ipynb").write_bytes(cells(f"{magic}{text}{BAD}"))
    done = command("check", "--output-format", "concise", "-q", "book.ipynb")
    row = f"{magic}{text}{BAD}".count("\n")
    assert done.stdout.decode().startswith(f"book.ipynb:cell 1:{row}:9: PRM401 "), done.stdout
    assert done.stdout.count(b"\n") == 1
