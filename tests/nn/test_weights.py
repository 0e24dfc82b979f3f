"""save and load: what was saved comes back, and a broken or hostile file changes nothing."""

import io
import os
import re
import stat
import tracemalloc
import zipfile

import numpy as np
import pytest

from minigrad import nn


def make(seed):
    rng = np.random.default_rng(seed)
    return nn.Sequential(nn.Conv2d(2, 3, 2, rng=rng), nn.Flatten(), nn.Linear(12, 4, rng=rng))


def bits(model):
    return {name: array.tobytes() for name, array in model.state_dict().items()}


def npy(array, **options):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), **options)
    return buffer.getvalue()


def header(text):
    """A .npy entry of version 1.0 with this header, and no data."""
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.npz"


@pytest.fixture
def entries():
    """The entries of a good file, by name."""
    return {f"{name}.npy": npy(array) for name, array in make(1).state_dict().items()}


@pytest.fixture
def rejected(path):
    """Fails unless loading `path` gives one ValueError that names it and leaves the model as it was."""

    def check(message="load: ", model=None):
        model = make(0) if model is None else model
        before = bits(model)
        with pytest.raises(ValueError, match=re.escape(message)) as error:
            nn.load(model, path)
        assert str(error.value).startswith(f"load: {path} has no weights for this Sequential: ")
        assert bits(model) == before
        return str(error.value)

    return check


def write(path, entries, **options):
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


# what was saved comes back


def test_what_was_saved_comes_back(path):
    model, other = make(0), make(1)
    nn.save(model, path)
    arrays = [p.data for p in other.parameters()]
    nn.load(other, str(path))
    assert bits(other) == bits(model)
    assert all(p.data is array for p, array in zip(other.parameters(), arrays, strict=True))


def test_nan_inf_and_subnormal_numbers_come_back(path):
    model, other = nn.Sequential(nn.Linear(5, 1)), nn.Sequential(nn.Linear(5, 1))
    model[0].w.data[:, 0] = [np.nan, np.inf, -np.inf, -0.0, 1e-45]
    nn.save(model, path)
    nn.load(other, path)
    assert bits(other) == bits(model)


def test_the_file_is_what_numpy_reads_and_writes(path):
    model, other = make(0), make(1)
    nn.save(model, path)
    with np.load(path, allow_pickle=False) as arrays:
        assert {name: arrays[name].tobytes() for name in arrays} == bits(model)
    for savez in (np.savez, np.savez_compressed):
        savez(path, **make(2).state_dict())
        nn.load(other, path)
        assert bits(other) == bits(make(2))


def test_arrays_of_any_memory_order_byte_order_and_float_type(path):
    model, other = make(0), make(1)
    state = model.state_dict()
    state["layers.0.w"] = np.asfortranarray(state["layers.0.w"])
    state["layers.2.w"] = state["layers.2.w"].astype(">f8")
    np.savez(path, **state)
    nn.load(other, path)
    assert bits(other) == bits(model)
    model[0].w.data = np.asfortranarray(model[0].w.data)
    nn.save(model, path)
    nn.load(other, path)
    assert bits(other) == bits(model)


@pytest.mark.parametrize("dtype", [np.float16, np.int8, np.uint64, np.int64, np.bool_])
def test_buffers_of_any_numbers_come_back(path, dtype):
    def model(values):
        module = nn.Linear(1, 1)
        module.state = nn.Buffer(np.array(values, dtype))
        return module

    saved, other = model([0, 1, 1]), model([0, 0, 0])
    nn.save(saved, path)
    nn.load(other, path)
    assert bits(other) == bits(saved)
    np.savez(path, **saved.state_dict() | {"state": np.zeros(3, np.complex64)})
    with pytest.raises(ValueError, match="an array of dtype '<c8'"):
        nn.load(other, path)


def test_a_bool_of_a_hostile_byte_is_true(path):
    module = nn.Module()
    module.mask = nn.Buffer(np.zeros(2, bool))
    write(path, {"mask.npy": npy(np.array([2, 0], np.uint8)).replace(b"'|u1'", b"'|b1'")})
    nn.load(module, path)
    assert module.mask.data.tobytes() == b"\1\0"


