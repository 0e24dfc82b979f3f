"""A small problem and the optimizers' settings, for this and for the framework that recorded its steps on it."""

import numpy as np

CHECKPOINTS = (1, 2, 10, 100, 300)
SCHEDULED = 20
FIGURES = (3.0, 2.0, 2.0, 1.9999, 2.5, 1.0, 4.0, 5.0, 6.0, 5.9, 7.0, 0.5)

SETTINGS = {
    "SGD": ("SGD", {"lr": 0.01}),
    "SGD decayed": ("SGD", {"lr": 0.01, "weight_decay": 0.1}),
    "SGD with momentum": ("SGD", {"lr": 0.003, "momentum": 0.9}),
    "SGD with momentum, decayed": ("SGD", {"lr": 0.003, "momentum": 0.8, "weight_decay": 0.1}),
    "SGD with Nesterov's": ("SGD", {"lr": 0.003, "momentum": 0.9, "nesterov": True}),
    "SGD with Nesterov's, decayed": ("SGD", {"lr": 0.003, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1}),
    "RMSprop": ("RMSprop", {}),
    "RMSprop decayed": ("RMSprop", {"lr": 0.03, "beta2": 0.9, "eps": 0.01, "weight_decay": 0.1}),
    "RMSprop with momentum": ("RMSprop", {"lr": 0.003, "momentum": 0.8, "beta2": 0.9, "weight_decay": 0.1}),
    "Adagrad": ("Adagrad", {"eps": 1e-7}),
    "Adagrad decayed": ("Adagrad", {"lr": 0.3, "eps": 0.01, "weight_decay": 0.1}),
    "Adadelta": ("Adadelta", {}),
    "Adadelta decayed": ("Adadelta", {"lr": 0.7, "beta2": 0.8, "eps": 1e-3, "weight_decay": 0.1}),
    "Adam": ("Adam", {}),
    "Adam decayed": ("Adam", {"lr": 0.03, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "weight_decay": 0.1}),
    "AdamW": ("AdamW", {}),
    "AdamW decayed": ("AdamW", {"lr": 0.03, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "weight_decay": 0.2}),
    "Adamax": ("Adamax", {}),
    "Adamax decayed": ("Adamax", {"lr": 0.03, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "weight_decay": 0.1}),
    "NAdam": ("NAdam", {}),
    "NAdam decayed": ("NAdam", {"lr": 0.03, "beta1": 0.8, "beta2": 0.95, "eps": 0.01, "weight_decay": 0.1}),
}
"""By a case's name: the optimizer, and its settings in minigrad's words."""


def start():
    return np.array([1.5, -2.0, 0.5, 3.0])


def gradient(p, step):
    """That of a quartic with its minima near ±1, and of another minibatch in each step; each seventh has none."""
    noise = np.sin(step * np.array([1.0, 2.0, 3.0, 5.0]))
    return (step % 7 != 0) * (p**3 - p + 0.2 * p[::-1] + noise)
