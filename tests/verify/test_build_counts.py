"""What a build costs beside itself, counted: how often the factory runs, and what is done for each operation."""

from __future__ import annotations

import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
import torch
from torch import nn

from paramlint.live.build.virtual import LazyMode
from paramlint.live.construct import live_model
from paramlint.live.observe.functions import Functions
from paramlint.live.questions.sharing import shared_modules


class Pretrained(nn.Module):
    """As transformers has them: `from_pretrained` makes another one."""

    made = 0

    def __init__(self, config: object) -> None:
        super().__init__()
        type(self).made += 1
        self.config = config
        self.weight = nn.Parameter(torch.empty(8, 8))
        nn.init.normal_(self.weight)

    @classmethod
    def from_pretrained(cls, _: None, config: object, state_dict: object) -> Pretrained:
        loaded = cls(config)
        loaded.weight = nn.Parameter(torch.empty(8, 8))
        return loaded


class Holder(nn.Module):
    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.part = part
        self.own = nn.Linear(4, 4)


class Counted(nn.Module):
    """Notes in a file each of its blocks, in whatever process they are made."""

    def __init__(self, notes: Path, blocks: int = 20) -> None:
        super().__init__()
        self.blocks = nn.ModuleList()
        for _ in range(blocks):
            with notes.open("a") as file:
                file.write(".")
            self.blocks.append(nn.Linear(64, 64, bias=False))


REAL = torch.zeros(300, 1, 300)
BYTES = 64 * 64 * 4  # of a block


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pretrained, "made", 0)


def test_what_the_constructor_gives_is_watched_once_where_another_model_is_loaded_from_it() -> None:
    model = live_model(lambda: Pretrained(object()), preset="transformers", limit=0)
    assert Pretrained.made == 2  # in this process: itself, and the loaded one
    assert [tensor.status for tensor in model.parameters] == ["unwritten"]
    assert model.plain is not None and model.plain.module is not model.module
    assert [tensor.status for tensor in model.plain.parameters] == ["written"]
    assert model.is_lost_on_materialization(model.by_name["weight"])


def test_with_a_method_the_constructor_runs_alone_too() -> None:
    Pretrained.filled = lambda self: nn.init.zeros_(self.weight)  # type: ignore[attr-defined]
    model = live_model(lambda: Pretrained(object()), preset="transformers", method="filled", limit=0)
    assert Pretrained.made == 3
    assert model.plain is not None
    assert [write.call for write in model.plain.parameters[0].writes] == ["normal_"]


@pytest.mark.parametrize("preset", ["constructor", "meta"])
def test_what_is_far_too_large_is_not_built_to_its_end_for_its_size(tmp_path: Path, preset: str) -> None:
    notes = tmp_path / "notes"
    model = live_model(lambda: Counted(notes), preset=preset, limit=BYTES)  # type: ignore[arg-type]
    whole = 2 if preset == "meta" else 1  # what the constructor alone gives stands beside it
    assert len(notes.read_text()) == 9 + 20 * whole  # the ninth block is more than eight times the limit
    assert not model.is_real
    assert model.notes == ("not built for real: 0.0003052 GiB is more than the limit of 1.526e-05 GiB",)


def test_what_is_not_far_too_large_is_built_to_its_end(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    model = live_model(lambda: Counted(notes, blocks=7), limit=BYTES)
    assert len(notes.read_text()) == 7 + 7
    assert not model.is_real


def test_what_was_large_only_while_it_was_built_is_built_for_real(tmp_path: Path) -> None:
    def factory() -> nn.Module:
        large = Counted(tmp_path / "notes", blocks=10)
        return large.blocks[0]

    model = live_model(factory, limit=BYTES)
    assert model.is_real and model.notes == ()


def test_what_was_dropped_at_once_does_not_count(tmp_path: Path) -> None:
    notes = tmp_path / "notes"

    def factory() -> nn.Module:
        for _ in range(29):
            Counted(notes, blocks=1)
        return Counted(notes, blocks=1)

    model = live_model(factory, limit=BYTES)
    assert model.is_real
    assert len(notes.read_text()) == 3 * 30  # for its size, itself, and the second instance


def test_why_a_factory_fails_at_its_end_is_told_as_of_a_smaller_one(tmp_path: Path) -> None:
    def factory() -> nn.Module:
        Counted(tmp_path / "notes")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no") as raised:
        live_model(factory, limit=BYTES)
    assert not hasattr(raised.value, "__notes__")  # it has never worked


def test_all_objects_are_looked_at_only_for_a_module_that_something_else_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    look = shared_modules.live_modules

    def counted() -> list[nn.Module]:
        looks.append(1)
        return look()

    monkeypatch.setattr(shared_modules, "live_modules", counted)
    plain = live_model(lambda: nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 4), nn.ReLU())))
    assert plain.tensors and plain.borrowed_modules == () and looks == []
    shared = nn.Linear(4, 4)
    own = live_model(lambda: nn.Sequential(shared, nn.ReLU(), shared))
    assert own.borrowed_modules == () and len(looks) == 1
    other = Holder(shared)
    borrowed = live_model(lambda: nn.Sequential(shared, nn.ReLU()))
    assert [one.lender for one in borrowed.borrowed_modules] == [other]
    assert len(looks) == 2


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="there functions are noted once, and then no more")
def test_no_function_of_ours_is_told_of_each_call() -> None:
    with Functions() as functions:
        profiler = sys.getprofile()
        paused = Functions.pause()
        assert sys.getprofile() is None
        Functions.go_on(paused)
        assert sys.getprofile() is profiler
        deep(300)
    assert not isinstance(profiler, types.FunctionType | types.MethodType)
    assert sys.getprofile() is None
    assert (__file__, deep.__code__.co_firstlineno) in functions.places()
    assert (__file__, never.__code__.co_firstlineno) not in functions.places()


