"""CUDA C++ of our own (*.cu), what launches it, and matrix products of cuBLAS."""

__all__: list[str] = []
