"""Scripts in functions: what stands at the end of a file goes to `main`, the first half of a function to another."""

from __future__ import annotations

import ast
import re

import libcst as cst

from .rewriting import Rewriter, code


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
        part = cst.parse_statement(f"def {other}({', '.join(given)}):\n    pass\n").with_changes(
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
