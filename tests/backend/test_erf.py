"""The kernel `erf`, in each set: right to 4 units in the last place of float64, and rounded once in narrower types."""

import numpy as np
import pytest
from scipy import special

from minigrad.backend import numpy_kernels
from minigrad.backend.kernels import cpu_kernels

RNG = np.random.default_rng(0)
WHOLE_RANGE = np.concatenate(
    [
        np.linspace(-6.5, 6.5, 20_001),
        RNG.uniform(0.99, 1.01, 1000),  # where the two polynomials meet
        10.0 ** RNG.uniform(-308, 308, 5000),
        -(10.0 ** RNG.uniform(-20, 0, 1000)),
        [0.0, 0.5, 1.0, 6.0],
    ]
)
SETS = [numpy_kernels.erf, lambda x: cpu_kernels(x.dtype).erf(x)]


def ulps(y, exact):
    """How far y is off, in units of its last place."""
    return np.abs(y.astype(np.float64) - exact) / np.spacing(np.abs(exact).astype(y.dtype)).astype(np.float64)


@pytest.mark.parametrize("erf", SETS)
@pytest.mark.parametrize(("dtype", "most"), [(np.float64, 4), (np.float32, 0.501), (np.float16, 0.501)])
def test_erf_is_right_over_the_whole_range(erf, dtype, most):
    with np.errstate(over="ignore"):
        x = WHOLE_RANGE.astype(dtype)
    x = x[(x == 0) | (np.abs(x) >= np.finfo(dtype).smallest_normal)]  # smaller ones are 0 to the compiled kernels
    y = erf(x)
    assert y.dtype == dtype
    assert ulps(y, special.erf(x.astype(np.float64))).max() <= most


@pytest.mark.parametrize("erf", SETS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_erf_at_the_ends(erf, dtype):
    with np.errstate(all="raise"):
        y = erf(np.array([0.0, -0.0, 7, -7, np.inf, -np.inf, np.nan], dtype))
    np.testing.assert_array_equal(y, np.array([0, 0, 1, -1, 1, -1, np.nan], dtype))
    assert np.signbit(y[:6]).tolist() == [False, True, False, True, False, True]


@pytest.mark.parametrize("erf", SETS)
def test_erf_grows(erf):
    assert (np.diff(erf(np.linspace(-6, 6, 5001))) >= 0).all()


@pytest.mark.parametrize("erf", SETS)
@pytest.mark.parametrize("shape", [(), (0,), (2, 3, 4, 5)])
def test_erf_of_any_shape_and_order(erf, shape):
    x = RNG.standard_normal(shape)
    for array in (x, x.T, x.transpose(range(x.ndim)[::-1]), np.broadcast_to(x, (2, *shape))):
        np.testing.assert_allclose(erf(array), special.erf(array), rtol=1e-15)
