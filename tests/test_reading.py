"""What is read of code of Keras and Gluon: the events, and which of them are about one object."""

from __future__ import annotations

from paramlint.facts import File
from paramlint.facts.reading import Held, Thing, Trace, reader
from paramlint.facts.reading.entries import trace_of
from paramlint.source.text import Source


def traced(text: str, name: str) -> Trace:
    file = File(Source("example.py", text.encode()), None, draft=True)
    return trace_of(file, next(unit for unit in file.outline.units if unit.name == name))


def made(trace: Trace) -> list[str]:
    return [call.result.what for call in trace.calls if isinstance(call.result, Thing)]


def test_helpers_are_gone_into_and_branches_exclude_each_other():
    trace = traced(
        "from keras import layers\n"
        "def dense(n):\n    return layers.Dense(n)\n"
        "def build(wide):\n    if wide:\n        return dense(8)\n    return layers.Flatten()\n",
        "build",
    )
    assert made(trace) == ["keras.layers.Dense", "keras.layers.Dense", "keras.layers.Flatten"]
    first, _, last = trace.calls
    assert first.excludes(last) and last.excludes(first)


def test_an_attribute_is_what_the_constructor_of_a_base_has_made_it():
    trace = traced(
        "from keras import layers\n"
        "class Base(layers.Layer):\n    def __init__(self):\n        super().__init__()\n"
        "        self.parts = []\n        self.parts.append(layers.Dense(4))\n"
        "class Heir(Base):\n    def call(self, x):\n        return self.parts[0](x)\n",
        "Heir",
    )
    parts = trace.heap[trace.instance]["parts"]
    assert isinstance(parts, Held)
    applied = [call for call in trace.calls if parts.items[0] is call.func]
    assert [call.stack for call in applied] == [("call",)]


def test_conditions_that_are_known_go_one_way():
    trace = traced(
        "from keras import layers\n"
        "def build(act=None):\n    one = None\n    if one is None:\n        one = layers.PReLU()\n"
        "    if 1 == 2:\n        one = layers.Dense(1)\n    return one\n",
        "build",
    )
    assert made(trace) == ["keras.layers.PReLU"]


def test_reading_ends_and_what_is_too_long_is_left_out(monkeypatch):
    circle = traced("import keras\ndef f(x):\n    return g(x)\ndef g(x):\n    return f(x)\n", "f")
    assert len(circle.events) < 10
    long = "import keras\ndef f():\n" + "    keras.layers.Dense(4)\n" * 20
    assert len(traced(long, "f").events) == 20
    monkeypatch.setattr(reader, "MAX_STEPS", 40)
    assert traced(long, "f").events == []
