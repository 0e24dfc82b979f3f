"""Derivatives of functions of Variables: gradients, products with them, whole matrices; and recomputation.

Each takes a function f and a place x, one array or Variable or several in a tuple, and calls f(x) or f(*xs).

>>> import numpy as np
>>> from minigrad import transforms
>>> def f(x):
...     return x * x
>>> transforms.jacobian(f, np.array([1.0, 2.0]))
Variable([[2. 0.]
          [0. 4.]])
"""

from typing import TYPE_CHECKING

from minigrad.core.config import is_recomputing
from minigrad.spelling import missing as _missing
from minigrad.transforms.matrices import batched_jacobian, hessian, jacobian
from minigrad.transforms.products import gnvp, hvp, jvp, value_and_grad, vjp
from minigrad.transforms.recomputation import checkpoint

__all__ = [
    "batched_jacobian", "checkpoint", "gnvp", "hessian", "hvp", "is_recomputing", "jacobian", "jvp",
    "value_and_grad", "vjp",
]  # fmt: skip

if not TYPE_CHECKING:  # or a type checker would find any name

    def __getattr__(name: str) -> object:
        raise _missing(__name__, name, __all__)


del TYPE_CHECKING
