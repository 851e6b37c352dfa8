"""paramlint: mistakes in PyTorch parameters, found in source and proved on the live model.

Importing this package is cheap: neither torch nor libcst is loaded before something needs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from paramlint.frontends.python.inspection import Inspection
    from paramlint.frontends.python.watch import Watch
    from paramlint.verify.document.found import Finding
    from paramlint.verify.trace import Trace

__all__ = ["Finding", "__version__", "inspect", "trace", "watch"]

__version__ = "0.1.0"


def trace() -> Trace:
    """Watch a model being built: `with paramlint.trace() as t: model = build()`, then `print(t.report(model))`.

    Raises:
        ImportError: torch or scipy is missing; `pip install paramlint[verify]` brings them.
    """
    from paramlint.verify.trace import Trace

    return Trace()


def inspect(model: Any, *, optimizer: Any = None, example: Any = None, loss: Any = None) -> Inspection:
    """A report of a model that is there already; nothing of it is changed.

    Args:
        model: a module.
        optimizer: one, or several in a list or dict, to be compared with it.
        example: the arguments of a pass: a tensor, a tuple of positional or a dict of keyword arguments. With one, what
            gets no gradient is seen too, on a copy of the model.
        loss: makes a scalar of the output; the sum of it without one.

    Raises:
        ImportError: torch or scipy is missing; `pip install paramlint[verify]` brings them.
    """
    from paramlint.frontends.python.inspection import inspect as inspect_model

    return inspect_model(model, optimizer=optimizer, example=example, loss=loss)


def watch(
    model: Any, optimizer: Any = None, *, steps: int = 20, select: Iterable[str] = (), ignore: Iterable[str] = ()
) -> Watch:
    """Watch a training run in its first steps: `with paramlint.watch(model, optimizer) as watched:`.

    Args:
        model: a module, or a dict of named ones.
        optimizer: one, or a list or dict of them. Others that step meanwhile are seen too.
        steps: of the busiest optimizer, after which nothing is left of the watch.
        select, ignore: which rules, as on the command line.

    Raises:
        ImportError: torch or scipy is missing; `pip install paramlint[verify]` brings them.
        TypeError: what is given is neither a module nor a dict of them, or no optimizer.
    """
    from paramlint.frontends.python.watch import watch as watch_run

    return watch_run(model, optimizer, steps=steps, select=select, ignore=ignore)


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext paramlint` calls."""
    from paramlint.frontends.notebook.extension import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """What `%unload_ext paramlint` calls."""
    from paramlint.frontends.notebook.extension import unload

    unload(shell)


def __getattr__(name: str) -> Any:
    if name == "Finding":
        from paramlint.verify.document.found import Finding

        return Finding
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
