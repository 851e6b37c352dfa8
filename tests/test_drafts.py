"""A draft tells the same places, texts and comments as LibCST does, or says that it cannot tell."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from paramlint import nodes
from paramlint.source.text import Source
from paramlint.syntax.draft import Draft
from paramlint.syntax.outline import NotInAstError, outline
from paramlint.syntax.parse import Segment
from paramlint.syntax.walk import walk

FIXTURES = sorted((Path(__file__).parent.parent / "fixtures").glob("*/*/bad.py"))[::8]
#: Parentheses of all kinds, comments wherever they may stand, texts that are wider in bytes than in characters.
LAYOUT = '''
import torch  # first
# of the file
from torch import nn

# tied below
x = (a + b) * ((c)) - (d)[0].e(f)(g)
y = f((a), ((b + c)), *(d), k=(e), **(g))  # behind
é, z = "ü" + (ö), (  # inside (
    a
)
# two
# rows

w = (
    a
    + b  # why
)
v = ( a + b )
u = (a, (b, c), (d,), ( e, f ), ())
t = (lambda: (a)), (yield_ if (b) else (c))
s = (x for x in (a)), f(x for x in (b)), f((x for x in c), (d))
r = not(a) and (b or(c)) or \\
    (d)
del (a), (b)
(a).b = (c)
"text"
(a)
assert(a), (b)
q = f"{(a)} {b.c}", f'{(d)}', """
{}""", f"""
{(a).b(c)}
"""
for (i) in (a):  # rounds
    pass; p = (i) # end
# above the loop
# and more
for o in (a, b):
    with (a): pass
    with (a) as b, (c): (d)
    # deeper
  # between
    n = ((a
          .b
          (c)))
@(a)
@ b.c(
    d)
class A(B, (C), k=(D)):
    # of the body
    m = 1

    @property
    def l(self, a=(1), *, b: (int) = (2)) -> (int):
        return(a)
if (a):
    def f(): pass
elif (b):
    class D:
        def g(self):
            raise (E)
match (a):
    case (1):
        pass
'''


QUESTIONS = {
    "span": lambda segment, node: segment.spans([node])[node],
    "text": lambda segment, node: segment.text(node),
    "parentheses": lambda segment, node: segment.parentheses(node),
    "row": lambda segment, node: segment.row(node),
}
QUESTIONS_ABOUT_STATEMENTS = {  # signs alone stand for code that is left out
    "comments": lambda segment, node: segment.comments(node).strip("# "),
    "comments above": lambda segment, node: segment.comments_above(node).strip("# "),
}


def differences(source):
    """What a draft tells otherwise than LibCST, and how much it tells."""
    found, count = [], 0
    for unit in outline(ast.parse(source.text), source).units:
        draft, segment = Draft(source, unit), Segment(source, unit)
        for own, other in zip(walk(draft.node, classes=True), walk(segment.node, classes=True), strict=True):
            is_statement = isinstance(own, nodes.SimpleStatementLine)
            for what, ask in (QUESTIONS | QUESTIONS_ABOUT_STATEMENTS if is_statement else QUESTIONS).items():
                try:
                    answer = ask(draft, own)
                except (NotInAstError, KeyError):
                    continue
                if not answer and what == "row":
                    continue
                count += 1
                if answer != ask(segment, other):
                    found.append((own, what, answer, ask(segment, other)))
    return found, count


def test_of_all_layouts():
    found, count = differences(Source.from_text("layout.py", LAYOUT))
    assert not found
    assert count > 700


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_with_other_ends_of_rows(newline):
    assert not differences(Source.from_text("layout.py", LAYOUT.replace("\n", newline)))[0]


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.parent.name)
def test_of_fixtures(path):
    found, count = differences(Source(str(path), path.read_bytes()))
    assert not found
    assert count
