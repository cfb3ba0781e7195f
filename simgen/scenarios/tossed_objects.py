"""Three to twelve bodies of many shapes, tossed from all around towards the middle, where they meet and fall.

What becomes of them is chaos; but while a body touches nothing, its centre of mass follows a parabola and its
angular momentum does not change, however it tumbles. That is checked in every free flight of every body.
"""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from simgen.errors import Rejected
from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics.inertia import body_inertia, principal_axes, shape_inertia, shape_volume
from simgen.physics.trace import Trace
from simgen.recipe.distributions import choice, integer, log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.stage import (
    GRAVITY,
    MATERIAL,
    area_camera,
    gravity_parameter,
    ground,
    material,
    random_orientation,
)
from simgen.scene.meshes import MESHES
from simgen.scene.rotation import matrix
from simgen.scene.sight import reach_m
from simgen.scene.spec import Body, SceneSpec, Shape, Video

SOLIDS = ("sphere", "box", "brick", "cylinder", "disc", "capsule", "cone")
# Where they start: an ellipse in the picture, the far ones higher, so that none hides another.
RING_M, LOWEST_M, HIGHEST_M = 1.4, 0.5, 1.4
ELEVATION_DEG = 30.0
SHORTEST_FLIGHT_S, CLEAR_M = 0.1, 0.01
SHORTEST_FLIGHT_M = 0.02  # a free flight on which it gets no further is not measured
SLOWEST_SPIN = 0.05  # of the body's angular momentum at the start: below it a relative change means little

SPEEDS = ((1.4, "gently"), (2.2, "briskly"), (math.inf, "hard"))


