"""The nodes of a syntax tree, small: what is read of code, whether `ast` or LibCST has parsed it.

Classes and fields are called as LibCST calls them, so its documentation serves. What only says how code is laid out
(parentheses, commas, comments) is left out, and the fields stand in the order of the text. Sequences are tuples; what
is not there is `None`. A node is equal to itself alone; it knows neither what is around it nor where it stands.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from paramlint.nodes.operators import (
    AugmentedOperator,
    BinaryOperator,
    BooleanOperator,
    ComparisonOperator,
    UnaryOperator,
)


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


# Names and literals


class Name(BaseExpression):
    value: str


class Integer(BaseNumber):
    evaluated_value: int


class Float(BaseNumber):
    evaluated_value: float


class Imaginary(BaseNumber):
    evaluated_value: complex


class SimpleString(BaseString):
    evaluated_value: str | bytes


class ConcatenatedString(BaseString):
    left: BaseString
    right: BaseString


class FormattedStringText(Node):
    value: str


class FormattedStringExpression(Node):
    expression: BaseExpression
    format_spec: Sequence[FormattedStringText | FormattedStringExpression] | None


class FormattedString(BaseString):
    parts: Sequence[FormattedStringText | FormattedStringExpression]


class TemplatedStringText(Node):
    value: str


class TemplatedStringExpression(Node):
    expression: BaseExpression
    format_spec: Sequence[TemplatedStringText | TemplatedStringExpression] | None


class TemplatedString(BaseString):
    parts: Sequence[TemplatedStringText | TemplatedStringExpression]


class Ellipsis(BaseExpression):
    pass


# Expressions


class Attribute(BaseExpression):
    value: BaseExpression
    attr: Name


class Arg(Node):
    keyword: Name | None
    value: BaseExpression
    star: str = ""


class Call(BaseExpression):
    func: BaseExpression
    args: Sequence[Arg]


class Index(BaseSlice):
    value: BaseExpression
    star: str | None = None


class Slice(BaseSlice):
    lower: BaseExpression | None
    upper: BaseExpression | None
    step: BaseExpression | None


class SubscriptElement(Node):
    slice: BaseSlice


class Subscript(BaseExpression):
    value: BaseExpression
    slice: Sequence[SubscriptElement]


class Element(BaseElement):
    pass


class StarredElement(BaseElement, BaseExpression):
    pass


class Tuple(BaseExpression):
    elements: Sequence[BaseElement]


class List(BaseExpression):
    elements: Sequence[BaseElement]


class Set(BaseExpression):
    elements: Sequence[BaseElement]


class DictElement(Node):
    key: BaseExpression
    value: BaseExpression


class StarredDictElement(Node):
    value: BaseExpression


#: What stands in a dict.
BaseDictElement = DictElement | StarredDictElement


class Dict(BaseExpression):
    elements: Sequence[BaseDictElement]


class CompIf(Node):
    test: BaseExpression


class CompFor(Node):
    target: BaseExpression
    iter: BaseExpression
    ifs: Sequence[CompIf]
    inner_for_in: CompFor | None
    asynchronous: bool


class ListComp(BaseComp):
    elt: BaseExpression
    for_in: CompFor


class SetComp(BaseComp):
    elt: BaseExpression
    for_in: CompFor


class GeneratorExp(BaseComp):
    elt: BaseExpression
    for_in: CompFor


class DictComp(BaseComp):
    key: BaseExpression
    value: BaseExpression
    for_in: CompFor


class StarredDictComp(BaseComp):
    value: BaseExpression
    for_in: CompFor


class BinaryOperation(BaseExpression):
    left: BaseExpression
    operator: BinaryOperator
    right: BaseExpression


class BooleanOperation(BaseExpression):
    left: BaseExpression
    operator: BooleanOperator
    right: BaseExpression


class UnaryOperation(BaseExpression):
    operator: UnaryOperator
    expression: BaseExpression


class ComparisonTarget(Node):
    operator: ComparisonOperator
    comparator: BaseExpression


class Comparison(BaseExpression):
    left: BaseExpression
    comparisons: Sequence[ComparisonTarget]


class IfExp(BaseExpression):
    body: BaseExpression
    test: BaseExpression
    orelse: BaseExpression


class Annotation(Node):
    annotation: BaseExpression


class Param(Node):
    name: Name
    annotation: Annotation | None
    default: BaseExpression | None
    star: str


class ParamStar(Node):
    pass


class Parameters(Node):
    posonly_params: Sequence[Param]
    params: Sequence[Param]
    star_arg: Param | ParamStar | None
    kwonly_params: Sequence[Param]
    star_kwarg: Param | None


class Lambda(BaseExpression):
    params: Parameters
    body: BaseExpression


class NamedExpr(BaseExpression):
    target: BaseExpression
    value: BaseExpression


class Await(BaseExpression):
    expression: BaseExpression


class From(Node):
    item: BaseExpression


class Yield(BaseExpression):
    value: BaseExpression | From | None


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


# Patterns


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
