"""OpenGL without a window: PyBullet's EGL plug-in, loaded so that its failures become sentences.

The plug-in ends the whole process when there is no OpenGL, and prints to stdout, where a command's data goes.
So it is tried in a process of its own first, and what it prints is kept from stdout."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import importlib.util
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from simgen.errors import MissingDependencyError, RenderError

__all__ = ["gl_renderer", "start_opengl", "stop_opengl"]

_TRIAL = (
    "import importlib.util, pybullet\n"
    "client = pybullet.connect(pybullet.DIRECT)\n"
    "file = importlib.util.find_spec('eglRenderer').origin\n"
    "plugin = pybullet.loadPlugin(file, '_eglRendererPlugin', physicsClientId=client)\n"
    "gl = pybullet.ER_BULLET_HARDWARE_OPENGL\n"
    "pybullet.getCameraImage(8, 8, renderer=gl, physicsClientId=client)\n"
    "raise SystemExit(0 if plugin >= 0 else 3)\n"
)


_running: dict[int, Any] = {}  # clients that have been started, None once they are stopped


@functools.cache
def gl_renderer() -> str:
    """What draws here: OpenGL's GL_RENDERER, e.g. "NVIDIA H200/PCIe/SSE2" or "llvmpipe (LLVM 15.0.6, 256
    bits)".

    Raises RenderError when OpenGL cannot be used, MissingDependencyError when PyBullet lacks the plug-in.
    """
    if importlib.util.find_spec("eglRenderer") is None:
        raise MissingDependencyError(
            "The engine 'opengl' needs PyBullet's EGL plug-in, which its Linux wheels hold: "
            "use those, or `render: {engine: raycast}`."
        )
    trial = subprocess.run([sys.executable, "-c", _TRIAL], capture_output=True, text=True, check=False)
    found = re.search(r"^GL_RENDERER=(.*)$", trial.stdout, re.MULTILINE)
    if trial.returncode != 0 or found is None:
        lines = [line.strip() for line in (trial.stdout + trial.stderr).splitlines() if line.strip()]
        reason = next((line for line in reversed(lines) if "build time" not in line), "it gave no reason")
        raise RenderError(
            f"The engine 'opengl' found no OpenGL here ({reason}). It needs a GPU's driver or Mesa with EGL "
            "(Debian: apt-get install libegl1 libgl1-mesa-dri); `render: {engine: raycast}` needs neither."
        )
    return found.group(1).strip()


def start_opengl(pybullet: Any) -> int:
    """A new PyBullet client that draws with OpenGL. Warns when that is a program on the CPU, not a GPU."""
    renderer = gl_renderer()
    if not _running and re.search(r"llvmpipe|softpipe|swrast|swiftshader", renderer, re.IGNORECASE):
        warnings.warn(
            f"The engine 'opengl' draws on the CPU here ({renderer}): "
            "`engine: raycast` is faster and looks better.",
            RuntimeWarning,
            stacklevel=2,
        )
    spec = importlib.util.find_spec("eglRenderer")
    assert spec is not None
    with _silent_stdout():
        client: int = pybullet.connect(pybullet.DIRECT)
        plugin = pybullet.loadPlugin(spec.origin, "_eglRendererPlugin", physicsClientId=client)
        for _ in range(2 if plugin >= 0 else 0):  # the first two pictures print, too
            gl = pybullet.ER_BULLET_HARDWARE_OPENGL
            pybullet.getCameraImage(8, 8, renderer=gl, physicsClientId=client)
    if plugin < 0:
        raise RenderError("The engine 'opengl' could not load PyBullet's EGL plug-in in this process.")
    # what it has read from a file it would keep for ever
    pybullet.setPhysicsEngineParameter(enableFileCaching=0, physicsClientId=client)
    if not _running:
        atexit.register(_stop_all)
    _running[client] = pybullet
    return client


def stop_opengl(pybullet: Any, client: int) -> None:
    """Ends a client of `start_opengl`."""
    with _silent_stdout(), contextlib.suppress(pybullet.error):
        pybullet.disconnect(client)
    _running[client] = None


def _stop_all() -> None:
    for client, pybullet in list(_running.items()):
        if pybullet is not None:
            stop_opengl(pybullet, client)


@contextlib.contextmanager
def _silent_stdout() -> Iterator[None]:
    """Sends what C code prints to nowhere."""
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        ctypes.CDLL(None).fflush(None)  # what C code has printed so far is still in its buffer
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
