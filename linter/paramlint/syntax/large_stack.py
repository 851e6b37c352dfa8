"""A large stack for what recurses in C."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from paramlint.syntax.garbage_collection import without_collector

ResultT = TypeVar("ResultT")
#: LibCST recurses in C; a thread may have a larger stack than the process.
STACK_BYTES = 512 * 1024 * 1024
_HERE = threading.local()


def with_large_stack(function: Callable[[], ResultT]) -> ResultT:
    """Run a function in a thread whose stack is large enough for LibCST; in this one if that is it."""
    if getattr(_HERE, "is_large", False):
        return function()
    results: list[ResultT] = []
    errors: list[BaseException] = []

    def run() -> None:
        _HERE.is_large = True
        try:
            with without_collector():
                results.append(function())
        except BaseException as error:
            errors.append(error)

    before = threading.stack_size(STACK_BYTES)
    try:
        thread = threading.Thread(target=run, name="paramlint", daemon=True)
        thread.start()
    finally:
        threading.stack_size(before)
    try:
        while thread.is_alive():
            thread.join(0.1)  # so that an interrupt reaches the main thread
    except BaseException:
        _end(thread)  # where the process goes on, as a notebook does, nobody waits for the answer any more
        raise
    if errors:
        raise errors[0]
    return results[0]


def _end(thread: threading.Thread) -> None:
    """Have a thread end before its next step of Python, whatever loop it is in."""
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(KeyboardInterrupt))