class TossedObjects(Scenario):
    name = "tossed_objects"
    summary = "Three to twelve bodies of many shapes are tossed towards the middle, collide and fall."
    slow = True
    parameters = (
        Parameter("count", integer(3, 8), "1", "bodies, rounded to a whole number", (3, 12), "causal"),
        Parameter(
            "shape",
            choice("mixed", "solids", "meshes"),
            "",
            "what is tossed: balls, boxes, cones …, the shapes of simgen.scene.meshes, or both",
            ("mixed", "solids", "meshes"),
            "causal",
        ),
        Parameter(
            "size_m",
            uniform(0.44, 0.48),
            "m",
            "extent of the largest body; the others are up to a twentieth smaller",
            (0.44, 0.48),
            "causal",
        ),
        Parameter(
            "speed_m_s",
            uniform(0.8, 2.4),
            "m/s",
            "speed towards the middle; each body's differs by up to a fifth",
            (0.5, 3),
            "causal",
            revealed="velocity",
        ),
        Parameter(
            "lift_m_s",
            uniform(0.5, 2),
            "m/s",
            "speed upwards; each body's differs by up to a fifth",
            (0.3, 2.5),
            "causal",
            revealed="velocity",
        ),
        Parameter(
            "spin_rad_s",
            uniform(0.5, 6),
            "rad/s",
            "angular speed about a random axis",
            (0, 8),
            "causal",
            revealed="velocity",
        ),
        Parameter(
            "mass_kg",
            log_uniform(0.2, 2),
            "kg",
            "mass of a ball of that size; all bodies have the same density",
            (0.05, 600),
            "hidden",
            revealed="collision",
            told="the mass of a ball of the largest size is {}",
        ),
        Parameter(
            "elasticity",
            uniform(0, 0.5),
            "1",
            "coefficient of restitution of any two",
            (0, 0.75),
            "hidden",
            revealed="first_contact",
            told="the coefficient of restitution of any two bodies is {}",
        ),
        Parameter(
            "friction",
            uniform(0.2, 0.8),
            "1",
            "coefficient of friction of any two",
            (0, 1),
            "hidden",
            revealed="first_contact",
            told="the coefficient of friction of any two bodies is {}",
        ),
        gravity_parameter(1.62, 20),
        MATERIAL,
    )
    laws = (
        Law(
            "tossed_objects_parabola_over_way",
            "x = x₀ + v₀ t + g t² / 2 in every free flight; residual = the largest distance from it over the way "
            "flown, worst of all flights",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 4 and 9 (the centre of mass)",
            0.001,
            "the first flight of each body, and later ones of 0.1 s off the ground, from a frame after the contact",
        ),
        Law(
            "tossed_objects_angular_momentum",
            "I ω keeps its size and direction in every free flight; residual = the largest change over I ω, worst "
            "of all flights",
            "Goldstein, Classical Mechanics, ch. 5 (torque-free motion)",
            0.001,
            "the engine's tumbling is corrected at each step; fast flat bodies are the worst",
        ),
    )
    events = (
        "first_contact",
        "bounce",
        "collision",
        "apex",
        "comes_to_rest",
        "starts_rolling",
        "topples",
        "leaves_frame",
        "enters_frame",
    )
    chaotic = True
    decisive = ("collision", "first_contact")

    def solids(self, params: Params) -> dict[str, Shape]:
        return {"mass_kg": Shape("sphere", (params["size_m"] / 2,))}

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        count = round(params["count"])
        pair = math.sqrt(params["elasticity"]), math.sqrt(params["friction"])
        density = params["mass_kg"] / shape_volume(Shape("sphere", (params["size_m"] / 2,)))
        start = draws.between("ring.turn", 0.0, math.tau)
        bodies = []
        for number in range(count):
            name = f"object_{number + 1}"
            own = draws.under(name)
            place = start + math.tau * (number + own.between("turn", -0.05, 0.05)) / count
            x, y = RING_M * math.cos(place), RING_M * math.sin(place)
            z = LOWEST_M + (HIGHEST_M - LOWEST_M) * (1 + math.sin(place)) / 2
            speed = params["speed_m_s"] * own.between("speed", 0.8, 1.2)
            # not all to the same point, or the first to come would stop the rest
            aim = np.array([own.between("aim.x", -0.35, 0.35), own.between("aim.y", -0.35, 0.35)])
            inwards = aim - np.array([x, y])
            inwards = inwards / np.linalg.norm(inwards) * speed
            shape = _shape(params, own)
            bodies.append(
                Body(
                    name=name,
                    shape=shape,
                    position_m=(x, y, z),
                    orientation_xyzw=random_orientation(own, "orientation"),
                    velocity_m_s=(
                        float(inwards[0]),
                        float(inwards[1]),
                        params["lift_m_s"] * own.between("lift", 0.8, 1.2),
                    ),
                    angular_velocity_rad_s=_spin(params["spin_rad_s"], own),
                    mass_kg=density * shape_volume(shape),
                    elasticity=pair[0],
                    friction=pair[1],
                    material=material(params),
                )
            )
        return SceneSpec(
            bodies=(*bodies, ground(*pair)),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 0.85), 3.9, elevation_deg=ELEVATION_DEG),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="universal",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        worst: dict[str, LawCheck] = {}
        for index, first, last in flights(scene, trace):
            for check in (
                _parabola(scene, trace, index, first, last),
                _tumbling(scene, trace, index, first, last),
            ):
                if check is not None and check.residual >= worst.get(check.name, check).residual:
                    worst[check.name] = check
        if not worst:
            raise Rejected("law-not-in-video", "no body flies freely from one frame to the next; raise fps")
        return tuple(worst[name] for name in sorted(worst, reverse=True))

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        bodies = [body for body in scene.bodies if not body.fixed]
        number = words.number_word(len(bodies))
        objects = draws.choice("objects", ("objects", "things", "bodies"))
        kinds = list(dict.fromkeys(words.noun(body) for body in bodies))
        among = words.join([words.article(kind) for kind in kinds[:3]])
        tossed = draws.choice("tossed", ("are tossed", "are thrown", "fly"))
        plain = f"{number} {objects} {tossed} towards each other" + draws.choice(
            "plain", (" and fall to the ground", "", " from all sides")
        )
        hard = words.grade(params["speed_m_s"], SPEEDS)
        listed = f"{number} {objects}, among them {among}" if len(kinds) > 3 else f"{number} {objects}"
        comma = "," if len(kinds) > 3 else ""
        qualitative = (
            f"{listed}{comma} {'are tossed' if tossed == 'fly' else tossed} {hard} towards the middle"
        )
        speed = words.quantity(params["speed_m_s"], "m/s")
        lift = words.quantity(params["lift_m_s"], "m/s")
        elasticity = words.quantity(params["elasticity"], "1")
        friction = words.quantity(params["friction"], "1")
        gravity = words.quantity(params["gravity_m_s2"], "m/s²")
        elsewhere = "" if params["gravity_m_s2"] == GRAVITY else f", where gravity is {gravity}"
        numeric = draws.choice(
            "numeric",
            (
                f"{number} {objects} are tossed towards the middle at about {speed} and upwards at about {lift}"
                f"{elsewhere}; the coefficient of restitution is {elasticity}, that of friction {friction}",
                f"at about {speed} inwards and {lift} upwards, {number} {objects} are tossed at each other"
                f"{elsewhere}; friction is {friction} and restitution {elasticity}",
            ),
        )
        return words.tiers(plain, qualitative, numeric, _outcome(scene, events, len(bodies), draws))


