"""Broken and hostile IDX files, plain and gzipped: each is refused with one clear message, or gives what is in it."""

import gzip
import math
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np

from minigrad.data import idx, read_idx
from tests.campaigns.campaign import command
from tests.campaigns.damage import DAMAGE, MOST_MIB, peak_mib, unclear

BOMB = 2**26  # bytes, unpacked
LARGEST = 2**20  # bytes that an array may have
DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
NAMES = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]


def attack(account, count, seed):
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        bombs = [bomb((4, 4)), bomb((BOMB,)), bomb((2**31, 2**31))]
        before = peak_mib()
        for number in range(count):
            if number % 10 == 0:
                data_set(account, rng, Path(folder))
                continue
            data = well_formed(rng) if rng.random() < 0.95 else bombs[rng.integers(len(bombs))]
            harm = rng.choice([strange_header, *DAMAGE, *DAMAGE])
            if harm is strange_header or rng.random() < 0.3:  # before it is packed
                data = packed(harm(unpacked(data), well_formed(rng), rng), rng) if len(data) < 9_999 else data
            else:
                data = harm(data, well_formed(rng), rng)
            path.write_bytes(data)
            outcome(account, harm.__name__, path, data)
        if peak_mib() > before + MOST_MIB:
            account.fail("too much memory was taken", f"{peak_mib() - before:.0f} MiB")


def file_of(array, code):
    return struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape) + array.tobytes()


def well_formed(rng):
    """A file of a random array, gzipped or not."""
    code = int(rng.choice(list(DTYPES)))
    shape = tuple(rng.integers(0, 5, rng.integers(1, 5)))
    size = math.prod(shape) * np.dtype(DTYPES[code]).itemsize
    return packed(file_of(np.frombuffer(rng.bytes(size), DTYPES[code]).reshape(shape), code), rng)


def packed(data, rng):
    return gzip.compress(data, int(rng.integers(0, 10)), mtime=0) if rng.random() < 0.5 else data


def unpacked(data):
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def bomb(shape):
    """A small file that unpacks to far more, and claims this shape."""
    pack = zlib.compressobj(1, wbits=31)
    pieces = [pack.compress(struct.pack(f">HBB{len(shape)}I", 0, 0x08, len(shape), *shape))]
    pieces += [
        pack.compress(bytes(2**20)) for _ in range(BOMB // 2**20)
    ]  # this process must not take the memory itself
    return b"".join([*pieces, pack.flush()])


def strange_header(data, other, rng):
    """Extreme numbers in the header: type codes, dimensions, sizes."""
    changed = bytearray(data)
    place = rng.integers(0, min(len(changed), 20))
    size = int(rng.choice([1, 2, 4]))
    number = int(rng.choice([0, 1, 8, 9, 13, 127, 255, 2**15, 2**31 - 1, 2**31, 2**32 - 1])) % 256**size
    changed[place : place + size] = number.to_bytes(size, "big")
    return bytes(changed)


def outcome(account, harm, path, data):
    try:
        array = read_idx(path, max_bytes=LARGEST)
    except (ValueError, OSError) as error:
        if reason := unclear(error, f"read_idx: {path}"):
            account.fail(f"{harm}: {reason}", repr(error))
        elif as_specified(data) is not None:
            account.fail(f"{harm}: a well-formed file was refused", repr(error))
        else:
            account.note(f"{harm}: refused")
    except Exception as error:  # noqa: BLE001 - no other is allowed
        account.fail(f"{harm}: {type(error).__name__}", repr(error))
    else:
        wanted = as_specified(data)
        same = wanted is not None and (array.shape, array.dtype) == (wanted.shape, wanted.dtype.newbyteorder("="))
        if same and array.tobytes() == wanted.astype(array.dtype).tobytes():
            account.note(f"{harm}: read as it is")
        else:
            account.fail(f"{harm}: read wrong", data[:20].hex())


def as_specified(data):
    """The array of an IDX file by the specification alone, one gzip member at most; None if it is no such file."""
    try:
        if data[:2] == b"\x1f\x8b":
            unpack = zlib.decompressobj(31)
            data = unpack.decompress(data, LARGEST)
            if not unpack.eof or unpack.unused_data:
                return None
        zeros, code, ndim = struct.unpack_from(">HBB", data)
        shape = struct.unpack_from(f">{ndim}I", data, 4)
        if zeros or ndim == 0 or len(data) != 4 + 4 * ndim + math.prod(shape) * np.dtype(DTYPES[code]).itemsize:
            return None
        return np.frombuffer(data, DTYPES[code], offset=4 + 4 * ndim).reshape(shape)
    except (struct.error, zlib.error, KeyError, ValueError):
        return None


def data_set(account, rng, folder):
    """Four files, of which one is broken, missing or another's, or has other labels, images or sizes."""
    images, labels = rng.integers(0, 256, (3, 4, 4), np.uint8), rng.integers(0, 10, 3, np.uint8)
    arrays = dict(zip(NAMES, [images, labels, images, labels], strict=True))
    name = str(rng.choice(NAMES))
    wrong = [
        images[:2],
        images[:, :3],
        images[0],
        labels[:2],
        labels[:0],
        images[:0],
        labels[:, None],
        images.astype(">i4"),
    ]
    wrong = [array for array in wrong if (array.dtype, array.shape) != (arrays[name].dtype, arrays[name].shape)]
    arrays[name] = array = wrong[rng.integers(len(wrong))]
    for each, content in arrays.items():
        (folder / each).write_bytes(file_of(content, 0x0C if content.dtype == ">i4" else 0x08))
    try:
        idx(folder)
    except (ValueError, OSError) as error:
        reason = unclear(error, "idx: ")
        if reason:
            account.fail(f"data set: {reason}", repr(error))
        else:
            account.note("data set: refused")
    else:
        account.fail("data set: files that don't fit are read", f"{name} is {array.dtype} {array.shape}")


if __name__ == "__main__":
    command(attack, count=12_000, unit="files")
