"""LibCST nodes made from a file's `ast`, six times cheaper than parsing: what the rules are first tried on.

A draft has what carries meaning and nothing else: no layout, no comments, no parentheses but a tuple's. It decides
nothing. A rule that finds something on a draft, or asks it for what it has not, is shown the unit as LibCST parses it,
and only what it finds there counts. So a draft may promise too much, never too little.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import libcst as cst

from paramlint.source.text import Source
from paramlint.syntax.outline import Unit, first_row, last_row

_make = object.__new__
_OPERATORS: dict[type, cst.CSTNode] = {
    getattr(ast, name): getattr(cst, other)()
    for name, other in {
        "Add": "Add", "Sub": "Subtract", "Mult": "Multiply", "Div": "Divide", "FloorDiv": "FloorDivide",
        "Mod": "Modulo", "Pow": "Power", "MatMult": "MatrixMultiply", "BitAnd": "BitAnd", "BitOr": "BitOr",
        "BitXor": "BitXor", "LShift": "LeftShift", "RShift": "RightShift", "And": "And", "Or": "Or", "Not": "Not",
        "Invert": "BitInvert", "UAdd": "Plus", "USub": "Minus", "Eq": "Equal", "NotEq": "NotEqual", "Lt": "LessThan",
        "LtE": "LessThanEqual", "Gt": "GreaterThan", "GtE": "GreaterThanEqual", "Is": "Is", "IsNot": "IsNot",
        "In": "In", "NotIn": "NotIn",
    }.items()
}  # fmt: skip
_AUGMENTED: dict[type, cst.CSTNode] = {
    kind: getattr(cst, f"{type(operator).__name__}Assign")()
    for kind, operator in _OPERATORS.items()
    if hasattr(cst, f"{type(operator).__name__}Assign")
}
_STRING = re.compile(r"""(?i:[rbuf]*)('{3}|"{3}|'|")(?:\\.|(?!\1).)*\1|#[^\r\n]*""", re.DOTALL)


class NotDraftedError(Exception):
    """A draft has no answer; the real tree has to be asked."""


class Draft:
    """The draft of one unit, with what a `Segment` offers."""

    size = 0

    def __init__(self, source: Source, unit: Unit) -> None:
        self.unit = unit
        self._source = source
        self._drafting = _Drafting(source, unit.holes)
        tree: Any = unit.tree
        self.node: cst.CSTNode = (
            _node(cst.Module, body=self._drafting.statements(tree.body))
            if unit.kind == "module"
            else self._drafting.definition(tree)
        )

    def text(self, node: cst.CSTNode) -> str:
        """The source code of an expression, without its parentheses; rows end with a line feed.

        Raises:
            NotDraftedError: the node is no expression.
        """
        tree = self._drafting.trees.get(id(node))
        if tree is None:
            if isinstance(node, cst.Name):
                return node.value
            raise NotDraftedError
        return _text(self._source, tree).replace("\r\n", "\n")

    def row(self, node: Any) -> int:
        """The row of an expression; 0 where it is not known."""
        tree = self._drafting.trees.get(id(node))
        return getattr(tree, "lineno", 0)

    def comments(self, statement: cst.CSTNode) -> str:  # noqa: ARG002
        """Nothing: a comment can only silence a rule."""
        return ""

    def spans(self, nodes: Iterable[cst.CSTNode]) -> dict[cst.CSTNode, tuple[int, int]]:  # noqa: ARG002
        """Nothing is found in a draft that could be reported.

        Raises:
            NotDraftedError: always.
        """
        raise NotDraftedError


def _node(kind: type, **fields: object) -> Any:
    """A node of a frozen class with these fields, without the checks of its constructor."""
    node: Any = _make(kind)
    for name, value in fields.items():
        getattr(kind, name).__set__(node, value)
    return node


def _text(source: Source, tree: ast.AST) -> str:
    start = source.offset(tree.lineno) + _characters(source, tree.lineno, tree.col_offset)  # type: ignore[attr-defined]
    end = source.offset(tree.end_lineno) + _characters(source, tree.end_lineno, tree.end_col_offset)  # type: ignore[attr-defined]
    return source.text[start:end]


