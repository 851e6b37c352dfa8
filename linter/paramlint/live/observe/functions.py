"""Which of the user's functions ran while a model was built."""

from __future__ import annotations

import sys
from collections.abc import Callable
from cProfile import Profile
from types import CodeType, TracebackType
from typing import Any

from paramlint.live.observe.writes import is_users

#: A name that a tool gives `sys.monitoring`; one that is taken belongs to a debugger or profiler.
_TOOL = 4


class _Entered(Profile):
    """Python's own profiler, which is written in C: a function of ours that is told of each call is half of a build."""


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
            self._profile()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def places(self) -> set[tuple[str, int]]:
        """The files of the user's functions, and the rows on which these begin, decorators included."""
        return {(code.co_filename, code.co_firstlineno) for code in self._codes if is_users(code.co_filename)}

    @staticmethod
    def pause() -> Any:
        """Stop noting what is entered, so that paramlint's own work is not slowed down; gives what `go_on` takes."""
        profile = sys.getprofile()
        if not isinstance(profile, _Entered):
            return None  # nothing is noted this way, or by somebody else
        profile.disable()
        return profile

    @staticmethod
    def go_on(paused: Any) -> None:
        """Note again what is entered."""
        if paused is not None:
            paused.enable()

    def _profile(self) -> None:
        profile = _Entered(subcalls=False, builtins=False)

        def leave() -> None:
            profile.disable()
            self._codes |= {entry.code for entry in profile.getstats() if isinstance(entry.code, CodeType)}

        profile.enable()
        self._leave = leave

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
