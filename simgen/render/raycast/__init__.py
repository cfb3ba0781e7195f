"""The ray caster, simgen's default renderer: pictures and exact labels from numba kernels, on any CPU,
without OpenGL.

See docs/rendering.md for the algorithm. Importing this package does not import numba; its functions do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simgen.physics.trace import Trace
from simgen.render.frames import Frames
from simgen.render.settings import RenderSettings
from simgen.scene.spec import Camera, SceneSpec

__all__ = ["Coverage", "coverage", "raycast", "warm_up"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """The part of `Frames` that every engine gives, whatever passes are asked for; shapes as there."""

    visible_pixels: NDArray[np.int32]  # (T, N)
    alone_pixels: NDArray[np.int32]  # (T, N)
    boxes: NDArray[np.float32]  # (T, N, 4)
    centroids: NDArray[np.float32]  # (T, N, 2)


def raycast(
    scene: SceneSpec,
    trace: Trace,
    settings: RenderSettings | None = None,
    passes: Sequence[str] = (),
    camera: Camera | None = None,
) -> Frames:
    """Film `trace` with `camera` (the scene's first by default). `passes` are names of `frames.PASSES`.

    Raises RenderError for a scene that cannot be drawn.
    """
    from simgen.render.raycast.clip import film_clip

    return film_clip(scene, trace, settings or RenderSettings(), tuple(passes), camera or scene.cameras[0])


def coverage(scene: SceneSpec, trace: Trace, camera: Camera | None = None) -> Coverage:
    """Visible and alone pixels, boxes and centroids of every body and frame, without painting a picture."""
    from simgen.render.raycast.clip import film_clip

    frames = film_clip(scene, trace, RenderSettings(), (), camera or scene.cameras[0], rgb=False)
    assert frames.visible_pixels is not None
    assert frames.alone_pixels is not None
    assert frames.boxes is not None
    assert frames.centroids is not None
    return Coverage(frames.visible_pixels, frames.alone_pixels, frames.boxes, frames.centroids)


def warm_up(progress: Callable[[str], None] | None = None) -> None:
    """Compile the kernels, or load them from the cache, so that worker processes find them ready.

    `progress` is called with one line of text, before the wait, if there is one (10 to 20 seconds
    on two cores, once per machine).
    """
    from simgen.render.raycast.warming import compile_all

    compile_all(progress)
