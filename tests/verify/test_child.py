"""A child process may do anything: the parent says what happened and when, in time, and nothing is left."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from paramlint.verify.process.fork_server import Server
from paramlint.verify.process.isolate import run
from paramlint.verify.process.outcome import Answer, Limits, Outcome
from paramlint.verify.process.postmortem import GUARD, top_level

HERE = Path(__file__).parent
FACTORIES = HERE / "misbehaving" / "factories.py"
SMALL = Limits(seconds=20, memory=400 << 20, processes=8)


@pytest.fixture(autouse=True)
def child_finds_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child imports `building` of this folder by name."""
    monkeypatch.setenv("PYTHONPATH", str(HERE), prepend=os.pathsep)


@pytest.fixture(autouse=True)
def no_orphans(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing that a test's child started is left; children of tests that run beside it do not count."""
    token = secrets.token_hex(8)
    monkeypatch.setenv("PARAMLINT_TEST", token)
    yield
    left = [process for process in psutil.process_iter() if _carries(process, token)]
    for process in left:
        process.kill()
    assert left == []


def _carries(process: psutil.Process, token: str) -> bool:
    try:
        alive = process.status() != psutil.STATUS_ZOMBIE
        return alive and process.environ().get("PARAMLINT_TEST") == token
    except (psutil.Error, OSError):
        return False


@pytest.fixture(autouse=True, params=["own process", "fork"])
def how(request: pytest.FixtureRequest, child_finds_its_work: None, no_orphans: None) -> Iterator[str]:
    """Each test does its work in a process of its own, and in a fork of a server."""
    if request.param == "own process":
        yield request.param
        return
    with Server("building:nothing", None, SMALL) as server, pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "run", server.run)
        yield request.param


def answer_of(factory: str, limits: Limits = SMALL, path: Path = FACTORIES, **arguments: Any) -> Answer:
    return run("building:call", (f"{path}:{factory}", arguments), limits)


def outcome_of(factory: str, limits: Limits = SMALL) -> Outcome:
    return answer_of(factory, limits).outcome


def result_of(answer: Answer) -> Any:
    assert answer.outcome.status == "ok", answer.outcome
    return msgspec.json.decode(answer.result)


def row_of(text: str) -> int:
    return FACTORIES.read_text().splitlines().index(text) + 1


def test_a_good_factory() -> None:
    answer = answer_of("good", width=5)
    assert result_of(answer) == {"width": 5}
    assert answer.outcome.seconds > 0


ENDS = [
    ("raises", "error", "ValueError: three lines long"),
    ("raises_unprintable", "error", "UnprintableError: (its message cannot be shown)"),
    ("raises_exiting", "error", "ExitingError: (its message cannot be shown)"),
    ("raises_surrogates", "error", "ValueError: \\ud800\x1b[31m\x00"),
    ("raises_unnamable", "error", "Two Lines: text"),
    ("interrupts", "error", "KeyboardInterrupt"),
    ("exits_with_unprintable", "error", "the code ended the program: sys.exit(...)"),
    ("exits", "error", "the code ended the program: sys.exit('done')"),
    ("exits_at_once", "crash", "the process ended with status 3 and no answer"),
    ("exits_at_once_as_if_well", "crash", "the process ended with status 0 and no answer"),
    ("segfaults", "crash", "killed by SIGSEGV"),
    ("aborts", "crash", "killed by SIGABRT"),
    ("kills_itself", "crash", "killed by SIGKILL, as systems do when memory runs out"),
    ("kills_its_group", "crash", "killed by SIGKILL, as systems do when memory runs out"),
    ("signals_itself", "crash", "killed by signal 40"),
    ("forbids_files", "crash", "the process ended with status 1 and no answer"),
    ("changes_what_an_answer_needs", "crash", "the process ended with status 1 and no answer"),
    ("recurses_without_limit", "crash", "killed by SIGSEGV"),
    ("recurses", "error", "RecursionError: maximum recursion depth exceeded"),
    ("raises_memory_error", "memory", "MemoryError"),
    ("reads_input", "error", "EOFError: EOF when reading a line"),
    ("calls_out", "error", "PermissionError: no network while a model is verified: 93.184.216.34"),
    ("asks_names", "error", "PermissionError: no network while a model is verified: example.org"),
]


@pytest.mark.parametrize(("factory", "status", "message"), ENDS, ids=[end[0] for end in ENDS])
def test_how_it_ended_and_where(factory: str, status: str, message: str) -> None:
    outcome = outcome_of(factory)
    assert (outcome.status, outcome.message) == (status, message)
    assert outcome.stage == "construct"


