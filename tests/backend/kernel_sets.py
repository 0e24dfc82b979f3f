"""compare_kernels: one kernel set gives the numbers of another on drawn geometries, whatever the memory order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from minigrad.backend import accumulation_dtype, is_array, numpy_kernels, to_numpy
from minigrad.backend.kernels import KernelSet, Update, cpu_kernels
from minigrad.backend.sparse_images import SparseImages
from minigrad.backend.windows import Pair, Window
from minigrad.functions.windows import padded_window
from minigrad.optim.adadelta import adadelta
from minigrad.optim.adagrad import adagrad
from minigrad.optim.adam import adam
from minigrad.optim.adamax import adamax
from minigrad.optim.adamw import adamw
from minigrad.optim.lion import lion
from minigrad.optim.nadam import nadam
from minigrad.optim.rmsprop import momentum_rmsprop, rmsprop
from minigrad.optim.sgd import momentum_sgd, nesterov_sgd, sgd
from minigrad.testing.example import LAYOUTS, Floats, laid_out
from minigrad.testing.findings import ContractViolation

PART = {"float64": 1e-11, "float32": 2e-5, "float16": 2e-2}
"""The distance that two sets may have, as a part of the largest number."""

BETAS = (0.9, 0.1, 0.99, 0.01)
UPDATES = [
    (sgd, "", (0.1, 0.01)),
    (momentum_sgd, "m", (0.1, 0.01, 0.9)),
    (nesterov_sgd, "m", (0.1, 0.01, 0.9)),
    (rmsprop, "v", (0.1, 0.9, 0.1, 1e-4, 0.01)),
    (momentum_rmsprop, "vm", (0.1, 0.9, 0.1, 1e-4, 0.01, 0.9)),
    (adagrad, "v", (0.1, 1e-4, 0.01)),
    (adadelta, "vv", (0.1, 0.9, 0.1, 1e-4, 0.01)),
    (adam, "mv", (0.3, *BETAS, 1e-4, 0.01)),
    (adamw, "mv", (0.3, *BETAS, 1e-4, 0.01)),
    (adamax, "mv", (0.3, 0.9, 0.1, 0.99, 1e-4, 0.01)),
    (nadam, "mv", (0.3, 0.2, *BETAS, 1e-4, 0.01)),
    (lion, "m", (0.1, *BETAS, 0.01)),
]
"""The optimizers' formulas, their slots (v has no negative numbers), and the numbers of a step."""


class Serving:
    """The kernels that serve arrays on the CPU, whatever their dtype: a candidate of `compare_kernels`."""

    def __getattr__(self, name):
        def kernel(*arguments):
            if name == "update":
                formula, updates = arguments[0], list(arguments[1])
                return cpu_kernels(updates[0].p.dtype).update(formula, updates)
            dtype = next(a.dtype for a in arrays_in(arguments) if a.dtype.kind == "f")
            return getattr(cpu_kernels(dtype), name)(*arguments)

        return kernel


def compare_kernels(
    candidate: Any,
    *,
    reference: Any = numpy_kernels,
    examples: int = 60,
    seed: int = 0,
    channels: Sequence[int] = (4, 8, 15, 16, 32),
    to_array: Callable[[Floats], Any] = np.asarray,
    dtypes: Sequence[str] = ("float64", "float32", "float16"),
    parts: Sequence[str] = ("convolutions", "poolings", "rows", "updates"),
) -> set[str]:
    """Hold a kernel set against another on drawn geometries, dtypes and memory orders.

    Args:
        candidate: the set, a module or an object with the members of `minigrad.backend.kernels.Kernels`.
        reference: the set that is right.
        examples: how many geometries to draw for each kernel.
        seed: draws them.
        channels: how many channels a third of the convolutions have; the others have 1 to 3.
        to_array: makes an array of the candidate's kind of a NumPy array.
        dtypes: those to draw from.
        parts: the groups of kernels to compare.
    Returns:
        the names of the kernels that were compared.
    Raises:
        ContractViolation: a kernel gives other numbers, another shape or dtype, or edits its arguments.
    """
    comparison = _Comparison(candidate, reference, np.random.default_rng(seed), channels, to_array, dtypes)
    for _ in range(examples):
        for part in parts:
            getattr(comparison, part)()
    return comparison.compared


