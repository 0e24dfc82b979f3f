"""The switches, as they are seen where one looks, and each as it should be seen inside of its block."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import Variable
from minigrad.settings import settings


def recording():
    """Whether an operation is recorded here and now."""
    x = Variable(1.0)
    recorded = (x * 2).requires_grad
    assert recorded == settings.get().grad_mode.enabled
    return recorded


def training():
    return settings.get().training


def state():
    """All switches, as they are seen here and now."""
    return recording(), training(), bool(settings.get().grad_mode.hooks), Variable(1).dtype.name


OFF = (True, True, False, "float32")

SWITCHES = {
    "no_grad": (mg.no_grad, (False, True, False, "float32")),
    "enable_grad": (mg.enable_grad, (True, True, False, "float32")),
    "train_mode(False)": (lambda: mg.train_mode(False), (True, False, False, "float32")),
    "train_mode": (mg.train_mode, (True, True, False, "float32")),
    "inference": (mg.inference, (False, False, False, "float32")),
    "detect_anomaly": (mg.detect_anomaly, (True, True, True, "float32")),
    "default_dtype": (lambda: mg.default_dtype(np.float64), (True, True, False, "float64")),
}
EACH = pytest.mark.parametrize(("switch", "on"), SWITCHES.values(), ids=SWITCHES)
