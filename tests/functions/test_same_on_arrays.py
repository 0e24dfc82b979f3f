"""What fused operations compute on arrays, where nothing is recorded, is what their recorded backward computes."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.functions as F
from minigrad import viz
from minigrad.backend import numpy_kernels
from minigrad.backend.sparse_images import SparseImages
from minigrad.backend.windows import Window

RNG = np.random.default_rng(0)
IMAGES = RNG.standard_normal((2, 3, 8, 8))
FILTERS = RNG.standard_normal((4, 3, 3, 3))
BIAS = RNG.standard_normal(4)


def leaves(dtype=np.float32):
    return [mg.Variable(array.astype(dtype)) for array in (IMAGES, FILTERS, BIAS)]


def gradients(y, xs, *, create_graph):
    return [gradient.numpy() for gradient in mg.grad((y * y).sum(), xs, create_graph=create_graph)]


def assert_gradients_agree(function, xs, wanted=slice(None)):
    """Towards the wanted ones of the operands, the others constant: on arrays and recorded."""
    dtype = xs[0].dtype
    targets = xs[wanted]
    given = [x if any(x is target for target in targets) else x.detach() for x in xs]
    found = gradients(function(*given), targets, create_graph=False)
    expected = gradients(function(*xs), targets, create_graph=True)
    for got, right in zip(found, expected, strict=True):
        assert got.dtype == dtype
        np.testing.assert_allclose(got, right, atol=30 * np.finfo(dtype).eps * abs(right).max())


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    "options",
    [{}, {"pad": "same"}, {"stride": 2}, {"dilation": 2, "pad": 1}, {"pool": 3}, {"pool": 3, "pool_stride": 1}],
)
def test_a_convolution_with_its_pooling(options, dtype):
    assert_gradients_agree(lambda x, w, b: F.conv_relu_pool(x, w, b, **options), leaves(dtype))


@pytest.mark.parametrize("wanted", [slice(1), slice(1, 2), slice(2, 3), slice(2), slice(1, 3), slice(0, 3, 2)], ids=str)
def test_some_operands_are_constant(wanted):
    assert_gradients_agree(F.conv_relu_pool, leaves(np.float64), wanted)
    x, w, b = (mg.Variable(RNG.standard_normal(shape)) for shape in ((5, 3), (3, 4), (4,)))
    assert_gradients_agree(F.linear, [x, w, b], wanted)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy_also_of_distributions_that_add_up_to_about_1(reduction):
    targets = np.array([[0.2, 0.3, 0.4995], [1.0005, 0, 0]])
    logits = mg.Variable(RNG.standard_normal((2, 3)))
    assert_gradients_agree(lambda x: F.softmax_cross_entropy(x, targets, reduction=reduction), [logits])


def test_a_training_step_writes_no_zeros(monkeypatch):
    def written(self, kernels):
        raise AssertionError

    monkeypatch.setattr(SparseImages, "dense", written)
    x, w, b = leaves()
    F.conv_relu_pool(x, w, b).sum().backward()
    F.conv_relu_pool(x.detach(), w, b).sum().backward()
    assert w.grad is not None


def test_sparse_images_are_zero_but_at_the_argmax_and_inside_of_the_mask():
    y, argmax = np.ones((1, 1, 2, 2)), np.array([[[[0, 1], [2, 3]]]], np.uint8)
    mask = np.zeros((1, 1, 4, 4), bool)
    mask[..., :2] = True
    expected = np.zeros((1, 1, 4, 4))
    expected[0, 0, [0, 3], [0, 0]] = 1
    images = SparseImages(y, argmax, Window((2, 2), (2, 2)), (4, 4), mask)
    np.testing.assert_array_equal(images.dense(numpy_kernels), expected)


def test_infinite_images_meet_the_zeros_behind_the_pooling():
    x, w, b = leaves()
    x.data[0, 0, 0, 0] = np.inf
    with np.errstate(all="ignore"):
        gradient = mg.grad(F.conv_relu_pool(x, w, b).sum(), w).numpy()
    assert np.isnan(gradient).any()


def test_anomaly_detection_names_the_fused_operation():
    x, w, b = leaves()
    y = F.conv_relu_pool(x, w, b)
    gy = np.ones(y.shape, np.float32)
    gy.flat[0] = np.nan
    with mg.detect_anomaly(), pytest.raises(mg.NonFiniteError, match=r"backward of ConvReLUPool .*made \d+ NaN"):
        y.backward(gy)


def test_a_recorder_sees_the_gradients_and_changes_none():
    x, w, b = leaves()
    with viz.record(stats=True) as seen:
        F.conv_relu_pool(x, w, b).sum().backward()
    watched = w.grad.numpy()
    w.zero_grad()
    F.conv_relu_pool(x, w, b).sum().backward()
    np.testing.assert_array_equal(watched, w.grad.numpy())
    assert "ConvReLUPool" in seen.draw().dot
