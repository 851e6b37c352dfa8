"""What is kept in other words."""

from __future__ import annotations

import ast
import inspect
import re

import libcst as cst

from .rewriting import Assignments, Rewriter, assignment, code, in_parentheses, is_making, own_attribute


class _Setattr(Assignments):
    def replace(self, target, value, line):
        if not isinstance(target, cst.Attribute) or target.attr.value.startswith("__") or not is_making(value):
            return None
        return [f'setattr({code(target.value)}, "{target.attr.value}", {code(value)})']


def with_setattr(text: str) -> dict[str, str]:
    """`setattr(self, "head", nn.Linear(8, 8))`."""
    return _Setattr.apply(text)


class _Pairs(Rewriter):
    def leave_IndentedBlock(self, original_node, updated_node):
        if not self.in_function:
            return updated_node
        body = []
        for line in updated_node.body:
            before = assignment(body[-1]) if body else None
            now = assignment(line)
            if before and now and _may_pair(before, now) and not line.leading_lines:
                both = cst.parse_statement(
                    f"{code(before[0])}, {code(now[0])} = {_bare(before[1])}, {_bare(now[1])}"
                ).with_changes(leading_lines=body[-1].leading_lines, trailing_whitespace=_comment(body[-1], line))
                body[-1] = both
            else:
                body.append(line)
        return updated_node.with_changes(body=body)


def _comment(one, other):
    return one.trailing_whitespace if one.trailing_whitespace.comment is not None else other.trailing_whitespace


def _bare(value: cst.BaseExpression) -> str:
    said = code(value)
    return said if not isinstance(value, (cst.Tuple, cst.Lambda, cst.NamedExpr)) or value.lpar else f"({said})"


def _may_pair(before, now) -> bool:
    """Whether the second value and target do not depend on the first store."""
    said, target = ast.parse(f"({code(now[1])})"), code(before[0])
    names = {ast.unparse(n) for n in ast.walk(said) if isinstance(n, (ast.Name, ast.Attribute))}
    if target in {*names, code(now[0])} or any(isinstance(n, (ast.Yield, ast.Await)) for n in ast.walk(said)):
        return False
    if isinstance(now[0], cst.Attribute) and (code(now[0].value) + ".").startswith(target + "."):
        return False
    # A method may read what the first store wrote.
    return not any(isinstance(n, ast.Call) and "self" in _reached(n) for n in ast.walk(said))


def _reached(call: ast.Call) -> set[str]:
    """The objects that a call is given, and whose method it is."""
    owners = [call.func.value] if isinstance(call.func, ast.Attribute) else []
    return {ast.unparse(n).partition(".")[0] for n in owners} | {ast.unparse(a) for a in call.args}


def pairs(text: str) -> dict[str, str]:
    """`self.up, self.down = nn.Linear(8, 8), nn.Linear(8, 8)`."""
    return _Pairs.apply(text)


class _Registered(Assignments):
    def replace(self, target, value, line):
        name = own_attribute(target)
        if name is None or not isinstance(value, cst.Call) or self._is_set_twice(name):
            return None
        if self.method_of is None or not self.method_of.bases:
            return None  # only a module has the method
        callee = code(value.func)
        if callee in ("nn.Parameter", "torch.nn.Parameter"):
            return [f'self.register_parameter("{name}", {code(value)})']
        if callee.startswith("nn.") and is_making(value) and callee.count(".") == 1 and callee[3:4].isupper():
            return [f'self.add_module("{name}", {code(value)})']
        return None

    def _is_set_twice(self, name: str) -> bool:
        """Whether the attribute may be there already."""
        said = "".join(map(code, self.around[:1]))
        return len(re.findall(rf"self\.{name}\b[^=\n()]*=(?!=)", said)) > 1 or f'"{name}"' in said


def registered_by_call(text: str) -> dict[str, str]:
    """`self.add_module("head", nn.Linear(8, 8))`, `self.register_parameter("scale", nn.Parameter(torch.ones(8)))`."""
    return _Registered.apply(text)


class _Keywords(Rewriter):
    def leave_Call(self, original_node, updated_node):
        names = _parameters(code(original_node.func))
        if not names or any(arg.star for arg in updated_node.args):
            return updated_node
        positional = [arg for arg in updated_node.args if arg.keyword is None]
        if len(positional) > len(names):
            return updated_node
        args = [
            arg.with_changes(
                value=in_parentheses(arg.value),
                keyword=cst.Name(name),
                equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
            )
            for arg, name in zip(positional, names, strict=False)
        ]
        return updated_node.with_changes(args=[*args, *updated_node.args[len(positional) :]])


def _parameters(callee: str) -> list[str]:
    """The names of the positional parameters of a function of torch."""
    import torch

    where = {"nn": torch.nn, "torch": torch, "init": torch.nn.init}
    root, *rest = callee.split(".")
    value = where.get(root)
    for name in rest:
        value = getattr(value, name, None)
    if value is None or not rest or not (inspect.isfunction(value) or inspect.isclass(value)):
        return []
    try:
        given = list(inspect.signature(value).parameters.values())
    except (TypeError, ValueError):
        return []
    if any(p.kind not in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) for p in given):
        return []
    return [p.name for p in given if p.kind is p.POSITIONAL_OR_KEYWORD]


def keywords(text: str) -> dict[str, str]:
    """`nn.Linear(in_features=8, out_features=8)`."""
    return _Keywords.apply(text)