def _characters(source: Source, row: int, column: int) -> int:
    """A column of `ast`, which counts the bytes of UTF-8, in characters."""
    if source.text.isascii():
        return column
    return len(source.line(row).encode("utf-8", "surrogatepass")[:column].decode("utf-8", "surrogatepass"))


def _is_parenthesized(text: str) -> bool:
    """Whether the text of a tuple begins and ends with its own parentheses: not so `(a), (b)`."""
    if not text.startswith("("):
        return False
    depth = 0
    for match in re.finditer(r"[()\[\]{}]", _STRING.sub(lambda m: "_" * len(m[0]), text)):
        depth += 1 if match[0] in "([{" else -1
        if depth == 0:
            return match.end() == len(text)
    return False


def _setters(kind: type, *names: str) -> tuple[Callable[[Any, Any], None], ...]:
    """What sets the fields of a frozen node: its slots."""
    return tuple(getattr(kind, name).__set__ for name in names)


(_name_value,) = _setters(cst.Name, "value")
_attribute_value, _attribute_attr = _setters(cst.Attribute, "value", "attr")
_call_func, _call_args = _setters(cst.Call, "func", "args")
_arg_keyword, _arg_value, _arg_star = _setters(cst.Arg, "keyword", "value", "star")
(_line_body,) = _setters(cst.SimpleStatementLine, "body")
(_target_target,) = _setters(cst.AssignTarget, "target")
_assign_targets, _assign_value = _setters(cst.Assign, "targets", "value")


