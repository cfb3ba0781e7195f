"""A scene composed in the recipe itself: `scenario: scene` with `bodies:`, `joints:`, `forces:`, `links:` and
`camera:`.

What may be written is in `simgen.recipe.parts` and `simgen.recipe.force_parts`. There is no law that every such scene obeys, so only what
must hold is measured: the total momentum while nothing fixed touches what moves, and the energy of a swinging
linkage that touches nothing.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import replace

import numpy as np

from simgen.errors import Rejected
from simgen.labels.events import EVENT_KINDS, Event
from simgen.physics.inertia import body_inertia, principal_axes
from simgen.physics.trace import Trace
from simgen.recipe.draws import Draws
from simgen.recipe.force_parts import ForcePart, LinkPart
from simgen.recipe.parts import GRAVITY_ENTRY, WORLD, BodyPart, JointPart, SceneParts
from simgen.recipe.quantities import drawn_list, drawn_part
from simgen.scenarios.base import Law, LawCheck, Params, Scenario
from simgen.scenarios.composed_words import captions
from simgen.scenarios.stage import GRAVITY, ground
from simgen.scene.colour import mixed, named, read_colour
from simgen.scene.links import link_look
from simgen.scene.overlap import overlapping
from simgen.scene.overview import Reach, foreseen, overview
from simgen.scene.rotation import about_axis, matrix, multiply
from simgen.scene.spec import (
    Body,
    Camera,
    Force,
    Joint,
    Link,
    Look,
    Quaternion,
    Rgb,
    SceneSpec,
    Shape,
    Vector,
    Video,
)

_PROBES = 12  # scenes looked at to place a camera that none of them leaves
_WHITE: Rgb = (1.0, 1.0, 1.0)

# What the registered scenario shows when nobody has composed one: it makes the catalogue and the contract
# tests whole.
_EXAMPLE = {
    "ball": {
        "shape": "sphere",
        "size": 0.1,
        "position": [{"uniform": [-0.4, -0.2]}, 0, 0.7],
        "velocity": [{"uniform": [0.5, 1.5]}, 0, 0],
        "elasticity": 0.6,
    },
    "table": {"shape": "box", "size": [1.0, 0.6, 0.6], "position": [-0.5, 0, 0.3], "fixed": True},
}


class Composed(Scenario):
    name = "scene"
    summary = "A scene of your own: bodies, joints, forces and a camera written in the recipe."
    parameters = ()
    laws = (
        Law(
            "scene_momentum",
            "total momentum at the end = at the start + M g t",
            "Newton's second law for a system; checked when nothing fixed touches or holds what moves",
            0.01,
            "exact in the engine; velocities between two impacts in one step are known to a few mm/s",
        ),
        Law(
            "scene_energy",
            "kinetic energy at its largest = at the start + what gravity has done",
            "conservation of mechanical energy; checked for hinged and sliding linkages that touch nothing",
            0.01,
            "a chaotic double pendulum drifts by 0.6 % in 10 s",
        ),
    )
    events = tuple(EVENT_KINDS)
    decisive = ("first_contact",)

    def is_chaotic(self, params: Params) -> bool:
        """Whether something hangs on what swings itself, as the second bar of a double pendulum does."""
        joints = [joint for joint in self._parts.joints.values() if joint.kind != "fixed"]
        swinging = {joint.child for joint in joints}
        return any(joint.parent in swinging for joint in joints)

    def revealed_by(self, params: Params) -> dict[str, str]:
        """What any scene may hide, whatever its recipe calls it: speeds, what pulls, and how bodies meet."""
        return {"velocities": "velocity", "forces": "acceleration", "contacts": "first_contact"}

    def __init__(self, parts: SceneParts | None = None) -> None:
        self._parts = parts if parts is not None else _example()
        self._reaches: dict[Video, tuple[Reach, ...]] = {}

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        scene = self._undirected(params, draws.under("scene"), video)
        for first, second in overlapping(scene):
            raise Rejected("overlap", f"{first} and {second} are inside each other at the start")
        return replace(scene, cameras=(self._camera(params, draws.under("scene"), video),))

    def _undirected(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        """The scene with any camera."""
        parts = self._parts
        bodies = [_body(name, part, params, draws) for name, part in parts.bodies.items()]
        if parts.ground and "ground" not in parts.bodies:
            bodies.append(ground())
        joints = tuple(_joint(name, part, params, draws) for name, part in parts.joints.items())
        movers = [body for body in bodies if not body.fixed]
        return SceneSpec(
            bodies=tuple(bodies),
            video=video,
            cameras=(Camera(),),
            joints=joints,
            forces=tuple(_force(name, part, params, draws) for name, part in parts.forces.items()),
            links=tuple(_link(name, part, params, draws) for name, part in parts.links.items()),
            gravity_m_s2=self._gravity(params, draws),
            # only where there is no friction to get wrong is exact restitution to be had
            profile="joints"
            if joints
            else "universal"
            if any(body.friction > 0 for body in movers)
            else "restitution",
        )

    def _gravity(self, params: Params, draws: Draws) -> Vector:
        if self._parts.gravity is None:
            return (0.0, 0.0, -GRAVITY)
        x, y, z = drawn_list(GRAVITY_ENTRY, self._parts.gravity, "gravity", params, draws)
        return (x, y, z)

    def _camera(self, params: Params, draws: Draws, video: Video) -> Camera:
        part = self._parts.camera
        values = drawn_part(part, "camera", params, draws)
        motion = {"motion": part.motion, "orbit_deg_s": values["orbit_deg_s"], "follow": part.follow or ""}
        if part.position is not None and part.target is not None:
            distance = math.dist(values["position"], values["target"])
            if distance < 1e-6:
                raise Rejected("out-of-range", "camera.position and camera.target are the same point")
            return Camera(
                position_m=values["position"],
                target_m=values["target"],
                vertical_fov_deg=values["vertical_fov_deg"],
                projection=part.projection,
                height_m=values["height"] or 2.0,
                far_m=max(100.0, round(4 * distance, 1)),
                **motion,
            )
        view = (values["azimuth_deg"], values["elevation_deg"], values["vertical_fov_deg"])
        camera = overview(self._foreseen(video), video, *view, part.projection)
        if values["target"] is not None:
            x, y, z = (a - b for a, b in zip(values["target"], camera.target_m, strict=True))
            place = camera.position_m
            camera = replace(
                camera, target_m=values["target"], position_m=(place[0] + x, place[1] + y, place[2] + z)
            )
        return replace(camera, height_m=values["height"] or camera.height_m, **motion)

    def _foreseen(self, video: Video) -> tuple[Reach, ...]:
        """Where bodies go in scenes of this recipe. The same for every clip, so that the picture's scale
        tells
        nothing about the parameters of one; it does not depend on splits or seed."""
        if video not in self._reaches:
            reaches = []
            for probe in range(_PROBES):
                draws = Draws(0, "camera", probe)
                params = {
                    name: distribution.value(draws(f"params.{name}"))
                    for name, distribution in self._parts.params.items()
                }
                with contextlib.suppress(Rejected):
                    reaches.append(foreseen(self._undirected(params, draws.under("scene"), video)))
            self._reaches[video] = tuple(reaches)
        return self._reaches[video]

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        return (*_momentum(scene, trace), *_energy(scene, trace))

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        return captions(scene, trace, events, draws.under("caption"))


def _example() -> SceneParts:
    return SceneParts({name: BodyPart.model_validate(part) for name, part in _EXAMPLE.items()})


def _body(name: str, part: BodyPart, params: Params, draws: Draws) -> Body:
    values = drawn_part(part, f"bodies.{name}", params, draws)
    otherwise = 1.0 if part.fixed else 0.5
    size = values["size"] * 3 if part.shape == "mesh" and len(values["size"]) == 1 else values["size"]
    shape = Shape(part.shape, size, values["mesh"] or "")
    if part.shape == "tube" and shape.size_m[2] > shape.size_m[0]:
        raise Rejected("out-of-range", f"bodies.{name}.size: the wall is thicker than the outer radius")
    return Body(
        name=name,
        shape=shape,
        position_m=values["position"],
        orientation_xyzw=_orientation(values["orientation"], name),
        velocity_m_s=values["velocity"],
        angular_velocity_rad_s=values["angular_velocity"],
        mass_kg=0.0 if part.fixed else values["mass"],
        friction=otherwise if values["friction"] is None else values["friction"],
        rolling_friction_m=values["rolling_friction"],
        elasticity=otherwise if values["elasticity"] is None else values["elasticity"],
        fixed=part.fixed,
        role="ground" if name == "ground" and part.fixed else "support" if part.fixed else "subject",
        look=None
        if values["colour"] is None
        else _look(values["colour"], values["texture"], shape, part.fixed),
    )


def _orientation(values: tuple[float, ...], name: str) -> Quaternion:
    """Degrees about the world's x, then y, then z; or a quaternion of any length but zero."""
    if len(values) == 3:
        x, y, z = (
            about_axis(axis, math.radians(angle))
            for axis, angle in zip(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)), values, strict=True)
        )
        values = multiply(z, multiply(y, x))
    length = math.hypot(*values)
    if length < 1e-6:
        raise Rejected(
            "out-of-range", f"bodies.{name}.orientation: a quaternion of length 0 is no orientation"
        )
    a, b, c, d = (value / length for value in values)
    return (a, b, c, d)


