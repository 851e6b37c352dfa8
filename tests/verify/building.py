"""Work for a child process that only imports and calls: what `paramlint verify` does first, without torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from paramlint.verify.process.child import bind
from paramlint.verify.process.outcome import Stage
from paramlint.verify.process.targets import load, parse_target


def call(payload: bytes, enter: Callable[[Stage], None]) -> Any:
    """Import the target, call it and return what it returns."""
    text, arguments = msgspec.json.decode(payload, type=tuple[str, dict[str, Any]])
    enter("import")
    factory: Any = load(parse_target(text))
    bind(factory, arguments)
    enter("construct")
    return factory(**arguments)
