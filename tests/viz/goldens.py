"""Diagrams whose texts are kept in tests/viz/golden/; `python -m tests.viz.goldens` writes them anew."""

from pathlib import Path

import numpy as np

import minigrad as mg
import minigrad.functions as F
from minigrad import nn, viz

FOLDER = Path(__file__).with_name("golden")


class Block(nn.Module):
    """A way around a layer."""

    def __init__(self):
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return x + F.relu(self.fc(x))


class Net(nn.Module):
    """A layer, blocks of one form, and a layer."""

    def __init__(self, blocks=3):
        self.first = nn.Linear(3, 4)
        self.blocks = [Block() for _ in range(blocks)]
        self.last = nn.Linear(4, 2)

    def forward(self, x):
        h = F.relu(self.first(x))
        for block in self.blocks:
            h = block(h)
        return self.last(h)


X, T = np.ones((2, 3), np.float32), np.array([0, 1])


def _recorded(model):
    with viz.record(model, time=False, memory=False, stats=False) as recorded:
        F.softmax_cross_entropy(model(X), T).backward()
    return recorded


def forward():
    model = Net(1)
    return viz.draw(F.softmax_cross_entropy(model(X), T), model=model)


def step():
    return _recorded(Net(1)).draw(title="One training step")


def folded():
    return _recorded(Net()).draw(fold="repeats")


def layers():
    return _recorded(Net()).draw(view="layers", color="flops")


def teach():
    x = mg.Variable(2.0, name="x")
    with viz.record(time=False, memory=False) as recorded:
        y = x**3
        gx = mg.grad(y, x, create_graph=True)
        ggx = mg.grad(gx, x, create_graph=True)
    return recorded.draw(y, gx, ggx)


def nan():
    x = mg.Variable(np.array([-1.0, 4.0], np.float32), name="x")
    with viz.record(time=False, memory=False) as recorded, np.errstate(all="ignore"):
        F.sqrt(x).sum().backward()
    return recorded.draw(view="ops")


def difference():
    before, after = (viz.draw(F.softmax_cross_entropy(m(X), T), model=m) for m in (Net(1), Net(2)))
    return viz.diff(before, after)


CASES = {case.__name__: case for case in (forward, step, folded, layers, teach, nan, difference)}


def texts(name):
    """A case's texts by file name."""
    mg.seed(0)
    diagram = CASES[name]()
    return {f"{name}.dot": diagram.dot, f"{name}.json": diagram.json()}


if __name__ == "__main__":
    for name in CASES:
        for file, text in texts(name).items():
            (FOLDER / file).write_text(text, encoding="utf-8")
