"""A tensor is read through `.data` where `.detach()` says the same and is checked.

Both give the same memory without the graph. With `.detach()` the two share a version counter, so that an edit of one
that a backward pass would need raises; with `.data` it goes unnoticed.

Bad:
    norm = model.weight.data.norm()

Good:
    norm = model.weight.detach().norm()

Fix: safe. The same values in the same memory.
Leave it: the code has to run on a torch older than 0.4.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.gradients import is_edited, is_gradient, is_parameter
from paramlint.rule import Change, Finding, Fix, Mentions, Rule

rule = Rule("PRM107", "data-read", group="pedantic", fix="safe", doc=__doc__, triggers=(Mentions("data"),))

#: What is the same of a tensor with and without its history.
_ASKED = {"shape", "size", "dtype", "device", "ndim", "dim", "numel", "ndimension", "element_size", "is_cuda"}


@rule.static(nodes.Attribute)
def check(node: nodes.Attribute, scope: Scope) -> Iterator[Finding]:
    if node.attr.value != "data" or is_edited(scope, node):
        return
    if not (is_parameter(scope, node.value) or is_gradient(scope, node.value)) or _is_initialised(scope, node):
        return
    owner = scope.text(node.value)
    above = scope.parent(node)
    if isinstance(above, nodes.Call) and above.func is node:
        return  # a method: what has it is no tensor of torch
    if isinstance(above, nodes.Attribute) and above.attr.value in _ASKED:
        fix = Fix("Ask the tensor itself", (Change(node, node, owner),), "safe")
    else:
        fix = Fix("Read it with `.detach()`", (Change(node, node, f"{owner}.detach()"),), "safe")
    yield Finding(node, f"`{scope.text(node)}` is read without a version check, which `.detach()` would keep", fix)


def _is_initialised(scope: Scope, node: nodes.Attribute) -> bool:
    """`nn.init.f_(x.data)` edits it."""
    call = scope.parent(above) if isinstance(above := scope.parent(node), nodes.Arg) else None
    name = (scope.qualified(call.func) or "") if isinstance(call, nodes.Call) else ""
    return name.rpartition(".")[2].endswith("_")
