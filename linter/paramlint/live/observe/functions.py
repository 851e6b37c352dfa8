"""Which of the user's functions ran while a model was built."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType, FrameType, TracebackType
from typing import Any

from paramlint.live.observe.writes import is_users

#: A name that a tool gives `sys.monitoring`; one that is taken belongs to a debugger or profiler.
_TOOL = 4


class Functions:
    """The code that is entered, kept while it is entered itself; nothing where a debugger or profiler is at work."""

    def __init__(self) -> None:
        self._codes: set[CodeType] = set()
        self._leave: Callable[[], None] = lambda: None

    def __enter__(self) -> Functions:
        monitoring: Any = getattr(sys, "monitoring", None)
        if monitoring is not None:
            if monitoring.get_tool(_TOOL) is None:
                self._monitor(monitoring)
        elif sys.getprofile() is None:
            sys.setprofile(self._profile)
            self._leave = lambda: sys.setprofile(None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    @staticmethod
    def pause() -> Any:
        """Stop noting what is entered, so that paramlint's own work is not slowed down; gives what `go_on` takes."""
        profile = sys.getprofile()
        if not isinstance(getattr(profile, "__self__", None), Functions):
            return None  # nothing is noted this way, or by somebody else
        sys.setprofile(None)
        return profile

    @staticmethod
    def go_on(paused: Any) -> None:
        """Note again what is entered."""
        if paused is not None:
            sys.setprofile(paused)

    def places(self) -> set[tuple[str, int]]:
        """The files of the user's functions, and the rows on which these begin, decorators included."""
        return {(code.co_filename, code.co_firstlineno) for code in self._codes if is_users(code.co_filename)}

    def _profile(self, frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            self._codes.add(frame.f_code)

    def _monitor(self, monitoring: Any) -> None:
        def started(code: CodeType, _: int) -> Any:
            self._codes.add(code)
            return monitoring.DISABLE

        def leave() -> None:
            monitoring.set_events(_TOOL, 0)
            monitoring.register_callback(_TOOL, monitoring.events.PY_START, None)
            monitoring.free_tool_id(_TOOL)

        monitoring.use_tool_id(_TOOL, "paramlint")
        monitoring.register_callback(_TOOL, monitoring.events.PY_START, started)
        monitoring.set_events(_TOOL, monitoring.events.PY_START)
        self._leave = leave