def _look(word: str, texture: str | None, shape: Shape, fixed: bool) -> Look:
    """The colour with a pattern of lighter tones, so that turning can be seen."""
    colour = read_colour(word)
    assert colour is not None  # the recipe's words are checked
    size = shape.size_m
    span = sorted(size)[1] if shape.kind == "box" else math.pi * size[0]
    r, g, b = (round(value, 4) for value in mixed(colour, _WHITE, 0.75))
    return Look(
        colour=colour,
        colour_name=word if not word.startswith("#") else named(colour),
        texture=texture or ("plain" if fixed else "checker"),  # type: ignore[arg-type]
        texture_colour=(r, g, b),
        texture_size_m=round(0.25 * span, 4),
        specular=0.1 if fixed else 0.35,
        roughness=0.6 if fixed else 0.35,
    )


def _joint(name: str, part: JointPart, params: Params, draws: Draws) -> Joint:
    values = drawn_part(part, f"joints.{name}", params, draws)
    length = math.hypot(*values["axis"])
    if length < 1e-6:
        raise Rejected("out-of-range", f"joints.{name}.axis has no direction")
    x, y, z = (value / length for value in values["axis"])
    parent = "" if part.parent == WORLD else part.parent
    return Joint(name, part.kind, parent, part.child, values["pivot"], (x, y, z))


