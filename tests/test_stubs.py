"""The stubs against the libraries that they describe: the same lines, run with both, must build the same modules."""

from __future__ import annotations

import copy
import importlib
import inspect
import math
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch import distributed, nn  # noqa: E402

from paramlint.knowledge import stubs  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")

Names = dict[str, Any]

LAYERS = """
Identity(3, key=4)
Linear(3, 4)
Linear(3, 4, False)
Linear(3, 4, dtype=torch.float64)
Linear(0, 4)
NonDynamicallyQuantizableLinear(3, 4)
Bilinear(2, 3, 4)
Bilinear(2, 3, 4, bias=False, dtype=torch.float64)
Conv1d(4, 6, 3)
Conv1d(4, 6, (3,), 2, 1, 1, 2, False)
Conv2d(4, 6, 3)
Conv2d(4, 6, (3, 5), padding="same", groups=2, padding_mode="circular")
Conv2d(4, 6, [3, 5], [2, 1], bias=False, dtype=torch.float64)
Conv3d(4, 6, 3, groups=2)
Conv3d(4, 6, (1, 2, 3), dilation=(1, 2, 1), bias=False)
ConvTranspose1d(4, 6, 3, groups=2)
ConvTranspose2d(4, 6, (3, 2), stride=2, output_padding=1)
ConvTranspose2d(4, 6, 3, bias=False, dtype=torch.float64)
ConvTranspose3d(4, 6, (1, 2, 3), padding=(0, 1, 1), dilation=2, groups=2)
BatchNorm1d(3)
BatchNorm1d(3, affine=False)
BatchNorm1d(3, bias=False)
BatchNorm2d(3, 1e-3, None, True, False)
BatchNorm2d(3, dtype=torch.float64)
BatchNorm3d(3, affine=False, track_running_stats=False)
SyncBatchNorm(3)
SyncBatchNorm(3, process_group="group", affine=False, bias=False)
InstanceNorm1d(3)
InstanceNorm2d(3, affine=True, track_running_stats=True)
InstanceNorm3d(3, affine=True, bias=False)
LayerNorm(3)
LayerNorm([3, 4], elementwise_affine=False)
LayerNorm((3, 4), bias=False, dtype=torch.float64)
RMSNorm(3)
RMSNorm((3, 4), 1e-6, False)
GroupNorm(2, 4)
GroupNorm(2, 4, affine=False)
GroupNorm(2, 4, bias=False, dtype=torch.float64)
LocalResponseNorm(2, k=2.0)
CrossMapLRN2d(2)
Embedding(5, 3)
Embedding(5, 3, 1)
Embedding(5, 3, padding_idx=-1, max_norm=2.0, sparse=True)
Embedding(5, 3, _weight=torch.ones(5, 3), _freeze=True)
Embedding(5, 3, _freeze=True, dtype=torch.float64)
Embedding.from_pretrained(torch.ones(5, 3))
Embedding.from_pretrained(torch.ones(5, 3), False, 2)
EmbeddingBag(5, 3)
EmbeddingBag(5, 3, padding_idx=-2, mode="sum", include_last_offset=True)
EmbeddingBag.from_pretrained(torch.ones(5, 3))
EmbeddingBag.from_pretrained(torch.ones(5, 3), freeze=False, padding_idx=0)
RNN(3, 4)
RNN(3, 4, 2, "relu", False, True, 0.5, True)
RNN(3, 4, nonlinearity="relu", dtype=torch.float64)
LSTM(3, 4)
LSTM(3, 4, 3, bidirectional=True)
LSTM(3, 4, 2, proj_size=2, bidirectional=True)
LSTM(3, 4, 2, bias=False, proj_size=2, batch_first=True, dropout=0.1)
GRU(3, 4)
GRU(3, 4, 2, False, bidirectional=True)
RNNBase("GRU", 3, 4, 2)
RNNCell(3, 4)
RNNCell(3, 4, False, "relu")
LSTMCell(3, 4)
LSTMCell(3, 4, bias=False, dtype=torch.float64)
GRUCell(3, 4)
RNNCellBase(3, 4, True, 2)
MultiheadAttention(4, 2)
MultiheadAttention(4, 2, bias=False)
MultiheadAttention(4, 2, 0.1, True, True, True)
MultiheadAttention(4, 2, kdim=3)
MultiheadAttention(4, 2, kdim=4, vdim=4, batch_first=True)
MultiheadAttention(4, 2, vdim=3, bias=False, add_bias_kv=True, dtype=torch.float64)
TransformerEncoderLayer(4, 2)
TransformerEncoderLayer(4, 2, 8, 0.0, "gelu", bias=False, norm_first=True)
TransformerDecoderLayer(4, 2, 8, activation="relu", batch_first=True)
TransformerDecoderLayer(4, 2, bias=False, dtype=torch.float64)
TransformerEncoder(TransformerEncoderLayer(4, 2, 8, activation=PReLU()), 3)
TransformerEncoder(TransformerEncoderLayer(4, 2, 8), 2, LayerNorm(4), False)
TransformerDecoder(TransformerDecoderLayer(4, 2, 8), 2)
TransformerDecoderLayer(4, 2, 8, activation=PReLU())
TransformerDecoder(TransformerDecoderLayer(4, 2, 8), 2, LayerNorm(4))
Transformer(4, 2, 2, 1, 8)
Transformer(4, 2, 1, 1, 8, custom_encoder=Linear(3, 3), bias=False)
Transformer(4, 2, 1, 1, 8, custom_decoder=Linear(3, 3), batch_first=True, dtype=torch.float64)
Threshold(0.1, 20)
ReLU()
ReLU(True)
RReLU()
Hardtanh()
Hardtanh(-2.0, min_value=-3.0, max_value=3.0)
ReLU6()
Sigmoid()
Hardsigmoid()
Tanh()
SiLU(inplace=True)
Mish()
Hardswish()
ELU(0.5)
CELU()
SELU()
GLU()
GELU("tanh")
Hardshrink()
LeakyReLU(0.2)
LogSigmoid()
Softplus(2.0)
Softshrink()
PReLU()
PReLU(3, 0.1, dtype=torch.float64)
Softsign()
Tanhshrink()
Softmin(1)
Softmax(dim=1)
Softmax2d()
LogSoftmax()
AdaptiveLogSoftmaxWithLoss(16, 20, [5, 10])
AdaptiveLogSoftmaxWithLoss(16, 20, (5, 10, 15), 2.0, True, dtype=torch.float64)
Dropout()
Dropout(0.1, True)
Dropout1d()
Dropout2d(0.2)
Dropout3d()
AlphaDropout()
FeatureAlphaDropout()
MaxPool1d(2)
MaxPool2d((2, 3), 1, return_indices=True)
MaxPool3d(2, ceil_mode=True)
MaxUnpool1d(2)
MaxUnpool2d(2, 3)
MaxUnpool3d((1, 2, 3))
AvgPool1d(2)
AvgPool2d(2, divisor_override=3)
AvgPool3d(2, 1)
FractionalMaxPool2d(2, output_size=3)
FractionalMaxPool2d(2, output_ratio=0.5, _random_samples=torch.ones(2))
FractionalMaxPool3d(2, (3, 3, 3))
FractionalMaxPool3d(2, output_ratio=(0.5, 0.5, 0.5))
LPPool1d(2, 3)
LPPool2d(2, 3, 1)
LPPool3d(2, 3)
AdaptiveMaxPool1d(1)
AdaptiveMaxPool2d((1, None), True)
AdaptiveMaxPool3d(2)
AdaptiveAvgPool1d(1)
AdaptiveAvgPool2d((1, 1))
AdaptiveAvgPool3d(2)
ConstantPad1d(1, 2.0)
ConstantPad2d((1, 2, 3, 4), 2.0)
ConstantPad3d(1, 2.0)
ZeroPad1d(1)
ZeroPad2d(1)
ZeroPad3d((1, 2, 3, 4, 5, 6))
CircularPad1d(1)
CircularPad2d(1)
CircularPad3d(1)
ReflectionPad1d((1, 2))
ReflectionPad2d(1)
ReflectionPad3d(1)
ReplicationPad1d(1)
ReplicationPad2d(1)
ReplicationPad3d(1)
Flatten()
Unflatten(1, (2, 3))
Fold(4, 2)
Unfold((2, 3), padding=1)
ChannelShuffle(2)
PixelShuffle(2)
PixelUnshuffle(2)
Upsample(scale_factor=2)
Upsample(scale_factor=(2, 3), mode="bilinear", align_corners=True)
Upsample((4, 4))
UpsamplingNearest2d(scale_factor=2)
UpsamplingBilinear2d(4)
PairwiseDistance(1.0)
CosineSimilarity()
L1Loss()
L1Loss(False)
NLLLoss(torch.ones(3))
NLLLoss2d()
PoissonNLLLoss(reduce=False)
GaussianNLLLoss(full=True)
KLDivLoss(log_target=True)
MSELoss(True, True)
BCELoss(torch.ones(3), reduction="sum")
BCEWithLogitsLoss()
BCEWithLogitsLoss(torch.ones(3), pos_weight=torch.ones(3))
HingeEmbeddingLoss(size_average=False, reduce=True)
MultiLabelMarginLoss()
SmoothL1Loss()
HuberLoss(delta=2.0)
SoftMarginLoss()
CrossEntropyLoss()
CrossEntropyLoss(torch.ones(3), label_smoothing=0.1)
LinearCrossEntropyLoss(3, 4)
LinearCrossEntropyLoss(3, 4, out_features=(2, 5), bias=True, weight=torch.ones(4), dtype=torch.float64)
MultiLabelSoftMarginLoss(torch.ones(3))
CosineEmbeddingLoss()
MarginRankingLoss()
MultiMarginLoss(2, 0.5, torch.ones(3))
TripletMarginLoss()
TripletMarginWithDistanceLoss()
TripletMarginWithDistanceLoss(distance_function=CosineSimilarity())
CTCLoss()
Container(first=Linear(3, 4), second=ReLU())
LazyLinear(4)
LazyLinear(4, False, dtype=torch.float64)
LazyConv1d(6, 3)
LazyConv2d(6, 3, groups=2, bias=False)
LazyConv3d(6, 3)
LazyConvTranspose1d(6, 3)
LazyConvTranspose2d(6, 3, bias=False)
LazyConvTranspose3d(6, 3, groups=2)
LazyBatchNorm1d()
LazyBatchNorm2d(affine=False)
LazyBatchNorm3d(bias=False)
LazyInstanceNorm1d()
LazyInstanceNorm2d(track_running_stats=False)
LazyInstanceNorm3d(affine=False, track_running_stats=False)
given(LazyLinear(4), 2, 3)
given(LazyLinear(4, bias=False), 2, 3)
given(LazyConv1d(6, 3), 2, 4, 8)
given(LazyConv2d(6, 3, groups=2), 4, 8, 8)
given(LazyConv3d(6, 3, bias=False), 2, 4, 8, 8, 8)
given(LazyConvTranspose1d(6, 3), 2, 4, 8)
given(LazyConvTranspose2d(6, 3, groups=2), 2, 4, 8, 8)
given(LazyConvTranspose3d(6, 3), 4, 8, 8, 8)
given(LazyBatchNorm1d(), 2, 4, 8)
given(LazyBatchNorm2d(affine=False), 2, 4, 8, 8)
given(LazyInstanceNorm3d(bias=False), 2, 4, 8, 8, 8)
reset(Linear(3, 4), Bilinear(2, 3, 4), Conv2d(4, 6, 3), ConvTranspose2d(4, 6, 3), BatchNorm2d(3), Embedding(5, 3, 0))
reset(LSTM(3, 4, 2), GRUCell(3, 4), PReLU(), LayerNorm(3), GroupNorm(2, 4), AdaptiveLogSoftmaxWithLoss(16, 20, [5]))
SyncBatchNorm.convert_sync_batchnorm(Container(norm=BatchNorm2d(3), inner=Container(other=InstanceNorm1d(3))))
SyncBatchNorm.convert_sync_batchnorm(BatchNorm1d(3, affine=False, track_running_stats=False))
"""

