"""What stands before the names of a file, or in them, and not of a model: what wrappers of models leave in names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from paramlint.source.checkpoints.header import Shape, StateDict
from paramlint.symbolic.showing.matching.comparison import fitting
from paramlint.symbolic.showing.matching.expected import Expected
from paramlint.symbolic.showing.matching.match_document import Prefix

#: Who puts it there, and how names are saved without it; the most telling first.
WRAPPERS = {
    "module.": "`DataParallel` or `DistributedDataParallel`: save `model.module.state_dict()`",
    "_orig_mod.": "`torch.compile`: save the state dict of the model that was compiled",
    "base_model.model.": "PEFT: save `model.merge_and_unload().state_dict()`",
    "_fsdp_wrapped_module.": "FSDP: save `get_model_state_dict(model)`",
    "_checkpoint_wrapped_module.": "activation checkpointing",
    "base_layer.": "PEFT: save `model.merge_and_unload().state_dict()`",
    "model.": "a module that holds it, as Lightning's does",
}
#: Those that are sure to be a wrapper's where all names begin so.
_ALONE = (
    "module._orig_mod.",
    "_orig_mod.module.",
    "module.",
    "_orig_mod.",
    "base_model.model.",
    "_fsdp_wrapped_module.",
)
#: Those that stand inside names too.
_INSIDE = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.", "base_layer.")
#: Part of the names of adapters, which no model has without them.
ADAPTER = "lora_"
_MAX_DEPTH = 5
_MAX_CANDIDATES = 20
_MAX_SAMPLE = 400


@dataclass(frozen=True)
class Cured:
    """A prefix that was found, and the state dict without it."""

    prefix: Prefix
    state: StateDict


@dataclass(frozen=True)
class _Change:
    """A change of all names.

    Attributes:
        found: what is too much, or too little, in the names of the file.
        rename: what becomes of a name; empty where it is left out.
        code: the same as Python, of `k`.
        condition: the names that stay, as Python.
    """

    found: str
    rename: Callable[[str], str]
    code: str
    condition: str = ""

    def cured(self, state: StateDict) -> Cured:
        """What it makes of a state dict."""
        condition = f" if {self.condition}" if self.condition else ""
        cure = f"state = {{{self.code}: v for k, v in state.items(){condition}}}"
        return Cured(
            Prefix(found=self.found, cure=cure), replace(state, tensors=self.applied(state.tensors), versions={})
        )

    def applied(self, tensors: Mapping[str, Shape]) -> dict[str, Shape]:
        """The tensors under their new names."""
        return {new: shape for name, shape in tensors.items() if (new := self.rename(name))}


def find_prefix(expected: Expected, state: StateDict) -> Cured | None:
    """The change of all names with which the most of them are the model's; None where none is better than none."""
    sample = _sample(state.tensors)
    best = before = fitting(expected, sample)
    if before == len(sample):
        return None
    change = None
    for candidate in _candidates(expected, state.tensors):
        found = fitting(expected, candidate.applied(sample))
        if found > best:
            best, change = found, candidate
    wanted = sum(1 for _ in expected.surely()) or len(expected.patterns)
    if change is not None and 2 * fitting(expected, change.applied(state.tensors)) >= min(len(state.tensors), wanted):
        return change.cured(state)
    sure = next((prefix for prefix in _ALONE if all(name.startswith(prefix) for name in state.tensors)), None)
    if sure is None or before or expected.is_unknown(next(iter(state.tensors))):
        return None
    return _without(sure, state.tensors).cured(state)


def _sample(tensors: Mapping[str, Shape]) -> dict[str, Shape]:
    """Some of many tensors, from everywhere in the file."""
    step = -(-len(tensors) // _MAX_SAMPLE) or 1
    return dict(list(tensors.items())[::step])


def _candidates(expected: Expected, tensors: Mapping[str, Shape]) -> Iterator[_Change]:
    for prefix, _ in _leading(tensors):
        yield _without(prefix, tensors)
    inside = [word for word in _INSIDE if any(_has(name, word) for name in tensors)]
    inside = [word for word in inside if not any(_has(name, word) for name in expected.rows)]
    if inside:
        yield _without_inside("", inside, tensors)
        for prefix, _ in _leading(tensors):
            yield _without_inside(prefix, inside, tensors)
    for prefix, _ in _leading(expected.rows):
        yield _Change(prefix, lambda name, prefix=prefix: prefix + name, f"{_text(prefix)} + k")  # type: ignore[misc]


def _has(name: str, word: str) -> bool:
    return f".{word}" in f".{name}"


def _leading(names: Mapping[str, object]) -> list[tuple[str, int]]:
    """With what names begin, whole components, the most usual and shortest first."""
    found: Counter[str] = Counter()
    for name in names:
        parts = name.split(".")[:-1][:_MAX_DEPTH]
        found.update(".".join(parts[: place + 1]) + "." for place in range(len(parts)))
    return sorted(found.items(), key=lambda item: (-item[1], len(item[0])))[:_MAX_CANDIDATES]


def _without(prefix: str, tensors: Mapping[str, Shape]) -> _Change:
    if all(name.startswith(prefix) for name in tensors):
        return _Change(prefix, lambda name: name.removeprefix(prefix), f"k.removeprefix({_text(prefix)})")
    return _Change(
        prefix,
        lambda name: name.removeprefix(prefix) if name.startswith(prefix) else "",
        f"k.removeprefix({_text(prefix)})",
        f"k.startswith({_text(prefix)})",
    )


def _without_inside(prefix: str, words: list[str], tensors: Mapping[str, Shape]) -> _Change:
    """Without a prefix, and without what wrappers of parts leave inside names."""
    has_adapters = any(ADAPTER in name for name in tensors)

    def rename(name: str) -> str:
        if has_adapters and ADAPTER in name:
            return ""
        name = name.removeprefix(prefix)
        for word in words:
            name = name.replace(word, "")
        return name

    code = f"k.removeprefix({_text(prefix)})" if prefix else "k"
    code += "".join(f".replace({_text(word)}, {_text('')})" for word in words)
    return _Change(prefix + "".join(words), rename, code, f"{_text(ADAPTER)} not in k" if has_adapters else "")


def _text(text: str) -> str:
    """A text as Python writes it, in double quotes."""
    return '"' + repr(text)[1:-1].replace('"', '\\"') + '"'
