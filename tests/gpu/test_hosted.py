"""The hosted device itself: what it must notice, and what it must not change."""

import ctypes

import cupy
import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("hosted")

ALONE = r"""
extern "C" __global__ void ones(float *x, int n) {
    if (threadIdx.x < n) x[threadIdx.x] = 1;
}
extern "C" __global__ void read(const float *x, float *y, int i) { *y = x[i]; }
extern "C" __global__ void write(unsigned char *x, int i, unsigned char value) { x[i] = value; }
extern "C" __global__ void larger(float *x, float a, double b) { x[0] = max(a, 1.f), x[1] = min(b, 1.0); }
"""
TOGETHER = r"""
extern "C" __global__ void add_up(const float *x, float *y) {
    __shared__ float sums[64];
    sums[threadIdx.x] = x[threadIdx.x];
    for (int half = 32; half; half /= 2) {
        BARRIER;
        if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
    }
    if (!threadIdx.x) *y = *sums;
}
extern "C" __global__ void unwritten(float *y) {
    extern __shared__ float dynamic[];
    __shared__ float known[2];
    y[threadIdx.x] = threadIdx.x < 2 ? known[threadIdx.x] : dynamic[threadIdx.x - 2];
}
extern "C" __global__ void shuffles(int *y) {
    int t = threadIdx.x;
    y[t] = __shfl_xor_sync(~0u, t, 1);
    y[t + 64] = __shfl_down_sync(~0u, t, 3);
    y[t + 128] = __shfl_up_sync(~0u, t, 2, 16);
    y[t + 192] = __shfl_sync(~0u, t, 5);
    y[t + 256] = __popc(__ballot_sync(~0u, t % 5 == 0));
}
extern "C" __global__ void nobody(float *y) { y[threadIdx.x] = __shfl_down_sync(~0u, 1.f, 8); }
extern "C" __global__ void apart(float *y) {
    if (threadIdx.x % 2) __syncthreads();
    else __syncwarp();
    y[threadIdx.x] = 1;
}
extern "C" __global__ void masked(int *y) { y[threadIdx.x] = __shfl_sync(0xffffu, 1, 0); }
"""


@pytest.fixture(scope="module")
def alone():
    """Kernels whose threads don't know of each other."""
    return cupy.RawModule(code=ALONE).get_function


@pytest.fixture(scope="module")
def together():
    return cupy.RawModule(code=TOGETHER.replace("BARRIER", "__syncthreads()")).get_function


def multiply(stream, a, b, c, compute=68):
    """c = a @ b, all (2, 2), with a handle that is not CuPy's, which refuses to be captured."""
    cublas, pointer, one, zero = ctypes.CDLL("libcublas.so.13"), ctypes.c_void_p, ctypes.c_float(1), ctypes.c_float(0)
    handle = pointer()
    cublas.cublasCreate_v2(ctypes.byref(handle))
    cublas.cublasSetStream_v2(handle, pointer(stream.ptr))
    left, right, result = ((pointer(x.data.ptr), 0, 2) for x in (b, a, c))  # by columns: cᵀ = bᵀ @ aᵀ
    shape, one, zero = (0, 0, 2, 2, 2), ctypes.byref(one), ctypes.byref(zero)
    assert cublas.cublasGemmEx(handle, *shape, one, *left, *right, zero, *result, compute, -1) == 0
    cublas.cublasDestroy_v2(handle)


# ---------------------------------------------------------------- memory
def test_memory_begins_as_nan():
    assert np.isnan(cupy.empty(3, np.float32).get()).all()
    assert np.isnan(cupy.empty(3, np.float16).get()).all()


def test_a_kernel_that_writes_behind_an_array_is_named(alone):
    x = cupy.zeros(12, np.float32)
    with pytest.raises(RuntimeError, match="cudaErrorIllegalAddress in ones, block 0, thread 12"):
        alone("ones")((1,), (64,), (x, 64))
    alone("ones")((1,), (64,), (x, 12))
    assert x.get().tolist() == [1] * 12


def test_a_kernel_that_reads_behind_an_array_is_named(alone):
    x = cupy.zeros(4, np.float32)
    with pytest.raises(RuntimeError, match="cudaErrorIllegalAddress in read"):
        alone("read")((1,), (1,), (x, x, 4))


def test_a_kernel_with_barriers_that_reads_behind_an_array_is_named(together):
    y = cupy.zeros(1, np.float32)
    with pytest.raises(RuntimeError, match="cudaErrorIllegalAddress in add_up, block 0, thread 8"):
        together("add_up")((1,), (64,), (cupy.ones(8, np.float32), y))
    together("add_up")((1,), (64,), (cupy.ones(64, np.float32), y))
    assert y.item() == 64


def test_a_kernel_that_reads_freed_memory_is_named(alone):
    x, y = cupy.zeros(4, np.float32), cupy.zeros(4, np.float32)
    address = x.data.ptr
    del x
    with pytest.raises(RuntimeError, match="cudaErrorIllegalAddress in read"):
        alone("read")((1,), (1,), (np.uint64(address), y, 0))


