"""Scenes that need no physics: bodies where they are put, or moved along a given path."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.physics.trace import Contacts, Trace
from simgen.scene.rotation import about_axis
from simgen.scene.spec import Body, Camera, Environment, Light, Look, SceneSpec, Shape, Video

GROUND = Body(
    "ground",
    Shape("box", (20.0, 20.0, 1.0)),
    (0.0, 0.0, -0.5),
    fixed=True,
    role="ground",
    look=Look((0.85, 0.85, 0.83), texture="checker", texture_colour=(0.7, 0.7, 0.68), texture_size_m=0.5),
)
BALL = Body(
    "ball",
    Shape("sphere", (0.5,)),
    (0.0, 0.0, 0.5),
    look=Look((0.9, 0.2, 0.1), texture="checker", texture_colour=(1.0, 0.9, 0.8), texture_size_m=0.4),
)
EVERY_SHAPE = (
    GROUND,
    BALL,
    Body(
        "cylinder",
        Shape("cylinder", (0.3, 0.8)),
        (1.2, 0.1, 0.5),
        about_axis((0.3, 1.0, 0.2), 0.7),
        look=Look((0.1, 0.3, 0.9), texture="stripes", texture_colour=(0.8, 0.9, 1.0), texture_size_m=0.2),
    ),
    Body(
        "cone",
        Shape("cone", (0.4, 0.8)),
        (1.3, 1.5, 0.4),
        about_axis((1.0, 0.2, 0.0), 0.4),
        look=Look((0.1, 0.7, 0.3)),
    ),
    Body("capsule", Shape("capsule", (0.25, 0.5)), (-0.6, -1.0, 0.5), about_axis((0.0, 1.0, 0.4), 1.0)),
    Body("tube", Shape("tube", (0.5, 0.3, 0.08)), (-1.0, 1.5, 0.5), about_axis((1.0, 0.0, 0.0), math.pi / 2)),
    Body("box", Shape("box", (0.8, 0.6, 0.5)), (-1.3, 0.0, 0.4), about_axis((1.0, 2.0, 3.0), 0.6)),
    Body("torus", Shape("mesh", (0.8, 0.8, 0.8), "torus"), (0.3, 2.4, 0.5), about_axis((1.0, 0.3, 0.0), 1.1)),
)
CAMERA = Camera(position_m=(1.0, -4.5, 2.2), target_m=(0.0, 0.2, 0.4), vertical_fov_deg=42.0)
FLAT_CAMERA = Camera(
    position_m=(1.0, -4.5, 2.2), target_m=(0.0, 0.2, 0.4), projection="orthographic", height_m=4.0
)
LIGHT = Light(direction=(0.5, 0.6, -1.0))


def still_life(
    bodies: tuple[Body, ...],
    camera: Camera = CAMERA,
    *,
    path_m: NDArray[np.float64] | None = None,
    mover: str = "ball",
    size: tuple[int, int] = (160, 120),
    frames: int = 1,
    environment: Environment = Environment(),  # noqa: B008 - frozen
    lights: tuple[Light, ...] = (LIGHT,),
) -> tuple[SceneSpec, Trace]:
    """The scene and a trace in which nothing moves, or only `mover`, along `path_m` (T, 3)."""
    frames = frames if path_m is None else len(path_m)
    video = Video(*size, fps=24.0, frame_count=frames)
    scene = SceneSpec(bodies, video, (camera,), environment=environment, lights=lights)
    state = np.zeros((frames, len(bodies), 13))
    for index, body in enumerate(bodies):
        state[:, index, 0:3] = body.position_m
        state[:, index, 3:7] = body.orientation_xyzw
    if path_m is not None:
        state[:, scene.body_index(mover), 0:3] = path_m
    none = np.zeros(0)
    index0 = none.astype(np.int32)
    contacts = Contacts(index0, none, index0, index0, np.zeros((0, 3)), np.zeros((0, 3)), none)
    return scene, Trace(np.arange(frames) / 24.0, state, contacts, 1 / 240)


def away_from_edges(labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Pixels of (H, W) whose eight neighbours all carry the same label."""
    inside = np.ones(labels.shape, dtype=bool)
    padded = np.pad(labels, 1, mode="edge")
    height, width = labels.shape
    for row in range(3):
        for column in range(3):
            inside &= padded[row : row + height, column : column + width] == labels
    return inside


def sight(
    scene: SceneSpec, trace: Trace, camera: Camera
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Of the first frame: where the line of sight of every pixel centre starts (H, W, 3), its unit direction
    (H, W, 3) and the camera's axis (3,), all in the world. Written from the definition of the camera, not
    with the code under test.
    """
    eye, target = np.asarray(camera.position_m), np.asarray(camera.target_m)
    axis = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(axis, camera.up)
    right /= np.linalg.norm(right)
    down = np.cross(axis, right)
    height, width = scene.video.height, scene.video.width
    u = (np.arange(width) + 0.5 - width / 2)[None, :, None]
    v = (np.arange(height) + 0.5 - height / 2)[:, None, None]
    if camera.projection == "perspective":
        focal = height / 2 / math.tan(math.radians(camera.vertical_fov_deg) / 2)
        way = axis + (u * right + v * down) / focal
        return np.broadcast_to(eye, way.shape), way / np.linalg.norm(way, axis=-1, keepdims=True), axis
    start = eye + (u * right + v * down) * camera.height_m / height
    return start, np.broadcast_to(axis, start.shape), axis


def sphere_depth(
    start: NDArray[np.float64], way: NDArray[np.float64], axis: NDArray[np.float64], body: Body
) -> NDArray[np.float64]:
    """Depth along the axis of the first point of a ball on each line of sight, NaN where it passes by."""
    to_centre = np.asarray(body.position_m) - start
    along = (to_centre * way).sum(axis=-1)
    square = body.shape.size_m[0] ** 2 - (to_centre**2).sum(axis=-1) + along**2
    with np.errstate(invalid="ignore"):
        return (along - np.sqrt(square)) * (way @ axis)


def ground_depth(
    start: NDArray[np.float64], way: NDArray[np.float64], axis: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Depth along the axis of the plane z = 0, NaN where a line of sight does not come down."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(way[..., 2] < 0, -start[..., 2] / way[..., 2], np.nan) * (way @ axis)
