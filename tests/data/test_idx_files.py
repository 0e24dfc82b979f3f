"""read_idx: what it reads, and that no broken file is read as something else."""

import gzip
import io
import os
import re
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest

from minigrad.data import idx, idx_files, read_idx

CODES = {"uint8": 0x08, "int8": 0x09, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}
SMALL = np.arange(1, 7, dtype=np.uint8).reshape(2, 3)
HEADER_BITS = range(8 * (4 + 4 * SMALL.ndim))
TYPE_CODE_BIT_0 = 16


def idx_header(code, *shape):
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape)


def idx_bytes(array):
    return idx_header(CODES[array.dtype.name], *array.shape) + array.astype(array.dtype.newbyteorder(">")).tobytes()


def with_flipped_bit(content, bit):
    flipped = bytearray(content)
    flipped[bit // 8] ^= 1 << bit % 8
    return bytes(flipped)


def gzip_with_name(content):
    file = io.BytesIO()
    with gzip.GzipFile("digits", "wb", fileobj=file, mtime=7) as member:
        member.write(content)
    return file.getvalue()


def gzip_stored(content):
    deflate = zlib.compressobj(level=0, wbits=31)
    return deflate.compress(content) + deflate.flush()


@pytest.fixture
def write(tmp_path):
    def write(content, name="file"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def error_of(path, **limits):
    """The message of the one ValueError, which names the file."""
    with pytest.raises(ValueError, match=re.escape(f"read_idx: {path}: ")) as caught:
        read_idx(path, **limits)
    assert caught.value.__cause__ is None
    assert "\n" not in str(caught.value)
    return str(caught.value)


def assert_same(array, expected):
    assert array.dtype == expected.dtype
    assert array.dtype.isnative
    np.testing.assert_array_equal(array, expected, strict=True)


# What it reads


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("dtype", CODES)
def test_every_type_arrives_native_contiguous_and_writable(write, dtype, compress):
    expected = np.array([[0, 1, 100], [127, 64, 3]], dtype)
    array = read_idx(write(compress(idx_bytes(expected))))
    assert_same(array, expected)
    assert array.flags.c_contiguous
    assert array.flags.aligned
    assert array.flags.writeable


def test_the_files_numbers_are_big_endian(write):
    content = b"\0\0\x0b\x01" + b"\0\0\0\x02" + b"\x01\x02" + b"\xff\xfe"
    assert_same(read_idx(write(content)), np.array([0x0102, -2], np.int16))


@pytest.mark.parametrize("shape", [(1,), (5,), (2, 3, 4), (1, 1, 1, 1, 2), (0,), (3, 0, 2), (1,) * 64])
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_every_shape(write, shape, dtype):
    expected = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    assert_same(read_idx(write(idx_bytes(expected))), expected)


@pytest.mark.parametrize("name", ["digits", "digits.gz"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress, gzip_with_name, gzip_stored])
def test_the_content_tells_gzip_from_plain_not_the_name(write, name, compress):
    assert_same(read_idx(write(compress(idx_bytes(SMALL)), name)), SMALL)


@pytest.mark.parametrize("kind", ["noise", "zeros"])
def test_a_gzip_file_larger_than_what_is_read_at_a_time(write, kind):
    rng = np.random.default_rng(0)
    expected = rng.integers(0, 256, 2_500_000, np.uint8) if kind == "noise" else np.zeros(2_500_000, np.uint8)
    assert_same(read_idx(write(gzip.compress(idx_bytes(expected), 1))), expected)


@pytest.mark.parametrize("array", [SMALL, np.zeros(5_000, np.uint8)])
@pytest.mark.parametrize("compress", [gzip.compress, gzip_stored])
def test_gzip_read_byte_by_byte(write, monkeypatch, compress, array):
    monkeypatch.setattr(idx_files, "_CHUNK", 1)
    content = compress(idx_bytes(array))
    assert_same(read_idx(write(content)), array)
    assert "truncated gzip data" in error_of(write(content[:-1]))
    assert "more bytes follow" in error_of(write(content + b"x"))


def test_the_path_may_be_a_string(write):
    assert_same(read_idx(str(write(idx_bytes(SMALL)))), SMALL)


def test_changing_the_array_leaves_the_file_alone(write):
    path = write(idx_bytes(SMALL))
    read_idx(path)[:] = 0
    assert_same(read_idx(path), SMALL)


# What is wrong with the path


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_idx(tmp_path / "nowhere")


def test_a_directory_is_named(tmp_path):
    with pytest.raises(IsADirectoryError, match=re.escape(f"read_idx: {tmp_path} is a directory, not a file")):
        read_idx(tmp_path)


def test_a_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match=r"read_idx: .*pipe is not a regular file"):
        read_idx(tmp_path / "pipe")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs Linux's /proc")
def test_an_error_while_reading_names_the_file():
    with pytest.raises(OSError, match="/proc/self/mem"):
        read_idx("/proc/self/mem")


# What is wrong with the header


def test_not_idx(write):
    assert "not an IDX file: it starts with the bytes 89 50 4e 47" in error_of(write(b"\x89PNG\r\n\x1a\n" + bytes(20)))


def test_unknown_type_code(write):
    for code in (0, 0x07, 0x0A, 0x0F, 0x80, 0xFF):
        message = error_of(write(idx_header(code, 2) + bytes(2)))
        assert f"unknown type code 0x{code:02x}; the IDX types are 0x08 uint8, 0x09 int8, 0x0b int16" in message


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_0_dimensions(write, compress):
    assert "0 dimensions" in error_of(write(compress(idx_header(0x08) + b"x")))


@pytest.mark.parametrize("ndim", [65, 255])
def test_more_dimensions_than_an_array_has(write, ndim):
    assert f"found {ndim}" in error_of(write(idx_header(0x08, *[1] * ndim) + b"x"))


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(("length", "expected", "found"), [(0, 4, 0), (3, 4, 3), (4, 8, 0), (11, 8, 7)])
def test_truncated_header(write, compress, length, expected, found):
    content = compress(idx_bytes(SMALL)[:length])
    assert f"truncated header: {expected} bytes expected, {found} found" in error_of(write(content))


# What is wrong with the data


@pytest.mark.parametrize("length", range(len(idx_bytes(SMALL))))
def test_plain_truncated_at_every_length(write, length):
    assert "truncated" in error_of(write(idx_bytes(SMALL)[:length]))


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_truncated_data_says_how_much_is_there(write, compress):
    message = error_of(write(compress(idx_bytes(SMALL)[:-2])))
    assert "truncated: uint8 of shape (2, 3) takes 6 bytes, but only 4 follow the header" in message


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("extra", [1, 1000])
def test_trailing_bytes(write, compress, extra):
    message = error_of(write(compress(idx_bytes(SMALL) + bytes(extra))))
    assert "trailing bytes: uint8 of shape (2, 3) takes 6 bytes, but more follow" in message


# Sizes that lie


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_sizes_beyond_64_bits_are_refused(write, compress):
    message = error_of(write(compress(idx_header(0x0E, *[2**32 - 1] * 4))))
    assert f"too large: float64 of shape {(2**32 - 1,) * 4} takes {8 * (2**32 - 1) ** 4} bytes" in message


def test_empty_arrays_with_sizes_beyond_64_bits_are_refused(write):
    assert "too big" in error_of(write(idx_header(0x08, 0, *[2**32 - 1] * 4)))


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_max_bytes(write, compress):
    path = write(compress(idx_bytes(SMALL.astype(np.int32))))
    assert read_idx(path, max_bytes=24).shape == (2, 3)
    assert "takes 24 bytes, but max_bytes is 23" in error_of(path, max_bytes=23)


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_header_that_claims_a_gibibyte_takes_no_memory(write, compress):
    path = write(compress(idx_header(0x08, 2**30)))
    tracemalloc.start()
    message = error_of(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert f"takes {2**30} bytes, but a file of {path.stat().st_size} bytes holds at most" in message
    assert peak < 2**20


def test_deflates_best_ratio_is_not_refused(write):
    expected = np.zeros(3_000_000, np.uint8)
    content = gzip.compress(idx_bytes(expected))
    assert len(content) < len(expected) / 1000
    assert_same(read_idx(write(content)), expected)


def test_a_gzip_bomb_stays_packed(write):
    path = write(gzip.compress(idx_header(0x08, 10) + bytes(20_000_000), 1))
    tracemalloc.start()
    message = error_of(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "trailing bytes" in message
    assert peak < 2**20


# Damaged gzip


@pytest.mark.parametrize("length", range(2, len(gzip.compress(idx_bytes(SMALL)))))
def test_gzip_truncated_at_every_length(write, length):
    message = error_of(write(gzip.compress(idx_bytes(SMALL))[:length]))
    assert f"truncated gzip data: the file ends after {length} bytes" in message


def test_a_wrong_crc(write):
    content = gzip.compress(idx_bytes(SMALL))
    assert "corrupt gzip data" in error_of(write(with_flipped_bit(content, 8 * (len(content) - 8))))


def test_garbage_behind_the_gzip_magic(write):
    assert "corrupt gzip data" in error_of(write(b"\x1f\x8b" + b"garbage" * 10))


@pytest.mark.parametrize(
    "extra", [b"\0", b"garbage", gzip.compress(b""), gzip.compress(idx_bytes(SMALL)), bytes(2**21)]
)
def test_bytes_behind_the_gzip_member(write, extra):
    member = gzip.compress(idx_bytes(SMALL))
    message = error_of(write(member + extra))
    assert f"the gzip data ends after {len(member)} bytes, but more bytes follow it" in message


# Every single flipped bit


def test_a_flipped_header_bit_is_an_error_or_shows_in_the_type(write):
    # One bit is between uint8 (0x08) and int8 (0x09), of the same size: only the caller knows which one it should be.
    for bit in HEADER_BITS:
        path = write(with_flipped_bit(idx_bytes(SMALL), bit))
        if bit == TYPE_CODE_BIT_0:
            assert read_idx(path).dtype == np.int8
        else:
            error_of(path)


@pytest.mark.parametrize("compress", [lambda content: gzip.compress(content, mtime=0), gzip_with_name, gzip_stored])
@pytest.mark.parametrize("array", [SMALL, np.zeros((4, 10), np.uint8), np.arange(40, dtype=np.int16)])
def test_a_flipped_bit_in_a_gzip_file_is_an_error_or_does_not_matter(write, compress, array):
    # Compressed, the arrays become a block of literals, one with a repetition, and one with a Huffman code of its own.
    content = compress(idx_bytes(array))
    path = write(content)
    errors = 0
    with path.open("r+b", buffering=0) as file:
        for i, byte in enumerate(content):
            for bit in range(8):
                os.pwrite(file.fileno(), bytes([byte ^ 1 << bit]), i)
                try:
                    found = read_idx(path)
                except ValueError as error:
                    errors += 1
                    assert str(path) in str(error)  # noqa: PT017 - either the error or the array
                else:
                    assert_same(found, array)
            os.pwrite(file.fileno(), bytes([byte]), i)
    headers = 8 * (10 + len(b"digits\0"))
    assert errors >= 8 * len(content) - headers


@pytest.mark.parametrize("path", [3, None, b"digits", io.BytesIO()])
def test_what_is_no_path_is_an_error(path):
    for function in (read_idx, idx):
        with pytest.raises(TypeError, match=f"{function.__name__}: path must be a str or a pathlib.Path, not "):
            function(path)


def test_max_bytes_is_an_int(tmp_path):
    with pytest.raises(TypeError, match="read_idx: max_bytes must be an int, not '1 GB'"):
        read_idx(tmp_path / "digits", max_bytes="1 GB")
