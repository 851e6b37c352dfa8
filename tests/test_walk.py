"""Walking over nodes."""

import ast

import pytest

from paramlint.engine.nominate.words import words_of
from paramlint.source.text import Source
from paramlint.syntax import walk
from paramlint.syntax.nodes_from_ast import Translation

CODE = """
@decorated(1)
def f(a, *args, b: int = 2, **kwargs) -> None:
    x = y.z = g(a, *args, b=b, **kwargs)
    (first, *rest), [second] = a, {**kwargs, "k": b}
    print(f"{x!r:>{b}}"); return first[1:2, ...]
"""


@pytest.mark.parametrize("kind", walk._FREQUENT)
def test_the_children_that_are_written_out_are_those_of_the_fields(kind):
    module = Translation(Source.from_text("", CODE)).module(ast.parse(CODE))
    found = [node for node in walk.walk(module) if node.__class__ is kind]
    assert found
    by_fields = walk._of_fields(kind)
    assert [walk.children(node) for node in found] == [by_fields(node) for node in found]


def test_words_end_at_whatever_is_no_letter_digit_or_underscore():
    assert set(words_of("a_1.b2 = größe['c']#d\n\tné\N{EM DASH}e")) >= {"a_1", "b2", "c", "d", "e"}
