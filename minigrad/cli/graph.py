"""`minigrad graph`: the compute graph of a model or function, as a diagram."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from minigrad import viz
from minigrad.cli.errors import UsageError, one_line
from minigrad.cli.objects import load_object
from minigrad.core.config import seed, train_mode
from minigrad.core.variable import Variable
from minigrad.viz.options import CHOICES, DrawOptions


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    graph = commands.add_parser("graph", help="draw the compute graph of a model or function")
    graph.add_argument("object", metavar="MODULE:OBJECT", help="a model, a class of models, or a function of arrays")
    graph.add_argument(
        "--input", action="append", required=True, metavar="SHAPE", help="of an input, such as 1,1,28,28"
    )
    graph.add_argument("--backward", action="store_true", help="draw backward too, beside forward")
    helps = {"view": "what becomes a card, or a node", "color": "what colours say; the others are heat"}
    helps |= {"fold": "what of a large graph becomes one card", "theme": "of the SVG"}
    for name, help_ in helps.items():
        graph.add_argument(f"--{name}", choices=CHOICES[name], default=getattr(DrawOptions, name), help=help_)
    graph.add_argument("--title", help="what stands above")
    graph.add_argument("--engine", default="auto", help="graphviz-pure, dot, or a path")
    graph.add_argument("-o", "--output", default="graph.svg", metavar="FILE", help="the suffix decides the format")
    graph.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Draw it, and print what was drawn."""
    seed(0)  # of the weights: the same command writes the same file
    function = load_object(options.object)
    timed = options.color == "time"
    shapes = [_shape(text) for text in options.input]
    with one_line(f"{options.object} of inputs {' '.join(options.input)}"):
        model = function if hasattr(function, "named_parameters") else None
        alone = model is None or not [*model.named_parameters()]  # else its parameters are enough to record
        inputs = [Variable(np.zeros(shape, np.float32), requires_grad=alone) for shape in shapes]
        with train_mode(False), viz.record(model, time=timed, memory=False, stats=False) as recorder:
            returned = function(*inputs)
            outputs = list(_variables(returned))
            for y in outputs if timed and options.backward else ():
                if y.requires_grad:
                    y.backward(np.ones(y.shape, y.dtype))
    if not outputs:
        kind = type(returned).__name__
        raise UsageError(f"{options.object} returned {kind}; a Variable is drawn, or those of a tuple, list or dict")
    names = ("view", "color", "fold", "title", "theme", "engine")
    chosen = {name: getattr(options, name) for name in names}
    with one_line(f"{options.object} cannot be drawn"):
        diagram = recorder.draw(*outputs, order=int(options.backward), **chosen)
        summary = diagram.summary()
    try:
        diagram.save(options.output)
    except ValueError as error:
        raise UsageError(f"-o {options.output}: {error}") from None
    print(f"{options.output}: {summary}")
    return 0


def _variables(returned: Any) -> Iterator[Variable]:
    """The Variables in what a model returned: one, or several in tuples, lists or dicts, also in each other."""
    if isinstance(returned, Variable):
        yield returned
    elif isinstance(returned, (tuple, list, Mapping)):
        for part in returned.values() if isinstance(returned, Mapping) else returned:
            yield from _variables(part)


def _shape(text: str) -> tuple[int, ...]:
    lengths = text.split(",")
    if not all(length.strip().isdecimal() for length in lengths):
        raise UsageError(f"--input {text}: a shape is numbers with commas, such as 1,1,28,28")
    return tuple(map(int, lengths))
