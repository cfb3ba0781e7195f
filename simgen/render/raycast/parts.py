"""The parts of `film` that take longest to compile, so that two processes can share them.

numba compiles on one core, and a kernel only when a caller needs it. But a kernel that is kept on disk is not
compiled again: its caller links what is there. So before `film` is compiled, a second process compiles half
of its parts while this one compiles the other half. Whatever goes wrong with the second process, `film`
compiles what it does not find.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from simgen.render.raycast.compile import cache_folder
from simgen.render.raycast.film import Results, Room
from simgen.render.raycast.flow import trace_flow
from simgen.render.raycast.frame import Canvas, restore
from simgen.render.raycast.light import paint
from simgen.render.raycast.rays import cast, locate
from simgen.render.raycast.reach import find_affected, find_candidates, find_casters

__all__ = ["compile_parts", "halves", "second_process"]

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Part = tuple[Callable[..., None], tuple[object, ...]]  # a kernel and what `film` calls it with
# what the second process runs; its modules come from where ours do
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from simgen.render.raycast.warming import compile_second_half; compile_second_half()"
)


def halves(
    every: bool,
    places: Floats,
    cameras: Floats,
    solids: Floats,
    nodes: Floats,
    corners: Floats,
    lights: Floats,
    world: Floats,
    table: Bytes,
    canvas: Canvas,
    base: Canvas,
    results: Results,
    room: Room,
) -> tuple[list[Part], list[Part]]:
    """For the arguments of a call of `film`: the parts that this process compiles and those that the second does,
    which take about as long.
    """
    label, depth, _, _, _, bounds, _, _, _ = canvas
    flow, occluded = results[4], results[5]
    ahead, track, mark, lists, box, dirty, chosen, row_of, balls, _ = room
    first: list[Part] = [
        (locate, (0, track, mark, solids, corners, world, lists, box)),
        (
            trace_flow,
            (0, every, row_of, label, depth, solids, ahead, nodes, corners, world, flow, occluded),
        ),
        (cast, (0, track, mark, solids, nodes, corners, world, lists, 0)),
        (find_affected, (solids, 0, lights, world, bounds, chosen, dirty)),
        (find_casters, (0, mark, solids, lights, world, box, lists)),
    ]
    second: list[Part] = [
        (paint, (0, track, mark, solids, nodes, corners, lights, world, lists)),
        (find_candidates, (solids, 0, lights, world, balls, chosen)),
        (restore, (chosen, canvas, base, 0, 0)),
    ]
    return first, second


def compile_parts(half: list[Part]) -> None:
    """Compile the kernels for the types of their arguments, or load what another process has compiled."""
    type_of: Any = numba.typeof
    for kernel, arguments in half:
        dispatcher: Any = kernel
        dispatcher.compile(tuple(type_of(argument) for argument in arguments))


@contextmanager
def second_process() -> Iterator[bool]:
    """Another process compiles the second half meanwhile, if there is a core for it: whether there is. Leaving
    waits for it.
    """
    if _cores() < 2 or not sys.executable or getattr(sys, "frozen", False):  # frozen: that is no Python
        yield False
        return
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", _START, json.dumps([str(place) for place in sys.path])],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "NUMBA_CACHE_DIR": str(cache_folder.parent)},
        )
    except OSError:  # no room for another process
        yield False
        return
    with process:
        try:
            yield True
        except BaseException:
            process.kill()
            raise


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