@pytest.mark.parametrize("name", ["file", "allow_pickle", "self", "ü/.."])
def test_parameters_may_have_any_name(path, name):
    def model(value):
        module = nn.Module()
        vars(module)[name] = nn.Parameter(value)
        return module

    nn.save(model(3.0), path)
    other = model(0.0)
    nn.load(other, path)
    assert other.parameters()[0].item() == 3


def test_scalars_empty_arrays_and_no_parameters(path):
    model, other = nn.Module(), nn.Module()
    nn.save(model, path)
    nn.load(other, path)
    for module, value in ((model, 3.0), (other, 0.0)):
        module.scalar, module.empty = nn.Parameter(value), nn.Parameter(np.zeros((0, 3)))
    nn.save(model, path)
    nn.load(other, path)
    assert other.scalar.item() == 3


def test_the_same_weights_make_the_same_file(path, tmp_path):
    nn.save(make(0), path)
    nn.save(make(0), tmp_path / "other")
    assert path.read_bytes() == (tmp_path / "other").read_bytes()


# saving


def test_saving_replaces_a_file(path, tmp_path):
    path.write_text("something else")
    nn.save(make(0), path)
    nn.load(make(1), path)
    assert [file.name for file in tmp_path.iterdir()] == ["model.npz"]


def test_a_failed_save_leaves_the_old_file_and_nothing_else(path, tmp_path, monkeypatch):
    nn.save(make(0), path)
    before = path.read_bytes()
    write_array = np.lib.format.write_array

    def full_disk(file, array, **options):
        if array.shape == (12, 4):
            raise OSError(28, "No space left on device")
        write_array(file, array, **options)

    monkeypatch.setattr(np.lib.format, "write_array", full_disk)
    with pytest.raises(OSError, match="No space left on device"):
        nn.save(make(1), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["model.npz"]


def test_the_file_has_the_usual_permissions(path, tmp_path):
    nn.save(make(0), path)
    (tmp_path / "usual").touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "usual").stat().st_mode)


def test_paths_that_cannot_be_written_or_read(tmp_path):
    with pytest.raises(FileNotFoundError):
        nn.save(make(0), tmp_path / "nowhere" / "model.npz")
    with pytest.raises(IsADirectoryError):
        nn.save(make(0), tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileNotFoundError):
        nn.load(make(0), tmp_path / "model.npz")
    with pytest.raises(IsADirectoryError):
        nn.load(make(0), tmp_path)


def test_model_and_path_exchanged(path):
    with pytest.raises(TypeError, match="save: model must be a Module, not PosixPath"):
        nn.save(path, make(0))
    with pytest.raises(TypeError, match="load: model must be a Module, not PosixPath"):
        nn.load(path, make(0))


# files for other models


def test_everything_that_does_not_fit_is_listed(path, entries, rejected):
    del entries["layers.0.w.npy"]
    entries["layers.0.b.npy"] = npy(np.zeros((3, 1), np.float32))
    entries["layers.2.w.npy"] = npy(np.zeros((12, 4), np.int64))
    entries["layers.3.w.npy"] = npy(np.zeros(3))
    entries["README"] = b"hello"
    write(path, entries)
    assert rejected("it does not fit").splitlines()[1:] == [
        "  layers.0.w.npy: missing, expected an array (3, 2, 2, 2) float32",
        "  layers.0.b.npy: shape (3, 1), expected (3,)",
        "  layers.2.w.npy: (12, 4) int64, expected floats (12, 4) float32",
        "  'layers.3.w.npy': not expected",
        "  'README': not expected",
    ]


def test_a_list_without_end_is_cut(path, entries, rejected):
    write(path, entries | {f"{i}.npy": b"" for i in range(500)})
    lines = rejected("it does not fit").splitlines()
    assert len(lines) == 22
    assert lines[-1] == "  and 480 more"


