"""Wrong CUDA kernels, each a change of a few characters: holding the kernels against NumPy's set finds them.

Here a few of them. `pytest tests/gpu/test_wrong_kernels.py -m "bench or not bench"` tries them all, which is worth its
minutes when a kernel, the comparison or the hosted device changes.
"""

import gc
import sys
from shutil import copytree
from typing import NamedTuple

import cupy
import pytest

from minigrad.backend import cupy_kernels
from minigrad.backend.cuda import launching, updates
from tests.backend.kernel_sets import compare_kernels

pytestmark = pytest.mark.usefixtures("hosted")
SOURCES = launching.SOURCES
PARTS = {"windows": ("convolutions", "poolings"), "rows": ("rows",), "elementwise": ("rows",), "update": ("updates",)}


class Wrong(NamedTuple):
    file: str
    right: str
    wrong: str
    equivalent: bool = False
    """No numbers differ: it need not be found."""


WRONG = [
    # bounds
    Wrong("windows", "if (row >= rows) return;", "if (row > rows) return;"),
    Wrong("windows", "oh >= g.OH || ow >= g.OW) continue;", "oh > g.OH || ow >= g.OW) continue;"),
    Wrong("windows", "if (i >= (long long)g.N * g.OH * g.OW * g.C) return;", "if (i < 0) return;"),
    Wrong("windows", "if (i >= (long long)g.N * g.H * g.W * g.C)", "if (i > (long long)g.N * g.H * g.W * g.C)"),
    Wrong("windows", "if (!INSIDE(h, w)) continue;", ""),
    Wrong("windows", "down % g.SH || right % g.SW ||", ""),
    Wrong("rows", "if (n >= N) return;", "if (n > N) return;"),
    Wrong("elementwise", "if (i >= n) return;", "if (i > n) return;"),
    Wrong("elementwise", "k < 4 && first + k < n; k++", "k < 4; k++"),
    Wrong("update", "if (i >= size) return;", "if (i > size) return;"),
    Wrong("update", "blockIdx.x >= WORD(k + 1, SLOTS + 3)) k++", "blockIdx.x > WORD(k + 1, SLOTS + 3)) k++"),
    Wrong("update", "(blockIdx.x - WORD(k, SLOTS + 3)) *", "blockIdx.x *"),
    # geometry
    Wrong("windows", ": (real)0;\n        columns[", ": (real)1;\n        columns["),
    Wrong("windows", "kh * g.DH, right", "kh, right"),
    Wrong("windows", "j - c / Cg * Cg * taps]", "j]"),
    Wrong("windows", "if (!mask || mask[i])", ""),
    # ties, NaN, zeros
    Wrong("windows", "if (first < 0 || (!(pixel <= best) && best == best))", "if (first < 0 || pixel > best)"),
    Wrong("windows", "if (first < 0 || (!(pixel <= best) && best == best))", "if (first < 0 || !(pixel < best))"),
    Wrong("windows", "if (k == 0 || (!(pixel <= best) && best == best))", "if (k == 0 || pixel >= best)"),
    Wrong("windows", "positive[at] = pixel > 0;", "positive[at] = pixel >= 0;"),
    Wrong("rows", "if (target != 0) loss +=", "loss +="),
    Wrong("rows", "x != x || x > other ? x : other", "x > other ? x : other", equivalent=True),
    Wrong("elementwise", "v <= 0 ? (real)0 : x[i]", "v > 0 ? x[i] : (real)0"),
    # threads that meet
    Wrong("rows", "    __syncthreads();\n    if (threadIdx.y == 0 && c < C) {", "    if (threadIdx.y == 0 && c < C) {"),
    Wrong("rows", "    __syncthreads();\n    if (!last", "    if (!last"),
    Wrong("rows", "if (threadIdx.x == 0) finished[blockIdx.x] = 0;", ""),
    Wrong("rows", "k < 8; k++) sum", "k < 7; k++) sum"),
    Wrong("rows", "lane = 16; lane; lane /= 2) x +=", "lane = 8; lane; lane /= 2) x +="),
    Wrong("rows", "for (int lane = 16; lane; lane /= 2) {", "for (int lane = 16; lane > 1; lane /= 2) {"),
    Wrong("rows", "(threadIdx.x == 0) losses[n] = (wide)", "(threadIdx.x == 1) losses[n] = (wide)", equivalent=True),
    Wrong("rows", "x += __shfl_xor_sync(0xffffffff, x, lane)", "x += __shfl_down_sync(0xffffffff, x, lane)"),
    # numbers
    Wrong("rows", "(wide)(labels[n] == c)", "(wide)(labels[n] >= c)"),
    Wrong("rows", "target * (wide)rest + (wide)share", "target + (wide)share"),
    Wrong("rows", "losses[n] = (wide)loss * weight;", "losses[n] = (wide)loss;"),
    Wrong("rows", "if (weight == 0 || ", "if ("),
    Wrong("rows", "(wide)softmax[n * C + c] * mass", "(wide)softmax[n * C + c]"),
    Wrong("rows", "(real)(difference * scale[n])", "(real)difference"),
    Wrong("elementwise", "y[i] = mask[i] ? x[i] : (real)0;", "y[i] = mask[i] ? (real)0 : x[i];"),
    Wrong("elementwise", ">= p ? (real)scale : (real)0", "> p ? (real)scale : (real)1"),
    Wrong("update", "WORD(k, SLOTS + 4 + j))", "WORD(0, SLOTS + 4 + j))"),
    Wrong("update", "= results[1 + s];", "= results[s];"),
    Wrong("update", "first + part * blockDim.x", "first + part"),
]  # fmt: skip
SAMPLE = (0, 2, 4, 10, 12, 16, 20, 23, 24, 32, 39)
"""Of each kind some, by their place."""


