"""A net falls over a body and drapes it: a qualitative scenario, without a law.

The net is a square of beads that springs hold together: to their neighbours, and across every mesh so that it
resists shearing. Strings are seen between neighbours. The beads are knots, which do not roll: their moments of
inertia are made so large that they hardly turn, and friction holds the net where it holds at all.

Whether the net drapes the body, hangs down one side of it or slides off was the same with half the step in all of 20
clips tried (a campaign test tries 8); where each bead ends up is not.
"""

from __future__ import annotations

import math

import numpy as np

from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics.trace import Trace
from simgen.recipe.distributions import choice, constant, log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import LawCheck, Parameter, Params, Scenario
from simgen.scenarios.stage import GRAVITY, area_camera, ground
from simgen.scene.spec import Body, Force, Link, SceneSpec, Shape, Vector, Video

SIDE = 9  # beads along an edge: 81 of them and 144 strings, which a segmentation of 8 bits can hold
BEAD = 0.36  # radius of a bead over the distance of two: strings then pass over an edge and not through it
STRING = 0.12  # radius of a string over the distance of two beads
ACROSS = 0.5  # stiffness of the springs across the meshes over that of the strings
DAMPING = 0.12  # of a string over 2 √(stiffness × mass of a bead)
KNOT = 1e4  # moment of inertia of a knot over mass × radius²
BODY_TURN_DEG = 25.0  # of the body about the vertical, so that two faces of a box are seen
STILL_M_S = 0.05  # mean speed of the beads below which little is seen to move
OVER = 0.25  # a bead that is nearer than this part of its width to the body's axis, and above it, is over its top
UNEVEN = 0.7  # part of the beads on one side from which "most" is said
LOW = 1.3  # a bead whose centre is lower than so many radii lies on the ground

PLACES = (
    (0.08, "let go right above"),
    (0.25, "its middle a little to the {}"),
    (math.inf, "its middle far to the {}"),
)
GROUNDED = (
    (1e-9, "none of it lies on the ground"),
    (0.25, "its hem lies on the ground"),
    (0.6, "a good part of it lies on the ground"),
    (math.inf, "most of it lies on the ground"),
)
FRICTIONS = ((0.2, "smooth"), (0.6, "slightly rough"), (math.inf, "rough"))


