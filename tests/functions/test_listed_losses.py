"""The losses of the tutorials' lists: what Keras and PyTorch give, extreme numbers, and that nothing broadcasts."""

import inspect

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F

P = np.array([[0.2, 0.7, 0.1], [0.5, 0.3, 0.2]])
T = np.array([[0.0, 1.0, 0.0], [0.25, 0.5, 0.25]])
ONE_HOT = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
S = np.array([[0.5, -2.0, 1.5], [-0.25, 0.75, 3.0]])
U = np.array([[1.0, 2.0, 4.0], [3.0, 0.5, 0.0]])

LOSSES = [
    F.mean_absolute_error, F.mean_absolute_percentage_error, F.mean_squared_logarithmic_error, F.huber, F.logcosh,
    F.hinge, F.squared_hinge, F.categorical_hinge, F.binary_cross_entropy, F.sigmoid_cross_entropy, F.kl_divergence,
    F.poisson, F.cosine_similarity,
]  # fmt: skip
every_loss = pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
BY_ROWS = [F.categorical_hinge, F.kl_divergence, F.cosine_similarity]

KERAS = [  # Keras 3.15.1, float64: keras.losses.<name>(target, prediction), which gives the mean of each row
    (F.mean_absolute_error, S, T, {}, [1.6666666666666667, 1.1666666666666667]),
    (F.mean_absolute_percentage_error, S, U + 1, {}, [103.8888888888889, 118.75]),
    (F.mean_squared_logarithmic_error, S, U, {}, [0.5900542432728318, 1.2891286629730383]),
    (F.huber, S, T, {"delta": 0.5}, [0.7083333333333334, 0.46875]),
    (F.hinge, S, ONE_HOT, {}, [2.3333333333333335, 0.8333333333333334]),
    (F.squared_hinge, S, ONE_HOT, {}, [5.833333333333333, 1.2083333333333333]),
    (F.hinge, S, 2 * ONE_HOT - 1, {}, [2.3333333333333335, 0.8333333333333334]),
    (F.categorical_hinge, S, ONE_HOT, {}, [4.5, 0.0]),
    (F.logcosh, S, T, {}, [1.0949610589452987, 0.7373251891917004]),
    (F.poisson, P, U, {}, [4.177707795525202, 1.2271423923920752]),
    (F.kl_divergence, P, T, {}, [0.35667211152190276, 0.1379119045715615]),
    (F.cosine_similarity, S, T, {}, [0.7844645405527362, -0.5592589407158037]),
    (F.binary_cross_entropy, P, T, {}, [0.22839300363692283, 0.6810627320954873]),
    (F.sigmoid_cross_entropy, S, T, {}, [1.6008060910686108, 1.2329659258558285]),
]


@pytest.mark.parametrize(("loss", "x", "t", "options", "expected"), KERAS)
def test_keras_gives_the_same(loss, x, t, options, expected):
    losses = loss(x, t, reduction="none", **options).data
    if loss not in BY_ROWS:
        losses = losses.mean(1)
    # Keras adds 1e-7 or counts what is below it as 1e-7, where a target of 0 or a negative number is 0 here.
    np.testing.assert_allclose(losses, expected, rtol=1e-6, atol=5e-6 if loss is F.kl_divergence else 0)


PYTORCH = [  # PyTorch 2.13, float64: the loss, and the gradient of its first row
    (F.mean_absolute_error, {}, 0.18333333333333335, [1 / 6, -1 / 6, 1 / 6]),
    (F.huber, {"delta": 0.25}, 0.02020833333333334, [0.2 / 6, -0.25 / 6, 0.1 / 6]),
    (F.binary_cross_entropy, {}, 0.45472786786620506, [0.2083333333333333, -0.2380952380952381, 0.18518518518518515]),
    (F.sigmoid_cross_entropy, {}, 0.7078821127284743, [0.09163899955207966, -0.055302037971972307, 0.08749653124649]),
    (F.kl_divergence, {}, 0.247293424255147, [0, -0.7142857142857143, 0]),  # kl_div(log x, t, reduction="batchmean")
    (F.poisson, {}, 0.589051189137746, [1 / 6, -0.07142853741497088, 1 / 6]),  # log_input=False, eps=1e-7
    (F.cosine_similarity, {}, -0.9067626882539794, [0.17640358229920014, -0.0630012793925715, 0.08820179114960007]),
]


