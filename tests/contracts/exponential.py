"""Contracts of functions/exponential.py."""

from __future__ import annotations

import math

import numpy as np

import minigrad.functions as F
from minigrad.testing import case
from minigrad.testing.spec import OpSpec

CONTRACTS = [
    OpSpec(F.exp, np.exp, domain=(-10, 10), formula="eˣ", cases=[case(0.0), case([])]),
    OpSpec(
        F.expm1,
        lambda x: np.exp(x) - 1,
        domain=(-10, 10),
        formula="eˣ − 1",
        cases=[case(0.0), case([-50.0, 1e-3], gradient=np.exp([-50.0, 1e-3]))],
    ),
    OpSpec(F.log, np.log, domain=(0.05, 100), formula="ln x", cases=[case(1.0)]),
    OpSpec(F.log1p, lambda x: np.log(1 + x), domain=(-0.9, 100), formula="ln(1 + x)", cases=[case(0.0)]),
    OpSpec(F.log2, lambda x: np.log(x) / np.log(2), domain=(0.05, 100), formula="log₂ x", cases=[case(8.0)]),
    OpSpec(F.log10, lambda x: np.log(x) / np.log(10), domain=(0.05, 100), formula="log₁₀ x", cases=[case(1e3)]),
    OpSpec(
        F.erf,
        lambda x: np.array([math.erf(number) for number in x.ravel()]).reshape(x.shape),
        formula="2/√π · ∫₀ˣ exp(−t²) dt",
        kernels=("erf", "masked"),
        cases=[case([-31.0, -1.0, 0.0, 0.5, 1e4]), case(3.0)],
    ),
]
