"""Safe fixes leave the model as it is: parameters, buffers and outputs are the same, bit for bit.

So is what others hold of it from before the fixed line: an alias of each tensor, a state dict, a hook.

A fixture proves the safe fixes in it with a top-level `build()`, which returns the model, and perhaps `example()`,
which returns the arguments of its forward. A rule that cannot be proved so says why, in a line `# unproved: reason`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from paramlint.engine.catalogue import RULES
from paramlint.frontends.rule_testing import fixed_text
from paramlint.rule import Rule

torch = pytest.importorskip("torch")
nn = torch.nn

FIXTURES = Path(__file__).parent.parent / "fixtures"
RULES_WITH_SAFE_FIX = [rule for rule in RULES if rule.fix == "safe"]
BUILDS = re.compile(r"^def build\(", re.M)
UNPROVED = re.compile(r"^# unproved: \S.+", re.M)


def fixtures(rule: Rule) -> list[Path]:
    """The fixtures of a rule that have a fixed twin."""
    pattern = f"*/{rule.name.replace('-', '_')}/**/*.fixed.py"
    return sorted(path.with_name(path.name.replace(".fixed.py", ".py")) for path in FIXTURES.glob(pattern))


def texts(rule: Rule, path: Path) -> tuple[str, str]:
    """A fixture without its markers, before and after the rule's safe fixes."""
    before = re.sub(r"[ \t]*# expect: .*", "", path.read_text(encoding="utf-8"))
    return before, fixed_text(before, [rule], str(path), unsafe=False)


def is_proof(rule: Rule, path: Path) -> bool:
    """Whether the rule's safe fixes in a fixture can be proved by building its model."""
    before, after = texts(rule, path)
    return before != after and BUILDS.search(before) is not None and not UNPROVED.search(before)


CASES = [(rule, path) for rule in RULES_WITH_SAFE_FIX for path in fixtures(rule) if is_proof(rule, path)]


def observe(text: str) -> dict[str, Any]:
    """What a fixture's model is and does: its state, before and after a forward pass, and the output."""
    names: dict[str, Any] = {"__name__": "fixture"}
    with witnesses() as held:
        torch.manual_seed(5)  # a fixture may draw while it is imported
        exec(compile(text, "fixture.py", "exec"), names)
        torch.manual_seed(7)
        model = names["build"]()
    seen = {f"built {name}": value for name, value in state(model)} | held
    if "example" in names:
        torch.manual_seed(11)
        seen |= {f"output{name}": value for name, value in leaves(model(*names["example"]()))}
        seen |= {f"used {name}": value for name, value in state(model)}
    return seen


@contextmanager
def witnesses() -> Iterator[dict[str, Any]]:
    """What others hold of each tensor from the moment that it is registered: an alias, a state dict, hooks.

    When it ends, the values that they see are in the dictionary, each once: a fix may move the line that makes a
    module, or make one for each instance.
    """
    aliases: list[Any] = []
    kept: list[dict[str, Any]] = []
    fired: list[str] = []
    register, register_buffer = nn.Module.register_parameter, nn.Module.register_buffer

    def note(module: Any, tensor: Any) -> None:
        if tensor is None or isinstance(tensor, nn.parameter.UninitializedTensorMixin):
            return
        aliases.append(tensor.detach())
        kept.append(dict(nn.Module.state_dict(module)))
        if tensor.requires_grad and tensor.is_leaf:
            tensor.register_hook(lambda gradient: fired.append(str(bits(gradient))))

    def parameter(self: Any, name: str, param: Any) -> None:
        register(self, name, param)
        note(self, param)

    def buffer(self: Any, name: str, tensor: Any, *args: Any, **options: Any) -> None:
        register_buffer(self, name, tensor, *args, **options)
        note(self, tensor)

    seen: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nn.Module, "register_parameter", parameter)
        patch.setattr(nn.Module, "register_buffer", buffer)
        yield seen
    seen["aliases"] = sorted({str(bits(alias)) for alias in aliases})
    seen["state dicts"] = sorted({str([(n, bits(v)) for n, v in one.items() if is_plain(v)]) for one in kept})
    seen["hooks that fired"] = sorted(fired)


