"""Do parameters follow the laws that were declared for them?

Two witnesses are asked. The values of a real build are tested against the law. And the call that wrote them names a law
itself, exactly and at any size, also where there are no values; unless the values speak against it, because they were
written behind torch's back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from paramlint.config.name_patterns import matches
from paramlint.live.laws.distribution import Array, Distribution, shown
from paramlint.live.laws.equality import are_same
from paramlint.live.laws.fit import Fit, KeyT, fit, fit_all
from paramlint.live.laws.laws import Law

if TYPE_CHECKING:
    from paramlint.live.tensor import LiveTensor

#: Half precision is not tested: its grain alone would be found.
TESTABLE = ("float32", "float64")
#: Where the call names the very law, values odder than 1 % are chance in one model of a hundred; these are not.
ODD = 1e-6


def compare(declared: Mapping[KeyT, tuple[LiveTensor, Law]]) -> dict[KeyT, Fit]:
    """How each tensor compares with its law.

    Returns:
        `rejected` where the law is wrong, `not testable` or `too small to test` where no witness can tell. Over all
        values tested, the probability of any false rejection is 1 %.
    """
    bound = {key: _bound(tensor, law) for key, (tensor, law) in declared.items()}
    samples = {
        key: (values, law)
        for key, law in bound.items()
        if isinstance(law, Distribution) and (values := _testable(declared[key][0])) is not None
    }
    by_values = fit_all(samples)
    return {
        key: law if isinstance(law, Fit) else _together(declared[key][0], law, by_values.get(key))
        for key, law in bound.items()
    }


def declared_fits(laws: Mapping[str, Law], parameters: Iterable[LiveTensor]) -> dict[str, tuple[Law, Fit]]:
    """How parameters compare with the laws declared for their names, the last one each, together at level 0.01."""
    declared: dict[str, tuple[LiveTensor, Law]] = {}
    for tensor in parameters:
        covered = [(name, law) for pattern, law in laws.items() for name in tensor.names if matches(pattern, name)]
        if covered:
            name, law = covered[-1]
            declared[name] = tensor, law
    return {name: (declared[name][1], fit) for name, fit in compare(declared).items()}


def _bound(tensor: LiveTensor, law: Law) -> Distribution | Fit:
    """The law at the tensor's shape, or why it cannot be followed at all."""
    if tensor.is_left_unwritten:
        return Fit("rejected", reason=f"it is {tensor.status}")
    try:
        return law.at(tensor.shape)
    except (ValueError, TypeError, ArithmeticError) as error:
        return Fit("rejected", reason=str(error))


def _testable(tensor: LiveTensor) -> Array | None:
    return tensor.array if tensor.dtype in TESTABLE else None


def _together(tensor: LiveTensor, law: Distribution, values: Fit | None) -> Fit:
    """What values and provenance say together."""
    written = tensor.expected
    same = are_same(written, law) if written is not None else None
    if values is not None and values.verdict == "rejected" and not (same and _is_chance(values)):
        # A law that was written down with six digits has bounds that are a little narrower than its values.
        if not same or written is None or not _is_credible(tensor, written):
            return values
        values = None
    if written is not None and same is False and _is_credible(tensor, written):
        return Fit("rejected", reason=_written_as(written, law))
    if same:
        return Fit("follows", values.p_value if values is not None else None)
    return values or Fit("not testable", reason=f"there are no values of dtype {' or '.join(TESTABLE)}")


def _is_chance(values: Fit) -> bool:
    return values.p_value is not None and values.p_value > ODD


def _written_as(written: Distribution, law: Distribution) -> str:
    """The law of the call, and its std if that tells the two apart."""
    if written.std is None or law.std is None or f"{written.std:.4g}" == f"{law.std:.4g}":
        return f"it was written as `{shown(written.law)}`"
    return f"it was written as `{shown(written.law)}`, with std {written.std:.4g} where {law.std:.4g} is expected"


def _is_credible(tensor: LiveTensor, written: Distribution) -> bool:
    """Whether the values, where there are any to test, can come from the call that was seen last."""
    values = _testable(tensor)
    return values is None or fit(values, written).verdict != "rejected"
