"""What is used by another name."""

from __future__ import annotations

import ast
import re

import libcst as cst

from .rewriting import Assignments, Rewriter, code, is_making, last_import, last_name, own_attribute


class _Rename(cst.CSTTransformer):
    """Names that are read get others; attributes and keywords keep theirs."""

    def __init__(self, new: dict[str, str]) -> None:
        super().__init__()
        self.new = new

    def visit_Import(self, node):
        return False

    def visit_ImportFrom(self, node):
        return False

    def leave_Attribute(self, original_node, updated_node):
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node, updated_node):
        return updated_node.with_changes(keyword=original_node.keyword)

    def leave_Name(self, original_node, updated_node):
        return updated_node.with_changes(value=self.new.get(updated_node.value, updated_node.value))


def _imported(text: str) -> list[str]:
    """The names that the imports at the top bind, and nothing else does; names in strings stay."""
    tree = ast.parse(text)
    found = [
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom)) and getattr(node, "module", "") != "__future__"
        for alias in node.names
    ]
    bound = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    bound |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    bound |= {n.name for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    strings = " ".join(n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    return [
        name
        for name in dict.fromkeys(found)
        if "." not in name and name != "*" and found.count(name) == 1 and name not in bound
        and not re.search(rf"\b{name}\b", strings)
        and not re.search(rf"^\s*import {name}\.", text, re.M)
    ]  # fmt: skip


def renamed_imports(text: str) -> dict[str, str]:
    """`import torch as torch_lib`, `from torch import nn as nn_lib`."""
    new = {name: f"{name}_lib" if name.islower() else f"Lib{name}" for name in _imported(text)}
    module = cst.parse_module(text).visit(_Rename(new))

    class Imports(cst.CSTTransformer):
        depth = 0

        def visit_IndentedBlock(self, node):
            self.depth += 1

        def leave_IndentedBlock(self, original_node, updated_node):
            self.depth -= 1
            return updated_node

        def leave_ImportAlias(self, original_node, updated_node):
            bound = code(updated_node.asname.name) if updated_node.asname else code(updated_node.name)
            if self.depth or bound not in new:
                return updated_node
            return updated_node.with_changes(
                asname=cst.AsName(cst.Name(new[bound]), cst.SimpleWhitespace(" "), cst.SimpleWhitespace(" "))
            )

    return {"": module.visit(Imports()).code}


def alias_of_nn(text: str) -> dict[str, str]:
    """`layers = nn`, and `layers.Linear` everywhere."""
    if "nn" not in _imported(text):
        return {"": text}
    module = cst.parse_module(text).visit(_Rename({"nn": "layers_of_torch"}))
    body = list(module.body)
    last = last_import(body)
    alias = cst.parse_statement("layers_of_torch = nn")
    return {"": module.with_changes(body=[*body[:last], alias, *body[last:]]).code}


class _ThroughALocal(Assignments):
    def replace(self, target, value, line):
        if not isinstance(target, cst.Attribute) or not is_making(value):
            return None
        local = self.fresh(f"new_{last_name(target)}")
        return [f"{local} = {code(value)}", f"{code(target)} = {local}"]


def through_a_local(text: str) -> dict[str, str]:
    """`new_head = nn.Linear(8, 8); self.head = new_head`."""
    return _ThroughALocal.apply(text)


class _Walrus(Assignments):
    def replace(self, target, value, line):
        if not isinstance(target, cst.Attribute) or not is_making(value):
            return None
        return [f"{code(target)} = ({self.fresh(f'new_{last_name(target)}')} := {code(value)})"]


def walrus(text: str) -> dict[str, str]:
    """`self.head = (head := nn.Linear(8, 8))`."""
    return _Walrus.apply(text)


class _Callee(Rewriter):
    """Statements that only call a function of torch call it by a local name."""

    def leave_SimpleStatementLine(self, original_node, updated_node):
        from .rewriting import in_place_of

        node = updated_node.body[0] if len(updated_node.body) == 1 else None
        if not self.in_function or not isinstance(node, cst.Expr) or not isinstance(node.value, cst.Call):
            return updated_node
        said = code(node.value.func)
        if not re.fullmatch(r"(?:torch\.)?nn\.(?:init|utils)\.\w+|(?:torch\.nn\.)?init\.\w+", said):
            return updated_node
        local = self.fresh(said.rpartition(".")[2].strip("_"))
        call = code(node.value.with_changes(func=cst.Name(local)))
        return in_place_of(updated_node, [f"{local} = {said}", call])


def callee_through_a_local(text: str) -> dict[str, str]:
    """`normal = nn.init.normal_; normal(self.weight)`."""
    return _Callee.apply(text)


class _Getattr(Rewriter):
    def leave_Arg(self, original_node, updated_node):
        name = own_attribute(updated_node.value)
        if name is None or name.startswith("__") or updated_node.star:
            return updated_node
        return updated_node.with_changes(value=cst.parse_expression(f'getattr(self, "{name}")'))


def getattr_for_attributes(text: str) -> dict[str, str]:
    """`nn.init.normal_(getattr(self, "weight"))`."""
    return _Getattr.apply(text)


class _AttributesThroughLocals(Rewriter):
    """A method that stores nothing reads an attribute of its instance once, under a local name."""

    def leave_FunctionDef(self, original_node, updated_node):
        method = self.method_of is not None and updated_node.name.value != "__init__"
        self.around.pop()
        said = code(updated_node)
        if not method or updated_node.decorators or not isinstance(updated_node.body, cst.IndentedBlock):
            return updated_node
        if re.search(r"self\.\w+(?:\[[^\]]*\]|\.\w+)* [^\w\s]?= |\bsetattr\b|\bdel\b|\byield\b|self\.\w+, ", said):
            return updated_node
        names = [n for n in dict.fromkeys(re.findall(r"\bself\.([a-z]\w*)\b(?!\()", said)) if n != "training"]
        lines = list(updated_node.body.body)
        if not names or code(lines[0]).strip().startswith('"""'):
            return updated_node
        local = {name: self.fresh(f"own_{name}") for name in names[:1]}

        class Reads(cst.CSTTransformer):
            def leave_Attribute(self, original_node, updated_node):
                name = own_attribute(updated_node)
                return cst.Name(local[name]) if name in local else updated_node

        body = updated_node.body.visit(Reads())
        first = [cst.parse_statement(f"{new} = self.{name}") for name, new in local.items()]
        return updated_node.with_changes(body=body.with_changes(body=[*first, *body.body]))


def attributes_through_locals(text: str) -> dict[str, str]:
    """`own_head = self.head`, and `own_head(x)`."""
    return _AttributesThroughLocals.apply(text)
