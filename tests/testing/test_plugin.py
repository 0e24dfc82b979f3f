"""The pytest plugin, in a pytest of its own."""

import pytest

import minigrad.functions as F
from minigrad.testing import OpSpec, prove

pytest_plugins = ["pytester"]

TESTS = """
import minigrad as mg
import minigrad.functions as F
from minigrad.testing import OpSpec, gradtest

class Twice(mg.Function):
    def forward(self, x):
        return x * 2

    def backward(self, gy):
        return gy * 3

@gradtest(OpSpec(lambda x: mg.apply(Twice(), x), name="twice"))
def test_twice(report):
    pass

@gradtest(OpSpec(F.tanh))
def test_tanh(report):
    "The report is there to be looked at."
    print("examples", report.examples)
    assert report.counts.compared
"""


@pytest.fixture(autouse=True, scope="module")
def loaded():
    """Import Hypothesis and Numba first: a pytest within pytest unloads, by halves, what it was the first to import."""
    prove(OpSpec(F.relu, reference=lambda x: x))  # and all that a finding needs


@pytest.fixture
def project(pytester):
    pytester.makeconftest('pytest_plugins = ["minigrad.testing.plugin"]')
    pytester.makepyfile(test_own=TESTS)
    return pytester


def test_a_finding_is_shown_on_an_ascii_terminal(project, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    result = project.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    lines = ["GradientMismatch: twice, *", "  analytic * numeric * ?xb1 *", "  likely: a factor of *"]
    result.stdout.fnmatch_lines(lines)


def test_a_finding_is_shown_without_a_traceback(project):
    result = project.runpytest("-q", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "GradientMismatch: twice, input 0 (x), order 1",
            "  analytic * numeric *",
            "  likely: a factor of 1.500",
            "  x float64 () C-order",
            "  reproduce: python -m minigrad.testing --op test_own.py:test_twice --reproduce '*'",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*proof.py*")


@pytest.mark.parametrize(("profile", "count"), [("dev", 10), ("ci", 60)])
def test_the_profile_says_how_many_examples(project, profile, count):
    result = project.runpytest("-p", "no:cacheprovider", "--grad-profile", profile, "--grad-seed", "3", "-rP")
    result.stdout.fnmatch_lines([f"minigrad: profile {profile}, {count} examples, seed 3", f"examples {count}"])


def test_marks_fixtures_and_parameters_are_those_of_pytest(pytester):
    pytester.makeconftest('pytest_plugins = ["minigrad.testing.plugin"]')
    pytester.makepyfile(
        """
        import pytest
        import minigrad.functions as F
        from minigrad.testing import OpSpec, gradtest

        @pytest.mark.parametrize("k", [1, 2])
        @gradtest(OpSpec(F.tanh))
        def test_tanh(report, tmp_path, k):
            assert tmp_path.exists()
            assert k < 3

        @gradtest(OpSpec(F.relu))
        @pytest.mark.xfail(strict=True)
        def test_relu(report):
            assert not report.examples

        class TestMore:
            @gradtest(OpSpec(F.exp, domain=(-5, 5)))
            def test_exp(self, report):
                assert report.examples == 10
        """
    )
    pytester.runpytest("-p", "no:cacheprovider").assert_outcomes(passed=3, xfailed=1)


def test_a_profile_that_does_not_exist(project):
    assert project.runpytest("--grad-profile", "weekly").ret != 0
