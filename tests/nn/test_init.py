"""nn.init: the distributions of initial weights."""

import dataclasses
import math
import re

import numpy as np
import pytest

import minigrad as mg
from minigrad.nn import init

SHAPE = (300, 200)


def drawn(initializer, shape=SHAPE):
    return initializer(shape, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("initializer", "mean", "std", "low", "high"),
    [
        (init.Constant(0.1), 0.1, 0, 0.1, 0.1),
        (init.Normal(0.5, mean=2.0), 2, 0.5, -np.inf, np.inf),
        (init.Uniform(-1.0, 3.0), 1, 4 / math.sqrt(12), -1, 3),
        # The standard deviation of a standard normal distribution cut at ±2 is 0.87963.
        (init.TruncatedNormal(0.1, mean=1.0), 1, 0.087963, 0.8, 1.2),
        (init.GlorotUniform(), 0, math.sqrt(2 / 500), -math.sqrt(6 / 500), math.sqrt(6 / 500)),
        (init.GlorotNormal(), 0, math.sqrt(2 / 500), -np.inf, np.inf),
        (init.HeUniform(), 0, math.sqrt(2 / 300), -math.sqrt(6 / 300), math.sqrt(6 / 300)),
        (init.HeNormal(), 0, math.sqrt(2 / 300), -np.inf, np.inf),
        (init.LeCunUniform(), 0, math.sqrt(1 / 300), -math.sqrt(3 / 300), math.sqrt(3 / 300)),
        (init.LeCunNormal(), 0, math.sqrt(1 / 300), -np.inf, np.inf),
        (init.Orthogonal(2.0), 0, 2 / math.sqrt(300), -2, 2),
        (init.Zeros(), 0, 0, 0, 0),
        (init.Ones(), 1, 0, 1, 1),
    ],
    ids=str,
)
def test_mean_standard_deviation_and_limits(initializer, mean, std, low, high):
    # 60,000 numbers: the mean is within 5 · std / √60,000 = 0.02 · std, the standard deviation within 2 %.
    x = drawn(initializer).astype(float)
    assert x.shape == SHAPE
    assert x.mean() == pytest.approx(mean, abs=0.02 * std + 1e-8)
    assert x.std() == pytest.approx(std, rel=0.02, abs=1e-8)
    assert np.float32(low) <= x.min()
    assert x.max() <= np.float32(high)


@pytest.mark.parametrize("kind", [init.GlorotUniform, init.HeUniform])
def test_uniform_ones_come_close_to_their_limit(kind):
    limit = math.sqrt(6 / (500 if kind is init.GlorotUniform else 300))
    assert np.abs(drawn(kind())).max() > 0.999 * limit


@pytest.mark.parametrize("kind", [init.GlorotNormal, init.HeNormal])
def test_normal_ones_are_not_truncated(kind):
    x = drawn(kind())
    assert np.abs(x).max() > 3.5 * x.std()


def test_truncated_normal_keeps_the_bells_shape():
    # Among what is left, 0.6827 / 0.9545 lie within one σ.
    x = drawn(init.TruncatedNormal(1.0))
    assert (np.abs(x) < 1).mean() == pytest.approx(0.6827 / 0.9545, abs=0.01)


def test_filters_count_each_of_their_elements():
    # (O, C, KH, KW) = (40, 30, 3, 2): fan_in = 30 · 6, fan_out = 40 · 6.
    assert init.fans(None, (40, 30, 3, 2)) == (180, 240)
    assert init.fans(None, (180, 240)) == (180, 240)
    shape = (40, 30, 3, 2)
    assert drawn(init.HeNormal(), shape).std() == pytest.approx(math.sqrt(2 / 180), rel=0.05)
    assert drawn(init.GlorotNormal(), shape).std() == pytest.approx(math.sqrt(2 / 420), rel=0.05)


