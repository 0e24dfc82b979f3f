"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

if sys.platform != "win32":
    import fcntl


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a new file beside the one at `path`, and let it take its place and its permissions at the end.

    After an error the old file is still there and the new one is not; what a killed process left is removed by the
    next one that writes to the folder. A link stays a link to what was written; a hard link to the old file keeps it.

    Raises:
        OSError: at `path` is no regular file or one that may not be written, or the folder can't be written to.
    """
    target = Path(os.path.realpath(path))
    try:
        mode = _mode(target)
        _sweep(target.parent)
        file = _new_part(target.parent, mode)
        part = Path(file.name)
        try:
            with file:
                if mode is not None:
                    part.chmod(mode)
                yield file
                file.flush()
                os.fsync(file.fileno())
                if sys.platform == "win32":
                    file.close()  # an open file can't be renamed there
                part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None  # which names no part


def _mode(target: Path) -> int | None:
    """The permissions of the file at `target`, None if there is none; an OSError if it can't be replaced."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "Not a regular file")
    if not os.access(target, os.W_OK):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))
    return stat.S_IMODE(mode)


def _new_part(folder: Path, mode: int | None) -> IO[bytes]:
    """A new file in the folder, locked for as long as it is open."""
    while True:
        name = folder / f".minigrad-{secrets.token_hex(8)}.part"
        file = open(name, "xb", opener=lambda name, flags: os.open(name, flags, 0o666 if mode is None else mode))  # noqa: SIM115
        with suppress(OSError):  # a file system without locks
            _lock(file, wait=True)
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()  # `_sweep` was faster than the lock


def _sweep(folder: Path) -> None:
    """Remove the parts in a folder that nobody has locked: those of killed processes."""
    for part in folder.glob(".minigrad-*.part"):
        with suppress(OSError), part.open("r+b") as file:
            _lock(file, wait=False)
            part.unlink()


def _lock(file: IO[bytes], *, wait: bool) -> None:
    """Lock the file until it is closed; an OSError if another has it. On Windows being open is as good."""
    if sys.platform != "win32":
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
