"""Broken and hostile .npz files: each is refused with one clear message, or gives just the weights that are in it."""

import io
import pickle
import struct
import tempfile
import warnings
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np

from minigrad import nn
from tests.campaigns.campaign import command
from tests.campaigns.damage import DAMAGE, MOST_MIB, peak_mib, unclear

BOMB = 2**26  # bytes, unpacked
SHAPES = [
    "(3, 4)",
    "(4, 3)",
    "(12,)",
    "()",
    "(3, 4, 1)",
    "(0, 4)",
    "(-3, -4)",
    "(3.0, 4)",
    "(3, 4",
    "[3, 4]",
    "(9**9,)",
]
SHAPES += ["(999999999, 999999999)", "(3, 4L)", "(True, 12)", "((3, 4),)", "'(3, 4)'", "(3,, 4)", f"({'9' * 400},)"]
DTYPES = [
    "<f4",
    ">f4",
    "<f8",
    "<f2",
    "<i4",
    "|b1",
    "|O",
    "<c8",
    "<U4",
    "|V4",
    "<M8[s]",
    "f4",
    "<f4,<f4",
    "(3,)<f4",
    "float",
    "",
]


class Network(nn.Module):
    """Two arrays of 12 and 4 numbers."""

    def __init__(self, seed):
        self.w, self.b = (nn.Parameter(np.random.default_rng(seed).normal(size=s).astype("f")) for s in ((3, 4), (4,)))


def attack(account, count, seed):
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.npz"
        harmed = path.with_name("harmed")  # what a pickle in a file makes, if it is run
        files = [saved(path, 1), saved(path, 2), bomb("(3, 4)"), bomb(f"({BOMB // 4},)")]
        originals = [bits(Network(1)), bits(Network(2))]
        before = peak_mib()
        for _ in range(count):
            harm = rng.choice(HOSTILE) if rng.random() < 0.4 else rng.choice(DAMAGE)
            base = files[0] if rng.random() < 0.9 else files[rng.integers(1, len(files))]
            data = harm(rng, harmed) if harm in HOSTILE else harm(base, files[1], rng)
            path.write_bytes(data)
            outcome(account, harm.__name__, path, originals)
        if peak_mib() > before + MOST_MIB:
            account.fail("too much memory was taken", f"{peak_mib() - before:.0f} MiB")
        if harmed.exists():
            account.fail("a pickle was run")


def saved(path, seed):
    nn.save(Network(seed), path)
    return path.read_bytes()


def outcome(account, harm, path, originals):
    model = Network(3)
    before = bits(model)
    try:
        nn.load(model, path)
    except (ValueError, OSError) as error:
        if reason := unclear(error, f"load: {path}"):
            account.fail(f"{harm}: {reason}", repr(error))
        elif bits(model) != before:
            account.fail(f"{harm}: the file was refused, but the model has changed", repr(error))
        else:
            account.note(f"{harm}: refused")
    except Exception as error:  # noqa: BLE001 - no other is allowed
        account.fail(f"{harm}: {type(error).__name__}", repr(error))
    else:
        if bits(model) in originals:
            account.note(f"{harm}: has the weights")
        elif bits(model) == as_numpy_reads(path):
            account.note(f"{harm}: has the weights that NumPy reads")
        else:
            account.fail(f"{harm}: loaded wrong")


def bits(model):
    return {name: array.tobytes() for name, array in model.state_dict().items()}


def as_numpy_reads(path):
    with suppress(Exception), np.load(path) as arrays:
        return {name: arrays[name].astype(np.float32).tobytes() for name in arrays}
    return None


def entry(array=None, *, header=None, data=None, version=b"\x01\x00"):
    """A .npy entry of an array; or of header and data, whatever they say."""
    if header is None:
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.asarray(array))
        return buffer.getvalue()
    text = header.encode("latin1")
    size = struct.pack("<H" if version == b"\x01\x00" else "<I", len(text))
    return b"\x93NUMPY" + version + size + text + data


