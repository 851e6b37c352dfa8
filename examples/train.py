import torch
from torch import nn


def train(model: nn.Module, batches, epochs=10):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    best, best_loss = None, float("inf")
    for _ in range(epochs):
        for x, y in batches:
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            for parameter in model.parameters():
                parameter.data.clamp_(-1, 1)
        if loss < best_loss:
            best, best_loss = model.state_dict(), loss.detach()
    model.load_state_dict(best)
    return model
