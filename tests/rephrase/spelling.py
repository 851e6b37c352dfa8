"""The same said with other names and other ways to call: imports, `self`, attributes, decorators, generators."""

from __future__ import annotations

import ast
import re

import libcst as cst

from .loops import _first_comprehension
from .names import _imported, _Rename
from .rewriting import Assignments, Rewriter, code, last_import, last_name


def star_import(text: str) -> dict[str, str]:
    """`from parts_beside import *` for the imports at the top."""
    module = cst.parse_module(text)
    body = list(module.body)
    moved = [
        index
        for index, line in enumerate(body[: last_import(body)])
        if isinstance(line, cst.SimpleStatementLine)
        and isinstance(line.body[0], (cst.Import, cst.ImportFrom))
        and "__future__" not in code(line)
    ]
    bound = [a.asname or a.name for i in moved for n in ast.walk(ast.parse(code(body[i])))
             if isinstance(n, (ast.Import, ast.ImportFrom)) for a in n.names]  # fmt: skip
    if not moved or "__all__" in text or any(name.startswith("_") or name == "*" for name in bound):
        return {"": text}
    lines = [body[i] for i in moved]
    line = cst.parse_statement("from parts_beside import *").with_changes(leading_lines=lines[0].leading_lines)
    kept = [line if i == moved[0] else n for i, n in enumerate(body) if i == moved[0] or i not in moved]
    return {"": module.with_changes(body=kept).code, "parts_beside": cst.Module(body=lines).code}


def from_imports(text: str) -> dict[str, str]:
    """`from torch.nn import Linear`, and `Linear(8, 8)`."""
    if "nn" not in _imported(text) or not re.search(r"import torch\.nn as nn|from torch import (?:\w+, )*nn\b", text):
        return {"": text}
    taken = {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)} - {"nn"}
    taken |= {n.name for n in ast.walk(ast.parse(text)) if isinstance(n, (ast.ClassDef, ast.FunctionDef))}
    taken |= {n.arg for n in ast.walk(ast.parse(text)) if isinstance(n, ast.arg)}
    taken |= {(a.asname or a.name) for n in ast.walk(ast.parse(text)) for a in getattr(n, "names", [])
              if isinstance(a, ast.alias)}  # fmt: skip
    found = {
        n.attr
        for n in ast.walk(ast.parse(text))
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == "nn"
    } - taken
    if not found:
        return {"": text}

    class Short(cst.CSTTransformer):
        def leave_Attribute(self, original_node, updated_node):
            if code(updated_node.value) == "nn" and updated_node.attr.value in found:
                return updated_node.attr
            return updated_node

    module = cst.parse_module(text).visit(Short())
    body = list(module.body)
    last = last_import(body)
    line = cst.parse_statement(f"from torch.nn import {', '.join(sorted(found))}")
    return {"": module.with_changes(body=[*body[:last], line, *body[last:]]).code}


def self_renamed(text: str) -> dict[str, str]:
    """`this` for `self`."""
    if re.search(r"\bthis\b", text):
        return {"": text}
    return {"": cst.parse_module(text).visit(_Rename({"self": "this"})).code}


class _Attrgetter(Rewriter):
    def leave_Arg(self, original_node, updated_node):
        found = re.fullmatch(r"(\w+)\.([a-z]\w*(?:\.[a-z]\w*)*)", code(updated_node.value))
        if found is None or updated_node.star or not self.in_function or not self._is_local(found[1]):
            return updated_node
        self.imports.append("import operator")
        return updated_node.with_changes(value=cst.parse_expression(f'operator.attrgetter("{found[2]}")({found[1]})'))

    def _is_local(self, name: str) -> bool:
        return name in self.locals()


def attrgetter(text: str) -> dict[str, str]:
    """`nn.init.normal_(operator.attrgetter("head.weight")(self))`."""
    return _Attrgetter.apply(text)


class _Decorated(Rewriter):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.decorator = self.fresh("as_it_is")
        self.used = False

    def leave_FunctionDef(self, original_node, updated_node):
        self.around.pop()
        if len(self.around) > 1 or updated_node.decorators or updated_node.name.value.startswith("__"):
            return updated_node
        if re.search(r"\b(?:yield|await)\b", code(updated_node)) or updated_node.asynchronous:
            return updated_node
        self.used = True
        return updated_node.with_changes(decorators=[cst.Decorator(cst.Name(self.decorator))])

    def leave_Module(self, original_node, updated_node):
        if self.used:
            self.imports.append("import functools")
            self.definitions.append(
                cst.parse_statement(
                    f"def {self.decorator}(function):\n    @functools.wraps(function)\n"
                    "    def call(*args, **kwargs):\n        return function(*args, **kwargs)\n\n    return call\n"
                )
            )
        return super().leave_Module(original_node, updated_node)


def decorated(text: str) -> dict[str, str]:
    """`@as_it_is` above a function, that calls it with what it is given."""
    return _Decorated.apply(text)


class _Generator(Assignments):
    def replace(self, target, value, line):
        found = _first_comprehension(value)
        if found is None or found.for_in.inner_for_in is not None or found.for_in.asynchronous:
            return None
        if re.search(r":=|\b(?:super|yield|await)\b", code(found)):
            return None
        maker = self.fresh(f"each_{last_name(target)}")
        body = f"yield {code(found.elt)}"
        for test in reversed(found.for_in.ifs):
            body = f"if {code(test.test)}:\n    {body}"
        body = "\n".join(f"        {one}" for one in body.splitlines())
        made = f"def {maker}():\n    for {code(found.for_in.target)} in {code(found.for_in.iter)}:\n{body}\n"
        listed = cst.parse_expression(f"list({maker}())")
        return [made, f"{code(target)} = {code(listed if found is value else value.deep_replace(found, listed))}"]


def generator_function(text: str) -> dict[str, str]:
    """`def each(): for width in widths: yield nn.Linear(width, 8)`, and `nn.ModuleList(list(each()))`."""
    return _Generator.apply(text)


class _Extend(Rewriter):
    def leave_Expr(self, original_node, updated_node):
        call = updated_node.value
        if not isinstance(call, cst.Call) or not self.in_function or len(call.args) != 1 or call.args[0].star:
            return updated_node
        owner, _, method = code(call.func).rpartition(".")
        made = rf"{re.escape(owner)} = (?:\[|(?:torch\.)?nn\.(?:ModuleList|ParameterList)\()"
        if method != "append" or not owner or not re.search(made, "".join(map(code, self.around[:1]))):
            return updated_node
        return updated_node.with_changes(value=cst.parse_expression(f"{owner}.extend([{code(call.args[0].value)}])"))


def extend_for_append(text: str) -> dict[str, str]:
    """`layers.extend([nn.Linear(8, 8)])` for `layers.append(nn.Linear(8, 8))`."""
    return _Extend.apply(text)
