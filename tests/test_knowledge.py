"""The tables about torch, against the torch that is installed: they must hold for the version that they name."""

from __future__ import annotations

import builtins
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from paramlint.knowledge import (
    ALIASES,
    BUFFER_CLASSES,
    DEPRECATED_INIT,
    EMPTY_FACTORIES,
    FAN_INIT,
    FLOAT_DTYPES,
    INIT_FUNCTIONS,
    INIT_RETURNS_TENSOR,
    LEGACY_CONSTRUCTORS,
    MATRIX_INIT,
    MODULE_METHODS,
    MODULE_SELF_METHODS,
    MODULES,
    OPTIMIZERS,
    PARAMETER_CLASSES,
    STORAGE_DTYPES,
    TENSOR_ATTRIBUTES,
    TENSOR_FACTORIES,
    TENSOR_INIT_INPLACE,
    TENSOR_INPLACE,
    TORCH_VERSION,
    ModuleClass,
    canonical,
    is_told,
    module_class,
)

ROOT = Path(__file__).resolve().parents[1]


def known(name: str) -> ModuleClass:
    found = module_class(name)
    assert found is not None, name
    return found


# --- without torch


def test_imports_nothing_but_the_standard_library() -> None:
    code = (
        "import sys; import paramlint.knowledge;"
        "print(*{n.partition('.')[0] for n in sys.modules} - set(sys.stdlib_module_names) - {'__main__'})"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, env=source_path())
    assert done.stdout.split() == ["paramlint"], done.stderr


def source_path() -> dict[str, str]:
    """An environment in which only the checkout's own code can be imported beside the standard library."""
    return {"PYTHONPATH": str(ROOT / "linter")}


@pytest.mark.parametrize(
    ("name", "public"),
    [
        ("torch.nn.modules.linear.Linear", "torch.nn.Linear"),
        ("torch.nn.modules.Linear", "torch.nn.Linear"),
        ("torch.nn.modules.module.Module", "torch.nn.Module"),
        ("torch.nn.parameter.Parameter", "torch.nn.Parameter"),
        ("torch.nn.parallel.DataParallel", "torch.nn.DataParallel"),
        ("torch.nn.parallel.distributed.DistributedDataParallel", "torch.nn.parallel.DistributedDataParallel"),
        ("torch.optim.adam.Adam", "torch.optim.Adam"),
        ("torch.nn.utils.clip_grad.clip_grad_norm_", "torch.nn.utils.clip_grad_norm_"),
        ("torch.functional.einsum", "torch.einsum"),
        # Public already, or not torch's.
        ("torch.nn.Linear", "torch.nn.Linear"),
        ("torch.nn.init.normal_", "torch.nn.init.normal_"),
        ("torch.nn.functional.linear", "torch.nn.functional.linear"),
        ("torch.nn.modules.batchnorm._BatchNorm", "torch.nn.modules.batchnorm._BatchNorm"),
        ("flax.linen.Dense", "flax.linen.Dense"),
    ],
)
def test_canonical(name: str, public: str) -> None:
    assert canonical(name) == public


def test_canonical_names_are_canonical() -> None:
    assert all(canonical(canonical(name)) == canonical(name) for name in ALIASES)
    assert all(canonical(name) == name for name in MODULES)


def test_module_class_takes_any_spelling() -> None:
    assert known("torch.nn.modules.linear.Linear") == known("torch.nn.Linear")
    assert known("torch.nn.modules.linear.Linear").name == "torch.nn.Linear"
    assert module_class("torch.nn.Parameter") is None
    assert module_class("flax.linen.Dense") is None


def test_module_class_is_hashable() -> None:
    assert len({known("torch.nn.Linear"), known("torch.nn.Conv2d"), known("torch.nn.Linear")}) == 2


def test_every_name_in_a_row_is_known() -> None:
    for name in MODULES:
        row = known(name)
        assert all(module_class(other) for other in (*row.bases, *row.submodules.values())), name
        assert row.bases[-1:] == (() if name == "torch.nn.Module" else ("torch.nn.Module",))
        assert set(row.optional) <= set(row.parameters), name
        assert {*row.optional.values(), *(argument for argument, _ in row.without)} <= set(row.arguments), name
        assert bool(row.without) == (row.owns == "arguments"), name
        assert row.owns_by_default or row.owns != "always", name


