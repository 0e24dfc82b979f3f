"""No picture stays open from test to test."""

import pytest
from matplotlib import pyplot as plt


@pytest.fixture(autouse=True)
def no_figure_left():
    yield
    plt.close("all")


@pytest.fixture
def axes():
    """Axes of a figure that pyplot does not know."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    return Figure(figsize=(4, 4)).subplots()
