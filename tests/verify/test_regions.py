"""Regions against a bitmap written out by hand."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from paramlint.live.observe import regions
from paramlint.live.observe.regions import Region, covered

dims = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 9)), min_size=0, max_size=3)
any_region = st.builds(
    lambda offset, shape: Region(offset, tuple(n for n, _ in shape), tuple(step for _, step in shape)),
    st.integers(0, 12),
    dims,
)


def positions(region: Region) -> set[int]:
    return {
        region.offset + sum(i * step for i, step in zip(index, region.stride, strict=True))
        for index in product(*map(range, region.size))
    }


@given(any_region, st.lists(any_region, max_size=4))
def test_the_covered_fraction_is_exact(region, written):
    marked = set().union(*map(positions, written)) if written else set()
    places = [
        region.offset + sum(i * step for i, step in zip(index, region.stride, strict=True))
        for index in product(*map(range, region.size))
    ]
    assert covered(region, written) == sum(place in marked for place in places) / len(places)


@given(any_region, any_region)
def test_two_regions_overlap_if_they_have_a_byte_in_common(one, other):
    assert one.overlaps(other) == bool(positions(one) & positions(other))


@given(any_region)
def test_a_dense_region_has_no_gap(region):
    if region.is_dense:
        assert positions(region) == set(range(region.offset, region.end))


def test_a_large_region_is_estimated(monkeypatch):
    monkeypatch.setattr(regions, "EXACT_SPAN", 16)
    columns = Region(0, (1000, 4), (8, 1))
    assert (
        covered(columns, [Region(0, (1000, 2), (8, 1))]) == 1 / 2
        or abs(covered(columns, [Region(0, (1000, 2), (8, 1))]) - 1 / 2) < 0.05
    )
    assert covered(columns, [Region(0, (1000, 4), (8, 1)), Region(4, (1000, 4), (8, 1))]) == 1
    assert covered(columns, [Region(4, (1000, 4), (8, 1))]) == 0


def test_nothing_is_covered_by_nothing():
    assert covered(Region(0, (3,), (1,)), []) == 0
    assert covered(Region(0, (0,), (1,)), []) == 1
