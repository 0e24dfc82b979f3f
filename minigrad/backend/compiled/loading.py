"""Numba's kernel set, imported and compiled when its first kernel is asked for."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any


def prepared_kernels(dtype: Any, kernel: str, *, required: bool) -> Any:
    """The kernel set, compiled for a dtype; None without Numba, which is said where it costs much.

    Raises:
        ImportError: it is required, and not there.
    """
    kernels, reason = compiled_kernels()
    if kernels is not None:
        from minigrad.backend.compiled.preparing import prepare  # noqa: PLC0415 - it needs Numba

        prepare(dtype)
    elif required:
        raise ImportError(f"MINIGRAD_KERNELS=numba: {reason}")
    elif "conv" in kernel or not reason.startswith("No module named 'numba';"):  # a plain installation may be meant
        say_once(f"computes with NumPy's kernels, several times as slow: {reason}; MINIGRAD_KERNELS=numpy is silent")
    return kernels


@cache
def compiled_kernels() -> tuple[Any, str]:
    """Numba's kernel set, or None and why it can't serve."""
    try:
        from minigrad.backend import numba_kernels  # noqa: PLC0415 - Numba takes longer to import than all else
    except ModuleNotFoundError as error:
        return None, f"{error}; pip install 'minigrad-nn[fast]'"
    except Exception as error:  # noqa: BLE001 - whatever a Numba raises that does not fit NumPy
        return None, f"{error}".partition("\n")[0] or repr(error)
    return numba_kernels, ""


@cache
def say_once(text: str) -> None:
    """Write a line to stderr, where there is one."""
    if sys.stderr is not None:
        sys.stderr.write(f"minigrad {text}\n")
