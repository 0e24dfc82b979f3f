"""The mutants are what they should be, and a wrong gradient of each kind is noticed."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from changes import OPERATORS
from mutants import EQUIVALENT, generate, package, sample

MUTANTS = generate(package())

CHECK = """
import numpy as np
import minigrad as mg
import minigrad.functions as F
from minigrad.testing import check_grad

def f(x, w):
    y = F.softmax(F.tanh(x @ w), 0) * F.sqrt(F.exp(x)) + F.log_softmax(x - w)
    return F.linear(F.concatenate([y, F.maximum(x, w)], 1), F.stack([x, w]).reshape(6, 3), F.sum(w, 0))

rng = np.random.default_rng(0)
check_grad(f, [rng.standard_normal((3, 3)), rng.standard_normal((3, 3))])
x = mg.Variable(0.0)
assert mg.grad(F.relu(x), x).item() == 0
assert mg.grad(F.leaky_relu(x, 0.0), x).item() == 0
"""

KINDS = {
    "sign": "functions/activation.py:Softmax.backward:",
    "factor": "functions/elementwise.py:Sqrt.backward:",
    "axis": "functions/activation.py:LogSoftmax.backward:",
    "accumulation": "core/traversal.py:backward_pass:",
    "detach": "functions/activation.py:Tanh.backward:",
    "exchange": "core/arithmetic.py:Mul.backward:",
    "shift": "functions/shape.py:Concatenate.backward:",
    "condition": "functions/activation.py:LeakyReLU.forward:",
    "constant": "functions/linalg.py:Linear.backward:",
}


def passes(folder):
    """Whether the check passes with the package in this folder."""
    tests = Path(__file__).resolve().parents[1]
    script = f"import sys; sys.path[:0] = {[str(folder), str(tests)]!r}\n{CHECK}"
    script += f"assert mg.__file__.startswith({str(folder)!r})\n"
    done = subprocess.run([sys.executable, "-B", "-c", script], cwd=folder, capture_output=True, check=False)
    return done.returncode == 0


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mutated").resolve()
    shutil.copytree(package(), folder / "minigrad", ignore=shutil.ignore_patterns("files", "__pycache__"))
    assert passes(folder)
    return folder


def test_there_are_enough_mutants_with_names_of_their_own():
    assert len({mutant.id for mutant in MUTANTS}) == len(MUTANTS) >= 100
    assert {mutant.operator for mutant in MUTANTS} == set(OPERATORS)
    assert set(EQUIVALENT) <= {mutant.id for mutant in MUTANTS}


def test_each_mutant_is_another_program():
    for mutant in MUTANTS:
        original, mutated = mutant.source.data, mutant.mutated()
        assert ast.dump(ast.parse(mutated)) != ast.dump(mutant.source.tree), mutant.id
        assert mutated.startswith(original[: mutant.start]), mutant.id
        assert mutated.endswith(original[mutant.end :]), mutant.id
    places = {(mutant.module, mutant.start, mutant.end, mutant.text) for mutant in MUTANTS}
    assert len(places) == len(MUTANTS)


def test_a_sample_is_the_same_for_the_same_seed_and_covers_modules_and_operators():
    chosen = sample(MUTANTS, 150, seed=1)
    assert chosen == sample(MUTANTS, 150, seed=1) != sample(MUTANTS, 150, seed=2)
    assert len(chosen) == 150
    assert {(m.module, m.operator) for m in chosen} == {(m.module, m.operator) for m in MUTANTS}


@pytest.mark.parametrize("operator", KINDS)
def test_a_wrong_gradient_is_noticed(operator, copy):
    mutant = next(mutant for mutant in MUTANTS if mutant.id.startswith(KINDS[operator] + operator))
    path = copy / "minigrad" / mutant.module
    path.write_bytes(mutant.mutated())
    try:
        assert not passes(copy), mutant.diff()
    finally:
        path.write_bytes(mutant.source.data)
