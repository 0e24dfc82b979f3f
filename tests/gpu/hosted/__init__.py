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
device = load("device")
load("blas", "-Wl,-soname,libcublas.so.13")  # CuPy asks for a library of this name, and gets ours

from hosted import replacing

replacing.replace_all(device)

eager = sys.getdlopenflags()
sys.setdlopenflags(os.RTLD_LAZY)  # our cuBLAS has no more than is called
import cupy_backends.cuda.libs.cublas  # noqa: F401

sys.setdlopenflags(eager)

from hosted import compiling

compiling.install()


class _Counts(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_long)
        for name in (
            "launches",
            "copies_to_host",
            "copies_to_device",
            "copies_on_device",
            "sets",
            "synchronizations",
            "allocations",
            "products",
            "blocks",
            "switches",
        )
    ]


_counts = _Counts.in_dll(device, "emu_counts")
_order = ctypes.c_int.in_dll(device, "emu_order")
dry = ctypes.c_int.in_dll(device, "emu_dry")
"""With 1 for its value nothing is executed, so that the time of CuPy's and minigrad's own work can be taken."""

ORDERS = {"forwards": 0, "backwards": 1, "shuffled": 12}
"""In which the threads of a block take turns. In the second one shared memory begins as 0, else as NaN."""


def set_order(name):
    """From now on threads take turns in one of `ORDERS`."""
    _order.value = ORDERS[name]


@contextmanager
def counting():
    """Counts what the device is asked for within a `with` statement: launches, synchronizations, products, ..."""
    names = [name for name, _ in _Counts._fields_]
    before, counts = {name: getattr(_counts, name) for name in names}, SimpleNamespace()
    device.emu_log_begin()
    yield counts
    vars(counts).update({name: getattr(_counts, name) - before[name] for name in names})
    counts.kernels = [line.split()[0] for line in device.emu_log_end().decode().splitlines()]


device.emu_check.restype = device.emu_log_end.restype = ctypes.c_char_p


def check_margins():
    """Raise a RuntimeError if something wrote beside an array, for which its memory has margins."""
    if words := device.emu_check():
        raise RuntimeError(f"hosted device: {words.decode()}")