FUNCTIONS = {
    "torch.nn.utils": """
weight_norm(Linear(3, 4))
weight_norm(Conv2d(3, 4, 2), dim=None)
weight_norm(LSTM(3, 4), "weight_hh_l0", dim=1)
remove_weight_norm(weight_norm(Linear(3, 4)))
spectral_norm(Linear(3, 4))
spectral_norm(ConvTranspose2d(3, 4, 2))
spectral_norm(Conv1d(3, 4, 2), eps=1e-3, dim=1)
remove_spectral_norm(spectral_norm(Linear(3, 4)))
remove_spectral_norm(spectral_norm(ConvTranspose1d(3, 4, 2)))
clip_grad_norm_(backward(m := Linear(3, 4)), 0.1), list(m.parameters())
clip_grad_norm(backward(m := Linear(3, 4)), 0.1, 1.0), list(m.parameters())
clip_grad_norm_(Linear(3, 4).parameters(), 0.1)
clip_grad_norm_(next(backward(m := Linear(3, 4))), 0.1, float("inf")), list(m.parameters())
clip_grad_value_(backward(m := Linear(3, 4)), 0.1), list(m.parameters())
get_total_norm(list(Linear(3, 4).parameters()))
clip_grads_with_norm_(backward(m := Linear(3, 4)), 0.1, torch.ones(())), list(m.parameters())
parameters_to_vector(Linear(3, 4).parameters())
vector_to_parameters(torch.arange(16.0), (m := Linear(3, 4)).parameters()), m
convert_conv2d_weight_memory_format(Sequential(Conv2d(3, 4, 2), Linear(3, 4)), torch.channels_last)
convert_conv3d_weight_memory_format(Sequential(Conv3d(3, 4, 2), Conv2d(3, 4, 2)), torch.channels_last_3d)
fuse_conv_bn_eval(Conv2d(3, 4, 2).eval(), BatchNorm2d(4).eval())
fuse_conv_bn_eval(ConvTranspose2d(3, 4, 2, bias=False).eval(), BatchNorm2d(4, affine=False).eval(), True)
fuse_conv_bn_eval(Conv1d(3, 4, 2).requires_grad_(False).eval(), BatchNorm1d(4).eval())
fuse_linear_bn_eval(Linear(3, 4).eval(), BatchNorm1d(4).eval())
fuse_linear_bn_weights(torch.ones(4, 3), None, torch.ones(4), torch.ones(4), 0.1, torch.ones(4), torch.ones(4))
fuse_conv_bn_weights(torch.ones(4, 3, 2), torch.ones(4), torch.ones(4), torch.ones(4), 0.1, torch.ones(4), None)
""",
    "torch.nn.utils.parametrizations": """
weight_norm(Linear(3, 4))
weight_norm(Conv2d(3, 4, 2), dim=None)
weight_norm(LSTM(3, 4), "weight_hh_l0", dim=1)
weight_norm(Linear(3, 4).requires_grad_(False))
spectral_norm(Linear(3, 4))
spectral_norm(ConvTranspose2d(3, 4, 2), n_power_iterations=3)
spectral_norm(Linear(3, 4), "bias")
spectral_norm(Conv1d(3, 4, 2).eval(), eps=1e-3, dim=1)
orthogonal(Linear(4, 4))
orthogonal(Linear(3, 5))
orthogonal(Linear(5, 3), "weight", "cayley")
""",
    "torch.nn.utils.parametrize": """
register_parametrization(Linear(3, 3), "weight", Symmetric())
register_parametrization(Linear(3, 3), "bias", Halves())
register_parametrization(BatchNorm1d(4), "running_mean", Doubled())
register_parametrization(BatchNorm1d(4), "running_mean", Halves(), unsafe=True)
register_parametrization(register_parametrization(Linear(3, 3), "weight", Doubled()), "weight", Symmetric())
register_parametrization(register_parametrization(Linear(3, 3), "weight", Doubled()), "bias", Doubled()).eval()
remove_parametrizations(register_parametrization(Linear(3, 3), "weight", Symmetric()), "weight")
remove_parametrizations(register_parametrization(Linear(3, 3), "weight", Doubled()), "weight", False)
remove_parametrizations(register_parametrization(Linear(3, 3), "weight", Halves()), "weight")
remove_parametrizations(register_parametrization(BatchNorm1d(4), "running_mean", Halves()), "running_mean")
is_parametrized(m := Linear(3, 3)), is_parametrized(register_parametrization(m, "bias", Doubled())), is_parametrized(m, "weight")
type_before_parametrizations(Linear(3, 3))
transfer_parametrizations_and_params(register_parametrization(Linear(3, 3), "weight", Doubled()), Linear(3, 3))
transfer_parametrizations_and_params(register_parametrization(Linear(3, 3), "weight", Halves()), Linear(3, 3), "weight")
transfer_parametrizations_and_params(Linear(3, 3), Linear(3, 3))
""",
    "torch.optim.swa_utils": """
AveragedModel(BatchNorm1d(4))
AveragedModel(Linear(3, 4).eval(), device="cpu", use_buffers=True)
averaged(AveragedModel(Sequential(Linear(3, 4), BatchNorm1d(4))))
averaged(AveragedModel(Sequential(Linear(3, 4), BatchNorm1d(4)), avg_fn=get_ema_avg_fn(0.5)))
averaged(AveragedModel(Linear(3, 4), multi_avg_fn=get_ema_multi_avg_fn(0.5)))
averaged(AveragedModel(Linear(3, 4), avg_fn=get_swa_avg_fn()))
averaged(AveragedModel(Linear(3, 4), multi_avg_fn=get_swa_multi_avg_fn(), use_buffers=True))
update_bn([torch.ones(2, 4)], m := Sequential(BatchNorm1d(4, momentum=None), ReLU()).eval()), m
SWALR(o := torch.optim.SGD(Linear(3, 4).parameters(), 0.1), 0.05), o.param_groups[0]["swa_lr"]
""",
    "torch.nn.parallel": """
DataParallel(Linear(3, 4))
DataParallel(Linear(3, 4), [], dim=0)
DistributedDataParallel(Linear(3, 4), find_unused_parameters=True)
""",
    "torch.distributed.fsdp": """
FullyShardedDataParallel(Linear(3, 4), device_id=CPU)
FullyShardedDataParallel(Sequential(Linear(3, 4), BatchNorm1d(4)), device_id=CPU, use_orig_params=True)
FullyShardedDataParallel(Sequential(FullyShardedDataParallel(Linear(3, 4), device_id=CPU), Linear(4, 2)), device_id=CPU)
FullyShardedDataParallel(Linear(3, 4), device_id=CPU).in_features
type(FullyShardedDataParallel(Linear(3, 4), device_id=CPU).module)
fully_shard(m := ReLU()) is m
""",
    "torch.distributed.algorithms._checkpoint.checkpoint_wrapper": """
checkpoint_wrapper(Linear(3, 4))
checkpoint_wrapper(Linear(3, 4)).in_features
offload_wrapper(Sequential(Linear(3, 4)))
""",
    "torch": """
compile(Linear(3, 4))
compile(Linear(3, 4)).in_features
compile(Linear(3, 4), disable=True)
compile(fullgraph=True)(Linear(3, 4))
""",
    "torch.func": """
functional_call(Identity(), {}, torch.ones(2))
functional_call(Identity(), {}, (torch.ones(2),), {})
stack_module_state([BatchNorm1d(4), BatchNorm1d(4)])
stack_module_state(ModuleList([Linear(3, 4), Linear(3, 4)]).requires_grad_(False))
replace_all_batch_norm_modules_(Sequential(BatchNorm1d(4), Linear(3, 4)))
""",
}

