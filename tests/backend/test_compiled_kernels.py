"""Compiled kernels: the same numbers on every processor, with any number of threads, beside others, in children."""

import os
import subprocess
import sys
import threading
from contextlib import nullcontext
from contextvars import copy_context
from pathlib import Path

import numpy as np
import pytest
from kernel_sets import Serving, compare_kernels

import minigrad as mg
import minigrad.functions as F
from minigrad import nn, optim
from minigrad.backend import numpy_kernels
from minigrad.backend.compiled import preparing
from minigrad.backend.compiled.loading import compiled_kernels
from minigrad.backend.compiled.threads import num_threads
from minigrad.backend.kernels import KernelSet, cpu_kernels
from minigrad.backend.sparse_images import SparseImages
from minigrad.backend.windows import Window

FLOAT = np.dtype(np.float32)
numba_kernels, _ = compiled_kernels()
for letter in "fd":
    numba_kernels.linked(letter)  # `prepared_kernels` does so
FAST = cpu_kernels(FLOAT)
REFERENCE = KernelSet(lambda _: None, numpy_kernels, serves=lambda *_: True)


def test_numba_serves_here(monkeypatch):
    called = []
    monkeypatch.setattr(numba_kernels, "relu", lambda x: called.append(x.dtype))
    for dtype in (np.float16, np.float32, np.float64):
        cpu_kernels.__wrapped__(np.dtype(dtype)).relu(np.ones(2, dtype))
    assert called == [np.float32, np.float64]


def in_a_process(code, **environment):
    """Standard output of Python code in a new process."""
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment}
    done = subprocess.run(  # noqa: S603 - the code stands here
        command, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def trained(threads, steps=3):
    """The parameters after some steps of a small network, large enough that the work is shared out."""

    def train():
        mg.set_num_threads(threads)
        mg.seed(0)
        model = nn.Sequential(
            *(nn.Conv2d(1, 16, 5, pad="same"), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 18, 3), nn.ReLU()),
            *(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18 * 36, 70), nn.Dropout(0.5), nn.Linear(70, 10)),
        )
        optimizer = optim.Adam(model.parameters(), lr=1e-3)
        rng = np.random.default_rng(0)
        for _ in range(steps):
            x, t = rng.random((20, 1, 28, 28), np.float32), rng.integers(0, 10, 20)
            optimizer.zero_grad()
            F.softmax_cross_entropy(model(x), t).backward()
            optimizer.step()
        return np.concatenate([p.data.ravel() for p in model.parameters()])

    return copy_context().run(train)


def test_a_fixed_number_of_threads_repeats_bit_for_bit():
    assert trained(2).tobytes() == trained(2).tobytes()
    assert trained(3).tobytes() == trained(3).tobytes()


def test_numbers_of_threads_differ_by_rounding_alone():
    alone = trained(1)
    for threads in (2, 3, 7):
        np.testing.assert_allclose(trained(threads), alone, rtol=0, atol=2e-3)  # Adam's first steps are of lr's size
    assert np.abs(trained(2) - alone).mean() < 1e-6


def test_threads_of_python_compute_at_once_what_each_computes_alone():
    expected = trained(2)
    found = [None] * 4

    def work(i):
        found[i] = trained(2)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(found))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for parameters in found:
        assert parameters.tobytes() == expected.tobytes()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_computes_the_same():
    code = """
import os, sys, warnings
sys.path.insert(0, "tests/backend")
from test_compiled_kernels import trained
before = trained(2).tobytes()
warnings.simplefilter("ignore")  # Python warns of forks beside threads
child = os.fork()
if child == 0:
    os._exit(0 if trained(2).tobytes() == before else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert trained(2).tobytes() == before
"""
    in_a_process(code)


def test_the_number_of_threads_belongs_to_the_context():
    usual = num_threads()

    def inside():
        mg.set_num_threads(usual + 3)
        return num_threads()

    assert copy_context().run(inside) == usual + 3
    assert num_threads() == usual


def test_the_number_of_threads_is_an_int_above_0():
    with pytest.raises(ValueError, match=r"^set_num_threads: n must be at least 1, not 0$"):
        mg.set_num_threads(0)
    for wrong in (2.0, True, "2", None):
        with pytest.raises(TypeError, match=r"^set_num_threads: n must be an int, not "):
            mg.set_num_threads(wrong)


def test_omp_num_threads_is_heard():
    code = "from minigrad.backend.compiled.threads import num_threads; print(num_threads())"
    assert in_a_process(code, OMP_NUM_THREADS="1") == "1"


