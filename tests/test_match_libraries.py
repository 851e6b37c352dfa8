"""`paramlint match` on what Lightning, accelerate, PEFT and transformers really write, where they are installed."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from .checkpoints import zoo  # noqa: E402
from .test_match import agrees, cured, folder, matched, text, torch_says  # noqa: E402, F401

pytestmark = pytest.mark.filterwarnings("ignore")


def test_lightning(matched):  # noqa: F811
    lightning = pytest.importorskip("lightning")

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.save_hyperparameters({"lr": 0.1, "where": torch.device("cpu")})
            self.model = zoo.Plain()

        def training_step(self, batch, _):
            return self.model.layers(batch).sum()

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters())

    trainer = lightning.Trainer(
        max_steps=1, logger=False, enable_checkpointing=False, enable_progress_bar=False, accelerator="cpu"
    )
    trainer.fit(Module(), torch.utils.data.DataLoader(torch.randn(4, 3), batch_size=2))
    trainer.save_checkpoint("last.ckpt")
    state = torch.load("last.ckpt", weights_only=False)["state_dict"]
    document = matched("Plain", "last.ckpt")
    agrees(document, torch_says(zoo.Plain(), state))
    assert document["prefix"]["found"] == "model."
    assert torch_says(zoo.Plain(), cured(document, state))["loads"]


@pytest.mark.parametrize("safe", [True, False])
def test_accelerate(matched, folder, safe):  # noqa: F811
    accelerate = pytest.importorskip("accelerate")
    accelerator = accelerate.Accelerator(cpu=True)
    model, _ = accelerator.prepare(zoo.Net(), torch.optim.Adam(zoo.Net().parameters()))
    accelerator.save_state("state", safe_serialization=safe)
    agrees(matched("Net", "state"), torch_says(zoo.Net(), model.state_dict()))
    assert matched("Net", "state")["loads"] is True
    assert matched("Net", "state/optimizer.bin")["loads"] is False
    accelerator.save_model(model, "sharded", max_shard_size="4KB", safe_serialization=safe)
    assert len(list((folder / "sharded").iterdir())) > 2
    assert matched("Net", "sharded")["loads"] is True


def test_peft(matched, text, folder):  # noqa: F811
    peft = pytest.importorskip("peft")
    model = peft.get_peft_model(zoo.Net(), peft.LoraConfig(target_modules=["fc1"]))
    torch.save(model.state_dict(), "peft.pt")
    document = matched("Net", "peft.pt")
    agrees(document, torch_says(zoo.Net(), model.state_dict()))
    assert document["prefix"]["found"].startswith("base_model.model.")
    assert torch_says(zoo.Net(), cured(document, model.state_dict()))["loads"]
    model.save_pretrained("adapter")
    assert "adapters only" in text("Net", "adapter")
    torch.save(model.merge_and_unload().state_dict(), "merged.pt")
    assert matched("Net", "merged.pt")["loads"] is True


def test_a_trainer_of_transformers(matched):  # noqa: F811
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")

    class Loss(zoo.Plain):
        def forward(self, x):
            return {"loss": self.layers(x).sum()}

    arguments = transformers.TrainingArguments("out", max_steps=1, use_cpu=True, report_to=[], save_strategy="no")
    trainer = transformers.Trainer(Loss(), arguments, train_dataset=[{"x": torch.randn(3)}] * 4)
    trainer.train()
    trainer.save_model("out")
    assert matched("Plain", "out")["loads"] is True
