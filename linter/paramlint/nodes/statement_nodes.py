"""The nodes of statements: simple ones, blocks, definitions, and what only stands in them."""

from __future__ import annotations

from collections.abc import Sequence

from paramlint.nodes.expression_nodes import Annotation, Arg, Attribute, From, Name, Parameters
from paramlint.nodes.node import (
    BaseCompoundStatement,
    BaseExpression,
    BaseSmallStatement,
    BaseStatement,
    MatchPattern,
    Node,
)
from paramlint.nodes.operators import AugmentedOperator

# Simple statements


class AssignTarget(Node):
    target: BaseExpression


class Assign(BaseSmallStatement):
    targets: Sequence[AssignTarget]
    value: BaseExpression


class AnnAssign(BaseSmallStatement):
    target: BaseExpression
    annotation: Annotation
    value: BaseExpression | None


class AugAssign(BaseSmallStatement):
    target: BaseExpression
    operator: AugmentedOperator
    value: BaseExpression


class Expr(BaseSmallStatement):
    value: BaseExpression


class Return(BaseSmallStatement):
    value: BaseExpression | None


class Raise(BaseSmallStatement):
    exc: BaseExpression | None
    cause: From | None


class Assert(BaseSmallStatement):
    test: BaseExpression
    msg: BaseExpression | None


class Del(BaseSmallStatement):
    target: BaseExpression


class Pass(BaseSmallStatement):
    pass


class Break(BaseSmallStatement):
    pass


class Continue(BaseSmallStatement):
    pass


class NameItem(Node):
    name: Name


class Global(BaseSmallStatement):
    names: Sequence[NameItem]


class Nonlocal(BaseSmallStatement):
    names: Sequence[NameItem]


class AsName(Node):
    name: BaseExpression


class ImportAlias(Node):
    name: Attribute | Name
    asname: AsName | None


class ImportStar(Node):
    pass


class Dot(Node):
    pass


class Import(BaseSmallStatement):
    names: Sequence[ImportAlias]


class ImportFrom(BaseSmallStatement):
    relative: Sequence[Dot]
    module: Attribute | Name | None
    names: Sequence[ImportAlias] | ImportStar


# Statements with blocks


class SimpleStatementLine(BaseStatement):
    body: Sequence[BaseSmallStatement]


class SimpleStatementSuite(Node):
    body: Sequence[BaseSmallStatement]


class IndentedBlock(Node):
    body: Sequence[BaseStatement]


#: The statements below a header.
BaseSuite = SimpleStatementSuite | IndentedBlock


class Module(Node):
    body: Sequence[BaseStatement]


class Decorator(Node):
    decorator: BaseExpression


class TypeVar(Node):
    name: Name
    bound: BaseExpression | None


class TypeVarTuple(Node):
    name: Name


class ParamSpec(Node):
    name: Name


class TypeParam(Node):
    param: TypeVar | TypeVarTuple | ParamSpec
    default: BaseExpression | None


class TypeParameters(Node):
    params: Sequence[TypeParam]


class TypeAlias(BaseSmallStatement):
    name: Name
    type_parameters: TypeParameters | None
    value: BaseExpression


class FunctionDef(BaseCompoundStatement):
    decorators: Sequence[Decorator]
    asynchronous: bool
    name: Name
    params: Parameters
    returns: Annotation | None
    body: BaseSuite


class ClassDef(BaseCompoundStatement):
    decorators: Sequence[Decorator]
    name: Name
    bases: Sequence[Arg]
    keywords: Sequence[Arg]
    body: BaseSuite


class Else(Node):
    body: BaseSuite


class If(BaseCompoundStatement):
    test: BaseExpression
    body: BaseSuite
    orelse: If | Else | None


class For(BaseCompoundStatement):
    asynchronous: bool
    target: BaseExpression
    iter: BaseExpression
    body: BaseSuite
    orelse: Else | None


class While(BaseCompoundStatement):
    test: BaseExpression
    body: BaseSuite
    orelse: Else | None


class WithItem(Node):
    item: BaseExpression
    asname: AsName | None


class With(BaseCompoundStatement):
    asynchronous: bool
    items: Sequence[WithItem]
    body: BaseSuite


class ExceptHandler(Node):
    type: BaseExpression | None
    name: AsName | None
    body: BaseSuite


class ExceptStarHandler(Node):
    type: BaseExpression | None
    name: AsName | None
    body: BaseSuite


class Finally(Node):
    body: BaseSuite


class Try(BaseCompoundStatement):
    body: BaseSuite
    handlers: Sequence[ExceptHandler]
    orelse: Else | None
    finalbody: Finally | None


class TryStar(BaseCompoundStatement):
    body: BaseSuite
    handlers: Sequence[ExceptStarHandler]
    orelse: Else | None
    finalbody: Finally | None


class MatchCase(Node):
    pattern: MatchPattern
    guard: BaseExpression | None
    body: BaseSuite


class Match(BaseCompoundStatement):
    subject: BaseExpression
    cases: Sequence[MatchCase]
