"""What stands around the statements: a context, an attempt, a match; what a loop goes through."""

from __future__ import annotations

import re

import libcst as cst

from .rewriting import Rewriter, code


class _Wrapped(Rewriter):
    """The statements of a function, from the first after `super().__init__()`, stand in one block."""

    head = ""

    def leave_FunctionDef(self, original_node, updated_node):
        self.around.pop()
        body = updated_node.body
        if not isinstance(body, cst.IndentedBlock) or len(self.around) > 1:
            return updated_node
        start = 0
        for index, line in enumerate(body.body):
            said = code(line).strip()
            if said.startswith(('"""', "super(", "global ", "nonlocal ")) or said.endswith(".__init__(self)"):
                start = index + 1
        kept, inner = body.body[:start], body.body[start:]
        if not inner or code(inner[0]).strip() in ("pass", "..."):
            return updated_node
        block = self.wrap(body.with_changes(body=inner))
        return updated_node.with_changes(body=body.with_changes(body=[*kept, *block]))

    def wrap(self, inner: cst.IndentedBlock) -> list[cst.BaseStatement]:
        raise NotImplementedError


class _WithBlock(_Wrapped):
    def wrap(self, inner):
        self.imports.append("import contextlib")
        return [cst.parse_statement("with contextlib.nullcontext():\n    pass\n").with_changes(body=inner)]


def with_block(text: str) -> dict[str, str]:
    """`with contextlib.nullcontext(): ...` around what a function does."""
    return _WithBlock.apply(text)


class _TryBlock(_Wrapped):
    def wrap(self, inner):
        whole = "try:\n    pass\nexcept MemoryError as error:\n    raise RuntimeError('too large') from error\n"
        return [cst.parse_statement(whole).with_changes(body=inner)]


def try_block(text: str) -> dict[str, str]:
    """`try: ...`, and an `except` that raises, around what a function does."""
    return _TryBlock.apply(text)


class _Match(Rewriter):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.behind_else: set[cst.If] = set()

    def visit_If(self, node: cst.If) -> None:
        if isinstance(node.orelse, cst.If):
            self.behind_else.add(node.orelse)

    def leave_If(self, original_node, updated_node):
        if original_node in self.behind_else:
            return updated_node
        asked, bodies = [], []
        node: cst.If | cst.Else | None = updated_node
        while isinstance(node, cst.If):
            asked.append(_isinstance(node.test))
            bodies.append(node.body)
            node = node.orelse
        if None in asked or len({one[0] for one in asked if one}) != 1:
            return updated_node
        patterns = [one[1] for one in asked if one]
        if node is not None:
            patterns.append("_")
            bodies.append(node.body)
        said = "".join(f"    case {pattern}:\n        pass\n" for pattern in patterns)
        whole = cst.parse_statement(f"match {asked[0][0]}:\n{said}")
        cases = [case.with_changes(body=body) for case, body in zip(whole.cases, bodies, strict=True)]
        return whole.with_changes(cases=cases, leading_lines=updated_node.leading_lines)


def _isinstance(test: cst.BaseExpression) -> tuple[str, str] | None:
    """The subject and pattern that ask the same as a test of a type."""
    guard = ""
    if isinstance(test, cst.BooleanOperation) and isinstance(test.operator, cst.And):
        guard = f" if {code(test.right)}"
        test = test.left
    found = re.fullmatch(r"isinstance\(([\w.]+), (?:([\w.]+)|\(([\w., ]+)\))\)", code(test))
    if found is None or "\n" in guard:
        return None
    kinds = [kind.strip() for kind in (found[2] or found[3]).split(",") if kind.strip()]
    if any(not kind.rpartition(".")[2][0].isupper() or kind.isupper() for kind in kinds):
        return None
    return found[1], " | ".join(f"{kind}()" for kind in kinds) + guard


def match_for_if(text: str) -> dict[str, str]:
    """`match m: case nn.Linear(): ...` for `if isinstance(m, nn.Linear)`."""
    return _Match.apply(text)


class _Enumerated(Rewriter):
    def leave_For(self, original_node, updated_node):
        if updated_node.asynchronous or "enumerate(" in code(updated_node.iter):
            return updated_node
        target = code(updated_node.target)
        target = f"({target})" if isinstance(updated_node.target, cst.Tuple) and target[0] != "(" else target
        said = code(updated_node.iter)
        said = f"({said})" if isinstance(updated_node.iter, cst.Tuple) and said[0] != "(" else said
        loop = cst.parse_statement(f"for {self.fresh('number')}, {target} in enumerate({said}):\n    pass\n")
        return updated_node.with_changes(target=loop.target, iter=loop.iter)


