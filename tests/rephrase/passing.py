"""What a value passes through on its way: a container, unpacked arguments, settings, a lambda, an annotation."""

from __future__ import annotations

import re

import libcst as cst

from .rewriting import Assignments, code, in_parentheses, is_making, is_movable, last_name, own_attribute


class _ThroughADict(Assignments):
    def replace(self, target, value, line):
        if not is_making(value):
            return None
        name = last_name(target)
        local = self.fresh(f"made_{name}")
        return [f'{local} = {{"{name}": {code(value)}}}', f'{code(target)} = {local}["{name}"]']


def through_a_dict(text: str) -> dict[str, str]:
    """`parts = {"head": nn.Linear(8, 8)}; self.head = parts["head"]`."""
    return _ThroughADict.apply(text)


class _Unpacked(Assignments):
    def replace(self, target, value, line):
        if not isinstance(value, cst.Call) or not is_making(value) or not value.args or "super(" in code(value):
            return None
        if any(arg.star for arg in value.args) or re.search(r":=|\byield\b|\bawait\b", code(value)):
            return None
        positional = [code(in_parentheses(arg.value)) for arg in value.args if arg.keyword is None]
        named = [f'"{arg.keyword.value}": {code(arg.value)}' for arg in value.args if arg.keyword is not None]
        lines, given = [], []
        if positional:
            local = self.fresh(f"given_{last_name(target)}")
            lines.append(f"{local} = ({', '.join(positional)},)")
            given.append(f"*{local}")
        if named:
            local = self.fresh(f"options_{last_name(target)}")
            lines.append(f"{local} = {{{', '.join(named)}}}")
            given.append(f"**{local}")
        return [*lines, f"{code(target)} = {code(value.func)}({', '.join(given)})"]


def unpacked(text: str) -> dict[str, str]:
    """`sizes = (8, 8); options = {"bias": False}; self.head = nn.Linear(*sizes, **options)`."""
    return _Unpacked.apply(text)


class _Settings(Assignments):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.holder = self.fresh("SETTINGS")
        self.fields: list[str] = []

    def replace(self, target, value, line):
        if not isinstance(value, cst.Call) or not is_making(value):
            return None
        args = []
        for arg in value.args:
            if isinstance(arg.value, (cst.Integer, cst.Float)) and not arg.star:
                field = self.fresh(f"{last_name(target)}_{len(args)}")
                self.fields.append(f"    {field}: {type(arg.value).__name__.lower()[:5].replace('integ', 'int')}"
                                   f" = {code(arg.value)}\n")  # fmt: skip
                arg = arg.with_changes(value=cst.parse_expression(f"{self.holder}.{field}"))
            args.append(arg)
        made = code(value.with_changes(args=args))
        return None if made == code(value) else [f"{code(target)} = {made}"]

    def leave_Module(self, original_node, updated_node):
        if self.fields:
            name = self.fresh("Settings")
            self.imports.append("import dataclasses")
            self.definitions.append(
                cst.parse_statement(f"@dataclasses.dataclass\nclass {name}:\n{''.join(self.fields)}")
            )
            self.definitions.append(cst.parse_statement(f"{self.holder} = {name}()"))
        return super().leave_Module(original_node, updated_node)


def settings(text: str) -> dict[str, str]:
    """`self.head = nn.Linear(SETTINGS.width, SETTINGS.classes)`, of a dataclass."""
    return _Settings.apply(text)


class _LambdaMaker(Assignments):
    def replace(self, target, value, line):
        if not is_making(value) or not is_movable(value):
            return None
        maker = self.fresh(f"make_{last_name(target)}")
        return [f"{maker} = lambda: {code(value)}", f"{code(target)} = {maker}()"]


def lambda_maker(text: str) -> dict[str, str]:
    """`make_head = lambda: nn.Linear(8, 8); self.head = make_head()`."""
    return _LambdaMaker.apply(text)


class _Annotated(Assignments):
    def replace(self, target, value, line):
        if not isinstance(value, cst.Call) or not is_making(value):
            return None
        if isinstance(target, cst.Attribute) and own_attribute(target) is None:
            return None  # a type checker refuses it
        callee = code(value.func)
        name = callee.rpartition(".")[2]
        if re.fullmatch(r"torch\.(?:zeros|ones|empty|full|rand|randn|arange|linspace|eye|tensor)(?:_like)?", callee):
            callee, name = "torch.Tensor", "Tensor"
        if not name[0].isupper() or "(" in callee or (isinstance(target, cst.Name) and self._is_global(target.value)):
            return None
        return [f"{code(target)}: {callee} = {code(value)}"]

    def _is_global(self, name: str) -> bool:
        return re.search(rf"\b(?:global|nonlocal)\b.*\b{name}\b", code(self.around[0])) is not None


def annotated(text: str) -> dict[str, str]:
    """`self.head: nn.Linear = nn.Linear(8, 8)`."""
    return _Annotated.apply(text)


class _EqualBranches(Assignments):
    def replace(self, target, value, line):
        if not is_making(value) or not is_movable(value):
            return None
        self.imports.append("import os")
        said = code(value)
        return [f'{code(target)} = {said} if os.environ.get("FAST") else {said}']


def equal_branches(text: str) -> dict[str, str]:
    """`self.head = nn.Linear(8, 8) if os.environ.get("FAST") else nn.Linear(8, 8)`."""
    return _EqualBranches.apply(text)


class _TwoTargets(Assignments):
    def replace(self, target, value, line):
        if not is_making(value):
            return None
        return [f"{self.fresh(f'kept_{last_name(target)}')} = {code(target)} = {code(value)}"]


def two_targets(text: str) -> dict[str, str]:
    """`kept_head = self.head = nn.Linear(8, 8)`."""
    return _TwoTargets.apply(text)


class _ModuleConstants(Assignments):
    def replace(self, target, value, line):
        if not isinstance(value, cst.Call) or not is_making(value):
            return None
        args = []
        for arg in value.args:
            if isinstance(arg.value, (cst.Integer, cst.Float)) and not arg.star:
                name = self.fresh(f"{last_name(target)}_{len(args)}".upper())
                self.definitions.append(cst.parse_statement(f"{name} = {code(arg.value)}"))
                arg = arg.with_changes(value=cst.Name(name))
            args.append(arg)
        made = code(value.with_changes(args=args))
        return None if made == code(value) else [f"{code(target)} = {made}"]


def module_constants(text: str) -> dict[str, str]:
    """`WIDTH = 8`, and `self.head = nn.Linear(WIDTH, WIDTH)`."""
    return _ModuleConstants.apply(text)
