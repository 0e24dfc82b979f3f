"""Newton's method with conjugate gradients, which needs no Hessian but its products with vectors: grad of grad · v.

Source: Nocedal & Wright 2006, "Numerical optimization", algorithm 7.1; Pearlmutter 1994, "Fast exact multiplication by
the Hessian".
"""

from __future__ import annotations

import numpy as np
from command import command

import minigrad as mg
import minigrad.functions as F
from minigrad import data

DECAY = 1e-3


def problem(count):
    """The loss of softmax regression on some images of MNIST, as a function of the weights (785 · 10,)."""
    train, _ = data.mnist()
    x = np.concatenate([train.images[:count].reshape(count, -1) / 255, np.ones((count, 1))], 1)  # (N, 785)
    labels = train.labels[:count]

    def loss(w):
        return F.softmax_cross_entropy(x @ w.reshape(-1, 10), labels) + DECAY / 2 * (w * w).sum()

    return loss, mg.Variable(np.zeros(x.shape[1] * 10))


def newton_step(loss, w, *, products):
    """A direction d with H·d ≈ −g, by conjugate gradients until the residual is small against the gradient."""
    g = mg.grad(loss(w), w, create_graph=True)
    d, r = np.zeros_like(w.data), -g.data
    p, rr = r, r @ r
    enough = min(0.5, np.sqrt(np.sqrt(rr))) * np.sqrt(rr)
    for _ in range(products):
        hp = mg.grad((g * p).sum(), w).data  # H·p
        alpha = rr / (p @ hp)
        d, r = d + alpha * p, r - alpha * hp
        rr, before = r @ r, rr
        if np.sqrt(rr) < enough:
            break
        p = r + rr / before * p
    return d, g.data


def minimize(loss, w, direction, *, steps):
    """The losses of steps along a direction, each halved until it helps (Armijo's rule)."""
    losses = [loss(w).item()]
    for _ in range(steps):
        d, g = direction(w)
        size, start = 1.0, w.data
        while size > 1e-8:
            w.data = start + size * d
            if loss(w).item() <= losses[-1] + 1e-4 * size * (g @ d):
                break
            size /= 2
        losses.append(loss(w).item())
    return losses


def train(steps):
    """The losses of Newton's method and of gradient descent."""
    with mg.default_dtype(np.float64):
        loss, w = problem(1000)
        newton = minimize(loss, w, lambda w: newton_step(loss, w, products=50), steps=steps)
        loss, w = problem(1000)
        descent = minimize(loss, w, lambda w: (-(g := mg.grad(loss(w), w).data), g), steps=10 * steps)
    return newton, descent


def draw(figure, result):
    """How far each is above the least loss."""
    panel = figure.subplots()
    least = min(map(min, result)) - 1e-12
    for losses, name in zip(result, ("Newton-CG", "gradient descent"), strict=True):
        panel.semilogy(np.array(losses) - least, "o-" if name[0] == "N" else "-", label=name)
    panel.set(xlabel="step", ylabel="loss − minimum", title="Softmax regression on 1,000 digits")
    panel.legend()


if __name__ == "__main__":
    newton, descent = command(train, draw, steps=12)
    slow = f"gradient descent: {descent[-1]:.6f} in {len(descent) - 1}"
    print(f"Newton-CG: {newton[-1]:.6f} in {len(newton) - 1} steps; {slow}")
