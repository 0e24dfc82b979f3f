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
from minigrad.functions.attention import scaled_dot_product_attention
from minigrad.functions.channel_normalization import batch_norm
from minigrad.functions.contraction import dot, einsum, inner, outer, tensordot
from minigrad.functions.convolution import conv1d, conv2d, conv_relu_pool
from minigrad.functions.cumulative import cumsum
from minigrad.functions.distribution_losses import (
    binary_cross_entropy,
    cosine_similarity,
    kl_divergence,
    poisson,
    sigmoid_cross_entropy,
)
from minigrad.functions.dropout import dropout
from minigrad.functions.elementwise import abs, clip, maximum, minimum, power, reciprocal, sqrt, square, where  # noqa: A004
from minigrad.functions.exponential import erf, exp, expm1, log, log1p, log2, log10
from minigrad.functions.gelu import gelu
from minigrad.functions.indexing import embedding, take_along_axis
from minigrad.functions.linalg import linear, matmul
from minigrad.functions.loss import softmax_cross_entropy
from minigrad.functions.margin_losses import categorical_hinge, hinge, squared_hinge
from minigrad.functions.normalization import group_norm, layer_norm
from minigrad.functions.norms import norm
from minigrad.functions.pooling import avg_pool2d, global_avg_pool2d, max_pool2d
from minigrad.functions.products import prod
from minigrad.functions.rearranging import flip, repeat, roll, tile
from minigrad.functions.reduction import logsumexp, max, mean, min, std, sum, var  # noqa: A004
from minigrad.functions.regression_losses import (
    huber,
    logcosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
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
from minigrad.functions.softmax import log_softmax, softmax
from minigrad.functions.sorting import argmax, argmin, argsort, sort, topk
from minigrad.functions.steps import ceil, floor, round, sign  # noqa: A004
from minigrad.functions.transposed_convolution import conv_transpose2d
from minigrad.functions.trigonometry import arccos, arcsin, arctan, cos, cosh, sin, sinh, tan, tanh
from minigrad.functions.unfolding import fold, unfold
from minigrad.spelling import missing as _missing

__all__ = [
    "abs", "arccos", "arcsin", "arctan", "argmax", "argmin", "argsort", "avg_pool2d", "batch_norm",
    "binary_cross_entropy", "broadcast_to", "categorical_hinge", "ceil", "clip", "concatenate", "conv1d", "conv2d",
    "conv_relu_pool", "conv_transpose2d", "cos", "cosh", "cosine_similarity", "cumsum", "dot", "dropout", "einsum",
    "elu", "embedding", "erf", "exp", "expand_dims", "expm1", "flatten", "flip", "floor", "fold", "gelu",
    "global_avg_pool2d", "group_norm", "hard_sigmoid", "hard_tanh", "hinge", "huber", "inner", "kl_divergence",
    "layer_norm", "leaky_relu", "linear", "log", "log1p", "log2", "log10", "log_softmax", "logcosh", "logsumexp",
    "matmul", "max", "max_pool2d", "maximum", "mean", "mean_absolute_error", "mean_absolute_percentage_error",
    "mean_squared_error", "mean_squared_logarithmic_error", "min", "minimum", "moveaxis", "norm", "outer", "pad",
    "poisson", "power", "prelu", "prod", "reciprocal", "relu", "repeat", "reshape", "roll", "round",
    "scaled_dot_product_attention", "selu", "sigmoid", "sigmoid_cross_entropy", "sign", "silu", "sin", "sinh",
    "softmax", "softmax_cross_entropy", "softplus", "softsign", "sort", "split", "sqrt", "square", "squared_hinge",
    "squeeze", "stack", "std", "sum", "take", "take_along_axis", "tan", "tanh", "tensordot", "tile", "topk",
    "transpose", "unfold", "upsample2d", "var", "where",
]  # fmt: skip

if not TYPE_CHECKING:  # or a type checker would find any name

    def __getattr__(name: str) -> object:
        raise _missing(__name__, name, __all__)


del TYPE_CHECKING
