"""The bench: a dozen wrong gradients in the default run; all of them, and their right twins, with `-m bench`."""

import re
from dataclasses import replace

import pytest

from minigrad.testing import OpSpec, prove
from tests.bench import BENCH
from tests.bench.__main__ import selfcheck

BY_NAME = {wrong.name: wrong for wrong in BENCH}
FEW = [
    "neg: the sign is forgotten",
    "square: the 2 is forgotten",
    "exp: gy is left out",
    "sin: the cosine is saved",
    "add: not summed over stretched axes",
    "transpose: the permutation for its inverse",
    "softmax: zeros, right for a gy of ones",
    "max: ties get the whole gradient",
    "edits: its input in forward",
    "memory: the next gradient overwrites the last",
    "keeps: its input in an attribute",
    "dtype: float64 of everything",
]


def called_by_its_name(wrong, finding):
    return bool(re.search(wrong.hint, finding.hint))


@pytest.mark.parametrize("name", FEW)
def test_a_few_are_noticed_and_called_by_their_name(name):
    finding = prove(BY_NAME[name].spec, examples=20, seed=0, shrink=name in FEW[:6]).finding  # the smallest as well
    assert finding is not None
    assert called_by_its_name(BY_NAME[name], finding)


def test_names_and_sources():
    assert len(BY_NAME) == len(BENCH)
    assert [wrong.source for wrong in BENCH if not re.fullmatch(r"([\w.-]+/[\w.-]+#\d+)?", wrong.source)] == []


def test_the_account_names_survivors_and_families():
    lines, right = [], replace(BY_NAME["neg: the sign is forgotten"], spec=OpSpec(lambda x: -x))
    wrong = BY_NAME["square: the 2 is forgotten"]
    assert selfcheck(examples=5, entries=[right, wrong], show=lines.append) == ([right.name], (1, 1))
    assert lines == [f"survived: {right.name}", "arithmetic       1 of   2", "all              1 of   2; hints 1 of 1"]


@pytest.mark.bench
def test_nearly_all_are_noticed_and_called_by_their_name():
    survivors, (named, due) = selfcheck(show=lambda line: None)
    assert len(survivors) <= 0.05 * len(BENCH), survivors
    assert named >= 0.9 * due


@pytest.mark.bench
@pytest.mark.parametrize("wrong", [pytest.param(wrong, id=wrong.name) for wrong in BENCH if wrong.right])
def test_the_contract_holds_without_the_mistake(wrong):
    report = prove(replace(wrong.spec, op=wrong.right, name=""), examples=10, seed=0, shrink=False)
    assert report.finding is None, str(report)
