"""Get the kernels compiled before they are needed, by filming a tiny scene once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simgen.physics.trace import Contacts, Trace
from simgen.render.raycast.clip import film_clip
from simgen.render.raycast.compile import cache_folder
from simgen.render.settings import RenderSettings
from simgen.scene.spec import Body, Camera, SceneSpec, Shape, Video

__all__ = ["compile_all"]


def compile_all(progress: Callable[[str], None] | None = None) -> None:
    """See `simgen.render.raycast.warm_up`."""
    done = cache_folder / "compiled"
    if progress is not None and not done.exists():
        progress("compiling the renderer, once")
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
    done.parent.mkdir(parents=True, exist_ok=True)
    done.touch()