#: Lines of which the numbers are drawn or decided in another way.
UNLIKE_IN_NUMBERS = {
    "torch.nn.utils": """
skip_init(Linear, 3, 4)
skip_init(Linear, 3, out_features=4, bias=False, dtype=torch.float64, device="cpu")
""",
    "torch.nn.utils.parametrizations": """
orthogonal(Linear(4, 4), use_trivialization=False, orthogonal_map="householder")
orthogonal(Linear(3, 5), orthogonal_map="householder", use_trivialization=False)
""",
    "torch.nn.utils.prune": """
identity(Linear(3, 4), "weight")
random_unstructured(Linear(3, 4), "bias", 2)
l1_unstructured(l1_unstructured(Linear(3, 4), "weight", 0.5), "weight", 0.5)
random_structured(Linear(3, 4), "weight", 1, 0)
ln_structured(Conv2d(3, 4, 2), "weight", 0.5, 2, -1)
custom_from_mask(Linear(3, 4), "bias", torch.ones(4))
global_unstructured([(m := Linear(3, 4), "weight"), (m, "bias")], L1Unstructured, amount=3), m
remove(l1_unstructured(Linear(3, 4), "weight", 0.5), "weight")
is_pruned(m := Sequential(Linear(3, 4))), is_pruned(random_unstructured(m[0], "weight", 1)), is_pruned(m)
Identity.apply(m := Linear(3, 4), "weight"), m
RandomUnstructured.apply(m := Linear(3, 4), "weight", 0.5), m
RandomStructured.apply(m := Linear(3, 4), "weight", 0.5, dim=0), m
LnStructured.apply(m := Linear(3, 4), "weight", 0.5, 1, 0), m
CustomFromMask.apply(m := Linear(3, 4), "weight", torch.zeros(4, 3)), m
""",
}

