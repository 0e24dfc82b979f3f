"""Train one of the tutorials' models on MNIST, or on any data set in its form.

    python examples/train_mnist.py                                      # the CNN, to 99 % in some minutes
    python examples/train_mnist.py --model deep_mnist --preset paper    # as its tutorial trains it
    python examples/train_mnist.py --model dense --preset paper --data DIRECTORY_OF_FASHION_MNIST
    python examples/train_mnist.py --device cuda                        # on a GPU

It leaves in --out: metrics.jsonl, curves.png, graph.svg (the compute graph of the first training step), weights.npz,
and checkpoint.npz, from which --resume goes on. Ctrl-C ends the training; what it has reached is saved all the same.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # a clone needs no installation

import minigrad as mg
import minigrad.functions as F
from minigrad import data, metrics, nn, training, viz
from models import RECIPES, Recipe

LOG_EVERY = 100  # steps
CHECKPOINT_EVERY = 500  # steps
HELD_OUT_PART = 6  # a small data set keeps at least 5/6 of its images to train on
EVALUATION_BATCH = 500  # images; bounds the memory of an evaluation


def main(argv: list[str] | None = None) -> int:
    """Train, save and report; 0 if all went well, 130 after Ctrl-C, 2 for bad input."""
    options = parse(argv)
    out = Path(options.out or f"runs/{options.model}-{options.preset}")
    recipe = choose_recipe(options)
    try:
        train, test = (dataset.to(options.device) for dataset in load(options.data))
    except (OSError, ValueError, ImportError) as error:
        print(f"train_mnist: {error}", file=sys.stderr)
        return 2
    log = out / "metrics.jsonl"
    try:
        out.mkdir(parents=True, exist_ok=True)
        log.touch()
    except OSError as error:
        print(f"train_mnist: --out {out} can't be written: {error.strerror}", file=sys.stderr)
        return 2

    mg.seed(options.seed)
    model = recipe.build().to(options.device)
    train, validation = train.split(len(train) - min(recipe.held_out, len(train) // HELD_OUT_PART))
    print(f"{options.model}, preset {options.preset}, seed {options.seed}, {len(train):,} training images")
    print(model.summary(train.images.shape[1:]))
    start, finished = time.perf_counter(), True
    try:
        fit(model, recipe, train, validation if len(validation) else test, out, resume=options.resume)
    except KeyboardInterrupt:
        finished = False
    except ValueError as error:
        print(f"train_mnist: {error}", file=sys.stderr)
        return 2
    nn.save(model, out / "weights.npz")
    print(f"{'trained' if finished else 'interrupted'} after {time.perf_counter() - start:.0f} s")

    figures = evaluate(model, test)
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps({f"test_{name}": value for name, value in figures.items()}) + "\n")
    draw_curves(log, out / "curves.png")
    print(f"saved in {out}: {', '.join(sorted(file.name for file in out.iterdir()))}")
    print(f"accuracy on the {len(test):,} test images: {figures['accuracy']:.2%} (loss {figures['loss']:.4f})")
    return 0 if finished else 130  # as a shell reports Ctrl-C


def fit(
    model: nn.Module, recipe: Recipe, train: data.Dataset, validation: data.Dataset, out: Path, *, resume: bool = False
) -> training.History:
    """Train the model as the recipe says."""
    minibatches = data.batches(train, recipe.batch_size)
    if recipe.shift:
        minibatches = minibatches.augment(data.RandomShift(recipe.shift))
    return training.fit(
        model,
        train=minibatches,
        validation=in_order(validation),
        metrics={"accuracy": metrics.Accuracy()},
        callbacks=[
            viz.RecordStep(1, out / "graph.svg"),
            training.JSONLines(out / "metrics.jsonl", every=LOG_EVERY),
            training.Checkpoint(out / "checkpoint.npz", every=CHECKPOINT_EVERY),
        ],
        resume=out / "checkpoint.npz" if resume else None,
        **recipe.arguments(model, len(minibatches)),
    )


def evaluate(model: nn.Module, dataset: data.Dataset) -> dict[str, Any]:
    """Mean loss and accuracy."""
    accuracy = {"accuracy": metrics.Accuracy()}
    return training.evaluate(model, in_order(dataset), loss=F.softmax_cross_entropy, metrics=accuracy)


def in_order(dataset: data.Dataset) -> Any:
    """All images, to evaluate on."""
    return data.batches(dataset, EVALUATION_BATCH, shuffle=False)


def load(directory: str | None) -> tuple[data.Dataset, data.Dataset]:
    """The training and the test set, of a form that the models take."""
    train, test = data.idx(directory) if directory else data.mnist()
    if train.images.shape[1:] != (1, 28, 28) or max(train.classes, test.classes) > 10:
        raise ValueError(
            f"the models take 28×28 images in 10 classes; {directory} has images {train.images.shape} "
            f"in {max(train.classes, test.classes)} classes"
        )
    return train, test


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--model", choices=RECIPES, default="deep_mnist")
    parser.add_argument("--preset", choices=["quick", "paper"], default="quick", help="paper: as in the tutorial")
    parser.add_argument("--data", metavar="DIR", help="a directory of four IDX files instead of the embedded MNIST")
    parser.add_argument("--epochs", metavar="N", type=positive(int), help="passes through the training images")
    parser.add_argument("--batch-size", metavar="N", type=positive(int), help="images in a minibatch")
    parser.add_argument("--lr", metavar="X", type=positive(float), help="learning rate")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, ...: where the model and the images are")
    parser.add_argument("--seed", metavar="N", type=natural, default=0, help="of weights, shuffling and dropout")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out, if there is one")
    parser.add_argument("--out", metavar="DIR", help="where to save (default runs/MODEL-PRESET)")
    return parser.parse_args(argv)


def positive(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    """A type for argparse: a finite number above 0."""

    def convert(text: str) -> Any:
        number = kind(text)
        if not 0 < number < math.inf:
            raise argparse.ArgumentTypeError(f"must be above 0, not {text}")
        return number

    convert.__name__ = kind.__name__
    return convert


def natural(text: str) -> int:
    """A type for argparse: 0, 1, 2, ..."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"must be 0 or more, not {text}")
    return number


def choose_recipe(options: argparse.Namespace) -> Recipe:
    """The preset's recipe with what the command line changes."""
    recipe = RECIPES[options.model][options.preset]
    changes = {name: value for name in ("batch_size", "lr") if (value := getattr(options, name)) is not None}
    if options.epochs is not None:
        changes |= {"epochs": options.epochs, "steps": None}
    return dataclasses.replace(recipe, **changes)


def draw_curves(log: Path, path: Path) -> None:
    """Loss and accuracy against the steps, as a picture."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print("no curves.png: it needs matplotlib (pip install 'minigrad-nn[plots]')", file=sys.stderr)
        return
    records = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    figure = Figure(figsize=(10, 4), layout="constrained")
    for panel, metric in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for name, style in ((metric, "-"), (f"validation_{metric}", "o--")):
            own = [record for record in records if name in record]
            if name == "loss" and any("epoch" not in record for record in own):  # the means of some steps say more
                own = [record for record in own if "epoch" not in record]
            points = [(record["step"], record[name]) for record in own]
            if points:
                panel.plot(*zip(*points, strict=True), style, label=name.replace("_", " "))
                panel.legend()
        panel.set(xlabel="step", ylabel=metric)
        panel.grid(alpha=0.3)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # before the training or after it
        sys.exit(130)
