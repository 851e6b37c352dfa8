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
from paramlint.facts import Scope
from paramlint.facts.optimizers import group_value
from paramlint.knowledge import module_class
from paramlint.model import Claim, Model, said
from paramlint.model.questions.visits import (
    name_of_pair,
    names_below,
    never_true,
    tests_before,
    texts_in,
    whole_visits,
)
from paramlint.nodes import operators
from paramlint.rule import Asks, Calls, Finding, Rule

rule = Rule(
    "PRM707",
    "parameter-group-never-matches",
    group="bug",
    doc=__doc__,
    triggers=(Calls("named_parameters"), Asks("named_parameters", "named_children", "named_modules")),
)

#: The end of a parameter's name, as it is written in lists of what does not decay.
_SUFFIX = re.compile(r"\.?(?:\w*(?:[Nn]orm|bn|ln)\w*\.)?(?:weight|bias|gamma|beta)")
_CERTAIN_SUFFIX = re.compile(r"\.\w.*|bias|weight|LayerNorm\..*")


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """A group of what is picked by name, of a model that has no such name."""
    for event in model.events("grouped"):
        group, given = event.get("group"), event.get("given")
        optimizer = next((o for o in model.optimizers if o is event.of), None)
        site = getattr(given, "made", None)
        if optimizer is None or site is None or group.members or not group.known or event.guard:
            continue
        others = [g for g in optimizer.groups if g.tensors.seen]
        node = site.node
        if not others or not optimizer.tensors.closed.yes or not all(t.known for t in optimizer.tensors):
            continue
        if isinstance(node, (nodes.ListComp, nodes.GeneratorExp)) and _picks_by_name(node):
            text = site.text(node.for_in.ifs[0].test)
            yield Claim(said(True), site, f"no parameter of the model has a name for which `{text}`", about=optimizer)


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
    """`p for n, p in model.named_parameters() if 'head' in n`; whole names are compared by `check`."""
    call, target = node.for_in.iter, node.for_in.target
    if not isinstance(call, nodes.Call) or not isinstance(call.func, nodes.Attribute) or len(node.for_in.ifs) != 1:
        return False
    test = node.for_in.ifs[0].test
    first = target.elements[0].value if isinstance(target, nodes.Tuple) else None
    left = test.left if isinstance(test, nodes.Comparison) else None
    if isinstance(left, nodes.Name) and isinstance(first, nodes.Name) and left.value == first.value:
        return False
    return call.func.attr.value == "named_parameters"


@rule.static(nodes.Comparison)
def check(node: nodes.Comparison, scope: Scope) -> Iterator[Finding]:
    if len(node.comparisons) != 1 or not isinstance(node.left, nodes.Name):
        return
    operator, right = node.comparisons[0].operator, node.comparisons[0].comparator
    if isinstance(operator, (operators.In, operators.NotIn)) and _is_parameter_name(scope, node.left):
        yield from _check_whole_name(scope, node, right)
    elif isinstance(operator, operators.In) and isinstance(right, nodes.Name) and _is_parameter_name(scope, right):
        yield from _check_parts(scope, node.left, right.value)


def _check_whole_name(scope: Scope, node: nodes.Comparison, names: nodes.BaseExpression) -> Iterator[Finding]:
    assert isinstance(node.left, nodes.Name)
    strings = [text for _, text in _strings(scope, names)]
    if not strings or not all(_SUFFIX.fullmatch(s) for s in strings) or not _sorts_parameters(scope):
        return
    part = next((s for s in strings if _CERTAIN_SUFFIX.fullmatch(s)), None)
    if part is not None and not _is_full_name(scope, node.left.value, strings):
        yield Finding(node, f"`{node.left.value}` is a whole name such as `layer.0.bias`, so it never equals `{part}`")


def _check_parts(scope: Scope, part: nodes.Name, name: str) -> Iterator[Finding]:
    """`any(part in name for part in parts)`."""
    for binding in scope.bindings.get(part.value, ()):
        if binding.kind != "for" or binding.index is not None or binding.value is None:
            continue
        parts = _value(scope, binding.value)
        if isinstance(parts, nodes.SimpleString) and len(str(parts.evaluated_value)) > 1:
            yield Finding(
                parts, f"`{part.value}` goes through the letters of a string, so nearly every `{name}` matches"
            )
        for element, text in _strings(scope, binding.value):
            if not text:
                yield Finding(element, f"an empty string is part of every `{name}`, so every parameter matches")


def _is_parameter_name(scope: Scope, node: nodes.Name) -> bool:
    """Whether a name is bound to the names that `named_parameters()` gives, and to nothing else."""
    bindings = scope.bindings.get(node.value, [])
    return bool(bindings) and all(
        b.kind == "for" and b.index == 0 and b.value is not None and _gives_names(scope, b.value) for b in bindings
    )


def _gives_names(scope: Scope, node: nodes.BaseExpression) -> bool:
    if isinstance(node, nodes.Call) and any(arg.keyword is not None for arg in node.args):
        return False  # `recurse=False` gives short names
    found = scope.type(node)
    return found is not None and found.pairs and found.item is not None and found.item.is_parameter


def _is_full_name(scope: Scope, name: str, strings: list[str]) -> bool:
    """Whether the module itself, not one of its submodules, has parameters of these names."""
    for binding in scope.bindings.get(name, ()):
        call = binding.value
        owner = call.func.value if isinstance(call, nodes.Call) and isinstance(call.func, nodes.Attribute) else None
        found = scope.type(owner) if owner is not None else None
        if found is None or found.name == "torch.nn.Module":
            continue
        if found.cls is not None:
            if any(found.cls.attribute(s) is not None for s in strings):
                return True
            continue
        known = module_class(found.name)
        if known is not None and not known.submodules:
            return True
    return False


def _sorts_parameters(scope: Scope) -> bool:
    """Whether the code makes an optimizer's groups, or freezes."""
    if any(group_value(node) is not None for node in scope.find(nodes.Dict, nodes.Call)):
        return True
    return any(isinstance(t.target, nodes.Attribute) and t.target.attr.value == "requires_grad"
               for t in scope.find(nodes.AssignTarget))  # fmt: skip


def _strings(scope: Scope, node: nodes.BaseExpression) -> list[tuple[nodes.Node, str]]:
    """The strings of a display of strings; nothing when it holds anything else."""
    display = _value(scope, node)
    if not isinstance(display, (nodes.List, nodes.Tuple, nodes.Set)):
        return []
    values = [element.value for element in display.elements]
    found: list[tuple[nodes.Node, str]] = [
        (value, str(value.evaluated_value)) for value in values if isinstance(value, nodes.SimpleString)
    ]
    return found if len(found) == len(values) else []


def _value(scope: Scope, node: nodes.BaseExpression) -> nodes.BaseExpression:
    """What a name is bound to, here or at the module level, when it is bound once."""
    if isinstance(node, nodes.Name):
        for place in (scope, scope.file.scope(scope.file.outline.module)):
            bindings = place.bindings.get(node.value, [])
            if bindings:
                value = bindings[0].value
                return value if len(bindings) == 1 and bindings[0].kind == "assign" and value is not None else node
    return node