@pytest.mark.parametrize(("loss", "options", "value", "gradient"), PYTORCH)
def test_pytorch_gives_the_same(loss, options, value, gradient):
    x = mg.Variable(P)
    found = loss(x, T, **options)
    assert found.item() == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(mg.grad(found, x).data[0], gradient, rtol=1e-9, atol=1e-15)


@every_loss
def test_all_take_the_same_arguments(loss):
    first, second, *others = inspect.signature(loss).parameters.values()
    assert first.name == ("logits" if loss is F.sigmoid_cross_entropy else "prediction")
    assert second.name == "target"
    assert others[-1].name == "reduction"
    assert others[-1].default == "mean"
    assert all(other.kind is other.KEYWORD_ONLY for other in others)


@every_loss
@pytest.mark.parametrize(("prediction", "target"), [((3, 1), (3,)), ((3,), (1, 3)), ((3,), ()), ((2, 3), (3, 2))])
def test_none_broadcasts(loss, prediction, target):
    with pytest.raises(ValueError, match=rf"^{loss.__name__}: shapes must be equal; ") as error:
        loss(np.ones(prediction), np.ones(target))
    assert f"{prediction} float64, target {target} float64" in str(error.value)


@every_loss
def test_a_prediction_of_integers_is_an_error(loss):
    name = "logits" if loss is F.sigmoid_cross_entropy else "prediction"
    with pytest.raises(TypeError, match=rf"^{loss.__name__}: {name} must be floats; {name} \(1, 2\) int64, target"):
        loss(np.array([[1, 0]]), np.array([[1.0, 0.0]]))


@every_loss
@pytest.mark.parametrize("wrap", [np.asarray, lambda t: mg.Variable(t, requires_grad=False)], ids=["array", "Variable"])
@pytest.mark.parametrize("dtype", [np.int64, np.uint8, bool])
def test_a_target_of_integers_takes_the_float_type_of_the_prediction(loss, wrap, dtype):
    for prediction in (mg.Variable(P.astype(np.float32)), P.astype(np.float32)):
        found = loss(prediction, wrap(ONE_HOT.astype(dtype)))
        assert found.dtype == np.float32
        assert found.item() == pytest.approx(loss(P, ONE_HOT).item(), rel=1e-5)


@every_loss
def test_a_reduction_that_there_is_not(loss):
    with pytest.raises(ValueError, match=rf'^{loss.__name__}: reduction must be "mean", "sum" or "none", not \'avg\''):
        loss(P, T, reduction="avg")


@every_loss
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_loss_of_nothing_is_zero(loss, reduction):
    x = mg.Variable(np.zeros((0, 3)))
    found = loss(x, np.zeros((0, 3)), reduction=reduction)
    assert found.item() == 0
    assert mg.grad(found, x).shape == (0, 3)


@pytest.mark.parametrize("loss", BY_ROWS)
def test_rows_must_have_elements(loss):
    for shape in ((), (2, 0)):
        with pytest.raises(ValueError, match=rf"^{loss.__name__}: the last axis must have elements; prediction"):
            loss(np.ones(shape), np.ones(shape))


@pytest.mark.parametrize(
    ("loss", "option"),
    [
        (F.mean_absolute_percentage_error, "eps"), (F.binary_cross_entropy, "eps"), (F.kl_divergence, "eps"),
        (F.poisson, "eps"), (F.huber, "delta"),
    ],
)  # fmt: skip
def test_bounds_must_be_positive(loss, option):
    for value in (0, -1.0):
        with pytest.raises(ValueError, match=rf"^{loss.__name__}: {option} must be positive, not {value}"):
            loss(P, T, **{option: value})


