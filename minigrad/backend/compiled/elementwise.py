"""One pass over flat arrays, where NumPy's expressions take several."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from minigrad.backend.compiled.shared import shared


@shared
def masked(shares, x, mask, y):
    """x where the mask holds, else 0."""
    N = len(x)
    for s in prange(shares):
        for i in range(N * s // shares, N * (s + 1) // shares):
            y[i] = x[i] if mask[i] else 0


@shared
def relu(shares, x, y, positive):
    """max(x, 0), and where x is positive; a NaN stays one."""
    N = len(x)
    for s in prange(shares):
        for i in range(N * s // shares, N * (s + 1) // shares):
            positive[i] = x[i] > 0
            y[i] = 0 if x[i] <= 0 else x[i]


@njit(nogil=True, cache=True)
def cross_entropy(logits, targets, losses, softmax):
    """−Σ target · log softmax of each row (N, C), and the softmax."""
    N, C = logits.shape
    for n in range(N):
        top = logits[n, 0]
        for c in range(1, C):
            if logits[n, c] > top or logits[n, c] != logits[n, c]:  # noqa: PLR0124 - NaN
                top = logits[n, c]
        total = logits.dtype.type(0)
        for c in range(C):
            softmax[n, c] = np.exp(logits[n, c] - top)
            total += softmax[n, c]
        log_total = np.log(total)
        loss = logits.dtype.type(0)
        for c in range(C):
            if targets[n, c] != 0:
                loss += targets[n, c] * (log_total - (logits[n, c] - top))
            softmax[n, c] /= total
        losses[n] = loss


@shared
def sgd(shares, p, g, lr):
    """p ← p − lr · g."""
    N, rate = len(p), p.dtype.type(lr)
    for s in prange(shares):
        for i in range(N * s // shares, N * (s + 1) // shares):
            p[i] -= rate * g[i]


@shared
def momentum_sgd(shares, p, g, velocity, lr, momentum):
    """velocity ← momentum · velocity + g, p ← p − lr · velocity."""
    N, rate, kept = len(p), p.dtype.type(lr), p.dtype.type(momentum)
    for s in prange(shares):
        for i in range(N * s // shares, N * (s + 1) // shares):
            velocity[i] = kept * velocity[i] + g[i]
            p[i] -= rate * velocity[i]


@shared
def adam(shares, p, g, m, v, rate, beta1, beta2, floor):
    """m and v ← their running means, p ← p − rate · m / (√v + floor)."""
    real = p.dtype.type
    N, rate_, floor_ = len(p), real(rate), real(floor)
    b1, a1, b2, a2 = real(beta1), real(1 - beta1), real(beta2), real(1 - beta2)
    for s in prange(shares):
        for i in range(N * s // shares, N * (s + 1) // shares):
            m[i] = b1 * m[i] + a1 * g[i]
            v[i] = b2 * v[i] + a2 * (g[i] * g[i])
            p[i] -= rate_ * (m[i] / (np.sqrt(v[i]) + floor_))


@shared
def adagrad(shares, p, g, h, lr, eps):
    """h ← h + g², p ← p − lr · g / (√h + eps)."""
    N, rate, floor = len(p), p.dtype.type(lr), p.dtype.type(eps)
    for s in prange(shares):
        for i in range(N * s // shares, N * (s + 1) // shares):
            h[i] += g[i] * g[i]
            p[i] -= rate * (g[i] / (np.sqrt(h[i]) + floor))
