"""The small runs of the tests on CUDA, with AMP and a scaler: the same faults found, nothing said of what is right.

    python benchmarks/gpu.py

Prints `not run` where there is no GPU.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent.parent))


def main() -> int:
    """Run them all; 1 where something is missed or wrongly accused."""
    if not torch.cuda.is_available():
        print("not run: there is no GPU")
        return 0
    from tests.training.faulty import FAULTY
    from tests.training.right import RIGHT

    torch.set_default_device("cuda")
    wrong = []
    for name, (code, _, run) in FAULTY.items():
        torch.manual_seed(0)
        if {finding.code for finding in run().findings} != {code}:
            wrong.append(f"{name}: {code} is not found alone")
    for name, right in RIGHT.items():
        torch.manual_seed(0)
        wrong += [f"{name}: {finding}" for finding in right().findings]
    wrong += scaled()
    good = f"{len(FAULTY)} faults found, {len(RIGHT)} right runs silent, on {torch.cuda.get_device_name()}"
    print("\n".join(wrong) or good)
    return bool(wrong)


def scaled() -> list[str]:
    """A run under autocast with a scaler gives the same losses with a watch and without one."""
    from tests.training.parts import Net, batches, error

    import paramlint

    results = []
    for is_watched in (False, True):
        torch.manual_seed(0)
        net = Net().cuda()
        opt = torch.optim.AdamW(net.parameters(), 0.01, fused=True)
        scaler = torch.amp.GradScaler("cuda")
        watch = paramlint.watch(net, opt)
        losses = []
        if is_watched:
            watch.start()
        for x, y in batches(8):
            opt.zero_grad()
            with torch.autocast("cuda", torch.float16):
                loss = error(net(x), y)
            scaler.scale(loss).backward()
            scaler.step(opt)
            scaler.update()
            losses.append(loss.item())
        watch.stop()
        results.append(losses)
    return [] if results[0] == results[1] else ["the losses under a scaler differ"]


if __name__ == "__main__":
    raise SystemExit(main())
