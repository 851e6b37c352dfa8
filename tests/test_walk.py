"""Walking over syntax trees."""

import libcst as cst
import pytest

from paramlint.engine.nominate import _words
from paramlint.syntax import walk

CODE = """
@decorated(1)
def f(a, *args, b: int = 2, **kwargs) -> None:
    x = y.z = g(a, *args, b=b, **kwargs)
    (first, *rest), [second] = a, {**kwargs, "k": b}
    print(f"{x!r:>{b}}"); return first[1:2, ...]
"""


@pytest.mark.parametrize("kind", walk._FREQUENT)
def test_the_children_that_are_written_out_are_those_of_the_fields(kind, monkeypatch):
    nodes = [node for node in walk.walk(cst.parse_module(CODE)) if node.__class__ is kind]
    assert nodes
    written = [walk.children(node) for node in nodes]
    monkeypatch.delitem(walk._FREQUENT, kind)
    assert written == [walk.children(node) for node in nodes]


def test_words_end_at_whatever_is_no_letter_digit_or_underscore():
    assert set(_words("a_1.b2 = größe['c']#d\n\tné\N{EM DASH}e")) >= {"a_1", "b2", "c", "d", "e"}
