"""Which state dicts are in what was saved: the object itself, or what it holds under some keys."""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.source.checkpoints.header import Checkpoint, CheckpointError, StateDict
from paramlint.source.checkpoints.pickle_records import Global, Mapping, Opaque, Tensor

#: Keys under which training scripts and libraries keep the state dict of a model, the most usual first.
USUAL_KEYS = (
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "module",
    "net",
    "network",
    "weights",
    "params",
    "state",
    "ema_state_dict",
    "model_ema",
    "params_ema",
    "ema",
)
_MAX_DEPTH = 3
_MAX_STATE_DICTS = 50


def checkpoint_of(saved: object, left_unread: tuple[str, ...]) -> Checkpoint:
    """The checkpoint that an object is.

    Raises:
        CheckpointError: there is no state dict in it.
    """
    if not isinstance(saved, Mapping):
        raise CheckpointError(_what_it_is(saved))
    if _is_optimizer(saved):
        names = tuple(map(_key, saved))
        return Checkpoint((StateDict((), others=names),), is_optimizer=True, left_unread=left_unread)
    found = [one for _, one in zip(range(_MAX_STATE_DICTS), _state_dicts(saved, ()), strict=False)]
    if not found and not saved:
        found = [StateDict()]
    if not found:
        models = [_key(key) for key, value in saved.items() if _is_module(value)]
        if models:
            raise CheckpointError(f"holds a whole model under `{models[0]}`, {_SAVE_STATE}")
        raise CheckpointError(f"holds no state dict, only {_listed([*map(_key, saved)])}")
    return Checkpoint(tuple(sorted(found, key=_rank)), left_unread=left_unread)


def _key(key: object) -> str:
    return key.name if isinstance(key, Opaque) else str(key)


_SAVE_STATE = "which only running its code would load: save `model.state_dict()` instead"
_LISTED = 5


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_LISTED])
    return f"{shown} and {len(names) - _LISTED} more" if len(names) > _LISTED else shown


def _what_it_is(saved: object) -> str:
    if _is_module(saved):
        assert isinstance(saved, Opaque)
        return f"holds a whole model, a `{saved.name}`, {_SAVE_STATE}"
    if isinstance(saved, Opaque):
        what = f"`{saved.name}`" if isinstance(saved, Global) else f"what `{saved.name}` would make"
        return f"holds no state dict but {what}, of which nothing was run"
    return f"holds no state dict but a {'tensor' if isinstance(saved, Tensor) else type(saved).__name__}"


def _is_module(value: object) -> bool:
    return isinstance(value, Opaque) and isinstance(value.state, Mapping) and "_parameters" in value.state


def _is_optimizer(saved: Mapping) -> bool:
    return "param_groups" in saved and isinstance(saved.get("state"), Mapping)


def _state_dicts(saved: Mapping, within: tuple[str, ...]) -> Iterator[StateDict]:
    """A dict, if it has tensors under names; and those that are in it."""
    tensors = {key: value.shape for key, value in saved.items() if isinstance(value, Tensor) and isinstance(key, str)}
    if tensors:
        others = tuple(_key(key) for key in saved if key not in tensors)
        yield StateDict(within, tensors, others, _versions(saved))
    if len(within) < _MAX_DEPTH:
        for key, value in saved.items():
            if isinstance(value, Mapping) and isinstance(key, str) and not _is_optimizer(value):
                yield from _state_dicts(value, (*within, key))


def _versions(saved: Mapping) -> dict[str, int]:
    attributes = saved.state
    metadata = attributes.get("_metadata") if isinstance(attributes, Mapping) else None
    if not isinstance(metadata, Mapping):
        return {}
    versions = {name: entry.get("version") for name, entry in metadata.items() if isinstance(entry, Mapping)}
    return {name: version for name, version in versions.items() if type(version) is int and isinstance(name, str)}


def _rank(found: StateDict) -> tuple[bool, int, int]:
    """The file itself where it is mostly tensors, then the usual keys in their order, then the most tensors."""
    is_mostly_tensors = len(found.tensors) > len(found.others)
    key = found.within[-1] if found.within else ""
    usual = USUAL_KEYS.index(key) if key in USUAL_KEYS else len(USUAL_KEYS)
    return not is_mostly_tensors, usual if found.within else -1, -len(found.tensors)
