"""The condition before an initialisation can never be true, or never be false.

The parameters then keep the values that they had, and nothing says so. A lazy layer becomes an ordinary one in its
first call, so `type(m) == nn.LazyLinear` is false once there is something to initialise. `type(m) == (nn.Linear,
nn.Conv2d)` compares a class with a tuple. The names of a compiled model begin with `_orig_mod.`. A colon in place of
`if` makes an annotation, which a function never evaluates. And `"conv" or "head" in name` is always true: a text that
is not empty is true by itself.

Bad:
    for p in model.parameters():
        p.requires_grad: nn.init.normal_(p, std=0.02)

Good:
    for p in model.parameters():
        if p.requires_grad:
            nn.init.normal_(p, std=0.02)

Leave it: the branch is a reminder that is not meant to run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from operator import is_
from typing import Any

from paramlint import nodes
from paramlint.config.nearest import nearest
from paramlint.facts.init_calls import WRITE_NAMES
from paramlint.knowledge import module_class
from paramlint.model import Answer, Claim, Event, Model, Module, Site, Tensor, said
from paramlint.model.questions.visits import (
    guards_of,
    modules_below,
    name_of_pair,
    names_below,
    never_true,
    tests_before,
    texts_in,
    whole_visits,
)
from paramlint.nodes import operators
from paramlint.rule import Asks, Rule
from paramlint.syntax.walk import walk

_ALL_LAYERS = ("modules", "named_modules")
_CHILDREN = ("children", "named_children")

rule = Rule(
    "PRM209",
    "init-never-matches",
    group="bug",
    doc=__doc__,
    triggers=(Asks(*WRITE_NAMES, "named_parameters", *_ALL_LAYERS, *_CHILDREN, "apply"),),
)

#: How many letters of a layer's name name it.
_LETTERS = 3
_RECURRENT = ("RNN", "LSTM", "GRU")
_NAMED = (nodes.Name, nodes.Attribute)
_LAZY = "torch.nn.Lazy"
_LAZY_NAME = re.compile(r"\bLazy")


@rule.question
def ask_kind(model: Model) -> Iterator[Claim]:
    """Conditions that are false, or true, whatever they are asked about, by what they compare."""
    told: set[int] = set()
    for event in model.events("tested"):
        site, test = event.site, event.site.node
        is_seen = not site.stack or _name_of_call(site.stack[-1].node) == "apply"  # others may give other things
        if not is_seen or id(test) in told or not (event.why or event.always or _is_find(test)):
            continue
        if isinstance(test, nodes.AnnAssign):
            call, target = test.annotation.annotation, site.text(test.target)
            if isinstance(call, nodes.Call) and _is_write(call):
                so = f"so `{site.text(call.func)}` never runs"
                yield Claim(said(True), site, f"`{target}:` makes an annotation, not a condition, {so}", node=test)
            continue
        whole = _around_writes(model, site, with_else=not event.why).get(id(test))
        message = _wrong(event, test, whole) if whole is not None else ""
        if message:
            told.add(id(test))
            yield Claim(said(True), site, message, node=whole if event.always else test)


def _around_writes(model: Model, site: Site, *, with_else: bool) -> dict[int, Any]:
    """The conditions of a function that decide whether something is initialised, as wholes, by their parts."""

    def find() -> dict[int, Any]:
        return {id(part): whole for part, whole, _ in guards_of(_is_write, site.code, with_else=with_else)}

    return model.remember(("conditions around writes", id(site.code), with_else), find)


def _wrong(event: Event, test: nodes.Node, whole: nodes.Node) -> str:
    """What is wrong with a condition; empty where nothing is."""
    site = event.site
    if event.why:
        kind = "case " if isinstance(test, nodes.MatchPattern) else ""
        return f"`{kind}{site.text(test)}` is never true: {event.why}"
    if not any(test is one for one in _either(whole)):
        return ""
    if _is_find(test):
        return f"`{site.text(test)}` is -1, which is true, where the name has no such part"
    what = _thing(test)
    return f"`{site.text(whole)}` is always true: `{site.text(test)}` is {what}, not a test" if what else ""


def _thing(test: nodes.Node) -> str:
    """What an operand is that is true by itself: a text, a class or a tuple of tests; empty for others."""
    if isinstance(test, nodes.SimpleString):
        return "a value"
    if isinstance(test, nodes.Tuple):
        return "a value" if any(isinstance(e.value, (nodes.Call, nodes.Comparison)) for e in test.elements) else ""
    name = test.attr.value if isinstance(test, nodes.Attribute) else test.value if isinstance(test, nodes.Name) else ""
    return "a class" if name[:1].isupper() and not name.isupper() else ""


def _either(test: nodes.Node) -> list[nodes.Node]:
    """What `or` joins."""
    if isinstance(test, nodes.BooleanOperation) and isinstance(test.operator, operators.Or):
        return _either(test.left) + _either(test.right)
    return [test]


def _is_find(test: nodes.Node) -> bool:
    """Whether it is the place of a text in another one: 0 where that begins with it, and -1 where it is not there."""
    given = test.args if isinstance(test, nodes.Call) and _name_of_call(test) in ("find", "rfind") else ()
    return len(given) == 1 and isinstance(given[0].value, nodes.SimpleString)


@rule.question
def ask_lazy(model: Model) -> Iterator[Claim]:
    """Lazy layers that are looked for to be initialised: they have become others when there is something to write."""
    for write in model.events("written"):
        kinds = write.of.of_classes if isinstance(write.of, Tensor) else ()
        if not kinds or not all(kind.startswith(_LAZY) for kind in kinds) or "uninitialized" in str(write.guard):
            continue
        site, there = write.site, kinds[0].replace(_LAZY, "nn.")
        asked = [whole for _, whole, _ in guards_of(partial(is_, site.node), site.code)]
        if asked and _LAZY_NAME.search(site.text(asked[-1])):
            message = f"`{site.text(asked[-1])}` is never true: once it has a shape, the layer is a `{there}`"
            yield Claim(said(True), site, message, node=asked[-1])


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """Parameters gone through by name, and a name among them that none has."""
    never = never_true(model)
    for listed in whole_visits(model):
        loop = listed.site.loop
        name = _name_in(loop) if loop is not None else None
        known = names_below(model, listed.of, listed) if name is not None else None
        if loop is None or name is None or not known:
            continue
        parts = {part for one in known for part in one.split(".")}
        is_own = listed.of in model.roots
        is_of_torch = listed.of.cls.startswith("torch.nn.") and not any(p.kind == "child" for p in listed.of.holds)
        for test in tests_before(_is_write, loop.body, name):
            texts = texts_in(test)
            if not texts or (id(test), listed.inside) not in never:
                continue
            if is_own or is_of_torch or any(nearest(text.strip("."), parts) for text in texts):
                whole = listed.site.text(loop.iter)
                message = f"`{listed.site.text(test)}` is never true: `{whole}` gives no such name"
                yield Claim(Answer("yes", (listed,)), listed.site, message, node=test)


@rule.question
def ask_kinds(model: Model) -> Iterator[Claim]:
    """Layers gone through by kind, and none of them of the kind that is asked for, but one that is taken for it."""
    never = never_true(model)
    for listed in whole_visits(model):
        visit = _visit(listed)
        below = modules_below(model, listed.of, listed) if visit is not None else None
        if visit is None or below is None:
            continue
        site, name, body = visit
        tests = [test for test in tests_before(_is_write, body, name) if (id(test), listed.inside) in never]
        written = {id(w.of.owner) for w in model.events("written") if tests and w.author == "user"}
        missed = [m for m in below if _has_weights(m) and id(m) not in written]
        for test in tests:
            like = next((m for m in missed if _is_meant(test, m)), None)
            if like is not None:
                there = like.cls.replace("torch.nn.", "nn.")
                whole = model.name if listed.of in model.roots else listed.of
                why = f"`{whole}` has `{there}`, and no such layer"
                if listed.site.loop is not None and _goes_no_deeper(listed):
                    why = f"each `{there}` of `{whole}` is inside another module, which `children()` does not enter"
                message = f"`{site.text(test)}` is never true: {why}"
                yield Claim(Answer("yes", (listed,)), site, message, node=test)


def _has_weights(module: Module) -> bool:
    """Whether a layer of torch has parameters of its own; norms are left as they are made."""
    is_torch = module.cls.startswith("torch.nn.") and "Norm" not in module.cls
    return is_torch and any(t.role == "parameter" for t in module.tensors)


def _is_meant(test: nodes.Node, module: Module) -> bool:
    """Whether a condition names a layer, by a text or its class, that one takes for another."""
    kind = module.cls.rpartition(".")[2]
    for text in texts_in(test):
        last = text.rpartition(".")[2]
        is_part = len(last) >= _LETTERS and (last.lower() in kind.lower() or kind.lower() in last.lower())
        if is_part or nearest(last, [kind]) is not None:
            return True
    names = [n.attr.value if isinstance(n, nodes.Attribute) else n.value for n in walk(test) if isinstance(n, _NAMED)]
    return any(_family(n) == _family(kind) for n in names if module_class(f"torch.nn.{n}") is not None)


def _visit(listed: Event) -> tuple[Site, str, nodes.Node] | None:
    """Where a visit of modules is written: the place, the name of the module that it is at, and what it does."""
    visitor, loop = listed.get("visitor"), listed.site.loop
    if visitor is not None and isinstance(visitor.node, nodes.FunctionDef):
        names = [p.name.value for p in visitor.node.params.params if p.name.value != "self"]
        return (visitor, names[0], visitor.node.body) if names else None
    if loop is None or not isinstance(loop.iter, nodes.Call) or not isinstance(loop.iter.func, nodes.Attribute):
        return None
    target = loop.target.elements[-1].value if isinstance(loop.target, nodes.Tuple) else loop.target
    is_of_modules = loop.iter.func.attr.value in _ALL_LAYERS or _goes_no_deeper(listed)
    return (listed.site, target.value, loop.body) if is_of_modules and isinstance(target, nodes.Name) else None


def _goes_no_deeper(listed: Event) -> bool:
    """Whether a visit is of the children only, and of the whole of a model."""
    call = listed.site.node
    name = call.func.attr.value if isinstance(call, nodes.Call) and isinstance(call.func, nodes.Attribute) else ""
    return name in _CHILDREN


def _family(kind: str) -> str:
    """`Conv` of `Conv2d`, `ConvTranspose1d` and `LazyConv3d`: layers that one takes for each other."""
    if kind in _RECURRENT:
        return _RECURRENT[0]
    return re.sub(r"^Lazy|Transpose|[123]d$", "", kind)


def _name_in(loop: nodes.For) -> str | None:
    """`name` of a loop `for name, p in self.named_parameters()`."""
    func = loop.iter.func if isinstance(loop.iter, nodes.Call) else None
    is_by_name = isinstance(func, nodes.Attribute) and func.attr.value == "named_parameters"
    return name_of_pair(loop) if is_by_name else None


def _is_write(call: nodes.Node) -> bool:
    return _name_of_call(call) in WRITE_NAMES


def _name_of_call(call: nodes.Node) -> str:
    """The last name of what a call calls; empty for other nodes."""
    func = call.func if isinstance(call, nodes.Call) else None
    name = func.attr if isinstance(func, nodes.Attribute) else func
    return name.value if isinstance(name, nodes.Name) else ""