def test_what_a_class_holds() -> None:
    linear, norm = known("torch.nn.Linear"), known("torch.nn.BatchNorm2d")
    assert linear.arguments == ("in_features", "out_features", "bias", "device", "dtype")
    assert (linear.parameters, dict(linear.optional)) == (("weight", "bias"), {"bias": "bias"})
    assert norm.buffers == ("running_mean", "running_var", "num_batches_tracked")
    assert (norm.owns, norm.without, norm.owns_by_default) == ("arguments", (("affine", False),), True)
    assert norm.bases[0] == "torch.nn.modules.batchnorm._BatchNorm"
    assert known("torch.nn.LayerNorm").without == (("elementwise_affine", False),)
    assert known("torch.nn.LayerNorm").optional["bias"] == "bias"
    assert known("torch.nn.LSTM").arguments[:4] == ("input_size", "hidden_size", "num_layers", "bias")
    assert known("torch.nn.MultiheadAttention").optional["bias_k"] == "add_bias_kv"
    assert known("torch.nn.TransformerEncoderLayer").submodules["linear1"] == "torch.nn.Linear"
    assert known("torch.nn.DataParallel").submodules == {"module": "torch.nn.Module"}
    assert known("torch.nn.Sequential").arguments == ("*args",)


def test_an_instance_norm_owns_nothing_by_default() -> None:
    norm = known("torch.nn.InstanceNorm2d")
    assert (norm.owns, norm.without, norm.owns_by_default) == ("arguments", (("affine", False),), False)


@pytest.mark.parametrize(
    ("table", "inside", "outside"),
    [
        (MODULE_METHODS, {"parameters", "training", "_modules", "forward"}, {"weight", "__dict__", "in_features"}),
        (MODULE_SELF_METHODS, {"to", "cuda", "xpu", "eval", "apply", "type"}, {"state_dict", "compile", "parameters"}),
        (TENSOR_INPLACE, {"mul_", "normal_", "copy_", "clamp_"}, {"requires_grad_", "squeeze_", "mul", "__iadd__"}),
        (TENSOR_INIT_INPLACE, {"fill_", "zero_", "copy_", "normal_"}, {"mul_", "fill_diagonal_", "clamp_", "tril_"}),
        (TENSOR_ATTRIBUTES, {"data", "grad", "requires_grad", "shape"}, {"size", "backward"}),
        (TENSOR_FACTORIES, {"torch.zeros", "torch.tensor", "torch.rand_like"}, {"torch.add", "torch.save"}),
        (EMPTY_FACTORIES, {"torch.empty", "new_empty", "torch.FloatTensor"}, {"torch.zeros", "new_zeros"}),
        (LEGACY_CONSTRUCTORS, {"torch.Tensor", "torch.cuda.FloatTensor", "new"}, {"torch.empty", "torch.tensor"}),
        (STORAGE_DTYPES, {"torch.int8", "torch.bool", "torch.float8_e4m3fn"}, {"torch.float16", "torch.complex64"}),
        (FLOAT_DTYPES, {"torch.float", "torch.bfloat16", "torch.double"}, {"torch.float8_e5m2", "torch.cfloat"}),
        (FAN_INIT, {"xavier_uniform_", "kaiming_normal_"}, {"normal_", "orthogonal_", "xavier_uniform"}),
        (MATRIX_INIT, {"orthogonal_", "eye_"}, {"normal_", "xavier_uniform_"}),
        (PARAMETER_CLASSES, {"torch.nn.Parameter", "torch.nn.UninitializedParameter"}, {"torch.nn.Buffer"}),
        (BUFFER_CLASSES, {"torch.nn.Buffer", "torch.nn.UninitializedBuffer"}, {"torch.nn.Parameter"}),
    ],
)  # fmt: skip
def test_table_holds(table: frozenset[str], inside: set[str], outside: set[str]) -> None:
    assert inside <= table
    assert not outside & table


def test_init_and_optimizers() -> None:
    assert INIT_FUNCTIONS["normal_"] == ("tensor", "mean", "std", "generator")
    assert DEPRECATED_INIT["xavier_uniform"] == "xavier_uniform_"
    assert not set(DEPRECATED_INIT) & set(INIT_FUNCTIONS)
    assert set(INIT_FUNCTIONS) >= FAN_INIT | MATRIX_INIT
    assert INIT_RETURNS_TENSOR
    assert OPTIMIZERS["torch.optim.SGD"][:3] == ("params", "lr", "momentum")


# --- against the live torch


