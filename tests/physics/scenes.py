"""Small scenes that the physics tests build on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from simgen.scene.rotation import about_axis, rotate
from simgen.scene.spec import Body, Camera, SceneSpec, Shape, Vector, Video

G = 9.81
CAMERAS = (Camera(),)
GROUND = Body("ground", Shape("box", (40.0, 40.0, 1.0)), (0.0, 0.0, -0.5), fixed=True, role="ground")


def scene(*bodies: Body, fps: float = 24.0, seconds: float = 2.0, **others: Any) -> SceneSpec:
    video = Video(width=64, height=64, fps=fps, frame_count=round(fps * seconds) + 1)
    return SceneSpec(bodies=bodies, video=video, cameras=CAMERAS, **others)


def on_slope(angle_deg: float, body: Body, gap_m: float, length_m: float = 12.0) -> tuple[Body, Body, Vector]:
    """A ramp that falls towards +x, `body` on it with its centre `gap_m` above the surface, and the
    downhill direction.

    The body keeps its own orientation turned with the ramp.
    """
    angle = math.radians(angle_deg)
    turn = about_axis((0.0, 1.0, 0.0), angle)
    normal = np.array(rotate(turn, (0.0, 0.0, 1.0)))
    downhill = rotate(turn, (1.0, 0.0, 0.0))
    centre = -0.5 * normal
    ramp = Body("ramp", Shape("box", (length_m * 2, 4.0, 1.0)), tuple(centre.tolist()), turn, fixed=True)
    from dataclasses import replace

    from simgen.scene.rotation import multiply

    placed = replace(
        body,
        position_m=tuple((normal * gap_m).tolist()),
        orientation_xyzw=multiply(turn, body.orientation_xyzw),
    )
    return ramp, placed, downhill
