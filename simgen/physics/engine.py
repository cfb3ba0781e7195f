"""The physics engine as a process sees it: imported without noise, one client, emptied before every scene.

PyBullet writes its build date to stderr when it is imported and needs a client to talk to. Both are
process-wide, so both live here. A client is not safe to share between threads or to inherit through a fork,
hence one per process and thread. `empty` leaves nothing of an earlier scene behind except what PyBullet's
reset forgets (the step, the number of substeps, the contact breaking threshold), which
`simgen.physics.profiles.apply` sets for every scene.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any

from simgen.errors import MissingDependencyError

__all__ = ["empty", "load_pybullet"]

_clients = threading.local()


def load_pybullet() -> Any:
    """The module `pybullet`, imported in silence. Raises MissingDependencyError when it cannot be."""
    if sys.modules.get("pybullet") is not None:
        return sys.modules["pybullet"]
    try:
        with _silence():
            return importlib.import_module("pybullet")
    except ImportError as error:
        version = ".".join(map(str, sys.version_info[:2]))
        if sys.version_info >= (3, 12):
            remedy = (
                f"it has no wheel for Python {version}: simulate with Python 3.10 or 3.11 "
                "(datasets are read on any Python)"
            )
        else:
            remedy = "install it with `pip install 'pybullet>=3.2.7'`"
        raise MissingDependencyError(
            f"simulating needs the package pybullet, which cannot be imported ({error}); {remedy}"
        ) from error


def empty() -> tuple[Any, int]:
    """PyBullet and the id of this process's client, with nothing in it."""
    bullet = load_pybullet()
    known: tuple[int, int] | None = getattr(_clients, "client", None)
    if known is None or known[0] != os.getpid() or not bullet.isConnected(known[1]):
        known = (os.getpid(), bullet.connect(bullet.DIRECT))
        _clients.client = known
    client = known[1]
    bullet.resetSimulation(physicsClientId=client)
    return bullet, client


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Everything written to stderr's file descriptor, by C code too, goes nowhere."""
    try:
        kept = os.dup(2)
    except OSError:  # closed: nothing to silence
        yield
        return
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        sys.stderr.flush()
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(sink)
        os.close(kept)
