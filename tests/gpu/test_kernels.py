"""The kernels for CuPy's arrays: NumPy's results, the same bits each time, however many numbers they add up."""

import cupy
import numpy as np
import pytest

import minigrad as mg
from minigrad.backend import cupy_kernels, numpy_kernels, sum_rounded
from minigrad.backend.cuda import products
from minigrad.backend.kernels import Kernels, KernelSet, kernels_of
from minigrad.backend.windows import Window
from tests.backend.kernel_sets import compare_kernels

NAMES = {name for name in vars(Kernels) if not name.startswith("_") and name not in vars(KernelSet)}
RNG = np.random.default_rng(0)


def normal(*shape, dtype=np.float32):
    return RNG.standard_normal(shape).astype(dtype)


def assert_close(found, expected):
    tolerance = 1e-2 if expected.dtype == np.float16 else 1e-5
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(found.get(), expected, rtol=tolerance, atol=tolerance)


def test_they_compute_what_numpys_do(thread_order):
    assert compare_kernels(cupy_kernels, examples=20, seed=len(thread_order), to_array=cupy.asarray) == NAMES


def test_they_give_the_same_bits_each_time():
    x, w = cupy.asarray(normal(3, 2, 9, 9)), cupy.asarray(normal(4, 2, 3, 3))
    window, rows, labels = Window((3, 3)), cupy.asarray(normal(70, 40)), cupy.arange(70) % 40
    weights = cupy.ones(70, np.float32)
    calls = (
        lambda: cupy_kernels.conv2d(x, w, None, window, 1),
        lambda: cupy_kernels.filter_correlation(x, cupy_kernels.conv2d(x, w, None, window, 1), window, 1),
        lambda: cupy_kernels.channel_sum(rows),
        lambda: cupy_kernels.cross_entropy(rows, labels, weights)[0],
        lambda: cupy_kernels.matmul(rows.T, rows),
    )
    for call in calls:
        assert call().tobytes() == call().tobytes()


# ---------------------------------------------------------------- sums of many numbers
@pytest.mark.parametrize("shape", [(10**6, 1), (10**5, 3), (40, 2, 1000, 20)], ids=str)
def test_channel_sums_are_right_to_a_millionth(shape):
    x = RNG.random(shape, np.float32)
    found = cupy_kernels.channel_sum(cupy.asarray(x)).get()
    np.testing.assert_allclose(found, x.sum((0, *range(2, x.ndim)), dtype=np.float64), rtol=1e-6)


@pytest.mark.parametrize("axis", [None, (0,), (1,)])
def test_sums_are_right_to_a_millionth(axis):
    x = RNG.random((100_000, 3) if axis == (0,) else (3, 100_000), np.float32)
    found = sum_rounded(cupy.asarray(x), axis, keepdims=False).get()
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, x.sum(axis, dtype=np.float64), rtol=1e-6)


def test_sums_over_large_windows_are_right_to_a_millionth():
    x, window = RNG.random((1, 1, 400, 400), np.float32), Window((400, 400))
    np.testing.assert_allclose(cupy_kernels.window_sum(cupy.asarray(x), window).get(), [[[[x.sum(dtype=float)]]]], 1e-6)
    y = cupy.asarray(RNG.random((1, 1, 60, 60), np.float32))
    found = cupy_kernels.window_broadcast(y, (119, 119), Window((60, 60))).get()
    np.testing.assert_allclose(found[0, 0, 59, 59], y.get().sum(dtype=float), rtol=1e-6)


def test_cross_entropy_of_many_classes_is_right_to_a_millionth():
    logits = cupy.zeros((1, 10**5), np.float32)
    losses, softmax = cupy_kernels.cross_entropy(logits, cupy.asarray([3]), cupy.ones(1, np.float32))
    np.testing.assert_allclose(losses.get(), np.log(1e5), rtol=1e-6)
    np.testing.assert_allclose(softmax.get(), 1e-5, rtol=1e-6)


# ---------------------------------------------------------------- labels
def test_a_label_out_of_range_makes_its_row_nan_and_no_other():
    logits, labels = cupy.asarray(normal(4, 3)), cupy.asarray([0, 3, -1, 2])
    losses, softmax = cupy_kernels.cross_entropy(logits, labels, cupy.ones(4, np.float32))
    gradient = cupy_kernels.cross_entropy_gradient(softmax, labels, cupy.ones(4, np.float32), 0.0)
    assert np.isnan(losses.get()).tolist() == [False, True, True, False]
    for rows in (softmax, gradient):
        assert (
            np.isnan(rows.get()).all(1).tolist() == np.isnan(rows.get()).any(1).tolist() == [False, True, True, False]
        )


