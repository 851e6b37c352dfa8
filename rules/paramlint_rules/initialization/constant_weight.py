"""All elements of a weight start equal, so that its units stay copies of each other, or never learn.

Units with the same weights get the same gradient: a layer of a hundred is as good as one. Two factors of a product that
are both zero are worse: the gradient of each is the other, zero. A single zero weight is common and right (the last
layer of a residual branch, one factor of an adapter) and is not reported.

Bad:
    self.down = nn.Parameter(torch.zeros(4, 64))
    self.up = nn.Parameter(torch.zeros(64, 4))

Good:
    self.down = nn.Parameter(torch.randn(4, 64) * 0.02)
    self.up = nn.Parameter(torch.zeros(64, 4))

Leave it: the values come from a checkpoint, or the layer has one unit only.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.model import Claim, Event, Model, Tensor, said
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel
    from paramlint.live.tensor import LiveTensor


rule = Rule(
    "PRM212",
    "constant-weight",
    group="pedantic",
    doc=__doc__,
    triggers=(Asks("ones_", "constant_", "zeros", "new_zeros"),),
)

#: Layers whose first dimension of `weight` counts units that have to differ.
UNITS = frozenset(
    ("Linear", "Bilinear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """A layer's weight filled with one number that is not zero."""
    for event in model.events("written"):
        tensor = event.of
        if event.author != "user" or not isinstance(tensor, Tensor) or not _is_one_number(event):
            continue
        owner = tensor.owner
        kinds = [owner.cls] if owner is not None else list(tensor.of_classes)
        if not kinds or any(kind.rpartition(".")[2] not in UNITS for kind in kinds):
            continue
        if owner is not None and not any(p.key == "weight" for p in tensor.places):
            continue
        target = _first_argument(event.site.node)
        if not event.site.text(target).endswith("weight"):  # a loop over parameters
            continue
        later = any(w is not event and model.follows(event, w).yes for w in tensor.writes)
        name = tensor if owner is not None else event.site.text(target)
        yield Claim(
            said(True),
            event.site,
            f"`{name}` starts as one number everywhere, so its units stay equal",
            node=target,
            is_right=later or 1 in (tensor.shape or ()),
        )


def _is_one_number(event: Event) -> bool:
    given = event.get("arguments")
    value = getattr(given.get(0, "val"), "value", None) if given is not None else None
    return event.get("law") == "ones_" or (event.get("law") == "constant_" and value not in (None, 0))


def _first_argument(call: nodes.Node) -> nodes.Node:
    return call.args[0].value if isinstance(call, nodes.Call) and call.args else call


@rule.question
def ask_factors(model: Model) -> Iterator[Claim]:
    """Two zero matrices of which one can be multiplied with the other."""
    if not any(root.known.yes and not root.escaped for root in model.roots):
        return
    zeros = [t for t in model.parameters if _is_made_of_zeros(t)]
    for one, other in permutations(zeros, 2):
        if one.shape is None or other.shape is None or len(one.shape) != 2 or len(other.shape) != 2:
            continue
        (rows, columns), (rows2, columns2) = one.shape, other.shape
        if rows == columns or rows2 == columns2 or not (rows == columns2 or columns == rows2) or one.made is None:
            continue
        message = f"`{one}` and `{other}` are both zero, so neither gets a gradient"
        site = one.made.way[0]
        yield Claim(
            one.trains & other.trains, site, message, about=one, is_right=_is_written(one) or _is_written(other)
        )


def _is_made_of_zeros(tensor: Tensor) -> bool:
    """Whether a matrix is allocated as zeros by the class itself."""
    data = tensor.made.get("data_of") if tensor.made is not None else None
    is_own = tensor.made is not None and tensor.made.author == "user" and tensor.known and not tensor.escaped
    return (
        is_own
        and tensor.owner is not None
        and isinstance(data, Tensor)
        and data.factory == "torch.zeros"
        and len(tensor.shape or ()) == 2
    )


def _is_written(tensor: Tensor) -> bool:
    """Whether it surely gets other values where it is made."""
    made = tensor.made
    writes = [w for w in tensor.writes if made is not None and w.get("inside") == made.get("inside")]
    return any(made.guard.implies(w.guard) and w.get("law") != "zeros_" for w in writes if made is not None)


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for parameter in model.parameters:
        if not parameter.requires_grad or len(parameter.shape) < 2 or parameter.shape[0] < 2:
            continue
        if not (parameter.is_constant or parameter.rows_are_equal) or not _mixes_inputs(parameter):
            continue
        if model.forward is not None and not model.forward.error:
            is_stuck = parameter.name in model.forward.symmetric
            what = "and so does their gradient"
        else:
            is_stuck = not (parameter.numbers is None or parameter.numbers.maximum == parameter.numbers.minimum == 0)
            what = "so its units stay copies of each other"
        if is_stuck:
            yield parameter.proof(f"all rows of `{parameter.name}` hold the same values, {what}", parameter.init)


@rule.runtime
def verify_factors(model: LiveModel) -> Iterator[Proof]:
    zeros = [parameter for parameter in model.parameters if _is_zero_matrix(parameter)]
    for down in zeros:
        rank, inputs = down.shape
        for up in zeros:
            # what it adds has `inputs` columns and `up.shape[0]` rows, both more than its rank
            if up.shape[1] == rank < min(inputs, up.shape[0]) and model.holder_of(up) == model.holder_of(down):
                message = f"`{down.name}` and `{up.name}` are both zero, so neither gets a gradient"
                yield down.proof(message, down.init, factors=[down.name, up.name])
                break


def _is_zero_matrix(parameter: LiveTensor) -> bool:
    """Whether a trained matrix of several rows and columns holds zeros only; a row or column may be a mere offset."""
    if not parameter.requires_grad or len(parameter.shape) != 2 or min(parameter.shape) < 2:
        return False
    return parameter.is_constant and parameter.numbers is not None and parameter.numbers.maximum == 0


def _mixes_inputs(parameter: LiveTensor) -> bool:
    """Whether each row makes one unit from several inputs, the same for all rows."""
    kind = type(parameter.module).__name__.removeprefix("Lazy")
    is_grouped = getattr(parameter.module, "groups", 1) != 1
    return kind in UNITS and not is_grouped and parameter.shape[1] > 1
