"""Picture files as MNIST's digits are: grey, light ink on dark paper, scaled and centred in 28 × 28 pixels.

A file may come from anywhere: its size is looked at before it is unpacked, and what is wrong with it is one error.

Source: LeCun, Cortes, Burges, "The MNIST database": digits fit into 20 × 20 pixels, their centre of mass in the middle.
"""

from __future__ import annotations

import struct
import warnings
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

Grey: TypeAlias = np.ndarray[Any, Any]
"""float32, (H, W), 0 is black and 1 white."""

FORMATS = ("PNG", "JPEG")

MOST_PIXELS = 64_000_000
"""What is larger than the photographs of a telephone is not unpacked."""

FAINTEST = 0.1
"""The least difference between ink and paper, of 1 between black and white."""

NOISE = 0.25
"""What has less than this part of the strongest ink is paper."""

LARGE = 280
"""A picture with a longer side is made smaller first, which evens out a camera's noise."""

SIZE, INSIDE, MIDDLE = 28, 20, 14
"""Pixels of the picture, of the digit's longer side, and the pixel on which MNIST's digits have their centre."""


def read_digit(path: str) -> Grey:
    """The digit in a picture file, (28, 28): 1 is ink and 0 paper.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no picture, too large, broken, or blank.
        ImportError: Pillow is not installed.
    """
    return as_digit(read_grey(path))


def read_grey(path: str) -> Grey:
    """The picture in a PNG or JPEG file, in grey; what is transparent is paper."""
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(f"pictures need Pillow ({error}): pip install 'minigrad-nn[plots]'") from None
    if Path(path).exists() and not Path(path).is_file():
        raise OSError("it is not a regular file")
    broken = (OSError, SyntaxError, ValueError, struct.error, EOFError, IndexError, MemoryError, OverflowError)
    with open(path, "rb") as file, warnings.catch_warnings():  # noqa: PTH123
        warnings.simplefilter("ignore")  # Pillow warns of what it mends
        try:
            with Image.open(file, formats=FORMATS) as image:
                width, height = image.size
                if width * height <= MOST_PIXELS:
                    return _grey(ImageOps.exif_transpose(image))
        except UnidentifiedImageError:
            raise ValueError(f"it is no picture in {' or '.join(FORMATS)} form") from None
        except Image.DecompressionBombError as error:
            raise ValueError(f"it is too large: {error}") from None
        except broken as error:
            raise ValueError(f"it is broken: {' '.join(str(error).split()) or type(error).__name__}") from None
    raise ValueError(f"it is too large: {width:,} × {height:,} pixels, more than {MOST_PIXELS:,}")


def _grey(image: Any) -> Grey:
    """An image of Pillow's, of any mode, in grey."""
    if image.mode.startswith("I"):  # 16 bits
        return np.asarray(image, np.float32) / 65535
    if "transparency" not in image.info and not image.mode.endswith(("A", "a")):
        return np.asarray(image.convert("L"), np.float32) / 255
    light, alpha = (np.asarray(band, np.float32) / 255 for band in image.convert("RGBA").convert("LA").split())
    ink = float((light * alpha).sum() / max(float(alpha.sum()), 1.0))
    paper = 0.0 if ink > 0.5 else 1.0  # unlike what is drawn
    return light * alpha + paper * (1 - alpha)


def as_digit(grey: Grey) -> Grey:
    """The digit in a picture, (28, 28): 1 is ink and 0 paper; the picture's border tells what is paper.

    Raises:
        ValueError: the picture is blank.

    >>> page = np.ones((50, 50), np.float32)
    >>> page[30:40, 5:7] = 0.2  # a stroke, in a corner
    >>> rows, columns = np.nonzero(as_digit(page))
    >>> rows.min(), rows.max(), columns.min(), columns.max()
    (np.int64(4), np.int64(23), np.int64(12), np.int64(15))
    """
    if max(grey.shape) > LARGE:
        scale = LARGE / max(grey.shape)
        grey = _resized(grey, *(max(1, round(length * scale)) for length in grey.shape))
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = float(np.median(border))
    darker, lighter = paper - float(grey.min()), float(grey.max()) - paper
    if max(darker, lighter) < FAINTEST:
        raise ValueError("it is blank: nothing on it is darker or lighter than its border")
    ink = (paper - grey) / darker if darker > lighter else (grey - paper) / lighter
    ink = np.where(ink < NOISE, 0, ink)
    rows, columns = (np.nonzero(ink.any(axis))[0] for axis in (1, 0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = INSIDE / max(ink.shape)
    height, width = (max(1, round(length * scale)) for length in ink.shape)
    small = _resized(ink, height, width)
    digit = np.zeros((SIZE, SIZE), np.float32)
    top, left = (_start(small.sum(axis)) for axis in (1, 0))
    digit[top : top + height, left : left + width] = small.clip(0, 1)
    return digit


def _resized(grey: Grey, height: int, width: int) -> Grey:
    from PIL import Image  # noqa: PLC0415

    image = Image.fromarray(grey.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image)


def _start(ink: Grey) -> int:
    """Where a digit begins whose centre of mass is to be in the middle, of the ink in each row or column."""
    centre = float((ink * np.arange(len(ink))).sum() / ink.sum())
    return min(max(round(MIDDLE - centre), 0), SIZE - len(ink))
