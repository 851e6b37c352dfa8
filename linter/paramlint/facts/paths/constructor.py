"""A walk along every path of a constructor, to see which of the memory it allocates is written before it ends.

It follows own methods, base classes, helper functions and loops, inside the project and only where they matter. What it
cannot see is taken as written or as unknown, never as unwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import libcst as cst

from paramlint.facts.paths import calls, expressions
from paramlint.facts.paths.allocations import Allocation
from paramlint.facts.paths.conditions import branch, text_of
from paramlint.facts.paths.relevance import Relevance
from paramlint.facts.paths.values import (
    EMPTY,
    Constant,
    Function,
    Instance,
    Items,
    Path,
    Symbol,
    Tensor,
    Value,
)
from paramlint.syntax.walk import walk as nodes_of

if TYPE_CHECKING:
    from paramlint.facts.classes import Class
    from paramlint.facts.scopes import Scope

#: More paths than these, or more statements walked, and nothing is said about the class.
MAX_PATHS = 64
MAX_STEPS = 8_000
MAX_DEPTH = 12

Outcomes = list[tuple[Value, Path]]


class TooManyPathsError(Exception):
    """The constructor has more paths than are worth following."""


class Construction:
    """The walk through one class's construction, or through one of its methods.

    Attributes:
        allocations: what is allocated, in the order in which it was met; a cell's number is its index.
        parameters: the cells that become parameters.
        entered: the functions that were walked.
        depth_of_loops: how many loops are around the current statement.
    """

    def __init__(self, cls: Class) -> None:
        self.cls = cls
        self.allocations: list[Allocation] = []
        self.parameters: set[int] = set()
        self.entered: set[Scope] = set()
        self.depth_of_loops = 0
        self.relevance = Relevance(cls)
        self._cells: dict[cst.CSTNode, int] = {}
        self._stack: list[cst.CSTNode] = []
        self._steps = 0

    def run(self, method: Scope) -> list[Path]:
        """The paths through a method of the class that end normally.

        Raises:
            TooManyPathsError: there are too many.
        """
        node = method.node
        if not isinstance(node, cst.FunctionDef):
            return []
        return [path for _, path in self.call(Function(method, node, is_bound=True), [], Path())]

    # Functions

    def call(self, function: Function, arguments: list[tuple[str, Value]], path: Path) -> Outcomes:
        """Walk a function; `arguments` are (keyword or "", value) pairs.

        One that is being walked already is left out, and what it is given counts as written.
        """
        scope, node = function.scope, function.node
        if node in self._stack or len(self._stack) >= MAX_DEPTH:
            calls.hand_over([value for _, value in arguments], path)
            return [(None, path)]
        outer = path.names
        self.entered.add(scope)
        around = outer if node is not scope.node else {}
        path.names = {**around, **self._bind(function, arguments, path)}
        self._stack.append(node)
        try:
            if isinstance(node, cst.Lambda):
                outcomes = self.evaluate(scope, node.body, path)
            else:
                outcomes = [(p.result, p) for p in self.block(scope, node.body.body, [path])]
        finally:
            self._stack.pop()
        for _, ended in outcomes:
            ended.names, ended.result, ended.exit = dict(outer), None, ""
        return outcomes

    def _bind(self, function: Function, arguments: list[tuple[str, Value]], path: Path) -> dict[str, Value]:
        """The names of a function's parameters; those of the constructor itself can have any value."""
        params = function.node.params
        positional = [p.name.value for p in (*params.posonly_params, *params.params)]
        names: dict[str, Value] = {}
        for param in (*params.posonly_params, *params.params, *params.kwonly_params):
            default = self.value(function.scope, param.default, path) if param.default and self._stack else None
            names[param.name.value] = default if isinstance(default, Constant) else Symbol(param.name.value)
        given: list[Value] = [Instance()] if function.is_bound else []
        given += [value for keyword, value in arguments if not keyword]
        names.update(zip(positional, given, strict=False))
        if isinstance(params.star_arg, cst.Param):
            names[params.star_arg.name.value] = Items(tuple(given[len(positional) :]))
        names.update((k, v) for k, v in (*function.given, *arguments) if k)
        return {name: value if value is not None else Symbol(name) for name, value in names.items()}

    # Statements

    def block(self, scope: Scope, body: Iterable[cst.CSTNode], paths: list[Path]) -> list[Path]:
        """Walk statements one after the other, on each path."""
        for statement in body:
            going = [path for path in paths if not path.exit]
            if not going:
                break
            found = [path for path in paths if path.exit]
            for path in going:
                found.extend(self._statement(scope, statement, path))
            is_split = len(found) > len(paths)  # only then two of them are likely to have the same future
            paths = list({path.key: path for path in found}.values()) if is_split else found
            self._steps += len(paths)
            if len(paths) > MAX_PATHS or self._steps > MAX_STEPS:
                raise TooManyPathsError
        return paths

    def _statement(self, scope: Scope, node: cst.CSTNode, path: Path) -> list[Path]:
        kind = node.__class__
        if kind in _BLOCKS and not self.relevance.of_statement(scope, node, path):
            self._forget_bound(scope, node, path)
            return [path]
        walk = _STATEMENTS.get(kind)
        return [path] if walk is None else walk(self, scope, node, path)

    def _suite(self, scope: Scope, node: cst.SimpleStatementLine, path: Path) -> list[Path]:
        return self.block(scope, node.body, [path])

    def _choice(self, scope: Scope, node: cst.If, path: Path) -> list[Path]:
        return self._if(scope, node, path, _is_choice(scope, node))

    def _while(self, scope: Scope, node: cst.While, path: Path) -> list[Path]:
        return _end_loop(self.block(scope, _body(node.body), [path]))

    def _with(self, scope: Scope, node: cst.With, path: Path) -> list[Path]:
        return self.block(scope, _body(node.body), [path])

    def _try(self, scope: Scope, node: cst.Try, path: Path) -> list[Path]:
        parts = [node.body, node.orelse, node.finalbody]
        return self.block(scope, [s for part in parts if part is not None for s in _body(part)], [path])

    def _match(self, scope: Scope, node: cst.Match, path: Path) -> list[Path]:
        return [p for case in node.cases for p in self.block(scope, _body(case.body), [path.fork()])]

    def _define(self, scope: Scope, node: cst.FunctionDef, path: Path) -> list[Path]:
        path.names[node.name.value] = Function(scope, node)
        return [path]

    def _plain_assign(self, scope: Scope, node: cst.Assign, path: Path) -> list[Path]:
        return self._assign(scope, [target.target for target in node.targets], node.value, path)

    def _annotated_assign(self, scope: Scope, node: cst.AnnAssign, path: Path) -> list[Path]:
        return [path] if node.value is None else self._assign(scope, [node.target], node.value, path)

    def _expression(self, scope: Scope, node: cst.Expr, path: Path) -> list[Path]:
        return [p for _, p in self.evaluate(scope, node.value, path)]

    def _raise(self, scope: Scope, node: cst.Raise, path: Path) -> list[Path]:  # noqa: ARG002
        return []

    def _assert(self, scope: Scope, node: cst.Assert, path: Path) -> list[Path]:
        return branch(self, scope, node.test, path)[0]

    def _leave_loop(self, scope: Scope, node: cst.CSTNode, path: Path) -> list[Path]:  # noqa: ARG002
        path.exit = "loop"
        return [path]

    def _if(self, scope: Scope, node: cst.If, path: Path, is_choice: bool) -> list[Path]:
        true, false = branch(self, scope, node.test, path)
        done = self.block(scope, _body(node.body), true)
        if isinstance(node.orelse, cst.If):
            return done + [q for p in false for q in self._if(scope, node.orelse, p, is_choice)]
        if node.orelse is not None:
            return done + self.block(scope, _body(node.orelse.body), false)
        return done if is_choice else done + false

    def _for(self, scope: Scope, node: cst.For, path: Path) -> list[Path]:
        """A loop over known items is walked once for each; any other one once. No loop is taken for empty."""
        done: list[Path] = []
        for iterated, start in self.evaluate(scope, node.iter, path):
            items: Sequence[Value] = iterated.values if isinstance(iterated, Items) else ()
            paths = [start]
            self.depth_of_loops += 1
            for item in items or (None,):
                for p in paths:
                    self.store(scope, node.target, item, node.iter, p)
                paths = _end_loop(self.block(scope, _body(node.body), paths))
            self.depth_of_loops -= 1
            done += paths
        return done

    def _return(self, scope: Scope, node: cst.Return, path: Path) -> list[Path]:
        outcomes = self.evaluate(scope, node.value, path) if node.value is not None else [(None, path)]
        for value, ended in outcomes:
            ended.exit, ended.result = "return", value
        return [ended for _, ended in outcomes]

    def _assign(
        self, scope: Scope, targets: list[cst.BaseAssignTargetExpression], value: cst.BaseExpression, path: Path
    ) -> list[Path]:
        outcomes = self.evaluate(scope, value, path)
        for found, p in outcomes:
            for target in targets:
                self.store(scope, target, found, value, p)
        return [p for _, p in outcomes]

    def _augment(self, scope: Scope, node: cst.AugAssign, path: Path) -> list[Path]:
        """`list += items` extends; arithmetic on a tensor leaves garbage garbage."""
        outcomes = self.evaluate(scope, node.value, path)
        for added, p in outcomes:
            before = self.value(scope, node.target, p)
            if isinstance(before, Items):
                more = added.values if isinstance(added, Items) else (added,)
                self.store(scope, node.target, Items(before.values + more), node.value, p)
            elif not isinstance(before, Tensor):
                self.store(scope, node.target, None, node.value, p)
        return [p for _, p in outcomes]

    def _forget_bound(self, scope: Scope, node: cst.CSTNode, path: Path) -> None:
        """Statements that were not walked leave the names that they assign with values of their own."""
        inner: Any
        for inner in nodes_of(node):
            kind = inner.__class__
            if kind is cst.Assign:
                for target in inner.targets:
                    self.store(scope, target.target, Symbol(f"{scope.text(target.target)}'"), inner.value, path)
            elif kind is cst.For:
                self.store(scope, inner.target, None, inner.target, path)

    # Storing

    def store(self, scope: Scope, target: Any, value: Value, source: cst.CSTNode, path: Path) -> None:
        """Give an assignment's target its value; `source` is the expression that it comes from."""
        kind = target.__class__
        if kind is cst.Name:
            path.names[target.value] = value if value is not None else Symbol(text_of(scope, source, path))
        elif kind is cst.Tuple or kind is cst.List:
            parts = value.values if isinstance(value, Items) else ()
            if len(parts) != len(target.elements):
                parts = (None,) * len(target.elements)
                self.lose(value, path)
            for element, part in zip(target.elements, parts, strict=True):
                self.store(scope, element.value, part, element.value if part is None else source, path)
        elif kind is cst.Subscript:
            self._store_item(scope, target, value, path)
        elif kind is cst.Attribute:
            self._store_attribute(scope, target, value, source, path)

    def _store_item(self, scope: Scope, target: cst.Subscript, value: Value, path: Path) -> None:
        owner = self.value(scope, target, path)
        container = self.value(scope, target.value, path)
        if isinstance(owner, Tensor) and not isinstance(container, Items):
            path.write(owner)
        elif isinstance(container, Items):
            self.replace(scope, target.value, Items((*container.values, value)), path)
        else:
            self.lose(value, path)

    def _store_attribute(
        self, scope: Scope, target: cst.Attribute, value: Value, source: cst.CSTNode, path: Path
    ) -> None:
        owner = self.value(scope, target.value, path)
        if isinstance(owner, Instance):
            path.attributes[target.attr.value] = value if value is not None else Symbol(text_of(scope, source, path))
        elif isinstance(owner, Tensor) and target.attr.value == "data":
            path.write(owner)
        else:
            self.lose(value, path)

    def replace(self, scope: Scope, target: cst.BaseExpression, value: Value, path: Path) -> None:
        """Give a container that a name or attribute holds a new content."""
        if isinstance(target, (cst.Name, cst.Attribute)):
            self.store(scope, target, value, target, path)
        else:
            self.lose(value, path)

    def lose(self, value: Value, path: Path) -> None:
        """A value goes where this walk does not follow."""
        path.write(value, certain=False)

    def allocate(self, allocation: Allocation, path: Path) -> Tensor:
        """The memory of an allocation, unwritten."""
        cell = self._cells.setdefault(allocation.node, len(self.allocations))
        if cell == len(self.allocations):
            self.allocations.append(allocation)
        path.cells[cell] = EMPTY
        return Tensor(frozenset({cell}))

    # Expressions

    def evaluate(self, scope: Scope, node: cst.BaseExpression, path: Path) -> Outcomes:
        """The values that an expression can have, each with the path on which it has it."""
        return expressions.evaluate(self, scope, node, path)

    def value(self, scope: Scope, node: cst.CSTNode, path: Path) -> Value:
        """What a name, an attribute or a literal stands for; nothing is executed."""
        return expressions.look(self, scope, node, path)


