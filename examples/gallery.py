"""Draw the gallery anew: docs/gallery.md and its pictures in docs/gallery/.

    python examples/gallery.py [DIRECTORY]

Each function below makes one picture; its docstring and its body stand beside it on the page.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # a clone needs no installation

import numpy as np

import minigrad as mg
import minigrad.functions as F
from minigrad import data, nn, viz
from minigrad.core.operators import Operand
from models.deep_mnist import DeepMNIST
from models.softmax_regression import SoftmaxRegression


class Block(nn.Module):
    """Two convolutions and a way around them."""

    def __init__(self, channels: int) -> None:
        self.conv1 = nn.Conv2d(channels, channels, 3, pad="same")
        self.conv2 = nn.Conv2d(channels, channels, 3, pad="same")

    def forward(self, x: Operand) -> mg.Variable:
        """Images to images of the same shape."""
        return F.relu(x + self.conv2(F.relu(self.conv1(x))))


class ResNet(nn.Module):
    """A small residual network."""

    def __init__(self) -> None:
        self.stem = nn.Conv2d(1, 16, 3, pad="same")
        self.blocks = [Block(16) for _ in range(12)]
        self.head = nn.Linear(16, 10)

    def forward(self, x: Operand) -> mg.Variable:
        """Images (N, 1, H, W) to logits (N, 10)."""
        h = F.relu(self.stem(x))
        for block in self.blocks:
            h = block(h)
        logits: mg.Variable = self.head(h.mean((2, 3)))
        return logits


class Smaller(nn.Module):
    """Deep MNIST, slimmed."""

    def __init__(self) -> None:
        self.conv1 = nn.Conv2d(1, 32, 3, pad="same")
        self.conv2 = nn.Conv2d(32, 64, 5, pad="same")
        self.fc1 = nn.Linear(7 * 7 * 64, 256)
        self.fc2 = nn.Linear(256, 10)

    def forward(self, x: Operand) -> mg.Variable:
        """Images (N, 1, 28, 28) to logits (N, 10)."""
        h = F.conv_relu_pool(x, self.conv1.w, self.conv1.b, pad="same")
        h = F.max_pool2d(F.tanh(self.conv2(h)), 2)
        logits: mg.Variable = self.fc2(F.relu(self.fc1(F.flatten(h))))
        return logits


def minibatch() -> tuple[np.ndarray, np.ndarray]:
    """Fifty images and their labels."""
    return next(iter(data.batches(data.mnist()[0], 50)))


def softmax_regression() -> viz.Diagram:
    """Softmax regression: one layer, and what the loss keeps for backward."""
    model = SoftmaxRegression()
    x, t = minibatch()
    loss = F.softmax_cross_entropy(model(x), t)
    return viz.draw(loss, model=model, title="Softmax regression")


def teaching() -> viz.Diagram:
    """A formula, with its variables as nodes: small numbers show their values."""
    x, w, b = mg.Variable(2.0, name="x"), mg.Variable(-0.5, name="w"), mg.Variable(0.25, name="b")
    with viz.record(time=False, memory=False) as recorded:
        y = F.tanh(w * x + b)
    y.name = "y"
    return recorded.draw(y, title="A neuron")


def double_backward() -> viz.Diagram:
    """Differentiated twice: a lane for each order, and each gradient a graph of its own."""
    x = mg.Variable(2.0, name="x")
    with viz.record(time=False, memory=False) as recorded:
        y = x**3
        gx = mg.grad(y, x, create_graph=True)
        ggx = mg.grad(gx, x, create_graph=True)
    y.name, gx.name, ggx.name = "y", "∂y/∂x", "∂²y/∂x²"
    return recorded.draw(y, gx, ggx, title="y = x³, differentiated twice")


def deep_mnist() -> viz.Diagram:
    """The convolutional network of the tutorials: forward."""
    model = DeepMNIST()
    x, t = minibatch()
    return viz.draw(F.softmax_cross_entropy(model(x), t), model=model, title="Deep MNIST")


def training_step() -> viz.Diagram:
    """One training step: forward down, backward up beside it, what it keeps between, and how long it took."""
    model = DeepMNIST()
    x, t = minibatch()
    F.softmax_cross_entropy(model(x), t).backward()  # warm
    model.zero_grad()
    with viz.record(model) as recorded:
        loss = F.softmax_cross_entropy(model(x), t)
        loss.backward()
    return recorded.draw(loss, title="Deep MNIST: one training step")


def heat() -> viz.Diagram:
    """Layers as cards, and the colours say where the floating-point operations are."""
    model = DeepMNIST()
    x, t = minibatch()
    loss = F.softmax_cross_entropy(model(x), t)
    return viz.draw(loss, model=model, order=1, view="layers", color="flops", title="Deep MNIST: operations on floats")


def unfolded_block() -> viz.Diagram:
    """A residual block: the way around it stays visible."""
    model = Block(16)
    x = mg.Variable(np.zeros((8, 16, 28, 28), np.float32), name="x")
    return viz.draw(model(x), model=model, title="A residual block")


def folded_blocks() -> viz.Diagram:
    """Twelve residual blocks of one form, one after the other, are one card."""
    model = ResNet()
    x, t = minibatch()
    with viz.record(model, time=False, memory=False) as recorded:
        loss = F.softmax_cross_entropy(model(x), t)
        loss.backward()
    return recorded.draw(loss, fold="repeats", title="ResNet, repeated blocks folded")


def difference() -> viz.Diagram:
    """Two models compared: what was added, removed or changed."""
    x, t = minibatch()
    large, small = DeepMNIST(), Smaller()
    before = viz.draw(F.softmax_cross_entropy(large(x), t), model=large)
    after = viz.draw(F.softmax_cross_entropy(small(x), t), model=small)
    return viz.diff(before, after, title="Deep MNIST, slimmed")


def first_nan() -> viz.Diagram:
    """Where a NaN comes from: the first operation that made one, and its way to the loss."""
    model = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
    x, t = minibatch()
    with viz.record(model, time=False, memory=False) as recorded, np.errstate(all="ignore"):
        p = F.softmax(model(F.flatten(x) * 5000.0))
        loss = -(F.log(p) * np.eye(10, dtype=np.float32)[t]).sum(1).mean()
    return recorded.draw(loss, title="A cross-entropy written by hand")


PICTURES: list[Callable[[], viz.Diagram]] = [
    *(softmax_regression, teaching, double_backward, deep_mnist, training_step, heat),
    *(unfolded_block, folded_blocks, difference, first_nan),
]


HEAD = """# Gallery

`python examples/gallery.py` makes every picture; each is light or dark as your screen is. The models stand in that
script and in `models/`; `minibatch()` gives 50 images of MNIST and their labels. A picture is written by
`picture.save("step.svg")`, or as .png, .pdf, .html, .dot or .json; and `picture.to_graphviz()` is the object of the
package `graphviz` for further work: `picture.to_graphviz().render("step", format="pdf")`.
"""


def main(directory: Path) -> None:
    """Write gallery.md and gallery/*.svg into a directory."""
    sections = [HEAD]
    (directory / "gallery").mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        mg.seed(0)
        name = picture.__name__.replace("_", "-")
        picture().save(directory / "gallery" / f"{name}.svg")
        words = (picture.__doc__ or "").strip()
        body = inspect.getsource(picture).partition('"""\n')[2].replace("    return ", "    picture = ")
        sections.append(f"## {words}\n\n```python\n{textwrap.dedent(body)}```\n\n![{words}](gallery/{name}.svg)\n")
    (directory / "gallery.md").write_text("\n".join(sections), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else ROOT / "docs")