def test_numbers_too_large_for_the_parameter(path, entries):
    entries["layers.0.b.npy"] = npy(np.array([1.0, 1e300, 1.0]))
    write(path, entries)
    model = make(0)
    before = bits(model)
    with pytest.raises(ValueError, match=re.escape(f"load: {path}")) as error:
        nn.load(model, path)
    assert "layers.0.b: (3,) float64 overflows float32" in str(error.value)
    assert bits(model) == before


# broken files


@pytest.mark.parametrize("content", [b"", b"PK", b"hello" * 100, npy(np.zeros(3)), b"PK\x05\x06" + b"\xff" * 18])
def test_no_zip(path, content, rejected):
    path.write_bytes(content)
    rejected()


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_truncated_anywhere(path, entries, rejected, compression):
    write(path, entries, compression=compression)
    content = path.read_bytes()
    for length in range(0, len(content), 13):
        path.write_bytes(content[:length])
        rejected()


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_flipped_bits_never_load_other_numbers(path, entries, compression):
    write(path, entries, compression=compression)
    content = bytearray(path.read_bytes())
    model, good = make(0), bits(make(1))
    before = bits(model)
    for i in range(0, len(content), 5):
        content[i] ^= 1 << (i % 8)
        path.write_bytes(content)
        try:
            nn.load(model, path)
        except ValueError as error:
            assert str(path) in str(error)  # noqa: PT017 - a bit of a date may be flipped without harm
            assert bits(model) == before
        else:
            assert bits(model) == good
            model = make(0)
        content[i] ^= 1 << (i % 8)


def test_entries_that_say_something_else_than_they_hold(path, entries, rejected):
    whole = entries["layers.2.b.npy"]
    for content in (whole[:-1], whole + b"\0", whole[:-4]):
        write(path, entries | {"layers.2.b.npy": content})
        rejected("'layers.2.b.npy' has not the 16 bytes that its header promises")


# hostile files


def test_pickles_are_not_opened(path, entries, rejected):
    class Trap:
        def __reduce__(self):
            return pytest.fail, ("a pickle was opened",)

    content = npy(np.array([Trap()] * 4, object), allow_pickle=True)
    write(path, entries | {"layers.2.b.npy": content})
    rejected("layers.2.b.npy: an array of dtype '|O', expected an array (4,) float32")


def test_an_entry_that_unpacks_to_more_than_the_model_is_not_unpacked(path, entries, rejected):
    right_header = header("{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }\n")
    huge_header = header("{'descr': '<f4', 'fortran_order': False, 'shape': (16777216,), }\n")
    model = make(0)
    for start, message in ((right_header, "has not the 16 bytes"), (huge_header, "shape (16777216,), expected (4,)")):
        bomb = start + bytes(2**24)
        write(path, entries | {"layers.2.b.npy": bomb}, compression=zipfile.ZIP_DEFLATED)
        del bomb
        tracemalloc.start()
        rejected(message, model)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2**20


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no array",
        b"\x93NUMPY\x01\x00",
        b"\x93NUMPY\x01\x00\xff\xff" + b" " * 65535,
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff",
        npy(np.zeros(4, np.float32), version=(2, 0)),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': " + "(" * 400 + ")" * 400 + ", }\n"),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (4L,), }\n"),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (-4,), }\n"),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (4 4), }\n"),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (" + "9" * 900 + ",), }\n"),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (" + "9" * 5000 + ",), }\n"),
        header("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (4,), }\n"),
        header("{'descr': 'f4,f4', 'fortran_order': False, 'shape': (4,), }\n"),
        header("__import__('os').abort()\n"),
        header("{}\n"),
    ],
)
def test_headers_that_numpy_does_not_write(path, entries, rejected, content):
    write(path, entries | {"layers.2.b.npy": content})
    rejected("layers.2.b.npy: ")


def test_an_entry_twice(path, entries, rejected):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("layers.2.b.npy", entries["layers.2.b.npy"])
    rejected("'layers.2.b.npy' is in it twice")


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions(path, entries, rejected, compression):
    pytest.importorskip({zipfile.ZIP_BZIP2: "bz2", zipfile.ZIP_LZMA: "lzma"}[compression])
    write(path, entries, compression=compression)
    rejected("'layers.0.w.npy' is encrypted, or compressed in another way than numpy does")


