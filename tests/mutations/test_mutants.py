"""The mutants are what they should be, and a wrong gradient of each kind is noticed."""

import ast

import pytest
from changes import OPERATORS
from mutants import EQUIVALENT, generate, package, sample
from stages import CONTRACTS
from trial import prove_contracts, run_pytest, trial
from workplace import copy_tree, killer

MUTANTS = generate(package())

KINDS = {
    "sign": ("functions/softmax.py:Softmax.backward", "softmax"),
    "factor": ("functions/elementwise.py:Sqrt.backward", "sqrt"),
    "axis": ("functions/softmax.py:LogSoftmax.backward", "log_softmax"),
    "accumulation": ("core/traversal.py:backward_pass", "operators"),
    "detach": ("functions/trigonometry.py:Tanh.backward", "tanh"),
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
    for mutant in MUTANTS:
        source, mutated = mutant.source, mutant.mutated()
        (node,) = (node for node in source.tree.body if source.start(node) <= mutant.start < source.end(node))
        start, end, growth = source.start(node), source.end(node), len(mutated) - len(source.data)
        before, after = (ast.dump(ast.parse(text)) for text in (source.data[start:end], mutated[start : end + growth]))
        assert before != after, mutant.id
        assert mutated.startswith(source.data[:start]), mutant.id
        assert mutated.endswith(source.data[end:]), mutant.id
    places = {(mutant.module, mutant.start, mutant.end, mutant.text) for mutant in MUTANTS}
    assert len(places) == len(MUTANTS)


def test_a_sample_is_the_same_for_the_same_seed_and_covers_modules_and_operators():
    count = 300  # there are fewer pairs of a module and an operator
    chosen = sample(MUTANTS, count, seed=1)
    assert chosen == sample(MUTANTS, count, seed=1) != sample(MUTANTS, count, seed=2)
    assert len(chosen) == count
    assert {(m.module, m.operator) for m in chosen} == {(m.module, m.operator) for m in MUTANTS}


def test_tests_without_a_mutant_pass_and_one_that_fails_is_named(tree):
    (tree / "tests" / "test_failing.py").write_text("def test_it():\n    raise ValueError\n")
    outcome, output = trial(run_pytest, tree, [["tests/core/test_reductions.py", "tests/test_failing.py"]], timeout=60)
    assert (outcome, killer(output)) == ("killed", "tests/test_failing.py::test_it")


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
