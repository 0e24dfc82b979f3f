"""`minigrad predict`: which digit is on a picture."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from minigrad import nn
from minigrad.cli.errors import UsageError, one_line
from minigrad.cli.objects import load_module, load_object, split
from minigrad.cli.pictures import Grey, read_digit
from minigrad.core.config import inference
from minigrad.core.variable import Variable

SHOWN = 3
"""The most likely classes are printed, so many."""


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    predict = commands.add_parser("predict", help="say which digit is on a picture")
    predict.add_argument("pictures", nargs="+", metavar="PICTURE", help="PNG or JPEG, of one digit on plain paper")
    predict.add_argument("--weights", required=True, metavar="FILE", help="of a trained model, as `nn.save` wrote it")
    predict.add_argument(
        "--model",
        metavar="MODULE:OBJECT",
        help="the model whose weights they are; by default the one of models/ that they fit",
    )
    predict.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the most likely classes of each picture; 1 if one could not be read."""
    model = _trained_model(options.model, options.weights)
    status = 0
    for path in options.pictures:
        try:
            digit = read_digit(path)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            print(f"minigrad predict: {path}: {reason}", file=sys.stderr)
            status = 1
            continue
        with one_line(f"{type(model).__name__} on {path}"):
            p = _probabilities(model, digit)
        best = np.argsort(-p, kind="stable")[:SHOWN]
        print(f"{path}: {best[0]}")
        for c in best:
            print(f"  {c:>3} {p[c]:8.2%}")
    return status


def _probabilities(model: nn.Module, digit: Grey) -> np.ndarray[Any, Any]:
    """The probability of each class, (C,)."""
    with inference():
        logits = model(digit[None, None])  # (28, 28) -> (1, 1, 28, 28)
    if not isinstance(logits, Variable) or logits.ndim != 2 or len(logits) != 1:
        given = f"{logits.shape}" if isinstance(logits, Variable) else type(logits).__name__
        raise ValueError(f"for images (1, 1, 28, 28) it must return logits (1, classes), not {given}")
    scores = logits.numpy()[0].astype(np.float64)
    if not np.isfinite(scores).all():
        raise ValueError(f"its logits are not finite: {scores}")
    e = np.exp(scores - scores.max())
    p: np.ndarray[Any, Any] = e / e.sum()
    return p


def _trained_model(name: str | None, weights: str) -> nn.Module:
    """The model with its weights; without a name the one model of models/ that they fit."""
    fitting: dict[type, nn.Module] = {}
    refused: list[str] = []
    for build in _models(name):
        with one_line(f"{name or 'models'}: a model cannot be made"):
            model = build()
        try:
            nn.load(model, weights)
        except ValueError as error:
            refused.append(str(error))
        else:
            fitting.setdefault(type(model), model)
    if len(fitting) == 1:
        return next(iter(fitting.values()))
    if fitting:
        names = " and ".join(kind.__name__ for kind in fitting)
        raise UsageError(f"{weights} fits {names}: say with --model whose weights it has")
    broken = [reason for reason in refused if "it does not fit" not in reason]
    if broken or len(refused) == 1:
        raise UsageError((broken or refused)[0])
    raise UsageError(
        f"{weights} fits none of the models in {name or 'models/'}: say with --model MODULE:OBJECT whose it is"
    )


def _models(name: str | None) -> Iterator[Callable[[], nn.Module]]:
    """What makes the models of that name: one object, or all recipes of a module."""
    where, attribute = split(name or "models")
    if attribute:
        model = load_object(name or "")
        if not isinstance(model, nn.Module):
            raise UsageError(f"--model {name}: it must be a Module, not {type(model).__name__}")
        yield lambda: model
        return
    try:
        module = load_module(where, f"--model {where}")
    except UsageError as error:
        if name is None:
            raise UsageError(
                "say with --model MODULE:OBJECT whose weights they are; there is no models/ here"
            ) from None
        raise error from None
    recipes = getattr(module, "RECIPES", None)
    if not isinstance(recipes, Mapping) or not recipes:
        raise UsageError(f"--model {name}: {where} has no RECIPES; write {where}:OBJECT")
    yield from _builds(recipes)


def _builds(recipes: Any) -> Iterator[Callable[[], nn.Module]]:
    """What makes the models of recipes, which stand in dicts, also in each other."""
    for recipe in recipes.values() if isinstance(recipes, Mapping) else [recipes]:
        if isinstance(recipe, Mapping):
            yield from _builds(recipe)
        else:
            yield recipe.build
