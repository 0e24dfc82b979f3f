"""What the tests of the core share: a watch on the switches."""

import pytest

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
