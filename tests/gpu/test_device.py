"""The device that these tests run on is the one that was asked for."""

import os

import pytest


def test_the_device_is_the_one_asked_for(missing_device):
    if missing_device:
        pytest.skip(missing_device)
    import cupy  # noqa: PLC0415

    name = cupy.cuda.runtime.getDeviceProperties(0)["name"]
    assert (name == b"hosted") == (os.environ.get("MINIGRAD_DEVICE", "hosted") == "hosted")