#: What a name in a line means beside the classes.
HELPERS: Names = {"torch": torch, "CPU": torch.device("cpu")}

NATIVE = {
    "Module": "the interpreter's own",
    "Sequential": "a container, the interpreter's own",
    "ModuleList": "a container, the interpreter's own",
    "ModuleDict": "a container, the interpreter's own",
    "ParameterList": "a container, the interpreter's own",
    "ParameterDict": "a container, the interpreter's own",
    "DataParallel": "stands with its package, torch.nn.parallel",
}

UNTOLD = {
    ("TransformerEncoder", "use_nested_tensor"): "decides how forward computes",
    ("TransformerEncoderLayer", "activation_relu_or_gelu"): "decides how forward computes",
}


def helper(function: Callable[..., Any]) -> Callable[..., Any]:
    HELPERS[function.__name__] = function
    return function


@helper
def given(module: nn.Module, *shape: int) -> nn.Module:
    """A lazy layer after its first batch."""
    module.initialize_parameters(torch.zeros(shape))
    return module


@helper
def reset(*modules: nn.Module) -> nn.ModuleList:
    """Layers whose numbers are drawn a second time."""
    for module in modules:
        module.reset_parameters()
    return nn.ModuleList(modules)


@helper
def backward(module: nn.Module) -> Any:
    """The parameters of a module, after a backward pass."""
    module(torch.ones(2, 3)).sum().backward()
    return module.parameters()


