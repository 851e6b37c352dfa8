"""The stubs against the libraries that they describe: the same lines, run with both, must build the same modules.

The lines stand in `stubs/`, a file for each stub. After `~` the numbers are drawn or decided in another way, and only
names, shapes and kinds are compared; after `?` the stub gives a module of unknown content.
"""

from __future__ import annotations

import copy
import inspect
import math
import re
import sys
import types
import typing
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch import distributed, nn  # noqa: E402

from paramlint.knowledge import TORCH_VERSION, stubs  # noqa: E402
from paramlint.symbolic.code.program import Program  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")

Names = dict[str, Any]

FOLDER = Path(stubs.__file__).parent
STUBS = sorted(".".join(path.relative_to(FOLDER).with_suffix("").parts) for path in FOLDER.rglob("*.stub"))

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
    ("AveragedModel", "avg_fn"): "a function of the stub",
    ("AveragedModel", "multi_avg_fn"): "a function of the stub",
    ("OptimizedModule", "training"): "asked of the module inside",
    ("TransformerEncoder", "use_nested_tensor"): "decides how forward computes",
    ("TransformerEncoderLayer", "activation_relu_or_gelu"): "decides how forward computes",
}

#: Classes that no line builds by their own name.
UNDER_OTHERS = {
    "ActivationWrapper": "a base",
    "CheckpointWrapper": "made by checkpoint_wrapper",
    "LazyModuleMixin": "a base",
    "OffloadWrapper": "made by offload_wrapper",
    "OptimizedModule": "made by compile",
}


def lines(module: str) -> list[str]:
    return (Path(__file__).parent / "stubs" / f"{module}.txt").read_text(encoding="utf-8").splitlines()


# --- what a name in a line means beside those of the library

HELPERS: Names = {"torch": torch, "CPU": torch.device("cpu")}


def helper(thing: Any) -> Any:
    HELPERS[thing.__name__] = thing
    return thing


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
def weights_of(module: nn.Module) -> nn.Module:
    module.init_weights()
    return module


@helper
def filled(initialise: Any, *first: Any, whole: bool = False, **arguments: Any) -> Any:
    """What a function that initialises a tensor, or all of a module, leaves there."""
    value = nn.BatchNorm1d(3) if whole else nn.Parameter(torch.ones(3, 4))
    initialise(*first, value, **arguments)
    return value


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


@helper
def law(drawn: Any) -> list[float]:
    """What many numbers have in common that two versions of a truncated normal draw in different orders."""
    return [round(value.item(), 1) for value in (drawn.mean(), drawn.std(), drawn.min(), drawn.max())]


@helper
def only_positive(base: Any, module: nn.Module) -> nn.Module:
    """A module pruned by a method of somebody."""

    class Positive(base):  # type: ignore[misc]
        PRUNING_TYPE = "unstructured"

        def compute_mask(self, t: Any, default_mask: Any) -> Any:
            return default_mask * (t > 0)

    Positive.apply(module, "weight")
    return module