class _Drafting:
    """From `ast` to drafts of LibCST's nodes, for the rows of one unit."""

    def __init__(self, source: Source, holes: Iterable[tuple[int, int]]) -> None:
        self._source = source
        self._holes = frozenset(holes)
        #: By the `id` of the node, which the draft keeps alive: LibCST's nodes hash in Python.
        self.trees: dict[int, ast.AST] = {}

    # Expressions

    def expression(self, tree: ast.AST) -> Any:
        # The two most frequent kinds are written out.
        kind = tree.__class__
        if kind is ast.Name:
            return _name(tree.id)  # type: ignore[attr-defined]
        if kind is ast.Attribute:
            node = _make(cst.Attribute)
            _attribute_value(node, self.expression(tree.value))  # type: ignore[attr-defined]
            _attribute_attr(node, _name(tree.attr))  # type: ignore[attr-defined]
        else:
            make = _EXPRESSIONS.get(kind)
            if make is None:
                raise NotDraftedError
            node = make(self, tree)
        self.trees[id(node)] = tree
        return node

    def optional(self, tree: ast.AST | None) -> Any:
        return None if tree is None else self.expression(tree)

    def constant(self, tree: ast.Constant) -> Any:
        value = tree.value
        kind = value.__class__
        if value is None or kind is bool:
            return _name(str(value))
        if kind is str or kind is bytes:
            return _node(cst.SimpleString, value=repr(value))
        if kind is int:
            return _node(cst.Integer, value=repr(value))
        if kind is float:
            return _node(cst.Float, value=repr(value))
        return _node(cst.Imaginary, value=repr(value)) if kind is complex else _node(cst.Ellipsis)

    def call(self, tree: ast.Call) -> Any:
        node = _make(cst.Call)
        _call_func(node, self.expression(tree.func))
        _call_args(node, self.arguments(tree.args, tree.keywords))
        return node

    def arguments(self, positional: Sequence[ast.expr], keywords: Sequence[ast.keyword]) -> tuple[Any, ...]:
        given: list[Any] = [*positional, *keywords]
        if keywords and any(argument.__class__ is ast.Starred for argument in positional):
            given.sort(key=lambda argument: (argument.lineno, argument.col_offset))
        return tuple([self.argument(argument) for argument in given])

    def argument(self, tree: Any) -> Any:
        node = _make(cst.Arg)
        keyword, star = None, ""
        if tree.__class__ is ast.keyword:
            keyword, star = (None, "**") if tree.arg is None else (_name(tree.arg), "")
            tree = tree.value
        elif tree.__class__ is ast.Starred:
            star, tree = "*", tree.value
        _arg_keyword(node, keyword)
        _arg_value(node, self.expression(tree))
        _arg_star(node, star)
        return node

    def elements(self, trees: Iterable[ast.expr]) -> tuple[Any, ...]:
        return tuple(
            [
                _node(cst.StarredElement, value=self.expression(tree.value))
                if isinstance(tree, ast.Starred)
                else _node(cst.Element, value=self.expression(tree))
                for tree in trees
            ]
        )

    def tuple_(self, tree: ast.Tuple) -> Any:
        own = self._is_parenthesized(tree)
        return _node(cst.Tuple, elements=self.elements(tree.elts), lpar=(_LEFT,) if own else (), rpar=())

    def _is_parenthesized(self, tree: ast.Tuple) -> bool:
        first = tree.elts[0] if tree.elts else None
        if first is not None and (first.lineno, first.col_offset) == (tree.lineno, tree.col_offset):
            return False
        return _is_parenthesized(_text(self._source, tree))

    def list_(self, tree: ast.List) -> Any:
        return _node(cst.List, elements=self.elements(tree.elts))

    def set_(self, tree: ast.Set) -> Any:
        return _node(cst.Set, elements=self.elements(tree.elts))

    def dict_(self, tree: ast.Dict) -> Any:
        elements = [
            _node(cst.StarredDictElement, value=self.expression(value))
            if key is None
            else _node(cst.DictElement, key=self.expression(key), value=self.expression(value))
            for key, value in zip(tree.keys, tree.values, strict=True)
        ]
        return _node(cst.Dict, elements=tuple(elements))

    def subscript(self, tree: ast.Subscript) -> Any:
        inner = tree.slice
        is_many = isinstance(inner, ast.Tuple) and bool(inner.elts) and not self._is_parenthesized(inner)
        slices = inner.elts if is_many else [inner]  # type: ignore[attr-defined]
        elements = tuple([_node(cst.SubscriptElement, slice=self.index(part)) for part in slices])
        return _node(cst.Subscript, value=self.expression(tree.value), slice=elements)

    def index(self, tree: ast.expr) -> Any:
        if isinstance(tree, ast.Slice):
            lower, upper, step = self.optional(tree.lower), self.optional(tree.upper), self.optional(tree.step)
            return _node(cst.Slice, lower=lower, upper=upper, step=step)
        if isinstance(tree, ast.Starred):
            return _node(cst.Index, value=self.expression(tree.value), star="*")
        return _node(cst.Index, value=self.expression(tree), star=None)

    def binary(self, tree: ast.BinOp) -> Any:
        left, right = self.expression(tree.left), self.expression(tree.right)
        return _node(cst.BinaryOperation, left=left, operator=_OPERATORS[type(tree.op)], right=right)

    def boolean(self, tree: ast.BoolOp) -> Any:
        operator = _OPERATORS[type(tree.op)]
        node = self.expression(tree.values[0])
        for value in tree.values[1:]:
            node = _node(cst.BooleanOperation, left=node, operator=operator, right=self.expression(value))
        return node

    def unary(self, tree: ast.UnaryOp) -> Any:
        operand = self.expression(tree.operand)
        return _node(cst.UnaryOperation, operator=_OPERATORS[type(tree.op)], expression=operand)

    def comparison(self, tree: ast.Compare) -> Any:
        targets = [
            _node(cst.ComparisonTarget, operator=_OPERATORS[type(op)], comparator=self.expression(right))
            for op, right in zip(tree.ops, tree.comparators, strict=True)
        ]
        return _node(cst.Comparison, left=self.expression(tree.left), comparisons=tuple(targets))

    def conditional(self, tree: ast.IfExp) -> Any:
        body, test, orelse = self.expression(tree.body), self.expression(tree.test), self.expression(tree.orelse)
        return _node(cst.IfExp, body=body, test=test, orelse=orelse)

    def lambda_(self, tree: ast.Lambda) -> Any:
        return _node(cst.Lambda, params=self.parameters(tree.args), body=self.expression(tree.body))

    def walrus(self, tree: ast.NamedExpr) -> Any:
        return _node(cst.NamedExpr, target=self.expression(tree.target), value=self.expression(tree.value))

    def await_(self, tree: ast.Await) -> Any:
        return _node(cst.Await, expression=self.expression(tree.value))

    def yield_(self, tree: ast.Yield) -> Any:
        return _node(cst.Yield, value=self.optional(tree.value))

    def yield_from(self, tree: ast.YieldFrom) -> Any:
        return _node(cst.Yield, value=_node(cst.From, item=self.expression(tree.value)))

    def formatted(self, tree: ast.JoinedStr) -> Any:
        parts = [
            _node(
                cst.FormattedStringExpression,
                expression=self.expression(part.value),
                conversion=None,
                format_spec=self.formatted(part.format_spec).parts if part.format_spec is not None else None,  # type: ignore[arg-type]
            )
            if isinstance(part, ast.FormattedValue)
            else _node(cst.FormattedStringText, value=str(part.value))  # type: ignore[attr-defined]
            for part in tree.values
        ]
        return _node(cst.FormattedString, parts=tuple(parts), start='f"', end='"')

    def comprehension(self, tree: Any) -> Any:
        kind = {ast.ListComp: cst.ListComp, ast.SetComp: cst.SetComp}.get(type(tree), cst.GeneratorExp)
        return _node(kind, elt=self.expression(tree.elt), for_in=self.loops(tree.generators))

    def dict_comprehension(self, tree: ast.DictComp) -> Any:
        key, value = self.expression(tree.key), self.expression(tree.value)
        return _node(cst.DictComp, key=key, value=value, for_in=self.loops(tree.generators))

    def loops(self, generators: Sequence[ast.comprehension]) -> Any:
        inner = None
        for loop in reversed(generators):
            inner = _node(
                cst.CompFor,
                target=self.expression(loop.target),
                iter=self.expression(loop.iter),
                ifs=tuple([_node(cst.CompIf, test=self.expression(test)) for test in loop.ifs]),
                inner_for_in=inner,
                asynchronous=_ASYNC if loop.is_async else None,
            )
        return inner

    # Statements

    def statements(self, trees: Sequence[ast.stmt]) -> tuple[Any, ...]:
        found: list[Any] = []
        row = 0  # on which the simple statement before ended
        for tree in trees:
            if tree.__class__ in _STATEMENTS:
                if self._holes and (first_row(tree, self._source), last_row(tree)) in self._holes:
                    found.append(_line((_node(cst.Pass),)))
                else:
                    found.append(_STATEMENTS[tree.__class__](self, tree))
                row = 0
                continue
            small = self.simple(tree)
            if row == tree.lineno:
                found[-1] = _line((*found[-1].body, small))
            else:
                found.append(_line((small,)))
            row = tree.end_lineno or tree.lineno
        return tuple(found)

    def simple(self, tree: ast.stmt) -> Any:
        make = _SMALL.get(tree.__class__)
        if make is None:
            raise NotDraftedError
        return make(self, tree)

    def suite(self, around: Any, trees: Sequence[ast.stmt]) -> Any:
        if trees[0].lineno == around.lineno and trees[0].__class__ in _SMALL:
            return _node(cst.SimpleStatementSuite, body=tuple([self.simple(tree) for tree in trees]))
        return _node(cst.IndentedBlock, body=self.statements(trees))

    def definition(self, tree: Any) -> Any:
        return self.class_(tree) if isinstance(tree, ast.ClassDef) else self.function(tree)

    def function(self, tree: Any) -> Any:
        return _node(
            cst.FunctionDef,
            decorators=self.decorators(tree),
            name=_name(tree.name),
            params=self.parameters(tree.args),
            returns=self.annotation(tree.returns),
            body=self.suite(tree, tree.body),
            asynchronous=_ASYNC if isinstance(tree, ast.AsyncFunctionDef) else None,
            type_parameters=None,
        )

    def class_(self, tree: ast.ClassDef) -> Any:
        return _node(
            cst.ClassDef,
            decorators=self.decorators(tree),
            name=_name(tree.name),
            bases=self.arguments(tree.bases, ()),
            keywords=self.arguments((), tree.keywords),
            body=self.suite(tree, tree.body),
            type_parameters=None,
        )

    def decorators(self, tree: Any) -> tuple[Any, ...]:
        return tuple([_node(cst.Decorator, decorator=self.expression(d)) for d in tree.decorator_list])

    def annotation(self, tree: ast.expr | None) -> Any:
        return None if tree is None else _node(cst.Annotation, annotation=self.expression(tree))

    def parameters(self, tree: ast.arguments) -> Any:
        plain = [*tree.posonlyargs, *tree.args]
        defaults = [None] * (len(plain) - len(tree.defaults)) + list(tree.defaults)
        made = [self.parameter(a, default, "") for a, default in zip(plain, defaults, strict=True)]
        star: Any = cst.MaybeSentinel.DEFAULT
        if tree.vararg is not None:
            star = self.parameter(tree.vararg, None, "*")
        elif tree.kwonlyargs:
            star = _node(cst.ParamStar)
        only = [self.parameter(a, d, "") for a, d in zip(tree.kwonlyargs, tree.kw_defaults, strict=True)]
        return _node(
            cst.Parameters,
            posonly_params=tuple(made[: len(tree.posonlyargs)]),
            params=tuple(made[len(tree.posonlyargs) :]),
            star_arg=star,
            kwonly_params=tuple(only),
            star_kwarg=None if tree.kwarg is None else self.parameter(tree.kwarg, None, "**"),
        )

    def parameter(self, tree: ast.arg, default: ast.expr | None, star: str) -> Any:
        annotation = self.annotation(tree.annotation)
        return _node(cst.Param, name=_name(tree.arg), annotation=annotation, default=self.optional(default), star=star)

    def if_(self, tree: ast.If) -> Any:
        test, body = self.expression(tree.test), self.suite(tree, tree.body)
        below = tree.orelse
        orelse = None
        if len(below) == 1 and isinstance(below[0], ast.If) and below[0].col_offset == tree.col_offset:
            orelse = self.if_(below[0])
        elif below:
            orelse = self.else_(below)
        return _node(cst.If, test=test, body=body, orelse=orelse)

    def else_(self, trees: Sequence[ast.stmt]) -> Any:
        return _node(cst.Else, body=_node(cst.IndentedBlock, body=self.statements(trees))) if trees else None

    def for_(self, tree: Any) -> Any:
        return _node(
            cst.For,
            target=self.expression(tree.target),
            iter=self.expression(tree.iter),
            body=self.suite(tree, tree.body),
            orelse=self.else_(tree.orelse),
            asynchronous=_ASYNC if isinstance(tree, ast.AsyncFor) else None,
        )

    def while_(self, tree: ast.While) -> Any:
        test, body = self.expression(tree.test), self.suite(tree, tree.body)
        return _node(cst.While, test=test, body=body, orelse=self.else_(tree.orelse))

    def with_(self, tree: Any) -> Any:
        items = [
            _node(cst.WithItem, item=self.expression(item.context_expr), asname=self.as_name(item.optional_vars))
            for item in tree.items
        ]
        asynchronous = _ASYNC if isinstance(tree, ast.AsyncWith) else None
        return _node(cst.With, items=tuple(items), body=self.suite(tree, tree.body), asynchronous=asynchronous)

    def as_name(self, tree: ast.expr | None) -> Any:
        return None if tree is None else _node(cst.AsName, name=self.expression(tree))

    def try_(self, tree: Any) -> Any:
        is_plain = isinstance(tree, ast.Try)
        kind = cst.ExceptHandler if is_plain else cst.ExceptStarHandler
        handlers = [
            _node(
                kind,
                type=self.optional(handler.type),
                name=None if handler.name is None else _node(cst.AsName, name=_name(handler.name)),
                body=self.suite(handler, handler.body),
            )
            for handler in tree.handlers
        ]
        final = _node(cst.IndentedBlock, body=self.statements(tree.finalbody)) if tree.finalbody else None
        return _node(
            cst.Try if is_plain else cst.TryStar,
            body=self.suite(tree, tree.body),
            handlers=tuple(handlers),
            orelse=self.else_(tree.orelse),
            finalbody=_node(cst.Finally, body=final) if final is not None else None,
        )

    def match(self, tree: ast.Match) -> Any:
        cases = [
            _node(
                cst.MatchCase,
                pattern=self.pattern(case.pattern),
                guard=self.optional(case.guard),
                body=_node(cst.IndentedBlock, body=self.statements(case.body)),
            )
            for case in tree.cases
        ]
        return _node(cst.Match, subject=self.expression(tree.subject), cases=tuple(cases))

    def pattern(self, tree: ast.pattern) -> Any:
        if isinstance(tree, ast.MatchValue):
            return _node(cst.MatchValue, value=self.expression(tree.value))
        if isinstance(tree, ast.MatchSingleton):
            return _node(cst.MatchSingleton, value=_name(str(tree.value)))
        if isinstance(tree, ast.MatchSequence):
            return _node(cst.MatchList, patterns=tuple(map(self.pattern_element, tree.patterns)))
        if isinstance(tree, ast.MatchMapping):
            pairs = zip(tree.keys, tree.patterns, strict=True)
            elements = [
                _node(cst.MatchMappingElement, key=self.expression(key), pattern=self.pattern(pattern))
                for key, pattern in pairs
            ]
            return _node(cst.MatchMapping, elements=tuple(elements), rest=_name(tree.rest) if tree.rest else None)
        if isinstance(tree, ast.MatchClass):
            named = zip(tree.kwd_attrs, tree.kwd_patterns, strict=True)
            keywords = [_node(cst.MatchKeywordElement, key=_name(k), pattern=self.pattern(p)) for k, p in named]
            return _node(
                cst.MatchClass,
                cls=self.expression(tree.cls),
                patterns=tuple(map(self.pattern_element, tree.patterns)),
                kwds=tuple(keywords),
            )
        if isinstance(tree, ast.MatchOr):
            alternatives = [_node(cst.MatchOrElement, pattern=self.pattern(one)) for one in tree.patterns]
            return _node(cst.MatchOr, patterns=tuple(alternatives))
        assert isinstance(tree, ast.MatchAs)
        pattern = self.pattern(tree.pattern) if tree.pattern is not None else None
        return _node(cst.MatchAs, pattern=pattern, name=_name(tree.name) if tree.name else None)

    def pattern_element(self, tree: ast.pattern) -> Any:
        if isinstance(tree, ast.MatchStar):
            return _node(cst.MatchStar, name=_name(tree.name) if tree.name else None)
        return _node(cst.MatchSequenceElement, value=self.pattern(tree))

    def assign(self, tree: ast.Assign) -> Any:
        targets = []
        for target in tree.targets:
            made = _make(cst.AssignTarget)
            _target_target(made, self.expression(target))
            targets.append(made)
        node = _make(cst.Assign)
        _assign_targets(node, tuple(targets))
        _assign_value(node, self.expression(tree.value))
        return node

    def annotated(self, tree: ast.AnnAssign) -> Any:
        target, annotation = self.expression(tree.target), self.annotation(tree.annotation)
        return _node(cst.AnnAssign, target=target, annotation=annotation, value=self.optional(tree.value))

    def augmented(self, tree: ast.AugAssign) -> Any:
        target, value = self.expression(tree.target), self.expression(tree.value)
        return _node(cst.AugAssign, target=target, operator=_AUGMENTED[type(tree.op)], value=value)

    def expr(self, tree: ast.Expr) -> Any:
        return _node(cst.Expr, value=self.expression(tree.value))

    def return_(self, tree: ast.Return) -> Any:
        return _node(cst.Return, value=self.optional(tree.value))

    def raise_(self, tree: ast.Raise) -> Any:
        cause = None if tree.cause is None else _node(cst.From, item=self.expression(tree.cause))
        return _node(cst.Raise, exc=self.optional(tree.exc), cause=cause)

    def assert_(self, tree: ast.Assert) -> Any:
        return _node(cst.Assert, test=self.expression(tree.test), msg=self.optional(tree.msg))

    def delete(self, tree: ast.Delete) -> Any:
        if len(tree.targets) == 1:
            return _node(cst.Del, target=self.expression(tree.targets[0]))
        return _node(cst.Del, target=_node(cst.Tuple, elements=self.elements(tree.targets), lpar=(), rpar=()))

    def names(self, tree: Any) -> Any:
        kind = cst.Global if isinstance(tree, ast.Global) else cst.Nonlocal
        return _node(kind, names=tuple([_node(cst.NameItem, name=_name(name)) for name in tree.names]))

    def import_(self, tree: ast.Import) -> Any:
        return _node(cst.Import, names=_aliases(tree.names))

    def import_from(self, tree: ast.ImportFrom) -> Any:
        return _node(
            cst.ImportFrom,
            module=_dotted(tree.module) if tree.module else None,
            names=_node(cst.ImportStar) if tree.names[0].name == "*" else _aliases(tree.names),
            relative=tuple([_DOT] * tree.level),
        )


