"""The IDX file format, plain or gzipped: one array, big-endian, behind a header that gives its type and shape."""

from __future__ import annotations

import math
import os
import struct
import zlib
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from minigrad import checks

_DTYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype("u1"),
    0x09: np.dtype("i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP = 31  # zlib's wbits for a gzip header and trailer; zlib checks the trailer's CRC-32 and length
_MAX_RATIO = 1032  # deflate's best: 258 bytes from 2 bits (https://www.zlib.net/zlib_tech.html)
_CHUNK = 2**18  # compressed bytes read at a time


def read_idx(path: str | os.PathLike[str], *, max_bytes: int = 2**30) -> npt.NDArray[Any]:
    """Read the array of one IDX file, plain or gzipped.

    The first two bytes decide whether the file is gzipped, not its name. The file may come from anywhere: no more
    memory is used and no more is decompressed than its header and its size justify.

    Args:
        path: the file.
        max_bytes: the most bytes that the array may take.
    Returns:
        uint8, int8, int16, int32, float32 or float64 in native byte order; C-contiguous and writable.
    Raises:
        TypeError: path is no path, or max_bytes no int.
        ValueError: the file is no IDX file, truncated, too long, corrupt or too large.
        OSError: the file is missing, is a directory or can't be read.
    Source: LeCun, Cortes & Burges, "The MNIST database", http://yann.lecun.com/exdb/mnist/.
    """
    path = path_of("read_idx", path)
    checks.integer("read_idx", "max_bytes", max_bytes)
    if path.is_dir():
        raise IsADirectoryError(f"read_idx: {path} is a directory, not a file; idx() reads a directory's four files")
    if path.exists() and not path.is_file():
        raise OSError(f"read_idx: {path} is not a regular file")
    try:
        with path.open("rb") as file:
            return _read_array(file, max_bytes)
    except ValueError as error:
        raise ValueError(f"read_idx: {path}: {error}") from None
    except OSError as error:
        error.filename = str(path)  # an error while reading doesn't know it
        raise


def path_of(owner: str, path: str | os.PathLike[str]) -> Path:
    """Return `path`, the name of a file or directory, as a Path."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"{owner}: path must be a str or a pathlib.Path, not {path!r}")
    return Path(path)


def _read_array(file: BufferedReader, max_bytes: int) -> npt.NDArray[Any]:
    size = os.fstat(file.fileno()).st_size
    gzipped = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
    file.seek(0)
    source = GzipMember(file) if gzipped else file

    dtype, shape = _read_header(source)
    claimed = math.prod(shape) * dtype.itemsize
    claim = f"{dtype.name} of shape {shape} takes {claimed} bytes"
    possible = size * _MAX_RATIO if gzipped else size
    if claimed > max_bytes:
        raise ValueError(f"too large: {claim}, but max_bytes is {max_bytes}")
    if claimed > possible:  # before memory is taken
        raise ValueError(f"truncated: {claim}, but a file of {size} bytes holds at most {possible}")

    buffer = np.empty(claimed + 1, np.uint8)  # one byte more, to notice trailing ones
    found = source.readinto(buffer.data)
    if found < claimed:
        raise ValueError(f"truncated: {claim}, but only {found} follow the header")
    if found > claimed:
        raise ValueError(f"trailing bytes: {claim}, but more follow the header in this file of {size} bytes")
    array = buffer[:claimed].view(dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _read_header(source: BufferedReader | GzipMember) -> tuple[np.dtype[Any], tuple[int, ...]]:
    start = _read_exactly(4, source)
    zeros, code, ndim = struct.unpack(">HBB", start)
    if zeros != 0:
        raise ValueError(f"not an IDX file: it starts with the bytes {start.hex(' ')}, IDX with two zeros")
    if code not in _DTYPES:
        known = ", ".join(f"0x{code:02x} {dtype.name}" for code, dtype in _DTYPES.items())
        raise ValueError(f"unknown type code 0x{code:02x}; the IDX types are {known}")
    if ndim == 0:
        raise ValueError("the header gives 0 dimensions, an IDX file has at least 1")
    return _DTYPES[code], struct.unpack(f">{ndim}I", _read_exactly(4 * ndim, source))


def _read_exactly(n: int, source: BufferedReader | GzipMember) -> bytearray:
    buffer = bytearray(n)
    found = source.readinto(memoryview(buffer))
    if found < n:
        raise ValueError(f"truncated header: {n} bytes expected, {found} found")
    return buffer


class GzipMember:
    """A file that is one gzip member and nothing else, read no further than asked: a gzip bomb stays packed.

    The standard library's GzipFile reads ahead, and lets further members and zeros follow.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._inflate = zlib.decompressobj(_GZIP)

    def readinto(self, buffer: memoryview) -> int:
        """Decompress into a writable buffer until it is full or the member ends; return the number of bytes written.

        If it is less than the buffer holds, then the member ended, its checksum is right and the file ends there too.
        """
        filled = 0
        while filled < len(buffer) and not self._inflate.eof:
            compressed = self._inflate.unconsumed_tail or self._file.read(_CHUNK)
            if not compressed:
                end = self._file.tell()
                raise ValueError(f"truncated gzip data: the file ends after {end} bytes, the data doesn't")
            try:
                piece = self._inflate.decompress(compressed, len(buffer) - filled)
            except zlib.error as error:
                raise ValueError(f"corrupt gzip data: {error}") from None
            buffer[filled : filled + len(piece)] = piece
            filled += len(piece)
        if filled < len(buffer):
            end = self._file.tell() - len(self._inflate.unused_data)
            if self._inflate.unused_data or self._file.read(1):
                raise ValueError(f"the gzip data ends after {end} bytes, but more bytes follow it")
        return filled
