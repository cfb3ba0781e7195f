"""Atwood's machine: two bodies hang on one rope over a pulley; the heavier one sinks and lifts the other.

The two are of one density, so their sizes show their masses; the pulley's mass cannot be seen and slows them
down. When the heavier one has landed the rope goes slack, and the lighter one flies on upwards for a while.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from simgen.errors import Rejected
from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics import laws
from simgen.physics.inertia import shape_volume
from simgen.physics.trace import Trace
from simgen.recipe.distributions import choice, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.stage import area_camera, direction_parameter, gravity_parameter, ground, solid
from simgen.scenarios.tilting import elsewhere, side_of
from simgen.scene.rotation import about_axis
from simgen.scene.spec import Body, Force, Joint, Link, Quaternion, SceneSpec, Shape, Vector, Video

AXLE_M = 1.9  # height of the pulley's axle
RADIUS_M = 0.28  # of the pulley, whose rim the rope leaves straight down
PULLEY_WIDTH_M = 0.08
BEAM_M, POST_M = (
    2.3,
    0.08,
)  # height of the middle of the beam from which the pulley hangs; edge of beam and posts
SPAN_M = 0.85  # of the posts from the middle
ROPE_M = 0.012  # radius of the rope
DENSITY_KG_M3 = 100.0
HARDLY_MOVES = 0.02  # of g: below this a relative residual would compare two numbers near zero
STILL_M = 1e-3

SHAPES = ("box", "sphere", "cylinder")
DIFFERENCES = ((0.02, "equally heavy"), (0.2, "almost equally heavy"), (math.inf, "of different weights"))


class Atwood(Scenario):
    name = "atwood"
    summary = "Two bodies hang on a rope over a pulley; the heavier one sinks and lifts the other."
    parameters = (
        Parameter("mass_a_kg", uniform(1, 4), "kg", "mass of body a, seen in its size", (1, 4), "causal"),
        Parameter("mass_b_kg", uniform(1, 4), "kg", "mass of body b, seen in its size", (1, 4), "causal"),
        Parameter(
            "pulley_kg",
            uniform(0.1, 3),
            "kg",
            "mass of the pulley, a solid disc that the rope turns without slipping",
            (0.05, 5),
            "hidden",
            "acceleration",
        ),
        Parameter("shape", choice(*SHAPES), "", "shape of both bodies", SHAPES, "nuisance"),
        Parameter(
            "height_m",
            uniform(0.3, 0.45),
            "m",
            "gap between the larger body's lowest point and the ground; both centres are level",
            (0.25, 0.45),
            "causal",
        ),
        Parameter(
            "elasticity",
            uniform(0, 0.3),
            "1",
            "coefficient of restitution on the ground",
            (0, 0.5),
            "hidden",
            "first_contact",
        ),
        direction_parameter("the side of the picture on which body a is", "causal"),
        gravity_parameter(),
    )
    laws = (
        Law(
            "atwood_acceleration",
            "a = g (m₁ − m₂) / (m₁ + m₂ + I / r²), I / r² = M / 2 for a disc",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 5 and 10",
            0.001,
            "fitted to the positions until a body lands; the rope is a constraint, exact to rounding",
        ),
        Law(
            "atwood_acceleration_over_g",
            "as atwood_acceleration where the masses nearly balance (a < 0.02 g): residual = |measured − "
            "predicted| / g",
            "as atwood_acceleration",
            0.001,
            "relative to g, as the predicted may be 0",
        ),
    )
    events = ("first_contact", "bounce", "apex", "starts_moving", "comes_to_rest")
    decisive = ("first_contact",)

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        side, shapes = side_of(params), _shapes(params)
        level = params["height_m"] + max(_half(shape) for shape in shapes)
        places: list[Vector] = [(sign * side * RADIUS_M, 0.0, level) for sign in (1.0, -1.0)]
        tops: list[Vector] = [(x, 0.0, AXLE_M) for x, _, _ in places]
        masses = [params[f"mass_{name}_kg"] for name in "ab"]
        across = about_axis((1.0, 0.0, 0.0), math.pi / 2)
        turn: Quaternion = (0.0, 0.0, 0.0, 1.0)
        bodies = tuple(
            Body(
                name=f"body_{name}",
                shape=shape,
                position_m=place,
                orientation_xyzw=turn,
                mass_kg=mass,
                friction=0.6,
                elasticity=params["elasticity"],
            )
            for name, shape, place, mass in zip("ab", shapes, places, masses, strict=True)
        )
        pulley = Body(
            name="pulley",
            shape=Shape("cylinder", (RADIUS_M, PULLEY_WIDTH_M)),
            position_m=(0.0, 0.0, AXLE_M),
            orientation_xyzw=across,
            mass_kg=params["pulley_kg"],
        )
        rope = Force(
            "rope",
            "body_a",
            "body_b",
            anchor_m=tops[0],
            anchor_b_m=tops[1],
            length_m=2 * (AXLE_M - level),
            pulley="pulley",
        )
        return SceneSpec(
            bodies=(*bodies, pulley, *_gantry(), ground()),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 1.17), 2.7, elevation_deg=6.0, azimuth_deg=12.0),),
            joints=(Joint("axle", "hinge", "", "pulley", (0.0, 0.0, AXLE_M), (0.0, 1.0, 0.0)),),
            forces=(rope,),
            links=(*_rope(tops), *_hanger()),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="universal",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        contacts = trace.contacts
        landing = float(contacts.time_s.min()) if len(contacts) else math.inf
        free = trace.time_s < landing
        time = trace.time_s[free]
        a, b = scene.body_index("body_a"), scene.body_index("body_b")
        height = trace.position_m[free]
        way = (height[:, b, 2] - height[:, a, 2] - (height[0, b, 2] - height[0, a, 2])) / 2  # of a downwards
        if len(time) < 2:
            raise Rejected("law-not-in-video", "no frame before a body lands; raise fps")
        measured = 2 * float(way @ time**2) / float(time**2 @ time**2)  # least squares for way = a t²/2
        predicted, gravity = acceleration(params), params["gravity_m_s2"]
        error = abs(measured - predicted)
        if abs(predicted) < HARDLY_MOVES * gravity:
            return (LawCheck("atwood_acceleration_over_g", predicted, measured, error / gravity),)
        return (LawCheck("atwood_acceleration", predicted, measured, error / abs(predicted)),)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        first, second = words.pair(scene.body("body_a"), scene.body("body_b"), draws)
        one, other = words.introduce(first), words.introduce(second)
        side = params["direction"]
        rope = draws.choice("rope", ("rope", "cord", "string"))
        wheel = draws.choice("pulley", ("pulley", "wheel"))
        masses = params["mass_a_kg"], params["mass_b_kg"]
        weights = words.grade(abs(masses[0] - masses[1]) / max(masses), DIFFERENCES)
        plain = draws.choice(
            "plain",
            (
                f"{one} and {other} hang on one {rope} over a {wheel}",
                f"a {rope} over a {wheel} carries {one} and {other}",
            ),
        )
        qualitative = draws.choice(
            "qualitative",
            (
                f"{one} on the {side} and {other}, {weights}, hang on one {rope} over a {wheel} and are let go",
                f"on a {rope} over a {wheel} hang {one} on the {side} and {other}; they are {weights}",
            ),
        )
        kilograms = [words.quantity(mass, "kg") for mass in masses]
        wheel_kg = words.quantity(params["pulley_kg"], "kg")
        numeric = draws.choice(
            "numeric",
            (
                f"{one} of {kilograms[0]} and {other} of {kilograms[1]} hang on one {rope} over a {wheel} of "
                f"{wheel_kg}{elsewhere(params)}",
                f"a {rope} over a {wheel} of {wheel_kg} carries {one} of {kilograms[0]} and {other} of "
                f"{kilograms[1]}{elsewhere(params)}",
            ),
        )
        return words.tiers(plain, qualitative, numeric, _outcome(first, second, scene, trace, events, draws))


def acceleration(params: Params) -> float:
    """Of body a downwards, m/s² (the law `atwood_acceleration`)."""
    return laws.atwood_acceleration(
        params["mass_b_kg"], params["mass_a_kg"], params["gravity_m_s2"], params["pulley_kg"] / 2
    )


def _shapes(params: Params) -> list[Shape]:
    """Of the two bodies: as large as their masses at one density."""
    kind = params["shape"]
    unit = shape_volume(solid(kind, 1.0))
    return [solid(kind, (params[f"mass_{name}_kg"] / DENSITY_KG_M3 / unit) ** (1 / 3)) for name in ("a", "b")]


def _half(shape: Shape) -> float:
    """From its centre to its lowest point, upright."""
    return shape.size_m[0] if shape.kind == "sphere" else shape.size_m[-1] / 2


def _gantry() -> tuple[Body, ...]:
    """Two posts and a beam over the pulley."""
    sizes: list[tuple[str, Vector, Vector]] = [
        ("beam", (2 * SPAN_M + POST_M, POST_M, POST_M), (0.0, 0.0, BEAM_M)),
        ("post_left", (POST_M, POST_M, BEAM_M - POST_M / 2), (-SPAN_M, 0.0, BEAM_M / 2 - POST_M / 4)),
        ("post_right", (POST_M, POST_M, BEAM_M - POST_M / 2), (SPAN_M, 0.0, BEAM_M / 2 - POST_M / 4)),
    ]
    return tuple(
        Body(name, Shape("box", size), place, mass_kg=0.0, fixed=True, role="support")
        for name, size, place in sizes
    )


def _rope(tops: list[Vector]) -> tuple[Link, ...]:
    """What is seen of the rope: straight down to the bodies, and in chords over the pulley's rim."""
    hanging = (
        Link("string", "body_a", "", at_b_m=tops[0], radius_m=ROPE_M),
        Link("string", "body_b", "", at_b_m=tops[1], radius_m=ROPE_M),
    )
    chords = 12
    rim: list[Vector] = [
        (RADIUS_M * math.cos(angle), 0.0, AXLE_M + RADIUS_M * math.sin(angle))
        for angle in (math.pi * step / chords for step in range(chords + 1))
    ]
    over = (
        Link("string", "", "", at_a_m=start, at_b_m=end, radius_m=ROPE_M)
        for start, end in itertools.pairwise(rim)
    )
    return (*hanging, *over)


