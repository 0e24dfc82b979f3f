"""Ctrl-C at every line: runs a piece of work again and again, interrupted at one more line each time."""

import sys

LIMIT = 10_000


def interrupts(work, *modules):
    """Yield None before each run of `work()`, then the KeyboardInterrupt that stopped it at a line of the modules.

    The first run stops at the first line, the second at the second, until one runs through.
    """
    files = {module.__file__ for module in modules}
    for line in range(LIMIT):
        yield None
        interrupt = _interrupted(work, files, line)
        if interrupt is None:
            return
        yield interrupt
    raise AssertionError(f"more than {LIMIT} lines")


def _interrupted(work, files, line):
    passed = 0

    def trace(frame, event, _):
        nonlocal passed
        if frame.f_code.co_filename not in files:
            return None
        if event == "line":
            passed += 1
            if passed == line + 1:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    except KeyboardInterrupt as interrupt:
        return interrupt
    finally:
        sys.settrace(before)
    return None