def flights(scene: SceneSpec, trace: Trace) -> Iterator[tuple[int, int, int]]:
    """(body, first frame, last frame) of every free flight: a body's first, and later ones of 0.1 s at least
    in which it touches nothing and is off the ground.

    The shorter ones are the hops of a body that wobbles on its rim or rolls over its edges. A later flight
    begins one frame after the touch, whose velocity may be one between two hops.
    """
    contacts, frames = trace.contacts, len(trace.time_s)
    for index, body in enumerate(scene.bodies):
        if body.fixed:
            continue
        touched = set(contacts.frame[(contacts.a == index) | (contacts.b == index)].tolist())
        clear = _clearance_m(body, trace, index) > CLEAR_M
        first = 0
        for frame in range(1, frames + 1):
            # does something touch it between frame − 1 and frame?
            if frame == frames or frame in touched or not clear[frame]:
                lasts = trace.time_s[max(frame - 1, first)] - trace.time_s[first]
                if lasts >= (SHORTEST_FLIGHT_S if first else 1e-9):
                    yield index, first, frame - 1
                first = frame + 1 if frame + 1 < frames else frames - 1


def _clearance_m(body: Body, trace: Trace, index: int) -> NDArray[np.float64]:
    """(T,) height of a body's lowest point above the ground."""
    down = -matrix(trace.orientation_xyzw[:, index])[:, 2, :]  # the world's downwards in the body's frame
    return trace.position_m[:, index, 2] - reach_m(body.shape, down)


def _parabola(scene: SceneSpec, trace: Trace, index: int, first: int, last: int) -> LawCheck | None:
    time_s = (trace.time_s[first : last + 1] - trace.time_s[first])[:, None]
    path = trace.position_m[first : last + 1, index]
    gravity = np.asarray(scene.gravity_m_s2)
    expected = path[0] + trace.velocity_m_s[first, index] * time_s + gravity * time_s**2 / 2
    way = float(np.linalg.norm(np.diff(expected, axis=0), axis=1).sum())
    if way < SHORTEST_FLIGHT_M:
        return None
    off = float(np.linalg.norm(path - expected, axis=1).max())
    flown = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    return LawCheck("tossed_objects_parabola_over_way", way, flown, off / way)


