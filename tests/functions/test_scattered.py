"""What comes back through a max-pooling: written out only where something else than ReLU and convolution takes it."""

import copy
import pickle

import numpy as np
import pytest
from minigrad.backend.scattered import Scattered
from minigrad.functions.scattered import ScatteredGradient

import minigrad as mg
import minigrad.functions as F
from minigrad import viz
from minigrad.backend import numpy_kernels
from minigrad.backend.windows import Window
from minigrad.testing import check_grad

RNG = np.random.default_rng(0)
IMAGES = RNG.standard_normal((2, 3, 8, 8))
FILTERS = RNG.standard_normal((4, 3, 3, 3))
BIAS = RNG.standard_normal(4)


@pytest.fixture
def written(monkeypatch):
    """How often the images were written out, in a list of one number."""
    times = [0]
    images = Scattered.images

    def counting(self, kernels):
        times[0] += 1
        return images(self, kernels)

    monkeypatch.setattr(Scattered, "images", counting)
    return times


def leaves(dtype=np.float32):
    return [mg.Variable(array.astype(dtype)) for array in (IMAGES, FILTERS, BIAS)]


def stage(x, w, b, *, kernel=2, **options):
    return F.max_pool2d(F.relu(F.conv2d(x, w, b, **options)), kernel)


def gradients(y, xs, *, create_graph):
    return [gradient.numpy() for gradient in mg.grad((y * y).sum(), xs, create_graph=create_graph)]


@pytest.mark.parametrize("options", [{}, {"pad": "same"}, {"stride": 2}, {"dilation": 2, "pad": 1}, {"kernel": 3}])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_gradients_are_those_of_the_recorded_operations(options, dtype):
    xs = leaves(dtype)
    found = gradients(stage(*xs, **options), xs, create_graph=False)
    expected = gradients(stage(*xs, **options), xs, create_graph=True)
    for got, wanted in zip(found, expected, strict=True):
        assert got.dtype == dtype
        np.testing.assert_allclose(got, wanted, atol=30 * np.finfo(dtype).eps * abs(wanted).max())


def test_two_masks_let_through_what_both_let_through():
    y, argmax = np.ones((1, 1, 2, 2)), np.array([[[[0, 1], [2, 3]]]], np.uint8)
    first, second = np.zeros((2, 1, 1, 4, 4), bool)
    first[..., :2, :], second[..., :, :2] = True, True
    images = Scattered(y, argmax, Window((2, 2), (2, 2)), (4, 4)).masked(first).masked(second).images(numpy_kernels)
    expected = np.zeros((1, 1, 4, 4))
    expected[0, 0, 0, 0] = 1
    np.testing.assert_array_equal(images, expected)


def test_a_training_step_writes_no_images(written):
    x, w, b = leaves()
    stage(x, w, b).sum().backward()
    stage(x.detach(), w, b).sum().backward()
    assert w.grad is not None
    assert written == [0]


def test_derivatives_of_every_order_hold():
    check_grad(stage, [IMAGES[:1], FILTERS[:2], BIAS[:2]], order=2)


def test_gradients_of_a_frozen_bias_filter_or_image_are_not_computed():
    for wanted in ([0], [1], [2], [0, 1], [0, 2], [1, 2]):
        xs = [x if i in wanted else x.detach() for i, x in enumerate(leaves())]
        all_xs = leaves()
        targets = [xs[i] for i in wanted]
        found = gradients(stage(*xs), targets, create_graph=False)
        expected = gradients(stage(*all_xs), [all_xs[i] for i in wanted], create_graph=True)
        for got, right in zip(found, expected, strict=True):
            np.testing.assert_allclose(got, right, rtol=1e-4, atol=1e-4)


def test_a_second_user_of_the_pooled_images_adds_its_gradient(written):
    x, w, b = leaves()
    h = F.relu(F.conv2d(x, w, b))
    y = F.max_pool2d(h, 2).sum() + (h * h).sum()
    got = mg.grad(y, w).numpy()
    assert written == [1]
    np.testing.assert_allclose(got, mg.grad(y, w, create_graph=True).numpy(), rtol=1e-4, atol=1e-4)