@pytest.fixture(scope="module")
def torch() -> Any:
    """The torch that the tables are about."""
    installed = pytest.importorskip("torch")
    if installed.__version__.split("+")[0] != TORCH_VERSION:
        pytest.skip(f"the tables are about torch {TORCH_VERSION}")
    return installed


@pytest.mark.heavy
def test_tables_are_as_generated(torch: Any) -> None:
    command = [sys.executable, str(ROOT / "scripts/generate-knowledge"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr or "run scripts/generate-knowledge"


def resolve(name: str) -> Any:
    """The object of a dotted name; a module before a function of the same name."""
    owner, _, last = name.rpartition(".")
    return getattr(sys.modules.get(owner) or resolve(owner), last)


def test_every_name_exists(torch: Any) -> None:
    for alias, name in ALIASES.items():
        assert resolve(alias) is resolve(name), alias
    functions = (name for name in EMPTY_FACTORIES if "." in name)
    for name in (*functions, *TENSOR_FACTORIES, *OPTIMIZERS, *STORAGE_DTYPES, *FLOAT_DTYPES, *MODULES):
        assert resolve(name) is not None


# What each class that holds something is built with: enough to show all of it, layer by layer for the RNNs.
SHOWN: dict[str, Callable[[Any], list[Any]]] = {
    "AdaptiveLogSoftmaxWithLoss": lambda nn: [nn.AdaptiveLogSoftmaxWithLoss(4, 8, [2, 4], head_bias=True)],
    "BCEWithLogitsLoss": lambda nn: [nn.BCEWithLogitsLoss(tensor(2), pos_weight=tensor(2))],
    "BatchNorm1d": lambda nn: [nn.BatchNorm1d(2)],
    "Bilinear": lambda nn: [nn.Bilinear(2, 3, 4)],
    "Conv2d": lambda nn: [nn.Conv2d(2, 2, 1)],
    "ConvTranspose3d": lambda nn: [nn.ConvTranspose3d(2, 2, 1)],
    "CrossEntropyLoss": lambda nn: [nn.CrossEntropyLoss(tensor(2))],
    "Embedding": lambda nn: [nn.Embedding(2, 3)],
    "EmbeddingBag": lambda nn: [nn.EmbeddingBag(2, 3)],
    "GroupNorm": lambda nn: [nn.GroupNorm(1, 2)],
    "GRUCell": lambda nn: [nn.GRUCell(2, 3)],
    "InstanceNorm3d": lambda nn: [nn.InstanceNorm3d(2, affine=True, track_running_stats=True)],
    "LayerNorm": lambda nn: [nn.LayerNorm(2)],
    "LazyConv1d": lambda nn: [nn.LazyConv1d(2, 1)],
    "LazyLinear": lambda nn: [nn.LazyLinear(2)],
    "Linear": lambda nn: [nn.Linear(2, 3)],
    "LSTM": lambda nn: [nn.LSTM(2, 3, num_layers=2, bidirectional=True, proj_size=2)],
    "MultiheadAttention": lambda nn: [
        nn.MultiheadAttention(4, 2, add_bias_kv=True),
        nn.MultiheadAttention(4, 2, kdim=3, vdim=3),
    ],
    "NLLLoss": lambda nn: [nn.NLLLoss(tensor(2))],
    "PReLU": lambda nn: [nn.PReLU()],
    "RMSNorm": lambda nn: [nn.RMSNorm(2)],
    "SyncBatchNorm": lambda nn: [nn.SyncBatchNorm(2)],
    "Transformer": lambda nn: [nn.Transformer(4, 2, 1, 1, 4)],
    "TransformerDecoderLayer": lambda nn: [nn.TransformerDecoderLayer(4, 2, 4)],
    "TransformerEncoderLayer": lambda nn: [nn.TransformerEncoderLayer(4, 2, 4)],
}


def tensor(size: int) -> Any:
    return pytest.importorskip("torch").ones(size)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(SHOWN))
def test_row_is_what_instances_hold(torch: Any, name: str) -> None:
    row, modules = known(f"torch.nn.{name}"), SHOWN[name](torch.nn)
    assert set(row.parameters) == {n for m in modules for n, _ in m.named_parameters(recurse=False)}
    assert set(row.buffers) == {n for m in modules for n, _ in m.named_buffers(recurse=False)}
    children = {n: type(child).__name__ for m in modules for n, child in m.named_children()}
    assert {n: child.rpartition(".")[2] for n, child in row.submodules.items() if n in children} == children
    assert row.owns in (("always", "arguments") if any(list(m.parameters()) for m in modules) else ("never",))


# Tried in turn on every class; the first that it takes is a plain call for our purpose.
CALLS: list[tuple[Any, ...]] = [
    (), (4,), (1, 4), (4, 4), (1, (4,)), (4, 4, 4), (4, 4, 1), (1, 1, 1), ("LSTM", 4, 4), (4, 4, True, 4), (4, 8, [2]),
    (4, 4, (1,), (1,), (0,), (1,), False, (0,), 1, True, "zeros"),
]  # fmt: skip
# Take modules, need a process group, or a keyword.
NOT_TRIED = {
    "DataParallel", "DistributedDataParallel", "DistributedDataParallelCPU", "FractionalMaxPool2d",
    "FractionalMaxPool3d", "TransformerDecoder", "TransformerEncoder",
}  # fmt: skip


def plain(name: str) -> Any:
    """An instance built without any option."""
    for call in CALLS:
        try:
            return resolve(name)(*call)
        except (TypeError, ValueError, RuntimeError, AssertionError, AttributeError, IndexError):
            continue
    return None


@pytest.mark.filterwarnings("ignore")
def test_every_class_owns_what_it_says(torch: Any) -> None:
    built = {name: plain(name) for name in MODULES if name.rpartition(".")[2] not in NOT_TRIED}
    assert [name for name, module in built.items() if module is None] == []
    for name, module in built.items():
        row = known(name)
        assert bool(list(module.parameters())) == row.owns_by_default, name
        assert {n for n, _ in module.named_parameters(recurse=False)} <= set(row.parameters), name
        assert {n for n, _ in module.named_buffers(recurse=False)} <= set(row.buffers), name
        assert {n for n, _ in module.named_children()} <= set(row.submodules), name


@pytest.mark.filterwarnings("ignore")
def test_arguments_that_leave_none(torch: Any) -> None:
    for name in MODULES:
        row = known(name)
        if row.owns != "arguments" or "._" in name:
            continue
        cls = getattr(torch.nn, row.name.rpartition(".")[2])
        call = () if "Lazy" in name else (1, 4) if "Group" in name else (4,)
        for argument, value in row.without:
            assert not list(cls(*call, **{argument: value}).parameters()), name
            assert list(cls(*call, **{argument: not value}).parameters()), name


@pytest.mark.filterwarnings("ignore")
def test_containers_own_what_they_are_given(torch: Any) -> None:
    nn = torch.nn
    given = {
        nn.Sequential(nn.Linear(1, 1)), nn.ModuleList([nn.Linear(1, 1)]), nn.ModuleDict({"a": nn.Linear(1, 1)}),
        nn.ParameterList([tensor(1)]), nn.ParameterDict({"a": tensor(1)}), nn.DataParallel(nn.Linear(1, 1)),
        nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 4), 1),
        nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 4), 1),
        nn.TripletMarginWithDistanceLoss(distance_function=nn.Linear(1, 1)),
    }  # fmt: skip
    for module in given:
        assert list(module.parameters())
        assert known(f"torch.nn.{type(module).__name__}").owns == "children", type(module)


