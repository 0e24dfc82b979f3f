"""Arrays in files: NumPy's .npz format, a zip of one .npy entry for each array, without pickle.

A file that is read may come from anywhere: nothing in it is run, and no more is unpacked than is asked for or is there.
"""

from __future__ import annotations

import math
import os
import re
import struct
import zlib
from collections.abc import Mapping
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np

from minigrad.backend import Array
from minigrad.core.function import Spec
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


def write_arrays(state: Mapping[str, Array], file: IO[bytes]) -> None:
    """Write arrays by name to a file that is open in the mode "wb"; the same arrays make the same file."""
    archive = ZipFile(file, "w")
    try:
        for name, array in state.items():
            # ZipInfo(name) has a fixed date.
            with archive.open(ZipInfo(f"{name}.npy"), "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, version=(1, 0), allow_pickle=False)
        archive.close()
    except BaseException:
        archive.fp = None  # there is nothing to finish: with an entry that Ctrl-C left open, close() is a ValueError
        raise


def read_arrays(file: IO[bytes], wanted: Mapping[str, Spec]) -> dict[str, Array]:
    """The arrays `wanted`, by the names of their entries, which must be all that there are in an open file.

    Raises:
        ValueError or another one of READING_ERRORS: the file is broken, or has other arrays.
    """
    start = file.tell()
    with ZipFile(file) as archive:
        found: dict[str, Spec | str] = dict.fromkeys(_entries(archive, start), "surplus")
        arrays = {}
        for name in [name for name in wanted if name in found]:
            with archive.open(name) as entry:
                spec, fortran = _read_header(entry)
                if isinstance(spec, tuple) and spec[0] == wanted[name][0]:  # unpack no more than is asked for
                    arrays[name] = _read_array(entry, repr(name), spec, fortran=fortran)
                found[name] = spec
        refuse_differences(found, wanted)
        return arrays


def read_all_arrays(file: IO[bytes]) -> dict[str, Array]:
    """All arrays of an open file that `write_arrays` wrote, by their names; together they are no larger than the file.

    Raises:
        ValueError or another one of READING_ERRORS: the file is broken, or something else.
    """
    start, size = file.tell(), file.seek(0, os.SEEK_END)
    with ZipFile(file) as archive:
        entries = _entries(archive, start)
        if any(info.compress_type != ZIP_STORED for info in entries.values()):
            raise ValueError("its entries are compressed")
        if sum(info.file_size for info in entries.values()) > size - start:
            raise ValueError("its entries overlap")
        arrays = {}
        for name, info in entries.items():
            with archive.open(info) as entry:
                spec, fortran = _read_header(entry)
                if isinstance(spec, str):
                    raise ValueError(f"{quoted(name)} is {spec}")  # noqa: TRY004 - the file is wrong
                if math.prod(spec[0]) * spec[1].itemsize > info.file_size:  # before memory is taken
                    raise ValueError(f"{quoted(name)} is shorter than its header promises")
                arrays[name.removesuffix(".npy")] = _read_array(entry, quoted(name), spec, fortran=fortran)
        if len(arrays) < len(entries):
            raise ValueError("two of its entries have the same name, but for .npy")
        return arrays


def refuse_differences(found: Mapping[str, Spec | str], wanted: Mapping[str, Spec]) -> None:
    """Raise a ValueError that lists why the arrays `found` in a file are not those `wanted`, unless they are."""
    if problems := differences(found, wanted):
        more = [f"and {len(problems) - MAX_LISTED:,} more"] if len(problems) > MAX_LISTED else []
        raise ValueError("\n  ".join(["it does not fit", *problems[:MAX_LISTED], *more]))


def _entries(archive: ZipFile, start: int) -> dict[str, ZipInfo]:
    """The entries by name; a ValueError if there is something that NumPy would not write."""
    assert archive.fp is not None
    size = archive.fp.seek(0, os.SEEK_END)
    first = min((info.header_offset for info in archive.infolist()), default=start)
    if first > start:
        raise ValueError(f"its archive begins at byte {first} and not at {start}; one file is for one model")
    found: dict[str, ZipInfo] = {}
    for info in archive.infolist():
        if info.filename in found:
            raise ValueError(f"{quoted(info.filename)} is in it twice")
        if not 0 <= info.header_offset < size:
            raise ValueError(f"{quoted(info.filename)} is outside of it")
        if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED) or info.flag_bits & 1:
            raise ValueError(f"{quoted(info.filename)} is encrypted, or compressed in another way than numpy does")
        found[info.filename] = info
    return found


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
    """The array behind a header."""
    shape, dtype = spec
    nbytes = math.prod(shape) * dtype.itemsize
    data = entry.read(nbytes)
    if len(data) < nbytes or entry.read(1):
        raise ValueError(f"{name} has not the {nbytes:,} bytes that its header promises")
    array = np.ndarray(shape, dtype, data, order="F" if fortran else "C")
    return array.view(np.uint8) != 0 if dtype.kind == "b" else array  # NumPy relies on bools of 0 or 1
