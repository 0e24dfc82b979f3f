"""The documentation shows what the tool prints."""

import pages
import pytest


@pytest.mark.parametrize("name", pages.PAGES)
def test_the_output_in_the_documentation_is_real(name, tmp_path):
    text = (pages.ROOT / "docs" / name).read_text()
    assert pages.run_anew(text, tmp_path) == text, "write it anew: python tests/testing/pages.py"


def test_the_pages_show_something():
    for name in pages.PAGES:
        text = (pages.ROOT / "docs" / name).read_text()
        assert text.count("\n$ python") >= 1
        assert "likely: " in text
