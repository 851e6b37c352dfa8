"""A statement makes a tensor, a layer or a copy and drops it.

`self.embedding.from_pretrained(vectors)` calls a class method: it makes another embedding and leaves this one as it
was. `weight.clamp(-1, 1)` returns a clamped copy, `copy.deepcopy(model)` a copy, `nn.Parameter(...)` a parameter; when
nothing takes them, the statement has done nothing, and what follows works on the old values.

Bad:
    self.embedding = nn.Embedding(100, 8)
    self.embedding.from_pretrained(torch.randn(100, 8))

Good:
    self.embedding = nn.Embedding.from_pretrained(torch.randn(100, 8), freeze=False)

Leave it: the call is made for its time, its error or its warmth, as in benchmarks and tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.types import GRADIENT
from paramlint.knowledge import (
    BUFFER_CLASSES,
    EMPTY_FACTORIES,
    MODULE_CLASSES,
    PARAMETER_CLASSES,
    TENSOR_FACTORIES,
    TENSOR_INPLACE,
)
from paramlint.rule import Drops, Finding, Rule
from paramlint.source.text import Source

_COPIES = {"copy.copy", "copy.deepcopy"}
#: Methods of a tensor that have a twin which works in place.
_PURE = {name[:-1] for name in TENSOR_INPLACE if name.endswith("_") and not name.endswith("__")}
#: Those of them that a tensor does not have: calling them raises.
_MISSING = {
    "apply", "cauchy", "copy", "exponential", "fill", "fill_diagonal", "geometric", "log_normal", "map", "map2",
    "normal", "random", "uniform", "zero",
}  # fmt: skip
#: Those of them that objects of other kinds do not have either to change themselves.
_ONLY_OF_TENSORS = {
    "mul",
    "div",
    "clamp",
    "clamp_min",
    "clamp_max",
    "masked_fill",
    "neg",
    "abs",
    "pow",
    "sigmoid",
    "tanh",
}
#: Other methods of a tensor that only return something.
_VIEWS = {"detach", "clone", "to", "cuda", "half", "float", "double", "contiguous", "view", "reshape", "expand"}
#: Functions that only return something.
_FUNCTIONAL = {"gelu", "interpolate", "log_softmax", "normalize", "one_hot", "pad", "softmax", "softplus"}
_MAKERS = {*PARAMETER_CLASSES, *BUFFER_CLASSES, *(TENSOR_FACTORIES - EMPTY_FACTORIES), *_COPIES}

rule = Rule(
    "PRM222",
    "dropped-result",
    group="bug",
    doc=__doc__,
    triggers=(
        Drops(
            "from_pretrained",
            *_PURE,
            *_VIEWS,
            *_FUNCTIONAL,
            *(name.rpartition(".")[2] for name in {*_MAKERS, *MODULE_CLASSES}),
        ),
    ),
)

#: Functions that call for the time, the error or the memory that a call takes.
_TRIALS = re.compile(r"test|bench|time|profil|warm|trace|debug|dummy|check", re.I)
_EMBEDDINGS = {"torch.nn.Embedding", "torch.nn.EmbeddingBag"}
#: Arguments of their `from_pretrained` that no other has.
_ONLY_OF_EMBEDDINGS = {"freeze", "padding_idx", "scale_grad_by_freq"}
#: An object, not a class, that is called an embedding.
_NAMED_EMBEDDING = re.compile(r"(?:^|[._])(?:\w*_)?emb(?:ed\w*|s)?(?:_\w*)?$")
#: Blocks that change where or how values are computed, and nothing else.
_PLAIN_CONTEXTS = {
    "contextlib.nullcontext", "torch.autocast", "torch.amp.autocast", "torch.cuda.amp.autocast", "torch.device",
    "torch.inference_mode",
}  # fmt: skip


@rule.static(nodes.Expr)
def check(node: nodes.Expr, scope: Scope) -> Iterator[Finding]:
    call = node.value
    if not isinstance(call, nodes.Call) or any(
        arg.keyword is not None and arg.keyword.value == "out" for arg in call.args
    ):
        return
    if _is_shown_or_tried(scope, node):
        return
    text = scope.text(call.func)
    if isinstance(call.func, nodes.Attribute):
        why = _of_method(scope, call.func, {arg.keyword.value for arg in call.args if arg.keyword is not None})
        if why is not None:
            yield Finding(node, f"`{text}` {why}")
            return
    name = scope.qualified(call.func) or ""
    if name in _MAKERS and not any(arg.keyword is not None and arg.keyword.value == "device" for arg in call.args):
        yield Finding(node, f"`{text}` makes {_made(name)}, and nothing takes it")
    elif name.startswith("torch.nn.functional.") and name.rpartition(".")[2] in _FUNCTIONAL:
        yield Finding(node, f"`{text}` returns a new tensor, and nothing takes it")
    elif name.startswith("torch.") and name.removeprefix("torch.") in _PURE - _MISSING and call.args:
        yield Finding(node, f"`{text}` returns a new tensor{_hint(name.rpartition('.')[2])}, and nothing takes it")
    elif name in MODULE_CLASSES:
        yield Finding(node, f"`{text}` makes a layer, and nothing takes it")


def _of_method(scope: Scope, func: nodes.Attribute, keywords: set[str]) -> str | None:
    """What a method only returns; None where it may do something."""
    method, owner = func.attr.value, func.value
    if method == "from_pretrained":
        known = scope.type(owner)
        if known is None:  # as where it is made in one of several ways
            is_named = _NAMED_EMBEDDING.search(scope.text(owner)) is not None
            is_embedding = is_named and bool(keywords & _ONLY_OF_EMBEDDINGS)
        else:
            is_embedding = known.name in _EMBEDDINGS and known.cls is None
        return "makes a new embedding, and nothing takes it" if is_embedding else None
    if method not in _PURE and method not in _VIEWS:
        return None
    if method in ("to", "cuda") and isinstance(owner, nodes.Call) and scope.qualified(owner.func) in TENSOR_FACTORIES:
        return None  # nobody has what is moved: the call is made for the memory or the device that it takes
    known = scope.type(owner)
    if known is None and not (_is_named_so(owner) and method in _ONLY_OF_TENSORS):
        return None
    if known is not None and known.kind not in ("parameter", "buffer", "tensor"):
        return None
    if known is GRADIENT and method in _MISSING:
        return None  # fields of other libraries have gradients too, with methods of these names
    if method in _MISSING:
        return f"is no method of a tensor, so the call raises where `{method}_` works in place"
    return f"returns a new tensor{_hint(method)}, and nothing takes it"


def _is_named_so(node: nodes.BaseExpression) -> bool:
    """Whether it is the weight or bias of something that is not known."""
    return isinstance(node, nodes.Attribute) and node.attr.value in ("weight", "bias")


def _hint(method: str) -> str:
    return f" where `{method}_` works in place" if method in _PURE else ""


def _made(name: str) -> str:
    if name in _COPIES:
        return "a copy"
    return "a parameter" if name in PARAMETER_CLASSES else "a tensor"


def _is_shown_or_tried(scope: Scope, node: nodes.Node) -> bool:
    """Whether a cell shows the value, or the call is made for its error, its time or its warmth."""
    if scope.kind == "module" and (type(scope.file.source) is not Source or "# %%" in scope.file.source.text):
        return True
    if _TRIALS.search(scope.qualname) or _TRIALS.search(scope.file.source.path.rpartition("/")[2]):
        return True
    for ancestor in scope.ancestors(node):
        if isinstance(ancestor, (nodes.Try, nodes.TryStar)):
            return True
        if isinstance(ancestor, nodes.With) and not all(_is_plain(scope, item.item) for item in ancestor.items):
            return True
    return False


def _is_plain(scope: Scope, context: nodes.BaseExpression) -> bool:
    """Whether a block neither catches nor measures what is done in it."""
    maker = context.func if isinstance(context, nodes.Call) else context
    return scope.qualified(maker) in _PLAIN_CONTEXTS or "grad" in scope.text(context)
