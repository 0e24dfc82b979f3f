"""Train one of the tutorials' models on MNIST, or on any data set in its form.

    python examples/train_mnist.py                                      # the CNN, to 99 % in some minutes
    python examples/train_mnist.py --model deep_mnist --preset paper    # as its tutorial trains it
    python examples/train_mnist.py --model dense --preset paper --data DIRECTORY_OF_FASHION_MNIST
    python examples/train_mnist.py --device cuda                        # on a GPU

It leaves in --out: metrics.jsonl, curves.png, graph.svg (the compute graph of the first training step) and weights.npz.
Ctrl-C ends the training; what it has reached by then is saved all the same.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Self, TextIO

sys.path.insert(0, str(Path(__file__).parents[1]))  # a clone needs no installation

import minigrad as mg
import minigrad.functions as F
from minigrad import data, nn, viz
from models import RECIPES, Recipe

LOG_EVERY = 100  # steps
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
    try:
        out.mkdir(parents=True, exist_ok=True)
        log = Log((out / "metrics.jsonl").open("w", encoding="utf-8"))
    except OSError as error:
        print(f"train_mnist: --out {out} can't be written: {error.strerror}", file=sys.stderr)
        return 2

    mg.seed(options.seed)
    model = recipe.build().to(options.device)
    train, validation = train.split(len(train) - min(recipe.held_out, len(train) // HELD_OUT_PART))
    print(f"{options.model}, preset {options.preset}, seed {options.seed}, {len(train):,} training images")
    print(model.summary(train.images.shape[1:]))
    monitored = ("validation", validation) if len(validation) else ("test", test)
    finished = True
    try:
        fit(model, recipe, train, monitored, log, graph=out / "graph.svg")
    except KeyboardInterrupt:
        finished = False
    nn.save(model, out / "weights.npz")
    print(f"{'trained' if finished else 'interrupted after'} {log.step:,} steps in {log.seconds():.0f} s")

    loss, accuracy = evaluate(model, test)
    log.write(test_loss=loss, test_accuracy=accuracy)
    draw_curves(log.records, out / "curves.png")
    log.file.close()
    print(f"saved in {out}: {', '.join(sorted(file.name for file in out.iterdir()))}")
    print(f"accuracy on the {len(test):,} test images: {accuracy:.2%} (loss {loss:.4f})")
    return 0 if finished else 130  # as a shell reports Ctrl-C


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


def draw(diagram: viz.Diagram, path: Path) -> None:
    """Write the diagram as SVG, or as Graphviz text where nothing can lay it out."""
    try:
        diagram.save(path)
    except viz.EngineError as error:
        diagram.save(path.with_suffix(".dot"))
        print(f"no {path.name}, but {path.stem}.dot: {error}", file=sys.stderr)


def fit(
    model: nn.Module, recipe: Recipe, train: data.Dataset, monitored: tuple[str, data.Dataset], log: Log, *, graph: Path
) -> None:
    """Train the model as the recipe says; between epochs evaluate it on the monitored data set, under its name."""
    name, dataset = monitored
    optimizer = recipe.optimizer(model.parameters(), lr=recipe.lr)
    per_epoch = math.ceil(len(train) / recipe.batch_size)
    steps = recipe.steps if recipe.steps is not None else per_epoch * (recipe.epochs or 1)
    losses: list[Any] = []  # of the steps since the last log, arrays: to read a number would wait for the device
    hits: list[Any] = []
    with Progress(steps) as progress:
        epoch = data.batches(train, recipe.batch_size)
        if recipe.shift:
            epoch = epoch.augment(data.RandomShift(recipe.shift))
        minibatches = chain.from_iterable(repeat(epoch))
        for step, (x, t) in zip(range(1, steps + 1), minibatches, strict=False):
            optimizer.zero_grad()
            with viz.record(model) if step == 1 else nullcontext() as recorded:
                logits = model(x)
                loss = F.softmax_cross_entropy(logits, t, reduction=recipe.reduction)
                loss.backward()
            if recorded:
                draw(recorded.draw(loss, title=f"{type(model).__name__}: one training step"), graph)
            if recipe.decay:
                optimizer.lr = recipe.lr * (1 - (step - 1) / steps)
            optimizer.step()

            log.step = step
            losses.append(loss.data / (len(t) if recipe.reduction == "sum" else 1))
            hits.append((logits.data.argmax(1) == t).mean())
            progress.advance()
            if step % LOG_EVERY == 0 or step == steps:
                mean_loss, accuracy = (loss.xp.stack(numbers).mean().item() for numbers in (losses, hits))
                log.write(loss=mean_loss, accuracy=accuracy)
                progress.say(step, f"loss {mean_loss:.4f}, accuracy {accuracy:.2%}")
                losses, hits = [], []
            if step % per_epoch == 0 and (step < steps or name == "validation"):
                monitored_loss, accuracy = evaluate(model, dataset)
                log.write(**{f"{name}_loss": monitored_loss, f"{name}_accuracy": accuracy})
                progress.say(step, f"epoch {step // per_epoch}: {name} accuracy {accuracy:.2%}")


def evaluate(model: nn.Module, dataset: data.Dataset) -> tuple[float, float]:
    """Mean loss and accuracy."""
    loss: Any = 0.0
    hits: Any = 0
    with mg.inference():
        for x, t in data.batches(dataset, EVALUATION_BATCH, shuffle=False):
            logits = model(x)
            loss += F.softmax_cross_entropy(logits, t, reduction="sum").data
            hits += (logits.data.argmax(1) == t).sum()
    return float(loss) / len(dataset), int(hits) / len(dataset)


class Log:
    """The run's metrics, a JSON object a line, written as they come."""

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.records: list[dict[str, float]] = []
        self.step = 0
        self._start = time.perf_counter()

    def seconds(self) -> float:
        """The time since the beginning of the run."""
        return time.perf_counter() - self._start

    def write(self, **metrics: float) -> None:
        """Add a line."""
        self.records.append({"step": self.step, "seconds": round(self.seconds(), 2), **metrics})
        self.file.write(json.dumps(self.records[-1]) + "\n")
        self.file.flush()


