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
from minigrad.nn.attention import MultiHeadAttention
from minigrad.nn.convolution import Conv1d, Conv2d, ConvReLUPool, ConvTranspose2d
from minigrad.nn.dropout import Dropout
from minigrad.nn.embedding import Embedding
from minigrad.nn.linear import Linear
from minigrad.nn.module import Buffer, Module, Parameter
from minigrad.nn.normalization import BatchNorm1d, BatchNorm2d, GroupNorm, LayerNorm
from minigrad.nn.pooling import AvgPool2d, GlobalAvgPool2d, MaxPool2d, Upsample2d
from minigrad.nn.recurrent import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell, detached
from minigrad.nn.sequential import Sequential
from minigrad.nn.shaping import Flatten, Identity, Lambda, Reshape
from minigrad.nn.substitution import functional_call
from minigrad.nn.weights import load, save
from minigrad.spelling import missing as _missing

__all__ = [
    "ELU", "GELU", "GRU", "LSTM", "RNN", "SELU", "AvgPool2d", "BatchNorm1d", "BatchNorm2d", "Buffer", "Conv1d",
    "Conv2d", "ConvReLUPool", "ConvTranspose2d", "Dropout", "Embedding", "Flatten", "GRUCell", "GlobalAvgPool2d",
    "GroupNorm", "HardSigmoid", "HardTanh", "Identity", "LSTMCell", "Lambda", "LayerNorm", "LeakyReLU", "Linear",
    "LogSoftmax", "MaxPool2d", "Module", "MultiHeadAttention", "PReLU", "Parameter", "RNNCell", "ReLU", "Reshape",
    "Sequential", "SiLU", "Sigmoid", "Softmax", "Softplus", "Softsign", "Tanh", "Upsample2d", "detached",
    "functional_call", "init", "load", "save",
]  # fmt: skip

if not TYPE_CHECKING:  # or a type checker would find any name

    def __getattr__(name: str) -> object:
        raise _missing(__name__, name, __all__)


del TYPE_CHECKING
