"""paramlint: mistakes in PyTorch parameters, found in source and proved on the live model.

Importing this package is cheap: neither torch nor libcst is loaded before something needs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from paramlint.frontends.python.inspection import Inspection
    from paramlint.frontends.python.proving import Verified
    from paramlint.frontends.python.source import ShownModels
    from paramlint.frontends.python.watch import Watch
    from paramlint.verify.document.found import Finding
    from paramlint.verify.trace import Trace

__all__ = ["Finding", "__version__", "check", "fix", "inspect", "prove", "show", "trace", "watch"]

__version__ = "0.1.0"


def check(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None = None,
    *,
    source: str | None = None,
    filename: str | None = None,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    preview: bool | None = None,
    config: str | None = None,
    isolated: bool = False,
) -> list[Finding]:
    """Check files and folders, or a text: what `paramlint check` says, by path and place. Nothing of it is run.

    Args:
        paths: one path, or several.
        source: a text instead of them, and `filename`, how it is called: its configuration is looked for there.
        select, ignore: codes, prefixes, names or groups of rules, as on the command line.
        preview: with the rules that are still on trial.
        config, isolated: read this configuration file, or none, instead of the nearest one.

    Returns:
        What was found. What kept a file from being checked is in it, too, in the group `error`.

    Raises:
        ValueError: a rule, path, pattern or configuration is wrong; the message is that of the command line.
    """
    from paramlint.frontends.python import source as of_source

    return of_source.check(paths, source, filename, select, ignore, preview, config, isolated)


@overload
def fix(
    *,
    source: str,
    filename: str | None = None,
    unsafe: bool = False,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    config: str | None = None,
    isolated: bool = False,
) -> str: ...


@overload
def fix(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    unsafe: bool = False,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    config: str | None = None,
    isolated: bool = False,
) -> list[str]: ...


def fix(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None = None,
    *,
    source: str | None = None,
    filename: str | None = None,
    unsafe: bool = False,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    config: str | None = None,
    isolated: bool = False,
) -> str | list[str]:
    """Fix files and folders, or a text, as `paramlint check --fix` does.

    Args:
        unsafe: with the fixes, too, that may change what a model computes or saves.
        paths, source, filename, select, ignore, config, isolated: as of `check`.

    Returns:
        Of paths, those of the files that were written; of a text, the fixed one.

    Raises:
        ValueError: as `check`.
        OSError: a file could not be written; it is as it was.
    """
    from paramlint.frontends.python import source as of_source

    return of_source.fix(paths, source, filename, unsafe, select, ignore, config, isolated)


def show(target: object, arguments: Mapping[str, object] | None = None) -> ShownModels:
    """The parameters and buffers that a model has by its source, as `paramlint show` tells them. Nothing is run.

    Args:
        target: `path/to/file.py:Class`, `package.module:factory`, a file, folder, module or package; or a class or
            function of this program, whose file is read.
        arguments: plain values of some of its arguments; the others stay unknown.

    Raises:
        ValueError: there is no such target or argument.
    """
    from paramlint.frontends.python import source as of_source

    return of_source.show(target, arguments)


def prove(
    model: object,
    arguments: Mapping[str, object] | None = None,
    *,
    example: object = None,
    optimizer: object = None,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    timeout: float = 120.0,
    memory: float = 8.0,
) -> Verified | Inspection:
    """Build a model in a child process and prove what its parameters are, as `paramlint verify` does.

    Args:
        model: its class or factory, one that stands at the top of a file or a text such as `net.py:Net`. A module
            that is there already is inspected as it is, see `inspect`.
        arguments: of the factory, by name: values that one can write as literals.
        example: a factory of the arguments of its forward, by itself or as a text.
        optimizer: a function that is given the model and returns its optimizer, in the same way.
        select, ignore: as of `check`.
        timeout: seconds that it may take.
        memory: GiB that it may take.

    Returns:
        The report, with `findings`, `document`, `to_json()` and `save(path)`; `ok` says whether it could be built.

    Raises:
        ValueError: a target, argument or rule is wrong.
        ImportError: torch or scipy is missing; `pip install paramlint[verify]` brings them.
    """
    from paramlint.frontends.python.proving import prove as prove_model

    return prove_model(model, arguments, example, optimizer, select, ignore, timeout, memory)


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
