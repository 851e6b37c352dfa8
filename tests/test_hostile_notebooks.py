"""A notebook that is made to hurt costs one diagnostic, and the files beside it nothing."""

from __future__ import annotations

import json

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
    "deep code": cells("import torch\nx = " + "(" * 10_000),
    "metadata that are a list": cells("import torch", metadata=["kernelspec"]),
    "a language of lists": cells("import torch", metadata={"kernelspec": [1]}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_costs_one_diagnostic(bad, command, name):
    (bad.parent / "book.ipynb").write_bytes(HOSTILE[name])
    done = command("check", "--output-format", "concise")
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 2, done.stderr
    assert [line.split(" ")[1] for line in lines if line.startswith("bad.py")] == ["PRM401"]
    said = [line for line in lines if line.startswith("book.ipynb")]
    assert len(said) == 1
    assert "PRM002" in said[0] or "PRM003" in said[0] or "PRM004" in said[0]
    assert (bad.parent / "book.ipynb").read_bytes() == HOSTILE[name]
