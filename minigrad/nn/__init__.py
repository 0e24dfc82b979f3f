"""Layers and models: Modules, which find their own parameters.

>>> from minigrad import nn
>>> model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
>>> [name for name, parameter in model.named_parameters()]
['layers.1.w', 'layers.1.b', 'layers.3.w', 'layers.3.b']
"""

from typing import TYPE_CHECKING

from minigrad.nn import init
from minigrad.nn.activation import LeakyReLU, LogSoftmax, ReLU, Sigmoid, Softmax, Softplus, Tanh
from minigrad.nn.layers import AvgPool2d, Conv2d, ConvReLUPool, Dropout, Flatten, Linear, MaxPool2d, Sequential
from minigrad.nn.module import Module, Parameter
from minigrad.nn.weights import load, save
from minigrad.spelling import missing as _missing

__all__ = [
    "AvgPool2d", "Conv2d", "ConvReLUPool", "Dropout", "Flatten", "LeakyReLU", "Linear", "LogSoftmax", "MaxPool2d",
    "Module", "Parameter", "ReLU", "Sequential", "Sigmoid", "Softmax", "Softplus", "Tanh", "init", "load", "save",
]  # fmt: skip

if not TYPE_CHECKING:  # or a type checker would find any name

    def __getattr__(name: str) -> object:
        raise _missing(__name__, name, __all__)


del TYPE_CHECKING
