"""The cameras of a recipe: the scenario's own, changed where the recipe says so, and further ones beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from simgen.errors import Problem, RecipeError
from simgen.scene.spec import Camera, SceneSpec, Vector

if TYPE_CHECKING:
    from simgen.recipe.sections import MainCamera

__all__ = ["place_cameras"]


def place_cameras(scene: SceneSpec, views: Mapping[str, MainCamera]) -> SceneSpec:
    """The scene filmed by the cameras `views`, the main one first; each is placed relative to the scene's
    own.

    What is given for the main camera moves the others with it. Raises RecipeError when a camera is to
    follow a body that the scene does not have.
    """
    if not views:
        return scene
    main = _placed(scene.cameras[0], views.get("main"), "main", scene)
    others = (_placed(main, view, name, scene) for name, view in views.items() if name != "main")
    return replace(scene, cameras=(main, *others))


def _placed(base: Camera, view: MainCamera | None, name: str, scene: SceneSpec) -> Camera:
    if view is None:
        return replace(base, name=name)
    motion = base.motion if view.motion is None else view.motion
    follow = base.follow if view.follow is None else view.follow
    if motion == "follow" and follow not in {body.name for body in scene.bodies}:
        there = ", ".join(body.name for body in scene.bodies)
        raise RecipeError(
            [
                Problem(
                    "recipe", 0, f"cameras.{name}.follow", f"no body is named {follow!r}; there are {there}"
                )
            ]
        )
    closer = 1.0 if view.distance is None else view.distance
    position = _moved(base, view.azimuth_deg or 0.0, view.elevation_deg, closer)
    reach = math.dist(position, base.target_m)
    # What a perspective camera spans at the distance of its target is what an orthographic one spans everywhere.
    if view.vertical_fov_deg is not None:
        span = 2 * reach * math.tan(math.radians(view.vertical_fov_deg) / 2)
    elif base.projection == "perspective":
        span = 2 * reach * math.tan(math.radians(base.vertical_fov_deg) / 2)
    else:
        span = base.height_m * closer
    fov = base.vertical_fov_deg if view.vertical_fov_deg is None else view.vertical_fov_deg
    if base.projection == "orthographic" and view.vertical_fov_deg is None:
        fov = math.degrees(2 * math.atan(span / 2 / reach))
    return replace(
        base,
        name=name,
        position_m=position,
        projection=base.projection if view.projection is None else view.projection,
        vertical_fov_deg=fov,
        height_m=span,
        motion=motion,
        orbit_deg_s=base.orbit_deg_s if view.orbit_deg_s is None else view.orbit_deg_s,
        follow=follow,
        far_m=base.far_m * max(1.0, closer),
    )


def _moved(base: Camera, turn_deg: float, elevation_deg: float | None, closer: float) -> Vector:
    """Where the camera stands after a turn about the vertical through its target, and a new angle above it."""
    x, y, z = (eye - target for eye, target in zip(base.position_m, base.target_m, strict=True))
    level, distance = math.hypot(x, y), math.sqrt(x * x + y * y + z * z) * closer
    azimuth = (math.atan2(y, x) if level > 1e-9 else -math.pi / 2) + math.radians(turn_deg)
    elevation = math.atan2(z, level) if elevation_deg is None else math.radians(elevation_deg)
    out = distance * math.cos(elevation)
    moved = (out * math.cos(azimuth), out * math.sin(azimuth), distance * math.sin(elevation))
    tx, ty, tz = base.target_m
    return (tx + moved[0], ty + moved[1], tz + moved[2])
