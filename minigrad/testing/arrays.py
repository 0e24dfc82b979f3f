"""What is called an array here: proofs run on NumPy, in float64."""

from typing import Any, TypeAlias

import numpy as np

Floats: TypeAlias = np.ndarray[Any, np.dtype[Any]]
"""An array of floats (or of whatever a comparison of them gives)."""
