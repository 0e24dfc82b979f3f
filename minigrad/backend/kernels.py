"""The kernels that a set provides, and the set that serves an array.

Images are (N, C, H, W), filters (O, C // groups, KH, KW); memory order is each set's own business. NumPy's set is the
specification of every other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np

from minigrad.backend import KERNEL_DTYPES, Array, ignore_underflow, is_array, numpy_kernels, sum_rounded
from minigrad.backend.compiled.loading import prepared_kernels
from minigrad.backend.composed_kernels import COMPOSED
from minigrad.backend.forks import not_while_forking
from minigrad.backend.sparse_images import SparseImages
from minigrad.backend.windows import Pair, Window


class Kernels(Protocol):
    """The operations that each kernel set implements in its own way, for speed."""

    def conv2d(self, x: Array, w: Array, b: Array | None, window: Window, groups: int) -> Array:
        """Cross-correlate images (N, C, H, W) with filters, plus a bias (O,): (N, O, OH, OW)."""

    def conv_transpose2d(self, y: Array, w: Array, size: Pair, window: Window, groups: int) -> Array:
        """The adjoint of conv2d with respect to its images: (N, O, OH, OW) -> (N, C, H, W) with (H, W) = size."""

    def filter_correlation(self, x: Array, y: Array, window: Window, groups: int) -> Array:
        """The adjoint of conv2d with respect to its filters: images and (N, O, OH, OW) -> (O, C // groups, KH, KW)."""

    def conv_gradients(
        self, gy: SparseImages, x: Array | None, w: Array | None, size: Pair, window: Window, groups: int
    ) -> tuple[Array | None, Array | None, Array]:
        """The results of conv_transpose2d with w, filter_correlation with x, and channel_sum, of gy."""

    def max_pool2d(self, x: Array, window: Window) -> tuple[Array, Array]:
        """Maxima (N, C, OH, OW) and their argmax, kernel elements: of ties the first, of NaN the first NaN."""

    def conv_relu_pool(
        self, x: Array, w: Array, b: Array | None, window: Window, groups: int, pool: Window
    ) -> tuple[Array, Array, Array]:
        """max_pool2d of relu of conv2d: the maxima, the mask where the convolution is positive, and the argmax."""

    def pool_scatter(self, y: Array, argmax: Array, size: Pair, window: Window) -> Array:
        """Add each of (N, C, OH, OW) at its argmax: (N, C, H, W) with (H, W) = size."""

    def pool_gather(self, x: Array, argmax: Array, window: Window) -> Array:
        """Take the pixel at each argmax: (N, C, H, W) -> (N, C, OH, OW); the adjoint of pool_scatter."""

    def window_sum(self, x: Array, window: Window) -> Array:
        """Sums over windows: (N, C, H, W) -> (N, C, OH, OW), in float32 at least."""

    def window_broadcast(self, y: Array, size: Pair, window: Window) -> Array:
        """The adjoint of window_sum: each of (N, C, OH, OW) added to all pixels of its window."""

    def reshape(self, x: Array, shape: tuple[int, ...]) -> Array:
        """The same numbers, in row-major order, in another shape."""

    def sum(self, x: Array, axis: tuple[int, ...], *, keepdims: bool) -> Array:
        """The sum over some axes, added up in float32 at least and rounded once."""

    def contiguous(self, x: Array) -> Array:
        """Images (N, C, H, W) in that memory order."""

    def matmul(self, a: Array, b: Array) -> Array:
        """The product a @ b of two matrices, or of two stacks of them."""

    def channel_sum(self, x: Array) -> Array:
        """The sum over all axes but the second: (N, C, ...) -> (C,), in float32 at least."""

    def batch_norm(self, x: Array, w: Array | None, b: Array | None, eps: float) -> tuple[Array, Array]:
        """(x − mean) / √(variance + eps) · w + b of each channel of (N, C, ...), float32 at least, and its statistics.

        They are (3, C): the mean, what it lost when it was rounded, and the variance.
        """

    def batch_norm_gradients(
        self, gy: Array, x: Array, w: Array | None, statistics: Array, eps: float
    ) -> tuple[Array, Array, Array]:
        """Those of x, w and b, from that of batch_norm's result and its statistics."""

    def affine_transform(self, x: Array, matrices: Array) -> Array:
        """Images like x whose pixel at (row, column) from the middle is x's at matrix · (row, column); zero outside.

        There is a matrix for each image, (N, 2, 2), of x's dtype, float32 at least. A pixel between others is mixed of
        the four around it.
        """

    def relu(self, x: Array) -> tuple[Array, Array]:
        """max(x, 0), a NaN for a NaN, and where x is positive (bools)."""

    def masked(self, x: Array, mask: Array) -> Array:
        """x where the mask (bools that broadcast to x) holds, else 0, whatever x is there."""

    def erf(self, x: Array) -> Array:
        """The error function of floats, (2/√π) ∫ exp(−t²) dt from 0 to x, right to 4 units in the last place."""

    def cross_entropy(
        self, logits: Array, targets: Array, weights: Array | None = None, smoothing: float = 0.0
    ) -> tuple[Array, Array]:
        """Of logits (N, C): weight · −Σ target · log softmax, (N,), float32 at least; and the softmax.

        The targets are labels (N,) or distributions (N, C), smoothed. Where the weight is 0, logits count as zeros.
        """

    def cross_entropy_gradient(self, softmax: Array, targets: Array, scale: Array, smoothing: float) -> Array:
        """scale · (softmax · Σ target − target), (N, C), with a scale for each row, (N,)."""

    def dropout_mask(self, x: Array, p: float, rng: np.random.Generator) -> Array:
        """An array like x: 0 with probability p, else 1 / (1 − p)."""

    def update(self, formula: Formula, updates: Iterable[Update]) -> None:
        """In place, of parameters of one dtype: p and its slots become formula(p, g, *slots, *numbers())."""


Formula: TypeAlias = Callable[..., Any]
"""One step of an optimizer for one number: the new parameter, and the new slots, if it has any, in a tuple with it."""


class Update(NamedTuple):
    """What an optimizer's step changes of one parameter.

    Attributes:
        p: the parameter.
        g: its gradient, of the same dtype.
        slots: what is kept beside it, float32 at least.
        numbers: gives the formula's last arguments in this step.
        done: to be called when p and its slots are changed, or certain to be.
    """

    p: Array
    g: Array
    slots: Sequence[Array]
    numbers: Callable[[], Sequence[float]]
    done: Callable[[], None]


SETS = ("numpy", "numba")
"""The names of the kernel sets; numba's needs the extra "fast"."""


class KernelSet:
    """The kernels of a fast set where it serves the arguments, else those of another set.

    The fast set may be partial, and each of its kernels may return NotImplemented to leave the work to the other set.

    Args:
        load: gives the fast set, or None, when a kernel of some name is asked for.
        fallback: has every kernel but those of `COMPOSED`.
        serves: whether the fast set takes such arguments.
        lacks: kernels that the fast set is known to lack, for which it need not be loaded.
    """

    def __init__(
        self, load: Callable[[str], Any], fallback: Any, serves: Callable[..., bool], lacks: Sequence[str] = ()
    ) -> None:
        self._load, self._fallback, self._serves, self._lacks = load, fallback, serves, lacks

    def reshape(self, x: Array, shape: tuple[int, ...]) -> Array:
        """The same numbers, in row-major order, in another shape."""
        if x.ndim == 4 and len(shape) < 3 and not x.flags.c_contiguous:
            x = self.contiguous(x)  # images that lie NHWC in memory
        return x.reshape(shape)

    def sum(self, x: Array, axis: tuple[int, ...], *, keepdims: bool) -> Array:
        """The sum over some axes, added up in float32 at least and rounded once."""
        if x.ndim > 1 and not keepdims and x.dtype.kind == "f" and axis == (0, *range(2, x.ndim)):
            return self.channel_sum(x)
        return sum_rounded(x, axis, keepdims=keepdims)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)  # Python asks for such names, to copy the set for example
        fast = None if name in self._lacks else getattr(self._load(name), name, None)
        other = partial(COMPOSED[name], self) if name in COMPOSED else ignore_underflow(getattr(self._fallback, name))
        if name in PRODUCTS:
            other = not_while_forking(other)
        kernel = other if fast is None else _dispatcher(fast, other, self._serves)
        setattr(self, name, kernel)  # from now on found without __getattr__
        return kernel


