"""Fixtures that the tests of the core share."""

import numpy as np
import pytest
from user_functions import Probe

from minigrad import Variable
from minigrad.core import config
from minigrad.settings import settings
from minigrad.switches import current


@pytest.fixture(autouse=True)
def _switches_are_as_they_were():
    """A test that leaves a switch turned fails, and spoils no other test."""
    before = current()
    generator = config._generator.get()
    yield
    after = current()
    settings.set(before)
    config._generator.set(generator)
    assert after is before


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
