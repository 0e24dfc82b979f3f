"""save and load of safetensors: what was saved comes back, others read it, and a wrong file changes nothing."""

import contextlib
import json
import re
import sys

import numpy as np
import pytest

from minigrad import nn
from tests.nn.test_weights import bits, make

numpy_files = pytest.importorskip("safetensors.numpy")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def test_what_was_saved_comes_back(path):
    model, other = make(0), make(1)
    nn.save(model, path)
    nn.load(other, str(path))
    assert bits(other) == bits(model)


def test_other_programs_read_it_and_are_read(path):
    model, other = make(0), make(1)
    nn.save(model, path)
    arrays = numpy_files.load_file(path)
    assert {name: array.tobytes() for name, array in arrays.items()} == bits(model)
    numpy_files.save_file(make(2).state_dict(), path, metadata={"format": "np"})
    nn.load(other, path)
    assert bits(other) == bits(make(2))


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int8, np.uint64, np.int64, np.bool_])
def test_arrays_of_any_numbers_order_and_shape(path, dtype):
    def model(seed):
        module = nn.Module()
        numbers = np.random.default_rng(seed).integers(0, 2, (3, 4, 2)).astype(dtype)
        module.transposed = nn.Buffer(numbers.transpose(2, 0, 1))
        module.reverse = nn.Buffer(numbers[::-1])
        module.scalar, module.empty = nn.Buffer(numbers[0, 0, 0].reshape(())), nn.Buffer(numbers[:0])
        return module

    saved, other = model(1), model(2)
    nn.save(saved, path)
    nn.load(other, path)
    assert bits(other) == bits(saved)


def test_the_same_weights_make_the_same_file(path, tmp_path):
    nn.save(make(0), path)
    nn.save(make(0), tmp_path / "other.safetensors")
    assert path.read_bytes() == (tmp_path / "other.safetensors").read_bytes()


def test_a_failed_save_leaves_the_old_file_and_nothing_else(path, tmp_path, monkeypatch):
    nn.save(make(0), path)
    before = path.read_bytes()

    def full_disk(tensors):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(numpy_files, "save", full_disk)
    with pytest.raises(OSError, match="No space left on device"):
        nn.save(make(1), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]


@pytest.fixture
def rejected(path):
    def check(message):
        model = make(0)
        before = bits(model)
        with pytest.raises(ValueError, match=re.escape(message)) as error:
            nn.load(model, path)
        assert str(error.value).startswith(f"load: {path}")
        assert bits(model) == before
        return str(error.value)

    return check


def test_everything_that_does_not_fit_is_listed(path, rejected):
    state = make(1).state_dict()
    del state["layers.0.w"]
    state["layers.0.b"] = np.zeros((3, 1), np.float32)
    state["layers.2.w"] = np.zeros((12, 4), np.int64)
    state["evil\nname"] = np.zeros(3)
    numpy_files.save_file(state, path)
    assert rejected("it does not fit").splitlines()[1:] == [
        "  layers.0.w: missing, expected an array (3, 2, 2, 2) float32",
        "  layers.0.b: shape (3, 1), expected (3,)",
        "  layers.2.w: (12, 4) int64, expected floats (12, 4) float32",
        r"  'evil\nname': not expected",
    ]


def test_a_dtype_that_numpy_has_not(path, rejected):
    header = {name: {"dtype": "F32", "shape": list(array.shape)} for name, array in make(1).state_dict().items()}
    header["layers.2.b"]["dtype"] = "BF16"
    end = 0
    for entry in header.values():
        size = int(np.prod(entry["shape"])) * (2 if entry["dtype"] == "BF16" else 4)
        entry["data_offsets"] = [end, end + size]
        end += size
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(end))
    rejected("layers.2.b: an array of dtype 'BF16', expected an array (4,) float32")


def test_truncated_anywhere(path, rejected):
    nn.save(make(1), path)
    content = path.read_bytes()
    for length in range(0, len(content), 41):
        path.write_bytes(content[:length])
        rejected("has no weights for this Sequential: ")


def test_flipped_bits_in_the_header_never_change_a_model_that_refuses_them(path):
    nn.save(make(1), path)
    content = bytearray(path.read_bytes())
    model = make(0)
    before = bits(model)
    for i in range(len(content) - 4 * sum(p.size for p in model.parameters())):
        content[i] ^= 1 << (i % 8)
        path.write_bytes(content)
        with contextlib.suppress(ValueError):
            nn.load(model, path)
            model.load_state_dict(make(0).state_dict())
        assert bits(model) == before
        content[i] ^= 1 << (i % 8)


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06" + bytes(18), b"\xff" * 100, b"hello" * 100])
def test_another_kind_of_file(path, rejected, content):
    path.write_bytes(content)
    rejected("has no weights for this Sequential: ")


def test_numbers_too_large_for_the_parameter(path, rejected):
    state = make(1).state_dict()
    state["layers.0.b"] = np.array([1.0, 1e300, 1.0])
    numpy_files.save_file(state, path)
    rejected("layers.0.b: (3,) float64 overflows float32")


def test_paths_that_can_not_be_read(tmp_path):
    with pytest.raises(FileNotFoundError):
        nn.load(make(0), tmp_path / "missing.safetensors")
    (tmp_path / "folder.safetensors").mkdir()
    with pytest.raises(IsADirectoryError):
        nn.load(make(0), tmp_path / "folder.safetensors")


def test_it_is_an_extra(path, monkeypatch):
    nn.save(make(0), path)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    for function in (nn.save, nn.load):
        with pytest.raises(ImportError, match=r"pip install 'minigrad-nn\[safetensors\]'"):
            function(make(0), path)
