"""What the scenarios build their scenes from: a ground, solids of one size, a camera that keeps an area in
the picture.

A camera placed here depends on the shape of the picture and on nothing else. If it depended on a parameter
that a study varies, the picture's scale would give that parameter away before anything moves.
"""

from __future__ import annotations

import math
from typing import Literal

from simgen.recipe.draws import Draws
from simgen.scene.spec import Body, Camera, Quaternion, Shape, Vector, Video

__all__ = ["GRAVITY", "HOOP_WALL", "area_camera", "ground", "random_orientation", "solid"]

GRAVITY = 9.81  # m/s², on Earth
HOOP_WALL = 0.15  # thickness of a hoop's wall as a part of its outer radius

SolidKind = Literal["sphere", "cylinder", "hoop", "box"]


def solid(kind: str, radius_m: float) -> Shape:
    """A solid that fits a square of 2 × radius_m: a ball, a cylinder, a hoop, or a cube of that edge."""
    if kind == "sphere":
        return Shape("sphere", (radius_m,))
    if kind == "cylinder":
        return Shape("cylinder", (radius_m, 1.6 * radius_m))
    if kind == "hoop":
        return Shape("tube", (radius_m, 0.8 * radius_m, HOOP_WALL * radius_m))
    if kind == "box":
        return Shape("box", (2 * radius_m, 2 * radius_m, 2 * radius_m))
    raise KeyError(kind)


def ground(elasticity: float = 1.0, friction: float = 1.0) -> Body:
    """A floor whose top is z = 0. A big box, not a plane: a plane gives a box one contact point per step."""
    return Body(
        name="ground",
        shape=Shape("box", (60.0, 60.0, 1.0)),
        position_m=(0.0, 0.0, -0.5),
        mass_kg=0.0,
        friction=friction,
        elasticity=elasticity,
        fixed=True,
        role="ground",
    )


def random_orientation(draws: Draws, name: str) -> Quaternion:
    """A uniformly random orientation (Shoemake, Graphics Gems III: uniform random rotations)."""
    u, v, w = draws(f"{name}.a"), math.tau * draws(f"{name}.b"), math.tau * draws(f"{name}.c")
    low, high = math.sqrt(1 - u), math.sqrt(u)
    return (low * math.sin(v), low * math.cos(v), high * math.sin(w), high * math.cos(w))


def area_camera(
    video: Video,
    target_m: Vector,
    extent_m: float,
    elevation_deg: float,
    azimuth_deg: float = 0.0,
    vertical_fov_deg: float = 30.0,
) -> Camera:
    """The camera in whose picture the shorter side spans `extent_m` metres at the depth of `target_m`.

    It looks along +y for azimuth 0, from further right for a positive azimuth, from above by `elevation_deg`.
    """
    height_m = extent_m * max(1.0, video.height / video.width)
    distance = height_m / 2 / math.tan(math.radians(vertical_fov_deg) / 2)
    elevation, azimuth = math.radians(elevation_deg), math.radians(azimuth_deg)
    x, y, z = target_m
    position = (
        x + distance * math.cos(elevation) * math.sin(azimuth),
        y - distance * math.cos(elevation) * math.cos(azimuth),
        z + distance * math.sin(elevation),
    )
    return Camera(position_m=position, target_m=target_m, vertical_fov_deg=vertical_fov_deg)
