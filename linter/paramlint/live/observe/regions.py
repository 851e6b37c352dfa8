"""Strided regions of a storage, and how much of one others cover. No torch here: integers only.

A region is what `Tensor.storage_offset()`, `shape` and `stride()` say, but counted in bytes, with the bytes of one
element as the last dimension: so a complex tensor and its view as real numbers agree on what they cover.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

#: The largest span in bytes for which every byte is marked in a bitmap of that size; above it, samples decide.
EXACT_SPAN = 1 << 25
SAMPLES = 4096


class Region(NamedTuple):
    """Part of a storage: the bytes at `offset + sum(i[k] * stride[k])`, where `0 <= i[k] < size[k]`."""

    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the tensor: its size without the bytes of an element."""
        return self.size[:-1]

    @property
    def numel(self) -> int:
        """The number of bytes."""
        return math.prod(self.size)

    @property
    def end(self) -> int:
        """One past the last byte."""
        return self.offset + sum((n - 1) * step for n, step in zip(self.size, self.stride, strict=True)) + 1

    @property
    def is_dense(self) -> bool:
        """Whether the bytes fill `offset` to `end` without a gap, in any order of dimensions."""
        expected = 1
        for step, n in sorted(zip(self.stride, self.size, strict=True)):
            if n == 1:
                continue
            if step != expected:
                return False
            expected *= n
        return True

    def overlaps(self, other: Region) -> bool:
        """Whether the two have a byte in common (exactly, unless both are larger than `EXACT_SPAN`)."""
        if self == other:
            return self.numel > 0
        if not self.numel or not other.numel or self.offset >= other.end or other.offset >= self.end:
            return False
        return covered(self, [other]) > 0

    def contains(self, position: int) -> bool:
        """Whether the storage's byte at `position` belongs to the region, whose strides do not overlap."""
        rest = position - self.offset
        if rest < 0:
            return False
        for step, n in sorted(zip(self.stride, self.size, strict=True), reverse=True):
            if n > 1 and step:
                rest -= min(rest // step, n - 1) * step
        return rest == 0


def covered(region: Region, written: Sequence[Region]) -> float:
    """The fraction of `region` that lies in at least one of `written`: 1.0 only if all of it does.

    Exact up to a span of `EXACT_SPAN` bytes and wherever all regions are dense; else estimated from
    `SAMPLES` bytes, with the first and the last among them.
    """
    if not region.numel:
        return 1.0
    if any(other == region or _encloses(other, region) for other in written):
        return 1.0
    near = [other for other in written if other.numel and other.offset < region.end and other.end > region.offset]
    if not near:
        return 0.0
    if region.is_dense and all(other.is_dense for other in near):
        return _union(region, near) / region.numel
    if region.end - region.offset <= EXACT_SPAN:
        return _marked(region, near)
    return _sampled(region, near)


def _encloses(outer: Region, inner: Region) -> bool:
    return outer.offset <= inner.offset and outer.end >= inner.end and outer.numel > 0 and outer.is_dense


def _union(region: Region, intervals: list[Region]) -> int:
    total, position = 0, region.offset
    for other in sorted(intervals):
        end = min(other.end, region.end)
        if end > position:
            total += end - max(other.offset, position)
            position = end
    return total


def _marked(region: Region, written: list[Region]) -> float:
    low = min(region.offset, *(other.offset for other in written))
    high = max(region.end, *(other.end for other in written))
    if high - low > 4 * EXACT_SPAN:
        return _sampled(region, written)
    bitmap = np.zeros(high - low, dtype=bool)
    for other in written:
        _view(bitmap, other, low)[...] = True
    return float(_view(bitmap, region, low).mean())


def _view(bitmap: np.ndarray[Any, np.dtype[np.bool_]], region: Region, low: int) -> Any:
    return np.lib.stride_tricks.as_strided(bitmap[region.offset - low :], region.size, region.stride)


def _sampled(region: Region, written: list[Region]) -> float:
    generator = random.Random(0)
    shape = list(zip(region.size, region.stride, strict=True))
    positions = [region.offset + sum(generator.randrange(n) * step for n, step in shape) for _ in range(SAMPLES)]
    positions += [region.offset, region.end - 1]
    hits = sum(any(other.contains(position) for other in written) for position in positions)
    return hits / len(positions)
