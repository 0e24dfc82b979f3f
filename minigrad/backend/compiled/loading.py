"""Numba's kernel set, imported and compiled when its first kernel is asked for."""

from __future__ import annotations

from functools import cache
from typing import Any


def prepared_kernels(dtype: Any, *, required: bool) -> Any:
    """The kernel set, compiled for a dtype; None without Numba.

    Raises:
        ImportError: it is required, and not there.
    """
    kernels, reason = compiled_kernels()
    if kernels is not None:
        from minigrad.backend.compiled.preparing import prepare  # noqa: PLC0415 - it needs Numba

        prepare(dtype)
    elif required:
        raise ImportError(f"MINIGRAD_KERNELS=numba: {reason}")
    return kernels


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