class Drape(Scenario):
    name = "drape"
    summary = "A net of beads falls over a body and drapes it, or slides off it."
    qualitative = True
    slow = True
    parameters = (
        Parameter(
            "shape",
            choice("sphere", "box", "cylinder", "capsule"),
            "",
            "of the body that the net falls on; a cylinder and a capsule stand upright",
            ("sphere", "box", "cylinder", "capsule"),
            "causal",
        ),
        Parameter(
            "size_m",
            uniform(0.48, 0.64),
            "m",
            "width of a ball or cylinder; a box has 0.85 of it as its edge, a capsule 0.72 of it as its width",
            (0.46, 0.65),
            "causal",
        ),
        Parameter("width_m", uniform(1.0, 1.2), "m", "edge of the square net", (0.95, 1.2), "causal"),
        Parameter(
            "height_m",
            uniform(0.24, 0.34),
            "m",
            "from the top of the body up to the net",
            (0.22, 0.36),
            "causal",
        ),
        Parameter(
            "offset_m",
            uniform(0, 0.4),
            "m",
            "from the axis of the body to the middle of the net, towards `direction`",
            (0, 0.4),
            "causal",
        ),
        Parameter(
            "direction",
            choice("left", "right"),
            "",
            "to which side the net is off the middle",
            ("left", "right"),
            "nuisance",
        ),
        Parameter(
            "angle_deg",
            uniform(0, 45),
            "deg",
            "angle of the net's edges to the picture's",
            (0, 45),
            "causal",
        ),
        Parameter(
            "friction",
            uniform(0, 0.9),
            "1",
            "coefficient of friction between the net and what it lies on",
            (0, 1.2),
            "hidden",
            revealed="first_contact",
        ),
        Parameter(
            "mass_kg",
            log_uniform(0.4, 1.2),
            "kg",
            "mass of the net",
            (0.3, 1.5),
            "hidden",
            revealed="first_contact",
        ),
        Parameter(
            "stiffness_n_m",
            log_uniform(60, 200),
            "N/m",
            "of a string between two beads",
            (50, 250),
            "hidden",
            revealed="first_contact",
            told="the stiffness of a string of the net is {}",
        ),
        Parameter(
            "gravity_m_s2",
            constant(GRAVITY),
            "m/s²",
            "strength of gravity",
            (1.62, 15),
            "hidden",
            revealed="acceleration",
        ),
    )
    events = ("first_contact",)
    decisive = ("first_contact",)

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        shape, top = body_shape(params["shape"], params["size_m"])
        half = math.radians(BODY_TURN_DEG) / 2
        body = Body(
            name="body",
            shape=shape,
            position_m=(0.0, 0.0, top / 2),
            orientation_xyzw=(0.0, 0.0, math.sin(half), math.cos(half)),
            mass_kg=0.0,
            fixed=True,
        )
        pitch = params["width_m"] / (SIDE - 1 + 2 * BEAD)
        radius, mass = BEAD * pitch, params["mass_kg"] / SIDE**2
        stubborn = KNOT * mass * radius * radius
        beads = tuple(
            Body(
                name=bead(row, column),
                shape=Shape("sphere", (radius,)),
                position_m=_start(params, row, column, pitch, top + params["height_m"]),
                mass_kg=mass,
                friction=params["friction"],
                elasticity=0.0,
                inertia_kg_m2=(stubborn, stubborn, stubborn),
                role="prop",
            )
            for row in range(SIDE)
            for column in range(SIDE)
        )
        stiffness = params["stiffness_n_m"]
        damping = 2 * DAMPING * math.sqrt(stiffness * mass)
        strings = [
            (bead(row, column), bead(row + down, column + across))
            for row in range(SIDE)
            for column in range(SIDE)
            for down, across in ((0, 1), (1, 0))
            if row + down < SIDE and column + across < SIDE
        ]
        meshes = [(row, column) for row in range(SIDE - 1) for column in range(SIDE - 1)]
        crossing = [(bead(r, c), bead(r + 1, c + 1)) for r, c in meshes]
        crossing += [(bead(r, c + 1), bead(r + 1, c)) for r, c in meshes]
        springs = [
            Force("spring", a, b, stiffness_n_m=stiffness, length_m=pitch, damping_kg_s=damping)
            for a, b in strings
        ]
        springs += [
            Force(
                "spring",
                a,
                b,
                stiffness_n_m=ACROSS * stiffness,
                length_m=math.sqrt(2) * pitch,
                damping_kg_s=ACROSS * damping,
            )
            for a, b in crossing
        ]
        return SceneSpec(
            bodies=(body, *beads, ground()),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 0.42), 2.6, elevation_deg=14.0),),
            forces=tuple(springs),
            links=tuple(Link("string", a, b, radius_m=STRING * pitch) for a, b in strings),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="resting",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        return ()

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        body = scene.body("body")
        kind = words.called(body, draws)
        a_body, the_body = words.article(kind), words.the(kind)
        look = scene.body(bead(0, 0)).look
        colour = look.colour_name if look is not None else ""
        net = f"{colour} {draws.choice('net', ('net', 'net of beads', 'beaded net'))}".strip()
        a_net, the_net = words.article(net), words.the(net)
        falls = draws.choice("falls", ("falls over", "drops onto", "falls onto", "comes down on"))
        plain = draws.choice(
            "plain", (f"{a_net} {falls} {a_body}", f"{a_net} is let go and {falls} {a_body}")
        )
        place = words.grade(params["offset_m"], PLACES).format(params["direction"])
        grip = words.grade(params["friction"], FRICTIONS)
        qualitative = draws.choice(
            "qualitative",
            (
                f"{words.article(f'{grip} {net}')}, {place}, {falls} {a_body}",
                f"{a_net}, {place}, {falls} {a_body}; the net is {grip}",
            ),
        )
        mass, stiffness = (
            words.quantity(params[n], u) for n, u in (("mass_kg", "kg"), ("stiffness_n_m", "N/m"))
        )
        width, height = (words.quantity(params[name], "m") for name in ("width_m", "height_m"))
        friction, offset = words.quantity(params["friction"], "1"), words.quantity(params["offset_m"], "m")
        gravity = words.quantity(params["gravity_m_s2"], "m/s²")
        elsewhere = "" if params["gravity_m_s2"] == GRAVITY else f", where gravity is {gravity}"
        numeric = draws.choice(
            "numeric",
            (
                f"{a_net}, {width} wide and of {mass}, is let go {height} above {a_body} and {offset} to the "
                f"{params['direction']} of its middle{elsewhere}; the coefficient of friction is {friction}, the "
                f"stiffness of its strings {stiffness}",
                f"{a_net} of {mass}, {width} wide, falls {height} onto {a_body}, {offset} to the "
                f"{params['direction']} of its middle{elsewhere}; friction is {friction} and a string's stiffness "
                f"{stiffness}",
            ),
        )
        return words.tiers(
            plain, qualitative, numeric, _outcome(the_net, the_body, scene, trace, events, draws)
        )


