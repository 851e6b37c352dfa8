"""When the garbage collector runs: after so much code, instead of looking at every young tree again and again.

Trees, scopes and classes are many, and few point in circles once a file is let go of. Left to itself the collector
costs a third of a run; what is alive costs it far more than what is not. A model, which leaves much in circles, is
collected alone: what was alive before it is set aside.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: Bytes of code. What is in circles afterwards takes about as many; a look at what is alive takes half a second.
_COLLECTED_AFTER = 16_000_000
#: Bytes that models have left, after which only what is younger than the last look is looked at, and after how many
#: such looks at all.
_YOUNG_COLLECTED_AFTER = 1_000_000
_YOUNG_LOOKS = 400
#: A step of the symbolic build leaves about as much behind as so many bytes of code that are read.
_BYTES_A_STEP = 100
_read = 0
_left = 0
_looks = 0


@contextmanager
def without_collector() -> Iterator[None]:
    """Keep the garbage collector from running by itself; what is there already is not looked at for what comes."""
    was_on = gc.isenabled()
    gc.disable()
    if was_on:
        gc.freeze()  # the code of all that is imported, and what an editor's server or flake8 holds
    try:
        yield
    finally:
        if was_on:
            gc.unfreeze()
            gc.enable()


def collect_after(size: int) -> None:
    """Note that so many bytes of code were worked on, and collect when they are enough."""
    global _read
    _read += size
    if _read > _COLLECTED_AFTER:
        _collect_all()


def collect_after_steps(steps: int) -> None:
    """The same for so many steps of a symbolic build, whose model is let go of."""
    collect_after(_BYTES_A_STEP * steps)


def collect_young_after(size: int) -> None:
    """Note that so many bytes were let go of that are younger than the last look, and collect when they are enough."""
    global _left, _looks
    _left += size
    if _left > _YOUNG_COLLECTED_AFTER and not gc.isenabled():
        _left = 0
        _looks += 1
        if _looks >= _YOUNG_LOOKS:
            _collect_all()
        else:
            gc.collect()
        gc.freeze()


def _collect_all() -> None:
    global _read, _looks
    gc.unfreeze()
    gc.collect()
    _read = _looks = 0
