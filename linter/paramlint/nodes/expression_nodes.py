"""The nodes of expressions: names, literals, calls, containers, operations, parameters of a lambda."""

from __future__ import annotations

from collections.abc import Sequence

from paramlint.nodes.node import BaseComp, BaseElement, BaseExpression, BaseNumber, BaseSlice, BaseString, Node
from paramlint.nodes.operators import BinaryOperator, BooleanOperator, ComparisonOperator, UnaryOperator

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
