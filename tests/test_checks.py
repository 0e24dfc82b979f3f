"""minigrad.checks: what each check takes, and the one error it gives for the rest."""

import re

import numpy as np
import pytest

from minigrad import checks


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (checks.integer("f", "n", np.int64(3)), 3),
        (checks.integer("f", "n", -3, least=None), -3),
        (checks.number("f", "x", np.float32(0.5)), 0.5),
        (checks.number("f", "x", np.inf, finite=False), np.inf),
        (checks.positive("f", "x", 1), 1.0),
        (checks.fraction("f", "p", 0, one=False), 0.0),
        (checks.fraction("f", "p", 1, one=True), 1.0),
        (checks.pair("f", "size", [3, np.int32(4)], least=1), (3, 4)),
        (checks.pair("f", "size", 2, least=1), (2, 2)),
        (checks.padding("f", "pad", 0), (0, 0)),
        (checks.padding("f", "pad", "same"), "same"),
        (checks.not_negative("f", "x", 0), 0.0),
        (checks.boolean("f", "on", np.True_), True),
        (checks.optional_generator("f", "rng", None), None),
        (checks.choice("f", "mode", "sum", ("mean", "sum")), "sum"),
    ],
)
def test_what_is_right_comes_back_as_python_has_it(found, expected):
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("check", "error", "message"),
    [
        (lambda: checks.integer("f", "n", 3.0), TypeError, "f: n must be an int, not 3.0"),
        (lambda: checks.integer("f", "n", True), TypeError, "f: n must be an int, not True"),
        (lambda: checks.integer("f", "n", 0), ValueError, "f: n must be at least 1, not 0"),
        (lambda: checks.number("f", "x", "1"), TypeError, "f: x must be a number, not '1'"),
        (lambda: checks.number("f", "x", True), TypeError, "f: x must be a number, not True"),
        (lambda: checks.number("f", "x", 1j), TypeError, "f: x must be a number, not 1j"),
        (lambda: checks.number("f", "x", np.nan), ValueError, "f: x must be finite, not nan"),
        (lambda: checks.positive("f", "x", 0), ValueError, "f: x must be positive, not 0"),
        (lambda: checks.not_negative("f", "x", -1), ValueError, "f: x must not be negative, not -1"),
        (lambda: checks.not_negative("f", "x", np.inf), ValueError, "f: x must be finite, not inf"),
        (lambda: checks.boolean("f", "on", 1), TypeError, "f: on must be True or False, not 1"),
        (lambda: checks.fraction("f", "p", 1, one=False), ValueError, "f: p must be in [0, 1), not 1"),
        (lambda: checks.fraction("f", "p", -0.1, one=True), ValueError, "f: p must be in [0, 1], not -0.1"),
        (lambda: checks.pair("f", "s", (1, 2, 3), least=0), TypeError, "f: s must be an int or a pair of ints, not (1"),
        (lambda: checks.pair("f", "s", (1, True), least=0), TypeError, "f: s must be an int or a pair of ints, not (1"),
        (lambda: checks.pair("f", "s", (1, 0), least=1), ValueError, "f: s must be at least 1, not (1, 0)"),
        (lambda: checks.padding("f", "pad", -1), ValueError, "f: pad must be at least 0, not -1"),
        (
            lambda: checks.padding("f", "pad", "valid"),
            ValueError,
            """f: pad must be an int, a pair or "same", not 'valid'""",
        ),
        (
            lambda: checks.optional_generator("f", "rng", 7),
            TypeError,
            "f: rng must be a numpy.random.Generator, not 7",
        ),
        (
            lambda: checks.choice("f", "mode", "max", ("mean", "sum", "none")),
            ValueError,
            """f: mode must be "mean", "sum" or "none", not 'max'""",
        ),
        (lambda: checks.choice("f", "mode", ["sum"], ("mean", "sum")), ValueError, 'f: mode must be "mean" or "sum"'),
    ],
)
def test_one_error_for_each_mistake(check, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        check()


class Box:
    """Has an attribute that may change, and one that may not."""

    width = checks.Checked(checks.integer, least=2)
    depth = checks.Checked(checks.positive, fixed=True)


def test_a_checked_attribute_keeps_what_the_check_returns():
    box = Box()
    box.width, box.depth = np.int64(3), 1
    assert vars(box) == {"width": 3, "depth": 1.0}
    assert type(box.width) is int
    assert type(box.depth) is float


def test_a_checked_attribute_keeps_its_value_where_another_is_refused():
    box = Box()
    box.width, box.depth = 3, 1
    with pytest.raises(ValueError, match=r"^Box: width must be at least 2, not 1$"):
        box.width = 1
    with pytest.raises(AttributeError, match=r"^Box: depth is fixed; make a new Box$"):
        box.depth = 2
    assert vars(box) == {"width": 3, "depth": 1.0}
