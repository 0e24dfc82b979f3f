"""A table of the functions: how to call each, on what, and what it must give."""

import itertools

import numpy as np
from cases import Case, elementwise, positive, spread
from scipy import special

import minigrad.functions as F

X, Y = spread(3, 4), spread(3, 4, seed=1) + 0.1
P = positive(3, 4)
ROW, COLUMN = spread(4, seed=2) + 0.07, spread(3, 1, seed=3) + 0.05
CUBE = spread(2, 3, 4, seed=4)
EVEN = np.arange(12).reshape(3, 4) % 2 == 0

ELEMENTWISE = [
    elementwise("exp", F.exp, np.exp, X),
    elementwise("log", F.log, np.log, P),
    elementwise("sqrt", F.sqrt, np.sqrt, P),
    elementwise("square", F.square, np.square, X),
    elementwise("abs", F.abs, np.abs, X),
    elementwise("clip", lambda x: F.clip(x, -1, 1.25), lambda x: np.clip(x, -1, 1.25), X),
    elementwise("clip low", lambda x: F.clip(x, 0.25), lambda x: np.maximum(x, 0.25), X),
    elementwise("clip high", lambda x: F.clip(x, high=0.25), lambda x: np.minimum(x, 0.25), X),
    elementwise("power of arrays", F.power, np.power, P, Y),
    elementwise("power of a number", lambda p: F.power(2.0, p), np.exp2, X),
    elementwise("power to a number", lambda x: F.power(x, 1.5), lambda x: x * np.sqrt(x), P),
    elementwise("maximum", F.maximum, np.maximum, X, Y),
    elementwise("maximum with a number", lambda x: F.maximum(x, 0.25), lambda x: np.maximum(x, 0.25), X),
    elementwise("minimum", F.minimum, np.minimum, X, Y),
    elementwise("minimum with a number", lambda x: F.minimum(0.25, x), lambda x: np.minimum(x, 0.25), X),
    Case("maximum broadcast", F.maximum, (COLUMN, ROW), np.maximum),
    Case("minimum broadcast", F.minimum, (ROW, COLUMN), np.minimum, (1,)),
    Case("power broadcast", F.power, (positive(3, 1), ROW), np.power),
    Case("where", lambda a, b: F.where(EVEN, a, b), (X, Y), lambda a, b: np.where(EVEN, a, b), ()),
    Case("where broadcast", lambda a, b: F.where(EVEN, a, b), (COLUMN, ROW), lambda a, b: np.where(EVEN, a, b), ()),
    elementwise("where with a number", lambda x: F.where(x.data > 0, x, 0.5), lambda x: np.where(x > 0, x, 0.5), X),
]

ACTIVATION = [
    elementwise("relu", F.relu, lambda x: x * (x > 0), X),
    elementwise("leaky_relu", F.leaky_relu, lambda x: np.where(x > 0, x, x / 100), X),
    elementwise("leaky_relu slope", lambda x: F.leaky_relu(x, 0.3), lambda x: np.where(x > 0, x, x * 0.3), X),
    elementwise("sigmoid", F.sigmoid, special.expit, X),
    elementwise("tanh", F.tanh, np.tanh, X),
    elementwise("softplus", F.softplus, lambda x: np.logaddexp(0, x), X),
    Case("softmax", F.softmax, (X,), lambda x: special.softmax(x, -1)),
    Case("softmax of images", lambda x: F.softmax(x, axis=1), (CUBE,), lambda x: special.softmax(x, 1)),
    Case("softmax over rows", lambda x: F.softmax(x, axis=0), (X,), lambda x: special.softmax(x, 0), ()),
    Case("log_softmax", F.log_softmax, (X,), lambda x: special.log_softmax(x, -1)),
    Case("log_softmax of images", lambda x: F.log_softmax(x, axis=1), (CUBE,), lambda x: special.log_softmax(x, 1)),
]


def reductions():
    """Each reduction over one axis, several, all, and with keepdims."""
    references = {
        "sum": np.sum,
        "mean": np.mean,
        "max": np.max,
        "min": np.min,
        "var": np.var,
        "std": np.std,
        "logsumexp": lambda x, **options: np.log(np.exp(x).sum(**options)),
    }
    axes = [None, 0, -1, (0, 2), (-1, 1)]
    for (name, reference), axis, keepdims in itertools.product(references.items(), axes, (False, True)):
        options = {"axis": axis, "keepdims": keepdims}
        function = getattr(F, name)
        rows_stay = axis in (-1, (-1, 1))
        yield Case(
            f"{name} over {axis}{', keepdims' * keepdims}",
            lambda x, function=function, options=options: function(x, **options),
            (CUBE,),
            lambda x, reference=reference, options=options: reference(x, **options),
            (0,) if rows_stay or name == "sum" else (),
        )


