"""Answers kept on what they are about, so that both are forgotten together.

A table beside the classes would hold them: an answer names scopes, and a scope names its class and file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

AnswerT = TypeVar("AnswerT")


class Remembers(Protocol):
    """A class, scope, file, package or project."""

    memo: dict[str, Any]


def remember(owner: Remembers, question: str, answer: Callable[[], AnswerT]) -> AnswerT:
    """The answer to a question about something; it is worked out once."""
    if question not in owner.memo:
        owner.memo[question] = answer()
    found: AnswerT = owner.memo[question]
    return found
