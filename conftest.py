"""pytest finds minigrad's own plugin here."""

pytest_plugins = ["minigrad.testing.plugin"]
collect_ignore_glob = ["minigrad/backend/cuda/*.py", "minigrad/backend/cupy_kernels.py"]  # these import CuPy
