"""minigrad: define-by-run automatic differentiation that reads like a textbook."""

from minigrad import functions
from minigrad.backend.compiled.threads import set_num_threads
from minigrad.core.anomaly import EditedArrayError, NonFiniteError, detect_anomaly
from minigrad.core.config import default_dtype, enable_grad, inference, is_training, no_grad, seed, train_mode
from minigrad.core.function import Function
from minigrad.core.variable import Variable, apply, grad
from minigrad.version import __version__

__all__ = [
    "EditedArrayError",
    "Function",
    "NonFiniteError",
    "Variable",
    "__version__",
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
