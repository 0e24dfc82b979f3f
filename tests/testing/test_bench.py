"""The bench of wrong gradients: that each is noticed, and that each would pass without its mistake."""

import re
from dataclasses import replace

import pytest

from minigrad.testing import prove
from minigrad.testing.bench import BENCH
from minigrad.testing.bench.selfcheck import hints_of, selfcheck

FAMILIES = {
    "aliasing",
    "arithmetic",
    "broadcast",
    "conduct",
    "convolution",
    "dropout",
    "elementwise",
    "indexing",
    "layout",
    "linalg",
    "loss",
    "normalization",
    "pooling",
    "power",
    "precision",
    "reduction",
    "resize",
    "second order",
    "shape",
    "softmax",
    "where",
}

names = [wrong.name for wrong in BENCH]


@pytest.fixture(scope="module")
def account():
    lines = []
    return selfcheck(profile="ci", show=lines.append), lines


def test_there_are_many_with_names_of_their_own():
    assert len(BENCH) >= 60
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+#\d+", wrong.source) for wrong in BENCH if wrong.source)


def test_every_family_is_there():
    assert {wrong.family for wrong in BENCH} == FAMILIES


@pytest.mark.parametrize("wrong", [wrong for wrong in BENCH if wrong.right], ids=lambda wrong: wrong.name)
def test_the_contract_holds_without_the_mistake(wrong):
    report = prove(replace(wrong.spec, op=wrong.right, name=""), examples=10, seed=0, shrink=False)
    assert report.finding is None, str(report)


def test_most_have_a_right_form():
    assert sum(wrong.right is not None for wrong in BENCH) >= 40


def test_nearly_all_are_noticed(account):
    score, _ = account
    assert score.total == len(BENCH)
    assert score.killed + len(score.survivors) == score.total
    assert score.killed >= 0.95 * score.total, [wrong.name for wrong in score.survivors]


def test_most_are_called_by_their_name(account):
    score, _ = account
    assert score.hints_claimed >= 35
    assert score.hints_right >= 0.9 * score.hints_claimed


def test_the_account_names_survivors_and_families(account):
    score, lines = account
    told = "\n".join(lines)
    assert all(wrong.name in told for wrong in score.survivors)
    assert all(family in told for family in FAMILIES)
    assert f"{score.killed} of {score.total}" in re.sub(" +", " ", lines[-1])


def test_a_profile_that_is_none():
    with pytest.raises(ValueError, match="no profile 'fast'"):
        selfcheck(profile="fast")


@pytest.mark.parametrize(
    "name",
    [
        "neg: the sign is forgotten",
        "square: the 2 is forgotten",
        "exp: gy is left out",
        "sin: the cosine is saved",
        "add: not summed over stretched axes",
        "transpose: the permutation for its inverse",
    ],
)
def test_the_smallest_example_is_called_by_the_same_name(name):
    wrong = BENCH[names.index(name)]
    assert re.search(wrong.hint, hints_of(wrong))
