"""Updates of a parameter in bf16 or fp16 are lost to rounding.

Near 1 a bf16 has steps of 0.0078: an update of less than half of that leaves it as it was, in each step anew, and the
run stands still without an error. Keep the parameters in float32, under autocast or as a master copy.

Setup:
    torch.manual_seed(0)
    model = nn.Linear(16, 16)
    batches = [torch.randn(16, 16) for _ in range(6)]

Bad:
    model.to(torch.bfloat16)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    with paramlint.watch(model, optimizer) as watched:
        for x in batches:
            optimizer.zero_grad()
            model(x.to(torch.bfloat16)).square().mean().backward()
            optimizer.step()

Good:
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    with paramlint.watch(model, optimizer) as watched:
        for x in batches:
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16):
                loss = model(x).square().mean()
            loss.backward()
            optimizer.step()

Leave it: the optimizer rounds at random, or keeps what is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.rule import Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule("PRM725", "update-rounded-away", group="bug", doc=__doc__)


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.rounded_away:
        dtype = seen.figures["dtype"]
        message = (
            f"the updates of {seen.said} are too small for {dtype}, so they are rounded away and nothing is trained"
        )
        yield run.proof(seen, message)
