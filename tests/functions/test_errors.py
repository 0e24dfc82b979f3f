"""A wrong call is a ValueError or a TypeError that names the function, the argument and the shapes."""

from functools import partial

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F


def ones(*shape):
    return mg.Variable(np.ones(shape, np.float32))


IMAGES, FILTERS = ones(2, 3, 8, 8), ones(4, 3, 3, 3)

CALLS = {
    # Shapes that do not fit: the function, and both shapes
    "add": (lambda: ones(2, 3) + ones(4), ["add", "(2, 3)", "(4,)"]),
    "add array": (lambda: np.ones((2, 3)) + ones(4), ["add", "(2, 3)", "(4,)"]),
    "sub": (lambda: ones(2, 3) - ones(2), ["sub", "(2, 3)", "(2,)"]),
    "mul": (lambda: ones(2, 3) * ones(3, 2), ["mul", "(2, 3)", "(3, 2)"]),
    "div": (lambda: ones(2) / ones(3), ["div", "(2,)", "(3,)"]),
    "pow": (lambda: ones(2) ** ones(3), ["pow", "(2,)", "(3,)"]),
    "power": (lambda: F.power(ones(2), ones(3)), ["power", "(2,)", "(3,)"]),
    "maximum": (lambda: F.maximum(ones(2), ones(3)), ["maximum", "(2,)", "(3,)"]),
    "minimum": (lambda: F.minimum(ones(2), np.ones(3)), ["minimum", "(2,)", "(3,)"]),
    "where": (lambda: F.where(np.ones(4) > 0, ones(2), 0), ["where", "(4,)", "(2,)"]),
    "matmul": (lambda: ones(2, 3) @ ones(2, 3), ["matmul", "(2, 3) float32 and (2, 3) float32"]),
    "matmul vectors": (lambda: F.matmul(ones(3), ones(2)), ["matmul", "(3,)", "(2,)"]),
    "matmul stacks": (lambda: ones(2, 2, 3) @ ones(3, 3, 2), ["matmul", "(2, 2, 3)", "(3, 3, 2)"]),
    "matmul scalar": (lambda: ones(3) @ ones(), ["matmul", "(3,)", "()"]),
    "matmul number": (lambda: 2.0 @ ones(3), ["matmul", "()", "(3,)"]),
    "linear": (lambda: F.linear(ones(2, 3), ones(2, 4)), ["linear", "x (2, 3)", "w (2, 4)"]),
    "linear b": (lambda: F.linear(ones(2, 3), ones(3, 4), ones(3)), ["linear", "b (3,)", "w (3, 4)"]),
    "linear b row": (lambda: F.linear(ones(2, 3), ones(3, 4), ones(1, 4)), ["linear", "b (1, 4)", "w (3, 4)"]),
    "linear w": (lambda: F.linear(ones(2, 3), ones(3)), ["linear", "x (2, 3)", "w (3,)"]),
    "linear scalar": (lambda: F.linear(ones(), ones(1, 1)), ["linear", "x ()", "w (1, 1)"]),
    "conv2d channels": (
        lambda: F.conv2d(IMAGES, ones(4, 5, 3, 3)),
        ["conv2d", "3 channels", "5", "x (2, 3, 8, 8) float32", "w (4, 5, 3, 3) float32"],
    ),
    "conv_relu_pool channels": (
        lambda: F.conv_relu_pool(IMAGES, ones(4, 5, 3, 3)),
        ["conv_relu_pool", "3 channels", "5", "x (2, 3, 8, 8) float32", "w (4, 5, 3, 3) float32"],
    ),
    "conv_relu_pool pool": (
        lambda: F.conv_relu_pool(IMAGES, FILTERS, pool=7),
        ["conv_relu_pool", "7×7", "the convolution of x (2, 3, 8, 8) float32"],
    ),
    "conv2d groups": (
        lambda: F.conv2d(IMAGES, FILTERS, groups=2),
        ["conv2d", "groups=2", "(2, 3, 8, 8)", "(4, 3, 3, 3)"],
    ),
    "conv2d groups channels": (lambda: F.conv2d(IMAGES, ones(3, 3, 3, 3), groups=3), ["conv2d", "3 channels", "9"]),
    "conv2d b": (lambda: F.conv2d(IMAGES, FILTERS, ones(3)), ["conv2d", "b (3,)", "w (4, 3, 3, 3)"]),
    "conv2d b scalar": (lambda: F.conv2d(IMAGES, FILTERS, 1.0), ["conv2d", "b ()", "w (4, 3, 3, 3)"]),
    "conv2d x": (lambda: F.conv2d(ones(3, 8, 8), FILTERS), ["conv2d", "x", "(N, C, H, W)", "(3, 8, 8)"]),
    "conv2d w": (lambda: F.conv2d(IMAGES, ones(4, 3)), ["conv2d", "w (4, 3)", "x (2, 3, 8, 8)"]),
    "conv2d no filters": (lambda: F.conv2d(IMAGES, ones(0, 3, 2, 2)), ["conv2d", "w (0, 3, 2, 2)"]),
    "conv2d size": (lambda: F.conv2d(ones(1, 1, 3, 3), ones(1, 1, 4, 4)), ["conv2d", "4×4", "x (1, 1, 3, 3)"]),
    "conv2d dilated size": (
        lambda: F.conv2d(ones(1, 1, 3, 3), ones(1, 1, 2, 2), dilation=3),
        ["conv2d", "4×4", "x (1, 1, 3, 3)", "dilation"],
    ),
    "conv1d channels": (lambda: F.conv1d(ones(2, 3, 8), ones(4, 5, 3)), ["conv1d", "x (2, 3, 8)", "w (4, 5, 3)"]),
    "conv_transpose2d channels": (
        lambda: F.conv_transpose2d(IMAGES, FILTERS),
        ["conv_transpose2d", "3 channels", "4", "x (2, 3, 8, 8) float32", "w (4, 3, 3, 3) float32"],
    ),
    "upsample2d x": (lambda: F.upsample2d(ones(3, 3), 2), ["upsample2d", "x", "(N, C, H, W)", "(3, 3)"]),
    "global_avg_pool2d x": (lambda: F.global_avg_pool2d(ones(3, 3)), ["global_avg_pool2d", "x", "(3, 3)"]),
    "batch_norm w": (lambda: F.batch_norm(IMAGES, ones(8)), ["batch_norm", "w (8,)", "(3,)", "x (2, 3, 8, 8)"]),
    "layer_norm w": (lambda: F.layer_norm(ones(2, 3), ones(2)), ["layer_norm", "w (2,)", "(3,)", "x (2, 3)"]),
    "group_norm groups": (lambda: F.group_norm(IMAGES, groups=2), ["group_norm", "groups=2", "x (2, 3, 8, 8)"]),
    "scaled_dot_product_attention lengths": (
        lambda: F.scaled_dot_product_attention(ones(2, 3), ones(2, 4), ones(2, 4)),
        ["scaled_dot_product_attention", "q (2, 3)", "k (2, 4)", "v (2, 4)"],
    ),
    "max_pool2d size": (lambda: F.max_pool2d(ones(1, 1, 3, 3), 4), ["max_pool2d", "4×4", "x (1, 1, 3, 3)"]),
    "avg_pool2d size": (lambda: F.avg_pool2d(ones(1, 1, 3, 3), (1, 4)), ["avg_pool2d", "1×4", "x (1, 1, 3, 3)"]),
    "max_pool2d x": (lambda: F.max_pool2d(ones(3, 3), 2), ["max_pool2d", "x", "(3, 3)"]),
    "avg_pool2d x": (lambda: F.avg_pool2d(ones(3, 3), 2), ["avg_pool2d", "x", "(3, 3)"]),
    "concatenate": (lambda: F.concatenate([ones(2, 3), ones(3, 2)]), ["concatenate", "(2, 3)", "xs[1] (3, 2)"]),
    "concatenate ndim": (lambda: F.concatenate([ones(2), ones(2, 1)]), ["concatenate", "(2,)", "xs[1] (2, 1)"]),
    "concatenate scalars": (lambda: F.concatenate([ones(), ones()]), ["concatenate", "axis 0", "0 dimensions"]),
    "concatenate nothing": (lambda: F.concatenate([]), ["concatenate", "xs", "empty"]),
    "stack": (lambda: F.stack([ones(2), ones(3)]), ["stack", "(2,)", "xs[1] (3,)"]),
    "stack nothing": (lambda: F.stack([]), ["stack", "xs", "empty"]),
    "stack axis": (lambda: F.stack([ones(2), ones(2)], 3), ["stack", "axis 3"]),
    "reshape": (lambda: F.reshape(ones(2, 3), (4,)), ["reshape", "(2, 3)", "(4,)"]),
    "reshape -1": (lambda: ones(2, 3).reshape(-1, -1), ["reshape", "(2, 3)", "(-1, -1)"]),
    "broadcast_to": (lambda: F.broadcast_to(ones(2), (3,)), ["broadcast_to", "(2,)", "(3,)"]),
    "broadcast_to -1": (lambda: F.broadcast_to(ones(2, 1), (2, -1)), ["broadcast_to", "(2, 1)", "(2, -1)"]),
    "broadcast_to int": (lambda: F.broadcast_to(ones(2), 3), ["broadcast_to", "3"]),
    "sum_to": (lambda: ones(2, 3).sum_to((2, 2)), ["sum_to", "(2, 3)", "(2, 2)"]),
    "mean_squared_error": (lambda: F.mean_squared_error(ones(3, 1), ones(3)), ["mean_squared_error", "(3, 1)", "(3,)"]),
    "softmax_cross_entropy": (
        lambda: F.softmax_cross_entropy(ones(3, 4), np.zeros(4, int)),
        ["softmax_cross_entropy", "logits (3, 4)", "labels (4,)"],
    ),
    "softmax_cross_entropy column": (
        lambda: F.softmax_cross_entropy(ones(3, 4), np.zeros((3, 1), int)),
        ["softmax_cross_entropy", "logits (3, 4)", "labels (3, 1)"],
    ),
    "softmax_cross_entropy logits": (
        lambda: F.softmax_cross_entropy(ones(3), np.zeros(3, int)),
        ["softmax_cross_entropy", "logits", "(3,)"],
    ),
    "softmax_cross_entropy no classes": (
        lambda: F.softmax_cross_entropy(ones(3, 0), np.zeros(3, int)),
        ["softmax_cross_entropy", "logits", "(3, 0)"],
    ),
    # Axes
    "sum": (lambda: F.sum(ones(2, 3), 2), ["sum", "axis 2", "2 dimensions"]),
    "mean": (lambda: F.mean(ones(2, 3), -3), ["mean", "axis -3", "2 dimensions"]),
    "max": (lambda: F.max(ones(2, 3), (0, 0)), ["max", "axis (0, 0)", "twice"]),
    "min": (lambda: F.min(ones(2, 3), (1, -1)), ["min", "axis (1, -1)", "twice"]),
    "var": (lambda: F.var(ones(2), 1), ["var", "axis 1"]),
    "std": (lambda: F.std(ones(2), 1), ["std", "axis 1"]),
    "std ddof": (lambda: F.std(ones(2), ddof=2), ["std", "ddof=2", "(2,)"]),
    "sum float": (lambda: F.sum(ones(2), 0.5), ["sum", "axis", "0.5"]),
    "max of nothing": (lambda: F.max(ones(0, 3)), ["max", "(0, 3)"]),
    "min of nothing": (lambda: F.min(ones(2, 0), 1), ["min", "axis 1", "(2, 0)"]),
    "logsumexp of nothing": (lambda: F.logsumexp(ones(0, 3), 0), ["logsumexp", "axis 0", "(0, 3)"]),
    "softmax": (lambda: F.softmax(ones(2), 1), ["softmax", "axis 1"]),
    "softmax of a scalar": (lambda: F.softmax(ones()), ["softmax", "axis -1", "0 dimensions"]),
    "log_softmax": (lambda: F.log_softmax(ones(2), -2), ["log_softmax", "axis -2"]),
    "transpose": (lambda: F.transpose(ones(2, 3), (0, 0)), ["transpose", "axes (0, 0)", "twice"]),
    "transpose too few": (lambda: ones(2, 3).transpose(0), ["transpose", "axes (0,)", "(2, 3)"]),
    "transpose range": (lambda: F.transpose(ones(2, 3), (0, 2)), ["transpose", "axes 2"]),
    "swapaxes": (lambda: ones(2, 3).swapaxes(0, 2), ["swapaxes", "axis 2"]),
    "moveaxis": (lambda: F.moveaxis(ones(2, 3), 0, 2), ["moveaxis", "destination 2"]),
    "moveaxis count": (lambda: F.moveaxis(ones(2, 3), (0, 1), 0), ["moveaxis", "(0, 1)", "0"]),
    "squeeze": (lambda: F.squeeze(ones(2, 1), 0), ["squeeze", "axis 0", "(2, 1)"]),
    "expand_dims": (lambda: F.expand_dims(ones(2), 3), ["expand_dims", "axis 3"]),
    "flatten": (lambda: F.flatten(ones(2), 2), ["flatten", "start_axis 2", "(2,)"]),
    "take axis": (lambda: F.take(ones(2), [0], axis=1), ["take", "axis 1"]),
    "split axis": (lambda: F.split(ones(2), 2, axis=1), ["split", "axis 1"]),
    # Parameters
    "split": (lambda: F.split(ones(4), 3), ["split", "(4,)", "3"]),
    "split 0": (lambda: F.split(ones(4), 0), ["split", "(4,)", "0"]),
    "split float": (lambda: F.split(ones(4), 2.0), ["split", "2.0"]),
    "prod": (lambda: F.prod(ones(2, 3), 2), ["prod", "axis 2"]),
    "norm ord": (lambda: F.norm(ones(2, 3), 3, 0), ["norm", "ord", "1, 2, inf", "not 3"]),
    "norm axis": (lambda: F.norm(ones(2, 3), axis=2), ["norm", "axis 2"]),
    "norm of a matrix": (lambda: F.norm(ones(2, 3), 2), ["norm", "ord 2", "one axis", "(2, 3)"]),
    "norm of vectors": (lambda: F.norm(ones(2, 3), "fro", 0), ["norm", "'fro'", "two axes", "(2, 3)"]),
    "norm of nothing": (lambda: F.norm(ones(0, 3), np.inf, 0), ["norm", "axis 0", "(0, 3)"]),
    "cumsum": (lambda: F.cumsum(ones(2), 1), ["cumsum", "axis 1"]),
    "argmax": (lambda: F.argmax(ones(2), 1), ["argmax", "axis 1"]),
    "argmax of nothing": (lambda: F.argmax(ones(0, 3), 0), ["argmax", "axis 0", "(0, 3)"]),
    "argmin": (lambda: F.argmin(ones(2), keepdims="no"), ["argmin", "keepdims", "'no'"]),
    "argmin of nothing": (lambda: F.argmin(ones(0)), ["argmin", "(0,)"]),
    "argsort": (lambda: F.argsort(ones(2), 1), ["argsort", "axis 1"]),
    "sort": (lambda: F.sort(ones(2, 3), -3), ["sort", "axis -3"]),
    "topk": (lambda: F.topk(ones(2, 3), 4), ["topk", "k 4", "3 elements", "axis 1", "(2, 3)"]),
    "topk negative": (lambda: F.topk(ones(2), -1), ["topk", "k ", "-1"]),
    "topk float": (lambda: F.topk(ones(2), 1.0), ["topk", "k ", "1.0"]),
    "topk axis": (lambda: F.topk(ones(2), 1, 1), ["topk", "axis 1"]),
    "topk largest": (lambda: F.topk(ones(2), 1, largest=1), ["topk", "largest", "1"]),
    "einsum": (lambda: F.einsum("ij,jk", ones(2, 3), ones(2, 4)), ["einsum", "'ij,jk'", "(2, 3)", "(2, 4)"]),
    "dot": (lambda: F.dot(ones(2, 3), ones(2, 3)), ["dot", "axes (1,) of a and (0,) of b", "a (2, 3)", "b (2, 3)"]),
    "inner": (lambda: F.inner(ones(2, 3), ones(2)), ["inner", "axes (1,) of a and (0,) of b", "a (2, 3)", "b (2,)"]),
    "outer": (lambda: F.outer(ones(2), "b"), ["str"]),
    "tensordot": (lambda: F.tensordot(ones(2, 3), ones(3, 2)), ["tensordot", "(0, 1)", "a (2, 3)", "b (3, 2)"]),
    "tensordot number": (lambda: F.tensordot(ones(2), ones(2)), ["tensordot", "2 axes", "a (2,)", "b (2,)"]),
    "tensordot pair": (lambda: F.tensordot(ones(2), ones(2), [0]), ["tensordot", "axes", "pair", "[0]"]),
    "tensordot counts": (
        lambda: F.tensordot(ones(2, 2), ones(2, 2), ([0, 1], [0])),
        ["tensordot", "(0, 1) of a and (0,) of b"],
    ),
    "tensordot axis": (lambda: F.tensordot(ones(2), ones(2), (0, 1)), ["tensordot", "axes 1"]),
    "tensordot twice": (lambda: F.tensordot(ones(2, 2), ones(2, 2), ([0, 0], [0, 1])), ["tensordot", "(0, 0)"]),
    "tensordot float": (lambda: F.tensordot(ones(2), ones(2), 1.0), ["tensordot", "axes", "1.0"]),
    "flip": (lambda: F.flip(ones(2), 1), ["flip", "axis 1"]),
    "roll": (lambda: F.roll(ones(2, 3), (1, 2), 0), ["roll", "(1, 2)", "axes 0"]),
    "roll float": (lambda: F.roll(ones(2), 0.5), ["roll", "shift", "0.5"]),
    "roll axis": (lambda: F.roll(ones(2), 1, 1), ["roll", "axis 1"]),
    "repeat": (lambda: F.repeat(ones(2, 3), [1, 2], 1), ["repeat", "axis 1", "(2, 3)", "not 2"]),
    "repeat negative": (lambda: F.repeat(ones(2), -1), ["repeat", "repeats", "-1"]),
    "repeat float": (lambda: F.repeat(ones(2), 1.5), ["repeat", "repeats", "1.5"]),
    "repeat axis": (lambda: F.repeat(ones(2), 1, 1), ["repeat", "axis 1"]),
    "tile": (lambda: F.tile(ones(2), (2, -1)), ["tile", "reps", "-1"]),
    "tile float": (lambda: F.tile(ones(2), 1.5), ["tile", "reps", "1.5"]),
    "unfold x": (lambda: F.unfold(ones(3, 3), 2), ["unfold", "x", "(3, 3)"]),
    "unfold size": (lambda: F.unfold(ones(1, 1, 3, 3), 2, dilation=3), ["unfold", "4×4", "x (1, 1, 3, 3)"]),
    "unfold kernel": (lambda: F.unfold(IMAGES, 0), ["unfold", "kernel", "0"]),
    "unfold stride": (lambda: F.unfold(IMAGES, 2, stride=(1, 0)), ["unfold", "stride", "(1, 0)"]),
    "unfold pad": (lambda: F.unfold(IMAGES, 2, pad=-1), ["unfold", "pad", "-1"]),
    "unfold dilation": (lambda: F.unfold(IMAGES, 2, dilation=1.5), ["unfold", "dilation", "1.5"]),
    "fold": (lambda: F.fold(ones(1, 1, 2, 2, 3, 3), 5), ["fold", "(5, 5)", "(4, 4)", "y", "(1, 1, 2, 2, 3, 3)"]),
    "fold y": (lambda: F.fold(ones(1, 4, 9), 4), ["fold", "y", "(1, 4, 9)"]),
    "fold size": (lambda: F.fold(ones(1, 1, 2, 2, 3, 3), (1, 5)), ["fold", "2×2", "images (1, 5)"]),
    "fold no window": (lambda: F.fold(ones(1, 1, 0, 2, 3, 3), 4), ["fold", "y", "(1, 1, 0, 2, 3, 3)"]),
    "fold words": (lambda: F.fold(ones(1, 1, 2, 2, 3, 3), "4"), ["fold", "size", "'4'"]),
    "take_along_axis": (
        lambda: F.take_along_axis(ones(2, 3), np.zeros((3, 1), int), 1),
        ["take_along_axis", "axis 1", "x (2, 3)", "indices (3, 1)"],
    ),
    "take_along_axis axes": (
        lambda: F.take_along_axis(ones(2, 3), np.zeros(2, int), 1),
        ["take_along_axis", "as many axes", "indices (2,)"],
    ),
    "take_along_axis float": (
        lambda: F.take_along_axis(ones(2), np.zeros(1), 0),
        ["take_along_axis", "indices", "float64"],
    ),
    "take_along_axis axis": (lambda: F.take_along_axis(ones(2), [0], 1), ["take_along_axis", "axis 1"]),
    "embedding float": (lambda: F.embedding(ones(2), ones(3, 2)), ["embedding", "x", "float32"]),
    "embedding w": (lambda: F.embedding([0], ones(3)), ["embedding", "w", "(3,)"]),
    "take float": (lambda: F.take(ones(4), [1.0]), ["take", "indices", "float64"]),
    "take bool": (lambda: F.take(ones(2), [True, False]), ["take", "indices", "bool"]),
    "pad": (lambda: F.pad(ones(2), ((1, 1), (1, 1))), ["pad", "width", "(2,)"]),
    "pad negative": (lambda: F.pad(ones(2), ((1, -1),)), ["pad", "width", "-1"]),
    "pad int": (lambda: F.pad(ones(2), 1), ["pad", "width"]),
    "pad pair": (lambda: F.pad(ones(2), (1, 1)), ["pad", "width"]),
    "pad triple": (lambda: F.pad(ones(2), ((1, 1, 1),)), ["pad", "width"]),
    "pad float": (lambda: F.pad(ones(2), ((1, 0.5),)), ["pad", "width"]),
    "clip": (lambda: F.clip(ones(2), 2, 1), ["clip", "low 2", "high 1"]),
    "clip array": (lambda: F.clip(ones(2), np.zeros(2), 1), ["clip", "low", "ndarray"]),
    "clip Variable": (lambda: F.clip(ones(2), 0, ones(2)), ["clip", "high", "Variable"]),
    "conv2d stride": (lambda: F.conv2d(IMAGES, FILTERS, stride=0), ["conv2d", "stride", "0"]),
    "conv2d stride float": (lambda: F.conv2d(IMAGES, FILTERS, stride=1.5), ["conv2d", "stride", "1.5"]),
    "conv2d stride triple": (lambda: F.conv2d(IMAGES, FILTERS, stride=(1, 2, 3)), ["conv2d", "stride", "(1, 2, 3)"]),
    "conv2d pad": (lambda: F.conv2d(IMAGES, FILTERS, pad=-1), ["conv2d", "pad", "-1"]),
    "conv2d pad word": (lambda: F.conv2d(IMAGES, FILTERS, pad="valid"), ["conv2d", "pad", "'valid'", '"same"']),
    "conv2d pad None": (lambda: F.conv2d(IMAGES, FILTERS, pad=None), ["conv2d", "pad", "None"]),
    "conv2d dilation": (lambda: F.conv2d(IMAGES, FILTERS, dilation=(1, 0)), ["conv2d", "dilation", "(1, 0)"]),
    "conv2d groups 0": (lambda: F.conv2d(IMAGES, FILTERS, groups=0), ["conv2d", "groups=0"]),
    "conv2d groups float": (lambda: F.conv2d(IMAGES, FILTERS, groups=1.5), ["conv2d", "groups", "1.5"]),
    "max_pool2d kernel": (lambda: F.max_pool2d(IMAGES, 0), ["max_pool2d", "kernel", "0"]),
    "max_pool2d kernel float": (lambda: F.max_pool2d(IMAGES, 2.0), ["max_pool2d", "kernel", "2.0"]),
    "max_pool2d stride": (lambda: F.max_pool2d(IMAGES, 2, stride=0), ["max_pool2d", "stride", "0"]),
    "max_pool2d pad": (lambda: F.max_pool2d(IMAGES, 2, pad=2), ["max_pool2d", "pad 2", "kernel 2"]),
    "avg_pool2d pad": (lambda: F.avg_pool2d(IMAGES, (2, 3), pad=2), ["avg_pool2d", "pad 2", "kernel (2, 3)"]),
    "dropout": (lambda: F.dropout(ones(2), 1.5), ["dropout", "p ", "1.5"]),
    "dropout negative": (lambda: F.dropout(ones(2), -0.1), ["dropout", "p ", "-0.1"]),
    "dropout NaN": (lambda: F.dropout(ones(2), float("nan")), ["dropout", "p ", "nan"]),
    "dropout word": (lambda: F.dropout(ones(2), "half"), ["dropout", "p ", "half"]),
    "dropout rng": (lambda: F.dropout(ones(2), rng=0), ["dropout", "rng", "0"]),
    "dropout integers": (lambda: F.dropout(np.ones(2, int)), ["dropout", "int64"]),
    "mean_squared_error reduction": (
        lambda: F.mean_squared_error(ones(2), ones(2), reduction="avg"),
        ["mean_squared_error", "reduction", "'avg'"],
    ),
    "softmax_cross_entropy reduction": (
        lambda: F.softmax_cross_entropy(ones(2, 3), np.zeros(2, int), reduction=None),
        ["softmax_cross_entropy", "reduction", "None"],
    ),
    "softmax_cross_entropy smoothing": (
        lambda: F.softmax_cross_entropy(ones(2, 3), np.zeros(2, int), label_smoothing=1.5),
        ["softmax_cross_entropy", "label_smoothing", "1.5"],
    ),
    "softmax_cross_entropy floats": (
        lambda: F.softmax_cross_entropy(ones(2, 3), np.zeros(2)),
        ["softmax_cross_entropy", "labels", "(2,) float64"],
    ),
    "softmax_cross_entropy bools": (
        lambda: F.softmax_cross_entropy(ones(2, 3), np.zeros(2, bool)),
        ["softmax_cross_entropy", "labels", "(2,) bool"],
    ),
    "softmax_cross_entropy integer logits": (
        lambda: F.softmax_cross_entropy(np.ones((2, 3), int), np.zeros(2, int)),
        ["softmax_cross_entropy", "logits", "(2, 3) int64"],
    ),
    "softmax_cross_entropy gradient": (
        lambda: F.softmax_cross_entropy(ones(1, 1), ones(1, 1)),
        ["softmax_cross_entropy", "labels", "detach"],
    ),
    "softmax_cross_entropy class weights' gradient": (
        lambda: F.softmax_cross_entropy(ones(1, 2), np.array([0]), class_weights=ones(2)),
        ["softmax_cross_entropy", "class_weights", "detach"],
    ),
    "softmax_cross_entropy sample weights' gradient": (
        lambda: F.softmax_cross_entropy(ones(1, 2), np.array([0]), sample_weights=ones(1)),
        ["softmax_cross_entropy", "sample_weights", "detach"],
    ),
    "binary_cross_entropy of logits": (
        lambda: F.binary_cross_entropy(np.array([0.5, -1.5]), np.array([1, 0])),
        [
            "binary_cross_entropy",
            "prediction",
            "probabilities, 0 to 1",
            "-1.5",
            "(2,) float64",
            "sigmoid_cross_entropy",
        ],
    ),
    "binary_cross_entropy of images as they are stored": (
        lambda: F.binary_cross_entropy(np.array([0.5, 0.5]), np.array([0, 255])),
        ["binary_cross_entropy", "target", "probabilities, 0 to 1", "255"],
    ),
    "sigmoid_cross_entropy of images as they are stored": (
        lambda: F.sigmoid_cross_entropy(np.array([0.5, 0.5]), np.array([0, 255])),
        ["sigmoid_cross_entropy", "target", "probabilities, 0 to 1", "255"],
    ),
    "kl_divergence of logits": (
        lambda: F.kl_divergence(np.array([[2.0, -1.0]]), np.array([[0.5, 0.5]])),
        ["kl_divergence", "prediction", "probabilities, 0 to 1", "(1, 2) float64", "softmax"],
    ),
    "kl_divergence of scores": (
        lambda: F.kl_divergence(np.array([[0.5, 0.5]]), np.array([[3.0, 1.0]])),
        ["kl_divergence", "target", "probabilities, 0 to 1"],
    ),
    "softmax_cross_entropy ignored distribution": (
        lambda: F.softmax_cross_entropy(ones(1, 2), np.array([[1, 0]]), ignore_label=0),
        ["softmax_cross_entropy", "ignore_label", "(1, 2)"],
    ),
    "softmax_cross_entropy smoothing None": (
        lambda: F.softmax_cross_entropy(ones(2, 3), np.zeros(2, int), label_smoothing=None),
        ["softmax_cross_entropy", "label_smoothing", "None"],
    ),
    "softmax_cross_entropy ignored word": (
        lambda: F.softmax_cross_entropy(ones(2, 3), np.zeros(2, int), ignore_label="none"),
        ["softmax_cross_entropy", "ignore_label", "none"],
    ),
    "leaky_relu": (lambda: F.leaky_relu(ones(2), None), ["leaky_relu", "slope", "None"]),
    "prelu": (lambda: F.prelu(ones(2, 3), ones(2)), ["prelu", "slope (2,) float32", "x (2, 3) float32"]),
    "prelu row": (lambda: F.prelu(ones(3), ones(3)), ["prelu", "slope (3,)", "x (3,)"]),
    "prelu column": (lambda: F.prelu(ones(2, 3), ones(3, 1)), ["prelu", "slope (3, 1)", "x (2, 3)"]),
    "elu": (lambda: F.elu(ones(2), "1"), ["elu", "alpha", "'1'"]),
    "elu infinite": (lambda: F.elu(ones(2), np.inf), ["elu", "alpha", "inf"]),
    "gelu": (lambda: F.gelu(ones(2), True), ["gelu", "approximate", '"none"', '"tanh"', "True"]),
    "gelu word": (lambda: F.gelu(ones(2), approximate="erf"), ["gelu", "approximate", "'erf'"]),
    "round": (lambda: F.round(ones(2), 0.5), ["round", "decimals", "0.5"]),
    "flatten None": (lambda: F.flatten(ones(2), None), ["flatten", "start_axis", "None"]),
    "item": (lambda: ones(2).item(), ["item", "(2,)"]),
    "to": (lambda: ones(2).to("gpu"), ["to", "device", "'gpu'"]),
}

