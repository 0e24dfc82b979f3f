"""Machine code on disk: a file for each compiled function and the types of its arguments.

Numba's own cache trusts what it reads, keeps an index that two processes at once may break, and knows of a function's
own file alone. Here a hash of all that machine code depends on names the directory, a file appears when it is complete,
and one that is damaged is as good as none: the function is compiled again, and the file replaced.
"""

from __future__ import annotations

import os
import pickle
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any
from uuid import uuid4

import llvmlite
import numba
import numpy as np
from numba.core.caching import NullCache
from numba.core.ccallback import CFunc
from numba.core.compiler import CompileResult
from numba.core.registry import cpu_target
from numba.core.serialize import dumps
from numba.misc.appdirs import AppDirs

from minigrad.backend.compiled.loading import say_once
from minigrad.backend.compiled.processor import REGISTERS, VECTOR_BYTES

MONTH = 30 * 24 * 3600
"""For how many seconds a directory is kept that nobody uses."""

_NOT_IN_CODE = {"CACHE_DIR", "NUMBA_NUM_THREADS", "NUMBA_DEFAULT_NUM_THREADS", "THREADING_LAYER"}


def kept(dispatcher: Any) -> Any:
    """A function of `numba.njit`, whose machine code is kept on disk."""
    dispatcher._cache = KernelCache(dispatcher.py_func)
    return dispatcher


def callback(signature: Any, function: Callable[..., Any], **options: Any) -> Any:
    """What `numba.cfunc` makes of a function, kept on disk."""
    made: Any = CFunc(function, (signature.args, signature.return_type), {}, options)
    made._cache = KernelCache(function)
    made.compile()
    return made


class KernelCache(NullCache):  # type: ignore[misc]
    """The files of one function, asked by Numba before it compiles, and told what it compiled."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._name = f"{function.__module__}.{function.__qualname__}"

    def load_overload(self, signature: Any, context: Any) -> Any:
        """The machine code for such arguments; None where there is none, or it is damaged."""
        context.refresh()
        file = self._file(signature)
        try:
            content = file.read_bytes()
        except OSError:
            return None
        code = content[32:]
        return CompileResult._rebuild(context, *pickle.loads(code)) if content[:32] == _sum(file, code) else None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep machine code; a file of the same name is replaced at once, whoever reads it."""
        file, code = self._file(signature), dumps(compiled._reduce())
        part = file.with_name(f"{uuid4().hex}.part")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(_sum(file, code) + code)
            part.replace(file)
        except OSError as error:
            why = f"{file.parent.parent}: {error.strerror}"
            say_once(f"compiles its CPU kernels anew in each process ({why}); NUMBA_CACHE_DIR names another place")
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def _file(self, signature: Any) -> Path:
        return directory() / f"{self._name}-{sha256(str(signature).encode()).hexdigest()[:16]}"


def _sum(file: Path, code: bytes) -> bytes:
    """What a file begins with: it is complete, and stands under its own name."""
    return sha256(f"{file.parent.name}/{file.name}".encode() + code).digest()


@cache
def directory() -> Path:
    """Where the machine code is kept: of these sources, by this compiler with its settings, for this processor."""
    versions = numba.__version__, llvmlite.__version__, np.__version__, sys.version
    settings = sorted((k, repr(v)) for k, v in vars(numba.config).items() if k.isupper() and k not in _NOT_IN_CODE)
    processor = cpu_target.target_context.codegen().magic_tuple(), VECTOR_BYTES, REGISTERS
    key = sha256(repr((sources("backend/compiled"), versions, settings, processor)).encode()).hexdigest()[:16]
    return Path(numba.config.CACHE_DIR or AppDirs("minigrad", appauthor=False).user_cache_dir) / f"kernels-{key}"


def sources(part: str) -> list[Any]:
    """The texts of a part of minigrad that machine code is made from; in a frozen program, when that was made."""
    files = resources.files("minigrad").joinpath(part).iterdir()  # it may be in an archive
    texts = sorted((file.name, file.read_bytes()) for file in files if file.name.endswith((".py", ".pyc")))
    return texts or [Path(sys.executable).stat().st_mtime_ns]


@cache
def formulas_key() -> str:
    """A hash of the optimizers' sources: to change one of them leaves all but their own loops as they are."""
    return sha256(repr(sources("optim")).encode()).hexdigest()[:16]


def sweep() -> None:
    """Note that this process uses its directory, and remove those that no process has used for a month."""
    with suppress(OSError):
        os.utime(directory())
        for other in directory().parent.glob("kernels-*"):
            if time.time() - other.stat().st_mtime > MONTH:
                shutil.rmtree(other, ignore_errors=True)
