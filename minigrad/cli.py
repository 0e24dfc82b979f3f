"""The command `minigrad`: `graph` draws a model's compute graph, `doctor` lists what is installed."""

from __future__ import annotations

import argparse
import importlib
import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from minigrad import viz
from minigrad.backend import devices
from minigrad.backend.compiled import loading
from minigrad.backend.gpus import gpu_report
from minigrad.backend.kernels import forced_set
from minigrad.core.config import seed, train_mode
from minigrad.core.variable import Variable
from minigrad.testing.formatting import described, print_in_any_encoding
from minigrad.version import __version__
from minigrad.viz.options import CHOICES, DrawOptions


class _UsageError(ValueError):
    """The command line asks for something that does not exist or cannot be drawn."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 if it succeeded, 1 if it failed, 2 if the arguments make no sense, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="minigrad", description="Compute graphs drawn, and what this machine has.")
    parser.add_argument("--version", action="version", version=f"minigrad {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
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
    commands.add_parser("doctor", help="say which engines, kernel sets and devices are there")
    print_in_any_encoding()
    options = parser.parse_args(arguments)
    try:
        forced_set()
    except ValueError as error:
        print(f"minigrad {options.command}: {error}", file=sys.stderr)
        return 1
    try:
        return _doctor() if options.command == "doctor" else _graph(options)
    except _UsageError as error:
        parser.exit(2, f"minigrad {options.command}: {error}\n")
    except (viz.EngineError, OSError) as error:
        print(f"minigrad {options.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _graph(options: argparse.Namespace) -> int:
    seed(0)  # of the weights: the same command writes the same file
    function = _load_object(options.object)
    timed = options.color == "time"
    shapes = [_shape(text) for text in options.input]
    with _one_line(f"{options.object} of inputs {' '.join(options.input)}"):
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
        raise _UsageError(f"{options.object} returned {kind}; a Variable is drawn, or those of a tuple, list or dict")
    names = ("view", "color", "fold", "title", "theme", "engine")
    chosen = {name: getattr(options, name) for name in names}
    with _one_line(f"{options.object} cannot be drawn"):
        diagram = recorder.draw(*outputs, order=int(options.backward), **chosen)
        summary = diagram.summary()
    try:
        diagram.save(options.output)
    except ValueError as error:
        raise _UsageError(f"-o {options.output}: {error}") from None
    print(f"{options.output}: {summary}")
    return 0


def _variables(returned: Any) -> Iterator[Variable]:
    """The Variables in what a model returned: one, or several in tuples, lists or dicts, also in each other."""
    if isinstance(returned, Variable):
        yield returned
    elif isinstance(returned, (tuple, list, Mapping)):
        for part in returned.values() if isinstance(returned, Mapping) else returned:
            yield from _variables(part)


@contextmanager
def _one_line(what: str) -> Iterator[None]:
    """Make one line of an error that the user's code raised: what failed, and in which of its lines."""
    try:
        yield
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a user's code does
        raise _UsageError(f"{what}: {described(error)}") from None


def _load_object(name: str) -> Any:
    """The object of "package.module:object"; an instance, where it is a class."""
    module_name, colon, attribute = name.partition(":")
    if not colon or not attribute or not all(map(str.isidentifier, module_name.split("."))):
        raise _UsageError(f"{name}: write MODULE:OBJECT, such as models.deep_mnist:DeepMNIST")
    sys.path.insert(0, str(Path.cwd()))  # for good: a model may import more when it is called
    with _one_line(f"{name}: {module_name} cannot be imported"):
        module = importlib.import_module(module_name)
    with _one_line(f"{name}: {attribute} cannot be found"):
        found = getattr(module, attribute, None)
    if isinstance(found, type):
        with _one_line(f"{name}: {attribute} cannot be made without arguments"):
            found = found()
    if not callable(found):
        names = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise _UsageError(f"{name}: {attribute} is no model or function; there are {', '.join(names) or 'none'}")
    return found


def _shape(text: str) -> tuple[int, ...]:
    lengths = text.split(",")
    if not all(length.strip().isdecimal() for length in lengths):
        raise _UsageError(f"--input {text}: a shape is numbers with commas, such as 1,1,28,28")
    return tuple(map(int, lengths))


def _doctor() -> int:
    engines = "; ".join(f"{engine.name} ({engine.path})" for engine in viz.engines())
    rows = {"minigrad": __version__, "Python": platform.python_version(), "NumPy": np.__version__}
    rows |= {"kernel sets": _kernel_sets(), "devices": ", ".join(devices())} | gpu_report()
    rows |= {"diagrams": engines or "none: pip install 'minigrad-nn[viz]'"}
    for name, found in rows.items():
        print(f"{name:12} {found}")
    return 0


def _kernel_sets() -> str:
    """The kernel sets in use: the CPU's, the fastest first, and why the compiled ones are missing; and the GPUs'."""
    on_gpus = "; on a GPU: cuda (float16, float32, float64)" if len(devices()) > 1 else ""
    return _cpu_kernel_sets() + on_gpus


def _cpu_kernel_sets() -> str:
    forced = forced_set()
    if forced == "numpy":
        return "numpy (MINIGRAD_KERNELS)"
    compiled, reason = loading.compiled_kernels()
    if compiled is None:
        return f"{'none' if forced else 'numpy'}; not the compiled ones, several times as fast: {reason}"
    return f"numba (float32, float64; {compiled.description()}), {'MINIGRAD_KERNELS' if forced else 'numpy'}"


if __name__ == "__main__":
    sys.exit(main())
