"""The device that these tests run on: hosted, a GPU (MINIGRAD_DEVICE=real), or none, and then they are left out."""

import os
import sys
from importlib.util import find_spec
from shutil import which

import pytest

REAL = os.environ.get("MINIGRAD_DEVICE", "hosted") == "real"


def missing():
    """What is missing for these tests, or ""."""
    if find_spec("cupy") is None:
        return "needs CuPy: make hosted"
    if REAL:
        import cupy  # noqa: PLC0415

        return "" if cupy.cuda.is_available() else "needs a GPU"
    if which("g++") is None:
        return "needs g++, of which the hosted device is built"
    if "cupy" in sys.modules and "hosted" not in sys.modules:
        return "needs a process of its own, CuPy has been imported already: pytest tests/gpu"
    return ""


MISSING = missing()
collect_ignore = ["hosted", "measures.py", "others.py"]
if not MISSING:
    if not REAL:
        import hosted as hosted_device  # before CuPy
    import cupy

    ORDERS = ["its own"] if REAL else list(hosted_device.ORDERS)
else:
    ORDERS = []


def pytest_ignore_collect(collection_path):
    """Without a device leave out all but the one module that says what is missing."""
    return True if MISSING and collection_path.name != "test_device.py" else None


@pytest.fixture(scope="session")
def missing_device():
    return MISSING


@pytest.fixture
def hosted():
    """The hosted device, with its counters; what needs them is skipped on a GPU."""
    if REAL:
        pytest.skip("needs the hosted device's counters")
    return hosted_device


@pytest.fixture(params=ORDERS)
def thread_order(request):
    """Runs a test once for each order in which the threads of a block can take turns; a GPU has its own order."""
    if not REAL:
        hosted_device.set_order(request.param)
    return request.param


@pytest.fixture(autouse=True)
def _sound_memory():
    """Gives each array memory of its own, with a guard page behind it, and looks at the margins after the test."""
    if MISSING or REAL:
        yield
        return
    cupy.cuda.set_allocator(None)
    yield
    hosted_device.set_order("forwards")
    hosted_device.dry.value = 0
    hosted_device.check_margins()
