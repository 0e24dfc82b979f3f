"""The workloads in minigrad, from this working tree, with the kernel set that MINIGRAD_KERNELS names."""

from itertools import cycle

from protocol import batches, chain_leaves, serve

import minigrad as mg
from minigrad import nn, optim
from minigrad.functions import softmax_cross_entropy


def deep_mnist():
    model = nn.Sequential(
        *(nn.Conv2d(1, 32, 5, pad="same"), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 5, pad="same"), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(64 * 7 * 7, 1024), nn.ReLU(), nn.Dropout(0.5), nn.Linear(1024, 10)),
    )
    return training_step(model, optim.Adam(model.parameters(), lr=1e-4), batch=50)


def simple_conv_net():
    model = nn.Sequential(
        *(nn.Conv2d(1, 30, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(30 * 12 * 12, 100), nn.ReLU(), nn.Linear(100, 10)),
    )
    return training_step(model, optim.Adagrad(model.parameters(), lr=0.06), batch=100)


def dense():
    model = nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 128), nn.ReLU(), nn.Linear(128, 10))
    return training_step(model, optim.Adam(model.parameters(), lr=1e-3), batch=32)


def training_step(model, optimizer, batch):
    data = cycle(batches(batch))

    def step():
        x, t = next(data)
        loss = softmax_cross_entropy(model(x), t)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def chain(operations):
    leaves = chain_leaves()

    def step():
        y, a, b = (mg.Variable(leaf) for leaf in leaves)
        for _ in range(operations // 2):
            y = y * a
            y = y + b
        total = y.sum()
        total.backward()
        return total.item()

    return step


serve("minigrad", mg.__version__, deep_mnist=deep_mnist, simple_conv_net=simple_conv_net, dense=dense, chain=chain)
