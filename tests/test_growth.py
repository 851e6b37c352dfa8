"""Work grows with the size of what is checked, hardly faster: counted in calls, for kinds of code where it once did."""

from __future__ import annotations

import math
import runpy
from pathlib import Path

import pytest

from paramlint.symbolic.building import entries

_GROWTH = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "growth.py"), run_name="growth")
FAMILIES, HEAD, MOST, NET, calls = (_GROWTH[name] for name in ("FAMILIES", "HEAD", "MOST", "NET", "calls"))

#: By kind the smaller of two sizes, of which the other is twice as large, where growth shows.
SIZES = {
    "parameters": 120, "parameters with init": 120, "elifs": 120, "tries": 240, "match": 240,
    "functions calling functions": 60, "functions calling two": 120, "ties": 120, "globals used": 60,
    "module doubling": 300, "groups of an optimizer": 100, "rewraps": 240,
    "models replaced": 30, "apart": 40, "steps": 40, "steps after loops": 40, "gradients dropped": 40, "clippings": 20,
    "optimizers in turn": 20, "gradients left over": 20, "frozen and thawed": 40,
    "steps of what is detached": 40, "filters of names": 40, "freezing loops": 200,
}  # fmt: skip
HEAVY = {
    "classes": 120, "methods called": 240, "ifs of one name": 120, "parameters of a function": 1_000,
    "classes with a same name": 120, "chain of bases": 120, "containers": 120, "ifs beside": 120, "optimizers": 400,
}  # fmt: skip


@pytest.mark.parametrize(
    "family, size", [*SIZES.items(), *(pytest.param(*sized, marks=pytest.mark.heavy) for sized in HEAVY.items())]
)
def test_twice_as_much_takes_twice_as_long(family, size):
    made, _ = FAMILIES[family]
    calls(made(10))  # what is loaded and worked out once
    assert math.log2(calls(made(2 * size)) / calls(made(size))) <= MOST


DOUBLING = {
    "lists in lists": "        x = [x, x]\n",
    "tuples in tuples": "        x = (x, x)\n",
    "dicts in dicts": "        x = {'a': x, 'b': x}\n",
    "sums": "        x = x + x\n",
    "stars": "        x = [*x, *x]\n",
    "extended": "        x.extend(x)\n",
    "times": "        x = x * 2\n",
    "calls": "        x = f(x, x)\n",
    "methods": "        x = x.f(x)\n",
    "texts": "        x = f'{x}{x}'\n",
    "slices": "        x = x[x:x]\n",
    "operators": "        x = x @ x - x\n",
    "conditions": "        x = x if x else [x]\n",
    "or": "        x = x or [x, x]\n",
    "comparisons": "        x = x < x\n",
    "lambdas": "        x = (lambda y: [y, y])(x)\n",
    "comprehensions": "        x = [y for y in x for _ in x]\n",
    "zipped": "        x = list(zip(x, x))\n",
    "modules": "        x = nn.ModuleList([x, x])\n",
    "sequences": "        x = nn.Sequential(x, x)\n",
    "sequences of stars": "        x = nn.Sequential(*x, *x)\n",
    "sequences of two names": "        y = nn.Sequential(x, x)\n        y.weight = x.weight\n        x = y\n",
    "parameters": "        x = [nn.Parameter(torch.empty(3)), *x, *x]\n",
    "attributes": "        self.a = [x, x]\n        x = [self.a, self.a]\n",
    "branches": "        if n:\n            x = [x, x]\n        else:\n            x = (x, x)\n",
    "tries": "        try:\n            x = n(x)\n        except E:\n            x = [x, x]\n",
    "appended": "        x.append(x)\n",
    "inserted": "        x.insert(0, list(x))\n",
    "slices assigned": "        x[len(x):] = x\n",
    "sorted": "        x = sorted(x + x, key=str)\n",
    "mapped": "        x = list(map(lambda y: (y, y), x))\n",
    "bound on the way": "        (x := [x, (y := x)])\n",
    "defaults": "        def g(y=x):\n            return [y, y]\n\n        x = g()\n",
    "percents": "        x = '%s%s' % (x, x)\n",
    "joined": "        x = ','.join([str(x), str(x)])\n",
    "dicts of modules": "        x = nn.ModuleDict({'a': x, 'b': x})\n",
}


@pytest.mark.parametrize("kind", DOUBLING)
def test_what_doubles_takes_no_more_for_that(kind):
    start = NET + "        self.w = nn.Parameter(torch.empty(3))\n        x = [self.w, nn.Linear(3, 3)]\n"
    rest = "        self.x = x\n        self.b = [nn.Linear(8, 8)]\n"

    def made(times):
        return {"a.py": start + DOUBLING[kind] * times + rest}

    calls(made(2))
    few, many = calls(made(12)), calls(made(24))
    assert many <= 4 * few


BASE = f"{HEAD}class Base(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
HEIR = "\n\nclass C{i}(Base):\n    def forward(self, x):\n        return self.l0(x)\n"
OVERLOAD = "\n\n@overload\ndef make(net: nn.Linear, n: {kind}) -> nn.Linear: ...\n"


def built(files, monkeypatch):
    """How many models are built while some files are checked."""
    units = []

    def noting(run, source, unit, bases):
        units.append(unit.name)
        return build(run, source, unit, bases)

    build = entries._run
    with monkeypatch.context() as patch:
        patch.setattr(entries, "_run", noting)
        calls(files)
    return units


def test_heirs_are_built_once_however_many_rules_find_something_in_their_base(monkeypatch):
    heirs = "        self.l0 = nn.Linear(3, 3)\n" + "".join(HEIR.format(i=i) for i in range(4))
    one = built({"a.py": BASE + "        self.b = [nn.Linear(8, 8)]\n" + heirs}, monkeypatch)
    faults = "        self.b = [nn.Linear(8, 8)]\n        self.w = nn.Parameter(torch.empty(3))\n"
    faults += "        self.l = nn.Linear(3, 3)\n        nn.init.zeros_(self.l.weight)\n        self.l = None\n"
    faults += (
        "        self.t = nn.Parameter(torch.zeros(3).cuda())\n        self.u = nn.Parameter(torch.zeros(3)).cuda()\n"
    )
    many = built({"a.py": BASE + faults + heirs}, monkeypatch)
    assert one.count("Base") == many.count("Base") == 1
    assert one.count("C0") == many.count("C0") == 2  # for its base, and by itself


def test_a_function_with_overloads_is_built_once(monkeypatch):
    text = HEAD + "from typing import overload\n" + "".join(OVERLOAD.format(kind=k) for k in ("int", "str", "float"))
    text += "\n\ndef make(net, n):\n    nn.init.zeros_(net.weight)\n    o = torch.optim.SGD(net.parameters(), lr=0.1)\n"
    text += "    for x in n:\n        net(x).sum().backward()\n        o.step()\n    return net\n"
    assert built({"a.py": text}, monkeypatch) == ["make"]


def test_a_large_table_leaves_the_rest_of_its_file_as_it_is():
    table = "TABLE = [" + ", ".join(map(str, range(20_000))) + "]\n"
    fault = f"{HEAD}{NET[len(HEAD) :]}        self.b = [nn.Linear(8, 8)]\n"
    calls({"a.py": fault})
    alone, beside = calls({"a.py": fault}), calls({"a.py": table + fault})
    assert beside <= alone + 40 * 20_000
