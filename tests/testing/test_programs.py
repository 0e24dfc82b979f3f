"""Whole programs, drawn at random, have the right gradients and Hessian-vector products."""

import numpy as np
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import seed as seeded

import minigrad as mg
from minigrad.testing import GradientMismatch, check_grad
from tests.testing.programs import NO_GRAD, OPERATIONS, Program, Step, programs

QUIET = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}


def drawn(count):
    """The programs that are drawn from the seed 0."""
    found = []

    @seeded(0)
    @settings(max_examples=count, **QUIET)
    @given(programs())
    def collect(program):
        found.append(program)

    collect()
    return found


def test_gradients_and_hessian_vector_products():
    @seeded(0)
    @settings(max_examples=60, report_multiple_bugs=False, **QUIET)
    @given(programs())
    def check(program):
        check_grad(program, list(program.inputs), order=2)

    check()


def test_grad_is_what_backward_accumulates():
    for program in drawn(40):
        xs = [mg.Variable(x) for x in program.inputs]
        ys = [y for y in program(*xs) if y.requires_grad]
        for y in ys:
            y.backward(np.ones(y.shape))
        for i, x in enumerate(xs):
            expected = sum(mg.grad(y, x, np.ones(y.shape), allow_unused=True).data for y in ys)
            found = np.zeros(x.shape) if x.grad is None else x.grad.data
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12, err_msg=f"{i} of {program!r}")


def test_programs_are_of_all_sizes_and_operations():
    many = drawn(150)
    steps = [len(program.steps) for program in many]
    assert min(steps) == 3
    assert max(steps) >= 30
    assert {step.operation for program in many for step in program.steps} == {*OPERATIONS, NO_GRAD}
    reused = [i for program in many for step in program.steps for i in step.operands]
    assert len(reused) > 3 * len(many)


def test_the_same_seed_draws_the_same_programs():
    assert list(map(repr, drawn(20))) == list(map(repr, drawn(20)))


def test_what_is_computed_under_no_grad_counts_as_a_constant():
    x = np.array([0.3, -0.4])
    program = Program((x,), (Step("no_grad", (0,)), Step("mul", (0, 1))))
    (y,) = program(v := mg.Variable(x))
    (expected,) = [np.tanh(2 * x)]
    np.testing.assert_allclose(mg.grad(y, v, np.ones(2)).data, expected)
    check_grad(program, [x])


class WrongTanh(mg.Function):
    def forward(self, x):
        y = np.tanh(x)
        self.save(y)
        return y

    def backward(self, gy):
        (y,) = self.saved
        return gy * (1 - y)


def test_a_wrong_operation_is_found_in_a_program_and_shrinks_to_something_small(monkeypatch):
    monkeypatch.setitem(OPERATIONS, "tanh", lambda x: mg.apply(WrongTanh(), x))

    def noticed(program):
        try:
            check_grad(program, list(program.inputs), order=1)
        except GradientMismatch:
            return True
        return False

    def wrong(program):
        """Those without the operation need not be looked at."""
        return any(step.operation == "tanh" for step in program.steps) and noticed(program)

    program = find(programs(), wrong, settings=settings(max_examples=300, **QUIET), random=None)
    assert len(program.steps) <= 4
    assert "tanh" in repr(program)
    assert repr(program).startswith("\nx0 = ")


def test_a_program_prints_as_code():
    program = Program((np.array(0.5),), (Step("tanh", (0,)), Step("scaled", (1,), {"c": 2.0}), Step("add", (1, 2))))
    assert repr(program) == "\nx0 = 0.5\nv0 = tanh(x0)\nv1 = scaled(v0, c=2.0)\nv2 = add(v0, v1)"


def test_an_island_does_not_change_with_what_it_is_computed_from():
    x = np.array([0.3])
    program = Program((x,), (Step("no_grad", (0,)), Step("mul", (0, 1))))
    moved, at_x = program(mg.Variable(x + 1))[0], program(mg.Variable(x))[0]
    assert moved.item() == pytest.approx(at_x.item() / 0.3 * 1.3)
