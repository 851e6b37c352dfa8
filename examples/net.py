from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = [nn.Linear(64, 64) for _ in range(4)]
        self.mixers = nn.Sequential(*[nn.Linear(64, 64)] * 4)
        self.backbone = nn.Linear(64, 64)
        self.backbone.requires_grad = False

    def forward(self, x):
        x = self.backbone(x)
        for block in self.blocks:
            x = block(x)
        return self.mixers(x)
