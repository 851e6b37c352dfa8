"""Random but valid classes of modules: what people write, and how the grammar lets them write it.

The pieces are chosen so that rules find something in most of them; nothing is ever run.
"""

from __future__ import annotations

import ast
import sys
import textwrap
from collections.abc import Callable
from random import Random

HEAD = """\
import copy, math, torch, torch as th
import torch.nn as nn
from torch import Tensor, nn as N
from torch.nn import Linear, Module, Parameter as P, functional as F, init
from torch.nn.init import xavier_uniform_, zeros_ as zero
"""
_LAYERS = (
    "nn.Linear(8, 8)",
    "Linear(4, 8, bias=False)",
    "N.Conv2d(3, 8, kernel_size=3)",
    "nn.LayerNorm(8)",
    "nn.Embedding(10, 4, padding_idx=0)",
    "nn.BatchNorm1d(8)",
    "Block(8)",
    "nn.LSTM(4, 4)",
    "nn.LazyLinear(8)",
    "nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))",
    "nn.MultiheadAttention(8, 2)",
    "nn.Dropout(0.1)",
    "nn.ModuleList([nn.Linear(2, 2) for _ in range(3)])",
    "nn.PReLU()",
    "nn.Identity()",
    "nn.utils.weight_norm(Linear(2, 2))",
)
_TENSORS = (
    "torch.empty(8, 8)",
    "torch.zeros(8)",
    "th.randn(3, 4)",
    "torch.Tensor(4, 8)",
    "torch.ones(1, 1, 8)",
    "torch.FloatTensor(8)",
    "torch.full((4,), 0.5)",
    "torch.rand(2, 2).mul_(2)",
    "torch.arange(8).float()",
    "torch.empty((4, 8), device='meta')",
    "torch.randn(8, requires_grad=True)",
    "torch.randn(8).to('cuda')",
)
_NAMES = ("a", "weight", "layers", "proj", "head", "blocks", "emb", "scale", "bias", "é")
_INITS = (
    "nn.init.{f}({w})",
    "init.{f}({w}, gain=2.0)",
    "torch.nn.init.{f}({w}.data)",
    "xavier_uniform_({w})",
    "zero({w})",
    "{w}.data.normal_(0, 0.02)",
    "{w}.data.fill_(0)",
    "{w}.data = torch.zeros(8)",
    "{w}.normal_()",
    "{w} = {t}",
    "nn.init.{f}(tensor={w})",
    "{w}.data.copy_({t})",
    "{w}.data[0] = 0",
    "{w}[0].data.zero_()",
    "{w} += 1",
    "{w}.data *= 2",
    "F.dropout({w})",
    "{w}.requires_grad = False",
    "{w}.require_grad = False",
    "{w}.requires_grad_(False)",
    "nn.init.{f}(**{{'tensor': {w}}})",
    "nn.init.{f}(*[{w}])",
    "nn.init.{f}(nn.Parameter({t}))",
)
_FUNCTIONS = (
    "kaiming_normal_",
    "xavier_uniform_",
    "orthogonal_",
    "zeros_",
    "uniform_",
    "trunc_normal_",
    "constant_",
    "xavier_normal",
)
_TESTS = (
    "isinstance(m, nn.Linear)",
    "isinstance(m, (nn.Conv2d, nn.Linear))",
    "type(m) == nn.Linear",
    "m.bias is not None",
    "hasattr(m, 'weight')",
    "self.training",
    "(n := len(self.x)) > 1",
    "not bias",
    "a and b or not c",
    "1 < n <= 3 != 4",
    "'weight' in name",
    "m.__class__.__name__.find('Conv') != -1",
    "True",
    "lambda: 1",
)
_DECORATORS = ("@torch.no_grad()", "@property", "@staticmethod", "@functools.wraps(f)", "@th.jit.export", "@(a or b)")


