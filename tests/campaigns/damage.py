"""What the attacks by files share: damage to bytes, what an error must look like, and how much memory was taken."""

import resource
import sys

MOST_CHARACTERS = 4_000
MOST_MIB = 32  # more than before the attack


def flip(data, other, rng):
    """Other bits in up to 8 places."""
    changed = bytearray(data)
    for place in rng.integers(0, len(data), rng.integers(1, 9)):
        changed[place] ^= 1 << rng.integers(0, 8)
    return bytes(changed)


def overwrite(data, other, rng):
    """Random bytes, or the same byte again and again, in place of some."""
    start, end = part(data, rng, 64)
    new = rng.bytes(end - start) if rng.random() < 0.5 else bytes([rng.choice([0, 1, 127, 128, 255])]) * (end - start)
    return data[:start] + new + data[end:]


def truncate(data, other, rng):
    """The end is missing, or the start."""
    place = rng.integers(0, len(data))
    return data[:place] if rng.random() < 0.8 else data[place:]


def cut_out(data, other, rng):
    """Some bytes are missing."""
    start, end = part(data, rng, 64)
    return data[:start] + data[end:]


def insert(data, other, rng):
    """Some bytes too many, also before the start or after the end."""
    place = rng.choice([0, len(data), rng.integers(0, len(data) + 1)])
    return data[:place] + rng.bytes(rng.integers(1, 64)) + data[place:]


def splice(data, other, rng):
    """A part of another file in the same place."""
    start, end = part(data, rng, len(data))
    return data[:start] + other[start:end] + data[end:]


def repeat(data, other, rng):
    """Some bytes twice, or the whole file."""
    start, end = part(data, rng, len(data))
    return data[:end] + data[start:]


def part(data, rng, most):
    start = rng.integers(0, len(data) + 1)
    return start, min(len(data), start + rng.integers(1, most + 1))


DAMAGE = [flip, overwrite, truncate, cut_out, insert, splice, repeat]


def unclear(error, start):
    """Why an error's message is not clear; "" if it begins with `start`, in short lines that can be printed."""
    text = str(error)
    lines = text.split("\n")
    if not text.startswith(start):
        return f"the message does not begin with {start!r}"
    if not all(line.isprintable() for line in lines):
        return "the message has characters that can't be printed"
    if any(not line.startswith("  ") for line in lines[1:]):
        return "the message has several lines"
    return "the message is too long" if len(text) > MOST_CHARACTERS else ""


def peak_mib():
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10  # bytes there, KiB on Linux