def test_an_answer_that_cannot_be_left() -> None:
    outcome = outcome_of("removes_its_folder")
    assert (outcome.status, outcome.stage) == ("crash", "start")


LINES = [
    ("raises", '    raise ValueError("three\\nlines\\nlong")'),
    ("segfaults", "    ctypes.string_at(0)"),
    ("hangs", "    time.sleep(60)"),
    ("hangs_in_c", "    ctypes.PyDLL(None).sleep(60)"),
]


@pytest.mark.parametrize(("factory", "line"), LINES, ids=[case[0] for case in LINES])
def test_the_line_of_the_users_code_is_named(factory: str, line: str) -> None:
    outcome = outcome_of(factory, msgspec.structs.replace(SMALL, seconds=2))
    assert (outcome.filename, outcome.row) == (str(FACTORIES), row_of(line))


@pytest.mark.parametrize(
    "factory", ["hangs", "hangs_in_c", "hangs_deaf", "hangs_and_dies_when_asked", "stops", "becomes_another"]
)
def test_a_hang_ends_at_the_limit(factory: str) -> None:
    started = time.monotonic()
    outcome = outcome_of(factory, msgspec.structs.replace(SMALL, seconds=1.5))
    assert (outcome.status, outcome.stage) == ("timeout", "construct")
    why = ": a signal has suspended the process" if factory == "stops" else ""
    assert outcome.message == f"not done after 1.5 s{why}"
    assert time.monotonic() - started < 15


@pytest.mark.parametrize("factory", ["allocates", "forks_memory"])
def test_memory_beyond_the_limit(factory: str) -> None:
    outcome = outcome_of(factory)
    assert (outcome.status, outcome.stage) == ("memory", "construct")
    assert SMALL.memory < outcome.peak_memory < 20 << 30
    assert outcome.message.endswith("resident, more than the 0.4 GiB allowed")


def test_the_users_code_sees_no_arguments() -> None:
    assert result_of(answer_of("reads_arguments")) == []


def test_too_many_processes() -> None:
    outcome = outcome_of("forks_many")
    assert (outcome.status, outcome.message) == ("crash", "more than 8 processes at once")


def test_processes_left_behind_are_ended() -> None:
    pids = result_of(answer_of("leaves_sleepers"))["pids"]
    assert len(pids) == 2
    for pid in pids:
        assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_fork_of_the_child_does_not_answer() -> None:
    outcome = outcome_of("forks_and_ends")
    assert (outcome.status, outcome.message) == ("crash", "the process ended with status 3 and no answer")


@pytest.mark.parametrize(
    "factory",
    [
        "closes_streams",
        "closes_everything",
        "leaves_threads",
        "registers_exit",
        "moves",
        "calls_itself",
        "replaces_streams",
        "has_unprintable_default",
    ],
)
def test_what_does_no_harm(factory: str) -> None:
    assert result_of(answer_of(factory)) == {}


@pytest.mark.parametrize("factory", ["prints", "prints_errors"])
def test_output_is_capped_and_its_end_kept(factory: str) -> None:
    answer = answer_of(factory)
    assert result_of(answer) == {}
    assert len(answer.outcome.output) < SMALL.output + 100
    assert answer.outcome.output.startswith("[99,93")
    assert answer.outcome.output.endswith("x\nthe end\n")


def test_a_file_that_is_gone_when_its_factory_returns(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "factories.py"
    path.parent.mkdir()
    shutil.copy(FACTORIES, path)
    assert result_of(answer_of("removes_its_ground", path=path)) == {}
    assert not path.parent.exists()


def test_the_network_and_gpus_are_hidden_unless_asked() -> None:
    assert result_of(answer_of("sees")) == {"CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
    with_cuda = result_of(answer_of("sees", msgspec.structs.replace(SMALL, cuda=True)))
    assert with_cuda["CUDA_VISIBLE_DEVICES"] == os.environ.get("CUDA_VISIBLE_DEVICES")


def test_arguments_that_are_missing_or_unknown() -> None:
    outcome = answer_of("needs", width=3).outcome
    assert (outcome.status, outcome.stage) == ("needs-arguments", "import")
    assert outcome.signature == "needs(width, *, depth: int, bias=True)"
    assert outcome.missing == ("depth",)
    assert outcome.message == "no value for `depth`"
    outcome = answer_of("good", witdh=3).outcome
    assert (outcome.status, outcome.message) == ("needs-arguments", "there is no argument `witdh`")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import nothing_of_this_name", "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("def broken(:", "SyntaxError: invalid syntax (target.py, line 1)"),
        ("raise SystemExit", f"the code ended the program: sys.exit(None) in row 1, {GUARD}"),
        ("pass", "`{path}` has no `Model`"),
        ("class Modell: pass", "`{path}` has no `Model`; did you mean `Modell`?"),
    ],
)
def test_an_import_that_fails(tmp_path: Path, source: str, message: str) -> None:
    path = tmp_path / "target.py"
    path.write_text(source)
    outcome = answer_of("Model", path=path).outcome
    assert (outcome.status, outcome.stage) == ("error", "import")
    assert outcome.message == message.format(path=path)
    if source[0] in "idr":
        assert (outcome.filename, outcome.row) == (str(path), 1)


