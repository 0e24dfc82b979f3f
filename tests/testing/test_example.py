"""Examples written down as a text, and read again."""

import base64
import json
import zlib

import numpy as np
import pytest

from minigrad.testing import case
from minigrad.testing.example import _packed, decoded

HOSTILE = [
    [[], {}, [], False, 0, None],
    [[np.zeros(2)], {}, [], False, -1, None],
    [[np.zeros(2)], {}, ["sideways", "C-order"], False, 0, None],
    [[np.zeros(2)], {}, [], True, 0, None],
    [[np.zeros(2, np.int64)], {}, [], False, 0, None],
    [[np.zeros(9999)], {}, [], False, 0, None],
    [[np.zeros(2)], [], [], False, 0, None],
    [[1, 2], {}, [], False, 0, None],
    "nothing",
]


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_a_text_that_no_finding_printed_is_refused(content):
    text = base64.urlsafe_b64encode(zlib.compress(json.dumps(_packed(content)).encode())).decode()
    with pytest.raises(ValueError, match="reproduce: this is no example"):
        decoded(text)


def test_a_bomb_is_refused():
    for bomb in (b"[" * 200_000, b" " * 10**8):
        with pytest.raises(ValueError, match="reproduce: this is no example"):
            decoded(base64.urlsafe_b64encode(zlib.compress(bomb)).decode())


def test_every_kind_of_parameter_comes_back():
    key = (slice(None, None, -1), ..., None, np.array([True, False]), 2)
    example = case([1.0, np.inf], gradient=[0, 1], key=key, words={"a": [1, 2.5, "b"]})
    again = decoded(example.encoded())
    assert again.encoded() == example.encoded()
    assert again.kwargs["key"][:3] == key[:3]
    np.testing.assert_array_equal(again.kwargs["key"][3], key[3])
    assert again.kwargs["words"] == {"a": [1, 2.5, "b"]}
    assert case(1.0, key=object()).encoded() == ""