class Progress:
    """A progress bar on a terminal that has tqdm, a line now and then elsewhere."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._bar: Any = None
        if sys.stderr.isatty():
            with suppress(ImportError):
                from tqdm import tqdm

                self._bar = tqdm(total=steps, unit="step", dynamic_ncols=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def advance(self) -> None:
        """Count a step that is done."""
        if self._bar is not None:
            self._bar.update()

    def say(self, step: int, text: str) -> None:
        """Show the state."""
        if self._bar is not None:
            self._bar.set_postfix_str(text)
        else:
            print(f"step {step:>6,}/{self._steps:,}  {text}", flush=True)


def draw_curves(records: list[dict[str, float]], path: Path) -> None:
    """Loss and accuracy against the steps, as a picture."""
    try:
        import matplotlib as mpl
    except ImportError:
        print("no curves.png: it needs matplotlib (pip install 'minigrad-nn[plots]')", file=sys.stderr)
        return
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for panel, metric in zip(panels, ("loss", "accuracy"), strict=True):
        for name, style in ((metric, "-"), (f"validation_{metric}", "o--"), (f"test_{metric}", "s--")):
            points = [(record["step"], record[name]) for record in records if name in record]
            if points:
                panel.plot(*zip(*points, strict=True), style, label=name.replace("_", " "))
        panel.set(xlabel="step", ylabel=metric)
        panel.grid(alpha=0.3)
        panel.legend()
    panels[0].set_yscale("log")
    figure.savefig(path, dpi=150)
    plt.close(figure)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # before the training or after it
        sys.exit(130)
