"""CUDA sources, CuPy's and ours, compiled by g++ instead of NVRTC."""

import os
import re
import subprocess
from pathlib import Path

from cupy.cuda import compiler

from hosted.building import CACHE, FLAGS, HERE, digest, kept, run_compiler

NVRTC_TOO = os.environ.get("HOSTED_NVRTC", "") == "1"

PRELUDE = '#include "cuda_on_cpu.h"\n'
TAIL = """
extern "C" { extern char __start_emu_shared_memory[] __attribute__((weak));
extern char __stop_emu_shared_memory[] __attribute__((weak));
char *emu_shared_start = __start_emu_shared_memory, *emu_shared_stop = __stop_emu_shared_memory; }
"""
INCLUDE = [HERE / "include", Path(compiler.__file__).parents[1] / "_core" / "include"]
OPTIMIZATION = ["-O1", "-fno-strict-aliasing", "-fno-gnu-unique"]
MEETINGS = re.compile(r"__sync|__shfl|__ballot|__any_|__all_|cooperative")
LAUNCH_BOUNDS = r"(?:__launch_bounds__\([^)]*\)\s*)?"
KERNEL = re.compile(rf"__global__\s+{LAUNCH_BOUNDS}void\s+{LAUNCH_BOUNDS}(\w+)\s*\(")
HEADERS = digest([(path.name, path.read_bytes()) for path in sorted((HERE / "include").rglob("*.*h"))])


def compiled(source, options, names):
    """The path of a library with the kernels of a CUDA source, as the bytes that CuPy takes for machine code."""
    code = re.sub(r"//[^\n]*|/\*.*?\*/", "", source, flags=re.DOTALL)
    meets = int(bool(MEETINGS.search(code)))
    text = re.sub(r"extern\s+__shared__\s+([\w ]+?)\s+(\w+)\s*\[\s*\]\s*;", r"\1 *\2 = (\1 *)emu_shared;", source)
    kernels = names or KERNEL.findall(text)
    rows = "".join(
        f'{{"{k}", EmuCall<&{k}>::call, EmuCall<&{k}>::arguments, EmuCall<&{k}>::sizes, {meets}}},' for k in kernels
    )
    table = f'extern "C" EmuKernel emu_kernels[] = {{{rows}}};\nextern "C" int emu_kernel_count = {len(kernels)};\n'
    whole = PRELUDE + text + TAIL + table
    flags = [*FLAGS, *OPTIMIZATION, *(option for option in options if option.startswith(("-D", "-U")))]
    key = digest(whole, flags, HEADERS)

    def compile_to(path):
        cpp = path.with_suffix(".cpp")
        cpp.write_text(whole)
        try:
            run_compiler(*flags, *(f"-I{folder}" for folder in INCLUDE), cpp, "-o", path)
        except subprocess.CalledProcessError as error:
            raise compiler.CompileException(error.stderr, whole, str(cpp), options, "g++") from None
        cpp.replace(CACHE / f"{key}.cpp")  # for debuggers

    return str(kept(f"{key}.so", compile_to)).encode() + b"\0"


Real = compiler._NVRTCProgram


class Program(Real):
    """Takes the place of NVRTC's programs."""

    def __init__(self, src, name="default_program", headers=(), include_names=(), name_expressions=None, method="ptx"):
        self.ptr = None
        self.src, self.name, self.name_expressions = src, name, name_expressions

    def compile(self, options=(), log_stream=None):
        names = self.name_expressions
        if NVRTC_TOO:
            Real(self.src, self.name, (), (), names, "cubin").compile(
                tuple(o for o in options if o != "--pch"), log_stream
            )
        return compiled(self.src, options, names), ({name: name for name in names} if names else None)


def install():
    """From now on CuPy compiles with g++."""
    compiler._NVRTCProgram = Program
    sources = [path.read_bytes() for path in sorted(HERE.glob("*.py"))]
    compiler._preprocess = lambda *_: digest(HEADERS, sources)  # a part of the key in CuPy's cache
