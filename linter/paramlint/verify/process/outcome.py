"""How the attempt to build a model ended. Every way is data, of which a report can be made; none is raised."""

from __future__ import annotations

from typing import Literal

import msgspec

Status = Literal["ok", "needs-arguments", "error", "timeout", "memory", "crash"]
#: `start` is the interpreter itself, before the user's code is touched.
Stage = Literal["start", "import", "construct", "analyze"]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a child process may use.

    Attributes:
        seconds: wall-clock time.
        memory: bytes of resident memory, of the child and of all that it starts together.
        processes: how many processes it may have at once.
        output: bytes kept of what it prints; the last ones.
        cuda: whether it sees the GPUs.
    """

    seconds: float = 120.0
    memory: int = 8 << 30
    processes: int = 256
    output: int = 64 << 10
    cuda: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How it ended.

    Attributes:
        status: `needs-arguments` means that the factory cannot be called as asked, see `signature`.
        stage: where it ended.
        message: one line: what went wrong.
        signature: of the factory, where its arguments are what is missing.
        missing: names of the arguments without a value.
        filename, row: the line of the user's code nearest to what went wrong; empty and 0 where it is not
            known.
        traceback: the Python stack at that moment.
        output: the end of what was printed.
        seconds: how long it took, the start of the interpreter included.
        peak_memory: in bytes, the largest that was seen.
    """

    status: Status
    stage: Stage
    message: str = ""
    signature: str = ""
    missing: tuple[str, ...] = ()
    filename: str = ""
    row: int = 0
    traceback: str = ""
    output: str = ""
    seconds: float = 0.0
    peak_memory: int = 0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a child says: how it ended, and the result of its work as JSON, `null` where it came not that far."""

    outcome: Outcome
    result: msgspec.Raw = msgspec.Raw(b"null")