def derivatives(loss, x, t, **options):
    x = mg.Variable(np.asarray(x))
    y = loss(x, np.asarray(t, x.dtype), reduction="none", **options)
    return y.data, mg.grad(y.sum(), x).data


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logcosh_is_exact_near_0_and_far_off(dtype):
    x = np.array([1e-10, 1e-4, 0.99, 1.01, 1e4, 1e30], dtype)
    y, gx = derivatives(F.logcosh, x, np.zeros(6))
    expected = [5e-21, 5e-9 - 1e-16 / 12, *np.log(np.cosh(x[2:4].astype(float))), 1e4 - np.log(2), 1e30]
    np.testing.assert_allclose(y, expected, rtol=4 * np.finfo(dtype).eps)
    np.testing.assert_allclose(gx, np.tanh(x), rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_cross_entropy_keeps_the_digits_of_small_probabilities(dtype):
    x = np.array([40.0, -40.0, 40.0, -40.0, 1e30, -1e30], dtype)
    t = [1, 0, 0, 1, 0, 0]
    y, gx = derivatives(F.sigmoid_cross_entropy, x, t)
    small = np.exp(-40.0)
    np.testing.assert_allclose(y, [small, small, 40, 40, 1e30, 0], rtol=1e-6)
    np.testing.assert_allclose(gx, [-small, small, 1, -1, 1, 0], rtol=1e-6)


def test_sigmoid_cross_entropy_of_infinite_logits():
    y, gx = derivatives(F.sigmoid_cross_entropy, [np.inf, -np.inf, np.inf, -np.inf], [1, 0, 0, 1])
    assert y.tolist() == [0, 0, np.inf, np.inf]
    assert gx.tolist() == [0, 0, 1, -1]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_probabilities_of_0_and_1_have_finite_losses(dtype):
    p = np.array([0.0, 1.0, 0.0, 1.0], dtype)
    y, gx = derivatives(F.binary_cross_entropy, p, [0, 1, 1, 0])
    assert y[:2].tolist() == [0, 0]
    least = 6.1e-5 if dtype == np.float16 else 1e-7
    np.testing.assert_allclose(y[2:], -np.log(least), rtol=1e-3)
    assert gx.tolist() == [1, -1, 0, 0]
    y, gx = derivatives(F.kl_divergence, p.reshape(2, 2), [[0, 1], [1, 0]])
    np.testing.assert_allclose(y, [0, -np.log(least)], rtol=1e-3)
    assert gx.tolist() == [[0, -1], [0, 0]]


def test_huge_distances_overflow_in_no_step_of_huber():
    y, gx = derivatives(F.huber, np.array([1e30, -1e30], np.float32), [0, 0], delta=2.0)
    np.testing.assert_allclose(y, 2e30, rtol=1e-6)
    assert gx.tolist() == [2, -2]


@pytest.mark.parametrize(("x", "t"), [(1e8, 0), (0, 1e8), (1e8, 1e8 + 64), (1e-9, 0), (1e30, 1.0), (3.0, 1e30)])
def test_logarithmic_distances_keep_their_digits_in_float32(x, t):
    x, t = np.float32(x), np.float32(t)
    y, gx = derivatives(F.mean_squared_logarithmic_error, np.array([x]), [t])
    exact = np.log1p(np.longdouble(x)) - np.log1p(np.longdouble(t))
    np.testing.assert_allclose(y, [float(exact**2)], rtol=1e-6)
    np.testing.assert_allclose(gx, [float(2 * exact / (1 + np.longdouble(x)))], rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-37, 1e-30, 1e30, 3e38])
def test_the_cosine_does_not_depend_on_lengths(scale):
    x = np.array([[0.5, 0.25, -1.0]], np.float32)
    t = np.array([[0.25, 1.0, 0.125]], np.float32)
    expected = F.cosine_similarity(x, t).item()
    small = np.float32(scale)
    assert F.cosine_similarity(x * small, t).item() == pytest.approx(expected, rel=2e-5)
    assert F.cosine_similarity(x, t * small).item() == pytest.approx(expected, rel=2e-5)


def test_a_row_of_zeros_has_no_direction():
    y, gx = derivatives(F.cosine_similarity, np.zeros((2, 3)), np.ones((2, 3)))
    assert not y.any()
    assert not gx.any()


def test_losses_are_differentiated_towards_the_target_too():
    for loss in LOSSES:
        targets = 0.125 + 0.75 * T
        t = mg.Variable(targets)
        gt = mg.grad(loss(P, t, reduction="sum"), t).data
        h = 1e-6
        for i in np.ndindex(T.shape):
            step = np.zeros_like(T)
            step[i] = h
            after, before = (loss(P, targets + s, reduction="sum").item() for s in (step, -step))
            assert gt[i] == pytest.approx((after - before) / (2 * h), rel=1e-5, abs=1e-7), loss.__name__
