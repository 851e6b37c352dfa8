"""Where the code stands: in a base class, another file, another function, another branch, `main`."""

from __future__ import annotations

import ast
import re
import textwrap

import libcst as cst

from .rewriting import Assignments, Rewriter, as_parameters, bound_in, code, last_import


class _BaseClass(Rewriter):
    """`__init__` goes to a base class of its own."""

    def leave_ClassDef(self, original_node, updated_node):
        super().leave_ClassDef(original_node, updated_node)
        if self.around or not isinstance(updated_node.body, cst.IndentedBlock) or updated_node.decorators:
            return updated_node
        body = updated_node.body.body
        first = [n for n in body if isinstance(n, cst.FunctionDef) and n.name.value == "__init__"]
        others = [n for n in body if isinstance(n, cst.FunctionDef) and n.name.value != "__init__"]
        name = updated_node.name.value
        if len(first) != 1 or not others or not updated_node.bases:
            return updated_node
        if re.search(rf"super\(\w|\b{name}\b|self\.__[a-z]\w*(?<!__)\b", code(first[0])):
            return updated_node
        base = self.fresh(f"{name}Parts")
        kept = [n for n in body if n not in others]
        lower = updated_node.with_changes(name=cst.Name(base), body=updated_node.body.with_changes(body=kept))
        upper = updated_node.with_changes(
            bases=[cst.Arg(cst.Name(base))],
            keywords=[],
            body=updated_node.body.with_changes(body=others),
            leading_lines=[cst.EmptyLine(), cst.EmptyLine()],
        )
        return cst.FlattenSentinel([lower, upper])


def base_class(text: str) -> dict[str, str]:
    """`class Net(NetParts)`, where `NetParts` has the `__init__`."""
    return _BaseClass.apply(text)


