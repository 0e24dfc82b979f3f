"""Optimizers: they change parameters against their gradients.

>>> import numpy as np
>>> from minigrad import nn, optim
>>> model = nn.Linear(2, 1, init=nn.init.Constant(0.0))
>>> optimizer = optim.SGD(model.parameters(), lr=0.5)
>>> loss = model(np.array([[1.0, 2.0]], np.float32)).sum()
>>> loss.backward()
>>> optimizer.step()
>>> model.w.data.ravel(), model.b.data
(array([-0.5, -1. ], dtype=float32), array([-0.5], dtype=float32))
"""

from typing import TYPE_CHECKING

from minigrad.optim import schedules
from minigrad.optim.adadelta import Adadelta
from minigrad.optim.adagrad import Adagrad
from minigrad.optim.adam import Adam
from minigrad.optim.adamax import Adamax
from minigrad.optim.adamw import AdamW
from minigrad.optim.averaging import ExponentialMovingAverage
from minigrad.optim.clipping import clip_grad_norm, clip_grad_value
from minigrad.optim.lion import Lion
from minigrad.optim.nadam import NAdam
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.rmsprop import RMSprop
from minigrad.optim.sgd import SGD
from minigrad.spelling import missing as _missing

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "ExponentialMovingAverage",
    "Lion",
    "NAdam",
    "Optimizer",
    "RMSprop",
    "clip_grad_norm",
    "clip_grad_value",
    "schedules",
]

if not TYPE_CHECKING:  # or a type checker would find any name

    def __getattr__(name: str) -> object:
        raise _missing(__name__, name, __all__)


del TYPE_CHECKING
