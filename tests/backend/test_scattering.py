import numpy as np
import pytest

from minigrad.backend.scattering import scatter_add


def test_values_add_up_where_positions_repeat():
    assert scatter_add(np.ones((2, 3)), [0, 0], (2, 3)).tolist() == [[2, 2, 2], [0, 0, 0]]
    key = (np.array([1, 1]), np.array([2, 2]))
    assert scatter_add(np.array([1.0, 5.0]), key, (2, 3)).tolist() == [[0, 0, 0], [0, 0, 6]]


@pytest.mark.parametrize("dtype", [np.int64, np.float16, np.float32, np.float64])
def test_the_sum_is_rounded_once_to_the_values_dtype(dtype):
    y = scatter_add(np.ones(3000, dtype), np.zeros(3000, int), (1,))
    assert y.dtype == dtype
    assert y[0] == 3000
