"""The real CuPy on a device that is made of this computer's memory: `import hosted` first, then `import cupy`."""

import ctypes
import os
import sys
from contextlib import contextmanager
from types import SimpleNamespace

if "cupy" in sys.modules:
    raise ImportError("hosted: CuPy has been imported already, with another device")

from hosted.building import load

os.environ.setdefault("CUPY_ACCELERATORS", "")  # CUB's kernels are in the wheel as machine code for GPUs
device = load("device", "properties", "memory", "streams", "launch")
load("blas", "blas", more=["-Wl,-soname,libcublas.so.13"])  # CuPy asks for a library of this name, and gets ours

from hosted import replacing

replacing.replace_all(device)

_flags = sys.getdlopenflags()
sys.setdlopenflags(os.RTLD_LAZY)  # our cuBLAS has only what is called
import cupy_backends.cuda.libs.cublas  # noqa: F401

sys.setdlopenflags(_flags)

from hosted import compiling  # noqa: F401

COUNTS = [
    "launches",
    "products",
    "synchronizations",
    "copies_to_host",
    "copies_to_device",
    "copies_on_device",
    "sets",
    "allocations",
]
ORDERS = {"forwards": 0, "backwards": 1, "shuffled": 7}
"""In which the threads of a block take turns. Backwards, shared memory begins as 0, else as NaN."""

_counts = (ctypes.c_long * len(COUNTS)).in_dll(device, "counts")
_order = ctypes.c_int.in_dll(device, "thread_order")
device.broken_margins.restype = device.end_log.restype = ctypes.c_char_p

dry = ctypes.c_int.in_dll(device, "dry")
"""With 1 for its value nothing is executed, so that the time of CuPy's and minigrad's own work can be taken."""


def set_order(name):
    """From now on threads take turns in one of the `ORDERS`."""
    _order.value = ORDERS[name]


@contextmanager
def counting():
    """Counts what the device is asked for within a `with` statement, and notes the launched kernels' names."""
    before, counts = list(_counts), SimpleNamespace()
    device.begin_log()
    yield counts
    vars(counts).update({name: now - then for name, now, then in zip(COUNTS, _counts, before, strict=True)})
    counts.kernels = device.end_log().decode().splitlines()


def check_margins():
    """Raise a RuntimeError if something wrote beside an array, where its memory has margins."""
    if words := device.broken_margins():
        raise RuntimeError(f"hosted device: {words.decode()}")
