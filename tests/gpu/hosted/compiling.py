"""CUDA sources, CuPy's and minigrad's, compiled by g++ instead of NVRTC."""

import os
import re
from pathlib import Path

from cupy.cuda import compiler

from hosted.building import FLAGS, HERE, LIBRARY, contents, digest, kept, run_compiler

OPTIMIZATION = ["-O1", "-fno-strict-aliasing", "-fno-gnu-unique"]  # the same kernel may stand in several libraries
HEADERS = [HERE / "include", Path(compiler.__file__).parents[1] / "_core" / "include"]
SHIM = digest(contents(*HEADERS[0].rglob("*.*h"), *HERE.glob("*.py")), OPTIMIZATION)

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
MEETING = re.compile(r"__sync|__shfl|__ballot|__any_|__all_")
DYNAMIC = re.compile(r"extern\s+__shared__\s+([\w ]+?)\s+(\w+)\s*\[\s*\]\s*;")
BOUNDS = r"(?:__launch_bounds__\([^)]*\)\s*)?"
KERNEL = re.compile(rf"__global__\s+{BOUNDS}void\s+{BOUNDS}(\w+)\s*\(")

TABLE = """
extern "C" __attribute__((weak)) char __start_hosted_shared_memory[], __stop_hosted_shared_memory[];
static const hosted::Kernel hosted_table[] = {%s{}};
extern "C" hosted::Kernels hosted_kernels;
hosted::Kernels hosted_kernels = {hosted_table, __start_hosted_shared_memory, __stop_hosted_shared_memory};
"""


def translated(source, names):
    """A CUDA source as one of C++, with a table of its kernels for the device."""
    code = COMMENT.sub("", source)
    meets = str(bool(MEETING.search(code))).lower()
    rows = (f'hosted::Call<&{name}>::named("{name}", {meets}), ' for name in names or KERNEL.findall(code))
    text = DYNAMIC.sub(r"\1 *\2 = (\1 *)hosted::shared_memory;", source)
    return f'#include "cuda_on_cpu.h"\n{text}{TABLE % "".join(rows)}'


def compiled(source, options, names):
    """The path of a library with the kernels of a CUDA source, as the bytes that CuPy takes for machine code."""
    text = translated(source, names)
    flags = [*OPTIMIZATION, *(option for option in options if option.startswith(("-D", "-U")))]

    def compile_to(path):
        cpp = path.with_suffix(".cpp")
        cpp.write_text(text)
        folders = [f"-I{folder}" for folder in (_precompiled_headers(), *HEADERS)]
        try:
            run_compiler(*LIBRARY, *flags, *folders, cpp, "-o", path)
        except RuntimeError as error:
            raise compiler.CompileException(str(error), text, str(cpp), options, "g++") from None
        cpp.unlink()

    return os.fsencode(kept(f"{digest(text, flags, SHIM)}.so", compile_to)) + b"\0"


def _precompiled_headers():
    """A folder with cuda_on_cpu.h as g++ keeps it, which saves two thirds of the time that a kernel takes."""
    header, flags = HEADERS[0] / "cuda_on_cpu.h", [*FLAGS, *OPTIMIZATION, "-x", "c++-header"]
    return kept(f"{SHIM}/{header.name}.gch", lambda path: run_compiler(*flags, header, "-o", path)).parent


programs = []
"""What has been compiled: the sources, their options, and the kernels' names where CuPy gives them."""


class Program(compiler._NVRTCProgram):
    """What CuPy makes of a source."""

    nvrtc = compiler._NVRTCProgram  # what it takes the place of

    def __init__(self, src, name="default_program", headers=(), include_names=(), name_expressions=None, method="ptx"):
        self.ptr, self.src, self.name, self.name_expressions = None, src, name, name_expressions

    def compile(self, options=(), log_stream=None):
        names = self.name_expressions
        programs.append((self.src, options, names))
        return compiled(self.src, options, names), ({name: name for name in names} if names else None)


compiler._NVRTCProgram = Program
os.environ["CUPY_CACHE_IN_MEMORY"] = "1"  # CuPy's own cache would keep paths for machine code
compiler._preprocess = lambda *_: SHIM  # a part of the key in CuPy's cache, for which it would ask NVRTC
