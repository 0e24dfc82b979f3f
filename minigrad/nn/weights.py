"""Weights in files: NumPy's .npz format, a zip of one .npy entry for each parameter, without pickle.

A file that is read may come from anywhere: nothing in it is run, nothing is unpacked beyond the size of the model, and
a model takes all of it or nothing.
"""

from __future__ import annotations

import math
import os
import re
import struct
import zlib
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from io import TextIOBase
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np

from minigrad.backend import Array
from minigrad.core.function import Spec
from minigrad.files import atomic_write
from minigrad.nn.module import Module
from minigrad.nn.state import differences, quoted

READING_ERRORS = (BadZipFile, zlib.error, EOFError, struct.error, ValueError, OverflowError, RuntimeError)
"""The errors of reading a broken zip; RuntimeError is zipfile's for what it cannot do."""

MAX_LISTED = 20
"""The most differences of a file that an error lists: a hostile file may have any number."""

MAGIC = b"\x93NUMPY\x01\x00"
MAX_HEADER = 1024
HEADER = re.compile(
    r"\{'descr': '(?P<dtype>[^']*)', 'fortran_order': (?P<fortran>True|False), "
    r"'shape': \((?P<shape>(?:[0-9]+, ?)*[0-9]*)\), \} *\n"
)
NUMBERS = re.compile(r"[<>]f[248]|[<>|][iu][1248]|\|b1")


def save(model: Module, file: str | os.PathLike[str] | IO[bytes]) -> None:
    """Write a model's parameters and buffers to a file, by custom "*.npz", which `load` and `numpy.load` read.

    Args:
        model: a Module.
        file: a path: the new file is written beside the old one and then takes its place, so that the old one is still
            there when saving fails. Or a file that is open in the mode "wb", which need not be able to seek.

    Raises:
        TypeError: model is no Module, or file is neither of these.
        OSError: the file cannot be written, or at the path is no regular file.
    """
    _check("save", model, file, "write")
    opened = atomic_write(file) if isinstance(file, (str, os.PathLike)) else nullcontext(file)
    with opened as stream:
        _write(model.state_dict(), stream)


def load(model: Module, file: str | os.PathLike[str] | IO[bytes]) -> None:
    """Read a model's parameters and buffers from a file that `save` or `numpy.savez` wrote.

    Args:
        model: a Module.
        file: a path, or a file that is open in the mode "rb" and can seek.

    Raises:
        ValueError: the file is broken, or made for another model. The error says why, and the model is as before.
        TypeError: model is no Module, or file is neither of these.
        OSError: the file cannot be read.
    """
    _check("load", model, file, "read")
    opened: AbstractContextManager[IO[bytes]]
    if isinstance(file, (str, os.PathLike)):
        path = Path(file)
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise OSError(f"load: {path} is not a regular file")
        name, opened = str(path), path.open("rb")
    else:
        name, opened = getattr(file, "name", "the file"), nullcontext(file)
        if not file.seekable():
            raise ValueError(f"load: {name} can't seek; read it first: nn.load(model, io.BytesIO(file.read()))")
    with opened as stream:
        try:
            state = _read(stream, {f"{name}.npy": variable.output for name, variable in model._named_state()})
        except READING_ERRORS as error:
            reason = str(error) or "it ends too early"  # zipfile's EOFError says nothing
            raise ValueError(f"load: {name} has no weights for this {type(model).__name__}: {reason}") from None
    model._load(f"load: {name}", {name.removesuffix(".npy"): array for name, array in state.items()})


def _write(state: Mapping[str, Array], file: IO[bytes]) -> None:
    archive = ZipFile(file, "w")
    try:
        for name, array in state.items():
            # ZipInfo(name) has a fixed date: the same weights make the same file.
            with archive.open(ZipInfo(f"{name}.npy"), "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, version=(1, 0), allow_pickle=False)
        archive.close()
    except BaseException:
        archive.fp = None  # there is nothing to finish: with an entry that Ctrl-C left open, close() is a ValueError
        raise


def _check(owner: str, model: Any, file: Any, method: str) -> None:
    if not isinstance(model, Module):
        raise TypeError(f"{owner}: model must be a Module, not {type(model).__name__}")
    if isinstance(file, TextIOBase) or not (isinstance(file, (str, os.PathLike)) or hasattr(file, method)):
        raise TypeError(
            f'{owner}: file must be a path or a file open in the mode "{method[0]}b", not {type(file).__name__}'
        )


def _read(file: IO[bytes], wanted: dict[str, Spec]) -> dict[str, Array]:
    """The arrays of the entries `wanted`, which must be all that there are."""
    start, size = file.tell(), file.seek(0, os.SEEK_END)
    with ZipFile(file) as archive:
        first = min((info.header_offset for info in archive.infolist()), default=start)
        if first > start:
            raise ValueError(f"its archive begins at byte {first} and not at {start}; one file is for one model")
        found: dict[str, Spec | str] = {}
        for info in archive.infolist():
            if info.filename in found:
                raise ValueError(f"{quoted(info.filename)} is in it twice")
            if not 0 <= info.header_offset < size:
                raise ValueError(f"{quoted(info.filename)} is outside of it")
            if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED) or info.flag_bits & 1:
                raise ValueError(f"{quoted(info.filename)} is encrypted, or compressed in another way than numpy does")
            found[info.filename] = "surplus"
        arrays = {}
        for name in [name for name in wanted if name in found]:
            with archive.open(name) as entry:
                spec, fortran = _read_header(entry)
                if isinstance(spec, tuple) and spec[0] == wanted[name][0]:  # unpack no more than the model has room for
                    arrays[name] = _read_array(entry, name, spec, fortran=fortran)
                found[name] = spec
        if problems := differences(found, wanted):
            more = [f"and {len(problems) - MAX_LISTED:,} more"] if len(problems) > MAX_LISTED else []
            raise ValueError("\n  ".join(["it does not fit", *problems[:MAX_LISTED], *more]))
        return arrays


def _read_header(entry: IO[bytes]) -> tuple[Spec | str, bool]:
    """Shape and dtype in the .npy header at the start of `entry`, or a text if it has no numbers; is its order F.

    NumPy's own reader evaluates the header as Python text, with every freedom that gives; this one takes what NumPy
    writes and nothing else.
    """
    magic, length = entry.read(len(MAGIC)), entry.read(2)
    if magic != MAGIC or len(length) < 2 or int.from_bytes(length, "little") > MAX_HEADER:
        return "no .npy entry of version 1.0", False
    match = HEADER.fullmatch(entry.read(int.from_bytes(length, "little")).decode("latin1"))
    if match is None:
        return "no plain array", False
    if not NUMBERS.fullmatch(match["dtype"]):
        return f"an array of dtype {match['dtype']!r}", False
    shape = tuple(int(n) for n in match["shape"].replace(",", " ").split())
    return (shape, np.dtype(match["dtype"])), match["fortran"] == "True"


def _read_array(entry: IO[bytes], name: str, spec: Spec, *, fortran: bool) -> Array:
    """The array behind a header that fits the model."""
    shape, dtype = spec
    nbytes = math.prod(shape) * dtype.itemsize
    data = entry.read(nbytes)
    if len(data) < nbytes or entry.read(1):
        raise ValueError(f"{name!r} has not the {nbytes:,} bytes that its header promises")
    array = np.ndarray(shape, dtype, data, order="F" if fortran else "C")
    return array.view(np.uint8) != 0 if dtype.kind == "b" else array  # NumPy relies on bools of 0 or 1
