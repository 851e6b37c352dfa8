"""The initialisers of Keras and Gluon as `show` tells of them: `he_normal()`, `random_normal(stddev=0.02)`."""

from __future__ import annotations

import re

from paramlint.facts.reading import Const, Named, Parameter, Thing, Value
from paramlint.knowledge.keras_names import INITIALIZER_TEXTS, INITIALIZERS
from paramlint.symbolic.showing.show_document import Init, Scalar

_KERAS, _GLUON = "keras.initializers.", ("mxnet.init.", "mxnet.initializer.")
_ORDERS_OF_GLUON = {
    "Constant": ("value",),
    "MSRAPrelu": ("factor_type", "slope"),
    "Normal": ("sigma",),
    "Orthogonal": ("scale", "rand_type"),
    "Uniform": ("scale",),
    "Xavier": ("rnd_type", "factor_type", "magnitude"),
}


def told(given: Value | None, default: str, filename: str, row: int) -> Init | None:
    """The initialiser that an argument says.

    Args:
        given: what the argument is given; None where it is left to its default.
        default: the name of that, as Keras or Gluon writes it; empty where nothing is known then.
        filename, row: where the layer is made.

    Returns:
        None where it is not known which one it is.
    """
    if given is None:
        return Init(call=default, arguments={}, filename=filename, row=row) if default else None
    if isinstance(given, Const) and isinstance(given.value, str):
        return _plain(INITIALIZER_TEXTS.get(given.value, given.value), filename, row)
    if isinstance(given, Named) and given.name.startswith(_KERAS):
        return _plain(given.name.removeprefix(_KERAS), filename, row)
    if isinstance(given, Thing) and given.what.startswith((_KERAS, *_GLUON)):
        return _made(given, filename, row)
    return None


def _plain(name: str, filename: str, row: int) -> Init | None:
    return Init(call=snake(name), arguments={}, filename=filename, row=row) if name.isidentifier() else None


def _made(given: Thing, filename: str, row: int) -> Init | None:
    last = given.last
    if last in ("get", "deserialize") or given.made.open:
        return None
    is_text = bool(given.made.args) and not given.what.startswith(_GLUON) and _is_get(given)
    order = () if is_text else _order(given)
    arguments: dict[str, Scalar] = {}
    for name, value in {**dict(zip(order, given.made.args, strict=False)), **given.made.keywords}.items():
        if isinstance(value, Parameter):
            arguments[name] = value.name
        elif isinstance(value, Const) and isinstance(value.value, (bool, int, float, str)):
            arguments[name] = value.value
        elif name != "seed" and not isinstance(value, Const):
            return None  # what it draws is not known
    arguments.pop("seed", None)
    return Init(call=snake(last), arguments=arguments, filename=filename, row=row)


def _is_get(given: Thing) -> bool:
    """Whether it comes of `initializers.get("he_normal")`, whose argument is not its own."""
    func = given.made.func
    return isinstance(func, Named) and func.name.rpartition(".")[2] in ("get", "deserialize")


def _order(given: Thing) -> tuple[str, ...]:
    if given.what.startswith(_GLUON):
        return _ORDERS_OF_GLUON.get(given.last, ())
    return tuple(INITIALIZERS.get(given.last, {}).get("arguments", ()))


def snake(name: str) -> str:
    """`HeNormal` as `he_normal`, the way Keras writes initialisers."""
    return "".join(f"_{c.lower()}" if c.isupper() and place else c.lower() for place, c in enumerate(name))


def layer_name(name: str) -> str:
    """`SimpleRNN` as `simple_rnn`, the way Keras names layers that are given no name."""
    return _INSIDE.sub("_", _WORD.sub("_", name)).lower()


#: Before a capital that begins a word, and after a small letter.
_WORD = re.compile(r"(?<=.)(?=[A-Z][a-z])")
_INSIDE = re.compile(r"(?<=[a-z])(?=[A-Z])")
