"""Train one of the tutorials' models on MNIST: `minigrad train models/deep_mnist.py`, written out on one page.

    python examples/train_mnist.py                    # the CNN, to 99 % in some minutes
    python examples/train_mnist.py lenet5 paper       # another model, trained as its source does

It leaves graph.svg, the compute graph of the first training step, curves.png and weights.npz in the current directory.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # a clone needs no installation

from matplotlib.figure import Figure

import minigrad as mg
from minigrad import data, metrics, nn, plots, training, viz
from models import RECIPES


def main(name: str = "deep_mnist", preset: str = "quick") -> float:
    """Train, draw, save; the accuracy on the test images."""
    mg.seed(0)
    recipe = RECIPES[name][preset]
    train, test = data.mnist()
    minibatches = data.batches(train, recipe.batch_size).augment(data.RandomShift(recipe.shift))
    in_order = data.batches(test, recipe.batch_size, shuffle=False)
    accuracy = {"accuracy": metrics.Accuracy()}

    model = recipe.build()
    print(model.summary((1, 28, 28)))
    history = training.fit(
        model,
        train=minibatches,
        validation=in_order,
        metrics=accuracy,
        callbacks=[viz.RecordStep(1, "graph.svg")],
        **recipe.arguments(model, len(minibatches)),
    )
    nn.save(model, "weights.npz")

    figure = Figure(figsize=(9, 3), layout="constrained")
    plots.curves(history, names=("loss", "accuracy"), axes=figure.subplots(1, 2))
    figure.savefig("curves.png")
    reached: float = training.evaluate(model, in_order, metrics=accuracy)["accuracy"]
    print(f"accuracy on the {len(test):,} test images: {reached:.2%}")
    return reached


if __name__ == "__main__":
    main(*sys.argv[1:])