@helper
def averaged(model: nn.Module) -> nn.Module:
    """An averaged model after two rounds of training."""
    trained = copy.deepcopy(model.module)
    for _ in range(2):
        with torch.no_grad():
            for value in [*trained.parameters(), *trained.buffers()]:
                value.add_(1)
        model.update_parameters(trained)
    return model


class Symmetric(nn.Module):
    """A parametrization that cannot be assigned to."""

    def forward(self, value: Any) -> Any:
        return value.triu() + value.triu(1).mT


class Doubled(nn.Module):
    """A parametrization that can."""

    def forward(self, value: Any) -> Any:
        return 2 * value

    def right_inverse(self, value: Any) -> Any:
        return value / 2


class Halves(nn.Module):
    """A parametrization of two tensors."""

    def forward(self, first: Any, second: Any) -> Any:
        return first + second

    def right_inverse(self, value: Any) -> Any:
        return value / 2, value / 2


HELPERS |= {"Symmetric": Symmetric, "Doubled": Doubled, "Halves": Halves}


def run_stub(module: str) -> Names:
    """What a stub defines, run with torch's own names where the symbolic build gives its own."""
    text = stubs.text(module)
    assert text is not None, module
    given: Names = {"torch": torch, "nn": nn, "init": nn.init, "Module": nn.Module, "Parameter": nn.Parameter}
    given |= {"math": math, "copy": copy}
    names = dict(given)
    exec(compile(text, f"{module}.stub", "exec"), names)
    return {name: value for name, value in names.items() if name not in given and name != "__builtins__"}


