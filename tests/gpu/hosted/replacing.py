"""CuPy's functions for the driver and the runtime, replaced by those of our device.

CuPy's Cython modules call one another through function pointers, which lie as capsules in each module's
`__pyx_capi__`. What is imported afterwards takes ours.
"""

import ctypes

from cupy_backends.cuda.api import driver, runtime

from hosted.building import digest

SIGNATURES = "2d235aae033c3682bc00d8f2"
"""Of what is replaced, in CuPy 14.2.0: a function whose types have changed would be called with wrong arguments."""

SIMPLE = {
    "int": ctypes.c_int,
    "intptr_t": ctypes.c_ssize_t,
    "size_t": ctypes.c_size_t,
    "unsigned int": ctypes.c_uint,
    "float": ctypes.c_float,
    "PyObject *": ctypes.py_object,
}
"""What ctypes calls the types of C that functions take or return."""

PROPERTIES = {"name": b"hosted", "totalGlobalMem": 2**33, "major": 9, "minor": 0, "multiProcessorCount": 132} | {
    "warpSize": 32  # asked for by the scan behind a mask of bools
}

_name_of = ctypes.pythonapi.PyCapsule_GetName
_name_of.restype, _name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
_new = ctypes.pythonapi.PyCapsule_New
_new.restype, _new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
_kept = []  # what capsules point to


def replace_all(device, expected=SIGNATURES):
    """Put the device into CuPy, if CuPy's functions have the types that the device's were written for."""
    found = [
        (module, name, _name_of(capsule), getattr(device, f"{prefix}_{name}"))
        for module, prefix in ((runtime, "runtime"), (driver, "driver"))
        for name, capsule in sorted(module.__pyx_capi__.items())
        if hasattr(device, f"{prefix}_{name}")
    ]
    signatures = digest([(module.__name__, name, types) for module, name, types, _ in found])
    if signatures != expected:
        raise ImportError(
            f"hosted: this CuPy calls its device in another way ({signatures}) than the one that device.cpp was "
            f"written for ({expected}): CuPy 14.2.0, seen on Python 3.11. tests/gpu/README.md says what to do"
        )
    for module, name, types, function in found:
        _replace(module, name, types, ctypes.cast(function, ctypes.c_void_p))
    _replace_by_python(runtime, "getDeviceProperties", lambda _: PROPERTIES, ctypes.c_int)
    _replace_by_python(runtime, "memGetInfo", lambda: (2**33, 2**33))


def _replace(module, name, types, function):
    """Put a function where CuPy's other modules find it, and where Python does."""
    _kept.append(types)
    module.__pyx_capi__[name] = _new(function, types, None)
    if hasattr(module, name) and (call := _for_python(function, types.decode())):
        setattr(module, name, call)


def _for_python(function, types):
    """A function of C as one of Python, or None where a type is not simple.

    Cython's own last arguments say whether to look for a method of Python's (0: no), and hold the optional ones.
    """
    result, arguments = types.removesuffix(")").split("(", 1)
    own = [name for name in arguments.split(", ") if name != "void" and "__pyx" not in name]
    if not {result.strip(), *own} <= SIMPLE.keys():
        return None
    last = [ctypes.c_int, ctypes.c_void_p] if "optional_args" in arguments else [ctypes.c_int]
    call = ctypes.PYFUNCTYPE(SIMPLE[result.strip()], *(SIMPLE[name] for name in own), *last)(function.value)
    return lambda *values: call(*values[: len(own)], *[0, None][: len(last)])


def _replace_by_python(module, name, function, *types):
    """The same with a function of Python's."""
    signature = _name_of(module.__pyx_capi__[name])
    callback = ctypes.PYFUNCTYPE(ctypes.py_object, *types, ctypes.c_int)(lambda *values: function(*values[:-1]))
    _kept.append((signature, callback))
    module.__pyx_capi__[name] = _new(ctypes.cast(callback, ctypes.c_void_p), signature, None)
    setattr(module, name, function)
