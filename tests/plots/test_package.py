"""The package plots: matplotlib is imported when something is drawn, and missed with advice."""


def test_matplotlib_is_imported_when_it_is_used(fresh_python):
    assert fresh_python("import sys, minigrad.plots; print('matplotlib' in sys.modules)") == "False\n"


def test_without_matplotlib_the_error_names_the_extra(fresh_python):
    code = """
import sys
sys.modules["matplotlib"] = None
from minigrad import plots
for draw in (lambda: plots.curves({"loss": [1.0]}), lambda: plots.digits([[[0.0]]])):
    try:
        draw()
    except ImportError as error:
        print(str(error).split(" (")[0], str(error).split(": ")[-1])
"""
    advice = "pip install 'minigrad-nn[plots]'"
    assert fresh_python(code) == f"curves needs matplotlib {advice}\ndigits needs matplotlib {advice}\n"
