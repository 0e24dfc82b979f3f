"""PyTorch's elementwise functions, reductions and products as calls of minigrad."""

import operator

import numpy as np

import minigrad.functions as F
from tests.comparisons.opinfo_table import CALLS, axis_of, lacks, of

ELEMENTWISE = {
    "abs": F.abs,
    "acos": F.arccos,
    "asin": F.arcsin,
    "atan": F.arctan,
    "ceil": F.ceil,
    "cos": F.cos,
    "cosh": F.cosh,
    "erf": F.erf,
    "exp": F.exp,
    "expm1": F.expm1,
    "floor": F.floor,
    "log": F.log,
    "log10": F.log10,
    "log1p": F.log1p,
    "log2": F.log2,
    "neg": operator.neg,
    "positive": operator.pos,
    "reciprocal": F.reciprocal,
    "sigmoid": F.sigmoid,
    "sgn": F.sign,
    "sign": F.sign,
    "sin": F.sin,
    "sinh": F.sinh,
    "sqrt": F.sqrt,
    "square": F.square,
    "tan": F.tan,
    "tanh": F.tanh,
    "isfinite": np.isfinite,
    "isinf": np.isinf,
    "isnan": np.isnan,
}
CALLS.update({name: lambda x, _f=f: _f(x) for name, f in ELEMENTWISE.items()})

BINARY = {
    "mul": operator.mul,
    "true_divide": operator.truediv,
    "div.no_rounding_mode": operator.truediv,
    "pow": operator.pow,
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "maximum": F.maximum,
    "minimum": F.minimum,
    "max.binary": F.maximum,
    "min.binary": F.minimum,
    "matmul": F.matmul,
    "mm": F.matmul,
    "mv": F.matmul,
    "bmm": F.matmul,
    "dot": F.dot,
    "vdot": F.dot,
    "inner": F.inner,
    "outer": F.outer,
    "__radd__": lambda x, other: other + x,
    "__rsub__": lambda x, other: other - x,
    "__rmul__": lambda x, other: other * x,
    "__rdiv__": lambda x, other: other / x,
    "__rpow__": lambda x, other: other**x,
    "__rmatmul__": lambda x, other: other @ x,
}
CALLS.update({name: lambda x, other, _f=f: _f(x, other) for name, f in BINARY.items()})


@of("allclose")
def _(x, other, rtol=1e-5, atol=1e-8, equal_nan=False):
    return np.allclose(x, other, rtol=rtol, atol=atol, equal_nan=equal_nan)


@of("equal")
def _(x, other):
    return np.array_equal(x, other)


@of("round", "round.decimals_0", "round.decimals_3", "round.decimals_neg_3")
def _(x, *, decimals=0):
    return F.round(x, decimals)


@of("add")
def _(x, other, *, alpha=1):
    return x + alpha * other


@of("sub")
def _(x, other, *, alpha=1):
    return x - alpha * other


@of("rsub")
def _(x, other, *, alpha=1):
    return other - alpha * x


@of("clamp")
def _(x, low=None, high=None):
    if all(bound is None or isinstance(bound, float | int) for bound in (low, high)):
        return F.clip(x, low, high)
    y = x if low is None else F.maximum(x, low)
    return y if high is None else F.minimum(y, high)


@of("clamp_min")
def _(x, low):
    return F.clip(x, low=low) if isinstance(low, float | int) else F.maximum(x, low)


@of("clamp_max")
def _(x, high):
    return F.clip(x, high=high) if isinstance(high, float | int) else F.minimum(x, high)


@of("where")
def _(x, condition, other):
    return F.where(condition, x, other)


@of("masked_fill")
def _(x, mask, value):
    return F.where(mask, value, x)


def reduction(f):
    return lambda x, dim=None, keepdim=False: f(x, axis_of(x, dim), keepdims=keepdim)


CALLS.update({"sum": reduction(F.sum), "mean": reduction(F.mean), "prod": reduction(F.prod)})
CALLS.update({"amax": reduction(F.max), "amin": reduction(F.min), "logsumexp": reduction(F.logsumexp)})
CALLS.update({"argmax": reduction(F.argmax), "argmin": reduction(F.argmin)})
CALLS.update({"max.reduction_no_dim": reduction(F.max), "min.reduction_no_dim": reduction(F.min)})


def with_indices(f, arg):
    return lambda x, dim, keepdim=False: (reduction(f)(x, dim, keepdim), reduction(arg)(x, dim, keepdim))


CALLS["max.reduction_with_dim"] = with_indices(F.max, F.argmax)
CALLS["min.reduction_with_dim"] = with_indices(F.min, F.argmin)


@of("aminmax")
def _(x, *, dim=None, keepdim=False):
    return reduction(F.min)(x, dim, keepdim), reduction(F.max)(x, dim, keepdim)


