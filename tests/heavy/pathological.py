"""Inputs that break parsers: `python -m tests.heavy.pathological`.

Each lies in a folder with a file that has one finding. The command has to answer within 30 seconds of processor time,
to report that finding, and to end as it should: nothing dies, nothing is called an internal error.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

NEIGHBOUR = "from torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n" + (
    "        super().__init__()\n        self.blocks = [nn.Linear(8, 8)]\n"
)
_HEAD = "import torch\nfrom torch import nn\n"
_METHOD = NEIGHBOUR.replace("class Net", "class Deep") + "        x = {}\n"
#: Seconds of processor time.
LIMIT = 30
#: How many times as long a busy machine may take.
PATIENCE = 20


def _nested(depth: int, header: str, last: str = "pass") -> str:
    return "".join(f"{' ' * i}{header}\n" for i in range(depth)) + " " * depth + last


#: Expressions that stand in a method which is parsed for its finding.
EXPRESSIONS = {
    "and": " and ".join(["a"] * 20_000),
    "or": " or ".join(["a"] * 20_000),
    "plus": "+".join(["1"] * 20_000),
    "power": "**".join(["a"] * 3_000),
    "matmul": "@".join(["a"] * 20_000),
    "less": "<".join(["a"] * 20_000),
    "not": "not " * 2_000 + "a",
    "minus": "-" * 20_000 + "a",
    "tilde": "~" * 5_000 + "a",
    "await": "await " * 3_000 + "a",
    "conditions": "a if b else " * 3_000 + "c",
    "lambdas": "lambda: " * 2_000 + "1",
    "parentheses": "(" * 190 + "1" + ")" * 190,
    "brackets": "[" * 190 + "]" * 190,
    "braces": "{1: " * 190 + "2" + "}" * 190,
    "calls": "f(" * 190 + ")" * 190,
    "called": "f" + "()" * 20_000,
    "attributes": "a" + ".b" * 20_000,
    "subscripts": "a" + "[0]" * 20_000,
    "strings": " ".join(["'a'"] * 20_000),
    "f-strings": " ".join(["f'{a}'"] * 20_000),
    "f-string in f-string": "f'{f\"{f'''{1}'''}\"}'",
    "walrus": "(a := " * 190 + "1" + ")" * 190,
    "list": "[" + ",".join(["1"] * 300_000) + "]",
    "dict": "{" + ",".join(["1: 2"] * 100_000) + "}",
    "arguments": "f(" + ",".join(["a"] * 100_000) + ")",
    "keywords": "f(" + ",".join(f"a{i}=1" for i in range(50_000)) + ")",
    "comprehension": "[a " + "for a in b " * 2_000 + "]",
    "conditions of a comprehension": "[a for a in b " + "if a " * 5_000 + "]",
    "literal of 4 MB": "'" + "x" * 4_000_000 + "'",
    "literal of 100 MB": "'" + "x" * 100_000_000 + "'",
    "bytes of 4 MB": "b'" + "x" * 4_000_000 + "'",
    "integer": "1" * 4_000,
    "integer over the limit": "1" * 100_000,
    "hexadecimal": "0x" + "f" * 1_000_000,
    "name of 1 MB": "n" * 1_000_000,
    "containers": "nn.ModuleList([" * 60 + "])" * 60,
    "slices": "a[" + ",".join(["1:2"] * 50_000) + "]",
}
#: Whole files.
FILES: dict[str, bytes] = {
    "nested if": (_HEAD + _nested(99, "if a:")).encode(),
    "nested if, too deep": (_HEAD + _nested(200, "if a:")).encode(),
    "nested for": (_HEAD + _nested(20, "for a in b:", "nn.Linear(1, 1)")).encode(),
    "nested with": (_HEAD + _nested(90, "with torch.no_grad():")).encode(),
    "nested def": (_HEAD + _nested(90, "def f(self, a=nn.Linear(1, 1)):")).encode(),
    "nested class": (_HEAD + _nested(90, "class A(nn.Module):", "a = [nn.Linear(1, 1)]")).encode(),
    "nested try": (
        _HEAD
        + "".join(" " * i + "try:\n" for i in range(19))
        + " " * 19
        + "pass\n"
        + "".join(" " * i + "finally:\n" + " " * i + " pass\n" for i in reversed(range(19)))
    ).encode(),
    "elif": (_HEAD + "if a:\n    pass\n" + "elif b:\n    pass\n" * 3_000).encode(),
    "except": (_HEAD + "try:\n    pass\n" + "except A:\n    pass\n" * 5_000).encode(),
    "decorators": (_HEAD + "@torch.no_grad()\n" * 20_000 + "def f(): pass\n").encode(),
    "statements on a row": (_HEAD + "torch.empty(1); " * 30_000).encode(),
    "assignments": (_HEAD + "a = " * 20_000 + "[nn.Linear(1, 1)]").encode(),
    "classes": (_HEAD + "class A(nn.Module): pass\n" * 20_000).encode(),
    "bases in a row": (
        _HEAD
        + "class A0(nn.Module): pass\n"
        + "".join(
            f"class A{i}(A{i - 1}):\n    def __init__(self): self.w = [nn.Linear(1, 1)]\n" for i in range(1, 3_000)
        )
    ).encode(),
    "bases in a circle": (
        _HEAD + "class A(B): pass\nclass B(A):\n    def __init__(self): self.a = [nn.Linear(1, 1)]\n"
    ).encode(),
    "a class that is its base": (_HEAD + "class A(A):\n    def __init__(self): self.a = [nn.Linear(1, 1)]\n").encode(),
    "aliases in a circle": (_HEAD + "a = b\nb = a\nclass C(a):\n    def __init__(self): self.a = [a(1)]\n").encode(),
    "calls in a circle": (
        _METHOD.format("self.f()") + "    def f(self): self.g()\n    def g(self): self.f()\n"
    ).encode(),
    "many paths": (_METHOD.format(1) + "        if a: self.w = nn.Linear(1, 1)\n" * 2_000).encode(),
    "many paths to an init": (
        _HEAD
        + "class A(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        + ("        self.w = nn.Parameter(torch.empty(2))\n        if a: nn.init.zeros_(self.w)\n") * 500
    ).encode(),
    "rows": (_METHOD.format(1) + "\n" * 2_000_000).encode(),
    "comments": (_METHOD.format(1) + "# torch\n" * 500_000).encode(),
    "a comment of 10 MB": (_HEAD + "# " + "x" * 10_000_000).encode(),
    "continuations": (_HEAD + "x = 1 + \\\n" * 10_000 + "1").encode(),
    "NUL": (_HEAD + "x = 1\0\n").encode(),
    "NUL in a string": (_HEAD + "x = 'a\0b'\n").encode(),
    "zeros": b"import torch\n" + b"\0" * 1_000_000,
    "random bytes": b"import torch\n" + bytes(range(256)) * 400,
    "byte order mark": b"\xef\xbb\xbf" + NEIGHBOUR.encode(),
    "two byte order marks": b"\xef\xbb\xbf\xef\xbb\xbf" + NEIGHBOUR.encode(),
    "a byte order mark inside": NEIGHBOUR.replace("class", "\ufeffclass").encode(),
    "UTF-16": NEIGHBOUR.encode("utf-16"),
    "UTF-32": NEIGHBOUR.encode("utf-32"),
    "mark and another cookie": b"\xef\xbb\xbf# coding: latin-1\n" + NEIGHBOUR.encode(),
    "latin-1": b"# coding: latin-1\n# \xe9\n" + NEIGHBOUR.encode(),
    "latin-1 without a cookie": b"# \xe9\n" + NEIGHBOUR.encode(),
    "utf-7": b"# coding: utf-7\n" + NEIGHBOUR.encode(),
    "an unknown cookie": b"# coding: klingon\n" + NEIGHBOUR.encode(),
    "a cookie that is no text encoding": b"# coding: rot13\n" + NEIGHBOUR.encode(),
    "a cookie of base64": b"# coding: base64\n" + NEIGHBOUR.encode(),
    "a cookie of undefined": b"# coding: undefined\n" + NEIGHBOUR.encode(),
    "a cookie of idna": b"# coding: idna\n" + NEIGHBOUR.encode(),
    "a cookie of unicode-escape": b"# coding: unicode_escape\n" + NEIGHBOUR.encode(),
    "shift-jis": "# coding: shift_jis\n# 日本\n".encode("shift_jis") + NEIGHBOUR.encode(),
    "a lone surrogate": b"import torch\nx = '\xed\xa0\x80'\n",
    "a lone surrogate, escaped": NEIGHBOUR.replace("[nn", "['\\ud800', nn").encode(),
    "overlong": b"import torch\nx = '\xc0\x80'\n",
    "carriage returns": NEIGHBOUR.replace("\n", "\r").encode(),
    "carriage returns and line feeds": NEIGHBOUR.replace("\n", "\r\n").encode(),
    "every newline": "\r".join("\r\n".join(NEIGHBOUR.split("\n", 3)).split("\n", 2)).encode(),
    "form feeds": NEIGHBOUR.replace("\n", "\n\x0c").encode(),
    "vertical tabs": NEIGHBOUR.replace("\n", "\n\x0b").encode(),
    "separators of Unicode": NEIGHBOUR.replace("\n\n", "\n# \u2028\x85\x1c\n").encode(),
    "no newline at the end": NEIGHBOUR.rstrip().encode(),
    "a backslash at the end": NEIGHBOUR.encode() + b"\\",
    "end of file mark": NEIGHBOUR.encode() + b"\x1a",
    "tabs and blanks": NEIGHBOUR.replace("        super", "\tsuper").encode(),
    "names in other scripts": NEIGHBOUR.replace("blocks", "блоки").replace("Net", "𝔑𝔢𝔱").encode(),
    "names that are the same after NFKC": NEIGHBOUR.replace("nn.Linear", "𝐧𝐧.Linear").encode(),
    "right to left": NEIGHBOUR.replace("(8, 8)", "(8, 8)  # \u202e\u2066").encode(),
    "Python 2": b"import torch\nprint 'a'\nexec 'b'\nraise E, 'c'\n",
    "Python 3.12": b"import torch\ntype X[T] = list[T]\nclass A[T: int](torch.nn.Module): pass\nx = f'{'a'}'\n",
    "Python 3.13": b"import torch\nclass A[T = int](torch.nn.Module): pass\n",
    "Python 3.14": b"import torch\nx = t'{torch}'\ntry: pass\nexcept A, B: pass\n",
    "only a comment": b"# torch",
    "100 MB of rows": (_HEAD + "x = 1\n" * 17_000_000).encode(),
    "unclosed": (_HEAD + "(" * 100_000).encode(),
    "unclosed string": (_HEAD + "'''" + "x" * 1_000_000).encode(),
    "closed only": (_HEAD + ")" * 100_000).encode(),
    "indentation": (_HEAD + "\n".join(" " * (i % 7) + "x = 1" for i in range(10_000))).encode(),
}
CASES = {**{name: _METHOD.format(text).encode() for name, text in EXPRESSIONS.items()}, **FILES}


def _processor_time() -> float:
    """Seconds that the processes which have ended took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def examine(data: bytes) -> tuple[list[str], float]:
    """What is wrong with how the command takes a file, and how many seconds it needs."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "deep.py").write_bytes(data)
        Path(folder, "neighbour.py").write_text(NEIGHBOUR)
        arguments = ["check", "--isolated", "--no-cache", "--select", "ALL", "--output-format", "concise"]
        began = _processor_time()
        try:
            done = subprocess.run(
                [sys.executable, "-m", "paramlint", *arguments],
                cwd=folder,
                capture_output=True,
                timeout=PATIENCE * LIMIT,
            )
        except subprocess.TimeoutExpired:
            return [f"no answer in {PATIENCE * LIMIT} s"], float(PATIENCE * LIMIT)
        seconds = _processor_time() - began
    rows = done.stdout.decode(errors="replace").splitlines()
    said = [row for row in rows if "PRM005" in row]
    if done.returncode not in (1, 2):
        said.append(f"exit code {done.returncode}: {done.stderr[-200:]!r}")
    if b"Traceback" in done.stderr:
        said.append("a traceback")
    if sum(row.startswith("neighbour.py") and "PRM401" in row for row in rows) != 1:
        said.append("the other file was not reported")
    if seconds > LIMIT:
        said.append(f"took {seconds:.0f} s")
    return said, seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="only these cases")
    given = parser.parse_args()
    wrong, slowest = 0, (0.0, "")
    for name in given.names or CASES:
        said, seconds = examine(CASES[name])
        slowest = max(slowest, (seconds, name))
        wrong += bool(said)
        for row in said:
            print(f"{name}: {row}", flush=True)
    print(f"{len(given.names or CASES)} inputs, the slowest {slowest[0]:.1f} s ({slowest[1]}); {wrong} wrong")
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
