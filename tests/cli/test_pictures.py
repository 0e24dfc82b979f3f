"""Picture files become digits as MNIST has them, whatever their form; broken and hostile ones are one error."""

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from minigrad import data
from minigrad.cli.pictures import as_digit, read_digit

SEVEN = Path(__file__).parents[2] / "examples" / "digits" / "seven.png"
WANTED = read_digit(str(SEVEN))


def saved(path, image, **options):
    image.save(path, **options)
    return str(path)


def similar(digit, *, within=0.03):
    return digit.shape == (28, 28) and np.abs(digit - WANTED).mean() < within


@pytest.fixture
def seven():
    return Image.open(SEVEN).convert("L")


def on_glass(image, *, ink):
    """The digit in one grey on a sheet of glass."""
    alpha = ImageOps.invert(image).point(lambda grey: grey if grey > 20 else 0)
    return Image.merge("LA", (Image.new("L", image.size, ink), alpha))


def two_colours(image):
    return image.point(lambda grey: 255 * (grey > 128)).convert("1")


FORMS = {
    "white on black": (ImageOps.invert, "PNG"),
    "in colours": (lambda image: ImageOps.colorize(image, "navy", "lightyellow"), "PNG"),
    "of a palette": (lambda image: image.convert("P"), "PNG"),
    "of two colours": (two_colours, "PNG"),
    "of 16 bits": (lambda image: Image.fromarray(np.asarray(image).astype(np.uint16) * 257), "PNG"),
    "black on glass": (lambda image: on_glass(image, ink=0), "PNG"),
    "white on glass": (lambda image: on_glass(image, ink=255), "PNG"),
    "in colours on glass": (lambda image: on_glass(image, ink=0).convert("RGBA"), "PNG"),
    "for a printer": (lambda image: image.convert("RGB").convert("CMYK"), "JPEG"),
    "as a photograph": (lambda image: image.convert("RGB"), "JPEG"),
    "pale": (lambda image: image.point(lambda grey: 180 + grey // 5), "PNG"),
    "large": (lambda image: image.resize((1500, 1500)), "PNG"),
    "wide": (lambda image: ImageOps.expand(image, (150, 0, 0, 0), fill=250), "PNG"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_digit_is_the_same_in_every_form(seven, tmp_path, form):
    change, kind = FORMS[form]
    assert similar(read_digit(saved(tmp_path / "picture", change(seven), format=kind)))


def test_a_photographs_orientation_is_heeded(seven, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° when it is shown
    path = saved(tmp_path / "turned.jpg", seven.rotate(90, expand=True), exif=exif)
    assert similar(read_digit(path))


def test_a_palettes_transparent_colour_is_paper(seven, tmp_path):
    palette = two_colours(seven).convert("P")
    path = saved(tmp_path / "glass.png", palette, transparency=int(np.asarray(palette)[0, 0]))
    assert similar(read_digit(path))


def test_noise_of_a_camera_does_not_matter(seven, tmp_path):
    noisy = np.asarray(seven.resize((600, 600)), float) + 8 * np.random.default_rng(0).standard_normal((600, 600))
    assert similar(read_digit(saved(tmp_path / "noisy.png", Image.fromarray(noisy.clip(0, 255).astype(np.uint8)))))


def test_digits_of_mnist_stay_nearly_as_they_are():
    x, _ = data.mnist()[1][:50]
    differences = [np.abs(as_digit(image[0]) - image[0]).mean() for image in x]
    assert np.quantile(differences, 0.8) < 0.01  # a faint edge that is taken for paper moves some by a pixel


def test_the_digit_fills_20_pixels_and_its_centre_of_mass_is_in_the_middle(seven):
    digit = as_digit(np.asarray(seven, np.float32) / 255)
    rows, columns = (np.nonzero(digit.any(axis))[0] for axis in (1, 0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    centres = [(digit.sum(axis) * np.arange(28)).sum() / digit.sum() for axis in (1, 0)]
    assert centres == pytest.approx([14, 14], abs=0.5)


@pytest.mark.parametrize("shape", [(1, 40), (40, 1), (2, 2), (1, 1000)])
def test_odd_forms_are_no_trouble(shape):
    page = np.ones(shape, np.float32)
    page.ravel()[page.size // 2] = 0
    assert as_digit(page).sum() > 0


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_a_blank_page_is_said(tmp_path, shade):
    path = saved(tmp_path / "blank.png", Image.new("L", (50, 50), shade))
    with pytest.raises(ValueError, match="it is blank: nothing on it is darker or lighter than its border"):
        read_digit(path)


def claiming(width, height):
    """A PNG that says it has so many pixels, and has one."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    content = b"IDAT" + zlib.compress(b"\0\0")
    chunks = [header, content, b"IEND"]
    packed = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


@pytest.mark.parametrize("side", [9_000, 9_500, 20_000, 2**31 - 1])
def test_a_bomb_is_not_unpacked(tmp_path, side):
    path = tmp_path / "bomb.png"
    path.write_bytes(claiming(side, side))
    with pytest.raises(ValueError, match="it is too large"):
        read_digit(str(path))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"This is a text.\n",
        b"\x89PNG\r\n\x1a\n",
        SEVEN.read_bytes()[:20],
        b"GIF89a" + bytes(30),
        b"BM" + bytes(60),
    ],
)
def test_what_is_no_picture_is_said(tmp_path, content):
    (tmp_path / "picture.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"it is no picture in PNG or JPEG form|it is broken: "):
        read_digit(str(tmp_path / "picture.png"))


def test_every_truncation_and_every_flipped_byte_is_one_error_or_a_picture(tmp_path):
    whole, path = SEVEN.read_bytes(), tmp_path / "picture.png"
    rng = np.random.default_rng(0)
    outcomes = set()
    for i in rng.integers(0, len(whole), 80):
        flipped = bytearray(whole)
        flipped[i] ^= int(rng.integers(1, 256))
        for content in (whole[:i], bytes(flipped)):
            path.write_bytes(content)
            try:
                outcomes.add(read_digit(str(path)).shape)
            except ValueError as error:
                outcomes.add(str(error).split(":")[0])
    assert "it is broken" in outcomes
    assert outcomes <= {
        (28, 28),
        "it is broken",
        "it is blank",
        "it is too large",
        "it is no picture in PNG or JPEG form",
    }


def test_what_is_no_regular_file_is_said(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(OSError, match="it is not a regular file"):
            read_digit(str(path))
    with pytest.raises(FileNotFoundError):
        read_digit(str(tmp_path / "missing.png"))


def test_without_pillow_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(ImportError, match=r"pictures need Pillow \(.*\): pip install 'minigrad-nn\[plots\]'"):
        read_digit(str(SEVEN))