def archive(entries, compression=zipfile.ZIP_STORED):
    """A zip of (name, content) in this order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a name twice
        for name, content in entries:
            file.writestr(zipfile.ZipInfo(name), content, compression)
    return buffer.getvalue()


def arrays(seed=1):
    return {f"{name}.npy": entry(array) for name, array in Network(seed).state_dict().items()}


def bomb(shape):
    """A small file whose array `w` unpacks to far more, and of which a header claims this shape."""
    buffer = io.BytesIO(archive([("b.npy", arrays()["b.npy"])]))
    info = zipfile.ZipInfo("w.npy")
    info.compress_type, info._compresslevel = zipfile.ZIP_DEFLATED, 1
    with zipfile.ZipFile(buffer, "a") as file, file.open(info, "w", force_zip64=True) as written:
        written.write(entry(header=f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n", data=b""))
        for _ in range(BOMB // 2**20):
            written.write(bytes(2**20))  # piece by piece: this process must not take the memory itself
    return buffer.getvalue()


def strange_header(rng, harmed):
    descr, shape = rng.choice(DTYPES), rng.choice(SHAPES)
    order = rng.choice(["True", "False", "1", "None", "'C'", "__import__('os')"])
    text = f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}"
    if rng.random() < 0.2:
        text = text[: rng.integers(len(text))]
    text += " " * rng.integers(0, 90) + "\n" * rng.integers(0, 2)
    version = rng.choice([b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x00\x00"])
    numbers = Network(4).w.data.tobytes() * rng.integers(0, 3)
    return archive((arrays() | {"w.npy": entry(header=text, data=numbers, version=bytes(version))}).items())


def strange_arrays(rng, harmed):
    """Well-formed arrays of another dtype, order or shape, or of numbers that are none."""
    array = Network(4).w.data
    if rng.random() < 0.3:
        array = np.full_like(array, rng.choice([np.nan, np.inf, 3e38]), dtype=rng.choice(["f4", "f8"]))
    with np.errstate(invalid="ignore"):
        array = array.astype(rng.choice(["f4", "f8", "i4", "c8", "?", ">f4", "S3", "U3"]))
    shapes = [array, array.T, np.asfortranarray(array), array.ravel(), array[:2], array[None]]
    return archive((arrays() | {"w.npy": entry(shapes[rng.integers(len(shapes))])}).items())


def strange_names(rng, harmed):
    """Names that are there twice, missing, surplus or hostile."""
    entries = list(arrays().items())
    names = ["w.npy", "b.npy", "W.npy", "w", "../w.npy", "/w.npy", "w.npy/", "", "w\n.npy", "\x1b[31m.npy", "x" * 9_000]
    for _ in range(rng.integers(1, 4)):
        entries.insert(rng.integers(0, len(entries) + 1), (str(rng.choice(names)), entry(Network(4).w.data)))
    if rng.random() < 0.3:
        entries.pop(rng.integers(len(entries)))
    return archive(entries)


def many_names(rng, harmed):
    return archive([*arrays().items(), *((f"{i}.npy", b"") for i in range(rng.integers(10, 400)))])


def pickled(rng, harmed):
    """An array of objects that would make a file when it is unpickled, in several disguises."""
    data = pickle.dumps(np.array([Harmful(harmed)] * 12, object).reshape(3, 4), protocol=int(rng.integers(2, 6)))
    dtype = rng.choice(["|O", "<f4", "O"])
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': (3, 4), }}\n"
    content = data if rng.random() < 0.2 else entry(header=header, data=data)
    return archive((arrays() | {"w.npy": content}).items())


class Harmful:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def other_compression(rng, harmed):
    kinds = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
    return archive(arrays().items(), int(rng.choice(kinds)))


def strange_directory(rng, harmed):
    """Extreme numbers in a field of the zip's own tables: sizes, offsets, flags, times, counts."""
    data = bytearray(archive(arrays().items(), int(rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))))
    for _ in range(rng.integers(1, 3)):
        start = rng.choice([place for magic in (b"PK\1\2", b"PK\3\4", b"PK\5\6") for place in places(data, magic)])
        size = int(rng.choice([1, 2, 4]))
        number = int(rng.choice([0, 1, 2**15, 2**31 - 1, 2**31, 2**32 - 1])) % 256**size
        place = start + int(rng.integers(4, 46))
        data[place : place + size] = number.to_bytes(size, "little")
    return bytes(data)


def places(data, magic):
    found = [data.find(magic)]
    while found[-1] >= 0:
        found.append(data.find(magic, found[-1] + 1))
    return found[:-1]


def no_archive(rng, harmed):
    """An empty file, noise, a single array, a text."""
    return [b"", rng.bytes(rng.integers(1, 5_000)), entry(Network(4).w.data), b"PK\5\6" + bytes(18)][rng.integers(4)]


HOSTILE = [
    strange_header,
    strange_arrays,
    strange_names,
    many_names,
    pickled,
    other_compression,
    strange_directory,
    no_archive,
]


if __name__ == "__main__":
    command(attack, count=12_000, unit="files")