LOSSES = [
    "binary_cross_entropy", "categorical_hinge", "cosine_similarity", "hinge", "huber", "kl_divergence", "logcosh",
    "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_logarithmic_error", "poisson",
    "sigmoid_cross_entropy", "squared_hinge",
]  # fmt: skip
CALLS |= {loss: (partial(getattr(F, loss), ones(3, 1), ones(3)), [loss, "(3, 1)", "(3,)"]) for loss in LOSSES}

FUNCTIONS_OF_ANYTHING = {
    "abs", "arccos", "arcsin", "arctan", "ceil", "cos", "cosh", "erf", "exp", "expm1", "floor", "hard_sigmoid",
    "hard_tanh", "log", "log10", "log1p", "log2", "reciprocal", "relu", "selu", "sigmoid", "sign", "silu", "sin",
    "sinh", "softplus", "softsign", "sqrt", "square", "tan", "tanh",
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_the_message_names(name):
    call, words = CALLS[name]
    with pytest.raises((ValueError, TypeError)) as error:
        call()
    message = str(error.value)
    assert [word for word in words if word not in message] == [], message


def test_every_function_that_has_wrong_calls_has_one_in_the_table():
    assert set(F.__all__) - FUNCTIONS_OF_ANYTHING - {name.split()[0] for name in CALLS} == set()


OF_ONE_ARRAY = [getattr(F, name) for name in sorted(FUNCTIONS_OF_ANYTHING)]
OF_ONE_ARRAY += [
    *(F.argmax, F.argmin, F.argsort, F.cumsum, F.flip, F.norm, F.prod, F.sort),
    *(lambda x: F.topk(x, 0), lambda x: F.tile(x, 2), lambda x: F.repeat(x, 2), lambda x: F.roll(x, 1)),
]
OF_ONE_ARRAY += [
    F.clip, F.dropout, F.elu, F.flatten, F.gelu, F.leaky_relu, F.log_softmax, F.logsumexp, F.max, F.mean, F.min,
    F.round, F.softmax, F.squeeze, F.std, F.sum, F.var,
]  # fmt: skip
OF_SEVERAL = [
    lambda x: F.conv2d(x, FILTERS),
    lambda x: F.conv2d(IMAGES, x),
    lambda x: F.conv2d(IMAGES, FILTERS, [x]),
    lambda x: F.conv_transpose2d(x, FILTERS),
    lambda x: F.upsample2d(x, 2),
    F.batch_norm,
    F.layer_norm,
    lambda x: F.scaled_dot_product_attention(ones(2, 3), x, ones(2, 3)),
    lambda x: F.linear(ones(2, 3), x),
    lambda x: F.matmul(x, ones(2)),
    *(lambda x, f=f: f(x, ones(2)) for f in (F.dot, F.inner, F.outer, F.tensordot)),
    lambda x: F.einsum("i,i", ones(2), x),
    lambda x: F.embedding([0], x),
    lambda x: F.embedding(x, ones(2, 2)),
    lambda x: F.maximum(x, ones(2)),
    lambda x: F.where(x, 1, 2),
    lambda x: F.prelu(x, 0.5),
    lambda x: F.prelu(ones(2), x),
    lambda x: F.concatenate([ones(2), x]),
    lambda x: F.mean_squared_error(ones(2), x),
    lambda x: F.softmax_cross_entropy(ones(1, 2), x),
]


@pytest.mark.parametrize("f", OF_ONE_ARRAY + OF_SEVERAL)
def test_what_is_no_number_is_an_error(f):
    for nonsense in ("words", object(), [[1.0], [1.0, 2.0]], {1: 2}, None):
        with pytest.raises((TypeError, ValueError)):
            f(nonsense)


def test_a_border_of_no_number():
    with pytest.raises(TypeError, match=r"^pad: value must be a number, not 'a'$"):
        F.pad(np.ones(2), [(1, 1)], value="a")


@pytest.mark.parametrize("name", ["var", "std"])
def test_a_ddof_of_no_number(name):
    with pytest.raises(TypeError, match=f"^{name}: ddof must be a number, not 'a'$"):
        getattr(F, name)(np.ones(2), ddof="a")
