"""Layers and models: Modules, which find their own parameters.

For users of PyTorch:

* A layer's parameters are w and b, and Linear's w is (in, out). `super().__init__()` need not be called, and a list or
  a dict of layers is enough.
* A model has no mode: call it inside of `minigrad.inference()` or `train_mode(False)`; `is_training()` asks.
* A layer's own state that is not trained is a Buffer, and changes by `self.mean.data = ...`.
* The numbers come before the Parameter: `nn.Parameter(0.01 * array)`.
* An optimizer is made when the model is complete, and another one after layers were replaced.

>>> from minigrad import nn
>>> model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
>>> [name for name, parameter in model.named_parameters()]
['layers.1.w', 'layers.1.b', 'layers.3.w', 'layers.3.b']
"""

from typing import TYPE_CHECKING

from minigrad.nn import init
from minigrad.nn.activation import (
    ELU,
    GELU,
    SELU,
    HardSigmoid,
    HardTanh,
    LeakyReLU,
    LogSoftmax,
    PReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)
from minigrad.nn.layers import AvgPool2d, Conv2d, ConvReLUPool, Dropout, Flatten, Linear, MaxPool2d, Sequential
from minigrad.nn.module import Buffer, Module, Parameter
from minigrad.nn.weights import load, save
from minigrad.spelling import missing as _missing

__all__ = [
    "ELU", "GELU", "SELU", "AvgPool2d", "Buffer", "Conv2d", "ConvReLUPool", "Dropout", "Flatten", "HardSigmoid",
    "HardTanh", "LeakyReLU", "Linear", "LogSoftmax", "MaxPool2d", "Module", "PReLU", "Parameter", "ReLU", "Sequential",
    "SiLU", "Sigmoid", "Softmax", "Softplus", "Softsign", "Tanh", "init", "load", "save",
]  # fmt: skip

if not TYPE_CHECKING:  # or a type checker would find any name

    def __getattr__(name: str) -> object:
        raise _missing(__name__, name, __all__)


del TYPE_CHECKING
