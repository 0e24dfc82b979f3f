"""Normalizations: where their statistics come from, the edges of their domain, their float types."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad.backend import numpy_kernels
from minigrad.backend.kernels import KernelSet, kernels_of

RNG = np.random.default_rng(0)
IMAGES = RNG.standard_normal((4, 3, 5, 2))


@pytest.mark.parametrize("x", [IMAGES, IMAGES[:, :, 0], IMAGES[:, :, 0, 0]], ids=["images", "signals", "features"])
def test_each_channel_of_a_batch_has_mean_0_and_variance_1(x):
    y = F.batch_norm(x, eps=1e-12).data
    axes = (0, *range(2, x.ndim))
    np.testing.assert_allclose(y.mean(axes), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axes), 1)


def test_given_statistics_are_used_as_they_are():
    mean, var = np.array([1.0, 2.0, 3.0]), np.array([4.0, 1.0, 0.25])
    y = F.batch_norm(np.full((1, 3), 5.0), mean=mean, var=var, eps=1e-12)
    np.testing.assert_allclose(y.data, [[2.0, 3.0, 4.0]])


def test_the_batchs_own_statistics_given_make_the_same_numbers_and_another_gradient():
    x = mg.Variable(IMAGES)
    w, b = np.array([1.0, 2.0, -3.0]), np.array([0.0, 1.0, 2.0])
    own = F.batch_norm(x, w, b)
    given = F.batch_norm(x, w, b, mean=IMAGES.mean((0, 2, 3)), var=IMAGES.var((0, 2, 3)))
    np.testing.assert_allclose(own.data, given.data, atol=1e-12)
    np.testing.assert_allclose(mg.grad(own.sum(), x).data, 0, atol=1e-10)  # the mean stays b, whatever x is
    assert abs(mg.grad(given.sum(), x).data).min() > 0.1


def test_normalizations_meet_where_they_mean_the_same():
    everything = F.layer_norm(IMAGES, axis=(1, 2, 3)).data
    np.testing.assert_allclose(F.group_norm(IMAGES, groups=1).data, everything, atol=1e-12)
    each = F.layer_norm(IMAGES, axis=(2, 3)).data
    np.testing.assert_allclose(F.group_norm(IMAGES, groups=3).data, each, atol=1e-12)
    one = F.batch_norm(IMAGES[:1]).data
    np.testing.assert_allclose(F.group_norm(IMAGES[:1], groups=3).data, one, atol=1e-12)


def test_the_factor_and_the_summand_of_a_layer_norm_have_the_shape_of_its_axes_in_their_order():
    w, b = RNG.standard_normal((3, 2)), RNG.standard_normal((3, 2))
    y = F.layer_norm(IMAGES, w, b, axis=(3, 1)).data
    expected = F.layer_norm(IMAGES, axis=(3, 1)).data * w[:, None] + b[:, None]
    np.testing.assert_allclose(y, expected)


@pytest.mark.parametrize("constant", [0.1, 1e4, -3e7])
@pytest.mark.parametrize("normalize", [F.batch_norm, lambda x: F.layer_norm(x.T)])
def test_what_is_constant_becomes_0_exactly_with_gradient_0(normalize, constant):
    x = mg.Variable(np.full((1000, 2), constant, np.float32))
    y = normalize(x)
    assert not y.data.any()
    assert not mg.grad(y, x, np.ones(y.shape)).data.any()


def test_a_large_mean_takes_no_digits_from_the_result():
    x = np.array([[0.0], [1.0], [3.0]], np.float32)
    y = F.batch_norm(x + np.float32(2**23)).data
    np.testing.assert_allclose(y, F.batch_norm(x).data, rtol=1e-6)


@pytest.mark.parametrize("kernels", [kernels_of(IMAGES), KernelSet(lambda _: None, numpy_kernels, lambda *_: False)])
def test_a_large_mean_takes_no_digits_from_the_gradients(kernels):
    x, gy = np.array([[0.0], [1.0], [3.0]], np.float32), np.array([[1.0], [0.0], [0.0]], np.float32)

    def gradients(x):
        _, statistics = kernels.batch_norm(x, None, None, 1e-5)
        return kernels.batch_norm_gradients(gy, x, None, statistics, 1e-5)

    for found, expected in zip(gradients(x + np.float32(2**23)), gradients(x), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_of_one_number_the_summand_is_left():
    x, w, b = (mg.Variable(array) for array in (np.array([[7.0, 8.0]]), np.array([2.0, 3.0]), np.array([4.0, 5.0])))
    y = F.batch_norm(x, w, b)
    assert y.data.tolist() == [[4.0, 5.0]]
    assert [g.data.tolist() for g in mg.grad(y.sum(), (x, w, b))] == [[[0.0, 0.0]], [0.0, 0.0], [1.0, 1.0]]


@pytest.mark.parametrize(
    "normalize",
    [F.batch_norm, F.layer_norm, lambda x: F.group_norm(x, groups=1)],
    ids=["batch", "layer", "group"],
)
@pytest.mark.parametrize("shape", [(0, 3), (2, 3, 0), (0, 1, 0)])
def test_of_nothing_there_is_nothing(normalize, shape):
    x = mg.Variable(np.zeros(shape, np.float32))
    with np.errstate(all="raise"):
        y = normalize(x)
        assert y.shape == mg.grad(y.sum(), x).shape == shape


def test_float16_has_statistics_of_float32():
    x = mg.Variable(np.array([[300.0], [-300.0], [60000.0], [0.0]], np.float16))  # squares and sums beyond float16
    y = F.batch_norm(x)
    assert y.dtype == np.float16
    np.testing.assert_allclose(y.data, F.batch_norm(x.data.astype(float)).data, rtol=1e-3)
    gx = mg.grad(y[0, 0] * 1e4, x)
    wide = mg.Variable(x.data.astype(float))
    assert gx.dtype == np.float16
    np.testing.assert_allclose(gx.data, mg.grad(F.batch_norm(wide)[0, 0] * 1e4, wide).data, rtol=1e-2)


def test_the_float_type_is_that_of_x_and_the_parameters_whatever_the_statistics_are():
    x, w = mg.Variable(np.ones((2, 1), np.float16)), mg.Variable(np.ones(1, np.float32))
    statistics = {"mean": np.zeros(1), "var": mg.Variable(np.ones(1))}
    assert F.batch_norm(x).dtype == F.batch_norm(x, **statistics).dtype == np.float16
    assert F.batch_norm(x, w).dtype == F.batch_norm(x, w, **statistics).dtype == np.float32
    assert F.layer_norm(np.array([[1, 3]])).dtype == np.float32  # integers


def test_small_numbers_raise_no_error():
    with np.errstate(all="raise"):
        x = mg.Variable(np.array([[1e-30, 2e-30, -1e-30]], np.float32))
        y = F.layer_norm(x)
        mg.grad(y, x, np.array([[1e-30, 0, 0]], np.float32))
    np.testing.assert_allclose(
        y.data, [[1e-30 / 3 / 1e-5**0.5, 4e-30 / 3 / 1e-5**0.5, -5e-30 / 3 / 1e-5**0.5]], rtol=1e-5
    )


def test_what_they_keep_besides_x():
    x = mg.Variable(np.ones((8, 3, 4, 4), np.float32))
    kept = {normalize: normalize(x).creator.saved_arrays for normalize in (F.batch_norm, F.layer_norm)}
    assert [array.size for array in kept[F.batch_norm] if array is not None] == [x.size, 3 * 3]
    assert [array.size for array in kept[F.layer_norm]] == [x.size, x.size, x.size // 4]


def test_the_operations_of_a_batch_norm():
    x, w = mg.Variable(np.ones((8, 3))), np.ones(3)
    assert [F.batch_norm(*xs).creator.flops() for xs in ([x], [x, w], [x, w, w])] == [5 * 24, 6 * 24, 7 * 24]


ONES = mg.Variable(np.ones((2, 4, 3), np.float32))
SHORT = np.ones(3, np.float32)

ERRORS = {
    "batch_norm x": (lambda: F.batch_norm(SHORT), ["batch_norm", "x", "(3,)", "(N, C, ...)"]),
    "batch_norm w": (lambda: F.batch_norm(ONES, SHORT), ["batch_norm", "w (3,)", "(4,)", "x (2, 4, 3)"]),
    "batch_norm b": (lambda: F.batch_norm(ONES, None, SHORT), ["batch_norm", "b (3,)", "(4,)", "x (2, 4, 3)"]),
    "batch_norm mean": (lambda: F.batch_norm(ONES, mean=SHORT, var=SHORT), ["batch_norm", "mean (3,)", "(4,)"]),
    "batch_norm var": (lambda: F.batch_norm(ONES, mean=np.ones(4), var=SHORT), ["batch_norm", "var (3,)", "(4,)"]),
    "batch_norm one": (lambda: F.batch_norm(ONES, mean=np.ones(4)), ["batch_norm", "mean and var go together"]),
    "batch_norm eps": (lambda: F.batch_norm(ONES, eps=0), ["batch_norm", "eps must be positive, not 0"]),
    "batch_norm given eps": (
        lambda: F.batch_norm(ONES, mean=np.ones(4), var=np.ones(4), eps=-1),
        ["batch_norm", "eps"],
    ),
    "layer_norm w": (lambda: F.layer_norm(ONES, np.ones(4)), ["layer_norm", "w (4,)", "(3,)", "x (2, 4, 3)"]),
    "layer_norm b": (lambda: F.layer_norm(ONES, b=SHORT, axis=(1, 2)), ["layer_norm", "b (3,)", "(4, 3)"]),
    "layer_norm axis": (lambda: F.layer_norm(ONES, axis=3), ["layer_norm", "axis 3", "3 dimensions"]),
    "group_norm groups": (lambda: F.group_norm(ONES, groups=3), ["group_norm", "groups=3", "4 channels", "(2, 4, 3)"]),
    "group_norm none": (lambda: F.group_norm(ONES, groups=0), ["group_norm", "groups must be at least 1"]),
    "group_norm w": (lambda: F.group_norm(ONES, SHORT, groups=2), ["group_norm", "w (3,)", "(4,)"]),
    "group_norm x": (lambda: F.group_norm(SHORT, groups=1), ["group_norm", "x", "(3,)"]),
}


@pytest.mark.parametrize("name", ERRORS)
def test_a_wrong_call_is_an_error_that_says_what_is_wrong(name):
    call, parts = ERRORS[name]
    with pytest.raises(ValueError, match=r"(?s).") as error:
        call()
    assert [part for part in parts if part not in str(error.value)] == []


def test_bools_are_no_numbers():
    with pytest.raises(TypeError, match=r"layer_norm: numbers are needed, not \(2,\) bool"):
        F.layer_norm(np.array([True, False]))


def test_other_frameworks_keywords_are_answered():
    with pytest.raises(TypeError, match="there is no keyword running_mean; write mean="):
        F.batch_norm(ONES, running_mean=None)
    with pytest.raises(TypeError, match="there is no keyword num_groups; write groups="):
        F.group_norm(ONES, num_groups=2)
