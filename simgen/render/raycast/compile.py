"""How the kernels are compiled, and where the machine code is kept.

Two rules make the pictures the same on every x86-64 CPU: no `fastmath` (so the compiler neither reorders
sums nor fuses a multiplication with an addition) and no function of the C library whose last bit depends
on its version (only `sqrt`, division and `floor`, which IEEE 754 defines to the bit; everything else is in
`arithmetic`).

The kernels make no arrays (their callers do), so numba's counting of references is switched off: each call
of a kernel would otherwise count every array up and down, which took a third of the time of a tile.

numba keeps compiled code on disk, but looks for changes in one file only, and by its date: a kernel whose
callee in another file has changed would be taken from the cache as it was. So the code goes to a folder
whose name holds a hash of all sources of this package, of the versions of Python and numba and of the kind
of processor. The folder is in `NUMBA_CACHE_DIR` if that is set, else in the user's cache (`XDG_CACHE_HOME`
or `~/.cache`), else, if that cannot be written, in a new temporary folder (then every process compiles for
itself). Every copy of simgen that has the same sources finds it there (see `locator`). The kernels that
Python calls are kept there, and those that a second process compiles (see `parts`).
"""

from __future__ import annotations

import hashlib
import os
import platform
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import llvmlite.binding  # type: ignore[import-untyped]
import numba

__all__ = ["cache_folder", "entry", "inlined", "kernel", "part", "spliced"]

_njit: Any = numba.njit
_config: Any = numba.config
Function = TypeVar("Function", bound=Callable[..., object])
_LOCATOR = "simgen.render.raycast.locator.BySources"


def _fingerprint() -> str:
    processor = _config.CPU_NAME or llvmlite.binding.get_host_cpu_name()
    digest = hashlib.sha256(f"{platform.python_version()} {numba.__version__} {processor}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _choose_folder() -> Path:
    name = f"raycast-{_fingerprint()}"
    places = []
    if os.environ.get("NUMBA_CACHE_DIR"):
        places.append(Path(os.environ["NUMBA_CACHE_DIR"]))
    places.append(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "simgen")
    for place in places:
        if _writable(place / name):
            return place / name
    # code is loaded from it, so nobody else may write there: a new one for every process, if need be
    return Path(tempfile.mkdtemp(prefix="simgen-")) / name


cache_folder = _choose_folder()


def kernel(function: Function) -> Function:
    """A function that other kernels call; its code ends up inside theirs."""
    compiled: Function = _njit(
        error_model="numpy", fastmath=False, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True
    )(function)
    return compiled


def inlined(function: Function) -> Function:
    """A small function whose code must stand in its caller's loop, so that the loop can run in parallel."""
    compiled: Function = _njit(
        error_model="numpy",
        fastmath=False,
        _nrt=False,
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
        forceinline=True,
    )(function)
    return compiled


def spliced(function: Function) -> Function:
    """A function that is compiled as a part of its only caller: what is called is compiled and optimised
    again in each caller, so one step less in the deepest chain saves a tenth of the compilation.
    """
    compiled: Function = _njit(
        error_model="numpy",
        fastmath=False,
        _nrt=False,
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
        inline="always",
    )(function)
    return compiled


def part(function: Function) -> Function:
    """A kernel whose code is kept on disk by itself, too, so that two processes can share the compilation (see
    `parts`). Its callers link what they find there, as if they had compiled it.
    """
    return _kept(function, no_cpython_wrapper=True)


def entry(function: Function) -> Function:
    """A kernel that Python calls: compiled for the types of its first call and kept on disk."""
    return _kept(function)


def _kept(function: Function, **options: bool) -> Function:
    settings = {"CACHE_DIR": str(cache_folder), "CACHE_LOCATOR_CLASSES": _LOCATOR}
    before = {name: getattr(_config, name, "") for name in settings}
    for name, value in settings.items():
        setattr(_config, name, value)  # read once, while the decorator runs
    try:
        compiled: Function = _njit(
            error_model="numpy", fastmath=False, _nrt=False, cache=True, no_cfunc_wrapper=True, **options
        )(function)
    finally:
        for name, value in before.items():
            setattr(_config, name, value)
    return compiled
