"""Values are added up by position in their order, with the same bits each time; wrong kernels for it are found."""

import gc
import sys
from shutil import copytree

import cupy
import numpy as np
import pytest

from minigrad.backend.cuda import launching
from minigrad.backend.scattering import scatter_add

SIZES = [(1, 1, 1), (255, 1, 2), (257, 7, 1), (1100, 1000, 3)]
"""Of values, positions and columns: within a tile, two tiles, and five, which is no power of 2."""


def drawn(count, positions, columns, dtype):
    rng = np.random.default_rng(count)
    values = rng.standard_normal((count, columns)) * 10.0 ** rng.integers(-3, 4, (count, 1))
    return values.astype(dtype), rng.integers(0, positions, count), (positions, columns)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("size", SIZES)
def test_what_repeats_is_added_up_in_order(size, dtype, thread_order):
    values, index, shape = drawn(*size, dtype)
    found, expected = scatter_add(cupy.asarray(values), cupy.asarray(index), shape), scatter_add(values, index, shape)
    assert found.dtype == dtype
    ulp = np.finfo(dtype).eps if dtype == np.float16 else 0  # rounded to float32 on the way
    np.testing.assert_allclose(found.get(), expected, rtol=ulp)


def test_integers_are_added_up():
    found = scatter_add(cupy.array([1, 2, 3]), cupy.array([0, 0, 2]), (3,))
    assert (found.dtype, found.get().tolist()) == (np.int64, [3, 0, 3])


WRONG = [
    ("    __syncthreads();\n", ""),
    ("tile[other] < tile[t]", "tile[other] <= tile[t]"),
    ("if (keys[middle] < keys[i]) low", "if (keys[middle] > keys[i]) low"),
    ("if (t < length) tile", "tile"),
    ("if (t >= length) return;", ""),
    ("if (i >= count) return;", "if (i > count) return;"),
    ("if (k >= count) return;", "if (k > count) return;"),
    ("k < count && keys[k] >> 32", "keys[k] >> 32"),
    ("other + width < count ? other + width : count", "other + width"),
    ("(start < other ? start : other)", "start"),
    (" + (low - other)]", "]"),
    ("sum += ", "sum = "),
    ("* columns + column];", "+ column];"),
]


def difference(hosted, monkeypatch):
    """What is found in any order of the threads; "" for nothing."""
    found = []
    monkeypatch.setattr(sys, "unraisablehook", lambda report: found.append(str(report.exc_value)))  # of arrays freed
    for order in hosted.ORDERS:
        hosted.set_order(order)
        for size in SIZES:
            values, index, shape = drawn(*size, np.float32)
            try:
                given = cupy.asarray(values), cupy.asarray(index)
                np.testing.assert_array_equal(scatter_add(*given, shape).get(), scatter_add(values, index, shape))
                hosted.check_margins()
            except Exception as error:  # noqa: BLE001 - whatever is found
                found.append(f"{type(error).__name__}: {error}")
                del error
            gc.collect()
    return " ".join(" ".join(found).split())


@pytest.mark.parametrize(
    ("right", "wrong"),
    [pytest.param(*each, marks=[] if i in (0, 6, 11) else pytest.mark.bench) for i, each in enumerate(WRONG)],
)
def test_a_wrong_kernel_is_found(right, wrong, hosted, tmp_path, monkeypatch):
    folder = copytree(launching.SOURCES, tmp_path / "cuda")
    source = folder / "scatter.cu"
    text = source.read_text("utf-8")
    assert right in text
    source.write_text(text.replace(right, wrong, 1), encoding="utf-8")
    monkeypatch.setattr(launching, "SOURCES", folder)
    for cache in (launching._module, launching.kernel):
        cache.cache_clear()
    try:
        assert difference(hosted, monkeypatch)
    finally:
        for cache in (launching._module, launching.kernel):
            cache.cache_clear()
