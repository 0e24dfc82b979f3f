"""Every kernel set computes what NumPy's does, and NumPy's what the loops do."""

from types import SimpleNamespace

import loop_kernels
import numpy as np
import pytest
from kernel_sets import Serving, compare_kernels

from minigrad.backend import numpy_kernels
from minigrad.backend.compiled.loading import compiled_kernels
from minigrad.backend.kernels import Kernels, KernelSet
from minigrad.testing import ContractViolation

KERNELS = sorted(name for name in vars(Kernels) if not name.startswith("_") and name not in vars(KernelSet))


NUMPY = KernelSet(lambda _: None, numpy_kernels, lambda *_: False)


def changed(**kernels):
    """NumPy's set with other kernels."""
    return SimpleNamespace(**{**{name: getattr(NUMPY, name) for name in KERNELS}, **kernels})


def test_numpys_kernels_do_what_the_loops_do():
    assert compare_kernels(loop_kernels, examples=30, channels=()) == set(KERNELS)


def test_the_kernels_that_serve_do_what_numpys_do():
    kernels, reason = compiled_kernels()
    assert kernels is not None, reason
    assert compare_kernels(Serving(), examples=80) == set(KERNELS)


@pytest.mark.parametrize("kernel", [kernel for kernel in KERNELS if kernel != "dropout_mask"])
def test_a_kernel_that_is_off_by_a_thousandth_is_found(kernel):
    def off(*arguments):
        if kernel == "update":
            arguments = arguments[0], list(arguments[1])
        y = getattr(NUMPY, kernel)(*arguments)
        if y is None:
            arguments[1][0].p[...] *= 1.001
        elif isinstance(y, tuple):
            return tuple(
                part if part is None or part.dtype.kind != "f" else part * part.dtype.type(1.001) for part in y
            )
        return y * y.dtype.type(1.001) if y is not None else None

    with pytest.raises(ContractViolation, match=rf"^{kernel} at \["):
        compare_kernels(changed(**{kernel: off}))


def test_a_kernel_for_one_memory_order_only_is_found():
    def reads_memory(x, window):
        return numpy_kernels.window_sum(x.ravel(order="K").reshape(x.shape), window)

    with pytest.raises(ContractViolation, match=r"^window_sum at "):
        compare_kernels(changed(window_sum=reads_memory))


def test_a_kernel_that_takes_the_last_of_equal_pixels_is_found():
    def last(x, window):
        y, argmax = numpy_kernels.max_pool2d(x, window)
        count = window.kernel[0] * window.kernel[1]
        taps = [numpy_kernels.pool_gather(x, np.full_like(argmax, k), window) == y for k in range(count)]
        ties = np.array(taps).sum(0) > 1
        return y, np.where(ties, count - 1, argmax).astype(argmax.dtype)

    with pytest.raises(ContractViolation, match=r"^max_pool2d at "):
        compare_kernels(changed(max_pool2d=last))


def test_a_kernel_that_edits_its_arguments_is_found():
    def edits(y, size, window):
        y *= 1
        y += 1
        return numpy_kernels.window_broadcast(y - 1, size, window)

    with pytest.raises(
        ContractViolation, match=r"window_broadcast edits its arguments|window_broadcast raised ValueError"
    ):
        compare_kernels(changed(window_broadcast=edits))


def test_a_mask_of_other_numbers_is_found():
    def unscaled(x, p, rng):
        return (rng.random(x.shape) >= p).astype(x.dtype)

    with pytest.raises(ContractViolation, match=r"^dropout_mask\n  gives other numbers than 0 and "):
        compare_kernels(changed(dropout_mask=unscaled))


def test_a_kernel_of_another_dtype_is_found():
    def wide(x, mask):
        return numpy_kernels.masked(x, mask).astype(np.float64)

    with pytest.raises(ContractViolation, match=r"masked\n  gives float64, expected float(32|16)"):
        compare_kernels(changed(masked=wide))
