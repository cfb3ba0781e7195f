"""What the scenarios build their scenes from: a ground, solids of one size, a material, a camera that keeps an
area in the picture.

A camera placed here depends on the shape of the picture and on nothing else. If it depended on a parameter
that a study varies, the picture's scale would give that parameter away before anything moves.
"""

from __future__ import annotations

import math
from typing import Literal

from simgen.recipe.distributions import choice, constant
from simgen.recipe.draws import Draws
from simgen.scenarios.base import Parameter, Params
from simgen.scene.materials import MATERIALS, NO_MATERIAL
from simgen.scene.solids import HOOP_WALL, solid
from simgen.scene.spec import Body, Camera, Quaternion, Shape, Vector, Video

__all__ = [
    "GRAVITY",
    "HOOP_WALL",
    "MATERIAL",
    "area_camera",
    "direction_parameter",
    "gravity_parameter",
    "ground",
    "material",
    "material_parameter",
    "random_orientation",
    "solid",
]

GRAVITY = 9.81  # m/s², on Earth


def gravity_parameter(
    low: float = 1.6,
    high: float = 25,
    *,
    revealed: str = "acceleration",
    meaning: str = "strength of gravity",
) -> Parameter:
    """The strength of gravity: the Earth's, unless a recipe says otherwise."""
    default = constant(GRAVITY)
    return Parameter("gravity_m_s2", default, "m/s²", meaning, (low, high), "hidden", revealed)


def direction_parameter(meaning: str, role: Literal["causal", "nuisance"] = "nuisance") -> Parameter:
    """The side of the picture, left or right, to which or on which something is."""
    return Parameter("direction", choice("left", "right"), "", meaning, ("left", "right"), role)


def material_parameter(*names: str) -> Parameter:
    """The parameter `material` with these presets of `simgen.scene.materials` to choose from (all, if none are
    named): for a scenario in which some would leave the documented range of what they decide.

    A scenario that lists it puts `material=stage.material(params)` into the bodies it is about, and overrides
    `Scenario.solids` unless its one mass is that of `stage.solid(shape, radius_m)`.
    """
    return Parameter(
        "material",
        constant(NO_MATERIAL),
        "",
        "what it is made of; decides friction, elasticity and mass, unless the recipe does, and the look",
        (NO_MATERIAL, *(names or MATERIALS)),
        "causal",
    )


MATERIAL = material_parameter()


def material(params: Params) -> str:
    """What goes into `Body.material`: the drawn material, "" for none."""
    name = str(params["material"])
    return "" if name == NO_MATERIAL else name


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
