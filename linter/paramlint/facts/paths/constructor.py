"""A walk along every path of a constructor, to see which of the memory it allocates is written before it ends.

It follows own methods, base classes, helper functions and loops, inside the project and only where they matter. What it
cannot see is taken as written or as unknown, never as unwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from paramlint import nodes
from paramlint.facts.paths import calls, expressions
from paramlint.facts.paths.allocations import Allocation
from paramlint.facts.paths.conditions import branch, text_of
from paramlint.facts.paths.joined import MAX_PATHS, joined, joined_rows
from paramlint.facts.paths.relevance import Relevance
from paramlint.facts.paths.tables import Table
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
from paramlint.nodes import operators
from paramlint.syntax.walk import walk as nodes_of

if TYPE_CHECKING:
    from paramlint.facts.classes import Class
    from paramlint.facts.scopes import Scope

#: More statements and expressions walked than these, and nothing is said about the class.
MAX_STEPS = 100_000
MAX_DEPTH = 12

Outcomes = list[tuple[Value, Path]]


class TooManyStepsError(Exception):
    """The constructor takes more steps than are worth following."""


class Construction:
    """The walk through one class's construction, or through one of its methods.

    Attributes:
        allocations: what is allocated, in the order in which it was met; a cell's number is its index.
        parameters: the cells that become parameters.
        entered: the functions that were walked.
        depth_of_loops: how many loops are around the current statement.
        is_joined: whether there were so many paths that some were made one.
    """

    def __init__(self, cls: Class) -> None:
        self.cls = cls
        self.allocations: list[Allocation] = []
        self.parameters: set[int] = set()
        self.entered: set[Scope] = set()
        self.depth_of_loops = 0
        self.is_joined = False
        self.relevance = Relevance(cls)
        self._cells: dict[nodes.Node, int] = {}
        self._stack: list[nodes.Node] = []
        self._steps = 0

    def run(self, method: Scope) -> list[Path]:
        """The paths through a method of the class that end normally.

        Raises:
            TooManyStepsError: it takes too many steps.
        """
        node = method.node
        if not isinstance(node, nodes.FunctionDef):
            return []
        return [path for _, path in self.call(Function(method, node, is_bound=True), [], Path())]

    def step(self, steps: int = 1) -> None:
        """Take steps.

        Raises:
            TooManyStepsError: there are none left.
        """
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise TooManyStepsError

    def few(self, paths: list[Path]) -> list[Path]:
        """The same paths, or where they are too many, one in their place for each way in which they end."""
        if len(paths) <= MAX_PATHS:
            return paths
        return [path for _, path in self.few_outcomes([(None, path) for path in paths])]

    def few_outcomes(self, outcomes: Outcomes) -> Outcomes:
        """The same with values."""
        self.step(len(outcomes))
        if len(outcomes) <= MAX_PATHS:
            return outcomes
        self.is_joined = True
        return joined(outcomes)

    def few_rows(self, rows: list[tuple[tuple[Value, ...], Path]]) -> list[tuple[tuple[Value, ...], Path]]:
        """The same of several values each."""
        self.step(len(rows))
        if len(rows) <= MAX_PATHS:
            return rows
        self.is_joined = True
        return [joined_rows(rows)]

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
        bound = self._bind(function, arguments, path)
        path.names = outer.fork() if node is not scope.node else Table()
        for name, value in bound.items():
            path.names[name] = value
        self._stack.append(node)
        try:
            if isinstance(node, nodes.Lambda):
                outcomes = self.evaluate(scope, node.body, path)
            else:
                outcomes = [(p.result, p) for p in self.block(scope, node.body.body, [path])]
        finally:
            self._stack.pop()
        for _, ended in outcomes:
            ended.names, ended.result, ended.exit = outer.fork(), None, ""
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
        if isinstance(params.star_arg, nodes.Param):
            names[params.star_arg.name.value] = Items(tuple(given[len(positional) :]))
        names.update((k, v) for k, v in (*function.given, *arguments) if k)
        return {name: value if value is not None else Symbol(name) for name, value in names.items()}

    # Statements

    def block(self, scope: Scope, body: Iterable[nodes.Node], paths: list[Path]) -> list[Path]:
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
            self.step(len(paths))
            paths = self.few(paths)
        return paths

    def _statement(self, scope: Scope, node: nodes.Node, path: Path) -> list[Path]:
        kind = node.__class__
        if kind in _BLOCKS and not self.relevance.of_statement(scope, node, path):
            self._forget_bound(scope, node, path)
            return [path]
        walk = _STATEMENTS.get(kind)
        return [path] if walk is None else walk(self, scope, node, path)

    def _suite(self, scope: Scope, node: nodes.SimpleStatementLine, path: Path) -> list[Path]:
        return self.block(scope, node.body, [path])

    def _choice(self, scope: Scope, node: nodes.If, path: Path) -> list[Path]:
        return self._if(scope, node, path, _is_choice(scope, node))

    def _while(self, scope: Scope, node: nodes.While, path: Path) -> list[Path]:
        return _end_loop(self.block(scope, _body(node.body), [path]))

    def _with(self, scope: Scope, node: nodes.With, path: Path) -> list[Path]:
        return self.block(scope, _body(node.body), [path])

    def _try(self, scope: Scope, node: nodes.Try, path: Path) -> list[Path]:
        parts = [node.body, node.orelse, node.finalbody]
        return self.block(scope, [s for part in parts if part is not None for s in _body(part)], [path])

    def _match(self, scope: Scope, node: nodes.Match, path: Path) -> list[Path]:
        return self.few([p for case in node.cases for p in self.block(scope, _body(case.body), [path.fork()])])

    def _define(self, scope: Scope, node: nodes.FunctionDef, path: Path) -> list[Path]:
        path.names[node.name.value] = Function(scope, node)
        return [path]

    def _plain_assign(self, scope: Scope, node: nodes.Assign, path: Path) -> list[Path]:
        return self._assign(scope, [target.target for target in node.targets], node.value, path)

    def _annotated_assign(self, scope: Scope, node: nodes.AnnAssign, path: Path) -> list[Path]:
        return [path] if node.value is None else self._assign(scope, [node.target], node.value, path)

    def _expression(self, scope: Scope, node: nodes.Expr, path: Path) -> list[Path]:
        return [p for _, p in self.evaluate(scope, node.value, path)]

    def _raise(self, scope: Scope, node: nodes.Raise, path: Path) -> list[Path]:  # noqa: ARG002
        return []

    def _assert(self, scope: Scope, node: nodes.Assert, path: Path) -> list[Path]:
        return branch(self, scope, node.test, path)[0]

    def _leave_loop(self, scope: Scope, node: nodes.Node, path: Path) -> list[Path]:  # noqa: ARG002
        path.exit = "loop"
        return [path]

    def _if(self, scope: Scope, node: nodes.If, path: Path, is_choice: bool) -> list[Path]:
        true, false = branch(self, scope, node.test, path)
        done = self.block(scope, _body(node.body), true)
        if isinstance(node.orelse, nodes.If):
            return done + [q for p in false for q in self._if(scope, node.orelse, p, is_choice)]
        if node.orelse is not None:
            return done + self.block(scope, _body(node.orelse.body), false)
        return done if is_choice else done + false

    def _for(self, scope: Scope, node: nodes.For, path: Path) -> list[Path]:
        """A loop over known items is walked once for each; any other one once. No loop is taken for empty."""
        done: list[Path] = []
        for iterated, start in self.evaluate(scope, node.iter, path):
            items: Sequence[Value] = iterated.values if isinstance(iterated, Items) else ()
            if isinstance(iterated, Tensor):
                items = (iterated,)  # its rows, one after the other, are all of it
            paths = [start]
            self.depth_of_loops += 1
            for item in items or (None,):
                for p in paths:
                    self.store(scope, node.target, item, node.iter, p)
                paths = _end_loop(self.block(scope, _body(node.body), paths))
            self.depth_of_loops -= 1
            done += paths
        return done

    def _return(self, scope: Scope, node: nodes.Return, path: Path) -> list[Path]:
        outcomes = self.evaluate(scope, node.value, path) if node.value is not None else [(None, path)]
        for value, ended in outcomes:
            ended.exit, ended.result = "return", value
        return [ended for _, ended in outcomes]

    def _assign(
        self, scope: Scope, targets: list[nodes.BaseExpression], value: nodes.BaseExpression, path: Path
    ) -> list[Path]:
        outcomes = self.evaluate(scope, value, path)
        for found, p in outcomes:
            for target in targets:
                self.store(scope, target, found, value, p)
        return [p for _, p in outcomes]

    def _augment(self, scope: Scope, node: nodes.AugAssign, path: Path) -> list[Path]:
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

    def _forget_bound(self, scope: Scope, node: nodes.Node, path: Path) -> None:
        """Statements that were not walked leave the names that they assign with values of their own."""
        inner: Any
        for inner in nodes_of(node):
            kind = inner.__class__
            if kind is nodes.Assign:
                for target in inner.targets:
                    self.store(scope, target.target, Symbol(f"{scope.text(target.target)}'"), inner.value, path)
            elif kind is nodes.For:
                self.store(scope, inner.target, None, inner.target, path)

    # Storing

    def store(self, scope: Scope, target: Any, value: Value, source: nodes.Node, path: Path) -> None:
        """Give an assignment's target its value; `source` is the expression that it comes from."""
        kind = target.__class__
        if kind is nodes.Name:
            path.names[target.value] = value if value is not None else Symbol(text_of(scope, source, path))
        elif kind is nodes.Tuple or kind is nodes.List:
            parts = value.values if isinstance(value, Items) else ()
            if len(parts) != len(target.elements):
                parts = (None,) * len(target.elements)
                self.lose(value, path)
            for element, part in zip(target.elements, parts, strict=True):
                self.store(scope, element.value, part, element.value if part is None else source, path)
        elif kind is nodes.Subscript:
            self._store_item(scope, target, value, path)
        elif kind is nodes.Attribute:
            self._store_attribute(scope, target, value, source, path)

    def _store_item(self, scope: Scope, target: nodes.Subscript, value: Value, path: Path) -> None:
        owner = self.value(scope, target, path)
        container = self.value(scope, target.value, path)
        if isinstance(owner, Tensor) and not isinstance(container, Items):
            path.write(owner)
        elif isinstance(container, Items):
            self.replace(scope, target.value, Items((*container.values, value)), path)
        else:
            self.lose(value, path)

    def _store_attribute(
        self, scope: Scope, target: nodes.Attribute, value: Value, source: nodes.Node, path: Path
    ) -> None:
        owner = self.value(scope, target.value, path)
        if isinstance(owner, Instance):
            path.attributes[target.attr.value] = value if value is not None else Symbol(text_of(scope, source, path))
        elif isinstance(owner, Tensor) and target.attr.value == "data":
            path.write(owner)
        else:
            self.lose(value, path)

    def replace(self, scope: Scope, target: nodes.BaseExpression, value: Value, path: Path) -> None:
        """Give a container that a name or attribute holds a new content."""
        if isinstance(target, (nodes.Name, nodes.Attribute)):
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

    def evaluate(self, scope: Scope, node: nodes.BaseExpression, path: Path) -> Outcomes:
        """The values that an expression can have, each with the path on which it has it."""
        self.step()
        return self.few_outcomes(expressions.evaluate(self, scope, node, path))

    def value(self, scope: Scope, node: nodes.Node, path: Path) -> Value:
        """What a name, an attribute or a literal stands for; nothing is executed."""
        return expressions.look(self, scope, node, path)