@helper
def light(base: Any) -> nn.Module:
    """A model of somebody on the base class of Lightning."""

    class Model(base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.layer = nn.Linear(3, 4)

    return Model()


@helper
def pretrained(base: Any, **settings: Any) -> nn.Module:
    """A model of somebody, with a model inside, on the base class of transformers."""
    from transformers import PretrainedConfig

    class Inner(base):  # type: ignore[misc]
        def __init__(self, config: Any) -> None:
            super().__init__(config)
            self.embed_tokens = nn.Embedding(5, 3, padding_idx=1)
            self.layers = nn.Sequential(nn.LSTM(3, 3), nn.MultiheadAttention(3, 1), nn.Conv2d(3, 3, 1))
            self.norms = nn.ModuleList([nn.LayerNorm(3), nn.BatchNorm1d(3), nn.RMSNorm(3), nn.LayerNorm(3, bias=False)])
            for parameter in self.parameters():
                nn.init.constant_(parameter, 7)
            self.post_init()

    class Outer(base):  # type: ignore[misc]
        base_model_prefix = "model"
        _tied_weights_keys: typing.ClassVar = {"lm_head.weight": "model.embed_tokens.weight"}

        def __init__(self, config: Any) -> None:
            super().__init__(config)
            self.model = Inner(config)
            self.lm_head = nn.Linear(3, 5)
            self.post_init()

        def _init_weights(self, module: nn.Module) -> None:
            if isinstance(module, nn.Linear):
                nn.init.ones_(module.weight)

    return Outer(PretrainedConfig(**settings))


@helper
def steps_with(base: Any, own_optimizer: bool = False) -> list[str]:
    """What a trainer of somebody on the class of transformers is asked for in one step, in order."""
    done: list[str] = []
    model = nn.Linear(1, 1)
    model.bias.requires_grad = False

    class Noted(torch.optim.SGD):
        def step(self, closure: Any = None) -> None:
            done.append(f"step {sum(len(group['params']) for group in self.param_groups)}")

    class Own(base):  # type: ignore[misc]
        def create_optimizer(self, *args: Any) -> Any:
            done.append("create_optimizer")
            made = super().create_optimizer(*args)
            count = sum(len(group["params"]) for group in made.param_groups)
            done.append(f"{type(made).__name__.removeprefix('Accelerated')} {count}")
            return made

        def training_step(self, model: nn.Module, *args: Any, **kwargs: Any) -> Any:
            done.append("training_step")
            return super().training_step(model, *args, **kwargs)

        def compute_loss(self, model: nn.Module, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            done.append(f"compute_loss {model.training}")
            return model(inputs["x"]).mean()

        def get_train_dataloader(self) -> Any:
            return [{"x": torch.ones(1, 1)}]

    given = {}
    if hasattr(base, "get_eval_dataloader"):  # the library's own
        transformers = pytest.importorskip("transformers")
        pytest.importorskip("accelerate")
        kind = transformers.Seq2SeqTrainingArguments if "Seq2Seq" in base.__name__ else transformers.TrainingArguments
        given["args"] = kind("unused", max_steps=1, use_cpu=True, report_to=[], save_strategy="no")
    optimizers = (Noted(model.parameters()), None) if own_optimizer else (None, None)
    trainer = Own(model, train_dataset=[{"x": torch.ones(1, 1)}], optimizers=optimizers, **given)
    model.eval()
    trainer.train()
    done.append(f"gradient {model.weight.grad is not None}")
    return done


@helper
def engine_of(create: Any) -> list[Any]:
    """A layer before and after the step of an engine of ignite."""
    model = nn.Linear(1, 1).eval()
    model.weight.data.fill_(1)
    model.weight.grad = torch.ones(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    engine = create(model, optimizer, lambda y, target: (y * target).mean())
    engine.run([(torch.ones(1, 1), torch.ones(1, 1))])
    return [model.training, model.weight.tolist()]


@helper
class Symmetric(nn.Module):
    """A parametrization that cannot be assigned to."""

    def forward(self, value: Any) -> Any:
        return value.triu() + value.triu(1).mT


@helper
class Doubled(nn.Module):
    """A parametrization that can."""

    def forward(self, value: Any) -> Any:
        return 2 * value

    def right_inverse(self, value: Any) -> Any:
        return value / 2


@helper
class Halves(nn.Module):
    """A parametrization of two tensors."""

    def forward(self, first: Any, second: Any) -> Any:
        return first + second

    def right_inverse(self, value: Any) -> Any:
        return value / 2, value / 2


# --- running both


@cache
def run_stub(module: str) -> Names:
    """What a stub defines, run with torch's own names where the symbolic build gives its own."""
    text = stubs.text(module)
    assert text is not None, module
    given: Names = {"torch": torch, "nn": nn, "init": nn.init, "Module": nn.Module, "Parameter": nn.Parameter}
    given |= {"math": math, "copy": copy, "__builtins__": __builtins__}
    names = dict(given)
    exec(compile(text, f"{module}.stub", "exec"), names)
    return {name: value for name, value in names.items() if name not in given}


def of_library(module: str, names: Names) -> Names:
    """The library's own things of these names, also those that only a module inside it has."""
    package = pytest.importorskip("torch.nn.modules" if module == "torch.nn" else module, exc_type=ImportError)
    places = [package, *(value for value in vars(package).values() if inspect.ismodule(value))]
    found = {name: next((vars(place)[name] for place in places if name in vars(place)), None) for name in names}
    return {name: getattr(package, name, found[name]) for name in names}


def run(line: str, names: Names) -> Any:
    torch.manual_seed(0)
    return eval(line, {**vars(nn), **names, **HELPERS})


# --- what is compared

PLAIN = (bool, int, float, str, tuple, list, dict, type(None))


def tensor(value: Any, numbers: bool = True) -> Any:
    """A tensor as something that compares by kind, shape and value."""
    if value is None:
        return None
    kind = type(value).__name__, str(value.dtype), value.requires_grad
    if isinstance(value, (nn.parameter.UninitializedParameter, nn.parameter.UninitializedBuffer)):
        return kind
    return (*kind, tuple(value.shape), (value.stride(), value.tolist()) if numbers else None)


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


def attributes(module: nn.Module) -> dict[tuple[str, str], Any]:
    """The public attributes of a module and its children that hold no tensors; objects by their class."""
    return {
        (name, attribute): value
        if isinstance(value, (*PLAIN, types.FunctionType, types.BuiltinFunctionType))
        else type(value).__name__
        for name, child in module.named_modules(remove_duplicate=False)
        for attribute, value in vars(child).items()
        if not attribute.startswith("_") and not isinstance(value, torch.Tensor)
        if (type(child).__name__, attribute) not in UNTOLD
    }


def classes(module: nn.Module) -> list[Any]:
    """The classes of a module and its children, with their bases."""
    return [[base.__name__ for base in type(child).__mro__] for child in module.modules()]


def outcome(value: Any, numbers: bool = True) -> Any:
    """What a line leaves behind."""
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
    return value if isinstance(value, (*PLAIN, type)) else type(value).__name__


@pytest.fixture(scope="module", autouse=True)
def one_process() -> Iterator[None]:
    """DistributedDataParallel asks for a group of processes."""
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


@pytest.mark.parametrize(("module", "line"), [(module, line) for module in STUBS for line in lines(module)])
def test_built_alike(module: str, line: str) -> None:
    names = run_stub(module)
    if line.startswith("? "):
        model = run(line[2:], names)
        assert isinstance(model, nn.Module)
        assert type(model).__unknown__
        return
    line, numbers = line.removeprefix("~ "), not line.startswith("~ ")
    library = of_library(module, names)
    mine, theirs = run(line, names), run(line, library)
    if isinstance(mine, nn.Module):
        assert attributes(mine).items() <= attributes(theirs).items()
    if isinstance(mine, nn.Module) and module == "torch.nn":
        assert attributes(mine) == attributes(theirs)
        assert classes(mine) == classes(theirs)
    assert outcome(mine, numbers) == outcome(theirs, numbers)


# --- what is told at all


def test_every_layer_of_torch_is_told() -> None:
    public = {name for name, value in vars(nn).items() if inspect.isclass(value) and issubclass(value, nn.Module)}
    assert public - set(run_stub("torch.nn")) == set(NATIVE)


def test_every_model_of_torchvision_is_told() -> None:
    models = pytest.importorskip("torchvision.models", exc_type=ImportError)
    builders = {models.get_model_builder(name).__name__ for name in models.list_models()}
    classes = {name for name, value in vars(models).items() if inspect.isclass(value) and issubclass(value, nn.Module)}
    told = run_stub("torchvision.models")
    assert {name for name in builders | classes if not getattr(told.get(name), "__unknown__", False)} == set()


@pytest.mark.parametrize("module", STUBS)
def test_what_is_told_is_tried(module: str) -> None:
    told = {name for name, value in run_stub(module).items() if not getattr(value, "__unknown__", False)}
    tried = set(re.findall(r"\w+", " ".join(lines(module))))
    assert {name for name in told - tried if not name.startswith("_")} - set(UNDER_OTHERS) - {module} == set()


@pytest.mark.parametrize("module", STUBS)
def test_each_says_against_what_it_was_checked(module: str) -> None:
    first = (stubs.text(module) or "").splitlines()[0]
    library = module.partition(".")[0]
    assert first == f"# checked against torch {TORCH_VERSION}" if library == "torch" else library in first


# --- signatures and bases


def signature(function: Any) -> list[tuple[str, Any, Any]]:
    """Names, kinds and defaults; of the first overload where the function itself takes anything."""
    found = inspect.signature(function)
    if list(found.parameters) == ["self", "args", "kwargs"] and inspect.isfunction(function):
        found = inspect.signature([*typing.get_overloads(function), function][0])
    return [(one.name, one.kind, one.default) for one in found.parameters.values()]


with_overloads = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="recurrent layers tell their arguments in overloads"
)


@with_overloads
@pytest.mark.parametrize("module", STUBS)
def test_signatures(module: str) -> None:
    """Names and kinds of arguments, and their defaults, but those that are objects of the library: a stub has None."""
    names = run_stub(module)
    for name, theirs in of_library(module, names).items():
        mine = names[name]
        if inspect.isclass(mine) and theirs is not None and not getattr(mine, "__unknown__", False):
            mine, theirs = mine.__init__, theirs.__init__
        if inspect.isfunction(mine) and inspect.isfunction(theirs) and not name.startswith("_"):
            assert [one[:2] for one in signature(mine)] == [one[:2] for one in signature(theirs)], name
            defaults = [(one[2], other[2]) for one, other in zip(signature(mine), signature(theirs), strict=True)]
            assert all(own in (None, other) or inspect.isclass(own) for own, other in defaults), name


@with_overloads
def test_signatures_and_bases_of_layers() -> None:
    layers = {name: value for name, value in run_stub("torch.nn").items() if inspect.isclass(value)}
    for name, theirs in of_library("torch.nn", layers).items():
        mine = layers[name]
        assert [base.__name__ for base in mine.__mro__] == [base.__name__ for base in theirs.__mro__], name
        assert signature(mine.__init__) == signature(theirs.__init__), name
        for method, function in vars(mine).items():
            if hasattr(theirs, method) and callable(function):
                assert signature(getattr(mine, method)) == signature(getattr(theirs, method)), (name, method)


# --- names


@pytest.mark.parametrize(
    ("name", "stub"),
    [
        ("torch.nn.Linear", ("torch.nn", "Linear")),
        ("torch.nn.modules.linear.Linear", ("torch.nn", "Linear")),
        ("torch.nn.modules.conv._ConvNd", ("torch.nn", "_ConvNd")),
        ("torch.nn.modules.lazy.LazyModuleMixin", ("torch.nn", "LazyModuleMixin")),
        ("torch.nn.utils.weight_norm", ("torch.nn.utils", "weight_norm")),
        ("torch.nn.utils.weight_norm.weight_norm", ("torch.nn.utils", "weight_norm")),
        ("torch.nn.utils.parametrizations.weight_norm", ("torch.nn.utils.parametrizations", "weight_norm")),
        ("torch.nn.utils.prune.identity", ("torch.nn.utils.prune", "identity")),
        ("torch.nn.DataParallel", ("torch.nn.parallel", "DataParallel")),
        ("torch.nn.parallel.data_parallel.DataParallel", ("torch.nn.parallel", "DataParallel")),
        ("torch.distributed._composable.fsdp.fully_shard", ("torch.distributed.fsdp", "fully_shard")),
        ("torch._dynamo.eval_frame.OptimizedModule", ("torch", "OptimizedModule")),
        ("torch.compile", ("torch", "compile")),
        ("timm.models.layers.DropPath", ("timm.layers", "DropPath")),
        ("timm.layers.weight_init.trunc_normal_", ("timm.layers", "trunc_normal_")),
        ("timm.models.create_model", ("timm", "create_model")),
        ("torchvision.models.segmentation.fcn_resnet50", ("torchvision.models", "fcn_resnet50")),
        ("transformers.AutoModelForCausalLM", ("transformers", "AutoModel")),
        ("transformers.models.bert.modeling_bert.BertPreTrainedModel", ("transformers", "PreTrainedModel")),
        ("transformers.BertForMaskedLM", ("transformers", "UnknownModel")),
        ("transformers.GPT2LMHeadModel", ("transformers", "UnknownModel")),
        ("pytorch_lightning.core.LightningModule", ("lightning.pytorch", "LightningModule")),
        # Not told, though a name like it is.
        ("torch.nn.Sequential", None),
        ("torch.nn.quantized.Linear", None),
        ("torch.ao.nn.qat.Linear", None),
        ("torch.nn.functional.linear", None),
        ("torch.compiler.compile", None),
        ("timm.models.vision_transformer.Mlp", None),
        ("torchvision.models.ResNet50_Weights", None),
        ("transformers.BertTokenizer", None),
        ("transformers.TFBertModel", None),
        ("transformers.DataCollatorForLanguageModeling", None),
        ("Linear", None),
        ("", None),
    ],
)
def test_home(name: str, stub: tuple[str, str] | None) -> None:
    assert stubs.home(name) == stub


def test_text_of_nothing() -> None:
    assert stubs.text("torch.nn.functional") is None
    assert stubs.text("") is None
    assert stubs.text(".torch") is stubs.text("torch.") is None


def test_a_stub_is_read_once_for_all_programs():
    """An editor's file is checked as another program after each edit; reading the stubs took most of it."""
    module, _ = stubs.home("torch.nn.Linear")
    one, other = Program().stub(module), Program().stub(module)
    assert one is not other and one.facts is other.facts
