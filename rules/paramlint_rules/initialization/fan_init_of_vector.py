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

from paramlint.knowledge import DEPRECATED_INIT, FAN_INIT, MATRIX_INIT
from paramlint.model import Claim, Event, Model, Tensor, said
from paramlint.model.questions.written_code import target_of
from paramlint.rule import Asks, Rule

_LAWS = FAN_INIT | MATRIX_INIT

rule = Rule(
    "PRM210",
    "fan-init-of-vector",
    group="bug",
    doc=__doc__,
    triggers=(Asks(*_LAWS, *(old for old, new in DEPRECATED_INIT.items() if new in _LAWS)),),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for event in model.events("written"):
        law, tensor = event.get("law"), event.get("tensor")
        if event.author != "user" or not event.get("initializer") or law not in _LAWS:
            continue
        if not isinstance(tensor, Tensor) or event.site.is_tried:
            continue
        if not _is_bias_of_layer(model, event, tensor):
            if tensor.shape is None or len(tensor.shape) > 1 or not (tensor.known or tensor.of_classes):
                continue
        if event.guard.is_vague:
            continue  # a test of the type may be among what is lost there
        if not _asks_of_it(str(event.guard), tensor) and not _is_chosen(model, event):
            kind = "is a single number" if tensor.shape == () else "is a vector"
            target = target_of(event) or event.site.node
            text = event.site.text(target)
            message = f"`{text}` {kind}, so `{law}`, which needs a matrix, raises a ValueError"
            yield Claim(said(True), event.site, message, node=target)


#: Layers whose biases are vectors, all of them.
_WITH_VECTORS = frozenset({"RNN", "LSTM", "GRU", "Linear"})
#: How the result of a call reads that is not followed, and may ask for anything of a parameter that it is given.
_NOT_FOLLOWED = re.compile(r"\w\((?:[^()]*<parameter \d+>[^()]*)?\)#\d|<plain \d+>")
_ASKS_FOR_BIAS = re.compile(r"(?<!not \()(?:\"bias\"|'bias') in |\.startswith\((?:\"bias\"|'bias')\)")


def _is_bias_of_layer(model: Model, event: Event, tensor: Tensor) -> bool:
    """Whether it is one of the biases that a loop over the named parameters of an argument finds by their name."""
    if tensor.known or not _ASKS_FOR_BIAS.search(str(event.guard)):
        return False
    holders = [module for module in model.modules if any(tensor is one for one in module.parameters)]
    return bool(holders) and all(m.annotation.rpartition(".")[2] in _WITH_VECTORS for m in holders)


def _asks_of_it(guard: str, tensor: Tensor) -> bool:
    """Whether a condition asks for its dimensions or type, or for its name where only some of that is known."""
    if any(word in guard for word in ("dim", "shape", "size")) or _NOT_FOLLOWED.search(guard):
        return True
    if "isinstance(" in guard and not tensor.of_classes:
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
        and other.get("law") not in _LAWS
        and not other.guard.fits(event.guard)
        for other in model.events("written")
    )
