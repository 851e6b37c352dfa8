"""From what was noted of a tensor's memory to a `LiveTensor`, also where it is made of other tensors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from paramlint.live.build.poison import settle, unsettled
from paramlint.live.observe.memory import Account, ShadowMode, Status
from paramlint.live.observe.named_tensors import Named
from paramlint.live.observe.wrappers import named_parts
from paramlint.live.tensor import LiveTensor

#: Of a tensor that is made of others, the first of these that one of them is.
WORST: tuple[Status, ...] = ("unwritten", "tainted", "partly written", "maybe", "lazy", "unseen", "written")

Part = tuple[Status, float, bool, Account]


def made(names: list[Named], shadow: ShadowMode, is_real: bool, most_elements: int) -> LiveTensor:
    """What is known of a tensor under these names; of one that is made of others, what is known of the worst of them.

    Args:
        is_real: whether the build was, so that memory that was never written can be told by what is in it.
    """
    tensor = names[0].tensor
    parts: list[Part] = []
    for _, part in named_parts(tensor):
        account = shadow.account(part)
        parts.append((*(settle(account, part) if is_real else unsettled(account)), account))
    if not parts:
        parts = [("unseen", 1.0, True, Account("unseen", 1.0, None, ()))]
    status, _, confirmed, worst = min(parts, key=lambda part: WORST.index(part[0]))
    fraction = sum(part[1] for part in parts) / len(parts)
    has_values = is_real and tensor.device.type == "cpu"
    return LiveTensor(
        tuple(names), status, fraction, confirmed, worst.marks, worst.allocation, has_values, most_elements
    )


def looked_inside(tensors: Iterable[LiveTensor]) -> Iterator[str]:
    """Of which tensors inside of others what is said, a sentence for each class of these."""
    classes: dict[tuple[type, str], list[str]] = {}
    for tensor in tensors:
        if inside := " and ".join(f"`{attribute}`" for attribute, _ in named_parts(tensor.tensor) if attribute):
            classes.setdefault((type(tensor.tensor), inside), []).append(tensor.name)
    for (cls, inside), (first, *others) in classes.items():
        more = f" and {len(others)} more are" if others else " is a"
        yield f"`{first}`{more} {cls.__name__}: what is said is about {inside} inside, as far as it lies here"
