"""How work grows with the size of what is checked: `python -m benchmarks.growth [FAMILY...]`.

Each family is a kind of code of any size. It is checked by all rules at sizes of which each is twice the one before, as
`paramlint check -j 1` does, and what is counted are calls of functions, so that the figures are the same on every
machine. The exponent is the power of the size by which they grow from the last size but one to the last; above `MOST`
the command fails. Seconds of processor time are beside it, to see what calls do not show, and how many times those of
`ast.parse` that is.
"""

from __future__ import annotations

import argparse
import ast
import cProfile
import gc
import json
import math
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

#: The exponent that a family may have.
MOST = 1.2
HEAD = "import torch\nfrom torch import nn\n\n\n"
NET = f"{HEAD}class Net(nn.Module):\n    def __init__(self, cfg, n):\n        super().__init__()\n"
FAULT = "\n\nclass Last(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
FAULT += "        self.b = [nn.Linear(8, 8)]\n"
IN_IF = "            self.w = nn.Linear(3, 3)\n"
#: What a family is: one file, or the files of a folder by name.
Files = dict[str, str]


def _lines(start: str, line: str) -> Callable[[int], Files]:
    """A line for each number."""
    return lambda n: {"a.py": start + "".join(line.format(i=i, j=i + 1) for i in range(n)) + FAULT}


def _one(start: str, piece: str, between: str, end: str) -> Callable[[int], Files]:
    """One statement of pieces."""
    return lambda n: {"a.py": start + between.join(piece.format(i=i, j=i + 1) for i in range(n)) + end + FAULT}


def _nested(header: str, most: int) -> Callable[[int], Files]:
    """Blocks inside each other, as deep as Python compiles, one after the other."""

    def made(n: int) -> Files:
        blocks = []
        for first in range(0, n, most):
            depth = min(most, n - first)
            blocks += ["        " + " " * i + header.format(i=first + i) + "\n" for i in range(depth)]
            blocks.append("        " + " " * depth + f"self.w{first} = nn.Parameter(torch.empty(3))\n")
        return {"a.py": NET + "".join(blocks) + FAULT}

    return made


def _replaced(n: int) -> Files:
    """An object with models that it trains, each by an optimizer of its own, and puts others in the places of."""
    made = "".join(
        f"        self.n{i} = nn.Linear(3, 3)\n        self.o{i} = torch.optim.Adam(self.n{i}.parameters())\n"
        for i in range(n)
    )
    trained = "".join(
        f"        self.o{i}.zero_grad()\n        self.n{i}(x).sum().backward()\n        self.o{i}.step()\n"
        for i in range(n)
    )
    again = "".join(f"        self.n{i} = nn.Linear(3, 3)\n" for i in range(n))
    methods = f"    def __init__(self):\n{made}\n    def learn(self, x):\n{trained}\n    def reset(self):\n{again}"
    return {"a.py": f"{HEAD}class Agent:\n{methods}{FAULT}"}


def _circle(n: int) -> Files:
    return {f"m{i}.py": f"{HEAD}from m{(i + 1) % n} import C{(i + 1) % n}\n{_class(i, 'nn.Module')}" for i in range(n)}


def _stars(n: int) -> Files:
    files = {f"m{i}.py": f"from m{i + 1} import *\n" for i in range(n)}
    return files | {f"m{n}.py": HEAD + _class(0, "nn.Module"), "a.py": f"{HEAD}from m0 import *\n{_class(1, 'C0')}"}


def _reexports(n: int) -> Files:
    files = {f"m{i}.py": f"from m{i + 1} import C0 as C0\n" for i in range(n)}
    return files | {f"m{n}.py": HEAD + _class(0, "nn.Module"), "a.py": f"{HEAD}from m0 import C0\n{_class(1, 'C0')}"}


def _notebook(n: int) -> Files:
    cells = [{"cell_type": "code", "source": _class(i, "nn.Module")} for i in range(n)]
    return {"a.ipynb": json.dumps({"cells": [{"cell_type": "code", "source": HEAD}, *cells]})}


