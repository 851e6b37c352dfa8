"""Kernels that began as copies of an embedding: two variables that look tied and drift apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from paramlint.live.tensor import LiveTensor


def copied_ties(parameters: Sequence[LiveTensor]) -> Iterator[tuple[LiveTensor, LiveTensor]]:
    """Embeddings and the trainable matrices that hold the same random numbers, transposed or not."""
    tables = [t for t in parameters if t.attribute.strip("_") == "embeddings" and len(t.shape) == 2 and t.requires_grad]
    for table in tables:
        for other in parameters:
            if other is table or other in tables or len(other.shape) != 2 or not other.requires_grad:
                continue
            if table.array is None or other.array is None or _is_meant_as_start(other) or np.ptp(table.array) == 0:
                continue
            for values in (table.array, table.array.T):
                if values.shape == other.array.shape and np.array_equal(values, other.array):
                    yield table, other
                    break


def _is_meant_as_start(tensor: LiveTensor) -> bool:
    """Whether a function that says so gave the values: a start, not a tie."""
    lines = tensor.init.lines if tensor.init is not None else ()
    return any("init" in line.function and line.function != "__init__" for line in lines[:1])
