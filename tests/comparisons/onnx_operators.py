"""What each of ONNX's operators is in minigrad: a function of the node, for its attributes, and of its inputs."""

import math
import operator
from functools import reduce

import numpy as np

import minigrad.functions as F
from minigrad import Variable, train_mode
from tests.comparisons.onnx_case import OutOfScope
from tests.comparisons.onnx_layers import LAYERS

ELEMENTWISE = {
    "Abs": F.abs, "Acos": F.arccos, "Asin": F.arcsin, "Atan": F.arctan, "Ceil": F.ceil, "Cos": F.cos, "Cosh": F.cosh,
    "Erf": F.erf, "Exp": F.exp, "Floor": F.floor, "Log": F.log, "Neg": operator.neg, "Reciprocal": F.reciprocal,
    "Relu": F.relu, "Round": F.round, "Selu": F.selu, "Sigmoid": F.sigmoid, "Sign": F.sign, "Sin": F.sin,
    "Sinh": F.sinh, "Softplus": F.softplus, "Softsign": F.softsign, "Sqrt": F.sqrt, "Tan": F.tan, "Tanh": F.tanh,
}  # fmt: skip
BINARY = {
    "Add": operator.add, "Sub": operator.sub, "Mul": operator.mul, "Div": operator.truediv, "Equal": operator.eq,
    "Less": operator.lt, "LessOrEqual": operator.le, "Greater": operator.gt, "GreaterOrEqual": operator.ge,
    "MatMul": F.matmul,
}  # fmt: skip
VARIADIC = {"Sum": operator.add, "Max": F.maximum, "Min": F.minimum}


def elementwise(function):
    return lambda node, x: function(Variable(x))


def binary(function):
    return lambda node, a, b: function(Variable(a), Variable(b))


def variadic(function):
    return lambda node, *xs: reduce(function, map(Variable, xs))


def mean(node, *xs):
    return F.mean(F.stack(xs), 0)


def power(node, x, p):
    if x.dtype.kind != "f":
        raise OutOfScope("an integer to a float power that stays an integer")
    if p.dtype.kind != "f":
        p = p.astype(x.dtype)  # ONNX gives x's type, NumPy and minigrad the common one
    return F.power(x, p)


def leaky_relu(node, x):
    return F.leaky_relu(x, node["alpha"])


def elu(node, x):
    return F.elu(x, node["alpha"])


def prelu(node, x, slope):
    if slope.ndim != 1:
        raise OutOfScope("a slope for each number instead of each channel")
    return F.moveaxis(F.prelu(F.moveaxis(x, -1, 1), slope), 1, -1)  # ONNX's slopes are those of the last axis


def gelu(node, x):
    return F.gelu(x, node["approximate"])


def hard_sigmoid(node, x):
    if (node["alpha"], node["beta"]) != (np.float32(1 / 6), 0.5):
        raise OutOfScope("another slope than 1/6")
    return F.hard_sigmoid(x)


def hard_swish(node, x):
    return x * F.hard_sigmoid(x)


def swish(node, x):
    if node["alpha"] != 1:
        raise OutOfScope("another slope than 1")
    return F.silu(x)


def clip(node, x, low=None, high=None):
    low, high = (None if bound is None else bound.item() for bound in (low, high))
    if None not in (low, high) and low > high:
        raise OutOfScope("low above high, which clip refuses")
    return F.clip(x, low, high)


def where(node, condition, a, b):
    return F.where(condition, a, b)


def dropout(node, x, ratio=None, training=None):
    p = 0.5 if ratio is None else ratio.item()
    if node.attributes.get("ratio") is not None:  # an attribute, once
        p = node["ratio"]
    training = training is not None and bool(training)
    if training and p:
        raise OutOfScope("random numbers of another generator")
    node["seed"]  # draws nothing
    with train_mode(training):
        return F.dropout(x, p)


def reduction(function):
    def translated(node, x, axes=None):
        axis = node["axes"] if axes is None else axes.tolist()
        if not axis:
            axis = () if node["noop_with_empty_axes"] else None
        if 0 in x.shape and function in {F.max, F.min, F.logsumexp}:
            raise OutOfScope("the maximum of nothing, an error as in NumPy")
        return function(x, axis if axis is None else tuple(axis), keepdims=bool(node["keepdims"]))

    return translated


def l1(x, axis, *, keepdims):
    return F.sum(F.abs(x), axis, keepdims=keepdims)


def l2(x, axis, *, keepdims):
    return F.norm(x, axis=axis, keepdims=keepdims)


def sum_of_squares(x, axis, *, keepdims):
    return F.sum(F.square(x), axis, keepdims=keepdims)


def log_of_sum(x, axis, *, keepdims):
    return F.log(F.sum(x, axis, keepdims=keepdims))


def lp_normalization(node, x):
    length = F.norm(x, node["p"], node["axis"], keepdims=True)
    return x / F.where(length == 0, 1.0, length)