REDUCTION = [
    *reductions(),
    Case("var ddof", lambda x: F.var(x, 0, ddof=1), (X,), lambda x: np.var(x, 0, ddof=1), ()),
    Case("std ddof", lambda x: F.std(x, 1, ddof=1), (X,), lambda x: np.std(x, 1, ddof=1)),
]

SHAPE = [
    Case("reshape", lambda x: F.reshape(x, (-1, 2)), (X,), lambda x: x.reshape(-1, 2)),
    Case("reshape to no axes", lambda x: F.reshape(x, ()), (spread(1, 1) + 1,), lambda x: x.reshape(()), ()),
    Case("transpose", F.transpose, (CUBE,), np.transpose),
    Case("transpose axes", lambda x: F.transpose(x, (1, 2, 0)), (spread(3, 3, 3),), lambda x: x.transpose(1, 2, 0)),
    Case("transpose negative", lambda x: F.transpose(x, (-1, 0, 1)), (CUBE,), lambda x: x.transpose(2, 0, 1)),
    Case("moveaxis", lambda x: F.moveaxis(x, 0, -1), (CUBE,), lambda x: np.moveaxis(x, 0, -1)),
    Case(
        "moveaxis several", lambda x: F.moveaxis(x, (0, 1), (2, 0)), (CUBE,), lambda x: np.moveaxis(x, (0, 1), (2, 0))
    ),
    Case("flatten", F.flatten, (CUBE,), lambda x: x.reshape(len(x), 12)),
    Case("flatten all", lambda x: F.flatten(x, 0), (CUBE,), np.ravel),
    Case("squeeze", F.squeeze, (spread(2, 1, 3, 1),), np.squeeze),
    Case("squeeze axis", lambda x: F.squeeze(x, -1), (spread(2, 1, 3, 1),), lambda x: np.squeeze(x, -1)),
    Case("expand_dims", lambda x: F.expand_dims(x, 1), (X,), lambda x: np.expand_dims(x, 1)),
    Case("expand_dims several", lambda x: F.expand_dims(x, (0, -1)), (X,), lambda x: np.expand_dims(x, (0, -1))),
    Case(
        "broadcast_to", lambda x: F.broadcast_to(x, (2, 3, 4)), (COLUMN,), lambda x: np.broadcast_to(x, (2, 3, 4)), ()
    ),
    Case("concatenate", lambda *xs: F.concatenate(xs), (X, X[:1] + 1, Y), lambda *xs: np.concatenate(xs), (0, 1, 2)),
    Case("concatenate columns", lambda *xs: F.concatenate(xs, -1), (X, COLUMN), lambda *xs: np.hstack(xs), (0, 1)),
    Case("concatenate itself", lambda x: F.concatenate([x, x]), (X,), lambda x: np.concatenate([x, x])),
    Case("stack", lambda *xs: F.stack(xs), (X, Y), lambda *xs: np.stack(xs), (0, 1)),
    Case("stack last", lambda *xs: F.stack(xs, -1), (X, Y), lambda *xs: np.stack(xs, -1), (0, 1)),
    Case("split", lambda x: F.split(x, 2, 1)[0] * F.split(x, 2, 1)[1], (X,), lambda x: x[:, :2] * x[:, 2:]),
    Case("split, an unused part", lambda x: F.split(x, [1, 3], -1)[1], (X,), lambda x: x[:, 1:3]),
    Case(
        "pad",
        lambda x: F.pad(x, ((1, 0), (0, 2)), value=0.5),
        (X,),
        lambda x: np.pad(x, ((1, 0), (0, 2)), constant_values=0.5),
    ),
    Case("take", lambda x: F.take(x, [0, 2, 2], axis=1), (X,), lambda x: np.take(x, [0, 2, 2], axis=1)),
    Case("take a matrix", lambda x: F.take(x, [[0, 2], [2, 1]], axis=0), (X,), lambda x: x[[[0, 2], [2, 1]]], ()),
    Case("take of all", lambda x: F.take(x, [11, 0, 0]), (X,), lambda x: x.ravel()[[11, 0, 0]], ()),
]

