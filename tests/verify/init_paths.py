"""Ways in which a tensor gets its first values, each with the verdict that is right for it.

`PATHS` maps a name to a factory of a module and the worst status among the module's parameters and buffers.
`SEEN` names the statuses that the shadow alone gives where it cannot know better and the poisoned build has
to decide.
"""

import copy
import threading
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.utils as old
from torch import nn
from torch.nn.utils import parametrizations

WRITTEN, PARTLY, UNWRITTEN, TAINTED = "written", "partly written", "unwritten", "tainted"

PATHS: dict[str, tuple[Callable[[], nn.Module], str]] = {}
SEEN: dict[str, str] = {
    "index_all_rows": "maybe",
    "index_some_rows": "maybe",
    "masked_fill_everything": "maybe",
    "through_numpy_view": UNWRITTEN,  # no operation of torch writes
    "in_another_thread": UNWRITTEN,  # torch's modes belong to one thread
}


class Holder(nn.Module):
    def __init__(self, **parameters: torch.Tensor) -> None:
        super().__init__()
        for name, tensor in parameters.items():
            kind = tensor if isinstance(tensor, nn.Parameter) else nn.Parameter(tensor)
            setattr(self, name, kind)


def gives(verdict: str) -> Callable[[Callable[[], object]], Callable[[], object]]:
    def register(factory: Callable[[], object]) -> Callable[[], object]:
        def build() -> nn.Module:
            made = factory()
            return made if isinstance(made, nn.Module) else Holder(w=made)

        PATHS[factory.__name__] = (build, verdict)
        return factory

    return register


def empty(*size: int) -> nn.Parameter:
    return nn.Parameter(torch.empty(*size))


INITIALISERS: dict[str, tuple[object, ...]] = {
    "uniform_": (),
    "normal_": (0, 0.02),
    "trunc_normal_": (),
    "constant_": (3.0,),
    "ones_": (),
    "zeros_": (),
    "eye_": (),
    "xavier_uniform_": (),
    "xavier_normal_": (),
    "kaiming_uniform_": (),
    "kaiming_normal_": (),
    "orthogonal_": (),
    "sparse_": (0.1,),
}


def initialised_by(name: str) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        weight = empty(8, 6)
        getattr(nn.init, name)(weight, *INITIALISERS[name])
        return Holder(w=weight)

    return build


for _name in INITIALISERS:
    PATHS[f"init.{_name}"] = (initialised_by(_name), WRITTEN)


@gives(WRITTEN)
def init_dirac():
    return nn.init.dirac_(empty(4, 4, 3))


# Layers of torch.


@gives(WRITTEN)
def linear():
    return nn.Linear(5, 6)


@gives(WRITTEN)
def bilinear():
    return nn.Bilinear(3, 4, 5)


@gives(WRITTEN)
def embedding_with_padding():
    return nn.Embedding(9, 4, padding_idx=2)


@gives(WRITTEN)
def attention():
    return nn.MultiheadAttention(8, 2, add_bias_kv=True)


@gives(WRITTEN)
def lstm():
    return nn.LSTM(5, 6, num_layers=2, bidirectional=True, proj_size=3)


@gives(WRITTEN)
def batch_norm():
    return nn.BatchNorm2d(5)


@gives(WRITTEN)
def transposed_convolution():
    return nn.ConvTranspose2d(3, 4, 3)


@gives(WRITTEN)
def other_norms():
    return nn.Sequential(nn.PReLU(), nn.GroupNorm(2, 4), nn.RMSNorm(5))


@gives(WRITTEN)
def weight_norm_as_hook():
    return old.weight_norm(nn.Linear(4, 5))


@gives(WRITTEN)
def spectral_norm_as_hook():
    return old.spectral_norm(nn.Linear(4, 5))


@gives(WRITTEN)
def weight_norm():
    return parametrizations.weight_norm(nn.Linear(4, 5))


@gives(WRITTEN)
def spectral_norm():
    return parametrizations.spectral_norm(nn.Linear(4, 5))


@gives(WRITTEN)
def orthogonal():
    return parametrizations.orthogonal(nn.Linear(5, 5))