@pytest.mark.parametrize("name", sorted(TENSOR_INIT_INPLACE))
def test_initialising_methods_leave_no_trace(torch: Any, name: str) -> None:
    arguments = {"fill_": (0.5,), "copy_": (tensor(8),), "geometric_": (0.5,)}.get(name, ())
    filled = getattr(torch.full((8,), float("nan")), name)(*arguments)
    assert not filled.isnan().any()


@pytest.mark.parametrize("name", sorted(INIT_FUNCTIONS))
def test_init_of_a_vector(torch: Any, name: str) -> None:
    arguments = {"constant_": (0.5,), "sparse_": (0.5,)}.get(name, ())
    if name in FAN_INIT | MATRIX_INIT:
        with pytest.raises((ValueError, RuntimeError)):
            getattr(torch.nn.init, name)(torch.empty(4), *arguments)
    else:
        vector = torch.empty(4)
        assert getattr(torch.nn.init, name)(vector, *arguments) is vector


@pytest.mark.parametrize("module", ["torch", "torch.nn", "torch.nn.init", "torch.optim"])
def test_builtins_that_a_star_import_replaces(torch: Any, module: str) -> None:
    given: dict[str, object] = {}
    exec(f"from {module} import *", given)
    own = [name for name in dir(builtins) if not name.startswith("__")]
    assert [name for name in own if is_told(f"{module}.{name}")] == [name for name in own if name in given]