def _class(i: int, base: str) -> str:
    return (
        f"\n\nclass C{i}({base}):\n    def __init__(self):\n        super().__init__()\n"
        f"        self.w{i} = nn.Parameter(torch.empty(3))\n"
    )


def _classes(base: Callable[[int], str], name: str = "w{i}") -> Callable[[int], Files]:
    def made(n: int) -> Files:
        text = "".join(_class(i, base(i)).replace(f"self.w{i}", f"self.{name.format(i=i)}") for i in range(n))
        return {"a.py": HEAD + text}

    return made


PARAMETER = "        self.w{i} = nn.Parameter(torch.empty(3))\n"
METHOD = "\n    def m{i}(self, x):\n        return x + self.w\n"
FUNCTION = "def f{i}(x):\n    nn.init.normal_(x.weight.data)\n    return f{j}(x)\n\n\n"
TRAIN = f"{HEAD}import copy\n\n\ndef train(x, n):\n"
MODEL = f"{TRAIN}    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))\n"
MODEL += "    o = torch.optim.SGD(net.parameters(), lr=0.1)\n"
PAIR = f"{TRAIN}    g, d = nn.Linear(3, 3), nn.Linear(3, 3)\n"
PAIR += "    p = torch.optim.SGD(g.parameters(), lr=0.1)\n    q = torch.optim.SGD(d.parameters(), lr=0.1)\n"
REGISTRY = "REGISTRY = {}\n\n\ndef register(name):\n    def keep(cls):\n        REGISTRY[name] = cls\n"
REGISTRY += "        return cls\n\n    return keep\n"
#: By name: how a file is made, and a size; an eighth of it is the smallest that is checked, eight times it the largest.
FAMILIES: dict[str, tuple[Callable[[int], Files], int]] = {
    "classes": (_classes(lambda _: "nn.Module"), 400),
    "classes with a same name": (_classes(lambda _: "nn.Module", "w"), 400),
    "chain of bases": (_classes(lambda i: f"C{i - 1}" if i else "nn.Module"), 400),
    "fan of bases": (_classes(lambda i: "C0" if i else "nn.Module"), 400),
    "methods": (lambda n: {"a.py": NET + "        self.w = 0\n" + "".join(METHOD.format(i=i) for i in range(n))}, 800),
    "methods called": (
        lambda n: {
            "a.py": NET
            + "".join(f"        self.m{i}()\n" for i in range(n))
            + "".join(f"\n    def m{i}(self):\n        self.w{i} = nn.Parameter(torch.empty(3))\n" for i in range(n))
        },
        400,
    ),
    "statements": (_lines(NET, "        x{i} = n + {i}\n"), 800),
    "statements of one name": (_lines(NET, "        x = n + {i}\n"), 800),
    "parameters": (_lines(NET, PARAMETER), 800),
    "parameters with init": (_lines(NET, PARAMETER + "        nn.init.zeros_(self.w{i})\n"), 400),
    "parameters read": (_lines(NET, PARAMETER + "        x = self.w{i} + 1\n"), 400),
    "layers": (_lines(NET, "        self.l{i} = nn.Linear(n, n)\n"), 800),
    "containers": (_lines(NET, "        self.c{i} = [nn.Linear(3, 3), nn.Linear(3, 3)]\n"), 400),
    "one container": (_one(NET + "        self.c = nn.ModuleList([", "nn.Linear({i}, 3)", ", ", "])\n"), 800),
    "appends": (_lines(NET + "        c = []\n", "        c.append(nn.Linear({i}, 3))\n"), 800),
    "local names": (_lines(NET + "        x0 = nn.Linear(3, 3)\n", "        x{j} = x{i}\n"), 800),
    "ifs beside": (_lines(NET, "        if cfg.a{i}:\n            self.w{i} = nn.Parameter(torch.empty(3))\n"), 400),
    "ifs of one name": (
        _lines(NET, "        if cfg.a{i}:\n            self.w = nn.Parameter(torch.empty({i}))\n"),
        400,
    ),
    "ifs inside": (_nested("if cfg.a{i}:", 90), 400),
    "elifs": (
        _lines(
            NET + "        if n:\n            pass\n",
            "        elif cfg.a{i}:\n            self.w = nn.Linear({i}, 3)\n",
        ),
        50,
    ),
    "loops": (_lines(NET, "        for i in range(n):\n            self.l{i} = nn.Linear(3, 3)\n"), 400),
    "loops inside": (_nested("for i{i} in cfg.a{i}:", 19), 400),
    "tries": (
        _lines(NET, "        try:\n            self.l{i} = nn.Linear(3, 3)\n        except E:\n            x = {i}\n"),
        400,
    ),
    "withs": (_lines(NET, "        with torch.no_grad():\n            self.w{i} = nn.Linear(3, 3).weight\n"), 400),
    "comprehensions": (_lines(NET, "        x{i} = [nn.Linear(3, 3) for _ in range(n)]\n"), 400),
    "comprehension clauses": (_one(NET + "        x = [nn.Linear(3, 3) ", "for i{i} in n ", "", "]\n"), 2),
    "lambdas": (_lines(NET, "        f{i} = lambda x: nn.Linear(x, {i})\n"), 400),
    "decorators": (
        lambda n: {"a.py": NET + "".join(f"\n    @d{i}" for i in range(n)) + "\n    def f(self):\n        x\n"},
        400,
    ),
    "match": (
        _lines(NET + "        match cfg:\n", "            case {i}:\n                self.l{i} = nn.Linear(3, 3)\n"),
        400,
    ),
    "f-strings": (_lines(NET, "        self.add_module(f'l{i}_{{n}}', nn.Linear(3, 3))\n"), 400),
    "f-string parts": (_one(NET + "        x = f'", "{{n}}a", "", "'\n"), 800),
    "operators": (_one(NET + "        x = ", "a{i}", " + ", "\n        self.w = nn.Linear(x, 3)\n"), 400),
    "and": (_one(NET + "        if ", "a{i}", " and ", ":\n" + IN_IF), 800),
    "and of or": (
        _one(NET + "        if ", "(a{i} or b{i})", " and ", ":\n            self.w = nn.Linear(3, 3)\n"),
        400,
    ),
    "conditions in a call": (
        _one(NET + "        x = f(", "k{i}=cfg.k{i} if cfg.k{i} is not None else n", ", ", ")\n"),
        30,
    ),
    "brackets": (_lines(NET, "        x{i} = " + "[" * 60 + "n" + "]" * 60 + "\n"), 100),
    "attributes": (_one(NET + "        x = cfg", ".a{i}", "", "\n"), 200),
    "attributes written": (_lines(NET, "        self.a.b.c{i} = nn.Parameter(torch.empty(3))\n"), 400),
    "calls": (_one(NET + "        x = cfg", ".f({i})", "", "\n        self.x = x\n"), 200),
    "numbers": (_one(HEAD + "T = [", "{i}", ", ", "]\n"), 4_000),
    "numbers in a constructor": (
        _one(NET + "        self.t = [", "{i}", ", ", "]\n        self.w = nn.Linear(3, 3)\n"),
        4_000,
    ),
    "strings": (_one(HEAD + "T = [", "'s{i}'", ", ", "]\n"), 4_000),
    "strings beside": (_one(NET + "        x = (", "'s{i}'", " ", ")\n"), 800),
    "dicts": (_one(HEAD + "T = {", "'s{i}': {i}", ", ", "}\n"), 4_000),
    "dicts of lists": (_one(NET + "        t = {", "'s{i}': [{i}, n]", ", ", "}\n        self.t = t\n"), 400),
    "arguments": (_one(NET + "        f(", "{i}", ", ", ")\n"), 400),
    "keywords": (_one(NET + "        f(", "k{i}=n", ", ", ")\n"), 400),
    "parameters of a function": (_one(HEAD + "def f(", "k{i}=nn.Linear(3, 3)", ", ", "):\n    return k0\n"), 400),
    "imports in a circle": (_circle, 10),
    "star imports": (_stars, 10),
    "re-exports": (_reexports, 10),
    "aliases": (_lines("import torch\nfrom torch import nn as n0\n", "n{j} = n{i}\n"), 400),
    "imports": (_lines(HEAD, "from torch import nn as n{i}\n"), 800),
    "long lines": (_one(NET + "        ", "self.l{i} = nn.Linear(3, 3)", "; ", "\n"), 400),
    "cells": (_notebook, 100),
    ".data edits": (_lines(NET, PARAMETER + "        self.w{i}.data.zero_()\n"), 400),
    ".data edits of one": (_lines(NET + PARAMETER.format(i=0), "        self.w0.data[{i}] = 0\n"), 400),
    "functions calling functions": (_lines(HEAD, FUNCTION), 200),
    "functions calling two": (_lines(HEAD, "def f{i}(x):\n    f{j}(x)\n    return f{j}(nn.Linear(3, x))\n\n\n"), 200),
    "optimizers": (_lines(NET, "        self.o{i} = torch.optim.SGD(self.parameters(), lr={i})\n"), 400),
    "groups of an optimizer": (
        _one(
            HEAD + "\ndef f(m):\n    return torch.optim.SGD([",
            '{{"params": m.p{i}.parameters()}}',
            ", ",
            "], lr=0.1)\n",
        ),
        100,
    ),
    "apart": (
        _lines(
            TRAIN,
            "    m{i} = nn.Linear(3, 3)\n    o{i} = torch.optim.SGD(m{i}.parameters(), lr=0.1)\n"
            "    m{i}(x).sum().backward()\n    o{i}.step()\n",
        ),
        200,
    ),
    "groups added": (
        _lines(
            MODEL, "    l{i} = nn.Linear(3, 3)\n    o.add_param_group({{'params': l{i}.parameters(), 'lr': {i}}})\n"
        ),
        400,
    ),
    "schedulers": (_lines(MODEL, "    s{i} = torch.optim.lr_scheduler.StepLR(o, {j})\n    s{i}.step()\n"), 400),
    "steps": (_lines(MODEL, "    o.zero_grad()\n    net(x + {i}).sum().backward()\n    o.step()\n"), 200),
    "steps after loops": (
        _lines(MODEL, "    for y in n:\n        o.zero_grad()\n        net(y).sum().backward()\n    o.step()\n"),
        100,
    ),
    "gradients dropped": (
        _lines(MODEL + "    for y in n:\n", "        net(y + {i}).sum().backward()\n        o.zero_grad()\n"),
        100,
    ),
    "clippings": (
        _lines(
            MODEL + "    for y in n:\n",
            "        o.zero_grad()\n        nn.utils.clip_grad_norm_(net.parameters(), 1.0)\n"
            "        net(y + {i}).sum().backward()\n        o.step()\n",
        ),
        100,
    ),
    "optimizers in turn": (
        _lines(
            PAIR + "    for y in n:\n",
            "        q.zero_grad()\n        d(y + {i}).sum().backward()\n        q.step()\n"
            "        p.zero_grad()\n        d(g(y)).sum().backward()\n        p.step()\n",
        ),
        60,
    ),
    "gradients left over": (
        _lines(
            PAIR + "    for y in n:\n",
            "        d(y + {i}).sum().backward()\n        q.step()\n        q.zero_grad()\n"
            "        d(g(y)).sum().backward()\n        p.step()\n        p.zero_grad()\n",
        ),
        60,
    ),
    "frozen and thawed": (
        _lines(
            MODEL,
            "    for p in net.parameters():\n        p.requires_grad = False\n"
            "    for p in net.parameters():\n        p.requires_grad = True\n",
        ),
        100,
    ),
    "models replaced": (_replaced, 100),
    "steps of what is detached": (
        _lines(MODEL, "    o.zero_grad()\n    (net(x + {i}).detach() * n).sum().backward()\n    o.step()\n"),
        200,
    ),
    "filters of names": (
        _lines(
            MODEL,
            "    p{i} = [p for n, p in net.named_parameters() if 'l{i}' in n]\n"
            "    o{i} = torch.optim.SGD(p{i}, lr=0.1)\n",
        ),
        200,
    ),
    "freezing loops": (
        _lines(
            NET,
            "        self.l{i} = nn.Linear(3, 3)\n        for p in self.l{i}.parameters():\n"
            "            p.requires_grad = False\n",
        ),
        400,
    ),
    "freezing loops of one": (
        _lines(MODEL, "    for p in net[0].parameters():\n        p.requires_grad = n > {i}\n"),
        400,
    ),
    "averages": (
        _lines(
            MODEL + "    other = copy.deepcopy(net)\n",
            "    for p, q in zip(net.parameters(), other.parameters()):\n        q.data.mul_(0.{j}).add_(p.data)\n",
        ),
        200,
    ),
    "copies": (_lines(MODEL, "    t{i} = copy.deepcopy(net)\n    t{i}.requires_grad_(False)\n"), 400),
    "keys of a state": (_lines(MODEL + "    s = net.state_dict()\n", "    s['a{i}'] = s.pop('b{i}')\n"), 400),
    "sequences inside": (
        _lines(NET, "        self.s{i} = " + "nn.Sequential(nn.Linear(3, 3), " * 12 + "nn.ReLU()" + ")" * 12 + "\n"),
        100,
    ),
    "makers": (
        lambda n: {
            "a.py": HEAD
            + "".join(f"def make{i}(n):\n    return nn.Linear(n, {i})\n\n\n" for i in range(n))
            + NET[len(HEAD) :]
            + "".join(f"        self.l{i} = make{i}(n)\n" for i in range(n))
        },
        400,
    ),
    "registered classes": (
        _lines(
            HEAD + REGISTRY,
            "\n\n@register('n{i}')\nclass C{i}(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
            "        self.w = nn.Parameter(torch.empty(3))\n",
        ),
        800,
    ),
    "settings inside": (
        _lines(
            NET + "        cfg = {}\n",
            "        cfg['a{i}'] = {{'b': {{'c': {i}}}}}\n        self.l{i} = nn.Linear(cfg['a{i}']['b']['c'], 3)\n",
        ),
        400,
    ),
    "weight norms": (_lines(NET, "        self.l{i} = nn.utils.weight_norm(nn.Linear(3, 3))\n"), 400),
    "passes": (
        lambda n: {
            "a.py": NET
            + "".join(f"        self.l{i} = nn.Linear(3, 3)\n" for i in range(n))
            + "\n    def forward(self, x):\n"
            + "".join(f"        x = self.l{i}(x)\n" for i in range(n))
            + "        return x\n"
        },
        400,
    ),
    "classes used": (
        lambda n: {
            "a.py": HEAD
            + "".join(_class(i, "nn.Module") for i in range(n))
            + NET[len(HEAD) :]
            + "".join(f"        self.c{i} = C{i}()\n" for i in range(n))
        },
        400,
    ),
    "ties": (_lines(NET, "        self.a{i} = nn.Linear(3, 3)\n        self.a{i}.weight = self.a0.weight\n"), 200),
    "rewraps": (
        _lines(NET, "        self.a{i} = nn.Linear(3, 3)\n        self.a{i}.weight = nn.Parameter(self.a0.weight)\n"),
        200,
    ),
    "comments that silence": (_lines(NET, "        self.c{i} = [nn.Linear(3, 3)]  # noqa: PRM401\n"), 400),
    "globals": (_lines(HEAD, "l{i} = nn.Linear(3, 3)\n"), 800),
    "globals used": (_lines(HEAD, "l{i} = nn.Linear(3, 3)\nl{i}.weight.data.zero_()\n"), 400),
    "wide doubling": (_lines(NET + "        x = n\n", "        x = f(x, x)\n"), 200),
    "list doubling": (_lines(NET + "        x = [n]\n", "        x = [x, x]\n"), 200),
    "sum doubling": (_lines(NET + "        x = [n]\n", "        x = x + x\n"), 200),
    "module doubling": (_lines(NET + "        x = nn.Linear(3, 3)\n", "        x = nn.Sequential(x, x)\n"), 100),
}


