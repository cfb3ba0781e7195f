"""Small scenes for the renderer's tests, and what numpy knows about their rays without the code under test."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from simgen.physics.trace import Contacts, Trace
from simgen.scene.camera import intrinsics, world_to_camera
from simgen.scene.spec import Body, Camera, Environment, Light, Look, SceneSpec, Shape, Video

Array = NDArray[np.float64]
GREY = Look(colour=(0.6, 0.6, 0.6))
FLAT = Environment(unlit=True, horizon=(0.0, 0.0, 0.0), zenith=(0.0, 0.0, 0.0))


def still(scene: SceneSpec, frames: int = 1) -> Trace:
    """Nothing moves."""
    return moving(scene, frames, lambda frame, body: (body.position_m, body.orientation_xyzw))


def moving(
    scene: SceneSpec, frames: int, pose: Callable[[int, Body], tuple[Sequence[float], Sequence[float]]]
) -> Trace:
    """`pose(frame, body)` gives every body's position and orientation."""
    state = np.zeros((frames, len(scene.bodies), 13))
    for frame in range(frames):
        for index, body in enumerate(scene.bodies):
            state[frame, index, 0:3], state[frame, index, 3:7] = pose(frame, body)
    none, whole = np.zeros(0), np.zeros(0, np.int32)
    contacts = Contacts(whole, none, whole, whole, np.zeros((0, 3)), np.zeros((0, 3)), none)
    return Trace(np.arange(frames) / scene.video.fps, state, contacts, 1 / 240)


def stage(
    *bodies: Body,
    size: tuple[int, int] = (96, 80),
    camera: Camera | None = None,
    lights: tuple[Light, ...] = (Light(),),
    environment: Environment | None = None,
) -> SceneSpec:
    camera = camera or Camera(position_m=(0.3, -3.0, 1.2), target_m=(0.0, 0.0, 0.3))
    return SceneSpec(
        bodies, Video(*size, 24.0, 1), (camera,), lights=lights, environment=environment or Environment()
    )


def body(name: str, kind: str, size: Sequence[float], position: Sequence[float], **rest: object) -> Body:
    rest.setdefault("look", GREY)
    return Body(name, Shape(kind, tuple(size)), tuple(position), **rest)  # type: ignore[arg-type]


def pixel_rays(scene: SceneSpec, trace: Trace, frame: int = 0, supersample: int = 1) -> tuple[Array, Array]:
    """Origins and directions (H·s, W·s, 3) of the rays through pixel centres, one metre long along the camera
    axis.
    """
    camera, width, height = scene.cameras[0], scene.video.width, scene.video.height
    poses = world_to_camera(camera, scene, trace)
    pose = poses[min(frame, len(poses) - 1)]
    k = intrinsics(camera, scene.video)
    v, u = np.meshgrid(
        (np.arange(height * supersample) + 0.5) / supersample,
        (np.arange(width * supersample) + 0.5) / supersample,
        indexing="ij",
    )
    x, y = (u - k[0, 2]) / k[0, 0], (v - k[1, 2]) / k[1, 1]
    zero, one = np.zeros_like(x), np.ones_like(x)
    if camera.projection == "perspective":
        origin, direction = np.stack([zero, zero, zero], -1), np.stack([x, y, one], -1)
    else:
        origin, direction = np.stack([x, y, zero], -1), np.stack([zero, zero, one], -1)
    return (origin - pose[:3, 3]) @ pose[:3, :3], direction @ pose[:3, :3]


def near_edges(labels: NDArray[np.uint8], distance: int = 1) -> NDArray[np.bool_]:
    """Pixels with another label within `distance` pixels."""
    padded = np.pad(labels, distance, mode="edge")
    result = np.zeros(labels.shape, bool)
    for dy in range(2 * distance + 1):
        for dx in range(2 * distance + 1):
            result |= padded[dy : dy + labels.shape[0], dx : dx + labels.shape[1]] != labels
    return result
