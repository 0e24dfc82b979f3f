"""What a kernel set provides, and which one serves an array.

Images are (N, C, H, W), filters (O, C // groups, KH, KW); memory order is each set's own business. The NumPy set is
the specification of every other.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any, Protocol

import numpy as np

from minigrad.backend import KERNEL_DTYPES, Array, numpy_kernels
from minigrad.backend.scattered import Scattered
from minigrad.backend.windows import Pair, Window


class Kernels(Protocol):
    """The operations whose speed decides, and that each kind of array may have its own way for."""

    def conv2d(self, x: Array, w: Array, b: Array | None, window: Window, groups: int) -> Array:
        """Cross-correlate images (N, C, H, W) with filters, plus a bias (O,): (N, O, OH, OW)."""

    def conv_transpose2d(self, y: Array, w: Array, size: Pair, window: Window, groups: int) -> Array:
        """The adjoint of conv2d towards its images: (N, O, OH, OW) -> (N, C, H, W) with (H, W) = size."""

    def filter_correlation(self, x: Array, y: Array, window: Window, groups: int) -> Array:
        """The adjoint of conv2d towards its filters: images and (N, O, OH, OW) -> (O, C // groups, KH, KW)."""

    def conv_gradients(
        self, gy: Scattered, x: Array | None, w: Array | None, size: Pair, window: Window, groups: int
    ) -> tuple[Array | None, Array | None, Array]:
        """What conv_transpose2d with w, filter_correlation with x, and channel_sum make of gy."""

    def max_pool2d(self, x: Array, window: Window) -> tuple[Array, Array]:
        """Maxima (N, C, OH, OW), and which kernel element each came from: the first of several, or the first NaN."""

    def pooled_convolution(
        self, x: Array, w: Array, b: Array | None, window: Window, groups: int, pool: Window
    ) -> tuple[Array, Array, Array]:
        """max_pool2d of relu of conv2d: the maxima, where the convolution is positive, and the argmax."""

    def pool_scatter(self, y: Array, argmax: Array, size: Pair, window: Window) -> Array:
        """Add each of (N, C, OH, OW) at its winner: (N, C, H, W) with (H, W) = size."""

    def pool_gather(self, x: Array, argmax: Array, window: Window) -> Array:
        """Take each winner's pixel: (N, C, H, W) -> (N, C, OH, OW); the adjoint of pool_scatter."""

    def window_sum(self, x: Array, window: Window) -> Array:
        """Sums over windows: (N, C, H, W) -> (N, C, OH, OW), in float32 at least."""

    def window_broadcast(self, y: Array, size: Pair, window: Window) -> Array:
        """The adjoint of window_sum: each of (N, C, OH, OW) added to all pixels of its window."""

    def contiguous(self, x: Array) -> Array:
        """Images (N, C, H, W) in that memory order."""

    def matmul(self, a: Array, b: Array) -> Array:
        """The product a @ b of two matrices, or of two stacks of them."""

    def channel_sum(self, x: Array) -> Array:
        """The sum over all axes but the second: (N, C, ...) -> (C,), in float32 at least."""

    def relu(self, x: Array) -> tuple[Array, Array]:
        """max(x, 0), a NaN for a NaN, and where x is positive (bools)."""

    def masked(self, x: Array, mask: Array) -> Array:
        """x where the mask (bools that broadcast to x) holds, else 0, whatever x is there."""

    def cross_entropy(self, logits: Array, targets: Array) -> tuple[Array, Array]:
        """Of logits and target distributions (N, C): −Σ target · log softmax, (N,), and the softmax, (N, C)."""

    def dropout_mask(self, x: Array, p: float, rng: np.random.Generator) -> Array:
        """An array like x: 0 with probability p, else 1 / (1 − p)."""

    def sgd_update(self, p: Array, g: Array, velocity: Array | None, *, lr: float, momentum: float) -> None:
        """In place: velocity ← momentum · velocity + g, p ← p − lr · velocity; without velocity p ← p − lr · g."""

    def adam_update(
        self, p: Array, g: Array, m: Array, v: Array, *, lr: float, beta1: float, beta2: float, eps: float, step: int
    ) -> None:
        """In place, Adam's step number `step` (from 1): p ← p − lr · m̂ / (√v̂ + eps)."""

    def adagrad_update(self, p: Array, g: Array, h: Array, *, lr: float, eps: float) -> None:
        """In place: h ← h + g², p ← p − lr · g / (√h + eps)."""


SETS = ("numpy", "numba")
"""The names of the kernel sets; numba's needs the extra "fast"."""


def kernels_of(array: Array) -> Kernels:
    """The kernel set that serves `array`; the environment variable MINIGRAD_KERNELS can force one.

    Raises:
        ValueError: MINIGRAD_KERNELS names no set.
        ImportError: it names one whose library is not there.
        TypeError: no set serves this kind of array.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"no kernel set serves {type(array).__module__} arrays; move it with .to('cpu')")
    return cpu_kernels(array.dtype)


@cache
def cpu_kernels(dtype: Any) -> Kernels:
    """The kernel set for NumPy's arrays of a dtype; it stays the same from its first use on."""
    forced = os.environ.get("MINIGRAD_KERNELS", "")
    if forced and forced not in SETS:
        raise ValueError(f"MINIGRAD_KERNELS: there is no kernel set {forced!r}; the sets are: {', '.join(SETS)}")
    _keep_freed_memory()
    return numpy_kernels if forced == "numpy" or dtype not in KERNEL_DTYPES else _Compiled(dtype, forced)


class _Compiled:
    """Numba's kernels, imported and compiled when the first is asked for; NumPy's, where Numba is not there."""

    dropout_mask = staticmethod(numpy_kernels.dropout_mask)  # chance is NumPy's, in every set

    def __init__(self, dtype: Any, forced: str) -> None:
        self._dtype, self._forced = dtype, forced

    def __getattr__(self, name: str) -> Any:
        kernels, reason = compiled_kernels()
        if kernels is not None:
            from minigrad.backend.compiled.preparing import prepare  # noqa: PLC0415 - it needs Numba

            prepare(self._dtype)
        elif self._forced:
            raise ImportError(f"MINIGRAD_KERNELS={self._forced}: {reason}")
        kernel = getattr(numpy_kernels if kernels is None else kernels, name)
        setattr(self, name, kernel)  # found without asking from now on
        return kernel


@cache
def compiled_kernels() -> tuple[Any, str]:
    """Numba's kernel set, or None and why it can't serve."""
    try:
        from minigrad.backend import numba_kernels  # noqa: PLC0415 - Numba takes longer to import than all else
    except ModuleNotFoundError as error:
        return None, f"{error}; pip install 'minigrad-nn[fast]'"
    except (ImportError, RuntimeError) as error:  # a Numba that does not fit NumPy, or finds no place for its cache
        return None, str(error)
    return numba_kernels, ""


def _keep_freed_memory() -> None:
    """Let the C library keep what a training step frees for the next, rather than ask the system for it each time.

    glibc gives freed memory back above a threshold, twice the largest block of up to 32 MiB that was ever freed.
    Source: mallopt(3), M_MMAP_THRESHOLD.
    """
    np.empty(2**25 - 2**16, np.uint8)
