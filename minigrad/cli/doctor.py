"""`minigrad doctor`: what is installed, and what this machine has."""

from __future__ import annotations

import argparse
import platform
from typing import Any

import numpy as np

from minigrad import viz
from minigrad.backend import devices
from minigrad.backend.compiled import loading
from minigrad.backend.gpus import gpu_report
from minigrad.backend.kernels import forced_set
from minigrad.version import __version__


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    doctor = commands.add_parser("doctor", help="say which engines, kernel sets and devices are there")
    doctor.set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    """Print a line for each thing."""
    engines = "; ".join(f"{engine.name} ({engine.path})" for engine in viz.engines())
    rows = {"minigrad": __version__, "Python": platform.python_version(), "NumPy": np.__version__}
    rows |= {"kernel sets": _kernel_sets(), "devices": ", ".join(devices())} | gpu_report()
    rows |= {"diagrams": engines or "none: pip install 'minigrad-nn[viz]'"}
    for name, found in rows.items():
        print(f"{name:12} {found}")
    return 0


def _kernel_sets() -> str:
    """The kernel sets in use: the CPU's, the fastest first, and why the compiled ones are missing; and the GPUs'."""
    on_gpus = "; on a GPU: cuda (float16, float32, float64)" if len(devices()) > 1 else ""
    return _cpu_kernel_sets() + on_gpus


def _cpu_kernel_sets() -> str:
    forced = forced_set()
    if forced == "numpy":
        return "numpy (MINIGRAD_KERNELS)"
    compiled, reason = loading.compiled_kernels()
    if compiled is None:
        return f"{'none' if forced else 'numpy'}; not the compiled ones, several times as fast: {reason}"
    return f"numba (float32, float64; {compiled.description()}), {'MINIGRAD_KERNELS' if forced else 'numpy'}"