def _tumbling(scene: SceneSpec, trace: Trace, index: int, first: int, last: int) -> LawCheck | None:
    body = scene.bodies[index]
    moments = np.asarray(body_inertia(body))
    turn = matrix(trace.orientation_xyzw[first : last + 1, index]) @ matrix(principal_axes(body))
    spin = np.einsum("tij,ti->tj", turn, trace.angular_velocity_rad_s[first : last + 1, index])
    momentum: NDArray[np.float64] = np.einsum("tij,tj->ti", turn, moments * spin)
    size = float(np.linalg.norm(momentum[0]))
    if size < SLOWEST_SPIN * float(moments.max()):  # 0.05 rad/s
        return None
    change = float(np.linalg.norm(momentum - momentum[0], axis=1).max())
    after = float(np.linalg.norm(momentum[-1]))
    return LawCheck("tossed_objects_angular_momentum", size, after, change / size)


def _shape(params: Params, draws: Draws) -> Shape:
    """One of the shapes that `shape` allows, about `size_m` across."""
    meshes = _movable_meshes()
    kinds = {"solids": SOLIDS, "meshes": meshes, "mixed": (*SOLIDS, *meshes)}[params["shape"]]
    kind = draws.choice("shape", kinds)
    size = params["size_m"] * draws.between("size", 0.95, 1.0)
    if kind == "sphere":
        return Shape("sphere", (size / 2,))
    if kind == "box":
        edge = 0.8 * size
        return Shape("box", (edge, edge, edge))
    if kind == "brick":
        return Shape("box", (size, 0.6 * size, 0.45 * size))
    if kind == "cylinder":
        return Shape("cylinder", (0.42 * size, 0.8 * size))
    if kind == "disc":
        return Shape("cylinder", (0.5 * size, 0.25 * size))
    if kind == "capsule":
        return Shape("capsule", (0.42 * size, 0.16 * size))
    if kind == "cone":
        return Shape("cone", (0.5 * size, 0.85 * size))
    return Shape("mesh", (size, size, size), kind)


@functools.cache
def _movable_meshes() -> tuple[str, ...]:
    """The meshes that can move: the engine wants axes that are principal axes of inertia."""
    names = []
    for name in sorted(MESHES):
        with contextlib.suppress(ValueError):
            shape_inertia(Shape("mesh", (1.0, 1.0, 1.0), name), 1.0)
            names.append(name)
    return tuple(names)


def _spin(speed_rad_s: float, draws: Draws) -> tuple[float, float, float]:
    """That angular speed about an axis of uniformly random direction."""
    z, azimuth = draws.between("spin.z", -1.0, 1.0), math.tau * draws("spin.azimuth")
    across = math.sqrt(1 - z * z)
    return (
        speed_rad_s * across * math.cos(azimuth),
        speed_rad_s * across * math.sin(azimuth),
        speed_rad_s * z,
    )


def _outcome(scene: SceneSpec, events: tuple[Event, ...], count: int, draws: Draws) -> str:
    meetings = [event for event in events if event.kind == "collision"]
    movers = range(count)
    rest = sum(any(e.kind == "comes_to_rest" and index in e.bodies for e in events) for index in movers)
    gone = {e.bodies[0] for e in events if e.kind == "leaves_frame"}
    gone -= {e.bodies[0] for e in events if e.kind == "enters_frame"}
    if meetings:
        first = words.quantity(meetings[0].time_s, "s")
        collide = draws.choice("collide", ("two of them collide", "the first two meet"))
        start = f"{collide} after {first}"
    else:
        start = draws.choice("apart", ("they do not collide", "no two of them collide"))
    clauses = [start]
    if rest:
        every = "all" if rest == count else words.number_word(rest)
        clauses.append(f"{every} of them {'lies' if rest == 1 else 'lie'} still at the end")
    if gone:
        every = "all" if len(gone) == count else words.number_word(len(gone))
        clauses.append(f"{every} of them {'leaves' if len(gone) == 1 else 'leave'} the picture")
    if not rest and not gone:
        clauses.append(
            draws.choice("moving", ("all are still moving at the end", "none has come to rest at the end"))
        )
    return words.join(clauses)
