"""An initialisation that needs a matrix is given a vector.

Xavier and Kaiming initialisation compute the fan-in and fan-out of a matrix; `orthogonal_`, `eye_`, `sparse_` and
`dirac_` need rows and columns too. A bias, or the weight of a batch or group norm, has one dimension, so that the call
raises a `ValueError`.

Bad:
    self.fc = nn.Linear(8, 8)
    nn.init.xavier_uniform_(self.fc.bias)

Good:
    self.fc = nn.Linear(8, 8)
    nn.init.xavier_uniform_(self.fc.weight)
    nn.init.zeros_(self.fc.bias)

Leave it: never; it cannot run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.init_calls import INIT_NAMES, InitCall, init_call
from paramlint.facts.parameter_names import name_test, names_from
from paramlint.facts.ranks import rank_of
from paramlint.knowledge import FAN_INIT, MATRIX_INIT
from paramlint.model import Claim, Event, Model, Tensor, said
from paramlint.rule import Asks, Calls, Finding, Rule

rule = Rule(
    "PRM210",
    "fan-init-of-vector",
    group="bug",
    doc=__doc__,
    triggers=(Calls(*INIT_NAMES), Asks(*sorted(FAN_INIT | MATRIX_INIT))),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for event in model.events("written"):
        law, tensor = event.get("law"), event.get("tensor")
        if event.author != "user" or not event.get("initializer") or law not in FAN_INIT | MATRIX_INIT:
            continue
        if not isinstance(tensor, Tensor) or tensor.shape is None or len(tensor.shape) > 1:
            continue
        if event.site.is_tried:
            continue
        if any(subject.is_summary for subject in event.guard.subjects):
            continue  # a test of the type may be among what is lost there
        if tensor.known and not _asks_of_it(str(event.guard), tensor) and not _is_chosen(model, event):
            shape = "is a vector" if tensor.shape else "is a single number"
            call = event.site.node
            target = call.args[0].value if isinstance(call, nodes.Call) and call.args else call
            text = event.site.text(target)
            message = f"`{text}` {shape}, so `{law}`, which needs a matrix, raises a ValueError"
            yield Claim(said(True), event.site, message, node=target)


def _asks_of_it(guard: str, tensor: Tensor) -> bool:
    """Whether a condition asks for its dimensions or type, or for its name where only some of that is known."""
    if any(word in guard for word in ("dim", "shape", "size", "isinstance(")):
        return True  # a test of the type that is left there could not be told
    keys = {place.key for place in tensor.places if place.registered}
    if any("{" in key and key in guard for key in keys):
        return True
    return any(re.search(rf"\}}[\w.]*\b{re.escape(key)}\b", guard) for key in keys)


def _is_chosen(model: Model, event: Event) -> bool:
    """Whether an option chooses the law that a call draws the tensor by, and another choice takes vectors."""
    ways = [site.node for site in event.way[:-1]]
    return bool(ways) and any(
        other.of is event.of
        and [site.node for site in other.way[:-1]] == ways
        and other.get("law") not in FAN_INIT | MATRIX_INIT
        and not other.guard.fits(event.guard)
        for other in model.events("written")
    )


@rule.static(nodes.Call)
def check(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    found = init_call(scope, node)
    if found is None or found.function not in FAN_INIT | MATRIX_INIT or _is_tested(found):
        return
    rank = 1 if _is_bias_in_loop(found) else rank_of(scope, found.target)
    if rank in (0, 1):
        text = scope.text(found.target)
        shape = "is a vector" if rank == 1 else "is a single number"
        yield Finding(
            found.target, f"`{text}` {shape}, so `{found.function}`, which needs a matrix, raises a ValueError"
        )


def _is_bias_in_loop(found: InitCall) -> bool:
    """Whether the target is a bias in a loop over the named parameters of a layer, all of whose biases are vectors."""
    scope, target = found.scope, found.target
    if not isinstance(target, nodes.Name):
        return False
    below: nodes.Node = found.node
    is_bias = False
    for ancestor in scope.ancestors(found.node):
        if isinstance(ancestor, nodes.If) and below is ancestor.body:
            test = name_test(ancestor.test)
            is_bias = is_bias or (test is not None and test.texts == ("bias",) and test.how in ("within", "startswith"))
        if isinstance(ancestor, nodes.For):
            source = names_from(scope, name) if is_bias and (name := _first(ancestor)) is not None else None
            known = scope.type(source.value) if source is not None else None
            return known is not None and known.name.rpartition(".")[2] in ("RNN", "LSTM", "GRU", "Linear")
        below = ancestor
    return False


def _first(loop: nodes.For) -> nodes.Name | None:
    """`name` of `for name, p in ...`."""
    if isinstance(loop.target, nodes.Tuple) and isinstance(loop.target.elements[0].value, nodes.Name):
        return loop.target.elements[0].value
    return None


def _is_tested(found: InitCall) -> bool:
    """Whether a condition around the call asks for the number of dimensions."""
    for ancestor in found.scope.ancestors(found.node):
        if isinstance(ancestor, nodes.Try):
            return True
        if isinstance(ancestor, (nodes.If, nodes.IfExp, nodes.CompIf)):
            text = found.scope.text(ancestor.test)
            if any(word in text for word in ("dim", "shape", "size(")):
                return True
    return False