#: Statements with blocks that are walked only where they matter.
_BLOCKS = frozenset({cst.If, cst.For, cst.While, cst.Try, cst.Match})
_STATEMENTS: dict[type, Callable[[Construction, Scope, Any, Path], list[Path]]] = {
    cst.SimpleStatementLine: Construction._suite,
    cst.SimpleStatementSuite: Construction._suite,
    cst.If: Construction._choice,
    cst.For: Construction._for,
    cst.While: Construction._while,
    cst.With: Construction._with,
    cst.Try: Construction._try,
    cst.Match: Construction._match,
    cst.FunctionDef: Construction._define,
    cst.Assign: Construction._plain_assign,
    cst.AnnAssign: Construction._annotated_assign,
    cst.AugAssign: Construction._augment,
    cst.Expr: Construction._expression,
    cst.Return: Construction._return,
    cst.Raise: Construction._raise,
    cst.Assert: Construction._assert,
    cst.Break: Construction._leave_loop,
    cst.Continue: Construction._leave_loop,
}


def _body(node: cst.BaseSuite | cst.BaseCompoundStatement | cst.Else | cst.Finally) -> Sequence[cst.CSTNode]:
    body = node.body
    return body.body if isinstance(body, cst.BaseSuite) else body


def _end_loop(paths: list[Path]) -> list[Path]:
    for path in paths:
        if path.exit == "loop":
            path.exit = ""
    return paths


def _is_choice(scope: Scope, node: cst.If) -> bool:
    """Whether an `if ... elif ...` without `else` picks one of several values: what it leaves out is not meant."""
    subjects: list[str] = []
    current: cst.CSTNode | None = node
    while isinstance(current, cst.If):
        test = current.test
        if not isinstance(test, cst.Comparison) or not isinstance(test.comparisons[0].operator, (cst.Equal, cst.In)):
            return False
        subjects.append(scope.text(test.left))
        current = current.orelse
    return current is None and len(subjects) > 1 and len(set(subjects)) == 1
