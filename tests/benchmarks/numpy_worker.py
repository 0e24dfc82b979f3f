"""The floors: the bare matrix products of each training step, and the bare forward arithmetic of the chains."""

from functools import partial

import numpy as np
from protocol import chain_leaves, serve

# One layer: the rows, inner length and columns of its product, and whether its input needs a gradient.
DEEP_MNIST = [
    (50 * 28 * 28, 1 * 5 * 5, 32, False),  # every convolution as one product of the whole batch's im2col columns
    (50 * 14 * 14, 32 * 5 * 5, 64, True),
    (50, 64 * 7 * 7, 1024, True),
    (50, 1024, 10, True),
]
SIMPLE_CONV_NET = [(100 * 24 * 24, 1 * 5 * 5, 30, False), (100, 30 * 12 * 12, 100, True), (100, 100, 10, True)]
DENSE = [(32, 28 * 28, 128, False), (32, 128, 10, True)]


def products(layers):
    rng = np.random.default_rng(0)
    operands = []  # (left, right, out) of every product in the step
    for rows, inner, columns, input_gradient in layers:
        x, w, gy = (rng.random(shape, np.float32) for shape in ((rows, inner), (inner, columns), (rows, columns)))
        operands += [(x, w, np.empty_like(gy)), (x.T, gy, np.empty_like(w))]
        if input_gradient:
            operands.append((gy, w.T, np.empty_like(x)))

    def step():
        for left, right, out in operands:
            np.matmul(left, right, out=out)

    return step


def chain(operations, *, constants=False):
    leaves = chain_leaves()

    def step():
        y, a, b = leaves
        for _ in range(operations // 2):
            y = y * a
            y = y + b
        return float(y.sum())

    return step


serve(
    "NumPy",
    np.__version__,
    deep_mnist=partial(products, DEEP_MNIST),
    simple_conv_net=partial(products, SIMPLE_CONV_NET),
    dense=partial(products, DENSE),
    chain=chain,
)