@pytest.mark.parametrize(("place", "where"), [(-1, "before"), (3, "behind")])
def test_what_is_written_beside_an_array_is_found(hosted, alone, place, where):
    x = cupy.zeros(3, np.uint8)
    hosted.check_margins()
    alone("write")((1,), (1,), (x, place, np.uint8(7)))
    with pytest.raises(RuntimeError, match=f"something wrote {where} an array of 3 bytes"):
        hosted.check_margins()
    alone("write")((1,), (1,), (x, place, np.uint8(0xFF)))
    hosted.check_margins()


# ---------------------------------------------------------------- threads
def test_a_barrier_makes_the_order_of_threads_unimportant(together, thread_order):
    y = cupy.empty(1, np.float32)
    together("add_up")((1,), (64,), (cupy.arange(64, dtype=np.float32), y))
    assert y.item() == 2016


def test_without_its_barrier_the_same_kernel_is_wrong_in_some_order(hosted):
    x, y = cupy.arange(64, dtype=np.float32), cupy.empty(1, np.float32)
    add_up = cupy.RawModule(code=TOGETHER.replace("BARRIER", "")).get_function("add_up")
    results = {}
    for order in hosted.ORDERS:
        hosted.set_order(order)
        add_up((1,), (64,), (x, y))
        results[order] = y.item()
    assert results["backwards"] == 2016
    assert results["forwards"] != 2016
    assert results["shuffled"] != 2016


def test_a_barrier_that_not_all_threads_reach(together):
    with pytest.raises(RuntimeError, match="a barrier that not all threads reach in apart"):
        together("apart")((1,), (64,), (cupy.empty(64, np.float32),))


@pytest.mark.parametrize(("order", "value"), [("forwards", np.nan), ("backwards", 0), ("shuffled", np.nan)])
def test_shared_memory_begins_as_nan_or_as_0(hosted, together, order, value):
    hosted.set_order(order)
    y = cupy.ones(4, np.float32)
    together("unwritten")((1,), (4,), (y,), shared_mem=8)
    np.testing.assert_array_equal(y.get(), np.full(4, value, np.float32))


def test_lanes_show_one_another_their_values(together, thread_order):
    y = cupy.empty(5 * 64, np.int32)
    together("shuffles")((1,), (64,), (y,))
    xor, down, up, one, ballot = y.get().reshape(5, 64)
    t = np.arange(64)
    np.testing.assert_array_equal(xor, t ^ 1)
    np.testing.assert_array_equal(down, np.where(t % 32 < 29, t + 3, t))
    np.testing.assert_array_equal(up, np.where(t % 16 >= 2, t - 2, t))
    np.testing.assert_array_equal(one, np.where(t < 32, 5, 37))
    np.testing.assert_array_equal(ballot, np.where(t < 32, 7, 6))


def test_a_lane_without_a_thread_shows_nan(together):
    y = cupy.empty(16, np.float32)
    together("nobody")((1,), (16,), (y,))
    np.testing.assert_array_equal(y.get(), [1] * 8 + [np.nan] * 8)


def test_a_mask_must_hold_all_threads_of_the_warp(together):
    with pytest.raises(RuntimeError, match="a mask leaves out threads of its warp in masked"):
        together("masked")((1,), (32,), (cupy.empty(32, np.int32),))


def test_blocks_are_no_larger_than_a_gpus(alone):
    with pytest.raises(RuntimeError, match="CUDA_ERROR_INVALID_VALUE"):
        alone("ones")((1,), (1025,), (cupy.empty(1, np.float32), 1))


# ---------------------------------------------------------------- numbers
def test_of_a_nan_and_a_number_max_and_min_are_the_number(alone):
    x = cupy.empty(2, np.float32)
    alone("larger")((1,), (1,), (x, np.float32(np.nan), np.float64(np.nan)))
    assert x.get().tolist() == [1, 1]


def test_all_numbers_of_16_bits_are_numpys():
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    np.testing.assert_array_equal(cupy.asarray(every).astype(np.float32).get(), every.astype(np.float32))
    finite = np.sort(every[np.isfinite(every)].astype(np.float32))
    halfway = (finite[:-1] + finite[1:]) / 2
    for wide in (finite, halfway, halfway * np.float32(1 + 2**-20), halfway * np.float32(1 - 2**-20), finite * 2):
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal(cupy.asarray(wide).astype(np.float16).get(), wide.astype(np.float16))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_products_of_matrices_in_any_memory_order(dtype):
    rng = np.random.default_rng(0)
    a, b = rng.integers(-4, 5, (3, 4)).astype(dtype), rng.integers(-4, 5, (4, 5)).astype(dtype)
    for x in (a, np.asfortranarray(a)):
        for y in (b, np.asfortranarray(b)):
            np.testing.assert_array_equal((cupy.asarray(x, order="A") @ cupy.asarray(y, order="A")).get(), a @ b)


def test_tf32_rounds_the_factors_of_a_product_to_10_bits():
    third, x, y = np.float32(1) / 3, cupy.full((2, 2), np.float32(1) / 3), cupy.eye(2, dtype=np.float32)
    z = cupy.empty((2, 2), np.float32)
    multiply(cupy.cuda.Stream.null, x, y, z, compute=68)
    assert (z == third).all()
    multiply(cupy.cuda.Stream.null, x, y, z, compute=77)
    assert (z != third).all()
    assert abs(z - third).max() < 2**-12


