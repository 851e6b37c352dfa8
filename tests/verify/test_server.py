"""A server that forks for each piece of work: it imports once, and whatever ends it, work goes on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from paramlint.verify.process.fork_server import Server
from paramlint.verify.process.outcome import Answer, Limits

HERE = Path(__file__).parent
LIMITS = Limits(seconds=20, memory=400 << 20)
#: What the first work imports: it notes in a file that it has been.
COUNTED = """\
import os, threading, time
with open("imported", "a") as file:
    file.write(f"{os.getpid()}\\n")
noted = []
def build(width=3):
    noted.append(width)
    return {"noted": noted}
def ends_server():
    os.kill(os.getppid(), 9)
    time.sleep(60)
def stops_server():
    os.kill(os.getppid(), 19)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `counted.py` is, and the children run; they find `building` of this folder."""
    monkeypatch.setenv("PYTHONPATH", str(HERE), prepend=os.pathsep)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "counted.py").write_text(COUNTED)
    return tmp_path


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    before = set(children())  # an earlier test's: a resource tracker of `multiprocessing` stays as long as the tests
    with Server("building:load_only", "counted:build", LIMITS) as server:
        yield server
    assert [child for child in children() if child not in before] == []


def children() -> list[psutil.Process]:
    """What this process has started and is still there."""
    return [child for child in psutil.Process().children(recursive=True) if "-c" in child.cmdline()]


def build(server: Server, name: str = "build", limits: Limits = LIMITS, **arguments: Any) -> Answer:
    return server.run("building:call", (f"counted:{name}", arguments), limits)


def imports(folder: Path) -> int:
    return len((folder / "imported").read_text().splitlines())


def test_what_the_first_work_imports_is_there_in_each_fork(server: Server, folder: Path) -> None:
    assert server.start().outcome.status == "ok"
    for width in (1, 2, 3):
        answer = build(server, width=width)
        assert msgspec.json.decode(answer.result) == {"noted": [width]}  # nothing of one fork is in the next
    assert imports(folder) == 1


def test_a_server_starts_when_it_is_needed(server: Server, folder: Path) -> None:
    assert build(server).outcome.status == "ok"
    assert build(server).outcome.status == "ok"
    assert imports(folder) == 1


def test_a_server_that_is_killed_is_started_anew(server: Server, folder: Path) -> None:
    outcome = build(server, "ends_server").outcome
    assert (outcome.status, outcome.message) == ("crash", "killed by SIGKILL, as systems do when memory runs out")
    assert [build(server).outcome.status for _ in range(3)] == ["ok"] * 3
    assert imports(folder) == 3  # the server, a process of its own in its place, a new server


def test_a_server_that_is_stopped_is_started_anew(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paramlint.verify.process.fork_server.GRACE", 0.5)
    outcome = build(server, "stops_server", msgspec.structs.replace(LIMITS, seconds=1)).outcome
    assert outcome.status == "timeout"
    assert build(server).outcome.status == "ok"


FIRST = {
    "has threads": "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    "closes everything": "os.closerange(3, 100)",
    "leaves a process that holds everything": "os.fork() or time.sleep(60)",
}


@pytest.mark.parametrize("source", FIRST.values(), ids=FIRST.keys())
def test_each_work_has_its_own_process_where_there_can_be_no_fork(source: str, folder: Path) -> None:
    (folder / "counted.py").write_text(f"{COUNTED}{source}\n")
    with Server("building:load_only", "counted:build", LIMITS) as server:
        assert server.start().outcome.status in ("ok", "crash")
        assert build(server, width=5).outcome.status == "ok"


@pytest.mark.parametrize(
    ("source", "status", "message"),
    [
        ("raise ValueError('no')", "error", "ValueError: no"),
        ("os._exit(4)", "crash", "the process ended with status 4 and no answer"),
        ("time.sleep(60)", "timeout", "not done after 1.5 s"),
    ],
)
def test_first_work_that_fails(source: str, status: str, message: str, folder: Path) -> None:
    (folder / "counted.py").write_text(f"{COUNTED}{source}\n")
    limits = msgspec.structs.replace(LIMITS, seconds=1.5)
    with Server("building:load_only", "counted:build", limits) as server:
        outcome = server.start().outcome
    assert (outcome.status, outcome.stage) == (status, "import")
    assert outcome.message.startswith(message)


def test_where_nothing_can_fork(monkeypatch: pytest.MonkeyPatch, server: Server, folder: Path) -> None:
    monkeypatch.delattr(os, "fork")
    with Server("building:load_only", "counted:build", LIMITS) as alone:
        assert alone.start().outcome.status == "ok"
        assert build(alone).outcome.status == "ok"
    assert imports(folder) == 2


def test_the_working_directory_is_that_of_the_start(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    (folder / "counted.py").write_text(f"{COUNTED}os.chdir('elsewhere')\ndef where(): return os.getcwd()\n")
    with Server("building:load_only", "counted:build", LIMITS) as server:
        assert server.start().outcome.status == "ok"
        assert msgspec.json.decode(build(server, "where").result) == str(folder)
