"""What the tests train: a small network, on a few points in the plane."""

import numpy as np

import minigrad as mg
from minigrad import nn, optim

CLASSES = 3


def make(seed=0, *, dropout=0.0, rng=None):
    """A network and its optimizer; the context's generator begins with the seed."""
    mg.seed(seed)
    layers = [nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(dropout, rng=rng), nn.Linear(8, CLASSES)]
    model = nn.Sequential(*layers)
    return model, optim.Adam(model.parameters(), lr=0.05)


def digits(n=24, batch_size=8):
    """Minibatches (x, t) of points whose class is the place of their larger coordinate, or none if both are small."""
    x = np.random.default_rng(7).normal(size=(n, 2)).astype(np.float32)
    t = np.where(x.max(1) < 0.3, 2, x.argmax(1))
    return [(x[i : i + batch_size], t[i : i + batch_size]) for i in range(0, n, batch_size)]


def bits(model):
    """The bytes of all parameters and buffers."""
    return {name: array.tobytes() for name, array in model.state_dict().items()}