def test_gxx_says_what_is_wrong_with_a_kernel():
    with pytest.raises(cupy.cuda.compiler.CompileException, match="undeclared_name"):
        cupy.RawModule(code='extern "C" __global__ void f() { undeclared_name; }').get_function("f")


# ---------------------------------------------------------------- what is asked for
def test_what_is_counted(hosted, alone):
    x = cupy.ones((2, 2), np.float32)
    with hosted.counting() as counts:
        y = x @ x
        alone("ones")((1,), (4,), (y, 4))
        cupy.copyto(x, y)
        cupy.asarray(np.ones(2))
        cupy.zeros(3)
        y.get()
    assert counts.kernels == ["ones"]
    assert (counts.launches, counts.products, counts.allocations, counts.sets) == (1, 1, 3, 1)
    assert (counts.copies_on_device, counts.copies_to_device, counts.copies_to_host) == (1, 1, 1)
    assert counts.synchronizations == 1


def test_a_dry_device_does_nothing(hosted, alone):
    x = cupy.zeros(4, np.float32)
    hosted.dry.value = 1
    alone("ones")((1,), (4,), (x, 4))
    hosted.dry.value = 0
    assert x.get().tolist() == [0] * 4


# ---------------------------------------------------------------- graphs
@pytest.fixture
def stream():
    with cupy.cuda.Stream(non_blocking=True) as stream:
        yield stream


def test_a_graph_does_again_what_was_captured(hosted, alone, stream):
    x, y, z = (cupy.zeros((2, 2), np.float32) for _ in range(3))
    stream.begin_capture()
    with hosted.counting() as capture:
        alone("ones")((1,), (4,), (x, 2))
        cupy.copyto(y, x)
        multiply(stream, x, y, z)
    graph = stream.end_capture()
    assert (capture.launches, capture.products, capture.copies_on_device) == (1, 1, 1)
    assert x.get().tolist() == [[0, 0], [0, 0]]  # nothing has been done yet
    for third in (0, 5):
        x.set(np.array([[0, 0], [third, 1]], np.float32))
        with hosted.counting() as replay:
            graph.launch(stream)
        assert replay.launches == replay.products == 0
        now = np.array([[1, 1], [third, 1]], np.float32)
        np.testing.assert_array_equal(y.get(), now)
        np.testing.assert_array_equal(z.get(), now @ now)


def test_a_graph_whose_array_was_freed_is_noticed(alone, stream):
    x = cupy.zeros(4, np.float32)
    stream.begin_capture()
    alone("ones")((1,), (4,), (x, 4))
    graph = stream.end_capture()
    del x
    with pytest.raises(RuntimeError, match="cudaErrorIllegalAddress in ones"):
        graph.launch(stream)


@pytest.mark.parametrize(
    "forbidden",
    [
        lambda x: cupy.asarray(np.ones(3)),
        lambda x: x.set(np.ones(3, np.float32)),
        lambda x: x.get(),
        lambda x: x.sum().item(),
        lambda x: cupy.cuda.get_current_stream().synchronize(),
    ],
    ids=["upload", "set", "get", "item", "synchronize"],
)
def test_nothing_waits_for_the_host_while_a_stream_captures(stream, forbidden):
    x = cupy.ones(3, np.float32)
    stream.begin_capture()
    with pytest.raises(RuntimeError, match="captur"):
        forbidden(x)
    stream.end_capture()


@pytest.mark.parametrize(
    "copy",
    [
        lambda device, host, stream: cupy.cuda.runtime.memcpyAsync(device, host, 4, 1, stream),
        lambda device, host, stream: cupy.cuda.runtime.memcpyAsync(host, device, 4, 2, stream),
        lambda device, host, stream: cupy.cuda.runtime.memcpy(device, device, 4, 3),
        lambda device, host, stream: cupy.cuda.runtime.streamSynchronize(stream),
    ],
    ids=["upload", "download", "wait", "synchronize"],
)
def test_the_device_refuses_it_where_cupy_does_not(stream, copy):
    x, host = cupy.ones(1, np.float32), np.ones(1, np.float32)
    stream.begin_capture()
    with pytest.raises(RuntimeError, match="cudaErrorStreamCaptureUnsupported"):
        copy(x.data.ptr, host.ctypes.data, stream.ptr)
    stream.end_capture()


# ---------------------------------------------------------------- how it is put into CuPy
def test_another_cupy_is_refused(hosted):
    with pytest.raises(ImportError, match=r"this CuPy calls its device in another way \(\w+\) .* CuPy 14.2.0"):
        hosted.replacing.replace_all(hosted.device, expected="that of another")


def test_two_processes_may_make_the_same_file(hosted):
    def make(path):
        hosted.building.kept("test", lambda other: other.write_text("another process's"))
        path.write_text("whole")

    path = hosted.building.kept("test", make)
    try:
        assert path.read_text() == "whole"
    finally:
        path.unlink()
