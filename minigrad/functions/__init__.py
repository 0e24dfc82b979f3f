"""The differentiable functions, by family. Each takes Variables, arrays or numbers and gives a Variable."""

from typing import TYPE_CHECKING

from minigrad.functions.activation import dropout, leaky_relu, log_softmax, relu, sigmoid, softmax, softplus, tanh
from minigrad.functions.attention import scaled_dot_product_attention
from minigrad.functions.convolution import conv1d, conv2d, conv_relu_pool
from minigrad.functions.elementwise import abs, clip, exp, log, maximum, minimum, power, sqrt, square, where  # noqa: A004
from minigrad.functions.linalg import linear, matmul
from minigrad.functions.loss import mean_squared_error, softmax_cross_entropy
from minigrad.functions.normalization import batch_norm, group_norm, layer_norm
from minigrad.functions.pooling import avg_pool2d, global_avg_pool2d, max_pool2d
from minigrad.functions.reduction import logsumexp, max, mean, min, std, sum, var  # noqa: A004
from minigrad.functions.resampling import upsample2d
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
from minigrad.functions.transposed_convolution import conv_transpose2d
from minigrad.spelling import missing as _missing

__all__ = [
    "abs", "avg_pool2d", "batch_norm", "broadcast_to", "clip", "concatenate", "conv1d", "conv2d", "conv_relu_pool",
    "conv_transpose2d", "dropout", "exp", "expand_dims", "flatten", "global_avg_pool2d", "group_norm", "layer_norm",
    "leaky_relu", "linear", "log", "log_softmax", "logsumexp", "matmul", "max", "max_pool2d", "maximum", "mean",
    "mean_squared_error", "min", "minimum", "moveaxis", "pad", "power", "relu", "reshape",
    "scaled_dot_product_attention", "sigmoid", "softmax", "softmax_cross_entropy", "softplus", "split", "sqrt",
    "square", "squeeze", "stack", "std", "sum", "take", "tanh", "transpose", "upsample2d", "var", "where",
]  # fmt: skip

if not TYPE_CHECKING:  # or a type checker would find any name

    def __getattr__(name: str) -> object:
        raise _missing(__name__, name, __all__)


del TYPE_CHECKING
