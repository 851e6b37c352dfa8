"""Provenance: the initialiser, its arguments, the user's line, and what was done to the values afterwards."""

from __future__ import annotations

import copy
import inspect

import pytest
import torch
from torch import nn

from paramlint.live.build.virtual import LazyMode
from paramlint.live.observe.memory import ShadowMode
from paramlint.live.observe.writes import Write


def written(build, virtual_from=1 << 14) -> Write:
    """The last write to the tensor that `build` gives."""
    shadow = ShadowMode()
    with LazyMode(virtual_from), shadow:
        tensor = build()
    return shadow.account(tensor).marks[-1].write


def line_of(function, text: str) -> int:
    source, first = inspect.getsourcelines(function)
    return first + next(number for number, line in enumerate(source) if text in line)


def test_an_initialiser_is_named_with_its_arguments_and_the_line_that_calls_it():
    def build():
        return nn.init.trunc_normal_(torch.empty(300, 300), std=0.02, a=-0.04)

    write = written(build)
    assert (write.call, write.module) == ("trunc_normal_", "torch.nn.init")
    assert write.arguments == {"mean": 0.0, "std": 0.02, "a": -0.04, "b": 2.0}
    assert (write.filename, write.row) == (__file__, line_of(build, "trunc_normal_"))
    assert write.lines[0].function == "build"
    assert write.kind == "random"
    assert write.by_user


def test_the_lines_that_led_to_a_write_are_known_too():
    def inner(tensor):
        nn.init.normal_(tensor)

    def build():
        layer = nn.Linear(4, 4)
        inner(layer.weight)
        return layer.weight

    nearest, caller, *others = written(build).lines
    assert (nearest.function, nearest.row) == ("inner", line_of(inner, "normal_("))
    assert (caller.function, caller.row) == ("build", line_of(build, "inner("))
    assert others[0].function == "written"
    assert caller.is_in_function_of(caller._replace(row=0))
    assert not caller.is_in_function_of(nearest)


def test_recursion_does_not_make_the_lines_many():
    def deep(tensor, depth):
        return deep(tensor, depth - 1) if depth else nn.init.normal_(tensor)

    assert len(written(lambda: deep(torch.empty(3), 50)).lines) == 16


def test_a_wrapper_of_the_same_name_is_not_the_users_line():
    def normal_(tensor, std):
        return nn.init.normal_(tensor, std=std)

    def build():
        return normal_(torch.empty(4, 4), std=3.0)

    write = written(build)
    assert (write.call, write.row) == ("normal_", line_of(build, "normal_(torch"))


def test_the_outermost_initialiser_counts():
    def my_uniform_(tensor, bound):
        nn.init.uniform_(tensor, -bound, bound)
        return tensor.mul_(2)

    write = written(lambda: my_uniform_(torch.empty(4, 4), 10.0))
    assert (write.call, write.arguments) == ("my_uniform_", {"bound": 10.0})
    assert [step.op for step in write.steps] == ["uniform_", "mul_"]


def test_an_initialisers_own_helper_is_not_the_users_line():
    def _draw_(tensor, std):
        return tensor.uniform_(0, std).erfinv_()

    def cut_normal_(tensor, std=1.0):
        with torch.no_grad():
            return _draw_(tensor, std).mul_(2)

    def build():
        return cut_normal_(torch.empty(4, 4), std=3.0)

    write = written(build)
    assert (write.call, write.arguments, write.row) == ("cut_normal_", {"std": 3.0}, line_of(build, "cut_normal_("))
    write = written(lambda: _draw_(torch.empty(4, 4), 2.0))
    assert (write.call, write.row, write.lines[0].function) == ("uniform_", line_of(_draw_, "uniform_"), "_draw_")


def test_a_layer_of_torch_initialises_itself():
    def build():
        return nn.Linear(4, 5).weight

    write = written(build)
    assert (write.call, write.library_call) == ("kaiming_uniform_", "Linear.reset_parameters")
    assert write.row == line_of(build, "nn.Linear")
    assert not write.by_user


def test_operations_without_initialiser():
    write = written(lambda: torch.empty(4).uniform_(-10, 10))
    assert (write.call, write.module, write.arguments) == ("uniform_", "", {"from": -10.0, "to": 10.0})
    scaled = written(lambda: torch.randn(200, 200) * 0.02 + 1)
    assert [step.op for step in scaled.steps] == ["randn", "mul", "add"]
    assert scaled.kind == "random"


def test_kinds_of_values():
    assert written(lambda: torch.ones(4) * 3).kind == "constant"
    assert written(lambda: (torch.ones(4) * 10).log()).kind == "constant"
    assert written(lambda: torch.zeros(4).normal_()).kind == "random"
    assert written(lambda: torch.arange(4.0).sin()).kind == "computed"
    assert written(lambda: torch.zeros(4).copy_(torch.arange(4.0))).kind == "computed"


def test_a_copy_keeps_the_origin_and_a_second_draw_does_not():
    shadow = ShadowMode()
    with shadow:
        layer = nn.Linear(3, 3)
        twin, other = copy.deepcopy(layer), nn.Linear(3, 3)
        half = copy.deepcopy(layer).half()
    origins = [shadow.account(one.weight).marks[-1].write.origin for one in (layer, twin, half, other)]
    assert origins[0] == origins[1] == origins[2] != origins[3]


def test_different_parts_of_one_draw_are_different():
    shadow = ShadowMode()
    with shadow:
        whole = torch.randn(6, 4)
        upper, lower = whole[:3].clone(), whole[3:].clone()
    origins = {shadow.account(part).marks[-1].write.origin for part in (upper, lower)}
    assert len(origins) == 2


def test_two_calls_on_one_tensor_are_two_writes():
    shadow = ShadowMode()
    with shadow:
        weight = torch.empty(4, 4)
        nn.init.normal_(weight)
        nn.init.zeros_(weight)
    assert [mark.write.call for mark in shadow.account(weight).marks] == ["normal_", "zeros_"]


def test_a_value_that_is_read_before_it_is_overwritten_is_marked():
    shadow = ShadowMode()
    with shadow:
        used, unused = torch.randn(4), torch.randn(4)
        used.sum()
        used.zero_(), unused.zero_()
    assert [mark.read for mark in shadow.account(used).marks] == [True, False]
    assert [mark.read for mark in shadow.account(unused).marks] == [False, False]


def test_a_copy_without_values_has_the_strides_that_it_asks_for() -> None:
    with LazyMode(16):
        turned = torch.empty(4, 8).t()
        assert turned.clone().stride() == (1, 8)
        assert turned.contiguous().view(32).shape == (32,)


def test_rejection_sampling_is_random_and_one_call():
    write = written(lambda: nn.init.trunc_normal_(torch.empty(40, 40), std=1.0, a=-0.5, b=0.5))
    assert (write.call, write.kind) == ("trunc_normal_", "random")


@pytest.mark.parametrize("a", [-0.5, -2.0])
def test_torch_reading_its_own_values_is_no_reason_to_doubt(a):
    lazy = LazyMode(16)
    with lazy:
        nn.init.trunc_normal_(torch.empty(40, 40), std=1.0, a=a)
    assert lazy.degraded == []


def test_questions_about_virtual_values_are_answered_and_noted():
    lazy = LazyMode(16)
    with lazy:
        one, other = torch.randn(40), torch.randn(40)
        assert not torch.equal(one, other)
        assert torch.allclose(one, other)
        assert one.sum().item() == 0
    assert sorted(set(lazy.degraded)) == ["allclose", "equal", "item"]
