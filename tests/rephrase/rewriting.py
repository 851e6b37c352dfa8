"""What the transformers have in common: assignments, fresh names, what an expression needs, where definitions go."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterable, Sequence

import libcst as cst

Definition = cst.FunctionDef | cst.ClassDef
_CONSTRUCTOR = re.compile(r"(?:.*\.)?[A-Z]\w*|(?:torch|nn|copy|np)\..*|deepcopy")


class Rewriter(cst.CSTTransformer):
    """A transformer that knows what is around a statement.

    Attributes:
        text: the file.
        around: the definitions around the present node, outermost first.
        definitions: what goes to the top of the file.
        imports: lines of imports that the result needs.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.around: list[Definition] = []
        self.definitions: list[cst.BaseStatement] = []
        self.imports: list[str] = []
        self._taken = set(re.findall(r"\w+", text))

    @classmethod
    def apply(cls, text: str) -> dict[str, str]:
        """The file after the transformer."""
        return {"": cst.parse_module(text).visit(cls(text)).code}

    def fresh(self, base: str) -> str:
        """A name that the file does not have."""
        number = 0
        name = base
        while name in self._taken:
            number += 1
            name = f"{base}_{number}"
        self._taken.add(name)
        return name

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self.around.append(node)

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self.around.append(node)

    def leave_FunctionDef(self, original_node, updated_node):
        self.around.pop()
        return updated_node

    def leave_ClassDef(self, original_node, updated_node):
        self.around.pop()
        return updated_node

    def leave_Module(self, original_node, updated_node):
        return with_head(updated_node, self.imports, self.definitions)

    @property
    def in_function(self) -> bool:
        return bool(self.around) and isinstance(self.around[-1], cst.FunctionDef)

    @property
    def method_of(self) -> cst.ClassDef | None:
        """The class of the method that is around."""
        two = self.around[-2:]
        if len(two) == 2 and isinstance(two[0], cst.ClassDef) and isinstance(two[1], cst.FunctionDef):
            return two[0]
        return None

    def locals(self) -> set[str]:
        """The names that the functions around bind."""
        found: set[str] = set()
        for node in self.around:
            if isinstance(node, cst.FunctionDef):
                found |= bound_in(code(node))
        return found


class Assignments(Rewriter):
    """A transformer of assignments to one target in functions."""

    def replace(
        self, target: cst.BaseExpression, value: cst.BaseExpression, line: cst.SimpleStatementLine
    ) -> Sequence[str | cst.BaseStatement] | None:
        """What stands for an assignment; None where it stays."""
        raise NotImplementedError

    def leave_SimpleStatementLine(self, original_node, updated_node):
        pair = assignment(updated_node)
        if pair is None or not self.in_function:
            return updated_node
        given = self.replace(*pair, updated_node)
        return updated_node if given is None else in_place_of(updated_node, given)


def in_place_of(line: cst.SimpleStatementLine, given: Sequence[str | cst.BaseStatement]) -> cst.FlattenSentinel:
    """Statements in the place of one; all get its comment, which may say what is meant."""
    made = [cst.parse_statement(one) if isinstance(one, str) else one for one in given]
    made = [
        one.with_changes(trailing_whitespace=line.trailing_whitespace)
        if isinstance(one, cst.SimpleStatementLine)
        else one
        for one in made
    ]
    made[0] = made[0].with_changes(leading_lines=line.leading_lines)
    comments = [above for above in line.leading_lines if above.comment is not None]
    made[1:] = [one.with_changes(leading_lines=comments) for one in made[1:]]
    return cst.FlattenSentinel(made)


def assignment(line: cst.BaseStatement) -> tuple[cst.BaseExpression, cst.BaseExpression] | None:
    """Target and value of a line that is one assignment to one target, a name or an attribute."""
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
        return None
    node = line.body[0]
    if isinstance(node, cst.Assign) and len(node.targets) == 1:
        target = node.targets[0].target
        if isinstance(target, (cst.Name, cst.Attribute)):
            return target, node.value
    return None