def other_file(text: str) -> dict[str, str]:
    """Definitions that others of the file use stand in a file beside it."""
    module = cst.parse_module(text)
    body = list(module.body)
    last = last_import(body)
    if any("__future__" in code(line) for line in body[:last]):
        return {"": text}
    head = list(body[:last])
    imported = {
        (a.asname or a.name).partition(".")[0]
        for line in head
        for n in ast.walk(ast.parse(code(line)))
        if isinstance(n, (ast.Import, ast.ImportFrom))
        for a in n.names
    }
    own = {n.name.value for n in body if isinstance(n, (cst.ClassDef, cst.FunctionDef))}
    globals_ = {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    moved: list[cst.BaseStatement] = []
    names: set[str] = set()
    for index, node in enumerate(body):
        if not isinstance(node, (cst.ClassDef, cst.FunctionDef)):
            continue
        name = node.name.value
        read = {n.id for n in ast.walk(ast.parse(code(node))) if isinstance(n, ast.Name)}
        rest = "".join(code(n) for n in body[index + 1 :])
        free = (read & (own | globals_)) - names - {name} - bound_in(code(node)) - imported
        once = sum(isinstance(n, (cst.ClassDef, cst.FunctionDef)) and n.name.value == name for n in body) == 1
        if not free and once and re.search(rf"\b{name}\b", rest) and "global " not in code(node):
            moved.append(node)
            names.add(name)
    if not moved:
        return {"": text}
    line = cst.parse_statement(f"from parts_beside import {', '.join(sorted(names))}")
    kept = [*body[:last], line, *(n for n in body[last:] if n not in moved)]
    return {"": module.with_changes(body=kept).code, "parts_beside": module.with_changes(body=[*head, *moved]).code}


class _EarlyReturn(Rewriter):
    def leave_FunctionDef(self, original_node, updated_node):
        self.around.pop()
        body = updated_node.body
        if not isinstance(body, cst.IndentedBlock) or not body.body or not isinstance(body.body[-1], cst.If):
            return updated_node
        last = body.body[-1]
        if not isinstance(last.orelse, cst.Else) or "yield" in code(updated_node):
            return updated_node
        inner = last.body.body
        if not isinstance(last.body, cst.IndentedBlock) or not isinstance(last.orelse.body, cst.IndentedBlock):
            return updated_node
        first = last.with_changes(
            orelse=None, body=last.body.with_changes(body=[*inner, cst.parse_statement("return")])
        )
        return updated_node.with_changes(body=body.with_changes(body=[*body.body[:-1], first, *last.orelse.body.body]))


def early_return(text: str) -> dict[str, str]:
    """`if a: ...; return` for an `else` at the end of a function."""
    return _EarlyReturn.apply(text)


class _Branches(Assignments):
    def replace(self, target, value, line):
        if not isinstance(value, cst.IfExp):
            return None
        said = code(target)
        return [f"if {code(value.test)}:\n    {said} = {code(value.body)}\nelse:\n    {said} = {code(value.orelse)}\n"]


def branches_for_expression(text: str) -> dict[str, str]:
    """`if` and `else` for a conditional expression."""
    return _Branches.apply(text)


class _Split(Rewriter):
    """The second half of a function goes to a function of its own."""

    def leave_FunctionDef(self, original_node, updated_node):
        self.around.pop()
        body = updated_node.body
        if self.around or not isinstance(body, cst.IndentedBlock) or len(body.body) < 3 or updated_node.asynchronous:
            return updated_node
        if re.search(r"\b(?:yield|nonlocal|global|super|locals|del)\b", code(updated_node)):
            return updated_node
        middle = (len(body.body) + 1) // 2
        first, rest = body.body[:middle], body.body[middle:]
        if any(isinstance(n, cst.FunctionDef) for n in rest):
            return updated_node
        name = updated_node.name.value
        says = "".join(code(n) for n in first)
        given = _names_in_order(updated_node, says, "".join(code(n) for n in rest))
        if given is None:
            return updated_node
        other = self.fresh(f"rest_of_{name.strip('_')}")
        call = cst.parse_statement(f"return {other}({', '.join(given)})")
        part = cst.parse_statement(f"def {other}({as_parameters(updated_node, given)}):\n    pass\n").with_changes(
            body=body.with_changes(body=rest), leading_lines=[cst.EmptyLine(), cst.EmptyLine()]
        )
        kept = updated_node.with_changes(body=body.with_changes(body=[*first, call]))
        return cst.FlattenSentinel([part.with_changes(leading_lines=updated_node.leading_lines), kept])


def _names_in_order(function: cst.FunctionDef, first: str, rest: str) -> list[str] | None:
    """The local names that the second half reads; None where one is not bound for sure by then."""
    params = [n.arg for n in ast.walk(ast.parse(f"def f({code(function.params)}): pass")) if isinstance(n, ast.arg)]
    tree = ast.parse(textwrap.dedent(first))
    sure = [n.id for line in tree.body if isinstance(line, (ast.Assign, ast.AnnAssign, ast.With))
            for n in ast.walk(line) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]  # fmt: skip
    sure += [line.name for line in tree.body if isinstance(line, (ast.FunctionDef, ast.ClassDef))]
    bound = bound_in(code(function))
    read = [n.id for n in ast.walk(ast.parse(textwrap.dedent(rest))) if isinstance(n, ast.Name)]
    given = [name for name in dict.fromkeys(read) if name in bound and (name in params or name in sure)]
    before = set(re.findall(r"\w+", first)) & bound
    if any(name in before and name not in given and name in read for name in bound):
        return None
    return given


def split_function(text: str) -> dict[str, str]:
    """`return rest_of_train(model, optimizer)` for the second half of `train`."""
    return _Split.apply(text)


def _in_main(module: cst.Module) -> cst.Module:
    """The statements below the last definition, in a function `main`."""
    body = list(module.body)
    defined = [i for i, n in enumerate(body) if isinstance(n, (cst.FunctionDef, cst.ClassDef))]
    start = defined[-1] + 1 if defined else 0
    while start < len(body) and isinstance(body[start], cst.SimpleStatementLine):
        if not isinstance(body[start].body[0], (cst.Import, cst.ImportFrom)) and not (
            start == 0 and isinstance(body[start].body[0], cst.Expr)
        ):
            break
        start += 1
    script = body[start:]
    text = module.code
    if len(script) < 2 or "__name__" in text or re.search(r"\b(?:main|global|__all__)\b|import \*", text):
        return module
    stored = {n.id for s in script for n in ast.walk(ast.parse(code(s)))
              if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}  # fmt: skip
    above = {n.id for s in body[:start] for n in ast.walk(ast.parse(code(s))) if isinstance(n, ast.Name)}
    if stored & above:
        return module
    whole = cst.parse_statement("def main():\n    pass\n")
    whole = whole.with_changes(
        body=whole.body.with_changes(body=script), leading_lines=[cst.EmptyLine(), cst.EmptyLine()]
    )
    call = cst.parse_statement("main()").with_changes(leading_lines=[cst.EmptyLine(), cst.EmptyLine()])
    return module.with_changes(body=[*body[:start], whole, call])


class _Prepared(Rewriter):
    """The first half of a function goes to one that returns what the second half reads."""

    def leave_FunctionDef(self, original_node, updated_node):
        self.around.pop()
        body = updated_node.body
        if self.around or not isinstance(body, cst.IndentedBlock) or updated_node.asynchronous:
            return updated_node
        lines = list(body.body)
        if lines and code(lines[0]).strip().startswith('"""'):
            lines = lines[1:]
        said = code(updated_node)
        if len(lines) < 3 or re.search(r"\b(?:yield|nonlocal|global|super|locals|lambda)\b", said):
            return updated_node
        middle = next((i for i, n in enumerate(lines) if isinstance(n, (cst.For, cst.While))), (len(lines) + 1) // 2)
        first, rest = lines[:middle], lines[middle:]
        if len(first) < 2 or any(isinstance(n, (cst.FunctionDef, cst.ClassDef)) for n in first):
            return updated_node
        texts = ["".join(code(n) for n in part) for part in (first, rest)]
        if re.search(r"\breturn\b", texts[0]):
            return updated_node
        params = [
            n.arg for n in ast.walk(ast.parse(f"def f({code(updated_node.params)}): pass")) if isinstance(n, ast.arg)
        ]
        trees = [ast.parse(text) for text in texts]
        stored = [n.id for n in ast.walk(trees[0]) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)]
        sure = {
            n.id
            for line in trees[0].body
            if isinstance(line, (ast.Assign, ast.AnnAssign))
            for n in ast.walk(line)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        read = list(dict.fromkeys(n.id for n in ast.walk(trees[1]) if isinstance(n, ast.Name)))
        back = [name for name in read if name in stored]
        if not back or any(name not in sure and name not in params for name in back):
            return updated_node
        given = [p for p in params if re.search(rf"\b{p}\b", texts[0])]
        name = updated_node.name.value
        other = self.fresh(f"start_of_{name.strip('_')}")
        part = cst.parse_statement(f"def {other}({as_parameters(updated_node, given)}):\n    pass\n").with_changes(
            leading_lines=updated_node.leading_lines,
            body=body.with_changes(body=[*first, cst.parse_statement(f"return {', '.join(back)}")]),
        )
        call = cst.parse_statement(f"{', '.join(back)} = {other}({', '.join(given)})")
        kept = updated_node.with_changes(
            body=body.with_changes(body=[call, *rest]), leading_lines=[cst.EmptyLine(), cst.EmptyLine()]
        )
        return cst.FlattenSentinel([part, kept])


def prepared(text: str) -> dict[str, str]:
    """`model, optimizer = start_of_train(width)` for the first half of `train`; a script is one in `main`."""
    module = _in_main(cst.parse_module(text))
    return {"": module.visit(_Prepared(module.code)).code}
