"""The flat world of PhyWorld, which its three scenarios have in common: a picture of 10 m by 10 m, seen from the side.

B. Kang et al., "How Far is Video Generation from World Model: A Physical Law Perspective" (arXiv:2411.02385), appendix
A.4, and the code that they released. There x goes to the right and y up from the lower left corner of the picture; here
these are x and z, and the camera's lines of sight are parallel to y, so that a ball is seen as a disc and a cube as
a square. Nothing but the bodies is there: no floor, no walls. One frame of theirs is 0.1 s.

Bodies have the mass of a plate of 1 kg per square metre as in their two-dimensional engine, not of a ball: it grows
with the square of the radius, which is what decides how two of them part.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simgen.labels import words
from simgen.labels.events import Event
from simgen.recipe.distributions import constant, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import LawCheck, Parameter
from simgen.scenarios.stage import solid
from simgen.scene.spec import Body, Camera, Look, Vector, Video

__all__ = [
    "DIRECTION",
    "FRAME_S",
    "HEIGHT",
    "LARGEST_M",
    "MARGIN_M",
    "RADIUS",
    "SHAPE",
    "SMALLEST_M",
    "START",
    "WORLD_M",
    "ball",
    "camera",
    "fate",
    "path_check",
    "start_x_m",
]

WORLD_M = 10.0  # what the picture spans, and where bodies start whole
FRAME_S = 0.1  # of the protocol, which counts in frames, whatever the video's own rate is
VISIBLE_FRAMES = 24  # for so many a ball is to stay whole in the picture
LEAST_ROOM_M = 0.5  # where a ball is too fast for that, it starts less than this from the edge
MARGIN_M = 0.5  # above and below, between a ball and the edge of the picture
DENSITY_KG_M2 = 1.0
SMALLEST_M, LARGEST_M = 0.3, 2.0  # radii of all their levels

RADIUS = Parameter(
    "radius_m",
    uniform(0.7, 1.5),
    "m",
    "radius of the ball, half the edge of the cube",
    (SMALLEST_M, LARGEST_M),
    "nuisance",
)
SHAPE = Parameter(
    "shape",
    constant("sphere"),
    "",
    "a ball is seen as a disc, a cube (box) as a square",
    ("sphere", "box"),
    "nuisance",
)

START = Parameter(
    "start_share",
    uniform(0, 1),
    "1",
    "where it starts: 0 at the edge of the picture, 1 as far in as leaves it 24 frames of 0.1 s before it goes out",
    (0, 1),
    "nuisance",
)
HEIGHT = Parameter(
    "height_share",
    uniform(0, 1),
    "1",
    "how high it starts: 0 lowest, 1 highest of what is allowed",
    (0, 1),
    "nuisance",
)
DIRECTION = Parameter(
    "direction",
    constant("right"),
    "",
    "the side of the picture to which it moves; left is the mirror image",
    ("left", "right"),
    "nuisance",
)


def camera(video: Video) -> Camera:
    """Parallel lines of sight; the picture's shorter side spans the world, which is in its middle."""
    middle = WORLD_M / 2
    return Camera(
        position_m=(middle, -20.0, middle),
        target_m=(middle, 0.0, middle),
        projection="orthographic",
        height_m=WORLD_M * max(1.0, video.height / video.width),
    )


def ball(
    name: str,
    radius_m: float,
    x_m: float,
    z_m: float,
    velocity_m_s: Vector,
    shape: str = "sphere",
    look: Look | None = None,
) -> Body:
    """A ball, or a cube of half that edge, that meets others without friction and without loss."""
    area_m2 = math.pi * radius_m**2 if shape == "sphere" else (2 * radius_m) ** 2
    return Body(
        name=name,
        shape=solid(shape, radius_m),
        position_m=(x_m, 0.0, z_m),
        velocity_m_s=velocity_m_s,
        mass_kg=DENSITY_KG_M2 * area_m2,
        friction=0.0,
        elasticity=1.0,
        look=look,
    )


def start_x_m(radius_m: float, speed_m_s: float, share: float, room: float) -> float:
    """Where a ball that moves to the right starts, metres from the left edge.

    Anywhere from where it is just whole in the picture to where it is so for 24 frames yet, by `share` in [0, 1]. One
    that is too large and fast for that starts near the edge, within a stretch of `room` in [0, 1] times half a metre
    (one_ball_uniform_motion.py of the released code).
    """
    furthest_m = WORLD_M - radius_m - VISIBLE_FRAMES * FRAME_S * speed_m_s
    stretch_m = furthest_m - radius_m if furthest_m >= radius_m else LEAST_ROOM_M * room
    return radius_m + stretch_m * share


def path_check(name: str, predicted_m: NDArray[np.float64], measured_m: NDArray[np.float64]) -> LawCheck:
    """How far a ball ever is from its path, both (T, 3), as a part of the world; the values are metres from its start."""
    off_m = np.linalg.norm(measured_m - predicted_m, axis=1)
    worst = int(np.argmax(off_m))
    way_m = [float(np.linalg.norm(path[worst] - predicted_m[0])) for path in (predicted_m, measured_m)]
    return LawCheck(name, *way_m, float(off_m[worst]) / WORLD_M)


def fate(events: Sequence[Event], body: int, draws: Draws) -> str:
    """What became of a ball: "leaves the picture on the right after 2.40 s", or that it is still there."""
    seen = [event for event in words.until_gone(events, body) if body in event.bodies]
    return words.join(words.last_clauses(seen)) or draws.choice(
        "seen",
        ("is still in the picture when the video ends", "has not left the picture when the video ends"),
    )
