"""Functions of vectors with their derivatives, by hand and by differences."""

import numpy as np

import minigrad.functions as F
from minigrad import transforms

RNG = np.random.default_rng(0)
A = RNG.standard_normal((3, 4))
X = RNG.standard_normal(4)
Y = RNG.standard_normal((2, 3))


def f(x):
    """(4,) -> (3,)"""
    return F.tanh(A @ x) * x[:3]


def jacobian_of_f(x):
    t = np.tanh(A @ x)
    return (x[:3] * (1 - t * t))[:, None] * A + np.diag(t) @ np.eye(3, 4)


def energy(x):
    """(4,) -> ()"""
    return (f(x) ** 2).sum() + F.exp(x[0] * x[1])


def two(x, y):
    """(4,), (2, 3) -> (2,)"""
    return y @ f(x)


def by_differences(g, x, h=1e-6):
    """The Jacobian of g, y.shape + x.shape."""
    x = np.array(x, float)
    columns = []
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = h
        columns.append((np.asarray(g(x + step)) - np.asarray(g(x - step))) / (2 * h))
    return np.moveaxis(np.array(columns).reshape(*x.shape, *columns[0].shape), range(x.ndim), range(-x.ndim, 0))


def gradient_of_energy(x):
    return transforms.value_and_grad(energy, x)[1].data


HESSIAN = by_differences(gradient_of_energy, X)
