"""The tests' names: pytest-xdist wants the same ones from every process."""


def test_no_test_is_named_after_the_bytes_of_a_gzip_file(request):
    """They hold the time of day, and two processes collect different tests then."""
    assert [item.nodeid for item in request.session.items if r"\x1f\x8b\x08" in item.nodeid] == []