def is_plain(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and not isinstance(value, nn.parameter.UninitializedTensorMixin)


def state(model: Any) -> Iterator[tuple[str, Any]]:
    """Every parameter and buffer under every name that it has, and the names in a checkpoint."""
    for name, parameter in model.named_parameters(remove_duplicate=False):
        yield name, parameter
        yield f"{name} requires_grad", parameter.requires_grad
    yield from model.named_buffers(remove_duplicate=False)
    yield "names", list(model.state_dict())


def leaves(value: Any) -> Iterator[tuple[str, Any]]:
    """The tensors and plain values inside an output."""
    if isinstance(value, dict):
        value = list(value.items())
    if not isinstance(value, (list, tuple)):
        yield "", value
        return
    for index, item in enumerate(value):
        yield from ((f"[{index}]{name}", leaf) for name, leaf in leaves(item))


def bits(value: Any) -> Any:
    """A value that is equal to another only where every bit is: NaN equals NaN, 0.0 is not -0.0."""
    if not isinstance(value, torch.Tensor):
        return value
    flat = value.detach().cpu().contiguous().reshape(-1)
    return value.dtype, tuple(value.shape), bytes(flat.view(torch.uint8).tolist())


def differences(before: str, after: str) -> list[str]:
    """The names of what is not the same in the models of two fixtures."""
    old, new = observe(before), observe(after)
    return sorted(n for n in old.keys() | new.keys() if n not in old or n not in new or bits(old[n]) != bits(new[n]))


@pytest.mark.parametrize(("rule", "path"), CASES, ids=[f"{rule.code}-{path.stem}" for rule, path in CASES])
def test_a_safe_fix_changes_no_bit(rule: Rule, path: Path) -> None:
    assert differences(*texts(rule, path)) == []


@pytest.mark.parametrize("rule", RULES_WITH_SAFE_FIX, ids=lambda rule: rule.code)
def test_a_safe_fix_is_proved_or_says_why_not(rule: Rule) -> None:
    is_excused = any(UNPROVED.search(path.read_text(encoding="utf-8")) for path in fixtures(rule))
    assert is_excused or any(rule is proved for proved, _ in CASES), (
        "a rule with safe fixes needs a fixture with `build()`, or a line `# unproved: reason` in one"
    )


MODEL = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.register_buffer("mask", torch.ones(3))

    def forward(self, x):
        return {"out": [self.linear(x) * self.mask]}

def build():
    return Net()

def example():
    return (torch.ones(2, 3),)
"""


@pytest.mark.parametrize(
    ("old", "new", "seen"),
    [
        ("super().__init__()", "super().__init__(); torch.rand(1)", "built linear.weight"),
        ("torch.ones(3))\n", "torch.ones(3) * (1 + 2e-7))\n", "built mask"),
        ("* self.mask]", "* self.mask + 0.5]", "output[0][1][0]"),
        ("nn.Linear(3, 3)", "nn.Linear(3, 3).requires_grad_(False)", "built linear.weight requires_grad"),
        ('"mask", torch.ones(3)', '"mask", torch.ones(3), persistent=False', "built names"),
        ("return {", "self.mask.zero_(); return {", "used mask"),
        ("self.linear =", "self.other =", "built linear.weight"),
    ],
)
def test_a_change_is_seen(old: str, new: str, seen: str) -> None:
    assert differences(MODEL, MODEL) == []
    changed = MODEL.replace(old, new)
    assert changed != MODEL
    if "self.other" in changed:
        changed = changed.replace("self.linear(", "self.other(")
    assert seen in differences(MODEL, changed)


def test_what_others_hold_is_seen_to_be_rebound() -> None:
    copied = MODEL.replace("return Net()", "net = Net(); net.linear.weight.data.mul_(2); return net")
    rebound = copied.replace(".data.mul_(2)", ".data = net.linear.weight.data * 2")
    assert differences(copied, rebound) == ["aliases", "state dicts"]
