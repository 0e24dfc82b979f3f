"""NVRTC itself compiles every kernel, for two generations of GPUs; g++ forgives more, and counts no registers."""

import re
from io import StringIO
from types import SimpleNamespace

import cupy
import numpy as np
import pytest
from cupy._core.core import assemble_cupy_compiler_options
from cupy.cuda import compiler

import minigrad.functions as F
from minigrad import nn, optim
from minigrad.backend.cuda import launching, updates
from models import RECIPES

ARCHITECTURES = ("sm_80", "sm_90")
DTYPES = ("float16", "float32", "float64")
FILES = sorted(path.stem for path in launching.SOURCES.glob("*.cu"))
PARAMETERS = [nn.Parameter(np.zeros(1))]
OPTIMIZERS = {
    "SGD": optim.SGD(PARAMETERS, lr=1),
    "SGD with momentum": optim.SGD(PARAMETERS, lr=1, momentum=0.9),
    "Adam": optim.Adam(PARAMETERS, lr=1),
    "Adagrad": optim.Adagrad(PARAMETERS, lr=1),
}


def registers(code, options, architecture):
    """The registers of a source's kernels, by name; none may keep anything in memory for want of them."""
    log, program = StringIO(), getattr(compiler._NVRTCProgram, "nvrtc", compiler._NVRTCProgram)
    own = (f"-arch={architecture}", "-ftz=true", "--device-as-default-execution-space", "--ptxas-options=-v", "--pch")
    program(code, "kernels.cu", (), (), None, "cubin").compile((*assemble_cupy_compiler_options(options), *own), log)
    found = re.findall(
        r"entry function '(\w+)'|(\d+) bytes stack frame, (\d+) bytes spill|Used (\d+) reg", log.getvalue()
    )
    names = [name for name, *_ in found if name]
    assert [(stack, spilled) for _, stack, spilled, _ in found if stack] == [("0", "0")] * len(names), log.getvalue()
    return dict(zip(names, (int(count) for *_, count in found if count), strict=True))


@pytest.fixture
def sources(monkeypatch):
    """The CUDA sources that were made while a function runs, and their options; nothing is compiled."""
    made = []

    def record(code, options):
        made.append((code, options))
        return cupy.RawModule(code='extern "C" __global__ void update() {}')

    def run(function, *arguments):
        with monkeypatch.context() as patch:
            patch.setattr(launching, "cupy", SimpleNamespace(RawModule=record))
            function(*arguments)
        return made

    return run


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("file", [file for file in FILES if file != "update"])
def test_a_file_of_kernels(sources, file, dtype, architecture):
    [(code, options)] = sources(launching._module.__wrapped__, file, np.dtype(dtype), launching.ARGMAX[1])
    found = registers(code, options, architecture)
    assert sorted(found) == sorted(re.findall(r"__global__ void (\w+)", code))
    assert max(found.values()) <= 64  # so that 1,024 threads of 65,536 registers run at a time


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizers_step(sources, name, dtype, architecture):
    optimizer = OPTIMIZERS[name]
    slots, numbers = len(optimizer.slot_names), len(optimizer._floats(1))
    [(code, options)] = sources(updates._launch.__wrapped__, optimizer.formula, np.dtype(dtype), slots, numbers)
    assert registers(code, options, architecture)["update"] <= 64


def test_a_kernel_that_spills_is_noticed():
    code = 'extern "C" __global__ void f(int *x) { int y[999]; for (int i = 0; i < 999; i++) y[x[i]] = i; *x = y[*x]; }'
    with pytest.raises(AssertionError):
        registers(code, (), "sm_90")


def test_infinity_is_unknown_to_nvrtc():
    """g++ forgives what NVRTC doesn't: these tests compile with the one that a GPU has."""
    with pytest.raises(compiler.CompileException, match="INFINITY"):
        registers('extern "C" __global__ void f(float *x) { *x = INFINITY; }', (), "sm_90")


def test_what_cupy_itself_makes_in_a_training_step(hosted):
    model = RECIPES["deep_mnist"]["paper"].build().to("cuda")
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    x, t = cupy.zeros((2, 1, 28, 28), np.float32), cupy.zeros(2, np.int64)
    hosted.dry.value = 1
    with hosted.counting() as counts:
        F.softmax_cross_entropy(model(x), t).backward()
        optimizer.step()
    wanted = {f"void {name}(" for name in counts.kernels if name.startswith("cupy_")}
    made = [program for program in hosted.compiling.programs if any(name in program[0] for name in wanted)]
    assert len(made) >= len(wanted) > 0
    for code, options, _ in made:
        registers(code, tuple(option for option in options if option.startswith(("-D", "-std"))), "sm_90")
