"""How much work something is, in steps: the lines of Python that run. They are the same on every machine."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any


def steps(function: Callable[[], object], *, at_most: int = sys.maxsize) -> int:
    """How many lines of Python run in a function, and in the threads that it starts.

    Raises:
        AssertionError: they are more than so many; it ends there.
    """
    count = 0

    def trace(_: FrameType, event: str, __: Any) -> Any:
        nonlocal count
        if event == "line":
            count += 1
            if count > at_most:
                raise AssertionError(f"more than {at_most:,} steps")
        return trace

    before = sys.gettrace()
    threading.settrace(trace)
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
        threading.settrace(before)  # type: ignore[arg-type]
    return count


def exponent(work: Callable[[int], Callable[[], object]], size: int, *, times: int = 4) -> float:
    """By which power of the size the steps of some work grow, from a size to so many times that."""
    work(size)()  # what is loaded and computed once
    few, many = steps(work(size)), steps(work(size * times))
    return math.log(many / few, times)