LINALG = [
    Case("matmul", F.matmul, (X, spread(4, 2)), np.matmul),
    Case("matmul row", F.matmul, (ROW, spread(4, 2)), np.matmul, ()),
    Case("matmul column", F.matmul, (X, ROW), np.matmul),
    Case("matmul vectors", F.matmul, (ROW, spread(4)), np.matmul, ()),
    Case("matmul stack by matrix", F.matmul, (CUBE, spread(4, 2)), np.matmul),
    Case("matmul matrix by stack", F.matmul, (X, spread(2, 4, 3)), np.matmul, (1,)),
    Case("matmul stacks", F.matmul, (CUBE, spread(2, 4, 2)), np.matmul, (0, 1)),
    Case("matmul broadcast stacks", F.matmul, (spread(2, 1, 2, 3), spread(3, 3, 2)), np.matmul),
    Case("matmul row by stack", F.matmul, (spread(3), CUBE), np.matmul, (1,)),
    Case("matmul stack by column", F.matmul, (CUBE, ROW), np.matmul),
    Case("linear", F.linear, (X, spread(4, 2), spread(2)), lambda x, w, b: np.einsum("ni,io->no", x, w) + b),
    Case("linear without bias", F.linear, (X, spread(4, 2)), np.dot),
    Case("linear of a vector", F.linear, (ROW, spread(4, 2), spread(2)), lambda x, w, b: np.dot(x, w) + b, ()),
    Case("linear of a stack", F.linear, (CUBE, spread(4, 2), spread(2)), lambda x, w, b: np.dot(x, w) + b),
]


MASK = (np.random.default_rng(7).random((3, 4), np.float32) >= 0.4) / 0.6

DROPOUT = [
    Case(
        "dropout",
        lambda x: F.dropout(x, 0.4, rng=np.random.default_rng(7)),
        (X,),
        lambda x: x * MASK[: len(x)],
    ),
]

CLASSES = np.array([1, 3, 0])
DISTRIBUTIONS = special.softmax(spread(3, 4, seed=5), axis=1)


def cross_entropy(targets, weights, reduce):
    """Σ of −target · log softmax of each row, weighted and reduced."""
    return lambda x: reduce(-(targets[: len(x)] * special.log_softmax(x, 1)).sum(1) * weights)


def classified(labels, **options):
    return lambda x: F.softmax_cross_entropy(x, labels[: len(x)], **options)


ONE_HOT = np.eye(4)[CLASSES]

LOSS = [
    Case("softmax_cross_entropy", classified(CLASSES), (X,), cross_entropy(ONE_HOT, 1, np.mean), ()),
    Case("softmax_cross_entropy sum", classified(CLASSES, reduction="sum"), (X,), cross_entropy(ONE_HOT, 1, np.sum)),
    Case(
        "softmax_cross_entropy none", classified(CLASSES, reduction="none"), (X,), cross_entropy(ONE_HOT, 1, np.array)
    ),
    Case("softmax_cross_entropy one-hot", classified(ONE_HOT), (X,), cross_entropy(ONE_HOT, 1, np.mean), ()),
    Case(
        "softmax_cross_entropy distributions",
        classified(DISTRIBUTIONS, reduction="none"),
        (X,),
        cross_entropy(DISTRIBUTIONS, 1, np.array),
    ),
    Case(
        "softmax_cross_entropy ignored",
        classified(CLASSES, ignore_label=3),
        (X,),
        cross_entropy(ONE_HOT, np.array([0.5, 0, 0.5]), np.sum),
        (),
    ),
    Case(
        "softmax_cross_entropy smoothed",
        classified(CLASSES, label_smoothing=0.2),
        (X,),
        cross_entropy(0.8 * ONE_HOT + 0.05, 1, np.mean),
        (),
    ),
    Case("mean_squared_error", F.mean_squared_error, (X, Y), lambda x, t: ((x - t) ** 2).mean(), ()),
    Case(
        "mean_squared_error sum",
        lambda x, t: F.mean_squared_error(x, t, reduction="sum"),
        (X, Y),
        lambda x, t: ((x - t) ** 2).sum(),
        (0, 1),
    ),
    Case(
        "mean_squared_error none",
        lambda x, t: F.mean_squared_error(x, t, reduction="none"),
        (X, Y),
        lambda x, t: (x - t) ** 2,
        (0, 1),
    ),
]

CASES = [*ELEMENTWISE, *ACTIVATION, *REDUCTION, *SHAPE, *LINALG, *DROPOUT, *LOSS]
