"""The differentiable functions, by family. Each takes Variables, arrays or numbers and gives a Variable."""

from typing import TYPE_CHECKING

from minigrad.functions.activation import dropout, leaky_relu, log_softmax, relu, sigmoid, softmax, softplus, tanh
from minigrad.functions.convolution import conv2d, conv_relu_pool
from minigrad.functions.distribution_losses import (
    binary_cross_entropy,
    cosine_similarity,
    kl_divergence,
    poisson,
    sigmoid_cross_entropy,
)
from minigrad.functions.elementwise import abs, clip, exp, log, maximum, minimum, power, sqrt, square, where  # noqa: A004
from minigrad.functions.linalg import linear, matmul
from minigrad.functions.loss import mean_squared_error, softmax_cross_entropy
from minigrad.functions.margin_losses import categorical_hinge, hinge, squared_hinge
from minigrad.functions.pooling import avg_pool2d, max_pool2d
from minigrad.functions.reduction import logsumexp, max, mean, min, std, sum, var  # noqa: A004
from minigrad.functions.regression_losses import (
    huber,
    logcosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_logarithmic_error,
)
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
from minigrad.spelling import missing as _missing

__all__ = [
    "abs", "avg_pool2d", "binary_cross_entropy", "broadcast_to", "categorical_hinge", "clip", "concatenate", "conv2d",
    "conv_relu_pool", "cosine_similarity", "dropout", "exp", "expand_dims", "flatten", "hinge", "huber",
    "kl_divergence", "leaky_relu", "linear", "log", "log_softmax", "logcosh", "logsumexp", "matmul", "max",
    "max_pool2d", "maximum", "mean", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error",
    "mean_squared_logarithmic_error", "min", "minimum", "moveaxis", "pad", "poisson", "power", "relu", "reshape",
    "sigmoid", "sigmoid_cross_entropy", "softmax", "softmax_cross_entropy", "softplus", "split", "sqrt", "square",
    "squared_hinge", "squeeze", "stack", "std", "sum", "take", "tanh", "transpose", "var", "where",
]  # fmt: skip

if not TYPE_CHECKING:  # or a type checker would find any name

    def __getattr__(name: str) -> object:
        raise _missing(__name__, name, __all__)


del TYPE_CHECKING