@pytest.mark.long
@pytest.mark.parametrize("features", [{"avx2": True, "avx": True, "fma": True}, {}], ids=["AVX2", "no AVX"])
def test_other_processors_tiles(features, tmp_path):
    """Compiled for fewer features, in another process; only what the tile and the lists do."""
    code = f"""
import llvmlite.binding as llvm
import numpy as np
host = llvm.get_host_cpu_features()
few = type(host)({{name: name in {features!r} for name in host}})
llvm.get_host_cpu_features = lambda: few
from minigrad.backend import numba_kernels, numpy_kernels
from minigrad.backend.compiled.processor import VECTOR_BYTES
from minigrad.backend.kernels import KernelSet
from minigrad.backend.sparse_images import SparseImages
from minigrad.backend.windows import Window
numba_kernels.linked("f")
rng = np.random.default_rng(0)
x, w = rng.normal(size=(2, 5, 9, 11)).astype("f"), rng.normal(size=(19, 5, 3, 3)).astype("f")
window = Window((3, 3), (1, 1), ((1, 1), (1, 1)))
numpy_set = KernelSet(lambda _: None, numpy_kernels, serves=lambda *_: True)
a, b = rng.normal(size=(31, 40)).astype("f"), rng.normal(size=(40, 37)).astype("f")
for kernel, arguments in (("conv2d", (x, w, None, window, 1)), ("matmul", (a, b)), ("matmul", (b.T, a.T))):
    found, expected = (getattr(k, kernel)(*arguments) for k in (numba_kernels, numpy_kernels))
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5 * np.abs(expected).max())
pool = Window((2, 2), (2, 2))
x = rng.normal(size=(2, 20, 9, 11)).astype("f")
w = rng.normal(size=(19, 20, 3, 3)).astype("f")
y, argmax = numpy_kernels.max_pool2d(rng.normal(size=(2, 19, 9, 11)).astype("f"), pool)
behind = SparseImages(y, argmax, pool, (9, 11), rng.random((2, 19, 9, 11)) > 0.5)
found = numba_kernels.conv_gradients(behind, x, w, (9, 11), window, 1)
expected = numpy_set.conv_gradients(behind, x, w, (9, 11), window, 1)
for got, wanted in zip(found, expected, strict=True):
    np.testing.assert_allclose(got, wanted, rtol=0, atol=2e-5 * np.abs(wanted).max())
print(VECTOR_BYTES)
"""
    settings = {"NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_CPU_NAME": "generic"}
    enabled = ",".join(f"+{name}" for name in features)
    size = in_a_process(code, NUMBA_CPU_FEATURES=enabled, **settings)
    assert size == ("32" if features else "16")


@pytest.mark.parametrize("value", [1.0, np.inf, np.nan])
@pytest.mark.parametrize("channels", [1, 3, 32])
@pytest.mark.parametrize("kernel", [2, 17])
def test_gradients_behind_a_pooling_are_those_of_the_images_with_their_zeros(value, channels, kernel):
    """Also where a product with such a zero is NaN, and where argmax need more than a byte."""
    rng = np.random.default_rng(0)
    window, pool = Window((3, 3), pad=((1, 1), (1, 1))), Window((kernel, kernel), (kernel, kernel))
    x = rng.normal(size=(3, channels, 34, 34)).astype(np.float32)
    w = rng.normal(size=(20, channels, 3, 3)).astype(np.float32)
    y, argmax = numpy_kernels.max_pool2d(rng.normal(size=(3, 20, 34, 34)).astype(np.float32), pool)
    mask = rng.random((3, 20, 34, 34)) < 0.7
    for changed in (x, w, y):
        changed[1, 0, 1, 1] = value
        gy = SparseImages(y, argmax, pool, (34, 34), mask)
        for factors in ((x, w), (x, None), (None, w)):
            found = FAST.conv_gradients(gy, *factors, (34, 34), window, 1)
            with np.errstate(invalid="ignore"):
                expected = REFERENCE.conv_gradients(gy, *factors, (34, 34), window, 1)
            for got, wanted in zip(found, expected, strict=True):
                assert (got is None) == (wanted is None)
                if wanted is not None:
                    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-3)


def test_a_convolution_in_one_pass_with_its_pooling_is_the_same_bit_for_bit():
    rng = np.random.default_rng(0)
    for channels, filters in ((1, 30), (32, 64), (5, 7)):
        x = rng.normal(size=(3, channels, 9, 8)).astype(np.float32)
        w, b = rng.normal(size=(filters, channels, 3, 3)).astype(np.float32), np.ones(filters, np.float32)
        window, pool = Window((3, 3), pad=((1, 1), (0, 2))), Window((2, 2), (2, 2))
        images, positive = numba_kernels.relu(numba_kernels.conv2d(x, w, b, window, 1))
        y, argmax = numba_kernels.max_pool2d(images, pool)
        found = numba_kernels.conv_relu_pool(x, w, b, window, 1, pool)
        for got, wanted in zip(found, (y, positive, argmax), strict=True):
            np.testing.assert_array_equal(got, wanted)