def _dispatcher(fast: Callable[..., Any], other: Callable[..., Any], serves: Callable[..., bool]) -> Callable[..., Any]:
    def dispatch(*arguments: Any) -> Any:
        result = fast(*arguments) if serves(*arguments) else NotImplemented
        return other(*arguments) if result is NotImplemented else result

    return dispatch


PRODUCTS = ("conv2d", "conv_transpose2d", "filter_correlation", "matmul")
"""The kernels that NumPy's set does with matrix products."""


def kernels_of(array: Array) -> Kernels:
    """The kernel set that serves `array`; for the CPU the environment variable MINIGRAD_KERNELS can force one.

    Raises:
        TypeError: no set serves this kind of array.
    """
    if isinstance(array, np.ndarray):
        return cpu_kernels(array.dtype)
    if not is_array(array):
        raise TypeError(f"no kernel set serves {type(array).__module__} arrays")
    return cuda_kernels(array.device.id, array.dtype)


@cache
def cuda_kernels(device: int, dtype: Any) -> Kernels:  # noqa: ARG001 - an optimizer's update is for one dtype
    """The kernel set for CuPy's arrays of a dtype on a device."""
    from minigrad.backend import cupy_kernels  # noqa: PLC0415 - where cupy is installed

    there = cupy_kernels.OnDevice(device)
    return KernelSet(lambda _: there, there, lambda *_: True)


def forced_set() -> str:
    """The kernel set that MINIGRAD_KERNELS names, or "".

    Raises:
        ValueError: there is no such set.
    """
    forced = os.environ.get("MINIGRAD_KERNELS", "")
    if forced and forced not in SETS:
        raise ValueError(f"MINIGRAD_KERNELS: there is no kernel set {forced!r}; the sets are: {', '.join(SETS)}")
    return forced


@cache
def cpu_kernels(dtype: Any) -> Kernels:
    """The kernel set for NumPy's arrays of a dtype; it stays the same from its first use on."""
    forced = forced_set()
    _keep_freed_memory()
    compiled = forced != "numpy" and dtype in KERNEL_DTYPES
    load = partial(prepared_kernels, dtype, required=forced == "numba") if compiled else lambda _: None
    return KernelSet(load, numpy_kernels, _of_one_dtype, lacks=["dropout_mask"])


def _of_one_dtype(*arguments: Any) -> bool:
    """True if all arrays of floats among the arguments are of one dtype."""
    dtype = None
    for argument in arguments:
        if argument.__class__ is np.ndarray and argument.dtype.kind == "f":
            if dtype is not None and argument.dtype != dtype:
                return False
            dtype = argument.dtype
    return True


def _keep_freed_memory() -> None:
    """Let the C library keep what a training step frees for the next, rather than ask the system for it each time.

    glibc gives freed memory back above a threshold, twice the largest block of up to 32 MiB that was ever freed.
    Source: mallopt(3), M_MMAP_THRESHOLD.
    """
    np.empty(2**25 - 2**16, np.uint8)
