"""The workloads in PyTorch: eager with its default optimizers, "fused", or "compile": compiled and fused."""

import sys
from functools import partial
from itertools import cycle

import torch
from protocol import batches, chain_leaves, real_batches, serve
from torch import nn, optim
from torch.nn.functional import cross_entropy

WAY = sys.argv[1] if len(sys.argv) > 1 else ""
FUSED = {"fused": True} if WAY else {}


def deep_mnist_model():
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 5, padding="same"), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 5, padding="same"), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(64 * 7 * 7, 1024), nn.ReLU(), nn.Dropout(0.5), nn.Linear(1024, 10)),
    )


def deep_mnist(*, real=False):
    model = deep_mnist_model()
    return training_step(model, optim.Adam(model.parameters(), lr=1e-4, **FUSED), batch=50, real=real)


def simple_conv_net():
    model = nn.Sequential(
        *(nn.Conv2d(1, 30, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(30 * 12 * 12, 100), nn.ReLU(), nn.Linear(100, 10)),
    )
    return training_step(model, optim.Adagrad(model.parameters(), lr=0.06, **FUSED), batch=100)


def dense_model():
    return nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 128), nn.ReLU(), nn.Linear(128, 10))


def dense():
    model = dense_model()
    return training_step(model, optim.Adam(model.parameters(), lr=1e-3, **FUSED), batch=32)


def training_step(model, optimizer, batch, *, real=False):
    data = ((torch.from_numpy(x), torch.from_numpy(t)) for x, t in (real_batches if real else batches)(batch))
    data = data if real else cycle(data)
    step = stepper(model, optimizer)
    return lambda: step(*next(data))


def stepper(model, optimizer):
    def loss_of(x, t):
        return cross_entropy(model(x), t)

    if WAY == "compile":
        loss_of = torch.compile(loss_of)

    def step(x, t):
        loss = loss_of(x, t)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def train(recipe, seed, minibatches):
    torch.manual_seed(seed)
    model = {"dense": dense_model, "deep_mnist": deep_mnist_model}[recipe.model]()
    if recipe.quick:
        for p in model.parameters():
            nn.init.kaiming_normal_(p, nonlinearity="relu") if p.ndim > 1 else nn.init.zeros_(p)
    optimizer = optim.Adam(model.parameters(), lr=recipe.lr, **FUSED)
    step = stepper(model, optimizer)
    for lr, (x, t) in minibatches:
        optimizer.param_groups[0]["lr"] = lr
        step(torch.from_numpy(x), torch.from_numpy(t))
    model.eval()

    def predict(x):
        with torch.inference_mode():
            return model(torch.from_numpy(x)).argmax(1).numpy()

    return predict


def chain(operations, *, constants=False):
    if WAY:
        raise SystemExit("no optimizer, and nothing to compile: bookkeeping is the eager framework's")
    leaves = chain_leaves()

    def step():
        y = torch.tensor(leaves[0], requires_grad=True)
        a, b = (torch.tensor(leaf, requires_grad=not constants) for leaf in leaves[1:])
        for _ in range(operations // 2):
            y = y * a
            y = y + b
        total = y.sum()
        total.backward()
        return total.item()

    return step


models = {"deep_mnist": deep_mnist, "simple_conv_net": simple_conv_net, "dense": dense}
models["late_step"] = partial(deep_mnist, real=True)
serve("PyTorch", torch.__version__, **models, chain=chain, train=train)