def code(node: cst.CSTNode) -> str:
    """The source of a node."""
    return cst.Module([]).code_for_node(node)


def own_attribute(target: cst.BaseExpression) -> str | None:
    """The name of an attribute of `self`."""
    if isinstance(target, cst.Attribute) and isinstance(target.value, cst.Name) and target.value.value == "self":
        return target.attr.value
    return None


def last_name(target: cst.BaseExpression) -> str:
    """A name for what is assigned there."""
    name = target.attr.value if isinstance(target, cst.Attribute) else code(target)
    return name.strip("_") or "value"


def is_making(value: cst.BaseExpression) -> bool:
    """Whether an expression makes something: a constructor's or torch's call, a display, a comprehension."""
    if isinstance(value, cst.Call):
        return _CONSTRUCTOR.fullmatch(code(value.func)) is not None
    if isinstance(value, cst.BinaryOperation):
        return isinstance(value.left, (cst.List, cst.Tuple))
    return isinstance(value, (cst.List, cst.Dict, cst.ListComp, cst.DictComp)) and "(" in code(value)


def is_movable(value: cst.BaseExpression) -> bool:
    """Whether an expression means the same in a function of its own."""
    said = code(value)
    if re.search(r"\b(?:super|locals|globals|yield|await|lambda|__class__)\b|:=", said):
        return False
    return re.search(r"self\.__\w", said) is None


def in_parentheses(value: cst.BaseExpression) -> cst.BaseExpression:
    """A generator that has none yet, as the sole argument of a call, gets parentheses."""
    if isinstance(value, cst.GeneratorExp) and not value.lpar:
        return value.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return value


def needs(value: cst.BaseExpression, names: set[str]) -> list[str]:
    """Those of some names that an expression reads, in order."""
    tree = ast.parse(f"({code(value)})", mode="eval")
    own = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    found = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    return [name for name in dict.fromkeys(found) if name in names and name not in own]


def as_parameters(function: cst.FunctionDef, names: Sequence[str]) -> str:
    """Some names as parameters of another function, with what this one says they are."""
    own = ast.parse(f"def f({code(function.params)}): pass").body[0]
    said = {n.arg: ast.unparse(n.annotation) for n in ast.walk(own) if isinstance(n, ast.arg) and n.annotation}
    return ", ".join(f"{name}: {said[name]}" if name in said else name for name in names)


def bound_in(text: str) -> set[str]:
    """The names that the code of one function binds, its parameters too."""
    tree = ast.parse(textwrap.dedent(text)).body[0]
    found = {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    found |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    inner = [n for n in ast.walk(tree) if n is not tree]
    found |= {n.name for n in inner if isinstance(n, (ast.FunctionDef, ast.ClassDef, ast.ExceptHandler)) and n.name}
    found |= {
        (a.asname or a.name).partition(".")[0]
        for n in inner
        if isinstance(n, (ast.Import, ast.ImportFrom))
        for a in n.names
    }
    return found


def with_head(module: cst.Module, imports: Iterable[str], definitions: Sequence[cst.BaseStatement]) -> cst.Module:
    """A module with imports and definitions below its own imports."""
    body = list(module.body)
    lines = [cst.parse_statement(one) for one in dict.fromkeys(imports)]
    last = last_import(body)
    made = [one.with_changes(leading_lines=[cst.EmptyLine(), cst.EmptyLine()]) for one in definitions]
    return module.with_changes(body=[*body[:last], *lines, *made, *body[last:]])


def last_import(body: Sequence[cst.BaseStatement]) -> int:
    """Behind how many of a module's statements definitions may go: the docstring and imports at its top."""
    last = 0
    for index, line in enumerate(body):
        if not isinstance(line, cst.SimpleStatementLine):
            break
        if isinstance(line.body[0], (cst.Import, cst.ImportFrom)) or (
            index == 0 and isinstance(line.body[0], cst.Expr)
        ):
            last = index + 1
    return last
