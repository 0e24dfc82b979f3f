"""SIGINT, a real one, at a random moment, or at each moment at which CPython looks for signals, one in each run.

CPython runs a signal's handler where a Python function begins or goes on, after a call of what is written in C, and
where a loop jumps back. `moments` finds these in a run that nothing interrupts. `at` lets C code send the signal just
before one of them, and CPython itself decides where it raises KeyboardInterrupt: never where none could be.
"""

import ctypes
import dis
import gc
import signal
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

SEND = ctypes.PYFUNCTYPE(None, *[ctypes.py_object] * 3)(("PyErr_SetInterrupt", ctypes.pythonapi))
"""Sends SIGINT. As a trace function it looks for no signals after that, as each function written in Python would."""


@dataclass
class Interruption:
    """What became of a signal: where KeyboardInterrupt was raised, and what arrived."""

    function: str = ""
    line: str = ""
    at_entry: bool = False  # before the function's first instruction
    error: str = ""  # the name of the exception's class
    notes: tuple[str, ...] = ()


class Interrupter:
    """Runs functions under attack; warnings, and errors that Python can't raise, are not printed from now on."""

    def __init__(self):
        gc.disable()  # it runs code at moments of its own
        sys.unraisablehook = lambda _: None
        warnings.simplefilter("ignore")
        self._attacked = False
        self._found = Interruption()
        for number in (signal.SIGINT, signal.SIGALRM):
            signal.signal(number, self._handle)

    def after(self, seconds, run):
        """Run, with SIGALRM so many seconds later."""
        return self._attack(run, lambda: signal.setitimer(signal.ITIMER_REAL, seconds))

    def at(self, moment, run):
        """Run, with SIGINT at one of its `moments`."""
        return self._attack(run, lambda: sys.settrace(_Sender(moment).begun))

    def _attack(self, run, begin):
        self._found, self._attacked = Interruption(), True
        try:
            begin()
            run()
            self._attacked = False
        except BaseException as error:  # noqa: BLE001 - a KeyboardInterrupt that became another error is a finding
            self._found.error, self._found.notes = type(error).__name__, tuple(getattr(error, "__notes__", ()))
        finally:
            self._attacked = False
            sys.settrace(None)
            signal.setitimer(signal.ITIMER_REAL, 0)
        return self._found

    def _handle(self, _, frame):
        sys.settrace(None)
        if not self._attacked:
            return  # the run has just ended
        self._attacked = False
        code = frame.f_code
        if code.co_filename == __file__:
            raise KeyboardInterrupt  # no moment: CPython looked for signals in the trace function alone
        self._found.function, self._found.line = code.co_qualname, f"{Path(code.co_filename).name}:{frame.f_lineno}"
        self._found.at_entry = dis.opname[code.co_code[frame.f_lasti]] == "RESUME"
        raise KeyboardInterrupt


def moments(run):
    """All moments of a run, each as a number of trace events; deterministic if the run is."""
    finder = _Finder()
    sys.settrace(finder.begun)
    run()
    sys.settrace(None)
    return sorted(finder.moments)


class _Finder:
    """Trace functions that count events, and note those just after which CPython looks for signals."""

    def __init__(self):
        self.count = 0
        self.moments = set()
        self._before = {}  # the number of each frame's last event
        self._last = 0  # the number of the event before the last one, in its frame

    def begun(self, frame, event, _):
        """A function begins or goes on: it was called by the instruction of the last event."""
        self.moments.add(self._last)
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        return self._counted(frame)

    def within(self, frame, event, _):
        """An instruction is next, or the function ends."""
        self._last = self._before[frame]
        name = dis.opname[frame.f_code.co_code[frame.f_lasti]]
        jumps_back = "JUMP_BACKWARD" in name and "NO_INTERRUPT" not in name
        if event == "opcode" and (jumps_back or name.startswith(("CALL", "RETURN"))):
            self.moments.add(self._last)
        return self._counted(frame)

    def _counted(self, frame):
        self.count += 1
        self._before[frame] = self.count
        return self.within


class _Sender:
    """Trace functions that count the same events; after one of them its frame's next event goes to SEND."""

    def __init__(self, moment):
        self.count = 0
        self.moment = moment

    def begun(self, frame, event, _):
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        return self.within(frame, event, _)

    def within(self, frame, event, _):
        self.count += 1
        return SEND if self.count == self.moment else self.within
