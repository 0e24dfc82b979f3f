"""What the processor has: how large its vectors are, and how large a tile of results its registers hold."""

from __future__ import annotations

import llvmlite.binding as llvm


def _registers() -> tuple[int, dict[int, int]]:
    """Bytes of a vector, and for each number NV of vectors side by side how many rows MR go into the registers.

    MR · NV results, NV vectors of w and one of x must fit: 32 registers with AVX-512 and on ARM, 16 with AVX2 and SSE.
    """
    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        return 64, {2: 14, 1: 14}
    if features.get("avx2"):
        return 32, {2: 6, 1: 6}
    if llvm.get_default_triple().startswith(("aarch64", "arm64")):
        return 16, {2: 14, 1: 14}
    return 16, {2: 6, 1: 6}


VECTOR_BYTES, ROWS = _registers()
"""How large a vector is, and the tallest tile of two and of one of them."""
