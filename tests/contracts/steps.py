"""Contracts of functions/steps.py."""

from __future__ import annotations

import numpy as np

import minigrad.functions as F
from minigrad.testing import case
from minigrad.testing.spec import OpSpec

CONTRACTS = [
    OpSpec(
        F.sign,
        lambda x: (x > 0) * 1.0 - (x < 0),
        formula="−1, 0 or 1; derivative 0",
        kinks="0 at x = 0",
        cases=[case([-2.0, 0.0, 0.5], gradient=[0, 0, 0])],
    ),
    OpSpec(
        F.floor,
        lambda x: x // 1,
        domain=(-2.3, 2.7),  # with few integers
        formula="⌊x⌋; derivative 0",
        kinks="0 at integers",
        cases=[case([-2.5, -1.0, 0.0, 1.5], gradient=[0, 0, 0, 0])],
    ),
    OpSpec(
        F.ceil,
        lambda x: -(-x // 1),
        domain=(-2.7, 2.3),
        formula="⌈x⌉; derivative 0",
        kinks="0 at integers",
        cases=[case([-2.5, -1.0, 0.0, 1.5], gradient=[0, 0, 0, 0])],
    ),
    OpSpec(
        F.round,
        lambda x, decimals: np.array([round(number, decimals) for number in x.ravel()]).reshape(x.shape),
        domain=(-2.3, 2.7),
        kwargs={"decimals": [0, 1, -1]},  # with more, the numeric derivative takes the steps for a slope
        formula="to so many decimals; derivative 0",
        kinks="0 half way",
        cases=[case([-2.5, 0.5, 1.5, 1.26], decimals=decimals, gradient=[0, 0, 0, 0]) for decimals in (0, 1)],
    ),
]
