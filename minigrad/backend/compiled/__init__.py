"""What the compiled CPU kernels are made of; `numba_kernels.py` is the kernel set. Imported with Numba alone."""

__all__: list[str] = []
