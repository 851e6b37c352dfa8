"""What code outside torch is and does that cannot be read here, by its names. Written by hand, as of 2026-11."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: What a name stands for that only an `import *` can give which cannot be followed, in code that speaks of torch.
NAMES_BY_CONVENTION = {"torch": "torch", "nn": "torch.nn", "F": "torch.nn.functional", "optim": "torch.optim"}

#: Bases of other libraries that are subclasses of `torch.nn.Module`.
FOREIGN_MODULES = frozenset(
    {
        "accelerate.big_modeling.Module",
        "diffusers.ModelMixin",
        "diffusers.models.ModelMixin",
        "lightning.LightningModule",
        "lightning.pytorch.LightningModule",
        "mmengine.model.BaseModel",
        "mmengine.model.BaseModule",
        "pytorch_lightning.LightningModule",
        "pytorch_lightning.core.LightningModule",
        "torch_geometric.nn.MessagePassing",
        "torch_geometric.nn.conv.MessagePassing",
        "transformers.PreTrainedModel",
        "transformers.modeling_utils.PreTrainedModel",
    }
)

#: Bases that make no class a module.
PLAIN_BASES = frozenset(
    {
        "abc.ABC",
        "collections.OrderedDict",
        "collections.UserDict",
        "dict",
        "enum.Enum",
        "Exception",
        "int",
        "list",
        "object",
        "str",
        "threading.Thread",
        "torch.Tensor",
        "torch.autograd.Function",
        "torch.distributions.Distribution",
        "torch.optim.Optimizer",
        "torch.optim.lr_scheduler.LRScheduler",
        "torch.utils.data.Dataset",
        "torch.utils.data.IterableDataset",
        "tuple",
        "typing.Generic",
        "typing.NamedTuple",
        "typing.Protocol",
        "typing_extensions.Protocol",
        "unittest.TestCase",
    }
)

#: Packages whose source is not followed where it is installed: stubs say what of them makes parameters, and the rest,
#: which takes many steps, works on tensors, texts and files.
NOT_FOLLOWED = frozenset(
    {
        "PIL",
        "einops",
        "einx",
        "huggingface_hub",
        "jinja2",
        "numpy",
        "packaging",
        "requests",
        "safetensors",
        "scipy",
        "sklearn",
        "torch",
        "tqdm",
        "yaml",
    }
)


def foreign_module(name: str) -> bool:
    """Whether a dotted name is a module class of another library."""
    return name in FOREIGN_MODULES


#: Packages, with the modules in them, whose classes with these names are optimizers that take parameters as torch's do.
_OPTIMIZER_PACKAGES = frozenset(
    {"adabelief_pytorch", "adamp", "apex", "bitsandbytes", "dadaptation", "deepspeed", "lion_pytorch", "madgrad",
     "prodigyopt", "pytorch_optimizer", "pytorch_pretrained_bert", "pytorch_transformers", "schedulefree", "timm",
     "torch_optimizer", "transformers"}
)  # fmt: skip
_OPTIMIZER_CLASSES = frozenset(
    {"AdaBelief", "Adafactor", "Adam", "Adam8bit", "AdamP", "AdamW", "AdamW8bit", "AdamWScheduleFree", "BertAdam",
     "CPUAdam", "DAdaptAdam", "DeepSpeedCPUAdam", "FusedAdam", "FusedLAMB", "FusedSGD", "Lamb", "Lion",
     "MADGRAD", "OpenAIAdam", "PagedAdamW", "PagedAdamW32bit", "PagedAdamW8bit", "Prodigy", "RAdam", "Ranger",
     "SGDScheduleFree"}
)  # fmt: skip


def foreign_optimizer(name: str) -> bool:
    """Whether a dotted name is an optimizer of another library."""
    package, _, rest = name.partition(".")
    return package in _OPTIMIZER_PACKAGES and rest.rpartition(".")[2] in _OPTIMIZER_CLASSES


_NAMES_OPTIMIZER = re.compile(
    r"(?:^|_)opt(?:im|imizer)?s?(?:_(?:class|cls|type|fn|func|function|factory|ctor|builder|maker|partial))?$"
    r"|^(?:get|build|create|make|init|setup|configure|construct|new|prepare)_\w*opt(?:im|imizer)s?$"
    r"|Optim(?:izer)?$|Adam\w*$|SGD\w*$|^_?OPTIM(?:S|IZERS?)?(?:_[A-Z]+)*$|^optim\.__dict__$"
)
_BUILDS = re.compile(r"^(?:instantiate|call|build|create|make|construct|get|from)(?:_|$)")


def makes_optimizer_of(function: str, given: Sequence[str] = ()) -> bool:
    """Whether a function or class of unknown code, given parameters, makes an optimizer, by what is said of it.

    Args:
        function: as it reads: `args.optimizer`, `getattr(torch.optim, name)`, `OPTIMIZERS[name]`.
        given: how what else it is given reads: `hydra.utils.instantiate(cfg.optimizer, net.parameters())`.
    """
    said = re.sub(r"#\d+$", "", function)
    if said.endswith((")", "]")):  # what a call or a table of classes gave
        return "optim" in said.lower() and "sched" not in said.lower()
    short = "optim.__dict__" if said.endswith("optim.__dict__") else said.rpartition(".")[2]
    if _NAMES_OPTIMIZER.search(short) is not None:
        return True
    return _BUILDS.search(short) is not None and any(_OF_OPTIMIZER.search(one) is not None for one in given)


_OF_OPTIMIZER = re.compile(r"(?:^|[._\['\"])opt(?:im|imizer)s?(?:$|[._\]'\"])", re.IGNORECASE)


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def words_of(names: str) -> list[str]:
    """The words that names are made of, in lower case: `vgg` and `loss` of `VGGLoss`, `net` and `g` of `net_G`."""
    return [word.lower() for word in _WORD.findall(names)]


#: Words about tying or sharing, and those by which code says that something is shared on purpose.
_TIE = r"(?:un)?(?:shar(?:e|ing)[a-z]*|tied[a-z]*|ties?|tying)"
_OF_TIES = re.compile(_TIE)
_MARKS = re.compile(rf"{_TIE}|same|alias[a-z]*|cach(?:e|ing)[a-z]*|reus(?:e|ing)[a-z]*")
_PADDING = re.compile(r"""["']same["']""")


def says_tied(text: str) -> bool:
    """Whether one of the words of a text is about tying or sharing: `share_weights` has two words, `SharedStem` too."""
    return any(map(_OF_TIES.fullmatch, words_of(text)))


def says_shared(text: str) -> bool:
    """Whether one of them says that something is shared on purpose; the padding that is called so says nothing."""
    return any(map(_MARKS.fullmatch, words_of(_PADDING.sub("", text))))


#: Words, between underscores, in the names of functions that only look at a model or an optimizer.
_LOOKS = re.compile(
    r"(?:^|_)(?:save|log|logs|logging|logger|print|report|summary|summarize|describe|count|num|plot|visuali[sz]e|show"
    r"|synchronize|barrier|accumulate|unwrap|watch|write|writer|record|flops|macs|params|scheduler?|lr|warmup|no_sync"
    r"|state|gather|reduce|meter|profile|time)(?:_|$)",
    re.IGNORECASE,
)
_DOES_MORE = re.compile(
    r"init|reset|clear|zero|load|resume|restore|_$|set_|(?<!pre)train|step|build_opt|optimizer|freeze|swap"
)


def only_looks(function: str) -> bool:
    """Whether a function of unknown code only looks at the models and optimizers that it is given, by its name.

    It saves, counts or prints them, waits for others, or makes a schedule of their learning rates.
    """
    return _LOOKS.search(function) is not None and _DOES_MORE.search(function) is None


#: What parts of models are called that are modules, and not parameters.
_PART = re.compile(
    r"(?:\w+_)?(?:adapter|attention|attn|backbone|bert|block|blocks|body|bn|classifier|conv|decoder|downsample|embeddings"
    r"|encoder|fc|feature_extractor|features|head|layer|layers|lm_head|mlp|model|module|norm|patch_embed|pooler"
    r"|projector|stage|stages|stem|tower|transformer|trunk)\d*"
)


def names_part(name: str) -> bool:
    """Whether an attribute of a model is a module, and no parameter, by what such parts are called."""
    return _PART.fullmatch(name) is not None


#: Words in the name of what keeps an average of a model's weights.
_OF_AVERAGES = re.compile(r"(?:^|_)(?:ema|swa|ewa|averager|averaged|moving_average)(?:_|$)|EMA|Ema(?![a-z])")


def only_averages(owner: str, method: str) -> bool:
    """Whether a method takes a model only to add its weights to an average, by the names of both.

    Args:
        owner: how what has the method reads: `self.model_ema`.
        method: its name.
    """
    return method.startswith("update") and _OF_AVERAGES.search(owner.partition("#")[0].rpartition(".")[2]) is not None
