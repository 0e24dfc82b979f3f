"""`minigrad train`: a model is trained on digits, and what becomes of it is kept in a directory."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from minigrad import data, metrics, nn, optim, plots, training, viz
from minigrad import functions as F
from minigrad.cli.errors import UsageError, one_line
from minigrad.cli.objects import load_module, load_object, split
from minigrad.core.config import seed
from minigrad.training import Recipe

EVALUATION_BATCH = 500
"""Images; bounds the memory of an evaluation."""

CHECKPOINT_EVERY, LOG_EVERY = 500, 100
"""Steps; after each epoch as well."""

CHECKPOINT, LOG = "checkpoint.npz", "metrics.jsonl"

SETS = {"mnist": data.mnist, "fashion_mnist": data.fashion_mnist, "kmnist": data.kmnist}
"""The data sets that have a name."""

HELD_OUT_PART = 6
"""A small data set keeps at least 5/6 of its images to train on."""


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    train = commands.add_parser("train", help="train a model on MNIST, or on any data set in its form")
    train.add_argument(
        "model",
        metavar="MODEL",
        help="a module or a file with RECIPES, such as models/dense.py; or MODULE:OBJECT, a model",
    )
    train.add_argument("--preset", metavar="NAME", help="which of the RECIPES; by default the first")
    train.add_argument(
        "--data",
        metavar="SET",
        default="mnist",
        help=f"{', '.join(SETS)}, or a directory of four IDX files; mnist, which is embedded, by default",
    )
    train.add_argument("--epochs", metavar="N", type=_positive(int), help="passes through the training images")
    train.add_argument("--batch-size", metavar="N", type=_positive(int), help="images in a minibatch")
    train.add_argument("--lr", metavar="X", type=_positive(float), help="learning rate")
    train.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, ...: where the model and the images are")
    train.add_argument("--seed", metavar="N", type=_natural, default=0, help="of weights, shuffling and dropout")
    train.add_argument("--out", metavar="DIR", help="where to save (default runs/NAME)")
    train.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out, if there is one")
    train.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Train, save and report; Ctrl-C ends the training, and what it has reached is saved all the same."""
    seed(options.seed)
    name, recipe = _recipe(options)
    out = Path(options.out or f"runs/{name}")
    with one_line(f"{options.model}: the model cannot be made"):
        model = recipe.build().to(options.device)
    train, held_out, test = _images(options, recipe)
    with one_line(f"{options.model} on images {train.images.shape[1:]}"):
        print(model.summary(train.images.shape[1:]))
    out.mkdir(parents=True, exist_ok=True)
    print(f"{name}, seed {options.seed}, {len(train):,} training images, {recipe.batch_size} in a minibatch")
    start, ended = time.perf_counter(), "trained"
    with one_line(f"{options.model}: the training failed"), _warnings_in_one_line():
        try:
            fit(model, recipe, train, held_out, out, resume=options.resume)
        except KeyboardInterrupt:
            ended = "interrupted"
        print(f"{ended} after {time.perf_counter() - start:.0f} s")
        nn.save(model, out / "weights.npz")
        figures = evaluate(model, test)
    _note(out / LOG, {f"test_{name}": value for name, value in figures.items()})
    _draw(out / LOG, out / "curves.png")
    print(f"saved in {out}: {', '.join(sorted(file.name for file in out.iterdir()))}")
    print(f"accuracy on the {len(test):,} test images: {figures['accuracy']:.2%} (loss {figures['loss']:.4f})")
    if ended == "interrupted" and (out / CHECKPOINT).exists():
        print(f"the same command with --resume goes on from {out / CHECKPOINT}", file=sys.stderr)
    return 0 if ended == "trained" else 130  # as a shell reports Ctrl-C


def fit(model: nn.Module, recipe: Recipe, train: Any, held_out: Any, out: Path, *, resume: bool) -> training.History:
    """Train as the recipe says."""
    minibatches = data.batches(train, recipe.batch_size)
    if recipe.shift:
        minibatches = minibatches.augment(data.RandomShift(recipe.shift))
    return training.fit(
        model,
        train=minibatches,
        validation=_in_order(held_out),
        metrics={"accuracy": metrics.Accuracy()},
        callbacks=[
            viz.RecordStep(1, out / "graph.svg"),
            training.Checkpoint(out / CHECKPOINT, every=CHECKPOINT_EVERY),
            training.JSONLines(out / LOG, every=LOG_EVERY),
        ],
        resume=out / CHECKPOINT if resume else None,
        **recipe.arguments(model, len(minibatches)),
    )


