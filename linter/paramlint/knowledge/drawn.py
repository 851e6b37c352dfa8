"""Which modules start from fixed values, so that building one draws nothing from the random generator.

Written by hand from the `reset_parameters` of torch 2.13.
"""

from __future__ import annotations

UNDRAWN_MODULES = frozenset({
    "torch.nn.BatchNorm1d", "torch.nn.BatchNorm2d", "torch.nn.BatchNorm3d", "torch.nn.SyncBatchNorm",
    "torch.nn.GroupNorm", "torch.nn.InstanceNorm1d", "torch.nn.InstanceNorm2d", "torch.nn.InstanceNorm3d",
    "torch.nn.LayerNorm", "torch.nn.PReLU", "torch.nn.RMSNorm",
})  # fmt: skip
"""Modules of ones, zeros or a constant."""
UNDRAWN_TENSORS = frozenset({
    "torch.arange", "torch.eye", "torch.full", "torch.linspace", "torch.ones", "torch.tensor", "torch.zeros",
})  # fmt: skip
"""Functions that make a tensor of known values."""
