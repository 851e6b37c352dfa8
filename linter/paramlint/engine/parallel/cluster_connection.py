"""Work on an existing dask.distributed cluster, through its executor.

Its workers must have this paramlint, and see the same files at the same paths. Each call runs there in a process of its
own: a worker of dask has threads, may start no processes through `multiprocessing`, and must survive what is checked.
A worker that dies costs a retry, which is the scheduler's business.
"""

from __future__ import annotations

import logging
import os
import pickle
import socket
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from contextlib import suppress
from types import TracebackType
from typing import Any, TypeVar

from paramlint import __version__
from paramlint.engine import packs
from paramlint.engine.parallel import ClusterError

ItemT = TypeVar("ItemT")
AnswerT = TypeVar("AnswerT")

#: Seconds to wait for the scheduler, and for a worker where there is none.
CONNECT, PATIENCE = 10, 60
#: Not even the folder that is checked stands in for a library.
_CHILD = f"import sys; sys.path[:] = [e for e in sys.path if e]; from {__name__} import answer; answer()"


class Cluster:
    """A connection to the scheduler of a cluster.

    Args:
        address: of the scheduler, such as `tcp://scheduler:8786`.

    Raises:
        ClusterError: `distributed` is not installed here or paramlint on a worker, or nobody answers there.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        try:
            from distributed import Client
            from distributed.comm.addressing import get_address_host_port
        except ModuleNotFoundError as error:
            raise ClusterError(f"{error.name} is missing: pip install 'paramlint[cluster]'") from None
        for name in ("distributed", "distributed.client"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong is said here
        try:
            place = get_address_host_port(address)
        except (ValueError, NotImplementedError) as error:
            raise ClusterError(f"{address!r} is no address such as tcp://scheduler:8786: {error}") from None
        try:
            # A client that fails to connect leaves threads behind, so none is made where nobody listens.
            socket.create_connection(place, CONNECT).close()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # other versions of dask will do, and ours are compared
                self._client: Any = Client(address, timeout=CONNECT, set_as_default=False)
        except OSError as error:
            said = " ".join(str(error).split())
            raise ClusterError(f"no scheduler answers at {address}: {said}") from None
        self._executor: Executor = self._client.get_executor(pure=False)
        self._require_paramlint()

    def _require_paramlint(self) -> None:
        """A worker that cannot load what it is sent would die of it, so each is asked first."""
        from importlib.metadata import version

        answers = self._client.run(version, "paramlint", on_error="return")
        lacking = sorted(worker for worker, answer in answers.items() if isinstance(answer, Exception))
        if lacking:
            self._client.close()
            raise ClusterError(f"the worker {lacking[0]} has no paramlint: pip install 'paramlint[cluster]' there")

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(Exception):  # of a scheduler that is gone, which was said already
            self._executor.shutdown(wait=False)
        self._client.close()

    @property
    def size(self) -> int:
        """How many calls it does at once; 1 while it has no workers."""
        return sum(self._client.nthreads().values()) or 1

    def submit(self, function: Callable[..., AnswerT], *arguments: object) -> Future[bytes]:
        """Call a function of paramlint on the cluster, in the current folder; see `result`."""
        call = pickle.dumps((packs.named(), function, arguments))
        return self._executor.submit(relay, versions(), os.getcwd(), call)

    def finished(self, futures: Iterable[Future[bytes]]) -> Iterator[Future[bytes]]:
        """Calls, as they end.

        Raises:
            ClusterError: for a while nothing ended, and no worker is left.
        """
        waiting = set(futures)
        while waiting:
            done, waiting = wait(waiting, PATIENCE, FIRST_COMPLETED)
            if not done and not self._client.nthreads():
                raise ClusterError(f"the cluster at {self._address} has no workers")
            yield from done

    def result(self, future: Future[bytes]) -> Any:
        """What a call returned.

        Raises:
            ClusterError: the workers cannot do such calls, or the scheduler is gone.
            Exception: this call failed, and another one may not.
        """
        try:
            is_good, value = pickle.loads(future.result())
        except CancelledError:
            raise ClusterError(f"the scheduler at {self._address} is gone") from None
        if not is_good:
            raise ClusterError(value)
        return value

    def map(self, function: Callable[[ItemT], AnswerT], items: Iterable[ItemT]) -> Iterator[AnswerT]:
        """The answers to calls with one argument each, in their order.

        Raises:
            ClusterError: one could not be answered.
        """
        for future in [self.submit(function, item) for item in items]:
            for done in self.finished([future]):
                try:
                    yield self.result(done)
                except ClusterError:
                    raise
                except Exception as error:
                    said = " ".join(f"{type(error).__name__}: {error}".split())
                    raise ClusterError(f"the workers of {self._address} failed: {said}") from error


def versions() -> dict[str, str]:
    """What has to be the same everywhere for the same findings."""
    from importlib.metadata import version

    python = ".".join(map(str, sys.version_info[:2]))
    return {"paramlint": __version__, "libcst": version("libcst"), "python": python}


# On the workers


def relay(wanted: dict[str, str], folder: str, call: bytes) -> bytes:
    """Have a new process in a folder answer a call.

    Raises:
        ClusterError: this machine has other versions, or no such folder.
        RuntimeError: the process died.
    """
    mine = versions()
    other = [f"{name} {mine[name]} instead of {wanted[name]}" for name in wanted if mine[name] != wanted[name]]
    if other:
        raise ClusterError(f"a worker of the cluster has {', '.join(other)}")
    if not os.path.isdir(folder):
        raise ClusterError(
            f"a worker of the cluster has no folder {folder}: it must see the same files as this machine"
        )
    done = subprocess.run([sys.executable, "-c", _CHILD], input=call, capture_output=True, cwd=folder, check=False)
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise RuntimeError(f"exit code {done.returncode} {last}".strip())
    return done.stdout


def answer() -> None:
    """Answer the call on standard input, on standard output: whether it could be, and what it returned or why not."""
    out = os.dup(1)
    os.dup2(2, 1)  # whatever prints does not disturb
    given = sys.stdin.buffer.read()
    try:
        named, function, arguments = pickle.loads(given)
        packs.use(named)
        said: tuple[bool, object] = True, function(*arguments)
    except Exception as error:
        said = False, f"a worker of the cluster failed: {' '.join(f'{type(error).__name__}: {error}'.split())}"
    with open(out, "wb") as stream:
        stream.write(pickle.dumps(said))
