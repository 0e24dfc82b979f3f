"""The mutants are what they should be, and a wrong gradient of each kind is noticed."""

import ast

import pytest
from changes import OPERATORS
from mutants import EQUIVALENT, generate, package, sample
from stages import CONTRACTS
from trial import prove_contracts, trial
from workplace import copy_tree

MUTANTS = generate(package())

KINDS = {
    "sign": ("functions/activation.py:Softmax.backward", "softmax"),
    "factor": ("functions/elementwise.py:Sqrt.backward", "sqrt"),
    "axis": ("functions/activation.py:LogSoftmax.backward", "log_softmax"),
    "accumulation": ("core/traversal.py:backward_pass", "operators"),
    "detach": ("functions/activation.py:Tanh.backward", "tanh"),
    "exchange": ("core/arithmetic.py:Mul.backward", "__mul__"),
    "shift": ("functions/shape.py:Concatenate.backward", "concatenate"),
    "condition": ("functions/activation.py:LeakyReLU.forward", "leaky_relu"),
    "constant": ("functions/linalg.py:Linear.backward", "linear"),
}


def outcome(tree, name):
    """Of the proof of one contract with the package in this folder."""
    return trial(prove_contracts, tree, [CONTRACTS, {name}], timeout=60)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mutated").resolve() / "tree"
    copy_tree(package().parent, folder)
    assert outcome(folder, "tanh") == ("survived", "")
    return folder


def test_there_are_enough_mutants_with_names_of_their_own():
    assert len({mutant.id for mutant in MUTANTS}) == len(MUTANTS) >= 100
    assert {mutant.operator for mutant in MUTANTS} == set(OPERATORS)
    assert set(EQUIVALENT) <= {mutant.id for mutant in MUTANTS}


def test_each_mutant_is_another_program():
    originals = {mutant.source: ast.dump(mutant.source.tree) for mutant in MUTANTS}
    for mutant in MUTANTS:
        original, mutated = mutant.source.data, mutant.mutated()
        assert ast.dump(ast.parse(mutated)) != originals[mutant.source], mutant.id
        assert mutated.startswith(original[: mutant.start]), mutant.id
        assert mutated.endswith(original[mutant.end :]), mutant.id
    places = {(mutant.module, mutant.start, mutant.end, mutant.text) for mutant in MUTANTS}
    assert len(places) == len(MUTANTS)


def test_a_sample_is_the_same_for_the_same_seed_and_covers_modules_and_operators():
    chosen = sample(MUTANTS, 150, seed=1)
    assert chosen == sample(MUTANTS, 150, seed=1) != sample(MUTANTS, 150, seed=2)
    assert len(chosen) == 150
    assert {(m.module, m.operator) for m in chosen} == {(m.module, m.operator) for m in MUTANTS}


@pytest.mark.parametrize(("operator", "place"), KINDS.items())
def test_a_wrong_gradient_is_noticed(operator, place, tree):
    function, contract = place
    mutant = next(mutant for mutant in MUTANTS if mutant.id.startswith(f"{function}:{operator}"))
    path = tree / "minigrad" / mutant.module
    path.write_bytes(mutant.mutated())
    try:
        assert outcome(tree, contract) == ("killed", f"FAILED contract of {contract}\n"), mutant.diff()
    finally:
        path.write_bytes(mutant.source.data)
