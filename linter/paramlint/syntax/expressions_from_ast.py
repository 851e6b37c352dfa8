"""Expressions made from a file's `ast`, which costs a small part of what parsing with LibCST does."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from paramlint import nodes
from paramlint.nodes import operators
from paramlint.nodes.called_at_once import read_as
from paramlint.source.text import Source
from paramlint.syntax.outline import NotInAstError

OPERATORS: dict[type, Any] = {
    getattr(ast, name): getattr(operators, other)()
    for name, other in {
        "Add": "Add", "Sub": "Subtract", "Mult": "Multiply", "Div": "Divide", "FloorDiv": "FloorDivide",
        "Mod": "Modulo", "Pow": "Power", "MatMult": "MatrixMultiply", "BitAnd": "BitAnd", "BitOr": "BitOr",
        "BitXor": "BitXor", "LShift": "LeftShift", "RShift": "RightShift", "And": "And", "Or": "Or", "Not": "Not",
        "Invert": "BitInvert", "UAdd": "Plus", "USub": "Minus", "Eq": "Equal", "NotEq": "NotEqual", "Lt": "LessThan",
        "LtE": "LessThanEqual", "Gt": "GreaterThan", "GtE": "GreaterThanEqual", "Is": "Is", "IsNot": "IsNot",
        "In": "In", "NotIn": "NotIn",
    }.items()
}  # fmt: skip
#: A text with its quotes, or a comment.
STRING = re.compile(r"""(?i:[rbuft]{0,2})('{3}|"{3}|'|")(?:\\.|(?!\1).)*\1|#[^\r\n]*""", re.DOTALL)


def parse_expression(text: str) -> nodes.BaseExpression | None:
    """The node of a text that should be an expression."""
    try:
        tree = ast.parse(text, mode="eval").body
        return cast("nodes.BaseExpression", ExpressionTranslation(Source.from_text("", text)).expression(tree))
    except (SyntaxError, ValueError, NotInAstError):
        return None


def text_of(source: Source, tree: ast.AST) -> str:
    """The source code of an expression, without its parentheses."""
    start = source.offset(tree.lineno) + characters(source, tree.lineno, tree.col_offset)  # type: ignore[attr-defined]
    end = source.offset(tree.end_lineno) + characters(source, tree.end_lineno, tree.end_col_offset)  # type: ignore[attr-defined]
    return source.text[start:end]


def characters(source: Source, row: int, column: int) -> int:
    """A column of `ast`, which counts the bytes of UTF-8, in characters."""
    if source.text.isascii():
        return column
    return len(source.line(row).encode("utf-8", "surrogatepass")[:column].decode("utf-8", "surrogatepass"))


def is_parenthesized(source: Source, tree: ast.Tuple) -> bool:
    """Whether a tuple begins and ends with parentheses of its own: not so `(a), (b)`."""
    first = tree.elts[0] if tree.elts else None
    if first is not None and (first.lineno, first.col_offset) == (tree.lineno, tree.col_offset):
        return False
    text = text_of(source, tree)
    if not text.startswith("("):
        return False
    depth = 0
    for match in re.finditer(r"[()\[\]{}]", STRING.sub(lambda m: "_" * len(m[0]), text)):
        depth += 1 if match[0] in "([{" else -1
        if depth == 0:
            return match.end() == len(text)
    return False


