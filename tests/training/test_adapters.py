"""Other libraries' loops, with the real libraries where they are installed."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from .parts import Net, batches, error, plain


class Points(torch.utils.data.Dataset):
    """Points and their classes."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.x, self.y = next(batches(1, 64))

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.x[i], self.y[i]


def lightning_run(tmp_path, parameters):
    lightning = pytest.importorskip("lightning.pytorch")
    from paramlint.frontends.adapters.lightning import WatchCallback

    class Lit(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = Net()

        def training_step(self, batch, _):
            return error(self.net(batch[0]), batch[1])

        def configure_optimizers(self):
            return torch.optim.Adam(parameters(self.net), 0.01)

    callback = WatchCallback(steps=6, prints=False)
    trainer = lightning.Trainer(
        max_epochs=2, accelerator="cpu", callbacks=[callback], logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, default_root_dir=tmp_path,
    )  # fmt: skip
    trainer.fit(Lit(), torch.utils.data.DataLoader(Points(), 16))
    return callback.watched


def test_lightning(tmp_path):
    watched = lightning_run(tmp_path, lambda net: net.parameters())
    assert watched.findings == ()
    assert watched.document.steps == 6


def test_lightning_with_a_fault(tmp_path):
    watched = lightning_run(tmp_path, lambda net: net.body.parameters())
    assert [(f.code, f.names[0]) for f in watched.findings] == [("PRM710", "net.head.weight")]


def transformers_run(tmp_path, frozen):
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    from paramlint.frontends.adapters.transformers import WatchCallback

    class Classifier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = Net()

        def forward(self, x, labels):
            output = self.net(x)
            return {"loss": error(output, labels), "logits": output}

    model = Classifier()
    if frozen:
        model.net.body.requires_grad_(False)
    callback = WatchCallback(steps=6, prints=False)
    arguments = transformers.TrainingArguments(
        str(tmp_path), max_steps=8, per_device_train_batch_size=8, report_to=[], use_cpu=True, save_strategy="no",
        disable_tqdm=True, remove_unused_columns=False, logging_strategy="no",
    )  # fmt: skip
    data = [{"x": x, "labels": y} for x, y in Points()]
    trainer = transformers.Trainer(model, arguments, train_dataset=data, callbacks=[callback])
    trainer.train()
    return callback.watched


def test_transformers(tmp_path):
    watched = transformers_run(tmp_path, frozen=False)
    assert watched.findings == ()
    assert watched.document.steps == 6


def test_transformers_with_a_fault(tmp_path):
    watched = transformers_run(tmp_path, frozen=True)
    assert [(f.code, f.names[0]) for f in watched.findings] == [("PRM603", "net.body.1")]


def test_accelerate():
    accelerate = pytest.importorskip("accelerate")
    from paramlint.frontends.adapters.accelerate import watch

    accelerator = accelerate.Accelerator(cpu=True, gradient_accumulation_steps=2)
    net = plain()
    opt = torch.optim.SGD(net[0].parameters(), 0.1)
    loader = torch.utils.data.DataLoader(Points(), 8)
    net, opt, loader = accelerator.prepare(net, opt, loader)
    with watch(accelerator, net, opt, steps=4) as watched:
        for x, y in loader:
            with accelerator.accumulate(net):
                accelerator.backward(error(net(x), y))
                accelerator.clip_grad_norm_(net.parameters(), 1.0)
                opt.step()
                opt.zero_grad()
    assert [(f.code, f.names[0]) for f in watched.findings] == [("PRM710", "2.weight")]
    assert watched.document.steps == 4


def test_peft():
    peft = pytest.importorskip("peft")
    import paramlint

    net = peft.get_peft_model(plain(), peft.LoraConfig(target_modules=["0"], r=2))
    opt = torch.optim.AdamW(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            opt.zero_grad()
            error(net(x), y).backward()
            opt.step()
    assert watched.findings == ()
