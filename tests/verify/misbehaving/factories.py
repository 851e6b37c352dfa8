"""Every way a factory can misbehave. Without torch: what is tested is the process around it."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time


def good(width=3):
    return {"width": width}


def needs(width, *, depth: int, bias=True):
    return None


def raises():
    raise ValueError("three\nlines\nlong")


class UnprintableError(Exception):
    def __str__(self):
        raise RuntimeError("no")


def raises_unprintable():
    raise UnprintableError


class ExitingError(Exception):
    def __str__(self):
        sys.exit("while it is shown")


def raises_exiting():
    raise ExitingError


def raises_surrogates():
    raise ValueError("\ud800\x1b[31m\x00")


def raises_unnamable():
    raise type("Two\nLines", (Exception,), {})("text")


class Unprintable:
    def __repr__(self):
        raise RuntimeError("no")


def has_unprintable_default(width=Unprintable()):  # noqa: B008
    return {}


def exits_with_unprintable():
    sys.exit(Unprintable())


def interrupts():
    raise KeyboardInterrupt


def exits():
    sys.exit("done")


def exits_at_once():
    os._exit(3)


def exits_at_once_as_if_well():
    os._exit(0)


def hangs():
    time.sleep(60)


def hangs_in_c():
    # Holds the interpreter's lock: no other Python thread can run.
    ctypes.PyDLL(None).sleep(60)


def hangs_deaf():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while True:
        pass


def stops():
    os.kill(os.getpid(), signal.SIGSTOP)


def becomes_another():
    os.execvp("sleep", ["sleep", "60"])


def hangs_and_dies_when_asked():
    """What happens to a child after its time is over is no crash of the user's code."""
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, lambda *_: kills_itself())
    while True:
        time.sleep(1)


def segfaults():
    ctypes.string_at(0)


def aborts():
    os.abort()


def kills_itself():
    os.kill(os.getpid(), signal.SIGKILL)


def kills_its_group():
    os.killpg(0, signal.SIGKILL)


def ends_its_parents_group():
    os.killpg(os.getpgid(os.getppid()), signal.SIGTERM)
    time.sleep(60)


def signals_itself():
    os.kill(os.getpid(), 40)


def recurses():
    return recurses()


class Endless:
    def __repr__(self):
        return repr(self)


def recurses_without_limit():
    sys.setrecursionlimit(10**9)
    return repr(Endless())


def allocates():
    return [bytearray(b"x") * (64 << 20) for _ in range(800)]


def raises_memory_error():
    raise MemoryError


def forks_memory():
    if os.fork() == 0:
        allocates()
    time.sleep(60)


def forks_and_ends():
    # The copy goes on to answer, which it must not; the child itself does not answer.
    if os.fork():
        time.sleep(1)
        os._exit(3)
    return {}


def forks_many():
    for _ in range(12):
        if os.fork() == 0:
            time.sleep(60)
    time.sleep(60)


def leaves_sleepers():
    """One in the session without the environment, one outside of it, one forked twice and without a stream."""
    near = subprocess.Popen(["sleep", "61"], env={"PATH": os.environ["PATH"]})
    apart = subprocess.Popen(["sleep", "62"], start_new_session=True)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 100)
            time.sleep(63)
        os._exit(0)
    return {"pids": [near.pid, apart.pid]}


def prints():
    line = "x" * 9_999 + "\n"
    for _ in range(10_000):
        sys.stdout.write(line)
    os.write(2, b"the end\n")
    return {}


def prints_errors():
    for _ in range(1_000):
        os.write(2, b"x" * 99_999 + b"\n")
    sys.stderr.write("the end\n")
    return {}


def closes_streams():
    sys.stdout.close()
    os.close(1)
    os.close(2)
    return {}


def closes_everything():
    os.closerange(0, 1000)
    return {}


class Stream:
    """Standard output of the user's own, which ends the program when it is asked for something."""

    def __getattr__(self, name):
        sys.exit(name)


def replaces_streams():
    sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = Stream()
    return {}


def leaves_threads():
    threading.Thread(target=time.sleep, args=(60,)).start()
    return {}


def registers_exit():
    import atexit

    atexit.register(time.sleep, 60)
    return {}


def moves():
    os.chdir("/")
    return {}


def removes_its_ground():
    """Its own file, the folder, and the working directory."""
    import shutil

    place = os.path.dirname(os.path.abspath(__file__))
    os.chdir(place)
    shutil.rmtree(place)
    return {}


def forbids_files():
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    return {}


def changes_what_an_answer_needs():
    """A method that the child calls after the factory has returned."""
    import pathlib

    pathlib.Path.write_bytes = None
    return {}


def reads_input():
    return {"line": input()}


def calls_out():
    return {"address": socket.create_connection(("93.184.216.34", 80), 1)}


def asks_names():
    return {"address": socket.getaddrinfo("example.org", 80)}


def calls_itself():
    server = socket.create_server(("127.0.0.1", 0))
    socket.create_connection(server.getsockname()).close()
    return {}


def sees():
    return {name: os.environ.get(name) for name in ("CUDA_VISIBLE_DEVICES", "HF_HUB_OFFLINE")}


def reads_arguments():
    return sys.argv[1:]


def _descriptors():
    return [
        f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{number}")
    ]


def removes_its_folder():
    import shutil

    stack = next(path for path in map(os.readlink, _descriptors()) if path.endswith("/stack"))
    shutil.rmtree(os.path.dirname(stack))
    return {}
