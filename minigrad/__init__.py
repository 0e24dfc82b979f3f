"""minigrad: define-by-run automatic differentiation that reads like a textbook."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

from minigrad import functions
from minigrad.backend.compiled.threads import set_num_threads
from minigrad.core.anomaly import EditedArrayError, NonFiniteError, detect_anomaly
from minigrad.core.config import (
    allow_tf32,
    default_dtype,
    enable_grad,
    inference,
    is_training,
    no_grad,
    seed,
    train_mode,
)
from minigrad.core.function import Function
from minigrad.core.variable import Variable, apply, grad
from minigrad.spelling import missing as _missing
from minigrad.version import __version__

__all__ = [
    "EditedArrayError",
    "Function",
    "NonFiniteError",
    "Variable",
    "__version__",
    "allow_tf32",
    "apply",
    "default_dtype",
    "detect_anomaly",
    "enable_grad",
    "functions",
    "grad",
    "inference",
    "is_training",
    "no_grad",
    "seed",
    "set_num_threads",
    "train_mode",
]

_PACKAGES = ("data", "metrics", "nn", "optim", "plots", "testing", "training", "transforms", "viz")
"""The packages that are imported when they are first asked for."""

if TYPE_CHECKING:
    from minigrad import data as data
    from minigrad import metrics as metrics
    from minigrad import nn as nn
    from minigrad import optim as optim
    from minigrad import plots as plots
    from minigrad import testing as testing
    from minigrad import training as training
    from minigrad import transforms as transforms
    from minigrad import viz as viz
else:  # or a type checker would find any name

    def __getattr__(name: str) -> object:
        if name in _PACKAGES:
            return _import_module(f"minigrad.{name}")
        raise _missing(__name__, name, __dir__())


del TYPE_CHECKING


def __dir__() -> list[str]:
    return sorted({*globals(), *_PACKAGES})
