"""Each assertion passes where it should, and says what is wrong where not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

import paramlint  # noqa: E402
from paramlint import assertions as a  # noqa: E402
from paramlint.frontends.report.place import short  # noqa: E402
from paramlint.live.construct import watched  # noqa: E402
from paramlint.live.laws import laws  # noqa: E402
from paramlint.live.live_model import LiveModel  # noqa: E402


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(50, 16)
        self.blocks = nn.ModuleList(nn.Linear(16, 16) for _ in range(10))
        self.head = nn.Linear(16, 50, bias=False)
        self.head.weight = self.embed.weight
        self.view = nn.Parameter(self.blocks[0].weight.detach()[:4])
        self.blocks[9].requires_grad_(False)
        for block in self.blocks:
            nn.init.normal_(block.weight, std=0.02)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def net() -> LiveModel:
    return watched(Net)


def fails(assertion: Callable[[], None]) -> list[str]:
    with pytest.raises(AssertionError) as caught:
        assertion()
    return str(caught.value).splitlines()


def test_initialized(net: LiveModel) -> None:
    a.assert_initialized(net)
    raw = watched(lambda: nn.ParameterList([nn.Parameter(torch.empty(9)), nn.Parameter(torch.zeros(2))]))
    a.assert_initialized(raw, "1")
    assert fails(lambda: a.assert_initialized(raw))[:2] == ["`0` is not initialised", "  0: it is unwritten"]
    assert fails(lambda: a.assert_initialized(watched(lambda: nn.LazyLinear(2))))[0] == (
        "`weight` and 1 more of 2 parameters are not initialised"
    )
    with pytest.raises(ValueError, match="nothing watched"):
        a.assert_initialized(Net())


def test_init_by_values_and_by_the_call(net: LiveModel) -> None:
    a.assert_init(net, "blocks.*.weight", laws.normal(std=0.02))
    said = fails(lambda: a.assert_init(net, "blocks.{0-8}.weight", laws.normal(std=0.03)))
    assert said[0] == "`blocks.0.weight` and 8 more of 9 parameters are not initialised by normal(std=0.03)"
    assert "std 0.0" in said[1]
    assert (
        said[2].strip() == f"{place_of_the_call()}: nn.init.normal_(block.weight, std=0.02)  # type: ignore[arg-type]"
    )
    assert said[-1] == "  and 6 more"
    # 16 values are too few to test; the call tells all the same.
    a.assert_init(net, "blocks.*.bias", laws.uniform(-0.25, 0.25))
    (_, said_of_bias, _) = fails(lambda: a.assert_init(net, "blocks.3.bias", laws.uniform(-0.26, 0.26)))
    assert "written as `uniform(-0.25, 0.25)`" in said_of_bias


def place_of_the_call() -> str:
    row = next(n for n, line in enumerate(Path(__file__).read_text().splitlines(), 1) if "nn.init.normal_(b" in line)
    return f"{short(__file__)}:{row}"


def test_init_of_a_model_that_nobody_watched() -> None:
    model = nn.Linear(100, 100)
    a.assert_init(model, "weight", laws.kaiming_uniform(a=5**0.5))
    assert "std 0.05" in fails(lambda: a.assert_init(model, "weight", laws.normal(std=0.02)))[1]
    small = nn.Linear(3, 3)
    assert "too little known" in fails(lambda: a.assert_init(small, "weight", laws.kaiming_uniform(a=5**0.5)))[0]


def test_ties(net: LiveModel) -> None:
    a.assert_tied(net, "head.weight", "embed.weight")
    assert fails(lambda: a.assert_tied(net, "blocks.0.weight", "blocks.1.weight"))[:2] == [
        "`blocks.1.weight` is not tied to `blocks.0.weight`",
        "  blocks.1.weight: they are two parameters",
    ]
    assert "share memory" in fails(lambda: a.assert_tied(net, "blocks.0.weight", "view"))[1]
    assert fails(lambda: a.assert_tied(net, "head.weight", "embd.weight")) == [
        "no parameter is called `embd.weight`; did you mean `embed.weight`?"
    ]
    with pytest.raises(ValueError, match="two names"):
        a.assert_tied(net, "head.weight")


def test_sharing(net: LiveModel) -> None:
    a.assert_not_shared(net, "blocks.{1-9}.*", "*.bias")
    said = fails(lambda: a.assert_not_shared(net))
    assert said[0] == "`embed.weight` and 2 more of 22 parameters are shared"
    assert "it is also `head.weight`" in said[1]
    assert any("shares memory with `blocks.0.weight`" in line for line in said)


def test_what_is_trained(net: LiveModel) -> None:
    a.assert_frozen(net, "blocks.9.*")
    a.assert_trainable(net, "blocks.{0-8}.*", "embed.*")
    assert fails(lambda: a.assert_frozen(net, "blocks.{8,9}.weight"))[0] == "`blocks.8.weight` is not frozen"
    assert fails(lambda: a.assert_trainable(net))[0] == (
        "`blocks.9.weight` and 1 more of 22 parameters are not trainable"
    )


def test_optimizers(net: LiveModel) -> None:
    whole = torch.optim.SGD(net.module.parameters(), lr=0.1)
    assert "it is optimized twice" in fails(lambda: a.assert_in_optimizer(net, whole))[1]  # `view` is memory of another
    a.assert_in_optimizer(net, whole, "blocks.{1-9}.*", "head.*")
    part = torch.optim.SGD([*net.module.blocks.parameters(), nn.Parameter(torch.zeros(2))], lr=0.1)
    a.assert_in_optimizer(net.module, part, "blocks.{1-8}.*")
    said = fails(lambda: a.assert_in_optimizer(net, part, "head.weight"))
    assert said[0] == "`embed.weight` is not once in the optimizer"
    assert said[1] == "  embed.weight: no group of SGD holds it, which holds 1 tensors of no parameter"


def test_subjects() -> None:
    with paramlint.trace() as t:
        model = Net()
    for subject in (t, t.live(model), t.report(model, rules=[])):
        a.assert_initialized(subject)
        a.assert_init(subject, "blocks.*.bias", laws.uniform(-0.25, 0.25))
    a.assert_trainable(model, "embed.weight")
    with pytest.raises(TypeError, match=r"a list is no model: .*trace.live"):
        a.assert_initialized([model])  # type: ignore[arg-type]
    assert fails(lambda: a.assert_frozen(model, "encoder.*"))[0].startswith("no parameter is called `encoder.*`")


def test_a_trace_stands_for_the_one_model_built_in_it() -> None:
    with paramlint.trace() as nothing:
        torch.zeros(3)
    with pytest.raises(ValueError, match="no model was built inside of the trace"):
        a.assert_initialized(nothing)
    with paramlint.trace() as t:
        parts = nn.Linear(2, 2), nn.Sequential(nn.ReLU())
        discarded = nn.Conv1d(2, 2, 1)
        discarded.itself = [discarded]  # a cycle
        del discarded
        model = nn.Sequential(*parts)
    assert t.model is model
    with paramlint.trace() as two:
        student, teacher = nn.Linear(2, 2), nn.Embedding(2, 2)
    with pytest.raises(ValueError, match=r"the models `Embedding` and `Linear` were built .*trace.live\(model\)"):
        a.assert_trainable(two)
    a.assert_trainable(two.live(student))
    a.assert_trainable(two.live(teacher))
