"""What the tests of the core share: a fresh interpreter, and a watch on the switches."""

import subprocess
import sys
from pathlib import Path

import pytest

from minigrad import config

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _switches_are_as_they_were():
    """A test that leaves a switch turned fails, and spoils no other test."""
    switches = (config.recording, config.training, config.anomaly_detection, config._float_type)
    before = [switch.get() for switch in switches]
    generator = config._generator.get()
    yield
    after = [switch.get() for switch in switches]
    for switch, value in zip(switches, before, strict=True):
        switch.set(value)
    config._generator.set(generator)
    assert after == before


@pytest.fixture
def fresh_python():
    """Runs code in an interpreter of its own, warnings as errors, and gives what it printed."""

    def run(code, timeout=60):
        command = [sys.executable, "-W", "error", "-c", code]
        done = subprocess.run(  # noqa: S603 - the code stands in the tests
            command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False
        )
        assert done.returncode == 0, f"exit status {done.returncode}\n{done.stderr}"
        return done.stdout

    return run