def test_what_was_interrupted_is_compiled_at_the_next_start(monkeypatch, tmp_path):
    compiled = []

    def interrupted_once(letter, first, *, show=False):
        compiled.append((letter, first))
        if len(compiled) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(preparing, "_compile", interrupted_once)
    monkeypatch.setattr(preparing, "_second_process", lambda letter: nullcontext())
    monkeypatch.setattr(preparing, "directory", lambda: tmp_path)
    prepare = preparing._prepare.__wrapped__  # without what this process knows
    with pytest.raises(KeyboardInterrupt):
        prepare(FLOAT)
    prepare(FLOAT)
    assert compiled == [("f", 0), ("f", 0), ("f", 1)]
    prepare(FLOAT)
    assert len(compiled) == 3


def test_arrays_that_cannot_be_written_to_and_odd_addresses_are_taken():
    rng = np.random.default_rng(0)
    memory = np.frombuffer(bytearray(4 * 6 * 8 + 1), np.uint8)[1:].view(np.float32).reshape(6, 8)
    memory[...] = rng.random((6, 8))
    fixed = rng.random((8, 5)).astype(np.float32)
    fixed.flags.writeable = False
    np.testing.assert_allclose(numba_kernels.matmul(memory, fixed), memory @ fixed, rtol=1e-5)
    np.testing.assert_allclose(numba_kernels.relu(memory - 0.5)[0], np.maximum(memory - 0.5, 0))


@pytest.mark.parametrize("threads", [1, 2])
def test_a_thread_that_finds_no_memory_for_itself_is_a_memory_error(threads):
    x, w, far = np.ones((32, 64, 1, 1), np.float32), np.ones((64, 64, 1, 1), np.float32), 4_000_000

    def convolve():
        mg.set_num_threads(threads)
        return F.conv2d(x, w, stride=far, pad=far)  # few pixels, of an image of petabytes

    with pytest.raises(MemoryError, match=f"convolve: not enough memory to work in, threads: {threads}"):
        copy_context().run(convolve)


@pytest.mark.parametrize("far", [1e300, -1e300, np.inf, np.nan])
def test_images_turned_beyond_all_bounds_are_zeros(far):
    x = np.ones((1, 1, 4, 4), np.float32)
    np.testing.assert_array_equal(numba_kernels.affine_transform(x, np.diag([far, far])[None]), 0 * x)


def test_im2col_memory_does_not_grow_with_the_batch():
    code = """
import resource, sys
import numpy as np
from minigrad.backend.kernels import cpu_kernels
from minigrad.backend.windows import Window
kernels = cpu_kernels(np.dtype(np.float32))
window, w = Window((5, 5), pad=((2, 2), (2, 2))), np.zeros((64, 32, 5, 5), np.float32)
kernels.conv2d(np.zeros((4, 32, 28, 28), np.float32), w, None, window, 1)
x = np.ones((int(sys.argv[1]), 28, 28, 32), np.float32).transpose(0, 3, 1, 2)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
y = kernels.conv2d(x, w, None, window, 1)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 - y.nbytes)
"""
    beyond = [int(in_a_process(f"import sys; sys.argv = ['', '{n}']\n{code}")) for n in (20, 200)]
    assert max(beyond) < 8 * 2**20, "bytes beside the output; the windows of 200 images would be 500 MiB"


def test_kernel_sets_agree_on_products_that_are_packed_and_that_are_not(monkeypatch):
    for small, low in ((0, 2**30), (2**30, 0)):
        monkeypatch.setattr(numba_kernels, "SMALL", small)
        monkeypatch.setattr(numba_kernels, "LOW", low)
        assert compare_kernels(Serving(), examples=20)


def test_numpys_kernels_serve_where_numba_may_not_compile():
    code = "from minigrad.backend.compiled.loading import compiled_kernels; print(compiled_kernels())"
    assert in_a_process(code, NUMBA_DISABLE_JIT="1") == "(None, 'NUMBA_DISABLE_JIT is set')"


def test_a_bias_gradient_of_many_pixels_loses_little():
    rng = np.random.default_rng(0)
    pool = Window((2, 2), (2, 2))
    y, argmax = numpy_kernels.max_pool2d(rng.normal(size=(8, 8, 256, 256)).astype(np.float32), pool)
    gy = SparseImages(np.full_like(y, 0.1), argmax, pool, (256, 256))
    w = np.ones((8, 8, 3, 3), np.float32)
    gb = numba_kernels.conv_gradients(gy, None, w, (258, 258), Window((3, 3)), 1)[2]
    np.testing.assert_allclose(gb, np.full(8, np.float64(np.float32(0.1)) * y[:, 0].size), rtol=1e-5)