@pytest.mark.parametrize("shape", [(), (5,), (0, 3), (3, 0, 2, 2)])
@pytest.mark.parametrize(
    "kind",
    [
        init.GlorotUniform,
        init.GlorotNormal,
        init.HeUniform,
        init.HeNormal,
        init.LeCunUniform,
        init.LeCunNormal,
        init.Orthogonal,
    ],
)
def test_shapes_without_fans(kind, shape):
    message = f"{kind.__name__}: shape must be (in, out) or (O, C, KH, KW), each at least 1, not {shape}"
    with pytest.raises(ValueError, match=re.escape(message)):
        kind()(shape)


@pytest.mark.parametrize(("shape", "rows"), [((5, 3), 3), ((3, 5), 3), ((4, 4), 4), ((6, 2, 3, 1), 6), ((9, 2, 2), 4)])
def test_orthogonal_columns_or_rows_have_length_gain(shape, rows):
    with mg.default_dtype(np.float64):
        matrix = drawn(init.Orthogonal(3.0), shape).reshape(shape[0], -1)
    matrix = matrix if rows == shape[0] else matrix.T
    np.testing.assert_allclose(matrix @ matrix.T, 9 * np.eye(rows), atol=1e-12)


def test_orthogonal_matrices_are_as_often_mirrored_as_not():
    signs = [np.linalg.det(init.Orthogonal()((3, 3), rng=np.random.default_rng(i))) > 0 for i in range(60)]
    assert 15 < sum(signs) < 45
    corners = [init.Orthogonal()((3, 3), rng=np.random.default_rng(i))[0, 0] > 0 for i in range(60)]
    assert 15 < sum(corners) < 45  # what numpy.linalg.qr gives alone has one sign there


ALL = [
    init.Constant(2.0),
    init.Normal(1.0),
    init.TruncatedNormal(1.0),
    init.Uniform(0.0, 1.0),
    init.GlorotUniform(),
    init.GlorotNormal(),
    init.HeUniform(),
    init.HeNormal(),
    init.LeCunUniform(),
    init.LeCunNormal(),
    init.Orthogonal(),
    init.Zeros(),
    init.Ones(),
]


@pytest.mark.parametrize("initializer", ALL, ids=str)
def test_dtype_is_the_default_and_the_draws_do_not_depend_on_it(initializer):
    single = drawn(initializer)
    with mg.default_dtype(np.float64):
        double = drawn(initializer)
    assert (single.dtype, double.dtype) == (np.float32, np.float64)
    np.testing.assert_array_equal(single, double.astype(np.float32))


@pytest.mark.parametrize("initializer", ALL, ids=str)
def test_the_seed_decides_without_rng(initializer):
    mg.seed(0)
    np.testing.assert_array_equal(initializer(SHAPE), drawn(initializer))


@pytest.mark.parametrize("initializer", ALL[:4], ids=str)
def test_scalars_and_empty_arrays(initializer):
    assert initializer(()).shape == ()
    assert initializer((0, 3)).shape == (0, 3)


def test_no_width_at_all():
    assert set(drawn(init.Uniform(2.0, 2.0)).ravel()) == set(drawn(init.Normal(0.0, mean=2.0)).ravel()) == {2.0}


def test_initializers_are_values():
    assert init.Normal(0.01) == init.Normal(0.01, mean=0.0)
    assert str(init.Uniform(-1, 1)) == "Uniform(low=-1, high=1)"
    with pytest.raises(dataclasses.FrozenInstanceError):
        init.Constant(1.0).value = 2.0


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: init.Normal(-1.0), ValueError, "Normal: std must not be negative, not -1.0"),
        (lambda: init.TruncatedNormal(-1.0), ValueError, "TruncatedNormal: std must not be negative, not -1.0"),
        (lambda: init.Normal(np.inf), ValueError, "Normal: std must be finite, not inf"),
        (lambda: init.Uniform(1.0, -1.0), ValueError, "Uniform: low must not exceed high, not 1.0 > -1.0"),
        (lambda: init.Constant(np.nan), ValueError, "Constant: value must be finite, not nan"),
        (lambda: init.Constant("0"), TypeError, "Constant: value must be a number, not '0'"),
        (lambda: init.HeNormal()((3, 2), rng=7), TypeError, "HeNormal: rng must be a numpy.random.Generator, not 7"),
    ],
)
def test_wrong_arguments(make, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        make()
