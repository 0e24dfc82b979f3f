"""One pass over flat arrays, where NumPy's expressions take several."""

from __future__ import annotations

import numpy as np

from minigrad.backend.compiled.shared import bounds, inner, shared

ROWS_OF_A_SUM, TOGETHER = 256, 8
"""How many rows add up to one number of a longer sum, and how many at once: one row may be no whole vectors."""


@shared
def masked(s, shares, x, mask, y):
    """x where the mask holds, else 0."""
    a, b = bounds(len(x), s, shares)
    x, mask, y = x[a:b], mask[a:b], y[a:b]
    for i in range(len(x)):
        value = x[i]
        y[i] = value if mask[i] else 0


@inner()
def clear(x, mask):
    """Zeros in x where the mask does not hold."""
    zero = x.dtype.type(0)
    for i in range(len(x)):  # one array: of two that may be the same, nothing can be said in advance
        number = x[i]
        x[i] = number if mask[i] else zero


@inner()
def relu_in_place(x, positive):
    """max(x, 0) in x, and where it was positive."""
    zero = x.dtype.type(0)
    for i in range(len(x)):
        number = x[i]
        positive[i] = number > 0
        x[i] = zero if number <= 0 else number  # a NaN stays one


@shared
def relu(s, shares, x, y, positive):
    """max(x, 0), and where x is positive; a NaN stays one."""
    a, b = bounds(len(x), s, shares)
    x, y, positive = x[a:b], y[a:b], positive[a:b]
    for i in range(len(x)):
        value = x[i]
        positive[i] = value > 0
        y[i] = 0 if value <= 0 else value  # noqa: FURB136 - of 0 and NaN, max gives 0


@inner()
def add_rows(x, total):
    """Add the rows of (N, C) to a total in float64."""
    N, C = len(x), len(total)
    flat = x.reshape(-1)
    block = np.empty(TOGETHER * C, x.dtype)
    for start in range(0, N, ROWS_OF_A_SUM):  # few at a time: a sum of many small numbers loses less
        stop = min(start + ROWS_OF_A_SUM, N)
        whole = stop - (stop - start) % TOGETHER
        block[:] = 0
        for n in range(start, whole, TOGETHER):
            rows = flat[n * C : (n + TOGETHER) * C]
            for c in range(len(block)):
                block[c] += rows[c]
        for n in range(whole * C, stop * C):
            block[n % C] += flat[n]
        for r in range(TOGETHER):
            for c in range(C):
                total[c] += block[r * C + c]


@shared
def sum_rows(s, shares, x, totals):
    """Each share of the rows of (N, C) added to its total."""
    start, stop = bounds(len(x), s, shares)
    add_rows(x[start:stop], totals[s])


@inner()
def softmax_of(x, y):
    """The softmax of a row in y, its maximum, and the logarithm of the sum of exp(x − maximum)."""
    top = x[0]
    for c in range(1, len(x)):
        if x[c] > top or x[c] != x[c]:
            top = x[c]
    total = 0.0
    for c in range(len(x)):
        y[c] = np.exp(x[c] - top)
        total += y[c]
    scale = x.dtype.type(total)
    for c in range(len(x)):
        y[c] /= scale
    return top, np.log(scale)


@shared
def cross_entropy(s, shares, logits, targets, losses, softmax):
    """−Σ target · log softmax of each row (N, C), and the softmax."""
    N, C = logits.shape
    for n in range(*bounds(N, s, shares)):
        x, target, loss = logits[n], targets[n], 0.0
        top, log_sum_exp = softmax_of(x, softmax[n])
        for c in range(C):
            if target[c] != 0:
                loss += target[c] * (log_sum_exp - (x[c] - top))
        losses[n] = loss


@shared
def label_cross_entropy(s, shares, logits, labels, weights, hit, miss, losses, softmax):
    """The same with targets that are `hit[0]` at the label and `miss[0]` elsewhere, times a weight."""
    N, C = logits.shape
    for n in range(*bounds(N, s, shares)):
        x, y, loss = logits[n], softmax[n], 0.0
        if weights[n] == 0:  # whatever the logits are
            for c in range(C):
                y[c] = x.dtype.type(1) / x.dtype.type(C)
            losses[n] = 0
            continue
        top, log_sum_exp = softmax_of(x, y)
        for c in range(C):
            target = hit[0] if c == labels[n] else miss[0]
            if target != 0:
                loss += target * (log_sum_exp - (x[c] - top))
        losses[n] = x.dtype.type(loss) * weights[n]


@shared
def label_gradient(s, shares, softmax, labels, scale, hit, miss, gradient):
    """scale · (softmax · Σ target − target) of each row (N, C)."""
    N, C = softmax.shape
    mass = softmax.dtype.type(hit[0] + (C - 1) * np.float64(miss[0]))
    for n in range(*bounds(N, s, shares)):
        for c in range(C):
            gradient[n, c] = (softmax[n, c] * mass - (hit[0] if c == labels[n] else miss[0])) * scale[n]
