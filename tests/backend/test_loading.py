"""What is said where the compiled kernels can't serve."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from minigrad.backend.compiled import loading

MISSING = "No module named 'numba'; pip install 'minigrad-nn[fast]'"
SLOW = "minigrad computes with NumPy's kernels, several times as slow: "


@pytest.fixture(autouse=True)
def nothing_said():
    loading.say_once.cache_clear()


@pytest.mark.parametrize(
    ("reason", "kernels", "said"),
    [
        (MISSING, ["relu", "matmul", "cross_entropy"], False),
        (MISSING, ["relu", "conv2d", "conv_gradients"], True),
        ("No module named 'llvmlite'; pip install 'minigrad-nn[fast]'", ["relu"], True),
        ("Numba needs NumPy 2.3 or less", ["relu", "conv2d"], True),
    ],
)
def test_slow_kernels_are_said_once_where_they_cost_much(capsys, monkeypatch, reason, kernels, said):
    monkeypatch.setattr(loading, "compiled_kernels", lambda: (None, reason))
    for dtype in (np.float32, np.float64):
        for kernel in kernels:
            assert loading.prepared_kernels(np.dtype(dtype), kernel, required=False) is None
    line = f"{SLOW}{reason}; MINIGRAD_KERNELS=numpy is silent\n"
    assert capsys.readouterr().err == (line if said else "")


def test_what_is_required_and_missing_is_an_error(monkeypatch):
    monkeypatch.setattr(loading, "compiled_kernels", lambda: (None, MISSING))
    with pytest.raises(ImportError, match=r"^MINIGRAD_KERNELS=numba: No module named 'numba'; pip install 'minigrad"):
        loading.prepared_kernels(np.dtype("f"), "relu", required=True)


@pytest.mark.parametrize("error", ["ImportError('no', 1)", "AttributeError('a\\nb')", "ValueError()", "OSError('no')"])
@pytest.mark.parametrize("kernels", ["", "numpy"])
def test_a_broken_numba_is_said_in_one_line_whatever_it_raises(tmp_path, monkeypatch, error, kernels):
    (tmp_path / "numba.py").write_text(f"raise {error}")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("MINIGRAD_KERNELS", kernels)
    code = "import numpy as np, minigrad.functions as F; F.relu(np.ones(2)); print(F.tanh(F.relu(np.ones(2) > 0.0)))"
    done = subprocess.run(  # noqa: S603 - the code stands here
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    lines = done.stderr.splitlines()
    assert len(lines) == (kernels == "")
    assert all(line.startswith(SLOW) for line in lines)
