"""pytest puts this folder on sys.path because of this file: tests import gradients.py from it."""


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name bytes by their number: a test's name must be the same in every process, and gzip writes the time."""
    return f"{len(val)} bytes" if isinstance(val, bytes) else None