def _name(value: str) -> Any:
    node = _make(cst.Name)
    _name_value(node, value)
    return node


def _line(body: tuple[Any, ...]) -> Any:
    node = _make(cst.SimpleStatementLine)
    _line_body(node, body)
    return node


def _dotted(name: str) -> Any:
    head, *rest = name.split(".")
    node = _name(head)
    for part in rest:
        node = _node(cst.Attribute, value=node, attr=_name(part))
    return node


def _aliases(trees: Iterable[ast.alias]) -> tuple[Any, ...]:
    return tuple(
        [
            _node(
                cst.ImportAlias,
                name=_dotted(tree.name),
                asname=None if tree.asname is None else _node(cst.AsName, name=_name(tree.asname)),
            )
            for tree in trees
        ]
    )


_ASYNC, _DOT, _LEFT = cst.Asynchronous(), cst.Dot(), cst.LeftParen()
_EXPRESSIONS: dict[type, Callable[[_Drafting, Any], Any]] = {
    ast.Constant: _Drafting.constant,
    ast.Call: _Drafting.call,
    ast.Tuple: _Drafting.tuple_,
    ast.List: _Drafting.list_,
    ast.Set: _Drafting.set_,
    ast.Dict: _Drafting.dict_,
    ast.Subscript: _Drafting.subscript,
    ast.BinOp: _Drafting.binary,
    ast.BoolOp: _Drafting.boolean,
    ast.UnaryOp: _Drafting.unary,
    ast.Compare: _Drafting.comparison,
    ast.IfExp: _Drafting.conditional,
    ast.Lambda: _Drafting.lambda_,
    ast.NamedExpr: _Drafting.walrus,
    ast.Await: _Drafting.await_,
    ast.Yield: _Drafting.yield_,
    ast.YieldFrom: _Drafting.yield_from,
    ast.JoinedStr: _Drafting.formatted,
    ast.ListComp: _Drafting.comprehension,
    ast.SetComp: _Drafting.comprehension,
    ast.GeneratorExp: _Drafting.comprehension,
    ast.DictComp: _Drafting.dict_comprehension,
}
_SMALL: dict[type, Callable[[_Drafting, Any], Any]] = {
    ast.Assign: _Drafting.assign,
    ast.AnnAssign: _Drafting.annotated,
    ast.AugAssign: _Drafting.augmented,
    ast.Expr: _Drafting.expr,
    ast.Return: _Drafting.return_,
    ast.Raise: _Drafting.raise_,
    ast.Assert: _Drafting.assert_,
    ast.Delete: _Drafting.delete,
    ast.Global: _Drafting.names,
    ast.Nonlocal: _Drafting.names,
    ast.Import: _Drafting.import_,
    ast.ImportFrom: _Drafting.import_from,
    ast.Pass: lambda _, __: _node(cst.Pass),
    ast.Break: lambda _, __: _node(cst.Break),
    ast.Continue: lambda _, __: _node(cst.Continue),
}
_STATEMENTS: dict[type, Callable[[_Drafting, Any], Any]] = {
    ast.FunctionDef: _Drafting.function,
    ast.AsyncFunctionDef: _Drafting.function,
    ast.ClassDef: _Drafting.class_,
    ast.If: _Drafting.if_,
    ast.For: _Drafting.for_,
    ast.AsyncFor: _Drafting.for_,
    ast.While: _Drafting.while_,
    ast.With: _Drafting.with_,
    ast.AsyncWith: _Drafting.with_,
    ast.Try: _Drafting.try_,
    **({ast.TryStar: _Drafting.try_} if hasattr(ast, "TryStar") else {}),
    ast.Match: _Drafting.match,
}
