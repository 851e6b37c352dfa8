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
from collections.abc import Collection, Iterator
from functools import partial
from operator import is_
from typing import Any

from paramlint import nodes
from paramlint.config.nearest import nearest
from paramlint.knowledge import WRITE_NAMES, module_class
from paramlint.model import Answer, Claim, Event, Model, Module, Site, Tensor, said
from paramlint.model.questions.visits import (
    guards_of,
    is_about_whole,
    is_negative,
    modules_below,
    names_below,
    never_true,
    tests_before,
    texts_in,
    whole_visits,
)
from paramlint.nodes import operators
from paramlint.nodes.assigned import assigned
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
        named = _why_no_name(model, event)
        why = named or ("" if event.ever else str(event.why))
        if id(test) in told or not (why or event.always or _is_find(test)) or not (named or _is_asked_of_all(site)):
            continue
        if isinstance(test, nodes.AnnAssign):
            call, target = test.annotation.annotation, site.text(test.target)
            if isinstance(call, nodes.Call) and _is_write(call):
                so = f"so `{site.text(call.func)}` never runs"
                yield Claim(said(True), site, f"`{target}:` makes an annotation, not a condition, {so}", node=test)
            continue
        whole = _around_writes(model, site, with_else=not why).get(id(test))
        message = _wrong(event, whole, why) if whole is not None else ""
        if message:
            told.add(id(test))
            yield Claim(said(True), site, message, node=whole if event.always else test)


def _around_writes(model: Model, site: Site, *, with_else: bool) -> dict[int, Any]:
    """The conditions of a function that decide whether something is initialised, as wholes, by their parts."""

    def find() -> dict[int, Any]:
        pairs = (pair for node in walk(site.code) for pair in assigned(node))
        local = {t.value for t, value in pairs if isinstance(t, nodes.Name) and _last(value) in WRITE_NAMES}
        is_write = partial(_is_call_of, {*WRITE_NAMES, *local})
        return {id(part): whole for part, whole, _ in guards_of(is_write, site.code, with_else=with_else)}

    return model.remember(("conditions around writes", id(site.code), with_else), find)


def _is_asked_of_all(site: Site) -> bool:
    """Whether all that a function is given comes from the code that was read: others may give other things."""
    caller = site.stack[-1] if site.stack else None
    if caller is None or _is_call_of({"apply"}, caller.node):
        return True
    return any(node is site.code for node in walk(caller.code))  # a local function


def _is_given_nothing(site: Site) -> bool:
    """Whether a function has no arguments, but for the object that it is a method of."""
    code = site.code
    return isinstance(code, nodes.FunctionDef) and {p.name.value for p in code.params.params} <= {"self"}


def _why_no_name(model: Model, event: Event) -> str:
    """Why no parameter of a module has a name that is asked for; empty where one may, or something else is asked."""
    module, test = event.of, event.site.node
    if event.ever or model.is_cut_short or not isinstance(module, Module) or is_negative(test):
        return ""
    known = names_below(model, module, event) if is_about_whole(model, event) else None
    parts = {part for name in known or () for part in name.split(".")}
    texts = texts_in(test)
    is_general = not (_is_given_nothing(event.site) or _is_asked_of_all(event.site))
    is_own = module in model.roots or (_is_layer(module) and not is_general)
    if not known or not texts or not (is_own or any(nearest(text.strip("."), parts) for text in texts)):
        return ""
    return f"`{_called(model, module)}` has no parameter of such a name"


def _is_layer(module: Module) -> bool:
    """Whether it is a layer of torch that is known and has no parts."""
    if not module.cls.startswith("torch.nn.") or not module.known.yes:
        return False
    return not any(place.kind == "child" for place in module.holds)


def _called(model: Model, module: Module) -> str:
    """How a module is said: the model by its class, a layer by its kind, another by its name."""
    if module in model.roots:
        return model.name
    return module.cls.replace("torch.nn.", "nn.") if module.cls.startswith("torch.nn.") else str(module)


def _wrong(event: Event, whole: nodes.Node, why: str) -> str:
    """What is wrong with a condition; empty where nothing is."""
    site, test = event.site, event.site.node
    if why:
        kind = "case " if isinstance(test, nodes.MatchPattern) else ""
        return f"`{kind}{site.text(test)}` is never true: {why}"
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
    name = _last(test)
    return "a class" if name[:1].isupper() and not name.isupper() else ""


def _either(test: nodes.Node) -> list[nodes.Node]:
    """What `or` joins."""
    if isinstance(test, nodes.BooleanOperation) and isinstance(test.operator, operators.Or):
        return _either(test.left) + _either(test.right)
    return [test]


def _is_find(test: nodes.Node) -> bool:
    """Whether it is the place of a text in another one: 0 where that begins with it, and -1 where it is not there."""
    given = test.args if isinstance(test, nodes.Call) and _last(test.func) in ("find", "rfind") else ()
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


def _is_write(call: nodes.Node) -> bool:
    return _is_call_of(WRITE_NAMES, call)


def _is_call_of(names: Collection[str], call: nodes.Node) -> bool:
    return isinstance(call, nodes.Call) and _last(call.func) in names


def _last(node: nodes.Node) -> str:
    """`c` of `a.b.c`."""
    name = node.attr if isinstance(node, nodes.Attribute) else node
    return name.value if isinstance(name, nodes.Name) else ""
