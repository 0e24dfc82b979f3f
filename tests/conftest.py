"""What all tests share: a fresh interpreter, and names of tests that are the same in every process."""

import subprocess
import sys
from pathlib import Path

import pytest

from minigrad.backend import KERNEL_DTYPES
from minigrad.backend.kernels import cpu_kernels

ROOT = Path(__file__).parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """Compile the kernels before pytest-xdist's processes begin, which would each do so."""
    if not hasattr(config, "workerinput"):
        for dtype in KERNEL_DTYPES:
            assert cpu_kernels(dtype).relu


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name bytes by their number: a test's name must be the same in every process, and gzip writes the time."""
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


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
