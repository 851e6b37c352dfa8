"""The number of dimensions of the parameters of torch's modules. Written by hand, as of torch 2.13."""

from __future__ import annotations

import re

from paramlint.knowledge import canonical, module_class

_NORMS = re.compile(r"torch\.nn\.(?:Lazy)?(?:BatchNorm|InstanceNorm)[123]d|torch\.nn\.(?:SyncBatchNorm|GroupNorm)")
_LAYERS = re.compile(r"torch\.nn\.(?:Lazy)?(?:Linear|Bilinear|Conv(?:Transpose)?[123]d)")
_RECURRENT = re.compile(r"torch\.nn\.(?:RNN|LSTM|GRU)(?:Cell)?")
_CONVOLUTION = re.compile(r"torch\.nn\.(?:Lazy)?Conv(?:Transpose)?([123])d")


def parameter_rank(module: str, parameter: str) -> int | None:
    """How many dimensions a parameter of one of torch's modules has; `None` where arguments decide it."""
    name = canonical(module)
    known = module_class(name)
    if known is None:
        return None
    if _NORMS.fullmatch(name):
        return 1 if parameter in ("weight", "bias") else None
    if _LAYERS.fullmatch(name):
        return 1 if parameter == "bias" else _weight_rank(name) if parameter == "weight" else None
    if _RECURRENT.fullmatch(name):
        return 1 if parameter.startswith("bias_") else 2 if parameter.startswith("weight_") else None
    if name == "torch.nn.MultiheadAttention":
        return {"in_proj_weight": 2, "in_proj_bias": 1}.get(parameter)
    if name in ("torch.nn.Embedding", "torch.nn.EmbeddingBag"):
        return 2 if parameter == "weight" else None
    return 1 if (name, parameter) == ("torch.nn.PReLU", "weight") else None


def _weight_rank(name: str) -> int:
    convolution = _CONVOLUTION.fullmatch(name)
    if convolution is not None:
        return 2 + int(convolution[1])
    return 3 if name.endswith("Bilinear") else 2
