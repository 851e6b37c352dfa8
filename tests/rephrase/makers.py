"""Who makes it: a function, a method, a closure, a partial."""

from __future__ import annotations

import libcst as cst

from .rewriting import Assignments, code, in_parentheses, is_making, is_movable, last_name, needs


def _returning(value: cst.BaseExpression, line: cst.SimpleStatementLine) -> str:
    """The body of a maker; the comments, which speak of what is made, go with it."""
    above = [one.comment.value for one in line.leading_lines if one.comment is not None]
    behind = line.trailing_whitespace.comment
    comment = f"  {behind.value}" if behind is not None else ""
    return "".join(f"    {one}\n" for one in above) + f"    return {code(value)}{comment}\n"


class _Factory(Assignments):
    def replace(self, target, value, line):
        if not is_making(value) or not is_movable(value):
            return None
        given = ", ".join(needs(value, self.locals()))
        maker = self.fresh(f"make_{last_name(target)}")
        self.definitions.append(cst.parse_statement(f"def {maker}({given}):\n{_returning(value, line)}"))
        return [f"{code(target)} = {maker}({given})"]


def factory(text: str) -> dict[str, str]:
    """`self.head = make_head(width)`."""
    return _Factory.apply(text)


class _OwnMethod(Assignments):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.methods: list[list[str]] = []

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        super().visit_ClassDef(node)
        self.methods.append([])

    def leave_ClassDef(self, original_node, updated_node):
        super().leave_ClassDef(original_node, updated_node)
        made = [
            cst.parse_statement(method).with_changes(leading_lines=[cst.EmptyLine()]) for method in self.methods.pop()
        ]
        if not made or not isinstance(updated_node.body, cst.IndentedBlock):
            return updated_node
        return updated_node.with_changes(body=updated_node.body.with_changes(body=[*updated_node.body.body, *made]))

    def replace(self, target, value, line):
        if self.method_of is None or not is_making(value) or not is_movable(value):
            return None
        params = self.around[-1].params.params
        if not params or params[0].name.value != "self":
            return None
        names = needs(value, self.locals() - {"self"})
        maker = self.fresh(f"_make_{last_name(target)}")
        self.methods[-1].append(f"def {maker}({', '.join(['self', *names])}):\n{_returning(value, line)}")
        return [f"{code(target)} = self.{maker}({', '.join(names)})"]


def own_method(text: str) -> dict[str, str]:
    """`self.head = self._make_head(width)`."""
    return _OwnMethod.apply(text)


class _LocalMaker(Assignments):
    def replace(self, target, value, line):
        if not is_making(value) or not is_movable(value):
            return None
        maker = self.fresh(f"make_{last_name(target)}")
        if isinstance(target, cst.Name) and target.value in needs(value, {target.value}):
            return None
        return [f"def {maker}():\n{_returning(value, line)}", f"{code(target)} = {maker}()"]


def local_maker(text: str) -> dict[str, str]:
    """`def make_head(): return nn.Linear(width, 8)` in the function that calls it."""
    return _LocalMaker.apply(text)


class _Partial(Assignments):
    def replace(self, target, value, line):
        if not isinstance(value, cst.Call) or not is_making(value) or not value.args:
            return None
        self.imports.append("import functools")
        given = ", ".join(
            code(arg.with_changes(value=in_parentheses(arg.value), comma=cst.MaybeSentinel.DEFAULT))
            for arg in value.args
        )
        return [f"{code(target)} = functools.partial({code(value.func)}, {given})()"]

    def leave_SimpleStatementLine(self, original_node, updated_node):
        if "super(" in code(updated_node):
            return updated_node
        return super().leave_SimpleStatementLine(original_node, updated_node)


def with_partial(text: str) -> dict[str, str]:
    """`self.head = functools.partial(nn.Linear, width, 8)()`."""
    return _Partial.apply(text)
