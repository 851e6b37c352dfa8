"""A list of name parts is compared with whole parameter names, so a group is empty or holds everything.

`named_parameters()` gives full names such as `encoder.0.bias`. `name in ["bias", "LayerNorm.weight"]` is true for
none of them, and what should not decay, or should be frozen, is treated like the rest. The other way round, an empty
string is part of every name, and `("bias")` is no tuple but a string, whose letters are.

Bad:
    no_decay = ["bias", "LayerNorm.weight"]
    plain = [p for n, p in model.named_parameters() if n in no_decay]
    optimizer = torch.optim.SGD([{"params": plain, "weight_decay": 0.0}], lr=0.1)

Good:
    no_decay = ["bias", "LayerNorm.weight"]
    plain = [p for n, p in model.named_parameters() if any(part in n for part in no_decay)]
    optimizer = torch.optim.SGD([{"params": plain, "weight_decay": 0.0}], lr=0.1)

Leave it: the module has no submodules, so that its parameters' names are `weight` and `bias`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint import nodes
from paramlint.config.nearest import nearest
from paramlint.model import Claim, Event, Model, Module, Site, said
from paramlint.model.questions.visits import (
    name_of_pair,
    names_below,
    never_true,
    tests_before,
    texts_in,
    whole_visits,
)
from paramlint.rule import Asks, Rule

rule = Rule(
    "PRM707",
    "parameter-group-never-matches",
    group="bug",
    doc=__doc__,
    triggers=(Asks("named_parameters", "named_children", "named_modules"),),
)

#: The end of a parameter's name, as it is written in lists of what does not decay.
_SUFFIX = re.compile(r"\.?(?:\w*(?:[Nn]orm|bn|ln)\w*\.)?(?:weight|bias|gamma|beta)")
_CERTAIN_SUFFIX = re.compile(r"\.\w.*|bias|weight|LayerNorm\..*")


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """A group of what is picked by name, of a model that has no such name."""
    for optimizer in model.optimizers:
        tensors = optimizer.tensors
        if not tensors.seen or not tensors.closed.yes or not all(t.known for t in tensors):
            continue
        for group in optimizer.groups:
            made = group.given
            if made is None or group.tensors.seen or group.guard:
                continue
            if isinstance(made.node, (nodes.ListComp, nodes.GeneratorExp)) and _picks_by_name(made.node):
                text = made.text(made.node.for_in.ifs[0].test)
                message = f"no parameter of the model has a name for which `{text}`"
                yield Claim(said(True), made, message, about=optimizer)


@rule.question
def ask_of_names(model: Model) -> Iterator[Claim]:
    """Whole names that are looked for among the ends of names, and parts of names that each name has."""
    for test in model.events("tested"):
        # What a class has that only others inherit from beside `Module` is not known: its name is that of the class.
        is_module = isinstance(test.of, Module) and (test.of.is_a("Module").yes or not str(test.of).startswith("<"))
        fault = _fault(model, test) if is_module else ""
        if fault:
            yield Claim(said(True), test.site, fault, about=test.of)


def _fault(model: Model, test: Event) -> str:
    """What is wrong with a condition on the name of a parameter; empty where nothing is."""
    names, parts, site = test.get("names", {}), test.get("parts", {}), test.site
    if names and not test.get("is_met") and all(isinstance(one, str) and _SUFFIX.fullmatch(one) for one in names):
        part = next(filter(_CERTAIN_SUFFIX.fullmatch, names), None)
        own = {tensor.key for tensor in test.of.tensors} | test.of.asked
        if part is not None and own.isdisjoint(names) and _sorts_parameters(model, site):
            text = site.text(site.node.left)
            return f"`{text}` is a whole name such as `layer.0.bias`, so it never equals `{part}`"
    if parts:
        part, name = site.text(site.node.left), site.text(site.node.comparisons[0].comparator)
        if any(map(str.isalpha, "".join(parts.values()))):
            return f"`{part}` goes through the letters of a string, so nearly every `{name}` matches"
        if "" in parts:
            return f"an empty string is part of every `{name}`, so every parameter matches"
    return ""


def _sorts_parameters(model: Model, site: Site) -> bool:
    """Whether the function that asks, or the one that it answers, makes groups for an optimizer, or freezes."""
    askers = [site]
    for caller in reversed(site.stack):
        if not isinstance(askers[-1].statement, nodes.Return):
            break
        askers.append(caller)
    places = [*model.group_sites, *(event.site for event in model.events("flagged"))]
    return any((one.path, one.definition) == (asker.path, asker.definition) for one in places for asker in askers)


@rule.question
def ask_of_loops(model: Model) -> Iterator[Claim]:
    """A condition on the names of a model that none of them meets, before something is frozen, thawed or listed."""
    never = never_true(model)
    for listed in whole_visits(model):
        loop = listed.site.loop
        name = name_of_pair(loop) if loop is not None else None
        known = names_below(model, listed.of, listed) if name is not None and never else None
        if loop is None or name is None or not known:
            continue
        parts = {part for one in known for part in one.split(".")}
        flagging = list(tests_before(_is_flag, loop.body, name))
        # A function that is given models asks for the names of all of them, and so do several conditions.
        is_general = (listed.of not in model.roots and len(listed.site.stack) > 0) or len(flagging) > 1
        flags = [(test, is_general, "no flag is set") for test in flagging]
        lists = [(test, True, "nothing is listed") for test in tests_before(_is_append, loop.body, name)]
        for test, needs_likeness, lost in flags + lists:
            is_like = any(nearest(text.strip("."), parts) for text in texts_in(test))
            if (id(test), listed.inside) in never and (is_like or not needs_likeness):
                asked = f"no parameter of `{listed.of}` has a name for which `{listed.site.text(test)}`"
                message = f"{asked}, so {lost}"
                yield Claim(said(True), listed.site, message, about=listed.of, node=test)


def _is_flag(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Assign):
        target = node.targets[0].target
        return isinstance(target, nodes.Attribute) and target.attr.value == "requires_grad"
    return _is_call_of(node, "requires_grad_")


def _is_append(node: nodes.Node) -> bool:
    return _is_call_of(node, "append")


def _is_call_of(node: nodes.Node, method: str) -> bool:
    return isinstance(node, nodes.Call) and isinstance(node.func, nodes.Attribute) and node.func.attr.value == method


def _picks_by_name(node: nodes.ListComp | nodes.GeneratorExp) -> bool:
    """`p for n, p in model.named_parameters() if 'head' in n`; whole names are another question."""
    call, target = node.for_in.iter, node.for_in.target
    if not isinstance(call, nodes.Call) or not isinstance(call.func, nodes.Attribute) or len(node.for_in.ifs) != 1:
        return False
    test = node.for_in.ifs[0].test
    first = target.elements[0].value if isinstance(target, nodes.Tuple) else None
    left = test.left if isinstance(test, nodes.Comparison) else None
    if isinstance(left, nodes.Name) and isinstance(first, nodes.Name) and left.value == first.value:
        return False
    return call.func.attr.value == "named_parameters"
