"""Nodes are the same whether `ast` or LibCST has parsed the code, and cost little."""

from __future__ import annotations

import ast
import gc
import inspect
import subprocess
import sys
import warnings
from pathlib import Path

import libcst as cst
import pytest

from paramlint import nodes
from paramlint.nodes import operators
from paramlint.source.text import Source
from paramlint.syntax.expressions_from_ast import parse_expression
from paramlint.syntax.large_stack import with_large_stack
from paramlint.syntax.nodes_from_ast import Translation
from paramlint.syntax.nodes_from_libcst import translate
from paramlint.syntax.walk import fields_of, walk

FIXTURES = Path(__file__).parent.parent / "fixtures"
EVERY_KIND = '''
"""Docstring."""
from __future__ import annotations
import a, b.c as d
from ..e import f, g as h
from .i import *

@j.k(1, *l, m=2, **n)
class O(p[q], metaclass=r):
    s: int
    t: "u" = 1.5; v = w = 2j

async def f(a, /, b: int = 3, *c, d=..., **e) -> None:
    global x, y
    async with z as (a, *b), c: pass
    async for d in e: continue
    else:
        return
    await f; del a; del b, c.d, e[0]
    return [a async for a in b if c if d]

def g(a=1, *, b):
    nonlocal c
    if a: pass
    elif b: return -a
    else:
        if c: pass
    while not a and b or c:
        break
    else:
        pass
    try:
        assert a, "b"
    except (A, B) as e:
        raise C from e
    except D: raise
    else:
        pass
    finally:
        pass
    match a:
        case 1 if b:
            c
        case None | [x, *y] | {"k": z, **w} | C(u, v=2) as t:
            c
    x = lambda a, *b, c=1, **d: (yield)
    yield from a
    a[1:2, ::3, ...], b[(1, 2)], c[d], e[*f], g[1,], h[()] = i
    a += 1; b //= 2; c @= d
    a = b if c else d, {e, *f}, {g: h, **i}, {j: k for j, k in l}, {m for m in n}, (o for o in p for q in r)
    a = b < c <= d is not e not in f != g, ~a + b - c * d / e // f % g ** h @ i << j >> k & l | m ^ n
    (a := 1), [b, *c], f"{d!r:>{e}}", b"f", 0x10, True, None, (not g)
'''


def from_ast(text):
    return Translation(Source.from_text("", text)).module(ast.parse(text))


def from_libcst(text):
    return translate(cst.parse_module(text))[0]


def shown(node):
    """A tree as text. Strings are shown without what is in them, patterns not at all: `ast` has them otherwise."""
    if isinstance(node, nodes.BaseString):
        return "string"
    if isinstance(node, nodes.MatchPattern):
        return "pattern"
    if isinstance(node, (nodes.Node, operators.Operator)):
        fields = [f"{name}={shown(getattr(node, name))}" for name in node.__struct_fields__]
        return f"{type(node).__name__}({', '.join(fields)})"
    return f"[{', '.join(map(shown, node))}]" if isinstance(node, tuple) else repr(node)


def test_ast_and_libcst_give_the_same_nodes():
    assert shown(from_ast(EVERY_KIND)) == shown(from_libcst(EVERY_KIND))


def test_they_give_the_same_nodes_for_the_fixtures():
    paths = [path for path in FIXTURES.rglob("*.py") if "compatible" not in path.name]  # `ast` changes such characters
    assert len(paths) > 150
    for path in paths:
        text = path.read_bytes().decode()
        assert shown(from_ast(text)) == shown(from_libcst(text)), path


def test_the_code_above_has_every_kind_that_ast_can_give():
    made = {type(node) for node in walk(from_ast(EVERY_KIND), classes=True)}
    source = inspect.getsource(sys.modules[Translation.__module__])
    named = {kind for name, kind in vars(nodes).items() if isinstance(kind, type) and f"nodes.{name}" in source}
    bases = {kind for kind in named if kind.__subclasses__()}
    assert named - bases - made == {nodes.TryStar, nodes.ExceptStarHandler}  # Python 3.10 has them not


#: Layout, and what no Python that paramlint runs on can parse.
_LEFT_OUT = {
    "AssignEqual", "Asynchronous", "Colon", "Comma", "Comment", "EmptyLine", "LeftCurlyBrace", "LeftParen",
    "LeftSquareBracket", "Newline", "ParamSlash", "ParenthesizedWhitespace", "RightCurlyBrace", "RightParen",
    "RightSquareBracket", "Semicolon", "SimpleWhitespace", "TrailingWhitespace", "LazyImport", "LazyImportFrom",
}  # fmt: skip


def test_every_kind_of_libcst_has_a_node_with_fields_of_its_own():
    for name, kind in vars(cst).items():
        if not isinstance(kind, type) or not issubclass(kind, cst.CSTNode) or kind.__subclasses__():
            continue
        if name in _LEFT_OUT:
            continue
        own = getattr(nodes, name, None) or getattr(operators, name)
        assert all(hasattr(kind, field) for field in own.__struct_fields__), name


def test_nodes_are_equal_to_themselves_alone_and_no_matter_for_the_garbage_collector():
    node = nodes.Call(nodes.Name("a"), ())
    assert node == node != nodes.Call(node.func, ())
    assert {node: 1}[node] == 1
    assert not any(gc.is_tracked(node) for node in walk(from_ast(EVERY_KIND), classes=True))


def test_fields_of_texts_and_marks_are_not_gone_into():
    assert fields_of(nodes.Name) == ()
    assert fields_of(nodes.Integer) == ()
    assert fields_of(nodes.AugAssign) == ("target", "value")


def test_chains_may_be_deeper_than_functions_may_call_themselves():
    depth = 2_000  # Python allows 1,000 by itself; LibCST takes four times as long for twice as many
    tree = with_large_stack(lambda: from_libcst("a = " + " + ".join(["b"] * depth)))
    assert sum(1 for node in walk(tree) if isinstance(node, nodes.BinaryOperation)) == depth - 1


def test_strings_are_evaluated_in_silence():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (line,) = from_libcst(r"'\d'").body
    assert line.body[0].value.evaluated_value == "\\d"


@pytest.mark.parametrize("text", ["", "a b", "\0", " a", "x = 1", "("])
def test_what_is_no_expression_is_not_parsed(text):
    assert parse_expression(text) is None


CLEAN = """
from torch import nn
class A(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.ModuleList([nn.Linear(1, 1) for _ in range(3)])
        nn.init.zeros_(self.a[0].bias)
"""


@pytest.mark.parametrize("text", [CLEAN, CLEAN.replace("nn.ModuleList(", "list(")])
def test_libcst_is_not_loaded_where_ast_tells_what_is_found_and_where(text, tmp_path):
    path = tmp_path / "net.py"
    path.write_text(text)
    command = ["check", "--isolated", "--no-cache", "--select", "ALL", "--exit-zero", str(path)]
    script = "import sys; from paramlint.frontends.cli import main; main(sys.argv[1:]); print('libcst' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script, *command], capture_output=True, text=True, check=True)
    assert "False" in done.stdout.splitlines(), done.stdout
    assert ("PRM4" in done.stdout) is (text != CLEAN)