def real(name: str, package: Any) -> Any:
    """The thing of that name, also one that only a module inside the package has."""
    if hasattr(package, name):
        return getattr(package, name)
    inside = [value for value in vars(package).values() if inspect.ismodule(value) and hasattr(value, name)]
    return getattr(inside[0], name) if inside else None


def signature(function: Any) -> list[tuple[str, Any, Any]]:
    """Names, kinds and defaults; of the first overload where the function itself takes anything."""
    overloads = typing.get_overloads(function) if hasattr(typing, "get_overloads") else []
    found = inspect.signature(overloads[0] if overloads else function)
    return [(one.name, one.kind, one.default) for one in found.parameters.values()]


def tensor(value: Any, numbers: bool = True) -> Any:
    """A tensor as something that compares by kind, shape and value."""
    if value is None:
        return None
    kind = type(value).__name__, str(value.dtype), value.requires_grad
    if isinstance(value, (nn.parameter.UninitializedParameter, nn.parameter.UninitializedBuffer)):
        return kind
    return (*kind, tuple(value.shape), value.tolist() if numbers else None)


def tensors(module: nn.Module, numbers: bool = True) -> list[Any]:
    """Parameters and buffers of a module and its children, in order; which of them are one object; what trains."""
    first: dict[int, str] = {}
    told: list[Any] = []
    for name, child in module.named_modules(remove_duplicate=False):
        told.append((name, child.training, list(child._modules)))
        for own, value in [*child._parameters.items(), *child._buffers.items()]:
            where = f"{name}.{own}"
            same_as = first.setdefault(id(value), where) if value is not None else where
            told.append((where, same_as, tensor(value, numbers), own in child._non_persistent_buffers_set))
    return told


