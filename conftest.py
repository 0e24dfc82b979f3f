"""pytest finds minigrad's own plugin here; matplotlib opens no window."""

import os

os.environ["MPLBACKEND"] = "Agg"

pytest_plugins = ["minigrad.testing.plugin"]
collect_ignore_glob = ["minigrad/backend/cuda/*.py", "minigrad/backend/cupy_kernels.py"]  # these import CuPy
