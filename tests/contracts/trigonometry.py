"""Contracts of functions/trigonometry.py."""

from __future__ import annotations

import numpy as np

import minigrad.functions as F
from minigrad.testing import case
from minigrad.testing.spec import OpSpec

CONTRACTS = [
    OpSpec(
        F.sin,
        lambda x: np.exp(1j * x).imag,
        domain=(-10, 10),
        formula="sin x",
        cases=[case([0.0, -100.0, 50.0]), case(np.pi / 2)],
    ),
    OpSpec(
        F.cos,
        lambda x: np.exp(1j * x).real,
        domain=(-10, 10),
        formula="cos x",
        cases=[case([0.0, -100.0, 50.0]), case(np.pi / 2)],
    ),
    OpSpec(
        F.tan,
        lambda x: np.sin(x) / np.cos(x),
        domain=(-1.4, 1.4),
        formula="tan x",
        cases=[case([2.0, -4.0, 3.0, 0.0])],
    ),
    OpSpec(
        F.arcsin,
        lambda x: np.arctan2(x, np.sqrt(1 - x * x)),
        domain=(-0.95, 0.95),
        formula="arcsin x",
        kinks="x = ±1: inf",
        cases=[case(0.0)],
    ),
    OpSpec(
        F.arccos,
        lambda x: np.arctan2(np.sqrt(1 - x * x), x),
        domain=(-0.95, 0.95),
        formula="arccos x",
        kinks="x = ±1: −inf",
        cases=[case(0.0)],
    ),
    OpSpec(
        F.arctan,
        lambda x: np.angle(1 + 1j * x),
        formula="arctan x",
        kernels=("masked",),
        cases=[case([-1e4, -1.0, 0.0, 1.0, 1e4], gradient=[1 / (1e8 + 1), 0.5, 1, 0.5, 1 / (1e8 + 1)])],
    ),
    OpSpec(
        F.sinh,
        lambda x: (np.exp(x) - np.exp(-x)) / 2,
        domain=(-10, 10),
        formula="sinh x",
        cases=[case(0.0)],
    ),
    OpSpec(
        F.cosh,
        lambda x: (np.exp(x) + np.exp(-x)) / 2,
        domain=(-10, 10),
        formula="cosh x",
        cases=[case(0.0)],
    ),
    OpSpec(F.tanh, np.tanh, formula="tanh x", cases=[case([-800.0, 0.0, 800.0])]),
]
