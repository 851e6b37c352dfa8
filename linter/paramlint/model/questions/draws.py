"""Random values in a parameter."""

from __future__ import annotations

from paramlint.model.event import Event
from paramlint.model.objects import Tensor

#: Initialisers that fill a tensor with random numbers.
DRAWING = frozenset(
    {"kaiming_normal_", "kaiming_uniform_", "normal_", "orthogonal_", "sparse_", "trunc_normal_", "uniform_",
     "xavier_normal_", "xavier_uniform_"}
)  # fmt: skip
#: Functions that make a tensor of them.
_MAKING = frozenset({"rand", "randn", "rand_like", "randn_like", "normal"})
#: Operations with a number that leave random values random.
_SCALING = frozenset({"+", "-", "*", "/"})


def drawn_before(parameter: Tensor) -> Event | None:
    """What drew the values that a parameter was made with in the user's code, where nothing has written it since."""
    made = parameter.made
    data = made.get("data_of") if made is not None and made.author == "user" else None
    if made is None or not isinstance(data, Tensor) or parameter.escaped or data.escaped:
        return None
    scaled = data
    while data.made is None and data.factory in _SCALING and not data.view:
        sources = [one for one in data.made_from if isinstance(one, Tensor)]
        if len(sources) != 1 or data.writes.seen or sources[0].escaped:
            return None
        data = sources[0]
    if data.made is None or (data is not scaled and data.made.get("law") not in _MAKING):
        return None
    if not parameter.guard.implies(made.guard) or parameter.writes.seen:
        return None
    if data.made_from and data.made.get("law") not in _MAKING:
        return None
    if any(write.get("part") is not None for write in data.writes):
        return None
    last = [data.made, *data.writes][-1]
    return last if last.get("law") in DRAWING | _MAKING and last.author == "user" else None
