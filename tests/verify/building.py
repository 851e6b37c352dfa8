"""Work for a child process that only imports and calls: what `paramlint verify` does first, without torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from paramlint.verify.process.child import bind
from paramlint.verify.process.outcome import Stage
from paramlint.verify.process.targets import load, parse_target


def nothing(_: bytes, __: Callable[[Stage], None]) -> None:
    """What a server does first, where there is nothing to import."""


def load_only(payload: bytes, enter: Callable[[Stage], None]) -> None:
    """Import the target: the first work of a server."""
    enter("import")
    load(parse_target(msgspec.json.decode(payload, type=str)))


def call(payload: bytes, enter: Callable[[Stage], None]) -> Any:
    """Import the target, call it and return what it returns."""
    text, arguments = msgspec.json.decode(payload, type=tuple[str, dict[str, Any]])
    enter("import")
    factory: Any = load(parse_target(text))
    bind(factory, arguments)
    enter("construct")
    return factory(**arguments)
