"""Nodes made from a file's `ast`, which costs a small part of what parsing with LibCST does.

What is found in them counts only where LibCST's parse says the same. So they may promise too much, never too little:
strings in a row are one string, a pattern is taken for one that matches all.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from paramlint import nodes
from paramlint.nodes import operators
from paramlint.source.text import Source
from paramlint.syntax.outline import first_row, last_row

_OPERATORS: dict[type, Any] = {
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
_AUGMENTED: dict[type, operators.AugmentedOperator] = {
    kind: getattr(operators, f"{type(operator).__name__}Assign")()
    for kind, operator in _OPERATORS.items()
    if isinstance(operator, operators.BinaryOperator)
}
_STRING = re.compile(r"""(?i:[rbuft]*)('{3}|"{3}|'|")(?:\\.|(?!\1).)*\1|#[^\r\n]*""", re.DOTALL)


class NotInAstError(Exception):
    """`ast` does not tell; the code has to be parsed with LibCST."""


def parse_expression(text: str) -> nodes.BaseExpression | None:
    """The node of a text that should be an expression."""
    try:
        tree = ast.parse(text, mode="eval").body
        return cast("nodes.BaseExpression", Translation(Source.from_text("", text)).expression(tree))
    except (SyntaxError, ValueError, NotInAstError):
        return None


def text_of(source: Source, tree: ast.AST) -> str:
    """The source code of an expression, without its parentheses."""
    start = source.offset(tree.lineno) + _characters(source, tree.lineno, tree.col_offset)  # type: ignore[attr-defined]
    end = source.offset(tree.end_lineno) + _characters(source, tree.end_lineno, tree.end_col_offset)  # type: ignore[attr-defined]
    return source.text[start:end]


def _characters(source: Source, row: int, column: int) -> int:
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
    for match in re.finditer(r"[()\[\]{}]", _STRING.sub(lambda m: "_" * len(m[0]), text)):
        depth += 1 if match[0] in "([{" else -1
        if depth == 0:
            return match.end() == len(text)
    return False