class ExpressionTranslation:
    """From `ast` to nodes, for expressions.

    Attributes:
        trees: what each expression, argument and statement was made from.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.trees: dict[nodes.Node, ast.AST] = {}

    def expression(self, tree: ast.AST) -> Any:
        kind = tree.__class__
        if kind is ast.Name:
            node: Any = nodes.Name(tree.id)  # type: ignore[attr-defined]
            self.trees[node] = tree
            return node
        make = _EXPRESSIONS.get(kind)
        if make is None:
            raise NotInAstError
        node = make(self, tree)
        self.trees[node] = tree
        return node

    def optional(self, tree: ast.AST | None) -> Any:
        return None if tree is None else self.expression(tree)

    def constant(self, tree: ast.Constant) -> nodes.BaseExpression:
        value = tree.value
        kind = value.__class__
        if value is None or kind is bool:
            return nodes.Name(str(value))
        if value is ...:
            return nodes.Ellipsis()
        return _LITERALS[kind](value)

    def attribute(self, tree: ast.Attribute) -> nodes.Attribute:
        return nodes.Attribute(self.expression(tree.value), nodes.Name(tree.attr))

    def call(self, tree: ast.Call) -> nodes.BaseExpression:
        call = nodes.Call(self.expression(tree.func), self.arguments(tree.args, tree.keywords))
        return read_as(call) if tree.func.__class__ is ast.Call else call

    def arguments(self, positional: Sequence[ast.expr], keywords: Sequence[ast.keyword] = ()) -> tuple[nodes.Arg, ...]:
        given: list[Any] = [*positional, *keywords]
        if keywords and any(argument.__class__ is ast.Starred for argument in positional):
            given.sort(key=lambda argument: (argument.lineno, argument.col_offset))
        return tuple([self.argument(argument) for argument in given])

    def argument(self, tree: Any) -> nodes.Arg:
        kind = tree.__class__
        if kind is ast.keyword:
            star = "**" if tree.arg is None else ""
            node = nodes.Arg(None if star else nodes.Name(tree.arg), self.expression(tree.value), star)
        elif kind is ast.Starred:
            node = nodes.Arg(None, self.expression(tree.value), "*")
        else:
            node = nodes.Arg(None, self.expression(tree))
        self.trees[node] = tree
        return node

    def elements(self, trees: Iterable[ast.expr]) -> tuple[nodes.BaseElement, ...]:
        return tuple(
            [
                nodes.StarredElement(self.expression(tree.value))
                if isinstance(tree, ast.Starred)
                else nodes.Element(self.expression(tree))
                for tree in trees
            ]
        )

    def tuple_(self, tree: ast.Tuple) -> nodes.Tuple:
        return nodes.Tuple(self.elements(tree.elts))

    def list_(self, tree: ast.List) -> nodes.List:
        return nodes.List(self.elements(tree.elts))

    def set_(self, tree: ast.Set) -> nodes.Set:
        return nodes.Set(self.elements(tree.elts))

    def dict_(self, tree: ast.Dict) -> nodes.Dict:
        elements = [
            nodes.StarredDictElement(self.expression(value))
            if key is None
            else nodes.DictElement(self.expression(key), self.expression(value))
            for key, value in zip(tree.keys, tree.values, strict=True)
        ]
        return nodes.Dict(tuple(elements))

    def subscript(self, tree: ast.Subscript) -> nodes.Subscript:
        inner = tree.slice
        is_many = isinstance(inner, ast.Tuple) and inner.elts and not is_parenthesized(self._source, inner)
        slices = inner.elts if is_many else [inner]  # type: ignore[attr-defined]
        elements = tuple([nodes.SubscriptElement(self.index(part)) for part in slices])
        return nodes.Subscript(self.expression(tree.value), elements)

    def index(self, tree: ast.expr) -> nodes.BaseSlice:
        if isinstance(tree, ast.Slice):
            return nodes.Slice(self.optional(tree.lower), self.optional(tree.upper), self.optional(tree.step))
        if isinstance(tree, ast.Starred):
            return nodes.Index(self.expression(tree.value), "*")
        return nodes.Index(self.expression(tree))

    def binary(self, tree: ast.BinOp) -> nodes.BinaryOperation:
        left = self.expression(tree.left)
        return nodes.BinaryOperation(left, OPERATORS[tree.op.__class__], self.expression(tree.right))

    def boolean(self, tree: ast.BoolOp) -> Any:
        operator = OPERATORS[tree.op.__class__]
        node = self.expression(tree.values[0])
        for value in tree.values[1:]:
            node = nodes.BooleanOperation(node, operator, self.expression(value))
        return node

    def unary(self, tree: ast.UnaryOp) -> nodes.UnaryOperation:
        return nodes.UnaryOperation(OPERATORS[tree.op.__class__], self.expression(tree.operand))

    def comparison(self, tree: ast.Compare) -> nodes.Comparison:
        targets = [
            nodes.ComparisonTarget(OPERATORS[op.__class__], self.expression(right))
            for op, right in zip(tree.ops, tree.comparators, strict=True)
        ]
        return nodes.Comparison(self.expression(tree.left), tuple(targets))

    def conditional(self, tree: ast.IfExp) -> nodes.IfExp:
        return nodes.IfExp(self.expression(tree.body), self.expression(tree.test), self.expression(tree.orelse))

    def lambda_(self, tree: ast.Lambda) -> nodes.Lambda:
        return nodes.Lambda(self.parameters(tree.args), self.expression(tree.body))

    def walrus(self, tree: ast.NamedExpr) -> nodes.NamedExpr:
        return nodes.NamedExpr(self.expression(tree.target), self.expression(tree.value))

    def await_(self, tree: ast.Await) -> nodes.Await:
        return nodes.Await(self.expression(tree.value))

    def yield_(self, tree: ast.Yield) -> nodes.Yield:
        return nodes.Yield(self.optional(tree.value))

    def yield_from(self, tree: ast.YieldFrom) -> nodes.Yield:
        return nodes.Yield(nodes.From(self.expression(tree.value)))

    def formatted(self, tree: ast.JoinedStr) -> nodes.FormattedString:
        known = self.trees
        if tree.lineno != tree.end_lineno:
            self.trees = {}  # Python 3.11 does not know where the parts of such a text stand
        parts = [
            nodes.FormattedStringExpression(
                self.expression(part.value),
                self.formatted(part.format_spec).parts if part.format_spec is not None else None,  # type: ignore[arg-type]
            )
            if isinstance(part, ast.FormattedValue)
            else nodes.FormattedStringText(str(part.value))  # type: ignore[attr-defined]
            for part in tree.values
        ]
        self.trees = known
        return nodes.FormattedString(tuple(parts))

    def comprehension(self, tree: Any) -> nodes.BaseComp:
        kind = _COMPREHENSIONS[tree.__class__]
        return kind(self.expression(tree.elt), self.loops(tree.generators))

    def dict_comprehension(self, tree: ast.DictComp) -> nodes.DictComp:
        key, value = self.expression(tree.key), self.expression(tree.value)
        return nodes.DictComp(key, value, self.loops(tree.generators))

    def loops(self, generators: Sequence[ast.comprehension]) -> Any:
        inner: nodes.CompFor | None = None
        for loop in reversed(generators):
            inner = nodes.CompFor(
                self.expression(loop.target),
                self.expression(loop.iter),
                tuple([nodes.CompIf(self.expression(test)) for test in loop.ifs]),
                inner,
                bool(loop.is_async),
            )
        return inner

    def annotation(self, tree: ast.expr | None) -> Any:
        return None if tree is None else nodes.Annotation(self.expression(tree))

    def parameters(self, tree: ast.arguments) -> nodes.Parameters:
        plain = [*tree.posonlyargs, *tree.args]
        defaults = [None] * (len(plain) - len(tree.defaults)) + list(tree.defaults)
        made = [self.parameter(a, default) for a, default in zip(plain, defaults, strict=True)]
        star: nodes.Param | nodes.ParamStar | None = None
        if tree.vararg is not None:
            star = self.parameter(tree.vararg, None, "*")
        elif tree.kwonlyargs:
            star = nodes.ParamStar()
        only = [self.parameter(a, default) for a, default in zip(tree.kwonlyargs, tree.kw_defaults, strict=True)]
        return nodes.Parameters(
            tuple(made[: len(tree.posonlyargs)]),
            tuple(made[len(tree.posonlyargs) :]),
            star,
            tuple(only),
            None if tree.kwarg is None else self.parameter(tree.kwarg, None, "**"),
        )

    def parameter(self, tree: ast.arg, default: ast.expr | None, star: str = "") -> nodes.Param:
        return nodes.Param(nodes.Name(tree.arg), self.annotation(tree.annotation), self.optional(default), star)


_LITERALS: dict[type, Callable[[Any], nodes.BaseExpression]] = {
    str: nodes.SimpleString,
    bytes: nodes.SimpleString,
    int: nodes.Integer,
    float: nodes.Float,
    complex: nodes.Imaginary,
}
_COMPREHENSIONS: dict[type, Callable[[Any, Any], nodes.BaseComp]] = {
    ast.ListComp: nodes.ListComp,
    ast.SetComp: nodes.SetComp,
    ast.GeneratorExp: nodes.GeneratorExp,
}
_EXPRESSIONS: dict[type, Callable[[ExpressionTranslation, Any], Any]] = {
    ast.Constant: ExpressionTranslation.constant,
    ast.Attribute: ExpressionTranslation.attribute,
    ast.Call: ExpressionTranslation.call,
    ast.Tuple: ExpressionTranslation.tuple_,
    ast.List: ExpressionTranslation.list_,
    ast.Set: ExpressionTranslation.set_,
    ast.Dict: ExpressionTranslation.dict_,
    ast.Subscript: ExpressionTranslation.subscript,
    ast.BinOp: ExpressionTranslation.binary,
    ast.BoolOp: ExpressionTranslation.boolean,
    ast.UnaryOp: ExpressionTranslation.unary,
    ast.Compare: ExpressionTranslation.comparison,
    ast.IfExp: ExpressionTranslation.conditional,
    ast.Lambda: ExpressionTranslation.lambda_,
    ast.NamedExpr: ExpressionTranslation.walrus,
    ast.Await: ExpressionTranslation.await_,
    ast.Yield: ExpressionTranslation.yield_,
    ast.YieldFrom: ExpressionTranslation.yield_from,
    ast.JoinedStr: ExpressionTranslation.formatted,
    ast.ListComp: ExpressionTranslation.comprehension,
    ast.SetComp: ExpressionTranslation.comprehension,
    ast.GeneratorExp: ExpressionTranslation.comprehension,
    ast.DictComp: ExpressionTranslation.dict_comprehension,
}
