"""What `torch.save` writes: where in the file its pickle is, in the zip archives of today and in the older form.

The table of contents of an archive is read an entry at a time: Python's own reader takes all of it into memory, of
whatever size a broken or hostile file says it is.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from paramlint.source.checkpoints.header import CheckpointError
from paramlint.source.checkpoints.pickle_records import MAX_BYTES, Bounded, CorruptError, Records

ZIP_START = b"PK\x03\x04"
_ENTRY, _END, _LARGE_END, _LARGE_END_PLACE = b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_LOCAL_SIZE, _ENTRY_SIZE, _END_SIZE, _LARGE_END_SIZE, _LARGE_END_PLACE_SIZE = 30, 46, 22, 56, 20
_MAX_COMMENT = 65535
#: Of the table of contents: half a million tensors.
_MAX_TABLE = 64 << 20
_UNSET = 0xFFFFFFFF
_PLAIN, _DEFLATED = 0, 8
#: With which the older form begins, as a pickle of protocol 2.
_MAGIC = 0x1950A86A20F9469CFC6C
_CUT_OFF = "is cut off: the table at its end, which says what is in it, is missing"
_BROKEN = "is corrupt: the table at its end does not say what is in it"


def read_archive(stream: BinaryIO, size: int) -> tuple[object, tuple[str, ...]]:
    """The object that was saved in a zip archive, and what only running code would make.

    Raises:
        CheckpointError: `torch.save` writes no such archive, or it is broken.
    """
    return _loaded(Records(Bounded(_member(stream, size))))


def read_older(stream: BinaryIO) -> tuple[object, tuple[str, ...]]:
    """The same of a file that is several pickles, one after the other.

    Raises:
        CheckpointError: `torch.save` writes no such file, or it is broken.
    """
    bounded = Bounded(stream)
    try:
        is_ours = Records(bounded).load() == _MAGIC
    except CorruptError:
        raise CheckpointError("is no checkpoint: neither safetensors nor what `torch.save` writes") from None
    if not is_ours:
        raise CheckpointError("is a pickle, but none that `torch.save` wrote: nothing of it was run")
    for _ in ("the version of the form", "the machine"):
        Records(bounded).load()
    return _loaded(Records(bounded))


def _loaded(records: Records) -> tuple[object, tuple[str, ...]]:
    return records.load(), tuple(records.opaque)


@dataclass(frozen=True)
class _Entry:
    name: bytes
    method: int
    is_encrypted: bool
    packed: int
    unpacked: int
    start: int


def _member(stream: BinaryIO, size: int) -> BinaryIO:
    """The pickle of an archive, as a stream that stands at its beginning."""
    found = None
    for entry in _entries(stream, size):
        folder, _, name = entry.name.partition(b"/")
        if folder and name == b"constants.pkl":
            raise CheckpointError("is a TorchScript program, not a state dict: save `model.state_dict()` instead")
        if folder and name == b"data.pkl":
            if found is not None:
                raise CheckpointError("is ambiguous: its archive has two lists of names")
            found = entry
    if found is None:
        raise CheckpointError("is a zip archive, but none that `torch.save` writes: there is no data.pkl in it")
    if found.is_encrypted or found.method not in (_PLAIN, _DEFLATED):
        raise CheckpointError("is packed in a way that `torch.save` does not use")
    stream.seek(found.start)
    local = stream.read(_LOCAL_SIZE)
    if len(local) < _LOCAL_SIZE or not local.startswith(ZIP_START):
        raise CheckpointError(_BROKEN)
    start = found.start + _LOCAL_SIZE + sum(struct.unpack_from("<HH", local, 26))
    if start + found.packed > size:
        raise CheckpointError(_BROKEN)
    stream.seek(start)
    if found.method == _PLAIN:
        return stream
    if max(found.packed, found.unpacked) > MAX_BYTES:
        raise CheckpointError(f"has a list of names of more than {MAX_BYTES >> 20} MiB, which is not read")
    try:
        return BytesIO(zlib.decompressobj(-zlib.MAX_WBITS).decompress(stream.read(found.packed), MAX_BYTES))
    except zlib.error:
        raise CheckpointError(_BROKEN) from None


def _entries(stream: BinaryIO, size: int) -> Iterator[_Entry]:
    """The table of contents."""
    place, length = _table(stream, size)
    if place + length > size:
        raise CheckpointError(_BROKEN)
    if length > _MAX_TABLE:
        raise CheckpointError(f"has a table of contents of more than {_MAX_TABLE >> 20} MiB, which is not read")
    end = place + length
    stream.seek(place)
    while place < end:
        head = stream.read(_ENTRY_SIZE)
        if len(head) < _ENTRY_SIZE or not head.startswith(_ENTRY):
            raise CheckpointError(_BROKEN)
        flags, method = struct.unpack_from("<HH", head, 8)
        packed, unpacked, named, extra, comment = struct.unpack_from("<LLHHH", head, 20)
        (start,) = struct.unpack_from("<L", head, 42)
        name, more, _ = stream.read(named), stream.read(extra), stream.read(comment)
        place += _ENTRY_SIZE + named + extra + comment
        unpacked, packed, start = _large((unpacked, packed, start), more)
        yield _Entry(name, method, bool(flags & 1), packed, unpacked, start)


def _large(figures: tuple[int, int, int], extra: bytes) -> list[int]:
    """Figures of an entry, those that take more than 32 bits from what is noted behind it."""
    large: list[int] = []
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            held = extra[at + 4 : at + 4 + length]
            large = [value for (value,) in struct.iter_unpack("<Q", held[: len(held) // 8 * 8])]
        at += 4 + length
    rest = iter(large)
    found = [next(rest, None) if figure == _UNSET else figure for figure in figures]
    known = [figure for figure in found if figure is not None]
    if len(known) < len(found):
        raise CheckpointError(_BROKEN)
    return known


def _table(stream: BinaryIO, size: int) -> tuple[int, int]:
    """Where the table of contents begins, and its length."""
    first = max(0, size - _END_SIZE - _MAX_COMMENT)
    stream.seek(first)
    tail = stream.read(_END_SIZE + _MAX_COMMENT)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise CheckpointError(_CUT_OFF)
    length, place = struct.unpack_from("<LL", tail, at + 12)
    before = tail[max(0, at - _LARGE_END_PLACE_SIZE) : at]
    if not before.startswith(_LARGE_END_PLACE):
        return place, length
    stream.seek(min(struct.unpack_from("<Q", before, 8)[0], size))
    large = stream.read(_LARGE_END_SIZE)
    if len(large) < _LARGE_END_SIZE or not large.startswith(_LARGE_END):
        raise CheckpointError(_BROKEN)
    length, place = struct.unpack_from("<QQ", large, 40)
    return place, length