def _force(name: str, part: ForcePart, params: Params, draws: Draws) -> Force:
    values = drawn_part(part, f"forces.{name}", params, draws)
    return Force(
        part.kind,
        part.a,
        "" if part.b == WORLD else part.b,
        anchor_m=values["anchor"] or (0.0, 0.0, 0.0),
        stiffness_n_m=values["stiffness"] or 0.0,
        length_m=values["length"],
        damping_kg_s=values["damping"],
        linear_kg_s=values["linear"] or 0.0,
        quadratic_kg_m=values["quadratic"] or 0.0,
        wind_m_s=values["wind"],
        strength_n_m2=values["strength"] or 0.0,
    )


def _link(name: str, part: LinkPart, params: Params, draws: Draws) -> Link:
    values = drawn_part(part, f"links.{name}", params, draws)
    link = Link(
        part.kind,
        "" if part.a == WORLD else part.a,
        "" if part.b == WORLD else part.b,
        values["at_a"] or (0.0, 0.0, 0.0),
        values["at_b"] or (0.0, 0.0, 0.0),
        values["radius"] or {"rod": 0.01, "string": 0.005, "spring": 0.03}[part.kind],
    )
    if values["colour"] is None:
        return link
    colour = read_colour(values["colour"])
    assert colour is not None  # the recipe's words are checked
    return replace(link, look=replace(link_look(link), colour=colour))


def _momentum(scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
    movers = [index for index, body in enumerate(scene.bodies) if not body.fixed]
    held = any(not joint.parent or scene.body(joint.parent).fixed for joint in scene.joints)
    contacts = trace.contacts
    supported = any(scene.bodies[i].fixed for i in {*contacts.a.tolist(), *contacts.b.tolist()})
    # A force between two that move changes nothing of their sum; any other is from outside.
    outside = any(
        not force.b or scene.body(force.a).fixed or scene.body(force.b).fixed for force in scene.forces
    )
    if not movers or held or supported or outside:
        return ()
    masses = np.array([scene.bodies[index].mass_kg for index in movers])
    start, end = (masses @ trace.velocity_m_s[frame, movers] for frame in (0, -1))
    gravity = np.asarray(scene.gravity_m_s2)
    expected = start + masses.sum() * gravity * (trace.time_s[-1] - trace.time_s[0])
    predicted = float(np.linalg.norm(expected))
    # what is compared must be large enough for its direction to mean something
    if (
        predicted < 0.05 * float(masses @ np.linalg.norm(trace.velocity_m_s[:, movers], axis=2).max(axis=0))
        or predicted == 0
    ):
        return ()
    return (_relative("scene_momentum", predicted, float(end @ expected) / predicted),)


def _energy(scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
    movers = [index for index, body in enumerate(scene.bodies) if not body.fixed]
    children = {joint.child for joint in scene.joints}
    planar = all(joint.kind in ("hinge", "slider", "fixed") for joint in scene.joints)
    if (
        not movers
        or not planar
        or scene.forces
        or len(trace.contacts)
        or any(scene.bodies[i].name not in children for i in movers)
    ):
        return ()
    kinetic, work = np.zeros(len(trace.time_s)), np.zeros(len(trace.time_s))
    gravity = np.asarray(scene.gravity_m_s2)
    for index in movers:
        body = scene.bodies[index]
        turns = matrix(trace.orientation_xyzw[:, index]) @ matrix(principal_axes(body))
        spin = np.einsum("tji,tj->ti", turns, trace.angular_velocity_rad_s[:, index])  # in the body's axes
        kinetic += body.mass_kg / 2 * (trace.velocity_m_s[:, index] ** 2).sum(axis=1)
        kinetic += (np.asarray(body_inertia(body)) * spin**2).sum(axis=1) / 2
        work += body.mass_kg * (trace.position_m[:, index] - trace.position_m[0, index]) @ gravity
    fastest = int(np.argmax(kinetic))
    predicted = float(kinetic[0] + work[fastest])
    if kinetic[fastest] < 1e-3 * (np.ptp(work) + kinetic[0]) or predicted <= 1e-9:
        return ()
    return (_relative("scene_energy", predicted, float(kinetic[fastest])),)


def _relative(name: str, predicted: float, measured: float) -> LawCheck:
    return LawCheck(name, predicted, measured, abs(measured - predicted) / abs(predicted))
