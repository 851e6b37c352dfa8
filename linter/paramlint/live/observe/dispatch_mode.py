"""The base of the modes that watch operations: torch's own, without the load of its compiler.

Torch wraps every `__torch_dispatch__` so that its compiler does not look inside, and loads the compiler for that on
the first operation: 0.7 s of CPU, more than most models take to build. Where nothing is compiled there is nothing to
keep out, so here the wrapping waits until somebody else has loaded the compiler.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import CodeType
from typing import Any

from torch._C._dynamo import eval_frame
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
        for kind in args[2]:
            if is_wrapper(kind):
                return NotImplemented  # its class says what is done to the tensors it is made of: these come here then
        if at_work() is None:
            return dispatch(*args, **kwargs)
        # None too while the compiler is being loaded.
        disable = getattr(sys.modules.get("torch._dynamo"), "disable", None)
        if disable is None:
            return dispatch(*args, **kwargs)
        if not disabled:
            disabled.append(disable(dispatch, recursive=True))
        return disabled[0](*args, **kwargs)

    asking: Any = call
    at_work = _compiler_at_work(asking.__code__)
    return call


def _compiler_at_work(asking: CodeType) -> Callable[[], object]:
    """What gives the compiler of the functions that run now, None where none is at work; `asking` is not compiled.

    Somebody having loaded the compiler is no reason to wrap every operation. Where torch cannot be asked, it is one.
    """
    action: Any = getattr(eval_frame, "_FrameAction", None)
    strategy: Any = getattr(eval_frame, "_FrameExecStrategy", None)
    current: Callable[[], object] | None = getattr(eval_frame, "get_eval_frame_callback", None)
    if action is None or strategy is None or current is None:
        return lambda: asking
    eval_frame.set_code_exec_strategy(asking, strategy(action.SKIP, action.DEFAULT))
    return current
