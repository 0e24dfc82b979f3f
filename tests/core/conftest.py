"""Fixtures that the tests of the core share."""

import numpy as np
import pytest
from user_functions import Probe

from minigrad import Variable
from minigrad.core import config


@pytest.fixture(autouse=True)
def _switches_are_as_they_were():
    """A test that leaves a switch turned fails, and spoils no other test."""
    switches = (config.grad_mode, config.training, config._float_type)
    before = [switch.get() for switch in switches]
    generator = config._generator.get()
    yield
    after = [switch.get() for switch in switches]
    for switch, value in zip(switches, before, strict=True):
        switch.set(value)
    config._generator.set(generator)
    assert after == before


@pytest.fixture
def x():
    return Variable(np.array([1.0, 2.0, 4.0], np.float32))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def visited():
    """The serial numbers of the Probes whose backward is called."""
    Probe.visited = []
    return Probe.visited
