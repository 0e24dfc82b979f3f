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


def sgd(p, *, lr, momentum=0.0):
    velocity = 0.0
    for g in GRADIENTS:
        velocity = momentum * velocity + g
        p = p - lr * velocity
        yield p


def adam(p, *, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    """Algorithm 1 of Kingma & Ba, line by line."""
    m = v = 0.0
    for t, g in enumerate(GRADIENTS, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        p = p - lr * m_hat / (math.sqrt(v_hat) + eps)
        yield p


def adagrad(p, *, lr=0.01, eps=1e-7):
    h = 0.0
    for g in GRADIENTS:
        h += g * g
        p = p - lr * g / (math.sqrt(h) + eps)
        yield p


CASES = [
    (optim.SGD, sgd, {"lr": 0.1}),
    (optim.SGD, sgd, {"lr": 0.1, "momentum": 0.9}),
    (optim.Adam, adam, {}),
    (optim.Adam, adam, {"lr": 0.3, "beta1": 0.5, "beta2": 0.75, "eps": 0.1}),
    (optim.Adam, adam, {"beta1": 0.0, "beta2": 0.0}),
    (optim.Adagrad, adagrad, {}),
    (optim.Adagrad, adagrad, {"lr": 0.06, "eps": 0.5}),
]
every_case = pytest.mark.parametrize(("kind", "formula", "settings"), CASES)
every_kind = pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.Adagrad])
