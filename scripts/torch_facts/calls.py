"""Calls whose refusal is an answer."""

from __future__ import annotations

from collections.abc import Callable


def outcome(call: Callable[[], object]) -> object:
    """What the call returns, None where it raises: a refusal is an answer here."""
    try:
        return call()
    except Exception:
        return None
