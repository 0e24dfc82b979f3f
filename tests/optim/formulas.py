"""The optimizers' formulas, one number at a time, and small parameters with gradients."""

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim

GRADIENTS = [0.5, -2.0, 0.0, 1e-3, 3.0]


def parameter(values, dtype=np.float64):
    return nn.Parameter(np.array(values, dtype))


def steps(optimizer):
    return [int(array) for name, array in optimizer.state_dict().items() if name.startswith("steps.")]


def give(p, gradient):
    p.grad = mg.Variable(np.broadcast_to(np.asarray(gradient, p.dtype), p.shape).copy())


# the formulas, one number at a time


def sgd(p, *, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
    velocity = 0.0
    for loss_g in GRADIENTS:
        g = loss_g + weight_decay * p
        velocity = momentum * velocity + g
        p = p - lr * (g + momentum * velocity if nesterov else velocity)
        yield p


def rmsprop(p, *, lr=0.01, momentum=0.0, beta2=0.99, eps=1e-8, weight_decay=0.0):
    v = velocity = 0.0
    for loss_g in GRADIENTS:
        g = loss_g + weight_decay * p
        v = beta2 * v + (1 - beta2) * g**2
        velocity = momentum * velocity + g / (math.sqrt(v) + eps)
        p = p - lr * velocity
        yield p


def adagrad(p, *, lr=0.01, eps=1e-7, weight_decay=0.0):
    h = 0.0
    for loss_g in GRADIENTS:
        g = loss_g + weight_decay * p
        h += g * g
        p = p - lr * g / (math.sqrt(h) + eps)
        yield p


def adadelta(p, *, lr=1.0, beta2=0.9, eps=1e-6, weight_decay=0.0):
    """Algorithm 1 of Zeiler, line by line."""
    v = s = 0.0
    for loss_g in GRADIENTS:
        g = loss_g + weight_decay * p
        v = beta2 * v + (1 - beta2) * g**2
        delta = -math.sqrt(s + eps) / math.sqrt(v + eps) * g
        s = beta2 * s + (1 - beta2) * delta**2
        p = p + lr * delta
        yield p


def adam(p, *, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, decoupled=0.0):
    """Algorithm 1 of Kingma & Ba, line by line."""
    m = v = 0.0
    for t, loss_g in enumerate(GRADIENTS, start=1):
        g = loss_g + weight_decay * p
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        p = p - lr * m_hat / (math.sqrt(v_hat) + eps) - lr * decoupled * p
        yield p


def adamw(p, *, weight_decay=0.01, **settings):
    return adam(p, decoupled=weight_decay, **settings)


def adamax(p, *, lr=0.002, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0):
    m = u = 0.0
    for t, loss_g in enumerate(GRADIENTS, start=1):
        g = loss_g + weight_decay * p
        m = beta1 * m + (1 - beta1) * g
        u = max(beta2 * u, abs(g) + eps)
        p = p - lr / (1 - beta1**t) * m / u
        yield p


def nadam(p, *, lr=0.002, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0):
    m = v = 0.0
    product = 1.0
    for t, loss_g in enumerate(GRADIENTS, start=1):
        g = loss_g + weight_decay * p
        now, later = (beta1 * (1 - 0.5 * 0.96 ** (i * 0.004)) for i in (t, t + 1))
        product *= now
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = later * m / (1 - product * later) + (1 - now) * g / (1 - product)
        p = p - lr * m_hat / (math.sqrt(v / (1 - beta2**t)) + eps)
        yield p


def lion(p, *, lr=1e-4, beta1=0.9, beta2=0.99, weight_decay=0.0):
    """Algorithm 2 of Chen et al., line by line."""
    m = 0.0
    for g in GRADIENTS:
        c = beta1 * m + (1 - beta1) * g
        p = p - lr * ((c > 0) - (c < 0) + weight_decay * p)
        m = beta2 * m + (1 - beta2) * g
        yield p


BETAS = {"lr": 0.3, "beta1": 0.5, "beta2": 0.75}
CASES = [
    (optim.SGD, sgd, {"lr": 0.1}),
    (optim.SGD, sgd, {"lr": 0.1, "weight_decay": 0.2}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.2}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.2}),
    (optim.RMSprop, rmsprop, {}),
    (optim.RMSprop, rmsprop, {"lr": 0.1, "momentum": 0.9, "beta2": 0.5, "eps": 0.1, "weight_decay": 0.2}),
    (optim.Adagrad, adagrad, {}),
    (optim.Adagrad, adagrad, {"lr": 0.06, "eps": 0.5, "weight_decay": 0.2}),
    (optim.Adadelta, adadelta, {}),
    (optim.Adadelta, adadelta, {"lr": 0.7, "beta2": 0.5, "eps": 0.1, "weight_decay": 0.2}),
    (optim.Adam, adam, {}),
    (optim.Adam, adam, BETAS | {"eps": 0.1, "weight_decay": 0.2}),
    (optim.Adam, adam, {"beta1": 0.0, "beta2": 0.0}),
    (optim.AdamW, adamw, {}),
    (optim.AdamW, adamw, BETAS | {"eps": 0.1, "weight_decay": 0.2}),
    (optim.Adamax, adamax, {}),
    (optim.Adamax, adamax, BETAS | {"eps": 0.1, "weight_decay": 0.2}),
    (optim.NAdam, nadam, {}),
    (optim.NAdam, nadam, BETAS | {"eps": 0.1, "weight_decay": 0.2}),
    (optim.Lion, lion, {}),
    (optim.Lion, lion, BETAS | {"weight_decay": 0.2}),
]
KINDS = list(dict.fromkeys(kind for kind, _, _ in CASES))
every_case = pytest.mark.parametrize(("kind", "formula", "settings"), CASES)
every_kind = pytest.mark.parametrize("kind", KINDS)
