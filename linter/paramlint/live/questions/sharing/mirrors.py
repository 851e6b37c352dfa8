"""Parts of a model that follow another part and are never trained: targets, averages, teachers, references."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from paramlint.live.tensor import LiveTensor

#: Words in the names of such parts.
_WORD = re.compile(
    r"(?:^|[._])(?:target|teacher|ema|momentum|mean_net|average|averaged|avg|swa|ref|reference|old|frozen|key_encoder"
    r"|encoder_k)(?:$|[._\d])"
)


def mirrors(parameters: Iterable[LiveTensor], without_gradient: Collection[str]) -> frozenset[str]:
    """The names of parameters that began as copies of others of the model and that no loss trains.

    Args:
        parameters: all of the model.
        without_gradient: what a pass on the example showed to get none.
    """
    by_origin: dict[object, list[LiveTensor]] = {}
    for parameter in parameters:
        if parameter.init is not None:
            by_origin.setdefault(parameter.init.origin, []).append(parameter)
    found: set[str] = set()
    for copies in by_origin.values():
        idle = [p for p in copies if not p.requires_grad or p.name in without_gradient or _WORD.search(p.name)]
        named = [p for p in copies if _WORD.search(p.name)]
        for mirroring in (idle, named):  # nothing may train the original either, in this pass
            if len(mirroring) < len(copies):
                found.update(name for parameter in mirroring for name in parameter.names)
    return frozenset(found)