class _Comparison:
    """Draws arguments, calls both sets, and compares."""

    def __init__(
        self,
        candidate: Any,
        reference: Any,
        rng: np.random.Generator,
        channels: Sequence[int],
        to_array: Callable[..., Any],
        dtypes: Sequence[str],
    ) -> None:
        serving = KernelSet(lambda _: candidate, reference, lambda *_: True)  # a set may be partial
        self._sets, self._channels = (serving, KernelSet(lambda _: None, reference, lambda *_: False)), channels
        self._rng, self._to_array, self._dtypes = rng, to_array, dtypes
        self.compared: set[str] = set()

    def convolutions(self) -> None:
        """conv2d, its two adjoints, and these behind a max-pooling."""
        rng, groups = self._rng, int(self._rng.choice([1, 1, 2, 3]))
        window, size = self._geometry(pools=False)
        N, Cg, Og = (int(n) for n in rng.integers((0, 1, 1), 4))
        if self._channels and rng.integers(3) == 0:
            groups = int(rng.integers(1, 3))
            Cg, Og = (int(n) for n in rng.choice(self._channels, 2))
        x, y = self._array(N, groups * Cg, *size), self._array(N, groups * Og, *window.outputs(size))
        w = self._array(groups * Og, Cg, *window.kernel)
        b = self._array(groups * Og) if rng.integers(2) else None
        self._compare("conv2d", x, w, b, window, groups)
        self._compare("conv_transpose2d", y, w, size, window, groups)
        self._compare("filter_correlation", x, y, window, groups)
        if rng.integers(3) == 0:  # what is not finite must meet the zeros
            x = x.copy(order="K")
            x.flat[:1] = rng.choice([np.inf, np.nan])
        pooled = self._pooled(y)
        self._compare("conv_relu_pool", x, w, b, window, groups, pooled.window)
        gone = rng.integers(3)
        self._compare(
            "conv_gradients", pooled, x if gone != 0 else None, w if gone != 1 else None, size, window, groups
        )

    def _pooled(self, y: Floats) -> SparseImages:
        """Images like y, zero but where the maxima of windows of y are, and behind a ReLU or not."""
        kernel = tuple(int(self._rng.integers(1, min(3, n) + 1)) for n in y.shape[2:])
        stride = tuple(int(n) for n in self._rng.integers(1, 4, 2)) if self._rng.integers(2) else kernel
        pad = tuple(int(self._rng.integers(k)) if self._rng.integers(4) == 0 else 0 for k in kernel)
        pool = Window((kernel[0], kernel[1]), (stride[0], stride[1]), ((pad[0], pad[0]), (pad[1], pad[1])))
        maxima, argmax = numpy_kernels.max_pool2d(y, pool)
        mask = self._rng.random(y.shape) > 0.5 if self._rng.integers(2) else None
        return SparseImages(self._array(*maxima.shape), argmax, pool, (y.shape[2], y.shape[3]), mask)

    def poolings(self) -> None:
        """Maxima and sums over windows, and their adjoints; ties, NaN and −inf among the pixels."""
        window, size = self._geometry(pools=True)
        x = self._array(int(self._rng.integers(0, 3)), int(self._rng.integers(1, 3)), *size)
        if x.size and self._rng.integers(3) == 0:
            x = x.copy()
            x.flat[self._rng.integers(x.size)] = self._rng.choice([np.nan, -np.inf])
        y, argmax = numpy_kernels.max_pool2d(x, window)
        self._compare("max_pool2d", x, window)
        y = self._array(*y.shape)
        x = self._array(*x.shape)
        self._compare("pool_scatter", y, argmax, size, window)
        self._compare("pool_gather", x, argmax, window)
        self._compare("window_sum", x, window)
        self._compare("window_broadcast", y, size, window)

    def rows(self) -> None:
        """Masks, and cross-entropy of a few rows."""
        N, C = (int(n) for n in self._rng.integers((0, 1), 6))
        x = self._array(N, C)
        self._compare("masked", x, self._rng.random((N, C)) > 0.5)
        odd = np.append(x, [np.nan, -np.inf, np.inf, -0.0]).astype(x.dtype)
        self._compare("relu", x)
        self._compare("relu", odd)
        self._compare("masked", odd, self._rng.random(odd.shape) > 0.5)
        self._compare("erf", odd * odd.dtype.type(self._rng.integers(1, 5)))
        self._compare("contiguous", self._array(*(int(n) for n in self._rng.integers(1, 20, 4))))
        self._compare("channel_sum", self._array(*(int(n) for n in self._rng.integers((1, 1, 1, 1), 20))))
        self._batch_norms()
        self._turned()
        M, K, N2 = (int(n) for n in self._rng.choice([0, 1, 2, 5, 16, 31, 50, 200], 3))
        self._compare("matmul", self._array(M, K), self._array(K, N2))
        self._dropped(x, float(self._rng.choice([0.0, 0.25, 0.5, 1.0])))
        self._losses(x * x.dtype.type(30))
        self._losses(self._array(int(self._rng.integers(1, 5)), int(self._rng.choice([31, 32, 33, 70]))))

    def _turned(self) -> None:
        """Images turned, zoomed or exchanged by any matrix, also beyond their edges."""
        x = self._array(*(int(n) for n in self._rng.integers((0, 1, 1, 1), (4, 3, 9, 9))))
        matrices = self._rng.integers(-8, 9, (len(x), 2, 2)) / 4
        self._compare("affine_transform", x, matrices.astype(accumulation_dtype(x.dtype)))

    def _batch_norms(self) -> None:
        """Batch normalization of features, signals and images, with w and b or without, and its gradients."""
        rng, ndim = self._rng, int(self._rng.integers(2, 5))
        shape = tuple(int(n) for n in rng.integers(1, 9, ndim)) if rng.integers(4) else (9, 40, 7, 7)[:ndim]
        x, w, b = self._array(*shape), self._array(shape[1]), self._array(shape[1])
        given = x, w if rng.integers(2) else None, b if rng.integers(2) else None
        wide = [None if array is None else array.astype(accumulation_dtype(array.dtype)) for array in given]
        eps = float(rng.choice([0.01, 1.0]))
        self._compare("batch_norm", *wide, eps)
        statistics = self._sets[1].batch_norm(*wide, eps)[1]
        self._compare("batch_norm_gradients", self._array(*shape).astype(wide[0].dtype), *wide[:2], statistics, eps)

    def _losses(self, x: Floats) -> None:
        """Cross-entropy; also of more classes than a GPU's warp has threads, of logits that are infinite or NaN."""
        rng, (N, C), wide = self._rng, x.shape, accumulation_dtype(x.dtype)
        labels, targets = rng.integers(C, size=N), rng.random((N, C)).astype(x.dtype)
        targets /= targets.sum(1, keepdims=True)
        weights, smoothing = rng.integers(0, 3, N).astype(wide), float(rng.choice([0.0, 0.25, 1.0]))
        if x.size and rng.integers(2):
            x, smoothing, targets = x.copy(order="K"), 0.0, np.eye(C, dtype=x.dtype)[labels]
            x[rng.integers(N), rng.integers(C)] = rng.choice([np.nan, np.inf, -np.inf])
        self._compare("cross_entropy", x, targets, weights if rng.integers(2) else None, smoothing)
        self._compare("cross_entropy", x, labels.astype(rng.choice(["int64", "int32", "uint8"])), weights, smoothing)
        for held_against in (labels, targets * x.dtype.type(1.25)):  # users' distributions may be a bit off
            self._compare("cross_entropy_gradient", self._array(N, C), held_against, weights, smoothing)

    def _dropped(self, x: Floats, p: float) -> None:
        """A mask of dropout: each set draws its own, but of the same numbers."""
        mask = to_numpy(self._sets[0].dropout_mask(self._to_array(x), p, np.random.default_rng(0)))
        kept = 1 / (1 - p) if p < 1 else 0.0
        self.compared.add("dropout_mask")
        if mask.shape != x.shape or mask.dtype != x.dtype:
            words = f"gives {mask.shape} {mask.dtype}, expected {x.shape} {x.dtype}"
            raise ContractViolation("dropout_mask", words, _described([x, p]))
        if not np.isin(mask, np.array([0.0, kept], x.dtype)).all() or (p in (0, 1) and not (mask == kept).all()):
            raise ContractViolation("dropout_mask", f"gives other numbers than 0 and {kept:g}", _described([x, p]))

    def updates(self) -> None:
        """One step of each optimizer for some parameters, in place."""
        dtype, count = self._dtype(), int(self._rng.integers(1, 4))
        arrays = [self._parameter(dtype) for _ in range(count)]
        for formula, slots, numbers in UPDATES:
            of_each = [[{"m": m, "v": v}[slot] for slot in slots] for _, _, m, v in arrays]
            rates = [(numbers[0] * n, *numbers[1:]) for n in range(count)]
            updates = zip(arrays, of_each, rates, strict=True)
            self._compare_in_place(formula, [(p, g, kept, given) for (p, g, _, _), kept, given in updates])

    def _parameter(self, dtype: str) -> tuple[Floats, ...]:
        """A parameter, its gradient, and two slots as optimizers keep them."""
        shape = tuple(int(n) for n in self._rng.integers(1, 6, 2)) if self._rng.integers(4) else (3, 700)
        p, g, m, v = (self._array(*shape).astype(dtype) for _ in range(4))
        wide = accumulation_dtype(p.dtype)
        return p, g, m.astype(wide), np.abs(v).astype(wide)

    def _geometry(self, *, pools: bool) -> tuple[Window, Pair]:
        """A window, and the size of images that it fits."""
        while True:
            kernel, stride, dilation, pad = (tuple(int(n) for n in self._rng.integers(1, 4, 2)) for _ in range(4))
            pad = (pad[0] - 1, pad[1] - 1)
            if not pools and self._rng.integers(3) == 0:
                stride = dilation = (1, 1)
            if pools:
                dilation, pad = (1, 1), (min(pad[0], kernel[0] - 1), min(pad[1], kernel[1] - 1))
            size = tuple(int(n) for n in self._rng.integers(1, 9, 2))
            try:
                window = padded_window(
                    "compare_kernels",
                    f"images {size}",
                    (size[0], size[1]),
                    Window((kernel[0], kernel[1]), (stride[0], stride[1]), dilation=(dilation[0], dilation[1])),
                    "same" if not pools and self._rng.integers(4) == 0 else pad,
                )
            except ValueError:
                continue  # the window exceeds the image
            return window, (size[0], size[1])

    def _array(self, *shape: int) -> Floats:
        """Quarters, so that there are ties, in any memory order."""
        x = (self._rng.integers(-8, 9, shape) / 4).astype(self._dtype())
        return laid_out(x, str(self._rng.choice(list(LAYOUTS))))

    def _dtype(self) -> str:
        return str(self._rng.choice(self._dtypes))

    def _compare(self, kernel: str, *arguments: Any) -> None:
        dtype = next(a.dtype for a in arrays_in(arguments))
        alike = [_changed(a, lambda array: _floats_as(array, dtype)) for a in arguments]
        candidate, reference = (getattr(kernels, kernel) for kernels in self._sets)
        with np.errstate(all="ignore"):
            expected = reference(*alike)
        contents = [a.tobytes() for a in arrays_in(alike)]
        given = [_changed(a, self._to_array) for a in alike]
        try:
            with np.errstate(all="ignore"):
                found = candidate(*given)
        except Exception as error:  # noqa: BLE001 - whatever a kernel raises
            raise ContractViolation(f"{kernel} raised {type(error).__name__}", str(error), _described(alike)) from None
        for content, after in zip(contents, arrays_in(given), strict=True):
            if to_numpy(after).tobytes() != content:
                raise ContractViolation(f"{kernel} edits its arguments", _described(alike))
        self._equal(kernel, found, expected, alike)

    def _compare_in_place(self, formula: Any, updates: list[tuple[Any, Any, list[Any], tuple[float, ...]]]) -> None:
        done: list[int] = []
        results = []
        for kernels, change in zip(self._sets, (self._to_array, np.asarray), strict=True):
            given = [
                (change(p.copy()), change(g.copy()), [change(s.copy()) for s in slots]) for p, g, slots, _ in updates
            ]
            steps = [
                Update(*arrays, lambda n=n: updates[n][3], lambda n=n: done.append(n)) for n, arrays in enumerate(given)
            ]
            kernels.update(formula, iter(steps))
            results.append(tuple(a for p, g, slots in given for a in (p, g, *slots)))
        if done != 2 * list(range(len(updates))):
            raise ContractViolation("update", f"says that it is done with {done}", _described([updates[0][0]]))
        self._equal("update", *results, [a for p, g, slots, _ in updates for a in (p, g, *slots)])

    def _equal(self, kernel: str, found: Any, expected: Any, arguments: list[Any]) -> None:
        self.compared.add(kernel)
        pairs = zip(found, expected, strict=True) if isinstance(expected, tuple) else [(found, expected)]
        for got, wanted in pairs:
            if wanted is None:
                continue
            if got.shape != wanted.shape or got.dtype.kind != wanted.dtype.kind:
                words = f"gives {got.shape} {got.dtype}, expected {wanted.shape} {wanted.dtype}"
                raise ContractViolation(kernel, words, _described(arguments))
            if wanted.dtype.kind == "f" and got.dtype != wanted.dtype:
                raise ContractViolation(kernel, f"gives {got.dtype}, expected {wanted.dtype}", _described(arguments))
            dtypes = {str(a.dtype) for a in (wanted, *arrays_in(arguments))} if wanted.dtype.kind == "f" else set()
            part = max((PART.get(dtype, 0.0) for dtype in dtypes), default=0.0)
            scale = part * np.abs(wanted[np.isfinite(wanted)]).max(initial=1.0)
            wrong = ~np.isclose(to_numpy(got), wanted, rtol=0, atol=scale, equal_nan=True)
            if wrong.any():
                at = tuple(int(n) for n in np.argwhere(wrong)[0])
                raise ContractViolation(
                    f"{kernel} at {list(at)}", f"gives {got[at]:.7g}, expected {wanted[at]:.7g}", _described(arguments)
                )


def arrays_in(arguments: Iterable[Any]) -> list[Any]:
    """The arrays among a kernel's arguments."""
    flat = [part for a in arguments for part in (a if isinstance(a, SparseImages) else [a])]
    return [a for a in flat if is_array(a)]


def _changed(argument: Any, change: Callable[[Any], Any]) -> Any:
    """An argument with its arrays changed."""
    if isinstance(argument, SparseImages):
        return SparseImages(*(_changed(part, change) for part in argument))
    return change(argument) if isinstance(argument, np.ndarray) else argument


def _floats_as(array: Floats, dtype: Any) -> Floats:
    return array.astype(dtype) if array.dtype.kind == "f" else array


def _described(arguments: list[Any]) -> str:
    parts = [part for a in arguments for part in (a if isinstance(a, SparseImages) else [a])]
    return ", ".join(f"{a.dtype} {a.shape}" if isinstance(a, np.ndarray) else str(a) for a in parts)
