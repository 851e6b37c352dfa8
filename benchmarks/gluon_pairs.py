#!/usr/bin/env python3
"""Run a mistake and its right twin for each rule of Gluon in MXNet, and say what each of the two does there.

    benchmarks/gluon_pairs.py
    benchmarks/gluon_pairs.py --markdown

`reported` says which of the two `paramlint check` reports. Needs MXNet 1.9.1, whose last release wants an older NumPy:
`pip install mxnet==1.9.1 "numpy<1.24"` in an environment of its own. One line says so where it is not there, and the
exit code is 2; it is 1 where an answer is not the one that is recorded here.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import textwrap
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from paramlint.engine.catalogue import RULES
from paramlint.frontends.rule_testing import check_text

HEAD = """\
from mxnet import autograd, gluon, init, nd
from mxnet.gluon import nn


def step(net, trainer):
    x = nd.random.normal(shape=(8, 4))
    with autograd.record():
        loss = (net(x) ** 2).sum()
    loss.backward()
    trainer.step(8, ignore_stale_grad=True)


def moved(parameter, act, *given):
    before = parameter.data().asnumpy().copy()
    act(*given)
    return bool((parameter.data().asnumpy() != before).any())


"""
MISSING = "MXNet is not there ({}): pip install mxnet==1.9.1 'numpy<1.24' in an environment of its own"
SGD = '"sgd", {"learning_rate": 0.1}'
#: A block of a body, which is a container, and a head.
BODY = """\
class Net(gluon.Block):
    def __init__(self):
        super().__init__()
        with self.name_scope():
            self.body = nn.Sequential()
            self.body.add(nn.Dense(4, in_units=4))
            self.head = nn.Dense(1, in_units=4)

    def forward(self, x):
        return self.head(self.body(x))


"""
TRAINED = f"""\
net = Net()
net.initialize()
FREEZE
trainer = gluon.Trainer(net.collect_params(), {SGD})
answer = moved(net.body[0].weight, step, net, trainer)
"""


@dataclass(frozen=True)
class Pair:
    """A mistake and its right twin.

    Attributes:
        rule: the code of the rule.
        asked: what is asked of each.
        bad, good: the code of the two, which leaves what it was asked in `answer`.
        says: the answers; the name of an exception where the code raises.
        shared: code above both.
    """

    rule: str
    asked: str
    bad: str
    good: str
    says: tuple[Any, Any]
    shared: str = ""

    def source(self, *, is_bad: bool) -> str:
        """One of the two as a file."""
        return HEAD + textwrap.dedent(self.shared) + textwrap.dedent(self.bad if is_bad else self.good)


def _frozen(rule: str, bad: str, good: str = 'net.body.collect_params().setattr("grad_req", "null")') -> Pair:
    code, asked = TRAINED.replace, "the frozen body moves"
    return Pair(rule, asked, code("FREEZE", bad), code("FREEZE", good), (True, False), BODY)


_TIED = f"""\
donor = nn.Dense(4, in_units=4, use_bias=False)
taker = nn.Dense(4, in_units=4, params=donor.params)
net = nn.Sequential()
net.add(donor, taker)
net.initialize()
trainer = gluon.Trainer(OWNER.collect_params(), {SGD})
answer = moved(taker.bias, step, net, trainer)
"""
_PLAIN = """\
class Net(gluon.Block):
    def __init__(self):
        super().__init__()
        with self.name_scope():
            BLOCKS
            self.head = nn.Dense(1, in_units=4)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x)


net = Net()
net.initialize()
answer = len(net.collect_params().keys())
"""
_OWN = """\
class Net(gluon.Block):
    def __init__(self):
        super().__init__()
        with self.name_scope():
            self.body = nn.Dense(4, in_units=4)
            SCALE

    def forward(self, x):
        return self.body(x) * self.scale.data()