def spread(*fs):
    """var or std; PyTorch subtracts 1 from the count unless it is told otherwise."""

    def call(x, dim=None, unbiased=True, keepdim=False, *, correction=None):
        if isinstance(dim, bool):  # std(x, unbiased)
            dim, unbiased = None, dim
        ddof = correction if correction is not None else int(unbiased)
        lacks(isinstance(ddof, float) and ddof != int(ddof), "ddof that is no integer")
        axis = axis_of(x, dim)
        axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        lacks(np.prod([x.shape[a] for a in axes]) <= ddof, "a variance of which ddof leaves nothing (an error here)")
        results = [f(x, axis, ddof=int(ddof), keepdims=keepdim) for f in fs]
        return results[0] if len(results) == 1 else tuple(results)

    return call


CALLS.update({"var": spread(F.var), "var.unbiased": spread(F.var)})
CALLS.update({"std": spread(F.std), "std.unbiased": spread(F.std)})
CALLS.update({"var_mean": spread(F.var, lambda x, axis, ddof, keepdims: F.mean(x, axis, keepdims=keepdims))})
CALLS.update({"std_mean": spread(F.std, lambda x, axis, ddof, keepdims: F.mean(x, axis, keepdims=keepdims))})
CALLS.update({"var_mean.unbiased": CALLS["var_mean"], "std_mean.unbiased": CALLS["std_mean"]})


def vector_norm(x, ord=2, dim=None, keepdim=False):  # noqa: A002
    axis = axis_of(x, dim)
    axis = axis[0] if isinstance(axis, tuple) and len(axis) == 1 else axis
    lacks(ord not in {1, 2, np.inf}, "norms other than 1, 2, inf and fro")
    if ord != 2 and axis is None and x.ndim != 1:
        lacks(keepdim, "a norm of order 1 or inf over several axes")
        x, axis = F.reshape(x, (-1,)), 0
    lacks(ord != 2 and isinstance(axis, tuple), "a norm of order 1 or inf over several axes")
    return F.norm(x, None if ord == 2 and (axis is None or isinstance(axis, tuple)) else ord, axis, keepdims=keepdim)


CALLS["linalg.vector_norm"] = vector_norm


@of("linalg.matrix_norm")
def _(x, ord="fro", dim=(-2, -1), keepdim=False):  # noqa: A002
    lacks(ord != "fro", "matrices' norms other than fro")
    return F.norm(x, "fro", tuple(dim), keepdims=keepdim)


@of("linalg.norm", "linalg.norm.subgradients_at_zero")
def _(x, ord=None, dim=None, keepdim=False):  # noqa: A002
    if ord is None:
        return vector_norm(x, 2, dim, keepdim)
    axes = dim if isinstance(dim, tuple | list) else range(x.ndim) if dim is None else (dim,)
    return vector_norm(x, ord, dim, keepdim) if len(axes) == 1 else CALLS["linalg.matrix_norm"](x, ord, axes, keepdim)


@of("norm", "norm.fro", "norm.inf", "norm.nuc")
def _(x, p="fro", dim=None, keepdim=False, dtype=None):
    lacks(p == "nuc", "matrices' norms other than fro")
    lacks(dtype is not None, "option dtype")
    return vector_norm(x, 2 if p in {"fro", None} else p, dim, keepdim)


@of("cumsum")
def _(x, dim):
    return F.cumsum(x, axis_of(x, dim))


@of("sort")
def _(x, dim=-1, descending=False, *, stable=True):
    axis = axis_of(x, dim)
    if descending:
        return F.topk(x, x.shape[axis], axis)
    return F.sort(x, axis), F.argsort(x, axis)


@of("msort")
def _(x):
    return F.sort(x, axis_of(x, 0))


@of("argsort")
def _(x, dim=-1, descending=False, *, stable=True):
    axis = axis_of(x, dim)
    return F.topk(x, x.shape[axis], axis)[1] if descending else F.argsort(x, axis)


@of("topk")
def _(x, k, dim=-1, largest=True, sorted=True):  # noqa: A002 - theirs may give any order if not sorted
    return F.topk(x, k, axis_of(x, dim), largest=largest)


@of("einsum")
def _(operands, equation):
    terms, _, result = equation.partition("->")
    lacks("..." in terms and "->" in equation and "..." not in result, "einsum that adds up the axes of '...'")
    return F.einsum(equation, *operands)


@of("tensordot")
def _(a, b, *, dims):
    if not isinstance(dims, int):
        lengths = [[x.shape[axis] for axis in axes] for x, axes in zip((a, b), dims, strict=True)]
        lacks(lengths[0] != lengths[1], "tensordot of axes of different lengths, one of them 1")
    return F.tensordot(a, b, dims)


@of("trace")
def _(x):
    lacks(x.shape[0] != x.shape[1], "a diagonal of what is not square")
    return F.einsum("ii", x)