def test_the_users_files_do_not_replace_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project may have a file named as a library that paramlint needs."""
    (tmp_path / "msgspec.py").write_text("raise RuntimeError")
    (tmp_path / "model.py").write_text("def build(): return {'here': __file__}")
    monkeypatch.chdir(tmp_path)
    answer = run("building:call", ("model:build", {}), SMALL)
    assert result_of(answer) == {"here": str(tmp_path / "model.py")}


def test_work_that_does_not_exist() -> None:
    outcome = run("paramlint.no_such_module:f", None, SMALL).outcome
    assert (outcome.status, outcome.stage) == ("error", "start")


PARENT = """
import sys
from paramlint.verify.process.isolate import run
from paramlint.verify.process.outcome import Limits
from paramlint.verify.process.fork_server import Server
work = ("building:call", (sys.argv[1], {}), Limits(seconds=60))
try:
    if sys.argv[2] == "fork":
        with Server("building:nothing", None, Limits()) as server:
            server.start()
            server.run(*work)
    else:
        run(*work)
finally:
    assert "torch" not in sys.modules
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_child_does_not_outlive_its_parent(number: int, how: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, f"{FACTORIES}:hangs", how]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    parent = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        _wait_for_stage(tmp_path, "construct")
        children = psutil.Process(parent.pid).children(recursive=True)
        assert len(children) == 1 + (how == "fork")
        parent.send_signal(number)
        parent.wait(20)
        _, alive = psutil.wait_procs(children, timeout=20)
        assert [child for child in alive if child.status() != psutil.STATUS_ZOMBIE] == []
    finally:
        parent.kill()


def test_a_child_that_ends_its_parent_goes_with_it(how: str) -> None:
    if how == "fork":  # its parent is the server, which is started anew
        assert outcome_of("ends_its_parents_group").status == "crash"
        assert result_of(answer_of("good")) == {"width": 3}
        return
    command = [sys.executable, "-c", PARENT, f"{FACTORIES}:ends_its_parents_group", how]
    parent = subprocess.Popen(command, start_new_session=True)
    token = os.environ["PARAMLINT_TEST"]
    try:
        assert parent.wait(60) == -signal.SIGTERM
        left = [process for process in psutil.process_iter() if _carries(process, token)]
        _, alive = psutil.wait_procs(left, timeout=20)
        assert not [process for process in alive if _carries(process, token)]
    finally:
        parent.kill()


def _wait_for_stage(folder: Path, stage: str) -> None:
    """Wait until a child that works in the folder has noted that it is in a stage."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for noted in folder.glob("*/stage"):
            if noted.read_text() == stage:
                return
        time.sleep(0.05)
    raise AssertionError("the child did not start")


SCRIPT = """\
import time
class Model: pass
def train():
    while True:
        time.sleep(0.1)
model = Model()
train()
"""


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({"target.py": SCRIPT}, ("target.py", 7)),
        ({"target.py": f"import other\n{SCRIPT}", "other.py": SCRIPT}, ("other.py", 7)),
    ],
)
def test_a_script_without_a_main_guard_is_told_so(
    tmp_path: Path, files: dict[str, str], place: tuple[str, int]
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    outcome = answer_of("Model", path=tmp_path / "target.py", limits=Limits(seconds=3)).outcome
    assert (outcome.status, outcome.stage) == ("timeout", "import")
    assert (Path(outcome.filename).name, outcome.row) == place
    assert outcome.message == f"not done after 3 s in row 7, {GUARD}"


def test_an_import_that_takes_long_needs_no_guard() -> None:
    frames = [
        ("/lib/site-packages/torch/__init__.py", 3, "<module>"),
        ("<frozen importlib._bootstrap>", 241, "_call_with_frames_removed"),
        ("<frozen importlib._bootstrap>", 1176, "_find_and_load"),
        ("/home/me/net.py", 2, "<module>"),
    ]
    assert top_level(frames) is None
    assert top_level([("/home/me/net.py", 5, "train"), *frames[3:]]) == ("/home/me/net.py", 2)
