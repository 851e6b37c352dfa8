"""From a path to what a checkpoint holds: one file, several with an index, or the folder that has them."""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO

import msgspec

from paramlint.source.checkpoints.header import Checkpoint, CheckpointError, StateDict
from paramlint.source.checkpoints.safetensors_header import looks_like_safetensors, read_safetensors
from paramlint.source.checkpoints.saved_state import checkpoint_of
from paramlint.source.checkpoints.torch_archive import ZIP_START, read_archive, read_older
from paramlint.source.regular_file import MIB, read_regular

#: What transformers, diffusers, accelerate and peft call the weights in a folder, in the order in which they look.
IN_A_FOLDER = (
    "model.safetensors",
    "model.safetensors.index.json",
    "diffusion_pytorch_model.safetensors",
    "diffusion_pytorch_model.safetensors.index.json",
    "adapter_model.safetensors",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "diffusion_pytorch_model.bin",
    "adapter_model.bin",
)
_MAX_INDEX = 16 * MIB
_MAX_FILES = 2000


class _Index(msgspec.Struct):
    weight_map: dict[str, str]


def read_checkpoint(path: str) -> Checkpoint:
    """What a checkpoint holds, without its values.

    Args:
        path: a file, an index of several, or a folder with one of these.

    Raises:
        CheckpointError: it is none, or is broken.
        OSError: it cannot be read.
    """
    if os.path.isdir(path):
        path = _in_folder(path)
    if path.endswith(".index.json"):
        return _of_index(path)
    with _opened(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        start = stream.read(16)
        stream.seek(0)
        if start.startswith(ZIP_START):
            return checkpoint_of(*read_archive(stream, size))
        if looks_like_safetensors(start) or path.endswith(".safetensors"):
            return Checkpoint((StateDict((), read_safetensors(stream, size)),))
        if not start:
            raise CheckpointError("is empty")
        return checkpoint_of(*read_older(stream))


def _opened(path: str) -> BinaryIO:
    """A regular file; anything else could block, or do something on being opened."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", path)
    stream = open(path, "rb", opener=lambda path, _: os.open(path, flags))  # noqa: SIM115 - closed by the caller
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):  # it may have become something else since
        stream.close()
        raise OSError(errno.EINVAL, "it is no regular file", path)
    return stream


def _in_folder(folder: str) -> str:
    for name in IN_A_FOLDER:
        if os.path.lexists(path := os.path.join(folder, name)):
            return path
    if os.path.lexists(os.path.join(folder, ".metadata")):
        raise CheckpointError("is a distributed checkpoint: `python -m torch.distributed.checkpoint.format_utils "
                              "dcp_to_torch FOLDER FILE` makes a file of it")  # fmt: skip
    raise CheckpointError(f"is a folder without weights: none of {', '.join(IN_A_FOLDER[:3])}, ... is in it")


def _of_index(path: str) -> Checkpoint:
    """The tensors of all files that an index names."""
    try:
        index = msgspec.json.decode(read_regular(path, _MAX_INDEX), type=_Index)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise CheckpointError("is no index of a checkpoint: it has no `weight_map`") from None
    names = list(dict.fromkeys(index.weight_map.values()))
    if len(names) > _MAX_FILES:
        raise CheckpointError(f"names {len(names):,} files, and {_MAX_FILES:,} are the most that are read")
    found: dict[str, tuple[int, ...]] = {}
    others: list[str] = []
    left_unread: dict[str, None] = {}
    for name in names:
        if os.path.basename(name) != name or name.endswith(".index.json"):
            raise CheckpointError(f"names the file `{name}`, which is not beside it")
        try:
            part = read_checkpoint(os.path.join(os.path.dirname(path), name))
        except CheckpointError as error:
            raise CheckpointError(f"names the file `{name}`, which {error}") from None
        except OSError as error:
            raise CheckpointError(f"names the file `{name}`, which cannot be read: {error.strerror}") from None
        found |= part.state_dicts[0].tensors
        others += part.state_dicts[0].others
        left_unread |= dict.fromkeys(part.left_unread)
    absent = [name for name in index.weight_map if name not in found]
    if absent:
        raise CheckpointError(f"names the tensor `{absent[0]}`, which is in none of its files")
    return Checkpoint((StateDict((), found, tuple(others)),), left_unread=tuple(left_unread))