def test_names_of_entries_stay_on_their_line(path, entries, rejected):
    write(path, entries | {"evil\nname\x1b[2J": b""})
    assert rejected("it does not fit").splitlines()[1:] == [r"  'evil\nname\x1b[2J': not expected"]


# open files


def test_models_are_saved_to_and_loaded_from_open_files(path):
    model, other = make(0), make(1)
    buffer = io.BytesIO()
    nn.save(model, buffer)
    nn.load(other, buffer)
    assert bits(other) == bits(model)
    nn.save(model, path)
    assert path.read_bytes() == buffer.getvalue()
    with path.open("wb") as file:
        nn.save(make(2), file)
        assert not file.closed
    with path.open("rb") as file:
        nn.load(other, file)
        assert not file.closed
    assert bits(other) == bits(make(2))


def test_a_pipe_can_be_saved_to_and_read_before_loading():
    model, other = make(0), make(1)
    reader, writer = map(os.fdopen, os.pipe(), ("rb", "wb"))
    with reader:
        with writer:
            nn.save(model, writer)
        with pytest.raises(ValueError, match=r"^load: \d+ can't seek; read it first: nn\.load\(model, io\.BytesIO"):
            nn.load(other, reader)
        nn.load(other, io.BytesIO(reader.read()))
    assert bits(other) == bits(model)


def test_a_broken_open_file_is_named_as_well_as_it_can_be(path, entries):
    model = make(0)
    before = bits(model)
    write(path, entries | {"layers.2.b.npy": b""})
    with path.open("rb") as file, pytest.raises(ValueError, match=re.escape(f"load: {path} has no weights for this")):
        nn.load(model, file)
    for content in (path.read_bytes(), path.read_bytes()[:99], b""):
        with pytest.raises(ValueError, match=r"^load: the file has no weights for this Sequential: "):
            nn.load(model, io.BytesIO(content))
    assert bits(model) == before


@pytest.mark.parametrize("file", [3, None, b"model.npz", io.StringIO(), object()])
def test_what_is_neither_a_path_nor_an_open_file(file):
    for owner, mode in (("save", "wb"), ("load", "rb")):
        with pytest.raises(TypeError, match=f'^{owner}: file must be a path or a file open in the mode "{mode}", not '):
            getattr(nn, owner)(make(0), file)


def test_saving_through_a_link_keeps_the_link(path, tmp_path):
    nn.save(make(0), path)
    link = tmp_path / "link.npz"
    link.symlink_to(path)
    nn.save(make(1), link)
    assert link.is_symlink()
    model = make(0)
    nn.load(model, path)
    assert bits(model) == bits(make(1))


def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="Not a regular file"):
        nn.save(make(0), tmp_path / "pipe")
    with pytest.raises(OSError, match="pipe is not a regular file"):
        nn.load(make(0), tmp_path / "pipe")


def test_an_open_file_is_for_one_model(tmp_path):
    a, b, reader = nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2)
    before = reader.w.data.copy()
    with (tmp_path / "two").open("wb") as file:
        nn.save(a, file)
        nn.save(b, file)
    with (tmp_path / "two").open("rb") as file, pytest.raises(ValueError, match="one file is for one model"):
        nn.load(reader, file)
    assert (reader.w.data == before).all()


def test_an_open_file_may_begin_with_something_else(tmp_path):
    model, reader = nn.Linear(2, 2), nn.Linear(2, 2)
    with (tmp_path / "one").open("wb") as file:
        file.write(b"HEAD")
        nn.save(model, file)
    with (tmp_path / "one").open("rb") as file:
        assert file.read(4) == b"HEAD"
        nn.load(reader, file)
    assert (reader.w.data == model.w.data).all()


def test_an_interruption_in_the_middle_of_an_entry_stays_one(path, monkeypatch):
    def interrupted(entry):
        raise KeyboardInterrupt

    monkeypatch.setattr(zipfile._ZipWriteFile, "close", interrupted)  # of which zipfile makes a ValueError
    with pytest.raises(KeyboardInterrupt):
        nn.save(make(0), path)
    assert not list(path.parent.iterdir())
