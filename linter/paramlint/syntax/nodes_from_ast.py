"""Nodes made from a file's `ast`, which costs a small part of what parsing with LibCST does.

What is found in them counts only where LibCST's parse says the same. So they may promise too much, never too little:
strings in a row are one string, a pattern is taken for one that matches all.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from paramlint import nodes
from paramlint.nodes import operators
from paramlint.source.text import Source
from paramlint.syntax.expressions_from_ast import OPERATORS, ExpressionTranslation
from paramlint.syntax.outline import NotInAstError, first_row, last_row

_AUGMENTED: dict[type, operators.AugmentedOperator] = {
    kind: getattr(operators, f"{type(operator).__name__}Assign")()
    for kind, operator in OPERATORS.items()
    if isinstance(operator, operators.BinaryOperator)
}


class Translation(ExpressionTranslation):
    """From `ast` to nodes, for the code of one unit.

    Args:
        source: the file.
        holes: the rows of definitions in whose place a `pass` stands.
    """

    def __init__(self, source: Source, holes: Iterable[tuple[int, int]] = ()) -> None:
        super().__init__(source)
        self._holes = frozenset(holes)

    def statements(self, trees: Sequence[ast.stmt]) -> tuple[nodes.BaseStatement, ...]:
        found: list[Any] = []
        row = 0  # on which the simple statement before ended
        for tree in trees:
            make = _COMPOUND.get(tree.__class__)
            if make is not None:
                is_hole = self._holes and (first_row(tree, self._source), last_row(tree)) in self._holes
                node = nodes.SimpleStatementLine((nodes.Pass(),)) if is_hole else make(self, tree)
                found.append(node)
                if not is_hole:
                    self.trees[node] = tree
                row = 0
                continue
            small = self.simple(tree)
            if row == tree.lineno:
                found[-1] = nodes.SimpleStatementLine((*found[-1].body, small))
            else:
                found.append(nodes.SimpleStatementLine((small,)))
                self.trees[found[-1]] = tree
            row = tree.end_lineno or tree.lineno
        return tuple(found)

    def simple(self, tree: ast.stmt) -> Any:
        make = _SIMPLE.get(tree.__class__)
        if make is None:
            raise NotInAstError
        node = make(self, tree)
        self.trees[node] = tree
        return node

    def block(self, trees: Sequence[ast.stmt]) -> nodes.IndentedBlock:
        return nodes.IndentedBlock(self.statements(trees))

    def suite(self, around: Any, trees: Sequence[ast.stmt]) -> nodes.BaseSuite:
        if trees[0].lineno == around.lineno and trees[0].__class__ in _SIMPLE:
            return nodes.SimpleStatementSuite(tuple([self.simple(tree) for tree in trees]))
        return self.block(trees)

    def module(self, tree: ast.Module) -> nodes.Module:
        return nodes.Module(self.statements(tree.body))

    def definition(self, tree: Any) -> Any:
        node = _COMPOUND[tree.__class__](self, tree)
        self.trees[node] = tree
        return node

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
