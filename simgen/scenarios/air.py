"""Any scenario in moving air: a recipe that sets `wind_m_s` or `air_density_kg_m3` under `params` gets it.

    params: {wind_m_s: {uniform: [2, 8]}, wind_deg: 180}

Every body that is free to move feels the drag ½ ρ c A |u| u of the air (Halliday, Resnick, Walker, Fundamentals of
Physics, 10th ed., ch. 6), u being its velocity through it. c is the drag coefficient of its shape (Hoerner,
Fluid-Dynamic Drag, 1965, ch. 3), A the area it shows on average over all directions: a quarter of its surface if it
is convex (Cauchy 1841). So nothing is lifted and nothing turned by the wind.

The scenarios' laws are those of a vacuum. In air none is claimed: such clips have an empty list of laws, and
captions that say only what was seen to happen.
"""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from typing import Any

from simgen.labels import words
from simgen.labels.events import EVENT_KINDS, Event
from simgen.physics.trace import Trace
from simgen.recipe.distributions import constant
from simgen.recipe.draws import Draws
from simgen.scenarios.base import LawCheck, Parameter, Params, Scenario
from simgen.scenarios.composed_words import captions as words_of_any_scene
from simgen.scene.camera import look_at
from simgen.scene.meshes import mesh
from simgen.scene.spec import Force, SceneSpec, Shape, Video

__all__ = ["AIR", "in_air", "shown_area_m2"]

AIR = (
    Parameter(
        "wind_m_s", constant(0), "m/s", "speed of the air over the ground", (0, 20), "causal", "acceleration"
    ),
    Parameter(
        "wind_deg",
        constant(0),
        "deg",
        "where the wind blows to: 0 is to the right of the world (x), 90 away (y)",
        (-180, 180),
        "causal",
        "acceleration",
    ),
    Parameter(
        "air_density_kg_m3",
        constant(1.2),
        "kg/m³",
        "density of the air: 1.2 on the Earth, 0.02 on Mars, 65 on Venus",
        (0, 70),
        "hidden",
        "acceleration",
    ),
)

DRAG_COEFFICIENT = {
    "sphere": 0.47,
    "capsule": 0.5,
    "cone": 0.6,
    "cylinder": 0.9,
    "tube": 0.9,
    "box": 1.05,
    "mesh": 1.0,
}
WINDS = ((4.0, "light"), (9.0, "fresh"), (math.inf, "strong"))


def shown_area_m2(shape: Shape) -> float:
    """The area that the shape shows, averaged over all directions, m²; a mesh's as if it were convex."""
    size = shape.size_m
    if shape.kind == "sphere":
        return math.pi * size[0] ** 2
    if shape.kind == "box":
        x, y, z = size
        return (x * y + y * z + z * x) / 2
    if shape.kind in ("cylinder", "tube"):
        return math.pi * size[0] * (size[0] + size[1]) / 2
    if shape.kind == "capsule":
        return math.pi * size[0] * (2 * size[0] + size[1]) / 2
    if shape.kind == "cone":
        return math.pi * size[0] * (size[0] + math.hypot(*size)) / 4
    low, high = mesh(shape.mesh).vertices.min(axis=0), mesh(shape.mesh).vertices.max(axis=0)
    x, y, z = (float(extent) * scale for extent, scale in zip(high - low, size, strict=True))
    return math.pi / 4 * (x * y + y * z + z * x) / 2  # of the ellipsoid in its bounding box, roughly


@functools.cache
def in_air(scenario: Scenario) -> Scenario:
    """The scenario with the parameters of `AIR`, and drag in its scenes."""
    base: Any = type(scenario)
    known = {parameter.name for parameter in scenario.parameters}
    added = tuple(parameter for parameter in AIR if parameter.name not in known)

    class InAir(base):  # type: ignore[misc]
        parameters = (*scenario.parameters, *added)
        laws = ()
        events = tuple(EVENT_KINDS)

        def __reduce__(self) -> Any:
            return in_air, (scenario,)

        def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
            return _blown(super().scene(params, draws, video), params)

        def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
            return ()

        def revealed_by(self, params: Params) -> dict[str, str]:
            """A mass that nothing showed before is shown by how much the air slows it."""
            revealed = {**super().revealed_by(params), **{entry.name: entry.reveals for entry in added}}
            return {
                name: "acceleration" if name.startswith("mass") and how == "never" else how
                for name, how in revealed.items()
            }

        def captions(
            self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
        ) -> dict[str, str]:
            plain = words_of_any_scene(scene, trace, events, draws.under("caption"))
            return _with_wind(plain, params, scene, draws.under("caption"))

    result: Scenario = InAir()
    return result


def _blown(scene: SceneSpec, params: Params) -> SceneSpec:
    """Drag on every body that is free to move and has none of its own."""
    angle = math.radians(params["wind_deg"])
    # rounded, so that the last bit of a machine's sine does not reach the scene
    wind = (
        round(params["wind_m_s"] * math.cos(angle), 9) + 0.0,
        round(params["wind_m_s"] * math.sin(angle), 9) + 0.0,
        0.0,
    )
    dragged = {force.a for force in scene.forces if force.kind == "drag"}
    forces = [
        Force(
            "drag",
            body.name,
            quadratic_kg_m=params["air_density_kg_m3"]
            / 2
            * DRAG_COEFFICIENT[body.shape.kind]
            * shown_area_m2(body.shape),
            wind_m_s=wind,
        )
        for body in scene.bodies
        if not body.fixed and body.name not in dragged
    ]
    return replace(scene, forces=(*scene.forces, *forces))


def _with_wind(plain: dict[str, str], params: Params, scene: SceneSpec, draws: Draws) -> dict[str, str]:
    """The captions with a sentence about the air; outcomes are told as they are."""
    speed, density = params["wind_m_s"], params["air_density_kg_m3"]
    if density <= 0:
        return plain  # a wind of nothing
    if speed <= 0:
        still = draws.choice("air", ("The air is still.", "There is no wind."))
        thick = f"The air has a density of {words.quantity(density, 'kg/m³')}."
        return {
            **plain,
            "qualitative": f"{plain['qualitative']} {still}",
            "numeric": f"{plain['numeric']} {thick}",
        }
    where = _from(params, scene)
    strength = words.grade(speed, WINDS)
    blows = draws.choice(
        "air", (f"A wind blows {where}.", f"There is a wind {where}.", f"The wind comes {where}.")
    )
    return {
        **plain,
        "plain": f"{plain['plain']} {blows}",
        "qualitative": f"{plain['qualitative']} {words.article(strength).capitalize()} wind blows {where}.",
        "numeric": f"{plain['numeric']} A wind of {words.quantity(speed, 'm/s')} blows {where}.",
    }


def _from(params: Params, scene: SceneSpec) -> str:
    """Where the wind comes from in the main camera's picture at the start."""
    camera = scene.cameras[0]
    pose = look_at(camera.position_m, camera.target_m, camera.up)
    angle = math.radians(params["wind_deg"])
    across, _, away = pose[:3, :3] @ (math.cos(angle), math.sin(angle), 0.0)
    if abs(across) >= abs(away):
        return "from the left" if across > 0 else "from the right"
    return "from the viewer's side" if away > 0 else "from the far side"
