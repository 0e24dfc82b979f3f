"""Arrays in files of safetensors, the format in which other frameworks exchange weights.

It has neither code nor compression; but also no checksum, so that a flipped bit in a number is not noticed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from minigrad.backend import Array
from minigrad.core.function import Spec
from minigrad.nn.npz import refuse_differences

DTYPES = {
    "F16": "f2", "F32": "f4", "F64": "f8", "I8": "i1", "I16": "i2", "I32": "i4", "I64": "i8",
    "U8": "u1", "U16": "u2", "U32": "u4", "U64": "u8", "BOOL": "?",
}  # fmt: skip
"""The format's dtypes that NumPy has."""


def write_arrays(state: Mapping[str, Array], file: IO[bytes]) -> None:
    """Write arrays by name to an open file; an ImportError if safetensors is not installed."""
    contiguous = {
        name: np.array(array, order="C") for name, array in state.items()
    }  # it takes no others, but says so not
    file.write(_library("numpy").save(contiguous))


def read_arrays(path: str, wanted: Mapping[str, Spec]) -> dict[str, Array]:
    """The arrays `wanted`, which must be all that there are in a file; others are a ValueError that lists them."""
    try:
        with _library().safe_open(path, framework="numpy") as file:
            found = {name: _spec(file.get_slice(name)) for name in file.keys()}  # noqa: SIM118 - it is no dict
            refuse_differences(found, wanted)
            return {name: file.get_tensor(name) for name in wanted}
    except _library().SafetensorError as error:
        raise ValueError(str(error)) from None


def _spec(part: Any) -> Spec | str:
    dtype = part.get_dtype()
    return (tuple(part.get_shape()), np.dtype(DTYPES[dtype])) if dtype in DTYPES else f"an array of dtype {dtype!r}"


def _library(module: str = "") -> Any:
    try:
        import safetensors.numpy  # noqa: PLC0415 - an extra
    except ImportError:
        raise ImportError("files of safetensors need it: pip install 'minigrad-nn[safetensors]'") from None
    return getattr(safetensors, module) if module else safetensors
