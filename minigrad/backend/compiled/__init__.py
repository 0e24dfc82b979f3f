"""What the compiled CPU kernels are made of; `numba_kernels.py` beside it is the kernel set. Imported with Numba alone."""

__all__: list[str] = []