def test_a_leaf_before_the_pooling_gets_a_plain_variable_of_its_own_memory():
    x = mg.Variable(IMAGES)
    F.max_pool2d(x, 2).sum().backward()
    assert type(x.grad) is mg.Variable
    assert x.grad.data.base is None
    assert x.grad.sum().item() == 2 * 3 * 16
    np.testing.assert_array_equal(copy.deepcopy(x.grad).numpy(), x.grad.numpy())


def test_a_retained_gradient_is_a_plain_variable():
    x, w, b = leaves()
    h = F.relu(F.conv2d(x, w, b))
    h.retain_grad()
    F.max_pool2d(h, 2).sum().backward()
    assert type(h.grad) is mg.Variable
    assert h.grad.shape == h.shape
    assert h.grad.sum().item() == 2 * 4 * 9


def test_what_is_infinite_meets_the_zeros():
    x, w, b = leaves()
    x.data[0, 0, 0, 0] = np.inf
    with np.errstate(all="ignore"):
        y = F.max_pool2d(F.conv2d(x, w, b), 2)
        gradient = mg.grad(y.sum(), w).numpy()
    assert np.isnan(gradient).any()


def test_anomaly_detection_sees_the_images():
    x, w, b = leaves()
    y = stage(x, w, b)
    grad = np.ones(y.shape, np.float32)
    grad.flat[0] = np.nan
    with mg.detect_anomaly(), pytest.raises(mg.NonFiniteError, match=r"backward of MaxPool2d .*made 1 NaN"):
        y.backward(grad)


def test_a_recorder_sees_its_numbers_and_changes_nothing(written):
    x, w, b = leaves()
    with viz.record(stats=True) as seen:
        stage(x, w, b).sum().backward()
    assert written[0] > 0
    watched = w.grad.numpy()
    w.zero_grad()
    stage(x, w, b).sum().backward()
    np.testing.assert_array_equal(watched, w.grad.numpy())
    assert "MaxPool2d" in seen.draw().dot


def test_its_shape_is_known_without_the_images(written):
    window = F.max_pool2d(mg.Variable(IMAGES), 2).creator.window
    gradient = ScatteredGradient(Scattered(IMAGES[:, :, :4, :4], np.zeros((2, 3, 4, 4), np.uint8), window, (8, 8)))
    assert gradient.output == ((2, 3, 8, 8), np.float64)
    assert written == [0]
    assert gradient.shape == (2, 3, 8, 8)
    assert written == [1]
    assert gradient.dtype == np.float64
    assert written == [1]


class Tap(mg.Function):
    """The identity, whose backward does something with the gradient."""

    def __init__(self, does):
        self.does = does

    def forward(self, x):
        return x.copy()

    def backward(self, gy):
        return self.does(gy) or gy


def test_it_is_copied_as_a_plain_variable():
    seen = []
    x = mg.Variable(IMAGES)
    for does in (copy.copy, copy.deepcopy, lambda gy: pickle.loads(pickle.dumps(gy))):
        mg.grad(F.max_pool2d(mg.apply(Tap(lambda gy, does=does: seen.append(does(gy))), x), 2).sum(), x)
    assert [type(gradient) for gradient in seen] == [mg.Variable] * 3
    assert {gradient.sum().item() for gradient in seen} == {2 * 3 * 16}


def test_what_a_backward_does_to_its_array_counts():
    x, w, b = leaves()

    def halve(gy):
        gy.data[...] /= 2

    def put_another(gy):
        gy.data = gy.data / 2

    for does in (halve, put_another):
        for taps in ([does, None], [None, does]):
            h = mg.apply(Tap(taps[0] or (lambda gy: None)), F.conv2d(x, w, b))
            h = mg.apply(Tap(taps[1] or (lambda gy: None)), F.relu(h))
            found = mg.grad(F.max_pool2d(h, 2).sum(), w).numpy()
            expected = mg.grad(stage(x, w, b).sum(), w).numpy()
            np.testing.assert_allclose(found, expected / 2, rtol=1e-4, atol=1e-4)
