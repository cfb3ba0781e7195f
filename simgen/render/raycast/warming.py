"""Get the kernels compiled before they are needed, by filming a tiny scene once."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import numpy as np

from simgen.physics.trace import Contacts, Trace
from simgen.render.raycast.clip import film_clip
from simgen.render.raycast.compile import cache_folder
from simgen.render.settings import RenderSettings
from simgen.scene.spec import Body, Camera, SceneSpec, Shape, Video

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

__all__ = ["compile_all"]


def compile_all(progress: Callable[[str], None] | None = None) -> None:
    """See `simgen.render.raycast.warm_up`."""
    done = cache_folder / "compiled"
    if done.exists():
        _film_something()
        return
    with _one_at_a_time(), _without_collections():
        if progress is not None and not done.exists():
            progress("compiling the renderer, once")
        _film_something()
        done.touch()


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


@contextmanager
def _without_collections() -> Iterator[None]:
    """The compiler makes millions of objects that live until it is done: looking for garbage takes a tenth of
    the time.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _film_something() -> None:
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
    film_clip(scene, Trace(np.zeros(1), state, contacts, 1 / 240), RenderSettings(), (), scene.cameras[0])
