"""Values added up at the positions that a key names: the adjoint of indexing, with the same bits each time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.backend import Array
from minigrad.backend.placement import axes_of

TILE = 256
"""The positions that one block of threads sorts at once."""

LARGEST = 2**32
"""The number of positions, and of values, that a sorted pair of both has room for."""


def scatter_add(x: Array, key: Any, shape: tuple[int, ...]) -> Array:
    """Zeros of `shape` with the values of `x` added at `[key]`; those of one position are added up in x's order."""
    if isinstance(x, np.ndarray):
        y = np.zeros(shape, np.float64 if x.dtype.kind == "f" else x.dtype)
        np.add.at(y, key, x.astype(y.dtype, copy=False))  # several times as fast as of two dtypes
        return y.astype(x.dtype, copy=False)
    if x.dtype.kind == "f":
        return _sorted_sum(x, key, shape)
    import cupy  # noqa: PLC0415

    y = cupy.zeros(shape, np.uint64)
    cupy.add.at(y, key, x.astype(np.int64).view(np.uint64))  # atomic; of integers any order gives the same
    return y.view(np.int64).astype(x.dtype)


def _sorted_sum(x: Array, key: Any, shape: tuple[int, ...]) -> Array:
    """The same on a GPU: positions are sorted with the places of their values, and each one's are added up in order."""
    import cupy  # noqa: PLC0415

    from minigrad.backend.cuda.launching import for_each, kernel  # noqa: PLC0415

    parts = key if isinstance(key, tuple) else (key,)
    indexed = len(shape) if any(part is ... for part in parts) else sum(map(axes_of, parts))
    positions = cupy.arange(math.prod(shape[:indexed])).reshape(shape[:indexed])[key]
    count, columns = positions.size, math.prod(shape[indexed:])
    if max(count, math.prod(shape[:indexed])) > LARGEST:
        raise ValueError(f"scatter_add: more than {LARGEST:,} positions are too many; shape {shape}")
    values = cupy.ascontiguousarray(cupy.broadcast_to(x, (*positions.shape, *shape[indexed:])))
    y = cupy.zeros(shape, x.dtype)
    if not values.size:
        return y
    keys, merged, width = cupy.empty(count, np.uint64), cupy.empty(count, np.uint64), TILE
    arguments = (cupy.ascontiguousarray(positions), keys, count)
    kernel("scatter", "sort_tiles", x.dtype)((-(-count // TILE),), (TILE,), arguments)
    while width < count:
        for_each(count, "scatter", "merge_pairs", x.dtype, keys, merged, width, count)
        keys, merged, width = merged, keys, 2 * width
    for_each(values.size, "scatter", "add_runs", x.dtype, keys, values, y, count, columns)
    return y
