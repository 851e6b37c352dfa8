"""Loops for comprehensions, and back."""

from __future__ import annotations

import re

import libcst as cst

from .rewriting import Assignments, Rewriter, assignment, code, in_place_of, is_movable, last_name


class _Loops(Assignments):
    def replace(self, target, value, line):
        found = _first_comprehension(value)
        if found is None:
            return None
        inner = found.for_in
        bound = set(re.findall(r"\w+", code(inner.target)))
        if inner.inner_for_in is not None or inner.asynchronous or bound & self._elsewhere(found):
            return None
        local = self.fresh(f"made_{last_name(target)}")
        body = f"{local}.append({code(found.elt)})"
        for test in reversed(inner.ifs):
            body = f"if {code(test.test)}:\n{_indented(body)}"
        loop = f"for {code(inner.target)} in {code(inner.iter)}:\n{_indented(body)}"
        named: cst.CSTNode = cst.Name(local)
        whole = named if found is value else value.deep_replace(found, named)
        return [f"{local} = []", loop + "\n", f"{code(target)} = {code(whole)}"]

    def _elsewhere(self, found: cst.BaseExpression) -> set[str]:
        """The names in the function around, without those of this comprehension."""
        said = code(self.around[-1]).replace(code(found), "", 1)
        return set(re.findall(r"\w+", said)) - {"_"}


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _first_comprehension(value: cst.BaseExpression) -> cst.ListComp | cst.GeneratorExp | None:
    """The comprehension that is all that an assignment evaluates before it calls."""
    while True:
        if isinstance(value, cst.ListComp):
            return value
        if (
            not isinstance(value, cst.Call)
            or len(value.args) != 1
            or not isinstance(value.func, (cst.Name, cst.Attribute))
        ):
            return None
        if value.args[0].star and isinstance(value.args[0].value, cst.GeneratorExp):
            return None
        value = value.args[0].value


def loop_for_comprehension(text: str) -> dict[str, str]:
    """`layers = []`, and `layers.append(...)` in a loop."""
    return _Loops.apply(text)


class _Comprehensions(Rewriter):
    def leave_IndentedBlock(self, original_node, updated_node):
        body = []
        for line in updated_node.body:
            made = _joined(body[-1], line) if body and self.in_function else None
            if made is not None:
                above = [*body[-1].leading_lines, *line.leading_lines]
                body[-1:] = in_place_of(body[-1].with_changes(leading_lines=above), [made]).nodes
            else:
                body.append(line)
        return updated_node.with_changes(body=body)


def _joined(start: cst.BaseStatement, loop: cst.BaseStatement) -> str | None:
    """`xs = [... for ...]` for an empty list and the loop below that fills it."""
    first = re.fullmatch(
        r"([\w.]+) = (\[\]|(?:nn\.)?(?:ModuleList|ParameterList)\((?:\[\])?\))",
        re.sub(r"\s*#.*", "", code(start)).strip(),
    )
    if first is None or not isinstance(loop, cst.For) or loop.orelse or len(loop.body.body) != 1:
        return None
    name, empty = first.groups()
    inner = loop.body.body[0]
    if not isinstance(inner, cst.SimpleStatementLine) or len(inner.body) != 1 or code(loop).count(name) != 1:
        return None
    call = getattr(inner.body[0], "value", None)
    if not isinstance(call, cst.Call) or code(call.func) != f"{name}.append" or call.args[0].star:
        return None
    if "yield" in code(loop) or "await" in code(loop):
        return None
    made = f"[{code(call.args[0].value)} for {code(loop.target)} in {code(loop.iter)}]"
    comments = re.findall(r"#.*", code(loop))
    comment = f"  {comments[0]}" if comments else ""
    made = made if empty == "[]" else f"{empty.partition('(')[0]}({made})"
    return f"{name} = {made}{comment}"


def comprehension_for_loop(text: str) -> dict[str, str]:
    """`layers = [... for ...]` for a list that the next loop fills."""
    return _Comprehensions.apply(text)


class _Continue(Rewriter):
    def leave_For(self, original_node, updated_node):
        body = updated_node.body
        last = body.body[-1] if isinstance(body, cst.IndentedBlock) and body.body else None
        if not isinstance(last, cst.If) or last.orelse is not None or not isinstance(last.body, cst.IndentedBlock):
            return updated_node
        skip = cst.parse_statement(f"if not ({code(last.test)}):\n    continue\n")
        skip = skip.with_changes(leading_lines=last.leading_lines)
        return updated_node.with_changes(body=body.with_changes(body=[*body.body[:-1], skip, *last.body.body]))


def continue_for_if(text: str) -> dict[str, str]:
    """`if not wanted: continue` for a condition around the rest of a loop's body."""
    return _Continue.apply(text)


class _Indexed(Rewriter):
    def leave_For(self, original_node, updated_node):
        owner = code(updated_node.iter)
        if not isinstance(updated_node.target, cst.Name) or not isinstance(updated_node.body, cst.IndentedBlock):
            return updated_node
        made = re.findall(rf"(?<![\w.]){re.escape(owner)} = (.*)", self.text)
        is_list = bool(made) and all(re.match(r"\[|(?:torch\.)?nn\.ModuleList\(", one) for one in made)
        if not is_list or re.search(rf"{re.escape(owner)}\.(?:append|insert|extend)", code(updated_node.body)):
            return updated_node
        number = self.fresh("position")
        line = cst.parse_statement(f"{updated_node.target.value} = {owner}[{number}]")
        body = updated_node.body.with_changes(body=[line, *updated_node.body.body])
        loop = cst.parse_statement(f"for {number} in range(len({owner})):\n    pass\n")
        return updated_node.with_changes(target=loop.target, iter=loop.iter, body=body)


def indexed(text: str) -> dict[str, str]:
    """`for i in range(len(self.layers)): layer = self.layers[i]`."""
    return _Indexed.apply(text)


class _Reduce(Rewriter):
    def leave_For(self, original_node, updated_node):
        lines = updated_node.body.body
        pair = assignment(lines[0]) if len(lines) == 1 and isinstance(lines[0], cst.SimpleStatementLine) else None
        if pair is None or updated_node.orelse is not None or not self.in_function:
            return updated_node
        (target, value), item = pair, updated_node.target
        if not isinstance(target, cst.Name) or not isinstance(item, cst.Name) or not is_movable(value):
            return updated_node
        held, one = target.value, item.value
        whole, inside = (len(re.findall(rf"\b{one}\b", code(n))) for n in (self.around[-1], original_node))
        if whole != inside or not re.search(rf"\b{held}\b", code(value)) or held == one:
            return updated_node
        self.imports.append("import functools")
        said = f"functools.reduce(lambda {held}, {one}: {code(value)}, {code(updated_node.iter)}, {held})"
        return cst.parse_statement(f"{held} = {said}").with_changes(leading_lines=updated_node.leading_lines)


def reduce_for_loop(text: str) -> dict[str, str]:
    """`x = functools.reduce(lambda x, layer: layer(x), self.layers, x)`."""
    return _Reduce.apply(text)
