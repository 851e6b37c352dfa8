"""What the parameters of every class of a package really are: `verify`'s answers, kept as JSON for `agreement.py`.

    {package, version, root, seconds, classes: [{target, seconds, arguments: {name: {source, origin, holds}},
     parameters: [{name, shape, dtype, requires_grad, status, init, tied_with}],
     buffers: [{name, shape, dtype, persistent, status, init, tied_with}]}],
     failed: {target: why}}

`init` is null or {call, arguments, filename, row, within}; file names are relative to `root`, the folder of the
installed packages. `tied_with` are the other names of the same tensor.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from paramlint.verify.attempt import Start, attempt, server
from paramlint.verify.discover import Discovery
from paramlint.verify.document.schema import Buffer, Parameter
from paramlint.verify.job import Plan
from paramlint.verify.process.outcome import Limits
from paramlint.verify.process.targets import parse_target

#: Values do not matter, nor does what rules say; a model of more than 64 MiB is built without values.
PLAN = Plan(guess=True, build_limit=64 << 20, select=("PRM201",))
#: For the package with all of its modules.
IMPORT_SECONDS = 600
TENSOR = ("name", "shape", "dtype", "status", "init", "tied_with")


def live_models(package: str, cache: Path | None, *, most: int | None = None, seconds: float = 60) -> dict[str, Any]:
    """The classes of an installed package, from the cache where it has them.

    Args:
        cache: a folder; nothing is kept without one.
        most: how many classes at most, evenly chosen.
        seconds: for each class.
    """
    path = cache / f"{package}.json" if cache else None
    if path and path.exists():
        text = path.read_text()
    else:
        text = json.dumps(_build(package, most, Limits(seconds=seconds)))
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(".unfinished")
            unfinished.write_text(text)
            unfinished.replace(path)
    found: dict[str, Any] = json.loads(text)
    return found


def _build(package: str, most: int | None, limits: Limits) -> dict[str, Any]:
    started = time.monotonic()
    root = root_of(package)
    first = msgspec.structs.replace(limits, seconds=IMPORT_SECONDS)
    with server("paramlint.verify.discover:discover", parse_target(package), first) as forks:
        answer = forks.start()
        if answer.outcome.status != "ok":
            raise SystemExit(f"{package}: {answer.outcome.message}")
        discovery = msgspec.json.decode(answer.result, type=Discovery)
        targets = discovery.targets[:: -(-len(discovery.targets) // most) if most else 1]
        found = {target: _class(target, root, limits, forks.run) for target in _announced(targets)}
    return {
        "package": package,
        "version": _version(package),
        "root": root,
        "seconds": round(time.monotonic() - started, 1),
        "classes": [built for built in found.values() if isinstance(built, dict)],
        "failed": discovery.failed | {target: why for target, why in found.items() if isinstance(why, str)},
    }


def _announced(targets: Sequence[str]) -> Iterator[str]:
    for number, target in enumerate(targets, 1):
        if sys.stderr.isatty():
            print(f"\r\x1b[K{number}/{len(targets)} {target}", end="", file=sys.stderr)
        yield target


def _class(target: str, root: str, limits: Limits, start: Start) -> dict[str, Any] | str:
    """A class as it is built, or why it is not."""
    document = attempt(parse_target(target), PLAN, limits, start).document
    if document.outcome.status != "ok":
        return f"{document.outcome.status}: {document.outcome.message}"
    return {
        "target": target,
        "seconds": document.outcome.seconds,
        "arguments": {name: msgspec.to_builtins(one) for name, one in document.arguments.items()},
        "parameters": [_tensor(one, root, "requires_grad") for one in document.parameters],
        "buffers": [_tensor(one, root, "persistent") for one in document.buffers],
    }


def _tensor(tensor: Parameter | Buffer, root: str, more: str) -> dict[str, Any]:
    every = msgspec.to_builtins(tensor)
    kept = {name: every[name] for name in (*TENSOR, more)}
    if kept["init"]:
        kept["init"]["filename"] = relative(kept["init"]["filename"], root)
    return kept


def root_of(package: str) -> str:
    """The folder in which a package is installed."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{package} is not installed")
    origin = Path(spec.origin)
    return str(origin.parent.parent if spec.submodule_search_locations else origin.parent)


def relative(filename: str, root: str) -> str:
    """A file as seen from the folder of the packages."""
    return filename.removeprefix(f"{root}/")


def _version(package: str) -> str:
    names = importlib.metadata.packages_distributions().get(package, [package])
    try:
        return importlib.metadata.version(names[0])
    except importlib.metadata.PackageNotFoundError:
        return ""
