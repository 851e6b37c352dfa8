"""The inside of a child process: does what is asked, and says how it ended, whatever the user's code does.

It is started by `paramlint.verify.process.isolate` with the folder of its request, in which it leaves

    stage     the stage that it is in, for the case that it dies
    stack     where it was, written by the fault handler on a crash and at the time limit
    answer    an `Answer`
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import importlib
import inspect
import os
import signal
import sys
import traceback
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import msgspec

from paramlint.live.build.build_error import BuildError
from paramlint.verify.process.isolate import WHERE, Request
from paramlint.verify.process.outcome import Answer, Outcome, Stage
from paramlint.verify.process.postmortem import GUARD, is_users, top_level
from paramlint.verify.process.targets import TargetError

#: Characters of a message; some libraries put a whole configuration into theirs.
LONGEST = 500
LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")
#: Linux, <sys/prctl.h>: the signal that a process gets when its parent dies.
PR_SET_PDEATHSIG = 1


class NeedsArgumentsError(Exception):
    """The factory cannot be called with the arguments given."""

    def __init__(self, message: str, signature: str, missing: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.signature = signature
        self.missing = missing


def main(place: str, channel: str = "") -> None:
    """Do what the request in this folder asks, write the answer, and end the process at once.

    Args:
        channel: the descriptor over which further work comes; then the process stays, to fork for each.
    """
    sys.addaudithook(_refuse_network)
    os.environ.setdefault("KERAS_BACKEND", "torch")  # the one on which models of Keras are verified
    del sys.argv[1:]  # the user's code may read it, and has been given nothing
    home = os.getcwd()
    is_done = work_in(Path(place))
    if is_done and channel:
        from paramlint.verify.process.forking import serve

        serve(int(channel), home, work_in)
    os._exit(0)


def work_in(folder: Path) -> bool:
    """Do what the request in a folder asks and write the answer; false in a fork that the user's code made."""
    request = msgspec.json.decode((folder / "request").read_bytes(), type=Request)
    own = os.getpid()
    # Opened before the user's code can use up or close descriptors; the fault handler keeps it.
    stack = (folder / "stack").open("w")
    faulthandler.enable(stack)
    if WHERE is not None:
        faulthandler.register(WHERE, stack, all_threads=False)
    _die_with_parent()
    answer = _work(request, _Progress(folder / "stage"))
    is_own = os.getpid() == own
    if is_own:
        unfinished = folder / "unfinished"
        unfinished.write_bytes(msgspec.json.encode(answer))
        unfinished.replace(folder / "answer")
    # No exit handlers and no waiting for the user's threads; what was printed still has to get out.
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    return is_own


class _Progress:
    """Called with each stage on entering it."""

    def __init__(self, path: Path) -> None:
        self.stage: Stage = "start"
        self._path = path

    def __call__(self, stage: Stage) -> None:
        self.stage = stage
        self._path.write_text(stage)


def _work(request: Request, enter: _Progress) -> Answer:
    try:
        module, _, name = request.work.partition(":")
        work: Callable[[bytes, Callable[[Stage], None]], Any] = getattr(importlib.import_module(module), name)
        result = msgspec.json.encode(work(bytes(request.payload), enter))
    except NeedsArgumentsError as need:
        outcome = Outcome(
            status="needs-arguments",
            stage=enter.stage,
            message=str(need),
            signature=need.signature,
            missing=need.missing,
        )
        return Answer(outcome=outcome)
    except BaseException as error:  # sys.exit and KeyboardInterrupt of the user's code included
        return Answer(outcome=_missing_keyword(error, enter.stage) or _failure(error, enter.stage))
    return Answer(outcome=Outcome(status="ok", stage=enter.stage), result=msgspec.Raw(result))