#: Statements with blocks that are walked only where they matter.
_BLOCKS = frozenset({nodes.If, nodes.For, nodes.While, nodes.Try, nodes.Match})
_STATEMENTS: dict[type, Callable[[Construction, Scope, Any, Path], list[Path]]] = {
    nodes.SimpleStatementLine: Construction._suite,
    nodes.SimpleStatementSuite: Construction._suite,
    nodes.If: Construction._choice,
    nodes.For: Construction._for,
    nodes.While: Construction._while,
    nodes.With: Construction._with,
    nodes.Try: Construction._try,
    nodes.Match: Construction._match,
    nodes.FunctionDef: Construction._define,
    nodes.Assign: Construction._plain_assign,
    nodes.AnnAssign: Construction._annotated_assign,
    nodes.AugAssign: Construction._augment,
    nodes.Expr: Construction._expression,
    nodes.Return: Construction._return,
    nodes.Raise: Construction._raise,
    nodes.Assert: Construction._assert,
    nodes.Break: Construction._leave_loop,
    nodes.Continue: Construction._leave_loop,
}


def _body(node: nodes.BaseSuite | nodes.Try | nodes.Else | nodes.Finally) -> Sequence[nodes.Node]:
    body = node.body
    return body.body if isinstance(body, nodes.BaseSuite) else body


def _end_loop(paths: list[Path]) -> list[Path]:
    for path in paths:
        if path.exit == "loop":
            path.exit = ""
    return paths


def _is_choice(scope: Scope, node: nodes.If) -> bool:
    """Whether an `if ... elif ...` without `else` picks one of several values: what it leaves out is not meant."""
    subjects: list[str] = []
    current: nodes.Node | None = node
    while isinstance(current, nodes.If):
        test = current.test
        if not isinstance(test, nodes.Comparison) or not isinstance(
            test.comparisons[0].operator, (operators.Equal, operators.In)
        ):
            return False
        subjects.append(scope.text(test.left))
        current = current.orelse
    return current is None and len(subjects) > 1 and len(set(subjects)) == 1
