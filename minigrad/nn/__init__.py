"""Layers and models: Modules, which find their own parameters.

>>> import numpy as np
>>> from minigrad import nn
>>> model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
>>> print(model.summary((1, 28, 28)))
name      layer             output    parameters
────────────────────────────────────────────────
layers.0  Flatten()         (N, 784)           0
layers.1  Linear(784, 128)  (N, 128)     100,480
layers.2  ReLU()            (N, 128)           0
layers.3  Linear(128, 10)   (N, 10)        1,290
────────────────────────────────────────────────
          total                          101,770
          trainable                      101,770
"""

from minigrad.nn import init
from minigrad.nn.activation import LeakyReLU, LogSoftmax, ReLU, Sigmoid, Softmax, Softplus, Tanh
from minigrad.nn.layers import AvgPool2d, Conv2d, Dropout, Flatten, Linear, MaxPool2d
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.nn.sequential import Sequential
from minigrad.nn.weights import load, save

__all__ = [
    "AvgPool2d",
    "Conv2d",
    "Dropout",
    "Flatten",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MaxPool2d",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "init",
    "load",
    "save",
]