def evaluate(model: nn.Module, images: Any) -> dict[str, Any]:
    """The mean loss and the accuracy."""
    accuracy = {"accuracy": metrics.Accuracy()}
    return training.evaluate(model, _in_order(images), loss=F.softmax_cross_entropy, metrics=accuracy)


def _in_order(images: Any) -> Any:
    return data.batches(images, EVALUATION_BATCH, shuffle=False)


@contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    """Say at the end what was warned of, without the lines of minigrad that did so."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", message="RecordStep: ")  # no reason to end, whatever others ask for
        yield
    for text in dict.fromkeys(str(warning.message) for warning in caught):
        print(f"minigrad train: {text}", file=sys.stderr)


def _note(log: Path, record: Mapping[str, Any]) -> None:
    """Add a line to the log."""
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


def _draw(log: Path, path: Path) -> None:
    """Save the curves, where matplotlib is installed."""
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError:
        print(f"no {path.name}: it needs matplotlib (pip install 'minigrad-nn[plots]')", file=sys.stderr)
        return
    records = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    figure = Figure(figsize=(9.2, 3.2), layout="constrained")
    plots.curves(records, names=("loss", "accuracy"), axes=figure.subplots(1, 2))
    figure.savefig(path, dpi=150)


def _recipe(options: argparse.Namespace) -> tuple[str, Recipe]:
    """The training's name, and its recipe with what the command line changes."""
    where, attribute = split(options.model)
    if attribute:
        if options.preset is not None:
            raise UsageError(f"--preset {options.preset}: {options.model} is one model; presets are in RECIPES")
        model = load_object(options.model)
        if not isinstance(model, nn.Module):
            raise UsageError(f"{options.model}: it must be a Module, not {type(model).__name__}")
        name, recipe = attribute, Recipe(lambda: model, optim.Adam, lr=0.001, batch_size=100, epochs=5, held_out=5_000)
    else:
        recipes = getattr(load_module(where, options.model), "RECIPES", None)
        if not isinstance(recipes, Mapping) or not all(isinstance(recipe, Recipe) for recipe in recipes.values()):
            raise UsageError(f"{options.model}: it has no RECIPES, preset -> training.Recipe; write {where}:OBJECT")
        preset = next(iter(recipes)) if options.preset is None else options.preset
        if preset not in recipes:
            raise UsageError(f"--preset {preset}: {options.model} has {', '.join(recipes)}")
        name = Path(where).stem if where.endswith(".py") else where.rpartition(".")[2]
        name, recipe = f"{name}-{preset}", recipes[preset]
    changes = {name: value for name in ("batch_size", "lr") if (value := getattr(options, name)) is not None}
    if options.epochs is not None:
        changes |= {"epochs": options.epochs, "steps": None}
    return name, dataclasses.replace(recipe, **changes)


def _images(options: argparse.Namespace, recipe: Recipe) -> tuple[Any, Any, Any]:
    """The images to train on, those to validate with, and those to test with."""
    try:
        load = SETS.get(options.data) or partial(data.idx, options.data)
        train, test = (images.to(options.device) for images in load())
    except (ValueError, ImportError) as error:
        raise UsageError(str(error)) from None
    train, held_out = train.split(len(train) - min(recipe.held_out, len(train) // HELD_OUT_PART))
    return train, held_out if len(held_out) else test, test


def _positive(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    """A type for argparse: a finite number above 0."""

    def convert(text: str) -> Any:
        number = kind(text)
        if not 0 < number < math.inf:
            raise argparse.ArgumentTypeError(f"must be above 0, not {text}")
        return number

    convert.__name__ = kind.__name__
    return convert


def _natural(text: str) -> int:
    """A type for argparse: 0, 1, 2, ..."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"must be 0 or more, not {text}")
    return number
