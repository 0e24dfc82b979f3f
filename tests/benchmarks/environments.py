"""The virtual environments of the other frameworks: where they are, what is in them, how they are made."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# What pip is told, call by call. Chainer's setup.py needs pkg_resources, which setuptools has dropped: it is built
# outside of pip's isolation, beside an old setuptools. It uses names that NumPy 1.24 removed, and NumPy 1.23's last
# Python is 3.11.
PACKAGES = {
    "chainer": [["numpy<1.24", "setuptools<70", "wheel"], ["--no-build-isolation", "chainer==7.8.1"]],
    "torch": [["torch==2.13.0", "numpy"]],
    "keras": [["tensorflow-cpu==2.21.0", "keras==3.15.1"]],
    "jax": [["jax==0.10.2"]],
}


def interpreter(framework: str) -> Path:
    """minigrad and the NumPy floors run where run.py runs, the others each in its own environment."""
    return ROOT / f".venv-{framework}" / "bin" / "python" if framework in PACKAGES else Path(sys.executable)


def set_up(framework: str):
    """Make the framework's environment, unless it is complete already."""
    folder = ROOT / f".venv-{framework}"
    complete = folder / "complete"
    if complete.exists():
        print(f"{folder.name}: is there")
        return
    print(f"{folder.name}: being made")
    venv.create(folder, clear=True, symlinks=True, with_pip=True)
    try:
        for arguments in PACKAGES[framework]:
            subprocess.run([interpreter(framework), "-m", "pip", "install", "--quiet", *arguments], check=True)
    except subprocess.CalledProcessError:
        print(f"{folder.name}: failed, pip says why above")  # its worker is skipped, the others run
    else:
        complete.touch()
