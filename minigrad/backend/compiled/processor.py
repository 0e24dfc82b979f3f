"""What the processor has: how large its vectors are, and how large a tile of results its registers hold."""

from __future__ import annotations

import llvmlite.binding as llvm


def _registers() -> tuple[int, int]:
    """Bytes of a vector, and how many of them the registers hold."""
    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        return 64, 32
    if features.get("avx2"):
        return 32, 16
    if llvm.get_default_triple().startswith(("aarch64", "arm64")):
        return 16, 32
    return 16, 16


VECTOR_BYTES, REGISTERS = _registers()
"""64 and 32 with AVX-512, 32 and 16 with AVX2, 16 and 32 on ARM."""

TALL = (REGISTERS - 4) // 2
"""How many rows of two vectors of results leave room for the vectors that they are made of."""

TILES = [(MR, NV) for NV in (2, 1) for MR in (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14) if MR <= TALL]
"""The tiles that are compiled: rows and vectors."""

BLOCKS = {R: min(5, (REGISTERS - 4) // R) for R in (1, 2, 3, 5)}
"""How many vectors of results each of R rows may have."""