def enumerated(text: str) -> dict[str, str]:
    """`for number, layer in enumerate(layers)`."""
    return _Enumerated.apply(text)


class _Map(Rewriter):
    def leave_ListComp(self, original_node, updated_node):
        said = _mapped(updated_node) if self.in_function else None
        return updated_node if said is None else cst.parse_expression(f"list({said})")

    def leave_GeneratorExp(self, original_node, updated_node):
        said = _mapped(updated_node) if self.in_function else None
        return updated_node if said is None else cst.parse_expression(said)


def _mapped(made: cst.ListComp | cst.GeneratorExp) -> str | None:
    inner = made.for_in
    if inner.ifs or inner.inner_for_in or inner.asynchronous or not isinstance(inner.target, cst.Name):
        return None
    if re.search(r":=|\b(?:super|yield|await|lambda)\b", code(made)):
        return None
    return f"map(lambda {code(inner.target)}: {code(made.elt)}, {code(inner.iter)})"


def map_for_comprehension(text: str) -> dict[str, str]:
    """`nn.ModuleList(map(lambda width: nn.Linear(width, 8), widths))`."""
    return _Map.apply(text)


class _Swapped(Rewriter):
    def leave_If(self, original_node, updated_node):
        if not isinstance(updated_node.orelse, cst.Else) or not self.in_function:
            return updated_node
        test = cst.parse_expression(f"not ({code(updated_node.test)})")
        return updated_node.with_changes(
            test=test,
            whitespace_before_test=cst.SimpleWhitespace(" "),
            body=updated_node.orelse.body,
            orelse=updated_node.orelse.with_changes(body=updated_node.body),
        )


def swapped_branches(text: str) -> dict[str, str]:
    """`if not deep: ... else: ...`."""
    return _Swapped.apply(text)


class _Nested(_Wrapped):
    def leave_FunctionDef(self, original_node, updated_node):
        said = code(updated_node)
        is_plain = not re.search(r"\b(?:yield|await|nonlocal|global|locals|__class__)\b", said)
        rest = re.sub(r"super\([^()]*\)\.__init__\([^\n]*\)", "", said)
        params = set(re.findall(r"\w+", code(updated_node.params)))
        stored = set(re.findall(r"^\s+(?:for )?(\w+(?:, \w+)*) (?:[-+*/]?=|in) ", said, re.M))
        is_kept = any(params & set(re.findall(r"\w+", one)) for one in stored)
        if not is_plain or "super(" in rest or is_kept or "def " in rest[4:] or updated_node.asynchronous:
            self.around.pop()
            return updated_node
        return super().leave_FunctionDef(original_node, updated_node)

    def wrap(self, inner):
        name = self.fresh("work")
        made = cst.parse_statement(f"def {name}():\n    pass\n").with_changes(body=inner)
        return [made, cst.parse_statement(f"return {name}()")]


def nested_function(text: str) -> dict[str, str]:
    """`def work(): ...`, and `return work()`, for what a function does."""
    return _Nested.apply(text)


class _UnpackedBelow(Rewriter):
    def leave_For(self, original_node, updated_node):
        if not isinstance(updated_node.target, cst.Tuple) or not isinstance(updated_node.body, cst.IndentedBlock):
            return updated_node
        item = self.fresh("item")
        line = cst.parse_statement(f"{code(updated_node.target)} = {item}")
        body = updated_node.body.with_changes(body=[line, *updated_node.body.body])
        return updated_node.with_changes(target=cst.Name(item), body=body)


def unpacked_below(text: str) -> dict[str, str]:
    """`for item in net.named_parameters(): name, p = item`."""
    return _UnpackedBelow.apply(text)


class _TryFinally(_Wrapped):
    def wrap(self, inner):
        self.imports.append("import logging")
        whole = "try:\n    pass\nfinally:\n    logging.debug('left')\n"
        return [cst.parse_statement(whole).with_changes(body=inner)]


def try_finally(text: str) -> dict[str, str]:
    """`try: ... finally: ...` around what a function does."""
    return _TryFinally.apply(text)
