"""The differentiable functions, by family. Each takes Variables, arrays or numbers and gives a Variable."""

from typing import TYPE_CHECKING

from minigrad.functions.activation import (
    elu,
    hard_sigmoid,
    hard_tanh,
    leaky_relu,
    prelu,
    relu,
    selu,
    sigmoid,
    silu,
    softplus,
    softsign,
)
from minigrad.functions.convolution import conv2d, conv_relu_pool
from minigrad.functions.dropout import dropout
from minigrad.functions.elementwise import abs, clip, maximum, minimum, power, reciprocal, sqrt, square, where  # noqa: A004
from minigrad.functions.exponential import erf, exp, expm1, log, log1p, log2, log10
from minigrad.functions.gelu import gelu
from minigrad.functions.linalg import linear, matmul
from minigrad.functions.loss import mean_squared_error, softmax_cross_entropy
from minigrad.functions.pooling import avg_pool2d, max_pool2d
from minigrad.functions.reduction import logsumexp, max, mean, min, std, sum, var  # noqa: A004
from minigrad.functions.shape import (
    broadcast_to,
    concatenate,
    expand_dims,
    flatten,
    moveaxis,
    pad,
    reshape,
    split,
    squeeze,
    stack,
    take,
    transpose,
)
from minigrad.functions.softmax import log_softmax, softmax
from minigrad.functions.steps import ceil, floor, round, sign  # noqa: A004
from minigrad.functions.trigonometry import arccos, arcsin, arctan, cos, cosh, sin, sinh, tan, tanh
from minigrad.spelling import missing as _missing

__all__ = [
    "abs", "arccos", "arcsin", "arctan", "avg_pool2d", "broadcast_to", "ceil", "clip", "concatenate", "conv2d",
    "conv_relu_pool", "cos", "cosh", "dropout", "elu", "erf", "exp", "expand_dims", "expm1", "flatten", "floor", "gelu",
    "hard_sigmoid", "hard_tanh", "leaky_relu", "linear", "log", "log1p", "log2", "log10", "log_softmax", "logsumexp",
    "matmul", "max", "max_pool2d", "maximum", "mean", "mean_squared_error", "min", "minimum", "moveaxis", "pad",
    "power", "prelu", "reciprocal", "relu", "reshape", "round", "selu", "sigmoid", "sign", "silu", "sin", "sinh",
    "softmax", "softmax_cross_entropy", "softplus", "softsign", "split", "sqrt", "square", "squeeze", "stack", "std",
    "sum", "take", "tan", "tanh", "transpose", "var", "where",
]  # fmt: skip

if not TYPE_CHECKING:  # or a type checker would find any name

    def __getattr__(name: str) -> object:
        raise _missing(__name__, name, __all__)


del TYPE_CHECKING
