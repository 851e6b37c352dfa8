"""What all nodes are, and the kinds that they are of."""

from __future__ import annotations

import msgspec


class Node(msgspec.Struct, eq=False, gc=False):
    """Any node. It points downwards alone, so that the garbage collector has nothing to do with it."""


class BaseExpression(Node):
    """What has a value."""


class BaseNumber(BaseExpression):
    """A number."""


class BaseString(BaseExpression):
    """A string."""


class BaseComp(BaseExpression):
    """A comprehension or generator expression."""


class BaseElement(Node):
    """What stands in a list, tuple or set."""

    value: BaseExpression


class BaseSlice(Node):
    """What stands between the brackets of a subscript."""


class BaseSmallStatement(Node):
    """A statement without blocks; several may share a row."""


class BaseStatement(Node):
    """A row of simple statements, or a statement with blocks."""


class BaseCompoundStatement(BaseStatement):
    """A statement with blocks."""


class MatchPattern(Node):
    """What a case looks for."""