class Figures(NamedTuple):
    """What growing took: sizes, calls for each, seconds of the last one, and those that `ast.parse` takes for it."""

    sizes: list[int]
    calls: list[int]
    seconds: float
    parse: float

    @property
    def exponent(self) -> float:
        """The power of the size by which calls grow at the end."""
        return math.log2(self.calls[-1] / self.calls[-2]) if len(self.calls) > 1 else math.inf


@contextmanager
def _folder(files: Files) -> Iterator[list[str]]:
    """A folder of these files as the current one."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        os.chdir(folder)
        try:
            yield sorted(files)
        finally:
            os.chdir(before)


def calls(files: Files) -> int:
    """How many functions are called while some files are checked."""
    with _folder(files) as paths:
        return _calls(paths)


def _check(paths: list[str]) -> Callable[[], object]:
    from paramlint.engine.catalogue import catalogue
    from paramlint.engine.parallel.local import Local

    return lambda: Local(1).check_all(paths, catalogue(), reference=False, step=lambda: None)


def _calls(paths: list[str]) -> int:
    counters: list[cProfile.Profile] = []

    def begin(*_: object) -> None:
        counters.append(cProfile.Profile())  # the first call in the thread that checks: from here on it counts
        counters[-1].enable()

    threading.setprofile(begin)
    try:
        _check(paths)()
    finally:
        threading.setprofile(None)  # type: ignore[arg-type]
    return sum(entry.callcount for counter in counters for entry in counter.getstats())


def _seconds(files: Files) -> tuple[float, float]:
    gc.collect()
    start = time.process_time()
    _check(sorted(files))()
    took = time.process_time() - start
    start = time.process_time()
    for name, text in files.items():
        if name.endswith(".py"):
            ast.parse(text)
    return took, time.process_time() - start


def grown(name: str, most: float) -> Figures:
    """The figures of a family at sizes of which each is twice the one before, as far as Python compiles and `most`."""
    made, size = FAMILIES[name]
    sizes, counts = [max(size // 8, 2)], [0]
    counts[0] = calls(made(sizes[0]))
    while sizes[-1] < 8 * size and 2 * counts[-1] <= most and _compiles(made(2 * sizes[-1])):
        sizes.append(2 * sizes[-1])
        counts.append(calls(made(sizes[-1])))
    files = made(sizes[-1])
    with _folder(files):
        return Figures(sizes, counts, *_seconds(files))


def _compiles(files: Files) -> bool:
    try:
        for name, text in files.items():
            if name.endswith(".py"):
                compile(text, name, "exec")
    except (RecursionError, MemoryError, SyntaxError):
        return False
    return True


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", nargs="*", help="all without any")
    parser.add_argument("--most", type=float, default=40, help="million calls that one size may be expected to take")
    arguments = parser.parse_args()
    print("| kind | sizes | thousand calls | exponent | seconds at the end | times `ast.parse` |")
    print("|---|---|---|---|---|---|")
    calls({"a.py": NET + "        self.c = [nn.Linear(3, 3)]\n"})  # what is loaded once
    worst = 0.0
    for name in arguments.families or list(FAMILIES):
        figures = grown(name, arguments.most * 1_000_000)
        worst = max(worst, figures.exponent)
        sizes = ", ".join(f"{size:,}" for size in figures.sizes[-3:])
        thousands = ", ".join(f"{count / 1000:,.0f}" for count in figures.calls[-3:])
        times = f"{figures.seconds / figures.parse:.0f}" if figures.parse else "-"
        row = (name, sizes, thousands, f"{figures.exponent:.2f}", f"{figures.seconds:.2f}", times)
        print(f"| {' | '.join(row)} |", flush=True)
    return int(worst > MOST)


if __name__ == "__main__":
    sys.exit(main())
