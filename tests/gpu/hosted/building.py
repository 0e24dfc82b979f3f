"""Libraries that g++ makes once, kept in a folder that all processes share."""

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
COMPILER = shutil.which("g++")
FLAGS = ["-std=c++17", "-fPIC", "-w", "-U_FORTIFY_SOURCE"]  # whose longjmp refuses to go from stack to stack
LIBRARY = [*FLAGS, "-shared", "-Wl,-Bsymbolic"]  # a kernel may be called "write", as a function of C's library is


def _cache():
    """CuPy's cache and ours, outside of the repository; since code is loaded from it, it must be this user's own."""
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


def contents(*paths):
    """Names and contents of files."""
    return [(path.name, path.read_bytes()) for path in sorted(paths)]


def kept(name, make):
    """The path of a file in the cache; where it isn't there, make(path) writes it."""
    path = CACHE / name
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        unfinished = path.with_name(f"{os.getpid()}-{path.name}")
        make(unfinished)
        unfinished.replace(path)  # if another process made it as well, one of the two stays, whole
    return path


def run_compiler(*arguments):
    """Run g++; what it says is the RuntimeError that it fails with."""
    done = subprocess.run([COMPILER, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)


def load(name, *sources, more=()):
    """Some files of the folder "device" as one library, whose functions are found by libraries loaded later."""
    paths = [HERE / "device" / f"{source}.cpp" for source in sources]
    key = digest(contents(*paths, *HERE.rglob("*.h")), LIBRARY, more)
    path = kept(f"{name}-{key}.so", lambda path: run_compiler(*LIBRARY, "-O2", *paths, *more, "-o", path))
    return ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
