"""Shared libraries of C++ sources, made by g++ once and kept in a folder that all processes share."""

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
COMPILER = shutil.which("g++")
FLAGS = ["-std=c++17", "-shared", "-fPIC", "-w"]


def _cache():
    """CuPy's cache and ours, outside of the repository: code is loaded from it, so that it must be this user's own."""
    folder = Path(os.environ.get("CUPY_CACHE_DIR") or f"{tempfile.gettempdir()}/minigrad-hosted-{os.getuid()}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise ImportError(f"hosted: {folder} is another user's; set CUPY_CACHE_DIR to a folder of your own")
    os.environ["CUPY_CACHE_DIR"] = str(folder)
    return folder


CACHE = _cache()


def digest(*values):
    """Names what is made from some values."""
    return hashlib.sha256(repr(values).encode()).hexdigest()[:24]


def kept(name, make):
    """The path of a file in the cache; make(path) writes it, where it isn't there."""
    path = CACHE / name
    if not path.exists():
        unfinished = CACHE / f"{os.getpid()}-{name}"  # of two processes that make it the last one wins, whole
        make(unfinished)
        unfinished.replace(path)
    return path


def run_compiler(*arguments):
    """Run g++; what it says is the CalledProcessError's `stderr`."""
    subprocess.run([COMPILER, *map(str, arguments)], capture_output=True, text=True, check=True)


def load(name, *more):
    """A C++ file of this folder as a library, whose symbols later ones see."""
    sources = [HERE / f"{name}.cpp"]
    key = digest([source.read_bytes() for source in sources], FLAGS, more)
    path = kept(f"{name}-{key}.so", lambda path: run_compiler(*FLAGS, "-O2", "-g", *sources, *more, "-o", path))
    return ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
