"""Where bodies are in a camera's picture: projected centres, visible fractions, leaving and entering it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simgen.labels.events import SIDES
from simgen.labels.touches import Found
from simgen.physics.trace import Trace
from simgen.render.frames import Frames
from simgen.scene.camera import intrinsics, project, world_to_camera
from simgen.scene.nets import nets
from simgen.scene.presence import is_drawn
from simgen.scene.spec import Camera, SceneSpec

__all__ = ["PictureLabels", "between", "events", "picture_labels", "projected_centres", "visible_fraction"]

BISECTIONS = 40  # halvings of the time between two frames: to 1e-14 s


@dataclass(frozen=True, slots=True)
class PictureLabels:
    """Where every body is in one camera's picture. T frames, N bodies."""

    visible: NDArray[np.float32]  # (T, N) seen pixels over pixels of the body alone in the picture
    boxes: NDArray[np.float32]  # (T, N, 4) x0 y0 x1 y1 of the visible pixels, 0 when none
    centroids: NDArray[np.float32]  # (T, N, 2) mean pixel centre of the visible pixels, 0 when none
    projected_px: NDArray[np.float32]  # (T, N, 2) projected centre of mass; NaN behind the camera
    intrinsics: NDArray[np.float64]  # (3, 3)
    world_to_camera: NDArray[np.float64]  # (1, 4, 4) when the camera stands still, else (T, 4, 4)
    projection: str


def picture_labels(scene: SceneSpec, trace: Trace, camera: Camera, frames: Frames) -> PictureLabels:
    """The labels of `camera`, whose pictures of the trace are `frames`."""
    if frames.boxes is None or frames.centroids is None:
        raise ValueError("the renderer gave no boxes or centroids")
    return PictureLabels(
        visible=visible_fraction(frames),
        boxes=frames.boxes,
        centroids=frames.centroids,
        projected_px=projected_centres(scene, trace, camera),
        intrinsics=intrinsics(camera, scene.video),
        world_to_camera=world_to_camera(camera, scene, trace),
        projection=camera.projection,
    )


def visible_fraction(frames: Frames) -> NDArray[np.float32]:
    """(T, N) visible pixels over those of the body alone in the picture; 0 where it has none even alone."""
    if frames.visible_pixels is None or frames.alone_pixels is None:
        raise ValueError("the renderer counted no pixels")
    alone = frames.alone_pixels.astype(np.float64)
    return np.where(alone > 0, frames.visible_pixels / np.maximum(alone, 1.0), 0.0).astype(np.float32)


def projected_centres(scene: SceneSpec, trace: Trace, camera: Camera) -> NDArray[np.float32]:
    """(T, N, 2) pixels of every body's centre of mass; NaN where it is behind the camera."""
    pixels, depth = project(
        trace.position_m,
        intrinsics(camera, scene.video),
        world_to_camera(camera, scene, trace),
        camera.projection,
    )
    return np.where(depth[..., None] > 0, pixels, np.nan).astype(np.float32)


def events(scene: SceneSpec, trace: Trace) -> Iterator[Found]:
    """`leaves_frame` and `enters_frame` of every visible body that can move, in the main camera's picture.

    The bodies of a net are parts of one thing and do not count.

    Between two frames the body's centre moves on the cubic that has its positions and velocities at both
    (exact under a constant force); the time of the crossing is found on it by halving.
    """
    camera = scene.cameras[0]
    held = nets(scene)
    movers = [
        index
        for index, body in enumerate(scene.bodies)
        if is_drawn(body) and not body.fixed and index not in held
    ]
    width, height = scene.video.width, scene.video.height
    matrix = intrinsics(camera, scene.video)
    pixels, depth = project(
        trace.position_m, matrix, world_to_camera(camera, scene, trace), camera.projection
    )
    inside = _inside(pixels, depth, width, height)
    for body in movers:
        for frame in np.flatnonzero(inside[1:, body] != inside[:-1, body]):
            was_inside = bool(inside[frame, body])
            low, high = float(trace.time_s[frame]), float(trace.time_s[frame + 1])
            for _ in range(BISECTIONS):
                middle = (low + high) / 2
                seen = _at(scene, trace, camera, matrix, body, int(frame), middle)
                if bool(_inside(*seen, width, height)) == was_inside:
                    low = middle
                else:
                    high = middle
            outside, _ = _at(scene, trace, camera, matrix, body, int(frame), high if was_inside else low)
            kind = "leaves_frame" if was_inside else "enters_frame"
            yield kind, high, (body,), float(_side(outside, width, height))


def _inside(
    pixels: NDArray[np.float64], depth: NDArray[np.float64], width: int, height: int
) -> NDArray[np.bool_]:
    x, y = pixels[..., 0], pixels[..., 1]
    inside: NDArray[np.bool_] = (depth > 0) & (x >= 0) & (x < width) & (y >= 0) & (y < height)
    return inside


def _side(pixel: NDArray[np.float64], width: int, height: int) -> int:
    """The side across which a point just outside lies: the one it is furthest beyond."""
    beyond = (-pixel[0], pixel[0] - width, -pixel[1], pixel[1] - height)
    return int(np.argmax(beyond)) % len(SIDES)


def _at(
    scene: SceneSpec,
    trace: Trace,
    camera: Camera,
    matrix: NDArray[np.float64],
    body: int,
    frame: int,
    time_s: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pixel (2,) and depth of a body's centre at a time between `frame` and the next one."""
    instant = trace.state[:1].repeat(2, axis=0)
    shown = [body] if camera.motion != "follow" else [body, scene.body_index(camera.follow)]
    for index in shown:
        instant[1, index, :3] = between(trace, index, frame, time_s)
    moment = Trace(np.array([trace.time_s[0], time_s]), instant, trace.contacts, trace.step_s)
    pose = world_to_camera(camera, scene, moment)[-1:]
    pixels, depth = project(instant[1:, body : body + 1, :3], matrix, pose, camera.projection)
    return pixels[0, 0], depth[0, 0]


def between(trace: Trace, body: int, frame: int, time_s: float) -> NDArray[np.float64]:
    """Position on the cubic Hermite curve through two frames' positions and velocities."""
    lapse = float(trace.time_s[frame + 1] - trace.time_s[frame])
    s = (time_s - float(trace.time_s[frame])) / lapse
    start, end = trace.position_m[frame, body], trace.position_m[frame + 1, body]
    speed, arrival = trace.velocity_m_s[frame, body] * lapse, trace.velocity_m_s[frame + 1, body] * lapse
    curve: NDArray[np.float64] = (
        (2 * s**3 - 3 * s**2 + 1) * start
        + (s**3 - 2 * s**2 + s) * speed
        + (3 * s**2 - 2 * s**3) * end
        + (s**3 - s**2) * arrival
    )
    return curve
