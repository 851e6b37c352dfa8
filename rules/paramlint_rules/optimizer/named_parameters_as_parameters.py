"""An optimizer is given names, pairs or whole iterators where it expects parameters.

`named_parameters()` gives (name, parameter) pairs. An optimizer takes them only when all of its groups have names,
and never takes a generator that stands inside a list, a dict, or the names alone.

Bad:
    optimizer = torch.optim.SGD([model.parameters()], lr=0.1)

Good:
    optimizer = torch.optim.SGD([*model.parameters()], lr=0.1)

Fix: safe. The optimizer gets the parameters; before, building it raised.
Leave it: the function that takes the pairs unpacks them itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts.optimizers import OPTIMIZER_NAMES
from paramlint.model import Claim, Group, Misfit, Model, Site, said
from paramlint.nodes.call_arguments import arguments_of
from paramlint.rule import Asks, Change, Fix, Rule

rule = Rule(
    "PRM706",
    "named-parameters-as-parameters",
    group="bug",
    fix="safe",
    doc=__doc__,
    triggers=(Asks(*OPTIMIZER_NAMES, "named_parameters", made=False),),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """Groups of pairs beside groups without names, whatever they were gathered by."""
    returned = [one for one in model.returned if isinstance(one, Group)]
    for groups in (returned, *(optimizer.groups.seen for optimizer in model.optimizers)):
        if any(group.tensors.seen and group.named.no for group in groups):
            yield from (_of_pairs(group) for group in groups if group.named.yes)


def _of_pairs(group: Group) -> Claim:
    site, node = _given(group)
    text = site.text(node)
    message = f"`{text}` gives pairs of name and parameter, where the other groups hold parameters"
    is_beside = site.definition is group.site.definition  # another function may give its pairs to others too
    fix = _fix("Take the parameters from the pairs", node, f"(p for _, p in {text})") if is_beside else None
    return Claim(said(True), site, message, group.tensors.seen[0], node, fix)


@rule.question
def ask_of_misfits(model: Model) -> Iterator[Claim]:
    """Names, iterables and keys of dictionaries where an optimizer of torch takes parameters."""
    for optimizer in model.optimizers:
        if optimizer.made is not None and optimizer.made.algorithm.startswith("torch.optim."):
            for group in optimizer.groups:
                iterables = [misfit for misfit in group.misfits if misfit.kind == "iterable"]
                if iterables:
                    yield _of_iterables(group, iterables)
                elif group.misfits:
                    yield _of_texts(group, group.misfits[0])


def _of_iterables(group: Group, misfits: list[Misfit]) -> Claim:
    """`[model.parameters()]`."""
    sites = [_seen_from(misfit.holder, misfit.site) for misfit in misfits]
    site, display = sites[0], misfits[0].holder.node
    is_beside = misfits[0].holder.definition is group.site.definition  # a list of another function may have other uses
    is_display = is_beside and isinstance(display, (nodes.List, nodes.Tuple))
    elements = [element.value for element in display.elements] if is_display else []
    changes = tuple(Change(one.node, one.node, f"*{one.text(one.node)}") for one in sites)
    fix = Fix("Unpack it", changes, "safe") if all(any(e is one.node for e in elements) for one in sites) else None
    message = f"`{site.text(site.node)}` stands in a list as one object, so the optimizer gets no parameters from it"
    return Claim(said(True), site, message, None, site.node, fix)


def _of_texts(group: Group, misfit: Misfit) -> Claim:
    """`dict(model.named_parameters())`, `[n for n, p in model.named_parameters()]`, and names that are listed."""
    fix: Fix | None
    if misfit.kind == "keys":
        site = _seen_from(misfit.holder, misfit.site)
        message = f"`{site.text(site.node)}` gives its keys, so the optimizer gets names"
        fix = _fix("Give the values", site.node, f"{site.text(site.node)}.values()")
        return Claim(said(True), site, message, None, site.node, fix)
    site, made = misfit.site, misfit.site.node
    if not isinstance(made, (nodes.ListComp, nodes.GeneratorExp)):
        site, node = _given(group)
        return Claim(said(True), site, f"`{site.text(node)}` gives names, so the optimizer gets strings", None, node)
    pair = made.for_in.target.elements if isinstance(made.for_in.target, nodes.Tuple) else ()
    texts = [site.text(one.value) for one in pair]
    is_first = len(texts) == 2 and texts[0] == site.text(made.elt)
    fix = _fix("Give the parameter", made.elt, texts[1]) if is_first else None
    message = f"`{site.text(made.elt)}` is the parameter's name, so the optimizer gets strings"
    return Claim(said(True), site, message, None, made.elt, fix)


def _seen_from(place: Site, made: Site) -> Site:
    """Where something is made, or the call of the function that makes it, in the function where a place is."""
    way = (*made.stack, made)
    return way[min(len(place.stack), len(way) - 1)]


def _given(group: Group) -> tuple[Site, nodes.Node]:
    """What the code gives an optimizer for a group: where a function makes it, what that function makes."""
    site, made = group.site, group.given
    if made is not None and len(made.stack) > len(site.stack):
        return made, made.node
    node = site.node
    if isinstance(node, nodes.Dict):
        entries = [one for one in node.elements if isinstance(one, nodes.DictElement)]
        keys = [one.key.evaluated_value if isinstance(one.key, nodes.SimpleString) else None for one in entries]
        return site, entries[keys.index("params")].value if "params" in keys else node
    return site, arguments_of(node.args, ("params",)).get("params", node) if isinstance(node, nodes.Call) else node


def _fix(title: str, node: nodes.Node, text: str) -> Fix:
    return Fix(title, (Change(node, node, text),), "safe")
