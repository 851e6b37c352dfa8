"""The base of the modes that watch operations: torch's own, without the load of its compiler.

Torch wraps every `__torch_dispatch__` so that its compiler does not look inside, and loads the compiler for that on
the first operation: 0.7 s of CPU, more than most models take to build. Where nothing is compiled there is nothing to
keep out, so here the wrapping waits until somebody else has loaded the compiler.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

from paramlint.live.observe.wrappers import is_wrapper

Dispatch = Callable[..., Any]
DISPATCH = "__torch_dispatch__"


class Mode(TorchDispatchMode):
    """A dispatch mode; subclasses define `__torch_dispatch__` as ever."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)  # type: ignore[no-untyped-call]
        setattr(cls, DISPATCH, _uncompiled(getattr(cls, DISPATCH)))

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Asked by torch when the class is made: no wrapping."""
        return False


def _uncompiled(dispatch: Dispatch) -> Dispatch:
    disabled: list[Dispatch] = []

    @functools.wraps(dispatch)
    def call(*args: Any, **kwargs: Any) -> Any:
        if any(map(is_wrapper, args[2])):
            return NotImplemented  # its class says what is done to the tensors that it is made of: these come here then
        # None too while the compiler is being loaded.
        disable = getattr(sys.modules.get("torch._dynamo"), "disable", None)
        if disable is None:
            return dispatch(*args, **kwargs)
        if not disabled:
            disabled.append(disable(dispatch, recursive=True))
        return disabled[0](*args, **kwargs)

    return call
