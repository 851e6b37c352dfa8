"""The nodes of patterns, which the cases of a `match` look for."""

from __future__ import annotations

from collections.abc import Sequence

from paramlint.nodes.expression_nodes import Attribute, Name
from paramlint.nodes.node import BaseExpression, MatchPattern, Node


class MatchValue(MatchPattern):
    value: BaseExpression


class MatchSingleton(MatchPattern):
    value: Name


class MatchStar(Node):
    name: Name | None


class MatchSequenceElement(Node):
    value: MatchPattern


class MatchList(MatchPattern):
    patterns: Sequence[MatchSequenceElement | MatchStar]


class MatchTuple(MatchPattern):
    patterns: Sequence[MatchSequenceElement | MatchStar]


class MatchMappingElement(Node):
    key: BaseExpression
    pattern: MatchPattern


class MatchMapping(MatchPattern):
    elements: Sequence[MatchMappingElement]
    rest: Name | None


class MatchKeywordElement(Node):
    key: Name
    pattern: MatchPattern


class MatchClass(MatchPattern):
    cls: Attribute | Name
    patterns: Sequence[MatchSequenceElement]
    kwds: Sequence[MatchKeywordElement]


class MatchAs(MatchPattern):
    pattern: MatchPattern | None
    name: Name | None


class MatchOrElement(Node):
    pattern: MatchPattern


class MatchOr(MatchPattern):
    patterns: Sequence[MatchOrElement]
