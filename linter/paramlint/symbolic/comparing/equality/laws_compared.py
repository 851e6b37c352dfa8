"""Whether two initialisations draw from one law, however they are written: `zeros_` and `torch.zeros` do."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from paramlint.symbolic.comparing.equality.formulas_compared import Formula, NotComputedError, Verdict, compared
from paramlint.symbolic.showing.show_document import Init, Scalar

_CONSTANTS: Mapping[str, float] = {
    "zeros_": 0, "zero_": 0, "torch.zeros": 0, "torch.zeros_like": 0,
    "ones_": 1, "torch.ones": 1, "torch.ones_like": 1,
}  # fmt: skip
_CONSTANT_OF = {"constant_": "val", "fill_": "value", "torch.full": "fill_value", "torch.full_like": "fill_value"}
#: What an initialiser is called, and the arguments that say something of its law, with their defaults.
_LAWS: Mapping[str, tuple[str, Mapping[str, Scalar]]] = {
    "normal_": ("normal", {"mean": 0, "std": 1}),
    "torch.randn": ("normal", {"mean": 0, "std": 1}),
    "torch.randn_like": ("normal", {"mean": 0, "std": 1}),
    "uniform_": ("uniform", {"a": 0, "b": 1}),
    "torch.rand": ("uniform", {"a": 0, "b": 1}),
    "torch.rand_like": ("uniform", {"a": 0, "b": 1}),
    "trunc_normal_": ("truncated normal", {"mean": 0, "std": 1, "a": -2, "b": 2}),
    "kaiming_uniform_": ("kaiming uniform", {"a": 0, "mode": "'fan_in'", "nonlinearity": "'leaky_relu'"}),
    "kaiming_normal_": ("kaiming normal", {"a": 0, "mode": "'fan_in'", "nonlinearity": "'leaky_relu'"}),
    "xavier_uniform_": ("xavier uniform", {"gain": 1}),
    "xavier_normal_": ("xavier normal", {"gain": 1}),
    "orthogonal_": ("orthogonal", {"gain": 1}),
    "sparse_": ("sparse", {"sparsity": "", "std": 0.01}),
    "dirac_": ("dirac", {"groups": 1}),
    "eye_": ("eye", {}),
    "torch.eye": ("eye", {}),
}
_OTHER_NAMES = {"from": "a", "to": "b"}
_GAINS: Mapping[str, float] = {
    "'linear'": 1.0, "'sigmoid'": 1.0, "'conv1d'": 1.0, "'conv2d'": 1.0, "'conv3d'": 1.0,
    "'relu'": math.sqrt(2), "'tanh'": 5 / 3, "'selu'": 0.75,
}  # fmt: skip
#: Laws that are one for suitable figures.
_ONE_FAMILY = (
    {"normal", "kaiming normal", "xavier normal"},
    {"uniform", "kaiming uniform", "xavier uniform"},
)


@dataclass(frozen=True)
class Law:
    """A law: its kind, and its figures by name; of what is not known by name, how it is called and with what."""

    kind: str
    figures: Mapping[str, Scalar]
    is_known: bool = True


def law(init: Init) -> Law:
    """The law of an initialisation."""
    given = {_OTHER_NAMES.get(name, name): value for name, value in init.arguments.items()}
    if init.call in _CONSTANTS:
        return Law("constant", {"value": _CONSTANTS[init.call]})
    if init.call in _CONSTANT_OF:
        return Law("constant", {"value": given.get(_CONSTANT_OF[init.call], "?")})
    if init.call not in _LAWS:
        return Law(init.call, given, is_known=False)
    kind, defaults = _LAWS[init.call]
    figures = {**defaults, **{name: value for name, value in given.items() if name in defaults}}
    if kind.startswith("kaiming"):
        gain = _gain(figures["nonlinearity"], figures["a"])
        figures = {"mode": figures["mode"], "gain": gain} if gain is not None else figures
    return Law(kind, figures)


def _gain(nonlinearity: Scalar, slope: Scalar) -> float | None:
    if nonlinearity == "'leaky_relu'":
        try:
            return math.sqrt(2 / (1 + Formula(slope).value({}) ** 2))
        except NotComputedError:
            return None
    return _GAINS.get(str(nonlinearity))


def same_law(old: Init, new: Init, arguments: Collection[str]) -> Verdict:
    """Whether two calls give values of one law.

    Args:
        old, new: the calls.
        arguments: the names that stand for the same value in both.
    """
    one, other = law(old), law(new)
    if one.kind != other.kind:
        if not (one.is_known and other.is_known):
            return Verdict.UNKNOWN
        kinds = {one.kind, other.kind}
        may_be_one = any(kinds <= family for family in _ONE_FAMILY)
        return Verdict.UNKNOWN if may_be_one and not _is_told(one, other) else Verdict.DIFFERENT
    if one.figures.keys() != other.figures.keys():
        return Verdict.UNKNOWN
    verdicts = [compared(figure, other.figures[name], arguments) for name, figure in one.figures.items()]
    if Verdict.DIFFERENT in verdicts:
        return Verdict.DIFFERENT
    return Verdict.UNKNOWN if Verdict.UNKNOWN in verdicts else Verdict.SAME


def _is_told(*laws: Law) -> bool:
    """Whether the figures are numbers, so that two laws of one family are hardly the same for all sizes."""
    return all(
        isinstance(figure, (int, float)) or str(figure).startswith("'") for a in laws for figure in a.figures.values()
    )