class Modules:
    """Writes classes; the same seed writes the same."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def file(self) -> str:
        """A module of one or two classes."""
        classes = [self._class(name) for name in self._random.choice((("Net",), ("Net",), ("Net",), ("Block", "Net")))]
        return "\n\n".join(
            [HEAD, *self._sometimes(0.2, lambda: self._body(1)), *classes, *self._sometimes(0.3, self._training)]
        )

    def _sometimes(self, share: float, make: Callable[[], str]) -> list[str]:
        return [make()] if self._random.random() < share else []

    def _one(self, *given: str) -> str:
        return self._random.choice(given)

    def _class(self, name: str) -> str:
        base = self._one(
            "nn.Module", "Module", "torch.nn.Module", "Block", "nn.Sequential", "nn.Module, metaclass=M", "*B", ""
        )
        parameters = self._one("", "", "", "[T]") if sys.version_info >= (3, 12) else ""
        below = [
            *self._sometimes(0.3, lambda: f'"""{self._text()}"""'),
            *self._sometimes(0.2, lambda: f"{self._one(*_NAMES)} = {self._value(2)}"),
            self._init(),
            *self._sometimes(0.5, self._method),
            *self._sometimes(0.3, self._forward),
            *self._sometimes(0.1, lambda: self._class("Inner")),
        ]
        self._random.shuffle(below)
        head = [
            *self._sometimes(0.1, lambda: self._one("@dataclass", "@register('x')")),
            f"class {name}{parameters}({base}):",
        ]
        return "\n".join([*head, textwrap.indent("\n\n".join(below), self._one("    ", "    ", "  ", "\t"))])

    def _text(self) -> str:
        return self._one(
            "About it.", "Rows\nof text, with self.a = [nn.Linear(1, 1)]\n", "'quoted' # no comment", "é 名"
        )

    def _signature(self) -> str:
        return self._one(
            "self",
            "self, dim=8, *, bias: bool = True",
            "self, *args, **kwargs",
            "self, a, /, b=nn.Linear(2, 2)",
            "self, x: Tensor",
            "self, layers: list[nn.Module], act=nn.ReLU()",
            "this, n: int = 3",
            "self, m, name=None",
        )

    def _init(self) -> str:
        start = self._one(
            "super().__init__()",
            "super(Net, self).__init__()",
            "nn.Module.__init__(self)",
            "super().__init__(*args)",
            "pass",
        )
        rows = [start, self._block(self._random.randint(1, 3))]
        if self._random.random() < 0.1:
            rows.reverse()
        end = self._sometimes(
            0.3, lambda: self._one("self.apply(self._init_weights)", "self.reset_parameters()", "self.post_init()")
        )
        return self._function("__init__", "\n".join([*rows, *end]))

    def _method(self) -> str:
        name = self._one("_init_weights", "reset_parameters", "init_weights", "tie_weights", "extra", "_apply", "load")
        return "\n".join(
            [
                *self._sometimes(0.3, lambda: self._one(*_DECORATORS)),
                self._function(name, self._block(self._random.randint(1, 2))),
            ]
        )

    def _forward(self) -> str:
        return self._function("forward", f"{self._block(1)}\nreturn self.{self._one(*_NAMES)}(x)")

    def _function(self, name: str, body: str) -> str:
        kind = "async def" if "await " in body or "async " in body else "def"
        returns = self._one("", "", " -> None", " -> 'Tensor'")
        return f"{kind} {name}({self._signature()}){returns}:\n{textwrap.indent(body, '    ')}"

    def _body(self, depth: int) -> str:
        return "def build(m, name, n, *args):\n" + textwrap.indent(self._block(3, depth), "  ")

    def _training(self) -> str:
        return self._one(
            "model = Net()\noptimizer = torch.optim.SGD(model.parameters(), lr=0.1)\nmodel.head = nn.Linear(2, 2)\n",
            "params = model.named_parameters()\nopt = torch.optim.AdamW(params)\n"
            "for p in params: p.requires_grad = False\n",
            "target = copy.copy(model)\nbest = model.state_dict()\nmodel = model.load_state_dict(best)\n",
            "for p in model.parameters():\n    p.grad.data.clamp_(-1, 1)\n",
        )

    def _block(self, count: int, depth: int = 1) -> str:
        return "\n".join(self._statement(depth) for _ in range(count))

    def _statement(self, depth: int) -> str:
        if depth and self._random.random() < 0.35:
            return self._compound(depth - 1)
        return self._random.choice((self._assign, self._assign, self._assign, self._write, self._write, self._small))()

    def _attribute(self) -> str:
        return f"self.{self._one(*_NAMES)}"

    def _weight(self) -> str:
        return self._one(
            "self.weight",
            "self.bias",
            f"{self._attribute()}.weight",
            "m.weight",
            "module.bias",
            "m",
            "p",
            "(self.proj).weight",
            "self.layers[0].weight",
        )

    def _assign(self) -> str:
        target = self._one(
            self._attribute(),
            self._attribute(),
            self._attribute(),
            "x",
            f"self.a, {self._attribute()}",
            f"self.w = {self._attribute()}",
            f"{self._attribute()}: nn.Module",
            f"{self._attribute()}.weight",
            "self.blocks['a']",
            "(self.head)",
            "[self.a, *self.rest]",
        )
        return f"{target} = {self._value(2)}"

    def _write(self) -> str:
        pattern = self._one(*_INITS)
        return pattern.format(w=self._weight(), f=self._one(*_FUNCTIONS), t=self._one(*_TENSORS))

    def _small(self) -> str:
        return self._one(
            "pass",
            "x = 1; y = [nn.Linear(1, 1)]; self.z = y",
            "self.register_buffer('mask', torch.zeros(2), persistent=False)",
            "self.register_parameter('w', None)",
            f"self.register_parameter(name, P({self._value(1)}))",
            "assert self.a, 'a'",
            f"self.add_module(f'l{{1}}', {self._value(1)})",
            "del self.a, self.b",
            "import torch.nn as tn",
            "raise ValueError from None",
            f"setattr(self, f'layer{{i!r:>{{n}}}}', {self._value(1)})",
            "global G",
            "print(f'{self.weight.data!r:>{n}}')",
            "return None",
            f"self.layers += [{self._value(1)}]",
            f"self.layers.append({self._value(1)})",
            "self.out.weight = self.emb.weight",
            "self.out.weight.data = self.emb.weight.data",
            "self.head.weight = nn.Parameter(self.emb.weight)",
            "x = yield",
            "await self.ready",
            "self.emb = nn.Embedding.from_pretrained(x)",
            f"self.x = self.y = {self._value(1)}",
        )

    def _compound(self, depth: int) -> str:
        body = textwrap.indent(self._block(self._random.randint(1, 2), depth), "    ")
        other = textwrap.indent(self._block(1, depth), "    ")
        line = self._random.choice((self._assign, self._write, self._small))()
        return self._one(
            f"if {self._test()}:\n{body}",
            f"if {self._test()}:\n{body}\nelse:\n{other}",
            f"if {self._test()}:\n{body}\nelif {self._test()}:\n{other}\nelse:\n{body}",
            f"if {self._test()}:\n{body}\nelse:\n    if {self._test()}:\n{textwrap.indent(other, '    ')}",
            f"if {self._test()}: {line}",
            f"for i in range(3): {line}",
            f"for m in self.modules():\n{body}",
            f"for _ in range(n):\n{body}",
            f"for name, p in self.named_parameters():\n{body}\nelse:\n{other}",
            f"while {self._test()}:\n{body}",
            f"with torch.no_grad():\n{body}",
            f"with torch.device('meta'), open(x) as f:\n{body}",
            f"with torch.no_grad(): {line}",
            f"try:\n{body}\nexcept (A, B) as error:\n{other}\nelse:\n{other}\nfinally:\n{other}",
            f"try:\n{body}\nfinally:\n{other}",
            f"match m:\n    case nn.Linear(weight=w) if w is not None:\n{textwrap.indent(body, '    ')}\n"
            f"    case [a, *_] | {{'k': a}}:\n{textwrap.indent(other, '    ')}\n    case _: {line}",
            f"def inner(m, *a, k={self._value(1)}, **kw):\n{body}",
            f"async with lock:\n{body}",
            f"async for m in self.all():\n{body}",
            f"class Local(nn.Module):\n    def __init__(self):\n{textwrap.indent(body, '    ')}",
            f"self.apply(lambda m: {self._value(1)})",
        )

    def _test(self) -> str:
        return self._one(*_TESTS)

    def _value(self, depth: int) -> str:
        pick = self._random.random()
        if depth == 0 or pick < 0.2:
            return self._one(*_LAYERS, *_TENSORS, *(f"nn.Parameter({t})" for t in _TENSORS))
        inner = self._value(depth - 1)
        if pick < 0.5:
            return self._one(
                f"[{inner}]",
                f"[{inner} for _ in range(3)]",
                f"[{inner}] * 3",
                f"3 * [{inner}]",
                f"({inner},) * n",
                f"{{'a': {inner}}}",
                f"{{k: {inner} for k in 'ab' if k}}",
                f"list({inner} for _ in range(n))",
                f"tuple([{inner}])",
                f"({inner}, {inner})",
                f"dict(a={inner}, **other)",
                f"{{**other, 'b': {inner}}}",
                f"[{inner}, *more]",
                f"[[{inner}], None]",
                f"OrderedDict(a={inner})",
            )
        if pick < 0.75:
            return self._one(
                f"nn.ModuleList([{inner}])",
                f"nn.Sequential(*[{inner} for _ in range(2)])",
                f"nn.Parameter({inner})",
                f"P(data={inner}, requires_grad=False)",
                f"nn.ModuleDict({{'a': {inner}}})",
                f"nn.ParameterList([{inner}])",
                f"copy.deepcopy({inner})",
                f"nn.Parameter({inner}, False)",
                f"nn.Sequential({inner}, {inner}, **kw)",
                f"nn.ModuleList([self.a] * 2 + [{inner}])",
                f"torch.nn.Parameter({inner}).cuda()",
            )
        return self._one(
            f"({inner})",
            f"(\n    {inner}  # why\n)",
            f"{inner} if {self._test()} else None",
            f"(y := {inner})",
            f"{inner} or {inner}",
            f"lambda x, *, y=1: {inner}",
            f"not {inner}",
            f"-{inner} ** 2",
            f"{inner} @ self.a + 1j",
            f"f(*args, {inner}, key=1, *more, **kw)",
            f"self.a[1:2, ..., None][{inner}]",
            f"x[*a, {inner}]",
            f"f'{{self.a:{{n}}}} {{1!r}}' f'' 'b' and {inner}",
            f"'é' 'x' % {inner}",
            f"({inner}\n).to(device)",
            f"partial(nn.Linear, 4)({inner})",
            f"(yield {inner})",
            f"{inner} is not None",
            f"0x1F + 1_000 * 1e-3 + {inner}",
            f"getattr(self, 'a', {inner})",
            f"build({inner})",
            "self.a",
        )


def module_file(seed: int) -> str:
    """The first valid file of a seed: some pieces do not go together, such as `return` and `yield` in odd places."""
    for attempt in range(100):
        text = Modules(seed * 100 + attempt).file()
        try:
            compile(text, "generated.py", "exec", ast.PyCF_ONLY_AST)
        except SyntaxError:
            continue
        return text
    raise AssertionError(f"seed {seed} gives nothing valid")