def ending(scene: SceneSpec, trace: Trace) -> str:
    """What the net does when the video ends: "drapes" the body, a bead lying over its top; hangs down its "side";
    or is "off" it, no bead being higher than the middle of the body.
    """
    beads = _beads(scene)
    body = scene.body("body")
    middle_m = body.position_m[2]
    place = trace.position_m[-1, beads]
    if place[:, 2].max() < middle_m:
        return "off"
    _, top = body_shape(body.shape.kind, _width_m(body.shape))
    near = np.hypot(place[:, 0] - body.position_m[0], place[:, 1] - body.position_m[1])
    over = (near < OVER * _width_m(body.shape)) & (place[:, 2] > top)
    return "drapes" if over.any() else "side"


def _outcome(
    the_net: str, the_body: str, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
) -> str:
    body = scene.body_index("body")
    meeting = next((event for event in events if body in event.bodies), None)
    if meeting is None:
        return draws.choice(
            "falling",
            (
                f"{the_net} has not reached {the_body} when the video ends",
                f"{the_net} does not reach {the_body}",
            ),
        )
    after = words.quantity(meeting.time_s, "s")
    beads = _beads(scene)
    place = trace.position_m[-1, beads]
    left = float((place[:, 0] < 0).mean())
    side = "left" if left > 0.5 else "right"
    end = ending(scene, trace)
    if end == "drapes":
        uneven = f", most of it on the {side}" if max(left, 1 - left) > UNEVEN else ""
        does = draws.choice("drapes", ("drapes it", "drapes over it", "stays on it")) + uneven
    elif end == "side":
        does = draws.choice("side", (f"ends up on its {side} side", f"slips down to its {side} side"))
    else:
        does = draws.choice("off", (f"slides off to the {side}", f"slips off it to the {side}"))
    touches = draws.choice("touches", ("touches", "reaches", "meets"))
    low = float((place[:, 2] < LOW * scene.bodies[beads[0]].shape.size_m[0]).mean())
    parts = [f"{the_net} {touches} {the_body} after {after} and {does}"]
    parts.append(words.grade(low, GROUNDED))
    speed = float(np.linalg.norm(trace.velocity_m_s[-1, beads], axis=1).mean())
    moves = "hardly moves" if speed < STILL_M_S else "is still moving"
    parts.append(f"it {moves} when the video ends")
    return "; ".join(parts)


def _beads(scene: SceneSpec) -> list[int]:
    return [index for index, body in enumerate(scene.bodies) if not body.fixed]


def _width_m(shape: Shape) -> float:
    """The `size_m` of which `body_shape` makes the shape."""
    size = shape.size_m[0]
    return {"box": size / 0.85, "capsule": size / 0.36}.get(shape.kind, 2 * size)


def body_shape(kind: str, size_m: float) -> tuple[Shape, float]:
    """The body's solid, `size_m` wide, and its height."""
    radius = size_m / 2
    if kind == "sphere":
        return Shape("sphere", (radius,)), size_m
    if kind == "box":
        edge = 0.85 * size_m
        return Shape("box", (edge, edge, edge)), edge
    if kind == "cylinder":
        return Shape("cylinder", (radius, size_m)), size_m
    return Shape("capsule", (0.72 * radius, 0.4 * size_m)), 1.12 * size_m


def bead(row: int, column: int) -> str:
    return f"bead_{row + 1}_{column + 1}"


def _start(params: Params, row: int, column: int, pitch: float, height_m: float) -> Vector:
    """Where a bead is at the start: in a level square, turned, off the body's axis."""
    angle = math.radians(params["angle_deg"])
    x, y = (column - (SIDE - 1) / 2) * pitch, (row - (SIDE - 1) / 2) * pitch
    side = 1.0 if params["direction"] == "right" else -1.0
    return (
        side * params["offset_m"] + x * math.cos(angle) - y * math.sin(angle),
        x * math.sin(angle) + y * math.cos(angle),
        height_m,
    )
