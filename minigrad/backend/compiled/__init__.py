"""The parts of the compiled CPU kernels; `numba_kernels.py` is the kernel set. Imported with Numba alone."""

__all__: list[str] = []
