"""Guards that are too large to be kept stand for less than they say."""

from paramlint.model.guard import Guard
from paramlint.model.guard_table import Conditions


def _large(conditions: Conditions, last: Guard) -> Guard:
    """A guard with too many nodes, and one more condition."""
    guard: Guard = last
    for i in range(20):
        either = conditions.true(f"a{i}") | conditions.true(f"b{i}")
        both = guard & either
        assert both is not None
        guard = both
    return guard


def test_summaries_are_not_known_to_fit() -> None:
    conditions = Conditions()
    first = conditions.true("first")
    second = first.negated()
    assert second is not None
    one, other = _large(conditions, first), _large(conditions, second)
    assert one.is_vague
    assert one.fits(other)  # for all that is kept of them
    assert not one.is_known_to_fit(other)
    assert not one.is_known_to_fit(first)
    assert one.is_known_to_fit(one)


def test_a_summary_is_known_to_fit_what_it_has_never_asked() -> None:
    conditions = Conditions()
    one, other = _large(conditions, conditions.true("first")), conditions.true("other")
    assert one.is_vague
    assert not other.is_vague
    assert one.is_known_to_fit(other)
    assert other.is_known_to_fit(one)


def test_plain_guards_are_known_to_fit_where_they_fit() -> None:
    conditions = Conditions()
    first, second = conditions.true("first"), conditions.true("second")
    negated = first.negated()
    assert negated is not None
    assert first.is_known_to_fit(second)
    assert not first.is_known_to_fit(negated)


def test_small_combinations_are_paid_for_together() -> None:
    paid: list[int] = []
    conditions = Conditions(paid.append)
    for i in range(200):
        assert conditions.true(f"a{i}") & conditions.true(f"b{i}") is not None
    assert sum(paid) > 0