# ---------------------------------------------------------------- products
STACKS = [((2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((5, 1, 2, 3), (6, 3, 4))]
STACKS += [((2, 0), (0, 4)), ((3, 2, 0), (3, 0, 4)), ((0, 3), (3, 4)), ((5, 2, 3), (1, 3, 4)), ((1, 3), (3, 1))]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64"])
def test_products_of_matrices_and_stacks(dtype):
    for shapes in STACKS if dtype != "int64" else STACKS[:1]:
        a, b = ((4 * normal(*shape)).astype(dtype) for shape in shapes)
        assert_close(cupy_kernels.matmul(cupy.asarray(a), cupy.asarray(b)), numpy_kernels.matmul(a, b))


VIEWS = {
    "transposed": lambda xp, x: xp.ascontiguousarray(x.T).T,
    "columns": lambda xp, x: xp.repeat(x, 2, 1)[:, : x.shape[1]],
    "every second row": lambda xp, x: xp.repeat(x, 2, 0)[::2],
    "every second column": lambda xp, x: xp.repeat(x, 2, 1)[:, ::2],
    "backwards": lambda xp, x: x[::-1],
    "repeated": lambda xp, x: xp.broadcast_to(x[:1], x.shape),
}


@pytest.mark.parametrize("view", VIEWS)
def test_products_of_views(view):
    seen, plain = VIEWS[view], lambda xp, x: x
    a, b = normal(5, 6), normal(6, 7)
    for left, right in ((seen, plain), (plain, seen), (seen, seen)):
        found = cupy_kernels.matmul(left(cupy, cupy.asarray(a)), right(cupy, cupy.asarray(b)))
        assert_close(found, left(np, a) @ right(np, b))


def test_tf32_is_used_inside_of_its_switch_alone(monkeypatch):
    asked = []
    monkeypatch.setattr(products, "_call", lambda name, *arguments: asked.append((name, arguments[-2])))
    monkeypatch.setattr(products, "_handle", lambda device, stream: 0)
    a, b = cupy.zeros((3, 3), np.float32), cupy.zeros((2, 3, 3), np.float32)
    for on in (False, True):
        with mg.allow_tf32(on):
            products.matmul(a, a)
            products.matmul(b, b)
            products.matmul(a.astype(np.float64), a.astype(np.float64))
    single, double, fast = 68, 70, 77
    assert [compute for _, compute in asked] == [single, single, double, fast, fast, double]


# ---------------------------------------------------------------- memory, devices
def test_images_keep_their_memory_order():
    x = cupy.asarray(normal(2, 3, 4, 5)).transpose(0, 3, 1, 2)  # as convolutions give them
    y, positive = cupy_kernels.relu(x)
    assert y.strides == x.strides
    assert cupy_kernels.masked(x, positive).strides == x.strides
    assert cupy_kernels.dropout_mask(x, 0.5, np.random.default_rng(0)).strides == x.strides


def test_gradients_of_filters_have_memory_of_their_own():
    x, y = cupy.asarray(normal(2, 3, 4, 4)), cupy.asarray(normal(2, 4, 3, 3))
    w = cupy_kernels.filter_correlation(x, y, Window((2, 2)), 1)
    assert w.flags.c_contiguous
    assert w.base is None


def test_a_kernel_runs_on_the_device_of_its_arrays(monkeypatch):
    x, entered = cupy.ones(3, np.float32), []

    class Device(cupy.cuda.Device):
        def __enter__(self):
            entered.append(self.id)
            return super().__enter__()

    relu = kernels_of(x).relu
    relu(x)
    assert entered == []
    monkeypatch.setattr(cupy.cuda, "Device", Device)
    monkeypatch.setattr(cupy.cuda.device, "get_device_id", lambda: 1)
    assert relu(x)[0].get().tolist() == [1, 1, 1]
    assert entered == [0]


def test_integers_have_a_relu_and_masks_too():
    x = cupy.arange(-2, 3)
    y, positive = kernels_of(x).relu(x)
    assert y.get().tolist() == [0, 0, 0, 1, 2]
    assert kernels_of(x).masked(x, positive).get().tolist() == [0, 0, 0, 1, 2]
