"""Get the kernels compiled before they are needed, by filming a tiny scene once."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FunctionType

import numpy as np

from simgen.physics.trace import Contacts, Trace
from simgen.render.raycast.clip import Studio, film_clip
from simgen.render.raycast.compile import cache_folder
from simgen.render.raycast.parts import Part, compile_parts, halves, second_process
from simgen.render.settings import RenderSettings
from simgen.scene.spec import Body, Camera, SceneSpec, Shape, Video

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

__all__ = ["compile_all", "compile_second_half", "parts_to_compile"]


def compile_all(progress: Callable[[str], None] | None = None) -> None:
    """See `simgen.render.raycast.warm_up`."""
    done = cache_folder / "compiled"
    if done.exists():
        _film_something()
        return
    with _one_at_a_time():
        if done.exists():
            _film_something()
            return
        if progress is not None:
            progress("compiling the renderer, once")
        _compile(_film_in_two_halves)
        done.touch()


def compile_second_half() -> None:
    """What the second of two processes does."""
    _compile(_compile_second_half)


def _film_in_two_halves() -> None:
    with second_process() as started:
        if started:
            compile_parts(parts_to_compile()[0])
    _film_something()


def _compile_second_half() -> None:
    compile_parts(parts_to_compile()[1])


def _compile(step: Callable[[], None]) -> None:
    """Run a step that compiles, without two things that took a quarter of the time.

    The compiler makes millions of objects that live until it is done, so looking for garbage is in vain. And from
    3.11 on CPython keeps the variables of functions in pieces of 16 KiB: where the compiler calls functions in a loop,
    deep down and by chance at the end of a piece, every call maps a new piece into memory and every return
    unmaps it. A caller that claims half a megabyte for itself makes the piece so large that all fits.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        FunctionType(_call.__code__.replace(co_stacksize=65_600), {})(step)
    finally:
        if collecting:
            gc.enable()


def _call(step: Callable[[], None]) -> None:
    step()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Of several processes that need the kernels at once, one compiles; the others wait and load what it
    made.
    """
    cache_folder.mkdir(parents=True, exist_ok=True)
    with (cache_folder / "lock").open("w") as file:
        if fcntl is not None:
            with suppress(OSError):  # a file system without locks: each compiles its own
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _film_something() -> None:
    scene, trace = _tiny_clip()
    film_clip(scene, trace, RenderSettings(), (), scene.cameras[0])


def parts_to_compile() -> tuple[list[Part], list[Part]]:
    """The parts of `film` for the tiny scene: the first process's half and the second's (see `parts`)."""
    scene, trace = _tiny_clip()
    studio = Studio(scene, trace, RenderSettings(), scene.cameras[0], (), every=True)
    return halves(*studio.arguments(True, studio.places, studio.cameras, studio.results(1)))


def _tiny_clip() -> tuple[SceneSpec, Trace]:
    body = Body("ball", Shape("sphere", (0.5,)), (0.0, 0.0, 0.5))
    scene = SceneSpec((body,), Video(8, 8, 24.0, 1), (Camera(),))
    none = np.zeros(0)
    contacts = Contacts(
        none.astype(np.int32),
        none,
        none.astype(np.int32),
        none.astype(np.int32),
        np.zeros((0, 3)),
        np.zeros((0, 3)),
        none,
    )
    state = np.zeros((1, 1, 13))
    state[0, 0, 2], state[0, 0, 6] = 0.5, 1.0
    return scene, Trace(np.zeros(1), state, contacts, 1 / 240)
