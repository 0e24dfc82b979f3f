"""Reading a gzip file no further than asked, so that a gzip bomb stays packed."""

from __future__ import annotations

import zlib
from typing import BinaryIO

MAGIC = b"\x1f\x8b"
MAX_RATIO = 1032  # deflate's best: 258 bytes from 2 bits (https://www.zlib.net/zlib_tech.html)

_CHUNK = 2**18  # compressed bytes read at a time
_GZIP = 31  # zlib's wbits for a gzip header and trailer; zlib checks the trailer's CRC-32 and length


class GzipMember:
    """A file that is one gzip member and nothing else, read like a binary file.

    The standard library's GzipFile reads ahead, and lets further members and zeros follow.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._inflate = zlib.decompressobj(_GZIP)

    def readinto(self, buffer: memoryview) -> int:
        """Decompress into a writable buffer of bytes until it is full or the member ends.

        Returns:
            The number of bytes written. If it is less than the buffer holds, then the member ended, its checksum is
            right and the file ends there too.
        Raises:
            ValueError: the gzip data is corrupt or truncated, or bytes follow it.
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
