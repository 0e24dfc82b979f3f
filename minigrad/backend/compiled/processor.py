"""The processor: how large its vectors are, and how large a tile of results its registers hold."""

from __future__ import annotations

from collections.abc import Mapping

import llvmlite.binding as llvm


def registers(features: Mapping[str, bool], triple: str) -> tuple[int, int]:
    """Bytes of a vector, and how many vectors the registers hold, by LLVM's names for features and machine.

    >>> registers({"avx2": True, "avx512f": True}, "x86_64-unknown-linux-gnu")
    (64, 32)
    >>> registers({"avx2": True}, "x86_64-unknown-linux-gnu"), registers({}, "x86_64-unknown-linux-gnu")
    ((32, 16), (16, 16))
    >>> registers({"neon": True}, "arm64-apple-darwin23")
    (16, 32)
    """
    if features.get("avx512f"):
        return 64, 32
    if features.get("avx2"):
        return 32, 16
    return 16, 32 if triple.startswith(("aarch64", "arm64")) else 16


VECTOR_BYTES, REGISTERS = registers(llvm.get_host_cpu_features(), llvm.get_default_triple())
"""This processor's."""

TALL = (REGISTERS - 4) // 2
"""How many rows of two vectors of results leave room for the vectors that they are made of."""

TILES = [(MR, NV) for NV in (2, 1) for MR in (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14) if MR <= TALL]
"""The tiles that are compiled: rows and vectors."""

BLOCKS = {R: min(5, (REGISTERS - 4) // R) for R in (1, 2, 3, 5)}
"""How many vectors of results each of R rows may have."""