@pytest.fixture
def with_source(tmp_path, monkeypatch):
    """Replaces a part of a source, which is compiled anew."""
    caches = launching._module, launching.kernel, updates._launch, cupy_kernels._finished

    def replace(wrong):
        folder = copytree(SOURCES, tmp_path / "cuda")
        path = folder / f"{wrong.file}.cu"
        text = path.read_text("utf-8")
        assert text.count(wrong.right) >= 1, wrong.right
        path.write_text(text.replace(wrong.right, wrong.wrong, 1), encoding="utf-8")
        for module in (launching, updates):
            monkeypatch.setattr(module, "SOURCES", folder)
        for cache in caches:
            cache.cache_clear()

    yield replace
    for cache in caches:
        cache.cache_clear()


def difference(hosted, monkeypatch, parts):
    """What the comparison finds, in any order of the threads; "" for nothing."""
    found = []
    monkeypatch.setattr(sys, "unraisablehook", lambda report: found.append(str(report.exc_value)))  # of arrays freed
    for order in hosted.ORDERS:
        hosted.set_order(order)
        try:
            compare_kernels(cupy_kernels, examples=25, seed=1, to_array=cupy.asarray, dtypes=["float32"], parts=parts)
            hosted.check_margins()
        except Exception as error:  # noqa: BLE001 - whatever is found
            found.append(f"{type(error).__name__}: {error}")
            del error
        gc.collect()
        if found:
            return " ".join(found[0].split())
    return ""


NAMES = [f"{wrong.file}: {wrong.right[:30].strip()} -> {wrong.wrong[:30].strip()}" for wrong in WRONG]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(wrong, id=name, marks=[] if i in SAMPLE else pytest.mark.bench)
        for i, (wrong, name) in enumerate(zip(WRONG, NAMES, strict=True))
    ],
)
def test_a_wrong_kernel_is_found(wrong, with_source, hosted, monkeypatch):
    with_source(wrong)
    found = difference(hosted, monkeypatch, PARTS[wrong.file])
    print(found)  # shown with -rP
    assert bool(found) != wrong.equivalent, found


@pytest.mark.bench
@pytest.mark.parametrize("parts", sorted(set(PARTS.values())), ids=" ".join)
def test_in_right_kernels_nothing_is_found(parts, hosted, monkeypatch):
    assert difference(hosted, monkeypatch, parts) == ""
