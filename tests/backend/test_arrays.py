"""The backend's arrays, on NumPy; what needs CuPy says so."""

import importlib.util
import re
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from minigrad import backend

NO_CUPY = pytest.mark.skipif(importlib.util.find_spec("cupy") is not None, reason="CuPy is installed")


def test_what_is_an_array():
    for value in (np.ones(2), np.array(1.0), np.arange(3), np.ones(2).view(np.ndarray)):
        assert backend.is_array(value)
    for value in (1, 1.0, np.float64(1), [1], (1,), None, "a", memoryview(b"a"), np):
        assert not backend.is_array(value)


def test_xp_of():
    assert backend.xp_of(np.ones(2)) is np
    assert backend.xp_of(np.float64(1)) is np


def test_as_array_keeps_arrays():
    array = np.arange(3)
    assert backend.as_array(array) is array
    assert backend.as_array(array, array.dtype) is array
    assert backend.as_array(array, np.float32).dtype == np.float32


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (1, None, np.int64),
        (1, np.float32, np.float32),
        (1.5, None, np.float64),
        (True, None, np.bool_),
        ([1, 2], None, np.int64),
        ([1, 2], np.float16, np.float16),
        (np.float32(1), None, np.float32),
        (np.float32(1), np.float64, np.float64),
        (range(3), None, np.int64),
        ([], np.float32, np.float32),
    ],
)
def test_as_array_of_other_things(value, dtype, expected):
    array = backend.as_array(value, dtype)
    assert isinstance(array, np.ndarray)
    assert array.dtype == expected
    assert array.tolist() == (list(value) if isinstance(value, (list, range)) else value)


@pytest.mark.parametrize("dtype", [None, np.float32])
@pytest.mark.parametrize(
    "value",
    ["a", "3", ["1"], b"3", None, [None], 1j, [1j], [[1], [1, 2]], {1}, {}, object(), np.complex64(1)],
    ids=lambda value: type(value).__name__,
)
def test_as_array_of_no_numbers(value, dtype):
    with pytest.raises(TypeError):
        backend.as_array(value, dtype)


@pytest.mark.parametrize("value", [np.array(["a"]), np.array([None]), np.array([1j])], ids=lambda a: a.dtype.kind)
def test_as_array_of_arrays_of_no_numbers(value):
    with pytest.raises(TypeError):
        backend.as_array(value)


def test_describe():
    assert backend.format_array(np.ones((2, 3), np.float32)) == "(2, 3) float32"
    assert backend.format_array(np.ones(())) == "() float64"
    assert backend.format_array(np.ones(3, int)) == "(3,) int64"


def test_devices():
    array = np.ones(2)
    assert backend.device_of(array) == "cpu"
    assert backend.to_numpy(array) is array
    assert backend.to_device(array, "cpu") is array


@pytest.mark.parametrize("device", ["gpu", "", "cuda:x", "cuda:-1", "cuda:0:1", "cuda:²", "CPU", "cpu:0", " cuda"])
def test_devices_that_do_not_exist(device):
    with pytest.raises(ValueError, match=re.escape(repr(device))):
        backend.to_device(np.ones(2), device)


@NO_CUPY
@pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:1"])
def test_a_gpu_without_cupy(device):
    with pytest.raises(ImportError, match=rf"'{device}' needs CuPy .*: pip install 'minigrad-nn\[cuda\]'"):
        backend.to_device(np.ones(2), device)


def test_a_dtype_is_no_device():
    with pytest.raises(TypeError, match=r'^to: device must be "cpu" or "cuda", not .* x\.astype\(dtype\)$'):
        backend.to_device(np.ones(2), np.float64)


@NO_CUPY
def test_cupy_without_a_gpu(monkeypatch):
    cuda = SimpleNamespace(is_available=lambda: False)
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(ndarray=type(None), cuda=cuda))
    assert backend.devices() == ["cpu"]
    with pytest.raises(ValueError, match="'cuda' does not exist: CuPy finds no GPU here"):
        backend.to_device(np.ones(2), "cuda")


def test_overlapping_memory():
    array = np.zeros(4)
    assert backend.may_overlap(array, array[1:])
    assert not backend.may_overlap(array[:2], array[2:])


def test_a_mask_that_may_hold():
    assert backend.may_hold(np.array([False, True]))
    assert not backend.may_hold(np.zeros(2, bool))
    assert not backend.may_hold(np.False_)


def test_what_installs_cupy_is_an_extra_that_there_is():
    extras = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    assert re.search(r"\[(\w+)\]", backend.INSTALL_CUPY)[1] in extras["optional-dependencies"]