class Translation:
    """From `ast` to nodes, for the code of one unit.

    Args:
        holes: the rows of definitions in whose place a `pass` stands.

    Attributes:
        trees: what each expression was made from, names left out.
    """

    def __init__(self, source: Source, holes: Iterable[tuple[int, int]] = ()) -> None:
        self._source = source
        self._holes = frozenset(holes)
        self.trees: dict[nodes.Node, ast.AST] = {}

    # Expressions

    def expression(self, tree: ast.AST) -> Any:
        kind = tree.__class__
        if kind is ast.Name:
            return nodes.Name(tree.id)  # type: ignore[attr-defined]
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

    def call(self, tree: ast.Call) -> nodes.Call:
        return nodes.Call(self.expression(tree.func), self.arguments(tree.args, tree.keywords))

    def arguments(self, positional: Sequence[ast.expr], keywords: Sequence[ast.keyword] = ()) -> tuple[nodes.Arg, ...]:
        given: list[Any] = [*positional, *keywords]
        if keywords and any(argument.__class__ is ast.Starred for argument in positional):
            given.sort(key=lambda argument: (argument.lineno, argument.col_offset))
        return tuple([self.argument(argument) for argument in given])

    def argument(self, tree: Any) -> nodes.Arg:
        kind = tree.__class__
        if kind is ast.keyword:
            if tree.arg is None:
                return nodes.Arg(None, self.expression(tree.value), "**")
            return nodes.Arg(nodes.Name(tree.arg), self.expression(tree.value))
        if kind is ast.Starred:
            return nodes.Arg(None, self.expression(tree.value), "*")
        return nodes.Arg(None, self.expression(tree))

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
        return nodes.BinaryOperation(left, _OPERATORS[tree.op.__class__], self.expression(tree.right))

    def boolean(self, tree: ast.BoolOp) -> Any:
        operator = _OPERATORS[tree.op.__class__]
        node = self.expression(tree.values[0])
        for value in tree.values[1:]:
            node = nodes.BooleanOperation(node, operator, self.expression(value))
        return node

    def unary(self, tree: ast.UnaryOp) -> nodes.UnaryOperation:
        return nodes.UnaryOperation(_OPERATORS[tree.op.__class__], self.expression(tree.operand))

    def comparison(self, tree: ast.Compare) -> nodes.Comparison:
        targets = [
            nodes.ComparisonTarget(_OPERATORS[op.__class__], self.expression(right))
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
        parts = [
            nodes.FormattedStringExpression(
                self.expression(part.value),
                self.formatted(part.format_spec).parts if part.format_spec is not None else None,  # type: ignore[arg-type]
            )
            if isinstance(part, ast.FormattedValue)
            else nodes.FormattedStringText(str(part.value))  # type: ignore[attr-defined]
            for part in tree.values
        ]
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

    # Statements

    def statements(self, trees: Sequence[ast.stmt]) -> tuple[nodes.BaseStatement, ...]:
        found: list[Any] = []
        row = 0  # on which the simple statement before ended
        for tree in trees:
            make = _COMPOUND.get(tree.__class__)
            if make is not None:
                is_hole = self._holes and (first_row(tree, self._source), last_row(tree)) in self._holes
                found.append(nodes.SimpleStatementLine((nodes.Pass(),)) if is_hole else make(self, tree))
                row = 0
                continue
            small = self.simple(tree)
            if row == tree.lineno:
                found[-1] = nodes.SimpleStatementLine((*found[-1].body, small))
            else:
                found.append(nodes.SimpleStatementLine((small,)))
            row = tree.end_lineno or tree.lineno
        return tuple(found)

    def simple(self, tree: ast.stmt) -> Any:
        make = _SIMPLE.get(tree.__class__)
        if make is None:
            raise NotInAstError
        return make(self, tree)

    def block(self, trees: Sequence[ast.stmt]) -> nodes.IndentedBlock:
        return nodes.IndentedBlock(self.statements(trees))

    def suite(self, around: Any, trees: Sequence[ast.stmt]) -> nodes.BaseSuite:
        if trees[0].lineno == around.lineno and trees[0].__class__ in _SIMPLE:
            return nodes.SimpleStatementSuite(tuple([self.simple(tree) for tree in trees]))
        return self.block(trees)

    def module(self, tree: ast.Module) -> nodes.Module:
        return nodes.Module(self.statements(tree.body))

    def definition(self, tree: Any) -> Any:
        return _COMPOUND[tree.__class__](self, tree)

    def function(self, tree: Any) -> nodes.FunctionDef:
        return nodes.FunctionDef(
            self.decorators(tree),
            isinstance(tree, ast.AsyncFunctionDef),
            nodes.Name(tree.name),
            self.parameters(tree.args),
            self.annotation(tree.returns),
            self.suite(tree, tree.body),
        )

    def class_(self, tree: ast.ClassDef) -> nodes.ClassDef:
        return nodes.ClassDef(
            self.decorators(tree),
            nodes.Name(tree.name),
            self.arguments(tree.bases),
            self.arguments((), tree.keywords),
            self.suite(tree, tree.body),
        )

    def decorators(self, tree: Any) -> tuple[nodes.Decorator, ...]:
        return tuple([nodes.Decorator(self.expression(d)) for d in tree.decorator_list])

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

    def if_(self, tree: ast.If) -> nodes.If:
        test, body = self.expression(tree.test), self.suite(tree, tree.body)
        below = tree.orelse
        if len(below) == 1 and isinstance(below[0], ast.If) and below[0].col_offset == tree.col_offset:
            return nodes.If(test, body, self.if_(below[0]))
        return nodes.If(test, body, self.else_(below))

    def else_(self, trees: Sequence[ast.stmt]) -> nodes.Else | None:
        return nodes.Else(self.block(trees)) if trees else None

    def for_(self, tree: Any) -> nodes.For:
        return nodes.For(
            isinstance(tree, ast.AsyncFor),
            self.expression(tree.target),
            self.expression(tree.iter),
            self.suite(tree, tree.body),
            self.else_(tree.orelse),
        )

    def while_(self, tree: ast.While) -> nodes.While:
        return nodes.While(self.expression(tree.test), self.suite(tree, tree.body), self.else_(tree.orelse))

    def with_(self, tree: Any) -> nodes.With:
        items = [
            nodes.WithItem(self.expression(item.context_expr), self.as_name(item.optional_vars)) for item in tree.items
        ]
        return nodes.With(isinstance(tree, ast.AsyncWith), tuple(items), self.suite(tree, tree.body))

    def as_name(self, tree: ast.expr | None) -> nodes.AsName | None:
        return None if tree is None else nodes.AsName(self.expression(tree))

    def try_(self, tree: Any) -> nodes.Try | nodes.TryStar:
        kind, handler_kind = (
            (nodes.Try, nodes.ExceptHandler) if isinstance(tree, ast.Try) else (nodes.TryStar, nodes.ExceptStarHandler)
        )
        handlers: list[Any] = [
            handler_kind(
                self.optional(handler.type),
                None if handler.name is None else nodes.AsName(nodes.Name(handler.name)),
                self.suite(handler, handler.body),
            )
            for handler in tree.handlers
        ]
        final = nodes.Finally(self.block(tree.finalbody)) if tree.finalbody else None
        return kind(self.suite(tree, tree.body), tuple(handlers), self.else_(tree.orelse), final)

    def match(self, tree: ast.Match) -> nodes.Match:
        cases = [
            nodes.MatchCase(self.pattern(case.pattern), self.optional(case.guard), self.block(case.body))
            for case in tree.cases
        ]
        return nodes.Match(self.expression(tree.subject), tuple(cases))

    def pattern(self, tree: ast.pattern) -> nodes.MatchPattern:
        if isinstance(tree, ast.MatchValue):
            return nodes.MatchValue(self.expression(tree.value))
        if isinstance(tree, ast.MatchSingleton):
            return nodes.MatchSingleton(nodes.Name(str(tree.value)))
        if isinstance(tree, ast.MatchSequence):
            return nodes.MatchList(tuple(map(self.pattern_element, tree.patterns)))
        if isinstance(tree, ast.MatchMapping):
            pairs = zip(tree.keys, tree.patterns, strict=True)
            elements = [nodes.MatchMappingElement(self.expression(key), self.pattern(inner)) for key, inner in pairs]
            return nodes.MatchMapping(tuple(elements), nodes.Name(tree.rest) if tree.rest else None)
        if isinstance(tree, ast.MatchClass):
            named = zip(tree.kwd_attrs, tree.kwd_patterns, strict=True)
            keywords = [nodes.MatchKeywordElement(nodes.Name(key), self.pattern(inner)) for key, inner in named]
            given = tuple([nodes.MatchSequenceElement(self.pattern(one)) for one in tree.patterns])
            return nodes.MatchClass(self.expression(tree.cls), given, tuple(keywords))
        if isinstance(tree, ast.MatchOr):
            return nodes.MatchOr(tuple([nodes.MatchOrElement(self.pattern(one)) for one in tree.patterns]))
        assert isinstance(tree, ast.MatchAs)
        inner = self.pattern(tree.pattern) if tree.pattern is not None else None
        return nodes.MatchAs(inner, nodes.Name(tree.name) if tree.name else None)

    def pattern_element(self, tree: ast.pattern) -> nodes.MatchStar | nodes.MatchSequenceElement:
        if isinstance(tree, ast.MatchStar):
            return nodes.MatchStar(nodes.Name(tree.name) if tree.name else None)
        return nodes.MatchSequenceElement(self.pattern(tree))

    def assign(self, tree: ast.Assign) -> nodes.Assign:
        targets = [nodes.AssignTarget(self.expression(target)) for target in tree.targets]
        return nodes.Assign(tuple(targets), self.expression(tree.value))

    def annotated(self, tree: ast.AnnAssign) -> nodes.AnnAssign:
        target, annotation = self.expression(tree.target), self.annotation(tree.annotation)
        return nodes.AnnAssign(target, annotation, self.optional(tree.value))

    def augmented(self, tree: ast.AugAssign) -> nodes.AugAssign:
        target = self.expression(tree.target)
        return nodes.AugAssign(target, _AUGMENTED[tree.op.__class__], self.expression(tree.value))

    def expr(self, tree: ast.Expr) -> nodes.Expr:
        return nodes.Expr(self.expression(tree.value))

    def return_(self, tree: ast.Return) -> nodes.Return:
        return nodes.Return(self.optional(tree.value))

    def raise_(self, tree: ast.Raise) -> nodes.Raise:
        cause = None if tree.cause is None else nodes.From(self.expression(tree.cause))
        return nodes.Raise(self.optional(tree.exc), cause)

    def assert_(self, tree: ast.Assert) -> nodes.Assert:
        return nodes.Assert(self.expression(tree.test), self.optional(tree.msg))

    def delete(self, tree: ast.Delete) -> nodes.Del:
        if len(tree.targets) == 1:
            return nodes.Del(self.expression(tree.targets[0]))
        return nodes.Del(nodes.Tuple(self.elements(tree.targets)))

    def names(self, tree: Any) -> nodes.Global | nodes.Nonlocal:
        kind = nodes.Global if isinstance(tree, ast.Global) else nodes.Nonlocal
        return kind(tuple([nodes.NameItem(nodes.Name(name)) for name in tree.names]))

    def import_(self, tree: ast.Import) -> nodes.Import:
        return nodes.Import(_aliases(tree.names))

    def import_from(self, tree: ast.ImportFrom) -> nodes.ImportFrom:
        return nodes.ImportFrom(
            tuple([nodes.Dot() for _ in range(tree.level)]),
            _dotted(tree.module) if tree.module else None,
            nodes.ImportStar() if tree.names[0].name == "*" else _aliases(tree.names),
        )


def _dotted(name: str) -> nodes.Attribute | nodes.Name:
    head, *rest = name.split(".")
    node: nodes.Attribute | nodes.Name = nodes.Name(head)
    for part in rest:
        node = nodes.Attribute(node, nodes.Name(part))
    return node


def _aliases(trees: Iterable[ast.alias]) -> tuple[nodes.ImportAlias, ...]:
    return tuple(
        [
            nodes.ImportAlias(_dotted(tree.name), nodes.AsName(nodes.Name(tree.asname)) if tree.asname else None)
            for tree in trees
        ]
    )


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
_EXPRESSIONS: dict[type, Callable[[Translation, Any], Any]] = {
    ast.Constant: Translation.constant,
    ast.Attribute: Translation.attribute,
    ast.Call: Translation.call,
    ast.Tuple: Translation.tuple_,
    ast.List: Translation.list_,
    ast.Set: Translation.set_,
    ast.Dict: Translation.dict_,
    ast.Subscript: Translation.subscript,
    ast.BinOp: Translation.binary,
    ast.BoolOp: Translation.boolean,
    ast.UnaryOp: Translation.unary,
    ast.Compare: Translation.comparison,
    ast.IfExp: Translation.conditional,
    ast.Lambda: Translation.lambda_,
    ast.NamedExpr: Translation.walrus,
    ast.Await: Translation.await_,
    ast.Yield: Translation.yield_,
    ast.YieldFrom: Translation.yield_from,
    ast.JoinedStr: Translation.formatted,
    ast.ListComp: Translation.comprehension,
    ast.SetComp: Translation.comprehension,
    ast.GeneratorExp: Translation.comprehension,
    ast.DictComp: Translation.dict_comprehension,
}
_SIMPLE: dict[type, Callable[[Translation, Any], nodes.BaseSmallStatement]] = {
    ast.Assign: Translation.assign,
    ast.AnnAssign: Translation.annotated,
    ast.AugAssign: Translation.augmented,
    ast.Expr: Translation.expr,
    ast.Return: Translation.return_,
    ast.Raise: Translation.raise_,
    ast.Assert: Translation.assert_,
    ast.Delete: Translation.delete,
    ast.Global: Translation.names,
    ast.Nonlocal: Translation.names,
    ast.Import: Translation.import_,
    ast.ImportFrom: Translation.import_from,
    ast.Pass: lambda _, __: nodes.Pass(),
    ast.Break: lambda _, __: nodes.Break(),
    ast.Continue: lambda _, __: nodes.Continue(),
}
_COMPOUND: dict[type, Callable[[Translation, Any], nodes.BaseCompoundStatement]] = {
    ast.FunctionDef: Translation.function,
    ast.AsyncFunctionDef: Translation.function,
    ast.ClassDef: Translation.class_,
    ast.If: Translation.if_,
    ast.For: Translation.for_,
    ast.AsyncFor: Translation.for_,
    ast.While: Translation.while_,
    ast.With: Translation.with_,
    ast.AsyncWith: Translation.with_,
    ast.Try: Translation.try_,
    **({ast.TryStar: Translation.try_} if hasattr(ast, "TryStar") else {}),
    ast.Match: Translation.match,
}
