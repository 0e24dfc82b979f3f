"""Generators: wherever a training keeps one, it is found."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

import minigrad as mg
from minigrad import data, nn
from minigrad.training import generators


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@dataclass(slots=True)
class Slotted:
    rng: np.random.Generator


class Holder:
    def __init__(self, rng):
        self._rng = rng
        self.itself = self

    def draw(self):
        return self._rng.random()


def closure(rng):
    return lambda x: x + rng.normal()


def with_default(rng):
    def draw(x, generator=rng):
        return generator.normal(x)

    return draw


PLACES = {
    "dropout": lambda rng: nn.Sequential(nn.Linear(2, 2), nn.Dropout(rng=rng)),
    "batches": lambda rng: data.batches(data.Dataset(np.zeros((2, 1, 2, 2), np.uint8), np.arange(2)), 1, rng=rng),
    "slots": Slotted,
    "attribute": Holder,
    "method": lambda rng: Holder(rng).draw,
    "closure": closure,
    "default": with_default,
    "partial": lambda rng: partial(print, 1, rng=rng),
    "containers": lambda rng: {"a": [(3, rng)]},
}


@pytest.mark.parametrize("place", PLACES)
def test_a_generator_is_found(rng, place):
    found = generators.find({"root": PLACES[place](rng)})
    assert list(found.values()) == [rng]
    assert all(name.startswith("root.") for name in found)


def test_one_that_is_kept_twice_is_found_once(rng):
    assert list(generators.find({"a": rng, "b": [rng]})) == ["a"]


def test_data_and_variables_are_not_looked_through():
    class Trap(list):
        def __iter__(self):
            pytest.fail("it was looked through")

    assert (
        generators.find({"x": Trap([0] * 100_000), "y": np.zeros(3), "z": mg.Variable(1.0), "m": np, "c": Holder}) == {}
    )


def test_states_put_back_give_the_same_numbers(rng):
    found = {"a": rng, "b": np.random.Generator(np.random.MT19937(1))}
    states = generators.states(found)
    first = [each.random(3).tolist() for each in found.values()]
    generators.restore(found, states)
    assert [each.random(3).tolist() for each in found.values()] == first


def test_states_that_do_not_fit_change_nothing(rng):
    found = {"a": rng, "b": np.random.Generator(np.random.MT19937(1))}
    before = generators.states(found)
    rng.random()
    changed = generators.states(found)
    wrong = [
        {**before, "b": before["a"]},
        {"a": before["a"]},
        {**before, "b": {**before["b"], "state": {"key": [1, 2], "pos": 3}}},
        {**before, "b": {**before["b"], "state": {"key": [-1] * 624, "pos": 3}}},
        {**before, "b": {**before["b"], "state": {"key": [1] * 624, "pos": 2**200}}},
        {**before, "b": None},
    ]
    for states in wrong:
        with pytest.raises(ValueError, match="generator"):
            generators.restore(found, states)
        assert generators.states(found) == changed
