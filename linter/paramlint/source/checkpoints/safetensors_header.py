"""The header of a safetensors file: a length, and that much JSON with names and shapes."""

from __future__ import annotations

from typing import BinaryIO

import msgspec

from paramlint.source.checkpoints.header import CheckpointError, Shape

#: Of the header: 100,000 tensors take less.
MAX_HEADER = 8 << 20
LENGTH_SIZE = 8
_METADATA = "__metadata__"


class _Entry(msgspec.Struct, frozen=True, gc=False):
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


def looks_like_safetensors(start: bytes) -> bool:
    """Whether a file that starts so may be one: after the length, its header begins with a brace."""
    return len(start) > LENGTH_SIZE and start[LENGTH_SIZE : LENGTH_SIZE + 1] == b"{"


def read_safetensors(stream: BinaryIO, size: int) -> dict[str, Shape]:
    """Shape by name, from a stream that stands at the beginning.

    Raises:
        CheckpointError: it is broken.
    """
    length = int.from_bytes(stream.read(LENGTH_SIZE), "little")
    if LENGTH_SIZE + length > size:
        raise CheckpointError(f"is cut off or corrupt: its header says {length:,} bytes, and {size:,} are in the file")
    if length > MAX_HEADER:
        raise CheckpointError(f"has a header of more than {MAX_HEADER >> 20} MiB, which is not read")
    found: dict[str, Shape] = {}
    end = 0
    try:
        for name, raw in msgspec.json.decode(stream.read(length), type=dict[str, msgspec.Raw]).items():
            if name != _METADATA:
                entry = msgspec.json.decode(raw, type=_Entry)
                found[name] = entry.shape
                end = max(end, *entry.data_offsets)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise CheckpointError("is corrupt: its header is not that of a safetensors file") from None
    if any(dimension < 0 for shape in found.values() for dimension in shape):
        raise CheckpointError("is corrupt: its header gives a shape below zero")
    if LENGTH_SIZE + length + end > size:
        raise CheckpointError("is cut off: it ends before the last of its tensors")
    return found
