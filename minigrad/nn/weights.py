"""Weights in files: NumPy's .npz format, or safetensors.

A file that is read may come from anywhere: nothing in it is run, nothing is unpacked beyond the size of the model, and
a model takes all of it or nothing.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from io import TextIOBase
from pathlib import Path
from typing import IO, Any

from minigrad.files import atomic_write
from minigrad.nn import safetensors_files
from minigrad.nn.module import Module
from minigrad.nn.npz import READING_ERRORS, read_arrays, write_arrays


def save(model: Module, file: str | os.PathLike[str] | IO[bytes]) -> None:
    """Write a model's parameters and buffers to a file, by custom "*.npz", which `load` and `numpy.load` read.

    Args:
        model: a Module.
        file: a path: the new file is written beside the old one and then takes its place, so that the old one is still
            there when saving fails. If it ends in ".safetensors" that format is written, which other frameworks
            read (with the extra `safetensors`). Or a file that is open in the mode "wb", which need not be able to
            seek.

    Raises:
        TypeError: model is no Module, or file is neither of these.
        OSError: the file cannot be written, or at the path is no regular file.
        ImportError: safetensors is not installed.
    """
    _check("save", model, file, "write")
    write = safetensors_files.write_arrays if _is_safetensors(file) else write_arrays
    opened = atomic_write(file) if isinstance(file, (str, os.PathLike)) else nullcontext(file)
    with opened as stream:
        write(model.state_dict(), stream)


def load(model: Module, file: str | os.PathLike[str] | IO[bytes]) -> None:
    """Read a model's parameters and buffers from a file that `save` or `numpy.savez` wrote.

    Args:
        model: a Module.
        file: a path, of safetensors if it ends in ".safetensors"; or a file that is open in the mode "rb" and can seek.

    Raises:
        ValueError: the file is broken, or made for another model. The error says why, and the model is as before. In a
            file of safetensors other numbers are not noticed, for it has no checksum.
        TypeError: model is no Module, or file is neither of these.
        OSError: the file cannot be read.
        ImportError: safetensors is not installed.
    """
    _check("load", model, file, "read")
    wanted = {name: variable.output for name, variable in model._named_state()}
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
            if _is_safetensors(file):
                state = safetensors_files.read_arrays(name, wanted)
            else:
                entries = read_arrays(stream, {f"{name}.npy": spec for name, spec in wanted.items()})
                state = {name.removesuffix(".npy"): array for name, array in entries.items()}
        except READING_ERRORS as error:
            reason = str(error) or "it ends too early"  # zipfile's EOFError says nothing
            raise ValueError(f"load: {name} has no weights for this {type(model).__name__}: {reason}") from None
    model._load(f"load: {name}", state)


def _is_safetensors(file: Any) -> bool:
    return isinstance(file, (str, os.PathLike)) and Path(file).suffix == ".safetensors"


def _check(owner: str, model: Any, file: Any, method: str) -> None:
    if not isinstance(model, Module):
        raise TypeError(f"{owner}: model must be a Module, not {type(model).__name__}")
    if isinstance(file, TextIOBase) or not (isinstance(file, (str, os.PathLike)) or hasattr(file, method)):
        raise TypeError(
            f'{owner}: file must be a path or a file open in the mode "{method[0]}b", not {type(file).__name__}'
        )
