"""A report of what GPUs need and what there is: CuPy, the driver, each GPU with its memory."""

from __future__ import annotations

from minigrad.backend import INSTALL_CUPY, devices


def gpu_report() -> dict[str, str]:
    """Rows of a table: CuPy with the versions of CUDA, or what is missing, and each GPU."""
    try:
        import cupy  # noqa: PLC0415
    except ImportError as error:
        return {"CuPy": f"none ({error}); arrays on a GPU need it: {INSTALL_CUPY}"}
    runtime = cupy.cuda.runtime
    driver = runtime.driverGetVersion()
    rows = {"CuPy": f"{cupy.__version__}; CUDA runtime {_version(runtime.runtimeGetVersion())}, "}
    rows["CuPy"] += f"driver's {_version(driver)}" if driver else "no driver"
    gpus = devices()[1:]
    if not gpus:
        rows["CuPy"] += "; it finds no GPU"
    for i, name in enumerate(gpus):
        found = runtime.getDeviceProperties(i)
        with cupy.cuda.Device(i):
            free, total = (number / 2**30 for number in runtime.memGetInfo())
        card = f"{found['name'].decode()}, compute capability {found['major']}.{found['minor']}"
        rows[name] = f"{card}; {free:.1f} of {total:.1f} GiB are free"
    return rows


def _version(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"
