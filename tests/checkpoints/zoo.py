"""Models whose checkpoints are matched; each is read by `match` and built by torch."""

import os

import torch
from torch import nn
from torch.nn.utils import parametrizations
from torch.nn.utils import spectral_norm as old_spectral_norm
from torch.nn.utils import weight_norm as old_weight_norm


class Block(nn.Module):
    def __init__(self, dim, bias=True):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.fc1 = nn.Linear(dim, 4 * dim, bias=bias)
        self.fc2 = nn.Linear(4 * dim, dim, bias=bias)


class Net(nn.Module):
    def __init__(self, dim=16, depth=3, classes=10, bias=True):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, dim, 3), nn.BatchNorm2d(dim))
        self.blocks = nn.ModuleList([Block(dim, bias) for _ in range(depth)])
        self.head = nn.Linear(dim, classes)


class Open(nn.Module):
    """No argument has a default."""

    def __init__(self, dim, depth, bias):
        super().__init__()
        self.blocks = nn.ModuleList([Block(dim, bias) for _ in range(depth)])
        self.out = nn.Linear(dim, 2)


class Tied(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.embed = nn.Embedding(20, dim)
        self.body = nn.Linear(dim, dim)
        self.head = nn.Linear(dim, 20, bias=False)
        self.head.weight = self.embed.weight


class NewNorms(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = parametrizations.weight_norm(nn.Conv1d(4, 6, 3))
        self.fc = parametrizations.spectral_norm(nn.Linear(4, 6))


class OldNorms(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = old_weight_norm(nn.Conv1d(4, 6, 3))
        self.fc = old_spectral_norm(nn.Linear(4, 6))


class OldWeightNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = old_weight_norm(nn.Conv1d(4, 6, 3))


class NewWeightNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = parametrizations.weight_norm(nn.Conv1d(4, 6, 3))


class Buffers(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("positions", torch.arange(5), persistent=False)


class Scalar(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.0))


class Other(nn.Module):
    """The tensors of `Plain` under other names, in the same order."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 5)
        self.second = nn.Linear(5, 7)


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 7))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Plain()
        self.head = nn.Linear(7, 2)


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = Plain()
        self.head = nn.Linear(7, 2)


class Holder(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = Plain()


class Migrating(nn.Module):
    """Its own code renames what it loads."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)
        self._register_load_state_dict_pre_hook(self.rename)

    def rename(self, state, prefix, *others):
        for name in list(state):
            state[name.replace("old.", "fc.")] = state.pop(name)


class Widening(nn.Module):
    """Keeps something of which nothing is known."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)
        self.part = getattr(nn, os.environ.get("PART", "Linear"))(3, 3)


def make_net(wide=False):
    return Net(dim=32 if wide else 16)
