"""Schedules: the rate of each step."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from minigrad import nn, optim
from minigrad.optim import schedules
from tests.optim.problem import FIGURES, SCHEDULED

RECORDED = json.loads(Path(__file__).with_name("trajectories.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("name", "schedule"),
    [
        ("step", schedules.step(0.1, every=7, factor=0.5)),
        ("multi_step", schedules.multi_step(0.1, at=(12, 5), factor=0.3)),
        ("exponential", schedules.exponential(0.1, factor=0.9)),
        ("cosine", schedules.cosine(0.1, steps=19, end=0.01)),
        ("polynomial", schedules.polynomial(0.1, steps=15, power=2)),
        ("linear_warmup", schedules.linear_warmup(0.1, steps=10)),
        ("one_cycle", schedules.one_cycle(0.1, steps=19, rise=4 / 19, end=0.1 / 25e4)),
    ],
)
def test_the_rates_are_pytorchs(name, schedule):
    np.testing.assert_allclose([schedule(step) for step in range(SCHEDULED)], RECORDED[name], rtol=1e-12)


@pytest.mark.parametrize("mode", ["min", "max"])
def test_reduce_on_plateau_is_pytorchs(mode):
    plateau = schedules.ReduceOnPlateau(0.1, factor=0.5, patience=1, mode=mode)
    np.testing.assert_allclose([plateau(figure) for figure in FIGURES], RECORDED[mode], rtol=1e-12)


EVERY = [
    schedules.constant(0.1),
    schedules.step(0.1, every=10),
    schedules.multi_step(0.1, at=[10, 20]),
    schedules.exponential(0.1, factor=0.9, every=3, end=0.01),
    schedules.polynomial(0.1, steps=50),
    schedules.polynomial(0.1, steps=50, end=0.01, power=0.5),
    schedules.cosine(0.1, steps=50),
    schedules.linear_warmup(0.1, steps=10),
    schedules.linear_warmup(schedules.cosine(0.1, steps=50), steps=10),
    schedules.one_cycle(0.1, steps=50),
    schedules.one_cycle(0.1, steps=50, rise=0, start=0.0),
]


@pytest.mark.parametrize("schedule", EVERY)
def test_rates_are_floats_that_an_optimizer_takes(schedule):
    optimizer = optim.SGD([nn.Parameter(1.0)], lr=0.1)
    for step in range(100):
        optimizer.lr = schedule(step)
        assert type(schedule(step)) is float
        assert 0 <= schedule(step) <= 0.1 + 1e-15
    assert schedule(100) == pytest.approx(schedule(10**6), abs=0.003)


@pytest.mark.parametrize("schedule", EVERY)
def test_there_is_no_step_before_the_first(schedule):
    with pytest.raises(ValueError, match="steps are counted from 0, there is no step -1"):
        schedule(-1)


def test_rates_at_marked_steps():
    assert schedules.exponential(0.0031, factor=1 / math.e, every=2000, end=1e-4)(3000) == pytest.approx(
        1e-4 + 0.003 * math.exp(-1.5), rel=1e-12
    )
    assert schedules.polynomial(0.3, steps=10, end=0.1, power=3)(5) == pytest.approx(0.1 + 0.2 / 8, rel=1e-12)
    assert schedules.polynomial(0.3, steps=10, end=0.1)(10) == 0.1
    assert schedules.cosine(0.3, steps=10, end=0.1)(11) == 0.1
    assert schedules.one_cycle(1.0, steps=10, start=0.25, end=0.125)(0) == 0.25
    assert schedules.one_cycle(1.0, steps=10, start=0.25, end=0.125)(10**3) == 0.125
    assert schedules.one_cycle(1.0, steps=10, rise=0)(0) == 1.0


def test_a_warmup_goes_on_with_another_schedule():
    schedule = schedules.linear_warmup(lambda step: 0.1 / (1 + step), steps=2)
    assert [schedule(step) for step in range(4)] == [0.05, 0.1, 0.1, 0.05]


def test_a_plateau_is_left_by_figures_that_are_better_by_enough():
    plateau = schedules.ReduceOnPlateau(1.0, factor=0.5, patience=1, threshold=0.1)
    assert [plateau(loss) for loss in (-1.0, -1.05, -1.05, -1.2, -1.2)] == [1.0, 1.0, 0.5, 0.5, 0.5]
    plateau = schedules.ReduceOnPlateau(1.0, factor=0.1, patience=0, end=0.25)
    assert [plateau(loss) for loss in (1.0, 1.0, 1.0)] == [1.0, 0.25, 0.25]
    plateau = schedules.ReduceOnPlateau(0.125, factor=0.1, patience=0, end=0.25)
    assert [plateau(loss) for loss in (1.0, 1.0)] == [0.125, 0.125]


@pytest.mark.parametrize("figure", [math.nan, math.inf, -math.inf])
def test_what_is_no_finite_figure_is_never_better(figure):
    plateau = schedules.ReduceOnPlateau(1.0, factor=0.5, patience=1)
    assert [plateau(loss) for loss in (figure, figure, 3.0, figure, 2.0, figure, figure)] == [
        1,
        0.5,
        0.5,
        0.5,
        0.5,
        0.5,
        0.25,
    ]


def test_a_plateau_goes_on_from_its_state(tmp_path):
    through, stopped, resumed = (schedules.ReduceOnPlateau(1.0, factor=0.5, patience=1) for _ in range(3))
    expected = [through(figure) for figure in FIGURES]
    for figure in FIGURES[:7]:
        stopped(figure)
    np.savez(tmp_path / "plateau.npz", **stopped.state_dict())
    with np.load(tmp_path / "plateau.npz") as state:
        resumed.load_state_dict(state)
    assert [resumed(figure) for figure in FIGURES[7:]] == expected[7:]
    with pytest.raises(ValueError, match=r"ReduceOnPlateau\.load_state_dict: the state does not fit\n  lr: missing"):
        resumed.load_state_dict({})


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: schedules.constant(-1), ValueError, "constant: lr must not be negative, not -1"),
        (lambda: schedules.step(0.1, every=0), ValueError, "step: every must be at least 1, not 0"),
        (lambda: schedules.step(0.1, every=1, factor=0), ValueError, "step: factor must be positive, not 0"),
        (lambda: schedules.multi_step(0.1, at=[1.5]), TypeError, "multi_step: at must be an int, not 1.5"),
        (lambda: schedules.multi_step(0.1, at=30), TypeError, "multi_step: at must be a list of steps, not 30"),
        (lambda: schedules.exponential(0.1, factor=-1), ValueError, "exponential: factor must be positive, not -1"),
        (
            lambda: schedules.exponential(0.1, factor=1, every=0),
            ValueError,
            "exponential: every must be positive, not 0",
        ),
        (lambda: schedules.polynomial(0.1, steps=0), ValueError, "polynomial: steps must be positive, not 0"),
        (lambda: schedules.cosine(0.1, steps=9, end=-1), ValueError, "cosine: end must not be negative, not -1"),
        (lambda: schedules.linear_warmup("0.1", steps=9), TypeError, "linear_warmup: lr must be a number, not '0.1'"),
        (lambda: schedules.linear_warmup(0.1, steps=0), ValueError, "linear_warmup: steps must be at least 1, not 0"),
        (lambda: schedules.one_cycle(0.1, steps=9, rise=1), ValueError, "one_cycle: rise must be in [0, 1), not 1"),
        (lambda: schedules.ReduceOnPlateau(0), ValueError, "ReduceOnPlateau: lr must be positive, not 0"),
        (
            lambda: schedules.ReduceOnPlateau(1, mode="best"),
            ValueError,
            'ReduceOnPlateau: mode must be "min" or "max", not \'best\'',
        ),
        (
            lambda: schedules.cosine(0.1, T_max=9),
            TypeError,
            "cosine: there is no keyword T_max; write steps=",
        ),
    ],
)
def test_arguments_out_of_range(make, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        make()
