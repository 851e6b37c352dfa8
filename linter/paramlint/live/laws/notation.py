"""Laws as text, in contracts, in configuration and on the command line: `normal(std=0.02)`.

The text is what a law shows of itself, and what Python would make of it: a constructor of `paramlint.verify.laws`,
figures as its arguments, perhaps a change. Arithmetic is understood, `kaiming_uniform(a=5**0.5)`; nothing is run.
"""

from __future__ import annotations

import ast
import inspect
import math
import operator
from collections.abc import Callable
from typing import Any

from paramlint.config.nearest import nearest
from paramlint.live.laws import laws
from paramlint.live.laws.keras_laws import KERAS_LAWS
from paramlint.live.laws.laws import Law

#: What a text may start with. `like`, `sampled` and `custom` take functions, which only Python code can give.
LAWS: dict[str, Callable[..., Law]] = {
    make.__name__: make
    for make in (
        laws.normal,
        laws.uniform,
        laws.trunc_normal,
        laws.exponential,
        laws.log_normal,
        laws.cauchy,
        laws.geometric,
        laws.bernoulli,
        laws.integers,
        laws.xavier_uniform,
        laws.xavier_normal,
        laws.kaiming_uniform,
        laws.kaiming_normal,
        laws.constant,
        laws.zeros,
        laws.ones,
        laws.eye,
        laws.dirac,
        laws.orthogonal,
        laws.sparse,
        *KERAS_LAWS,
    )
}
CHANGES = ("scaled", "shifted", "replaced", "clamped")
FIGURES = {"inf": math.inf, "nan": math.nan, "pi": math.pi}
OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


class LawError(ValueError):
    """A text that is no law; the message is one line and says what is wrong with which part."""


def parse_law(text: str) -> Law:
    """The law that a text names.

    Raises:
        LawError: it names none, or its arguments are wrong.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise LawError(f"`{text}` is no law: write one such as `normal(std=0.02)`") from None
    try:
        return _law(tree, text)
    except RecursionError:
        raise LawError(f"`{text[:40]}...` is too long for a law") from None


def parse_declaration(text: str) -> tuple[str, str]:
    """Read `PATTERN=LAW`; the law is checked, and returned as text.

    Raises:
        LawError: there is no pattern, or the law is none.
    """
    pattern, equals, law = text.partition("=")
    if not equals or not pattern.strip():
        raise LawError(f"`{text}` declares no law: write one such as `*.weight=normal(std=0.02)`")
    parse_law(law)
    return pattern.strip(), law.strip()


def _law(node: ast.expr, text: str) -> Law:
    if not isinstance(node, ast.Call):
        hint = f", with brackets: `{text}()`" if isinstance(node, ast.Name) and node.id in LAWS else ""
        raise LawError(f"`{text}` is no law: write one such as `normal(std=0.02)`{hint}")
    if isinstance(node.func, ast.Attribute):
        changed = _law(node.func.value, text)
        make: Callable[..., Law] = getattr(changed, _known(node.func.attr, CHANGES, "change of a law"))
    elif isinstance(node.func, ast.Name):
        make = LAWS[_known(node.func.id, tuple(LAWS), "law")]
    else:
        raise LawError(f"`{text}` is no law: write one such as `normal(std=0.02)`")
    return _called(make, node)


def _called(make: Callable[..., Law], node: ast.Call) -> Law:
    """Call a constructor; what it does not accept is said in its own words."""
    positional = [_value(argument) for argument in node.args]
    named = {keyword.arg: _value(keyword.value) for keyword in node.keywords if keyword.arg}
    if len(named) < len(node.keywords):
        raise LawError(f"`{ast.unparse(node)}`: `**` is not understood")
    names = tuple(inspect.signature(make).parameters)
    for name in named:
        _known(name, names, f"argument of `{make.__name__}`")
    try:
        return make(*positional, **named)
    except TypeError as error:
        raise LawError(f"`{ast.unparse(node)}`: {str(error).removeprefix(f'{make.__qualname__}() ')}") from None
    except (ValueError, ArithmeticError) as error:
        raise LawError(f"`{ast.unparse(node)}`: {error}") from None


def _value(node: ast.expr) -> Any:
    """A figure, or the text that `mode` and `nonlinearity` take."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return _figure(node)


def _figure(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        return node.value
    if isinstance(node, ast.Name) and node.id in FIGURES:
        return FIGURES[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_figure(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        try:
            # As floats: a power of integers may have any number of digits.
            figure = OPERATORS[type(node.op)](float(_figure(node.left)), float(_figure(node.right)))
        except ArithmeticError as error:
            raise LawError(f"`{ast.unparse(node)}` is no figure: {error.args[-1]}") from None
        if isinstance(figure, float):
            return figure
    raise LawError(f"`{ast.unparse(node)}` is no figure")


def _known(name: str, names: tuple[str, ...], kind: str) -> str:
    if name in names:
        return name
    meant = nearest(name, names)
    hint = f"did you mean `{meant}`?" if meant else f"there are {', '.join(names)}"
    raise LawError(f"`{name}` is no {kind}; {hint}")
