"""Small scenes that the physics tests build on."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from simgen.scene.rotation import about_axis, multiply, rotate
from simgen.scene.spec import Body, Camera, Quaternion, SceneSpec, Shape, Vector, Video

G = 9.81
CAMERAS = (Camera(),)
GROUND = Body("ground", Shape("box", (40.0, 40.0, 1.0)), (0.0, 0.0, -0.5), fixed=True, role="ground")
UPRIGHT: Quaternion = (0.0, 0.0, 0.0, 1.0)
AXIS_ALONG_Y: Quaternion = about_axis(
    (1.0, 0.0, 0.0), math.pi / 2
)  # lays a cylinder down so that it rolls along x


def scene(*bodies: Body, fps: float = 24.0, seconds: float = 2.0, **others: Any) -> SceneSpec:
    video = Video(width=64, height=64, fps=fps, frame_count=round(fps * seconds) + 1)
    return SceneSpec(bodies=bodies, video=video, cameras=CAMERAS, **others)


def vector(values: np.ndarray) -> Vector:
    x, y, z = (float(value) for value in values)
    return (x, y, z)


def ball(name: str = "ball", radius: float = 0.1, height: float = 0.0, **others: Any) -> Body:
    """A ball whose lowest point is at `height`, above the origin unless told otherwise."""
    place = {"position_m": (0.0, 0.0, height + radius)} | others
    return Body(name, Shape("sphere", (radius,)), **place)


def on_slope(angle_deg: float, body: Body, gap_m: float) -> tuple[Body, Body, np.ndarray]:
    """A ramp that falls towards +x, `body` on it with its centre `gap_m` above it, and the direction
    downhill (3,).

    The body keeps its own orientation turned with the ramp.
    """
    turn = about_axis((0.0, 1.0, 0.0), math.radians(angle_deg))
    normal, downhill = np.array(rotate(turn, (0.0, 0.0, 1.0))), np.array(rotate(turn, (1.0, 0.0, 0.0)))
    ramp = Body("ramp", Shape("box", (40.0, 4.0, 1.0)), vector(-0.5 * normal), turn, fixed=True)
    placed = replace(
        body, position_m=vector(normal * gap_m), orientation_xyzw=multiply(turn, body.orientation_xyzw)
    )
    return ramp, placed, downhill
