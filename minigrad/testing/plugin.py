"""The pytest plugin: `--grad-profile` and `--grad-seed` for tests made with @gradtest; findings without a traceback.

A project turns it on in its topmost conftest.py, with `pytest_plugins = ["minigrad.testing.plugin"]`.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from minigrad.testing.findings import Finding
from minigrad.testing.formatting import print_in_any_encoding
from minigrad.testing.proof import PROFILES, profile


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the two options."""
    group = parser.getgroup("minigrad", "gradients proved by minigrad.testing")
    group.addoption(
        "--grad-profile", choices=list(PROFILES), default="dev", help="how many examples: dev 10, ci 60, nightly 1000"
    )
    group.addoption("--grad-seed", type=int, default=0, help="draws the examples")


def pytest_configure() -> None:
    """Let a terminal that has no "±" show the rest of a finding as it is."""
    print_in_any_encoding()


def pytest_report_header(config: pytest.Config) -> str:
    """Say which examples are drawn."""
    name = config.getoption("--grad-profile")
    return f"minigrad: profile {name}, {PROFILES[name]} examples, seed {config.getoption('--grad-seed')}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Run each test in the profile."""
    with profile(item.config.getoption("--grad-profile"), seed=item.config.getoption("--grad-seed")):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a finding as it is."""
    report = yield
    if call.excinfo is not None and isinstance(call.excinfo.value, Finding):
        finding = call.excinfo.value
        report.longrepr = f"{type(finding).__name__}: {finding}"
    return report
