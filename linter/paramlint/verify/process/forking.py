"""The inside of a child process that has done its first work and stays: it forks for each further piece of work.

What the first work imported is there in each fork, which costs a hundredth of importing it again. Each fork is a
child as any other, with its own session, folder and output; the server itself runs none of the user's code after the
first work. Over the channel it gets the folder of a request with the descriptor for the output, and it says, as 8 bytes
each, the process's id and, once that has ended, its exit status.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

#: What is said first. The user's code may have closed the channel, or have threads, whose locks no fork survives.
READY = -1
NUMBER = struct.Struct("!q")
LONGEST_PATH = 4096


def serve(channel: int, home: str, work_in: Callable[[Path], object]) -> None:
    """Fork for each request until there are no more, each in the working directory that the server started in.

    Args:
        channel: the descriptor over which requests come.
        home: that directory.
        work_in: does what the request in a folder asks.
    """
    if threading.active_count() > 1:
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    _print_to(nowhere)
    with socket.socket(fileno=channel) as requests:
        requests.sendall(NUMBER.pack(READY))
        while True:
            folder, descriptors, _, _ = socket.recv_fds(requests, LONGEST_PATH, 1)
            if not folder:
                return
            process = os.fork()
            if process == 0:
                requests.close()
                os.setsid()
                _print_to(descriptors[0])
                os.chdir(home)
                work_in(Path(os.fsdecode(folder)))
                os._exit(0)
            os.close(descriptors[0])
            requests.sendall(NUMBER.pack(process))
            _, status = os.waitpid(process, 0)
            requests.sendall(NUMBER.pack(os.waitstatus_to_exitcode(status)))


def _print_to(descriptor: int) -> None:
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