def _missing_keyword(error: BaseException, stage: Stage) -> Outcome | None:
    """The outcome where the code asked its own `**kwargs` for a name that nobody gave."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if not isinstance(error, KeyError) or stage != "construct" or trace is None or not error.args:
        return None
    code, name = trace.tb_frame.f_code, error.args[0]
    if not code.co_flags & inspect.CO_VARKEYWORDS or not isinstance(name, str):
        return None
    takes_more = bool(code.co_flags & inspect.CO_VARARGS)
    given = trace.tb_frame.f_locals.get(code.co_varnames[code.co_argcount + code.co_kwonlyargcount + takes_more])
    if not isinstance(given, dict) or name in given:
        return None
    return Outcome(
        status="needs-arguments",
        stage=stage,
        message=f"no value for `{name}`",
        signature=f"{code.co_qualname if hasattr(code, 'co_qualname') else code.co_name}(...)",
        missing=(name,),
    )


def _failure(error: BaseException, stage: Stage) -> Outcome:
    message = "; ".join([one_line(error), *map(str, getattr(error, "__notes__", ()))])
    memory = isinstance(error, MemoryError) or "can't allocate memory" in message
    frames = traceback.extract_tb(error.__traceback__)
    users = [frame for frame in frames if is_users(frame.filename)]
    filename, row = (users[-1].filename, users[-1].lineno or 0) if users else ("", 0)
    if isinstance(error, SystemExit) and stage == "import":
        unguarded = top_level((frame.filename, frame.lineno or 0, frame.name) for frame in reversed(frames))
        if unguarded is not None:
            filename, row = unguarded
            message = f"{message} in row {row}, {GUARD}"
    if isinstance(error, SyntaxError) and error.filename:
        filename, row = error.filename, error.lineno or 0
    return Outcome(
        status="memory" if memory else "error",
        stage=stage,
        message=message,
        filename=filename,
        row=row,
        # Of a recursion without end the last lines are enough.
        traceback="".join(traceback.format_list(frames[-30:])),
    )


def one_line(error: BaseException) -> str:
    """What an error says, however long or broken its message is, without surrogates, which no file can hold."""
    if isinstance(error, SystemExit):
        return f"the code ended the program: sys.exit({_shown(error.code, repr, '...')})"
    text = _shown(error, str, "(its message cannot be shown)")
    if isinstance(error, TargetError | BuildError):
        return text
    name = " ".join(type(error).__name__.split())
    return f"{name}: {text}"[:LONGEST].removesuffix(": ")


def _shown(value: object, show: Callable[[object], str], otherwise: str) -> str:
    try:
        text = " ".join(show(value).split())
    except BaseException:  # the user's code once more, which may end the program too
        return otherwise
    return text.encode(errors="backslashreplace").decode()


def bind(factory: Callable[..., Any], arguments: Collection[str]) -> None:
    """Check that a factory can be called with arguments of these names, before it is.

    Raises:
        NeedsArgumentsError: one is missing, or one is not known.
    """
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):
        return  # written in C: calling it will tell
    parameters = signature.parameters.values()
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
    unknown = [name for name in arguments if name not in signature.parameters and not takes_any]
    if unknown:
        raise NeedsArgumentsError(f"there is no argument `{unknown[0]}`", signature_of(factory))
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    required = [p.name for p in parameters if p.default is p.empty and p.kind not in optional]
    missing = tuple(name for name in required if name not in arguments)
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        raise NeedsArgumentsError(f"no value for {names}", signature_of(factory), missing)


def signature_of(factory: Callable[..., Any]) -> str:
    """The signature of a factory, as one writes it."""
    return getattr(factory, "__qualname__", "factory") + _shown(inspect.signature(factory), str, "(...)")


def _refuse_network(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook, which the user's code cannot remove: only this machine itself can be reached."""
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) and address else ""
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    host = host.decode(errors="replace") if isinstance(host, bytes) else str(host or "")
    if host and not host.startswith(LOOPBACK):
        raise PermissionError(f"no network while a model is verified: {host}")


def _die_with_parent() -> None:
    """Where the system can, end with the parent, and be the first to go when memory runs out."""
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(Exception):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
