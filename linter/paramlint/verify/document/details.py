"""What a report with pictures shows besides the document: histograms, the classes of modules, what it was run with."""

from __future__ import annotations

import hashlib
import inspect
import platform
from pathlib import Path

import torch

from paramlint.live.build.protocols import SEED
from paramlint.live.laws.distribution import Distribution
from paramlint.live.live_model import LiveModel
from paramlint.live.tensor import LiveTensor
from paramlint.verify.document.histogram import histogram
from paramlint.verify.document.schema import Details, Environment, Histogram


def details(model: LiveModel) -> Details:
    """All of it, small enough to travel as JSON: nothing grows with the size of a tensor."""
    drawn = {tensor.name: _histogram(tensor) for tensor in model.parameters}
    return Details(
        modules=_classes(model),
        histograms={name: found for name, found in drawn.items() if found is not None},
        environment=_environment(model),
    )


def _histogram(tensor: LiveTensor) -> Histogram | None:
    if not tensor.tensor.is_floating_point():
        return None
    array = tensor.array
    law: Distribution | None = tensor.expected
    if array is None:
        return histogram(None, law)
    return histogram(array.reshape(-1)[:: max(1, -(-array.size // tensor.most))], law)


def _classes(model: LiveModel) -> dict[str, str]:
    """The class of each module that leads to a parameter, by the module's dotted name."""
    leading = {""}
    for tensor in model.parameters:
        for name in tensor.names:
            while name:
                name = name.rpartition(".")[0]
                leading.add(name)
    return {name: type(module).__qualname__ for name, module in model.instances.items() if name in leading}


def _environment(model: LiveModel) -> Environment:
    path = _source(type(model.subject))
    return Environment(
        python=platform.python_version(),
        torch=str(torch.__version__),
        platform=platform.platform(),
        seed=SEED,
        has_values=model.is_real,
        source=str(path or ""),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest() if path else "",
    )


def _source(cls: type) -> Path | None:
    """The file in which a class is defined, where there is one."""
    try:
        path = Path(inspect.getsourcefile(cls) or "")
    except (OSError, TypeError):  # a class of a module without a file, or of a cell of a notebook
        return None
    return path if path.is_file() else None