def _hanger() -> tuple[Link, ...]:
    """Two rods from the beam to the ends of the pulley's axle, and the axle."""
    y = PULLEY_WIDTH_M / 2 + 0.025
    rods = (
        Link("rod", "", "", at_a_m=(0.0, end, AXLE_M), at_b_m=(0.0, end, BEAM_M), radius_m=0.014)
        for end in (-y, y)
    )
    return (*rods, Link("rod", "", "", at_a_m=(0.0, -y, AXLE_M), at_b_m=(0.0, y, AXLE_M), radius_m=0.02))


def _outcome(
    first: str, second: str, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
) -> str:
    """Which of the two sinks, and when it lands."""
    a, floor = scene.body_index("body_a"), scene.body_index("ground")
    landing = next(
        (event for event in events if event.kind == "first_contact" and floor in event.bodies), None
    )
    fallen = trace.position_m[0, a, 2] - trace.position_m[:, a, 2]
    if np.abs(fallen).max() < STILL_M:
        return draws.choice(
            "still",
            ("neither of the two moves", f"{words.the(first)} and {words.the(second)} stay where they are"),
        )
    sinks = bool(fallen[int(np.argmax(np.abs(fallen)))] > 0) if landing is None else a in landing.bodies
    lower, upper = (words.the(name) for name in ((first, second) if sinks else (second, first)))
    lifts = draws.choice("lifts", (f"pulls {upper} up", f"lifts {upper}", f"raises {upper}"))
    if landing is None:
        return f"{lower} sinks and {lifts}; it has not landed when the video ends"
    return f"{lower} sinks, {lifts} and lands after {words.quantity(landing.time_s, 's')}"