@gives(WRITTEN)
def lazy_linear_after_a_call():
    layer = nn.LazyLinear(5)
    layer(torch.randn(2, 3))
    return layer


@gives("lazy")
def lazy_linear():
    return nn.LazyLinear(5)


@gives("nothing")
def quantized_linear():
    return torch.ao.nn.quantized.Linear(4, 5)


@gives(UNWRITTEN)
def skip_init():
    return old.skip_init(nn.Linear, 4, 5)


# Values given at or after the allocation.


@gives(WRITTEN)
def data_normal():
    weight = empty(5, 5)
    weight.data.normal_()
    return weight


@gives(WRITTEN)
def data_assigned():
    weight = empty(5, 5)
    weight.data = torch.randn(5, 5)
    return weight


@gives(WRITTEN)
def randn():
    return torch.randn(5, 5)


@gives(WRITTEN)
def randn_scaled():
    return torch.randn(5, 5) * 0.02 + 1


@gives(WRITTEN)
def zeros():
    return torch.zeros(5, 5)


@gives(WRITTEN)
def from_a_list():
    return torch.tensor([1.0, 2.0, 3.0])


@gives(WRITTEN)
def concatenated():
    return torch.cat([torch.randn(3), torch.zeros(2)])


@gives(WRITTEN)
def out_argument():
    weight = torch.empty(4)
    torch.randn(4, out=weight)
    return weight


@gives(WRITTEN)
def chosen_by_where():
    return torch.where(torch.rand(4) > 0.5, torch.ones(4), torch.zeros(4))


@gives(WRITTEN)
def with_a_generator():
    return torch.empty(4).normal_(generator=torch.Generator().manual_seed(0))


@gives(WRITTEN)
def parameter_subclass():
    class Marked(nn.Parameter):
        pass

    return Marked(torch.randn(3))


@gives(WRITTEN)
def in_a_scripted_function():
    @torch.jit.script
    def fill(x):
        return x.uniform_(-1.0, 1.0)

    weight = torch.empty(4)
    fill(weight)
    return weight


@gives(WRITTEN)
def foreach():
    weights = [torch.empty(3), torch.empty(3)]
    torch._foreach_zero_(weights)
    return Holder(a=weights[0], b=weights[1])


@gives(WRITTEN)
def in_another_thread():
    weight = torch.empty(4)
    thread = threading.Thread(target=weight.normal_)
    thread.start()
    thread.join()
    return weight


@gives(WRITTEN)
def from_a_vector():
    layer = nn.Linear(3, 3)
    old.vector_to_parameters(old.parameters_to_vector(layer.parameters()), layer.parameters())
    return layer


@gives(WRITTEN)
def loaded():
    layer = nn.Linear(3, 3)
    layer.load_state_dict({"weight": torch.ones(3, 3), "bias": torch.ones(3)})
    return layer


@gives(WRITTEN)
def deep_copies():
    layer = nn.Linear(3, 3)
    return nn.ModuleList(copy.deepcopy(layer) for _ in range(2))


@gives(WRITTEN)
def untouched_storage_filled():
    weight = torch.empty(4, 4)
    weight.untyped_storage().fill_(0)
    return weight


# Never written.


@gives(UNWRITTEN)
def empty_parameter():
    return torch.empty(5, 5)


@gives(UNWRITTEN)
def legacy_tensor():
    return torch.Tensor(5, 5)


@gives(UNWRITTEN)
def legacy_float_tensor():
    return torch.FloatTensor(5, 5)


@gives(WRITTEN)
def legacy_tensor_written():
    return torch.Tensor(5, 5).uniform_(-1, 1)


@gives(WRITTEN)
def legacy_tensor_of_a_list():
    return torch.Tensor([1, 2, 3])


@gives(UNWRITTEN)
def new():
    return torch.zeros(1).new(5, 5)


@gives(UNWRITTEN)
def new_empty():
    return torch.zeros(1).new_empty(5, 5)


@gives(UNWRITTEN)
def empty_like():
    return torch.empty_like(torch.ones(3))


@gives(UNWRITTEN)
def scaled_in_place():
    return torch.empty(4).mul_(0.02)


