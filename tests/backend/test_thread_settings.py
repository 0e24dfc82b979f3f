"""The threads of GNU's OpenMP sleep soon, and nobody's environment changes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from minigrad.backend.compiled.shared import layer
from minigrad.backend.compiled.threads import soon_asleep


@pytest.mark.skipif(layer() != "omp" or sys.platform != "linux", reason="the threads are not those of GNU's OpenMP")
@pytest.mark.parametrize(
    ("settings", "count"),
    [({}, "30000"), ({"GOMP_SPINCOUNT": "77"}, "77"), ({"OMP_WAIT_POLICY": "PASSIVE"}, "0")],
    ids=["none", "a count", "a policy"],
)
def test_openmp_is_loaded_with_a_bounded_wait_unless_the_user_has_set_one(monkeypatch, settings, count):
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**settings, "OMP_DISPLAY_ENV": "VERBOSE"}.items():
        monkeypatch.setenv(name, value)
    code = "import os; from minigrad.backend.compiled.shared import layer; layer(); print(sorted(os.environ))"
    done = subprocess.run(  # noqa: S603 - the code stands here
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert f"GOMP_SPINCOUNT = '{count}'" in done.stderr
    assert ("GOMP_SPINCOUNT" in done.stdout) == ("GOMP_SPINCOUNT" in settings)


def test_the_environment_is_as_before_after_an_error(monkeypatch):
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)

    @soon_asleep()
    def load():
        assert os.environ["GOMP_SPINCOUNT"] == "30000"
        raise ImportError("no")

    with pytest.raises(ImportError, match="no"):
        load()
    assert "GOMP_SPINCOUNT" not in os.environ
