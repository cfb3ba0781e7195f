"""Further cameras of a clip, and changes to its main one, placed relative to the camera that the scenario has
set up.

    cameras: {main: {elevation_deg: 10}, side: {}, top: {projection: orthographic}, chase: {motion: follow,
    follow: ball}}

Every camera films the same simulation. A camera that is left empty stands where its name says
(`NAMED_VIEWS`)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from simgen.errors import Problem, RecipeError
from simgen.scene.spec import Camera, SceneSpec, Vector

__all__ = ["NAMED_VIEWS", "add_cameras", "placed", "placement"]

NAMED_VIEWS: dict[str, dict[str, float]] = {
    "front": {"azimuth_deg": 0.0, "elevation_deg": 3.0},
    "side": {"azimuth_deg": 90.0},
    "back": {"azimuth_deg": 180.0},
    "top": {"elevation_deg": 90.0},
}


def add_cameras(
    scene: SceneSpec, cameras: Mapping[str, Mapping[str, Any] | Iterable[tuple[str, Any]]]
) -> SceneSpec:
    """The scene with its main camera changed by `cameras["main"]` and the others added after it, in their
    order.

    A view may hold azimuth_deg (turned about the vertical through the target, from where the scenario's
    camera stands), elevation_deg (above the horizontal), distance (times the scenario's), vertical_fov_deg,
    projection, motion, orbit_deg_s, follow; what is missing or None is as the scenario has it. Raises
    RecipeError for a body to follow that the scene does not have."""
    views = {
        name: {key: value for key, value in dict(view).items() if value is not None}
        for name, view in cameras.items()
    }
    problems = []
    names = [body.name for body in scene.bodies]
    for name, view in views.items():
        follow = view.get("follow", "")
        if (follow or view.get("motion") == "follow") and follow not in names:
            words = f"there is no body '{follow}'" if follow else "`motion: follow` needs the name of a body"
            problems.append(
                Problem("recipe", 0, f"cameras.{name}.follow", f"{words}; the scene has {', '.join(names)}.")
            )
    if problems:
        raise RecipeError(problems)
    main = _seen_from(scene, "main", views.get("main", {}))
    others = tuple(
        _seen_from(scene, name, {**NAMED_VIEWS.get(name, {}), **view})
        for name, view in views.items()
        if name != "main"
    )
    kept = tuple(camera for camera in scene.cameras[1:] if camera.name not in views)
    return replace(scene, cameras=(main, *kept, *others))


def _seen_from(scene: SceneSpec, name: str, view: Mapping[str, Any]) -> Camera:
    """The scene's main camera as the view changes it."""
    base = scene.cameras[0]
    azimuth, elevation, distance = placement(base)
    moved = {"azimuth_deg", "elevation_deg", "distance"} & set(view)
    camera = replace(base, name=name)
    if moved:
        azimuth += view.get("azimuth_deg", 0.0)
        elevation = view.get("elevation_deg", elevation)
        factor = view.get("distance", 1.0)
        camera = placed(camera, azimuth, elevation, distance * factor)
        camera = replace(camera, height_m=round(camera.height_m * factor, 6))
    if "vertical_fov_deg" in view:
        camera = replace(camera, vertical_fov_deg=view["vertical_fov_deg"])
    if view.get("projection", camera.projection) != camera.projection:
        camera = replace(camera, projection=view["projection"])
        if camera.projection == "orthographic":  # keeps what the picture spans at the target
            span = 2 * math.dist(camera.position_m, camera.target_m)
            span *= math.tan(math.radians(camera.vertical_fov_deg) / 2)
            camera = replace(camera, height_m=round(span, 6))
    motion = _motion(view)
    if motion == "follow":  # the body in the middle of the picture, seen as the target would be
        body = scene.body(view["follow"])
        shift = [a - b for a, b in zip(body.position_m, camera.target_m, strict=True)]
        x, y, z = (round(a + b, 6) + 0.0 for a, b in zip(camera.position_m, shift, strict=True))
        camera = replace(camera, position_m=(x, y, z), target_m=body.position_m)
    if motion is not None:
        camera = replace(
            camera,
            motion=motion,
            orbit_deg_s=view.get("orbit_deg_s", 0.0) if motion == "orbit" else 0.0,
            follow=view.get("follow", "") if motion == "follow" else "",
        )
    return camera


def _motion(view: Mapping[str, Any]) -> Any:
    """static, orbit or follow; what a view with a speed or a body to follow means; None as the scenario has it."""
    named = view.get("motion")
    if named is None and "follow" in view:
        return "follow"
    return "orbit" if named is None and "orbit_deg_s" in view else named


def placement(camera: Camera) -> tuple[float, float, float]:
    """Where a camera stands around its target: azimuth (deg, x towards y), elevation (deg), distance (m)."""
    x, y, z = (a - b for a, b in zip(camera.position_m, camera.target_m, strict=True))
    distance = math.hypot(x, y, z)
    if (
        math.hypot(x, y) < 1e-9 * distance
    ):  # straight above or below: behind is where the picture's lower edge is
        azimuth = math.degrees(math.atan2(-camera.up[1], -camera.up[0]))
    else:
        azimuth = math.degrees(math.atan2(y, x))
    return azimuth, math.degrees(math.asin(z / distance)), distance


def placed(camera: Camera, azimuth_deg: float, elevation_deg: float, distance_m: float) -> Camera:
    """`camera` at that place around its target (see `placement`), upright; from straight above, with what was
    behind the target at the top of the picture. Positions are rounded to a micrometre: the last bit of the
    machine's mathematics library must not reach the scene."""
    azimuth, elevation = math.radians(azimuth_deg), math.radians(elevation_deg)
    level, up = (math.cos(azimuth), math.sin(azimuth)), (0.0, 0.0, 1.0)
    if abs(elevation_deg) > 89.0:
        sign = math.copysign(1.0, elevation_deg)
        up = (round(-sign * level[0], 6) + 0.0, round(-sign * level[1], 6) + 0.0, 0.0)
    offset = (
        distance_m * math.cos(elevation) * level[0],
        distance_m * math.cos(elevation) * level[1],
        distance_m * math.sin(elevation),
    )
    x, y, z = (round(a + b, 6) + 0.0 for a, b in zip(camera.target_m, offset, strict=True))
    position: Vector = (x, y, z)
    return replace(camera, position_m=position, up=up, far_m=max(camera.far_m, round(3 * distance_m, 3)))