@gives(TAINTED)
def scaled():
    return torch.empty(4, 4) * 0.02


@gives(TAINTED)
def cloned():
    return torch.empty(4, 4).clone()


@gives(TAINTED)
def copied_from_empty():
    weight = nn.Parameter(torch.zeros(4))
    weight.data.copy_(torch.empty(4))
    return weight


@gives(WRITTEN)
def scaled_then_drawn():
    return nn.init.normal_(torch.empty(4, 4) * 0.02)


# Part by part.


@gives(PARTLY)
def some_rows():
    weight = empty(6, 5)
    with torch.no_grad():
        weight[:3].normal_()
    return weight


@gives(WRITTEN)
def all_rows():
    weight = empty(6, 5)
    with torch.no_grad():
        weight[:3].normal_()
        weight[3:].zero_()
    return weight


@gives(WRITTEN)
def all_columns():
    weight = empty(6, 5)
    with torch.no_grad():
        weight[:, :2].normal_()
        weight[:, 2:].zero_()
    return weight


@gives(PARTLY)
def some_columns():
    weight = empty(6, 5)
    with torch.no_grad():
        weight[:, :2].normal_()
    return weight


@gives(WRITTEN)
def chunks():
    weight = empty(9, 5)
    for chunk in weight.chunk(3):
        nn.init.xavier_uniform_(chunk)
    return weight


@gives(WRITTEN)
def assigned_slices():
    weight = torch.empty(6)
    weight[:3] = 1
    weight[3:] = torch.randn(3)
    return weight


@gives(WRITTEN)
def index_all_rows():
    weight = torch.empty(6)
    weight[torch.arange(6)] = 1.0
    return weight


@gives(PARTLY)
def index_some_rows():
    weight = torch.empty(6)
    weight[torch.tensor([0, 2])] = 1.0
    return weight


@gives(WRITTEN)
def masked_fill_everything():
    return torch.empty(6).masked_fill_(torch.ones(6, dtype=torch.bool), 0.5)


# Numpy, other dtypes, values that are looked at.


@gives(WRITTEN)
def copied_from_numpy():
    weight = empty(4, 4)
    weight.data.copy_(torch.from_numpy(np.random.randn(4, 4)))
    return weight


@gives(WRITTEN)
def from_numpy():
    return torch.from_numpy(np.random.randn(4, 4).astype("f"))


@gives(WRITTEN)
def through_numpy_view():
    weight = torch.empty(4, 4)
    weight.numpy()[:] = np.random.randn(4, 4)
    return weight


@gives(WRITTEN)
def complex_randn():
    return torch.randn(4, 4, dtype=torch.complex64)


@gives(UNWRITTEN)
def complex_empty():
    return torch.empty(4, 4, dtype=torch.complex64)


@gives(WRITTEN)
def complex_through_real():
    return torch.view_as_complex(nn.init.normal_(torch.empty(4, 4, 2)))


@gives(WRITTEN)
def real_part_written():
    weight = torch.randn(4, 4, dtype=torch.complex64).real
    weight[:, 0] = weight[:, 0] * 2
    return weight.contiguous()


@gives(WRITTEN)
def bfloat16():
    return nn.Linear(4, 5, dtype=torch.bfloat16)


@gives(WRITTEN)
def converted_to_half():
    return nn.Linear(4, 5).half()


@gives(WRITTEN)
def item_read():
    rates = [x.item() for x in torch.linspace(0, 0.1, 3)]
    assert len(rates) == 3
    return nn.Linear(3, 3)


@gives(WRITTEN)
def numpy_read():
    torch.linspace(0, 0.1, 3).numpy()
    return nn.Linear(3, 3)


@gives(WRITTEN)
def branch_on_values():
    weight = torch.randn(4)
    return weight * 0 if weight.abs().max() > 100 else weight


# From the meta device.


@gives(WRITTEN)
def to_empty_then_reset():
    layer = nn.Linear(3, 3, device="meta").to_empty(device="cpu")
    layer.reset_parameters()
    return layer


@gives(UNWRITTEN)
def to_empty_alone():
    return nn.Linear(3, 3, device="meta").to_empty(device="cpu")