def plain(value: Any) -> Any:
    """An attribute as something that compares by value."""
    return type(value).__name__ if isinstance(value, (torch.Tensor, nn.Module)) else value


def kinds(module: nn.Module) -> list[Any]:
    """The classes of a module and its children, and the attributes that hold no tensors."""
    told: list[Any] = []
    for name, child in module.named_modules(remove_duplicate=False):
        kind = type(child).__name__
        told.append((name, [base.__name__ for base in type(child).__mro__]))
        for attribute, value in sorted(vars(child).items()):
            if not attribute.startswith("_") and (kind, attribute) not in UNTOLD:
                told.append((name, attribute, plain(value)))
    return told


def outcome(value: Any, numbers: bool = True) -> Any:
    """What a line of code leaves behind."""
    if isinstance(value, nn.Module):
        held = tensors(value, numbers)
        value.eval()  # reading a weight must not improve it further
        read = [getattr(child, name, None) for child in value.modules() for name in ("weight", "bias", "running_mean")]
        weights = [tensor(one, numbers) for one in read if isinstance(one, torch.Tensor)]
        return type(value).__name__.removeprefix("Parametrized"), held, weights
    if isinstance(value, torch.Tensor):
        return tensor(value, numbers)
    if isinstance(value, dict):
        return {key: outcome(each, numbers) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [outcome(each, numbers) for each in value]
    return value if isinstance(value, (bool, int, float, type, type(None))) else type(value).__name__


def run(line: str, names: Names) -> Any:
    torch.manual_seed(0)
    return eval(line, {**names, **HELPERS})


@pytest.fixture(scope="module")
def layers() -> Names:
    return run_stub("torch.nn")


@pytest.fixture(scope="module")
def real_layers(layers: Names) -> Names:
    return {name: real(name, nn.modules) for name in layers if isinstance(layers[name], type)}


@pytest.fixture(scope="module", autouse=True)
def one_process() -> Iterator[None]:
    """DistributedDataParallel asks for a group of processes."""
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


@pytest.mark.parametrize("line", LAYERS.strip().splitlines())
def test_layers_are_built_alike(line: str, layers: Names, real_layers: Names) -> None:
    mine, theirs = run(line, layers), run(line, real_layers)
    assert tensors(mine) == tensors(theirs)
    assert kinds(mine) == kinds(theirs)


def cases(table: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(module, line) for module, lines in table.items() for line in lines.strip().splitlines()]


@pytest.mark.parametrize(("module", "line"), cases(FUNCTIONS))
def test_functions_act_alike(module: str, line: str) -> None:
    package = importlib.import_module(module)
    assert outcome(run(line, {**vars(nn), **run_stub(module)})) == outcome(run(line, {**vars(nn), **vars(package)}))


@pytest.mark.parametrize(("module", "line"), cases(UNLIKE_IN_NUMBERS))
def test_functions_leave_the_same_names_and_shapes(module: str, line: str) -> None:
    mine = run(line, {**vars(nn), **run_stub(module)})
    theirs = run(line, {**vars(nn), **vars(importlib.import_module(module))})
    assert outcome(mine, numbers=False) == outcome(theirs, numbers=False)


def test_every_layer_of_torch_is_told_and_tried(layers: Names) -> None:
    public = {name for name, value in vars(nn).items() if inspect.isclass(value) and issubclass(value, nn.Module)}
    assert public - set(layers) == set(NATIVE)
    untried = {name for name in public - set(NATIVE) if f"{name}(" not in LAYERS}
    assert not untried


def test_signatures_and_bases_of_layers(layers: Names, real_layers: Names) -> None:
    for name, stub in layers.items():
        if not inspect.isclass(stub):
            continue
        theirs = real_layers[name]
        assert [base.__name__ for base in stub.__mro__] == [base.__name__ for base in theirs.__mro__], name
        assert signature(stub.__init__) == signature(theirs.__init__), name
        for method, function in vars(stub).items():
            if hasattr(theirs, method) and callable(function):
                assert signature(getattr(stub, method)) == signature(getattr(theirs, method)), (name, method)