def place(function):
    return lambda node, x: function(x, node["axis"], keepdims=bool(node["keepdims"]))


def along_axis(function):
    return lambda node, x: function(x, node["axis"])


def cumsum(node, x, axis):
    axis = axis.item()
    return F.flip(F.cumsum(F.flip(x, axis), axis), axis) if node["reverse"] else F.cumsum(x, axis)


def top_k(node, x, k):
    node["sorted"]  # minigrad's always are
    return F.topk(x, k.item(), node["axis"], largest=bool(node["largest"]))


def einsum(node, *xs):
    return F.einsum(node["equation"], *xs)


def gemm(node, a, b, c=None):
    a, b = F.transpose(a) if node["transA"] else a, F.transpose(b) if node["transB"] else b
    y, beta = node["alpha"] * F.matmul(a, b), node["beta"]
    return y if c is None else y + beta * Variable(c)


def concat(node, *xs):
    return F.concatenate(xs, node["axis"])


def split(node, x, lengths=None):
    count, axis = node.outputs, node["axis"]
    node["num_outputs"]
    n = x.shape[axis]
    if lengths is None and n % count == 0:
        return F.split(x, count, axis)
    ends = range(-(-n // count), n, -(-n // count)) if lengths is None else np.cumsum(lengths)[:-1]
    return F.split(x, [int(end) for end in ends], axis)


def expand(node, x, shape):
    return F.broadcast_to(x, np.broadcast_shapes(x.shape, tuple(shape)))


def flatten(node, x):
    axis = node["axis"]
    return F.flatten(x, 1) if axis == 1 else F.reshape(x, (math.prod(x.shape[:axis]), -1))


def reshape(node, x, shape):
    kept = [int(n) or (0 if node["allowzero"] else x.shape[i]) for i, n in enumerate(shape)]
    return F.reshape(x, kept)


def squeeze(node, x, axes=None):
    return F.squeeze(x, None if axes is None else tuple(axes.tolist()))


def unsqueeze(node, x, axes):
    return F.expand_dims(x, tuple(axes.tolist()))


def transpose(node, x):
    return F.transpose(x, node["perm"])


def tile(node, x, repeats):
    return F.tile(x, repeats.tolist())


def pad(node, x, pads, value=None, axes=None):
    before, after = pads.reshape(2, -1).tolist()
    width = [(0, 0)] * x.ndim
    for axis, pair in zip(range(x.ndim) if axes is None else axes, zip(before, after, strict=True), strict=True):
        width[axis] = pair
    return F.pad(x, width, value=0.0 if value is None else value.item())


def cut(node, x, starts, ends, axes=None, steps=None):
    key = [slice(None)] * x.ndim
    steps = [1] * len(starts) if steps is None else steps
    for axis, *bounds in zip(range(len(starts)) if axes is None else axes, starts, ends, steps, strict=True):
        key[axis] = slice(*(int(bound) for bound in bounds))
    return Variable(x)[tuple(key)]


def gather(node, x, indices):
    return F.take(x, indices, node["axis"])


def gather_elements(node, x, indices):
    return F.take_along_axis(x, indices, node["axis"])


def gather_nd(node, x, indices):
    return Variable(x)[tuple(np.moveaxis(indices, -1, 0))]


OPERATORS = (
    {name: elementwise(function) for name, function in ELEMENTWISE.items()}
    | {name: binary(function) for name, function in BINARY.items()}
    | {name: variadic(function) for name, function in VARIADIC.items()}
    | {
        "Mean": mean, "Pow": power, "Where": where, "Clip": clip, "Dropout": dropout, "LeakyRelu": leaky_relu,
        "Elu": elu, "PRelu": prelu, "Gelu": gelu, "HardSigmoid": hard_sigmoid, "HardSwish": hard_swish, "Swish": swish,
        "ReduceSum": reduction(F.sum), "ReduceMean": reduction(F.mean), "ReduceMax": reduction(F.max),
        "ReduceMin": reduction(F.min), "ReduceProd": reduction(F.prod), "ReduceLogSumExp": reduction(F.logsumexp),
        "ReduceL1": reduction(l1), "ReduceL2": reduction(l2), "ReduceSumSquare": reduction(sum_of_squares),
        "ReduceLogSum": reduction(log_of_sum), "LpNormalization": lp_normalization, "ArgMax": place(F.argmax),
        "ArgMin": place(F.argmin), "Softmax": along_axis(F.softmax), "LogSoftmax": along_axis(F.log_softmax),
        "CumSum": cumsum, "TopK": top_k, "Einsum": einsum, "Gemm": gemm, "Concat": concat, "Split": split,
        "Expand": expand, "Flatten": flatten, "Reshape": reshape, "Squeeze": squeeze, "Unsqueeze": unsqueeze,
        "Transpose": transpose, "Tile": tile, "Pad": pad, "Slice": cut, "Gather": gather,
        "GatherElements": gather_elements, "GatherND": gather_nd,
    }
    | LAYERS
)  # fmt: skip