def test_functions_of_the_same_text_in_two_files_are_two() -> None:
    spaces: dict[str, dict[str, Callable[[], None]]] = {"one.py": {}, "two.py": {}}
    for name, space in spaces.items():
        exec(compile("def make():\n    return None\n", name, "exec"), space)
    with Functions() as functions:
        spaces["one.py"]["make"]()
        spaces["two.py"]["make"]()
    assert {("one.py", 1), ("two.py", 1)} <= functions.places()


def deep(depth: int) -> int:
    return deep(depth - 1) + 1 if depth else 0


def never() -> None: ...


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.empty(64, 0, 300),
        lambda: torch.empty(300, 300),
        lambda: torch.empty(300, 300, dtype=torch.bfloat16, device="cpu"),
        lambda: torch.empty_like(REAL),
        lambda: torch.empty_like(torch.empty(300, 300, device="meta"), device="cpu", dtype=torch.float64),
    ],
)
def test_the_meta_device_is_not_asked_for_what_is_plain(
    make: Callable[[], torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(LazyMode, "_on_meta")
    with LazyMode() as mode:
        virtual = make()
    real = make()
    assert mode.is_virtual(virtual) == (real.numel() > 0)
    assert (virtual.shape, virtual.stride(), virtual.dtype) == (real.shape, real.stride(), real.dtype)


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.empty(2, 100, 100, 3, memory_format=torch.channels_last),
        lambda: torch.empty_like(REAL.permute(2, 1, 0)),
        lambda: torch.empty_like(torch.empty(2, 100, 100, 3), memory_format=torch.channels_last),
    ],
)
def test_the_meta_device_tells_the_strides_of_what_is_not(make: Callable[[], torch.Tensor]) -> None:
    with LazyMode() as mode:
        virtual = make()
    assert mode.is_virtual(virtual)
    assert virtual.stride() == make().stride()


LOADED = """
import torch, torch._dynamo
from torch import nn
from paramlint.live.construct import live_model
wrapped = []
disable = torch._dynamo.disable
def noted(fn=None, *args, **kwargs):
    wrapped.extend([1] if getattr(fn, "__name__", "") == "__torch_dispatch__" else [])
    return disable(fn, *args, **kwargs)
torch._dynamo.disable = noted
live_model(lambda: nn.Linear(3, 3)).tensors
assert wrapped == [], wrapped
scaled = torch.compile(lambda n: torch.randn(n, n) * 2, backend="eager")
live_model(lambda: nn.ParameterList([nn.Parameter(scaled(3))])).tensors
assert wrapped != []
"""


def test_the_compiler_is_kept_out_only_where_something_is_compiled() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("limit", [0, 1 << 30])
def test_an_operation_is_handed_to_one_mode(limit: int) -> None:
    depths: list[int] = []

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(200, 200)
            depths.append(torch._C._len_torch_dispatch_stack())

    model = live_model(Net, limit=limit)
    assert model.is_real == bool(limit) and depths[0] == 1
    assert [parameter.status for parameter in model.parameters] == ["written", "written"]


class Logged(torch.Tensor):
    """A tensor whose class says what an operation does."""

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return called_beneath(func, args, kwargs or {})


def called_beneath(func: Any, args: Any, kwargs: Any) -> Any:
    with torch._C._DisableTorchDispatch():
        return func(*args, **kwargs)


def test_the_functions_of_a_class_of_tensors_are_among_those_that_ran() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)
            self.register_buffer("scale", torch.ones(4) * torch.Tensor._make_subclass(Logged, torch.ones(4)))

    ran = live_model(Net, limit=1 << 30).build.functions.places()
    assert (__file__, called_beneath.__code__.co_firstlineno) in ran


COLLECTIONS = """
import gc, sys

import msgspec

from paramlint.verify.job import Job
from paramlint.verify.process.targets import parse_target
from paramlint.verify.work import verify

begun = []
gc.callbacks.append(lambda phase, _: begun.append(phase) if phase == "start" else None)
for size in "5", "500":
    begun.clear()
    job = Job(target=parse_target("net.py:net"), arguments={"size": size})
    verify(msgspec.json.encode(job), lambda stage: None)
print(len(begun))
"""


def test_the_collector_looks_at_a_large_model_a_few_times(tmp_path: Path) -> None:
    made = "from torch import nn\n\n\ndef net(size):\n    return nn.ModuleList(nn.Linear(2, 2) for _ in range(size))\n"
    (tmp_path / "net.py").write_text(made)
    done = subprocess.run([sys.executable, "-c", COLLECTIONS], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert int(done.stdout) <= 20
