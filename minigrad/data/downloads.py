"""Files from the internet, in a folder where each is whole and the right one, or not there at all."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from minigrad.files import atomic_write

TIMEOUT = 20.0
"""Seconds without an answer after which the next address is tried."""

SLOWEST = 2000
"""Bytes a second, on the average since TIMEOUT, below which the next address is tried."""

CHUNK = 2**14  # bytes


@dataclass(frozen=True)
class RemoteFile:
    """A file that is known: its name, its length in bytes and its SHA-256."""

    name: str
    size: int
    sha256: str


def cache_folder(owner: str) -> Path:
    """The folder that the environment variable MINIGRAD_DATA names; else the user's own for such things."""
    given = os.environ.get("MINIGRAD_DATA")
    return Path(given) if given else Path(_pooch(owner).os_cache("minigrad"))


def fetched(owner: str, file: RemoteFile, folder: Path, addresses: Sequence[str]) -> Path:
    """The path of the file in the folder, where it is already or comes to from one of the addresses.

    Raises:
        ImportError: it has to be fetched, and pooch is not installed.
        OSError: no address gave it, and why; or it can't be written.
    """
    path = folder / file.name
    if path.is_file() and sha256_of(path) == file.sha256:
        return path
    pooch = _pooch(owner)
    import requests  # noqa: PLC0415 - pooch brings it

    download = pooch.HTTPDownloader(
        progressbar=sys.stderr.isatty() and find_spec("tqdm") is not None,
        chunk_size=CHUNK,
        timeout=TIMEOUT,
        headers={"Accept-Encoding": "identity"},  # a .gz file is to come as it is
    )
    problems = []
    folder.mkdir(parents=True, exist_ok=True)
    for address in addresses:
        try:
            with atomic_write(path) as part:
                whole = _Checked(part, file)
                download(address + file.name, whole, None)
                whole.finish()
        except (requests.RequestException, ValueError) as error:
            problems.append(f"{address}{file.name}: {error}")
        else:
            return path
    advice = "directory= reads files that you fetched yourself"
    raise OSError("\n  ".join([f"{owner}: {file.name} could not be fetched; {advice}", *problems]))


def sha256_of(path: Path) -> str:
    """The digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Checked:
    """A file to be written that raises a ValueError as soon as it can't become the one that is expected."""

    def __init__(self, part: IO[bytes], expected: RemoteFile) -> None:
        self._part, self._expected = part, expected
        self._size, self._digest, self._start = 0, hashlib.sha256(), time.monotonic()

    def write(self, chunk: bytes) -> None:
        """Add some bytes."""
        self._size += len(chunk)
        if self._size > self._expected.size:
            raise ValueError(f"more than the {self._expected.size} bytes of this file")
        seconds = time.monotonic() - self._start
        if seconds > TIMEOUT and self._size < SLOWEST * seconds:
            raise ValueError(f"too slow: {self._size} bytes in {seconds:.0f} s")
        self._digest.update(chunk)
        self._part.write(chunk)

    def flush(self) -> None:
        """Do nothing: the whole is flushed at its end."""

    def finish(self) -> None:
        """See that all has come, and no other file."""
        if self._size < self._expected.size:
            raise ValueError(f"{self._size} bytes instead of {self._expected.size}")
        if (digest := self._digest.hexdigest()) != self._expected.sha256:
            raise ValueError(f"another file: its SHA-256 is {digest}, not {self._expected.sha256}")


def _pooch(owner: str) -> Any:
    try:
        import pooch  # noqa: PLC0415
    except ImportError as error:
        install = "pip install 'minigrad-nn[download]'"
        raise ImportError(f"{owner}: needs pooch ({error}): {install}; or read files with directory=") from None
    return pooch