net = Net()
net.initialize()
answer = len(net.collect_params().keys())
"""
_LATER = """\
net = nn.Sequential()
net.add(nn.Dense(4, in_units=4))
{}
answer = moved(net[1].weight, step, net, trainer)
"""
_TRAINER = f"trainer = gluon.Trainer(net.collect_params(), {SGD})\n"
_ADDED = "net.add(nn.Dense(4, in_units=4))\nnet.initialize()\n"
_LOADED = """\
net = nn.Dense(3, in_units=4)
net.initialize()
net.save_parameters("net.params")
again = nn.Dense(3, in_units=4)
{}
answer = bool((net.weight.data() == again.weight.data()).asnumpy().all())
"""
_LOAD, _REDRAW = 'again.load_parameters("net.params")\n', "again.initialize(init.Xavier(), force_reinit=True)\n"
_TWICE = """\
class Net(gluon.Block):
    def __init__(self):
        super().__init__()
        with self.name_scope():
            self.left = self.params.get("weight", shape=(4, 4))
            self.right = self.params.get("{}", shape=(4, 4))

    def forward(self, x):
        return x


answer = len(Net().collect_params().keys())
"""
_COPIED = f"""\
encoder = nn.Dense(4, in_units=4, use_bias=False)
decoder = nn.Dense(4, in_units=4, use_bias=FalsePARAMS)
net = nn.Sequential()
net.add(encoder, decoder)
net.initialize()
COPY
step(net, gluon.Trainer(net.collect_params(), {SGD}))
answer = bool((encoder.weight.data() == decoder.weight.data()).asnumpy().all())
"""

PAIRS = (
    Pair(
        "PRM901",
        "the bias of the taker moves",
        _TIED.replace("OWNER", "donor"),
        _TIED.replace("OWNER", "net"),
        (False, True),
    ),
    Pair(
        "PRM901",
        "a forward pass gives columns",
        """\
        table = nn.Embedding(10, 4)
        decoder = nn.Dense(10, in_units=4, flatten=False, params=table.params)
        table.initialize()
        answer = decoder(nd.ones((2, 4))).shape[1]
        """,
        """\
        table = nn.Embedding(10, 4)
        decoder = nn.Dense(10, in_units=4, flatten=False, use_bias=False, params=table.params)
        table.initialize()
        answer = decoder(nd.ones((2, 4))).shape[1]
        """,
        ("RuntimeError", 10),
    ),
    Pair(
        "PRM902",
        "a forward pass gives columns",
        "net = Net()\nnet.params.initialize()\nanswer = net(nd.ones((2, 4))).shape[1]\n",
        "net = Net()\nnet.initialize()\nanswer = net(nd.ones((2, 4))).shape[1]\n",
        ("RuntimeError", 1),
        BODY,
    ),
    _frozen("PRM903", 'net.body.grad_req = "null"'),
    _frozen("PRM903", 'net.body.collect_params().grad_req = "null"'),
    _frozen("PRM903", 'net.body.params.setattr("grad_req", "null")'),
    _frozen("PRM903", "net.body[0].weight.requires_grad = False"),
    _frozen("PRM903", 'net.body.collect_params(".*kernel").setattr("grad_req", "null")'),
    _frozen("PRM903", 'net.body.collect_params().setattr("grad_reqs", "null")'),
    Pair(
        "PRM904",
        "the weight is shared",
        """\
        net = nn.Sequential()
        net.add(nn.Dense(4, in_units=4))
        other = nn.Dense(4, in_units=4, params=net.params)
        answer = other.weight is net[0].weight
        """,
        """\
        net = nn.Sequential()
        net.add(nn.Dense(4, in_units=4))
        other = nn.Dense(4, in_units=4, params=net[0].params)
        answer = other.weight is net[0].weight
        """,
        (False, True),
    ),
    Pair(
        "PRM905",
        "parameters that are collected, of 6",
        _PLAIN.replace("BLOCKS", "self.blocks = [nn.Dense(4, in_units=4) for _ in range(2)]"),
        _PLAIN.replace(
            "BLOCKS",
            "self.blocks = nn.Sequential()\n            self.blocks.add(*[nn.Dense(4, in_units=4) for _ in range(2)])",
        ),
        (2, 6),
    ),
    Pair(
        "PRM906",
        "parameters that are collected, of 3",
        _OWN.replace("SCALE", 'self.scale = gluon.Parameter("scale", shape=(1,))'),
        _OWN.replace("SCALE", 'self.scale = self.params.get("scale", shape=(1,))'),
        (2, 3),
    ),
    Pair(
        "PRM907",
        "the layer that is added moves",
        _LATER.format(f"net.initialize()\n{_TRAINER}{_ADDED}"),
        _LATER.format(f"{_ADDED}{_TRAINER}"),
        (False, True),
    ),
    Pair(
        "PRM908",
        "all values are one",
        """\
        net = nn.Dense(3, in_units=4)
        net.initialize()
        net.initialize(init.Constant(1))
        answer = bool((net.weight.data() == 1).asnumpy().all())
        """,
        """\
        net = nn.Dense(3, in_units=4)
        net.initialize()
        net.initialize(init.Constant(1), force_reinit=True)
        answer = bool((net.weight.data() == 1).asnumpy().all())
        """,
        (False, True),
    ),
    Pair(
        "PRM909",
        "the weights that were loaded are kept",
        _LOADED.format(_LOAD + _REDRAW),
        _LOADED.format(_REDRAW + _LOAD),
        (False, True),
    ),
    Pair(
        "PRM910",
        "parameters that are collected, of 2",
        _TWICE.format("weight"),
        _TWICE.format("gate"),
        (1, 2),
    ),
    Pair(
        "PRM911",
        "the two weights are equal after a step",
        _COPIED.replace("PARAMS", "").replace("COPY", "decoder.weight.set_data(encoder.weight.data())"),
        _COPIED.replace("PARAMS", ", params=encoder.params").replace("COPY", ""),
        (False, True),
    ),
)


def import_mxnet() -> Any:
    """MXNet.

    Raises:
        ImportError: it is not there, or cannot be loaded with this NumPy; the text says what to do.
    """
    try:
        import mxnet
    except (ImportError, AttributeError, OSError) as error:
        raise ImportError(MISSING.format(error)) from error
    return mxnet


def answer(source: str) -> Any:
    """What code leaves in `answer`, run in an empty folder; the name of an exception where it raises."""
    names: dict[str, Any] = {}
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is not registered MXNet warns
        os.chdir(folder)
        try:
            exec(compile(source, "pair.py", "exec"), names)
        except Exception as error:
            return type(error).__name__
        finally:
            os.chdir(here)
    return names["answer"]


def is_reported(pair: Pair, *, is_bad: bool) -> bool:
    """Whether `paramlint check` reports the rule in one of the two."""
    rules = [rule for rule in RULES if rule.code == pair.rule]
    return bool(check_text(pair.source(is_bad=is_bad), rules))


def _reported(pair: Pair) -> str:
    said = ("mistake" if is_reported(pair, is_bad=True) else "", "right" if is_reported(pair, is_bad=False) else "")
    return " and ".join(filter(None, said)) or "neither"


def rows() -> Iterator[tuple[Pair, Any, Any]]:
    """Each pair with what it does in MXNet."""
    for pair in PAIRS:
        yield pair, answer(pair.source(is_bad=True)), answer(pair.source(is_bad=False))


def main() -> int:
    """Run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--markdown", action="store_true", help="print a table for the documentation")
    options = parser.parse_args()
    try:
        mxnet = import_mxnet()
    except ImportError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"MXNet {mxnet.__version__}\n")
    line = "| {} | {} | {} | {} | {} |" if options.markdown else "{:8} {:40} {!s:>14} {!s:>8}  {}"
    print(line.format("rule", "asked", "mistake", "right", "reported"))
    if options.markdown:
        print("|---|---|---|---|---|")
    others = 0
    for pair, bad, good in rows():
        print(line.format(pair.rule, pair.asked, bad, good, _reported(pair)))
        if (bad, good) != pair.says:
            others += 1
            print(f"recorded: {pair.says[0]}, {pair.says[1]}", file=sys.stderr)
    return 1 if others else 0


if __name__ == "__main__":
    sys.exit(main())
