"""A body let go on a ramp: it rolls, slips or slides down to a board that stops it, or friction holds it.

Where the body starts says nothing about the angle: its centre is drawn first, the ramp is then laid under it,
and the camera stands still. With ramp and board not drawn, the first frame is the same for every angle (a box
as the body apart: it lies on the ramp and so tilts with it; the board stands on the ramp and does too).
"""

from __future__ import annotations

import math

import numpy as np

from simgen.errors import Rejected
from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics import laws
from simgen.physics.trace import Trace
from simgen.recipe.distributions import choice, log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.stage import (
    GRAVITY,
    MATERIAL,
    area_camera,
    direction_parameter,
    gravity_parameter,
    ground,
    material,
    random_orientation,
    solid,
)
from simgen.scene.rotation import about_axis, multiply
from simgen.scene.spec import Body, Quaternion, SceneSpec, Shape, Vector, Video

RAMP_WIDTH_M = 1.2
UPHILL_M = 0.4  # of the ramp's surface above the body
STOP_M = (
    1.45  # of the board from the middle of the picture, on the downhill side: the body stays in the picture
)
STOP_THICKNESS_M = 0.12
HARDLY_MOVES = 0.02  # of g sin θ: below this a relative residual would compare two numbers near zero

STEEPNESS = ((12.0, "gentle"), (28.0, "moderately steep"), (math.inf, "steep"))
RAMP_WORDS = ("ramp", "incline", "slope", "inclined plane")


class Incline(Scenario):
    name = "incline"
    summary = "A ball, cylinder, hoop or box let go on a ramp rolls, slips or slides down, or stays."
    parameters = (
        Parameter("angle_deg", uniform(5, 40), "deg", "slope of the ramp", (5, 60), "causal"),
        Parameter(
            "shape",
            choice("sphere", "cylinder", "hoop", "box"),
            "",
            "what is let go; round ones roll, a box slides",
            ("sphere", "cylinder", "hoop", "box"),
            "causal",
        ),
        # up to a steel cube of the largest size
        Parameter("mass_kg", log_uniform(0.1, 10), "kg", "mass of the body", (0.05, 4100), "hidden"),
        Parameter(
            "radius_m",
            uniform(0.18, 0.28),
            "m",
            "radius of the round ones, half the edge of the box",
            (0.17, 0.4),
            "nuisance",
        ),
        Parameter(
            "friction",
            uniform(0.1, 0.7),
            "1",
            "coefficient of friction",
            (0, 0.9),
            "hidden",
            "acceleration",
        ),
        Parameter(
            "elasticity",
            uniform(0, 0.6),
            "1",
            "coefficient of restitution where it hits the board or the ground",
            (0, 0.9),
            "hidden",
            "first_contact",
        ),
        Parameter(
            "start_height_m",
            uniform(1.6, 2.1),
            "m",
            "height of the body's centre above the ground at the start",
            (1.4, 2.4),
            "nuisance",
        ),
        Parameter(
            "start_offset_m",
            uniform(0.5, 1.3),
            "m",
            "how far from the middle of the picture it starts, on the uphill side",
            (0, 1.3),
            "nuisance",
        ),
        direction_parameter("the side of the picture to which the ramp descends"),
        gravity_parameter(),
        MATERIAL,
    )
    laws = (
        Law(
            "incline_acceleration",
            "rolling (μ ≥ tan θ · k/(1+k), k = I/(m r²)): a = g sin θ / (1+k); otherwise a = g (sin θ − μ "
            "cos θ)",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 6 (sliding) and 11 (rolling)",
            0.001,
            "fitted to the positions on the ramp; over the documented ranges the worst of 456 clips was 2.3e-4",
        ),
        Law(
            "incline_acceleration_over_g_sin",
            "a body that hardly moves (predicted a < 0.02 g sin θ) or not at all (box with μ ≥ tan θ: a = "
            "0): "
            "residual = |measured − predicted| / (g sin θ)",
            "Halliday, Resnick, Walker, ch. 6 (static friction)",
            0.001,
            "relative to the acceleration without friction, as the predicted may be 0; the worst was 6e-6",
        ),
    )
    events = (
        "first_contact",
        "bounce",
        "apex",
        "comes_to_rest",
        "leaves_frame",
        "enters_frame",
        "topples",
        "starts_rolling",
    )
    decisive = ("first_contact",)

    def revealed_by(self, params: Params) -> dict[str, str]:
        """How much friction there is plays no part while a body rolls without slipping."""
        ways = super().revealed_by(params)
        if regime(params) == "rolls":
            ways["friction"] = "first_contact"
        return ways

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        angle, radius = math.radians(params["angle_deg"]), params["radius_m"]
        side = _side(params)
        centre = (-side * params["start_offset_m"], 0.0, params["start_height_m"])
        subject = Body(
            name="subject",
            shape=solid(params["shape"], radius),
            position_m=centre,
            orientation_xyzw=_orientation(params, draws),
            mass_kg=params["mass_kg"],
            friction=params["friction"],
            elasticity=params["elasticity"],
            material=material(params),
        )
        return SceneSpec(
            bodies=(
                subject,
                _ramp(centre, radius, angle, side),
                _stop(centre, radius, angle, side),
                ground(),
            ),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 1.5), 4.0, elevation_deg=14.0, azimuth_deg=side * 14.0),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="universal",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        angle = math.radians(params["angle_deg"])
        subject, ramp = scene.body_index("subject"), scene.body_index("ramp")
        downhill = np.array([_side(params) * math.cos(angle), 0.0, -math.sin(angle)])
        contacts = trace.contacts
        other = (
            ((contacts.a == subject) | (contacts.b == subject)) & (contacts.a != ramp) & (contacts.b != ramp)
        )
        end = contacts.time_s[other].min() if other.any() else math.inf
        on_ramp = trace.time_s < end
        time = trace.time_s[on_ramp]
        path = (trace.position_m[on_ramp, subject] - trace.position_m[0, subject]) @ downhill
        if len(time) >= 4:
            measured = 2 * float(np.polynomial.polynomial.polyfit(time, path, 2)[2])
        elif len(time) >= 2:
            measured = float(trace.velocity_m_s[len(time) - 1, subject] @ downhill / time[-1])
        else:
            raise Rejected("law-not-in-video", "no frame while the body is on the ramp; raise fps")
        predicted, driving = acceleration(params), params["gravity_m_s2"] * math.sin(angle)
        error = abs(measured - predicted)
        if predicted < HARDLY_MOVES * driving:
            return (LawCheck("incline_acceleration_over_g_sin", predicted, measured, error / driving),)
        return (LawCheck("incline_acceleration", predicted, measured, error / predicted),)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        subject = scene.body_index("subject")
        body = words.called(scene.bodies[subject], draws)
        a_body, the_body = words.article(body), words.the(body)
        ramp = draws.choice("ramp", RAMP_WORDS)
        moves, then = draws.choice("motion", MOTIONS[regime(params)])
        descends = f"that descends to the {params['direction']}"
        slope = words.article(f"{words.grade(params['angle_deg'], STEEPNESS)} {ramp}")
        plain = draws.choice(
            "plain",
            (f"{a_body} {moves} {words.article(ramp)}", f"let go on {words.article(ramp)}, {a_body} {then}"),
        )
        qualitative = draws.choice(
            "qualitative",
            (f"{a_body} {moves} {slope} {descends}", f"let go on {slope} {descends}, {a_body} {then}"),
        )
        mass = words.quantity(params["mass_kg"], "kg")
        angle = words.quantity(params["angle_deg"], "deg", 1)
        friction = words.quantity(params["friction"], "1")
        gravity = words.quantity(params["gravity_m_s2"], "m/s²")
        elsewhere = "" if params["gravity_m_s2"] == GRAVITY else f", where gravity is {gravity}"
        numeric = draws.choice(
            "numeric",
            (
                f"{a_body} with a mass of {mass} {moves} a ramp inclined at {angle}; the coefficient of "
                "friction is "
                f"{friction}{elsewhere}",
                f"{a_body} of {mass} {moves} {words.article(f'{angle} slope')} with a friction coefficient "
                "of "
                f"{friction}{elsewhere}",
            ),
        )
        return words.tiers(
            plain, qualitative, numeric, _outcome(the_body, subject, scene, trace, events, draws)
        )


LANDINGS = ("reaches the ground", "gets to the foot of the ramp", "arrives on the ground")
STOPS = ("hits the board", "runs into the board", "reaches the board")

# What it does, in front of "a ramp" and after the ramp has been named.
MOTIONS = {
    "rolls": (("rolls down", "rolls down"), ("is rolling down", "begins to roll")),
    "slips": (("slips and spins down", "slips and spins"), ("skids down", "skids down")),
    "slides": (("slides down", "slides down"), ("is sliding down", "begins to slide")),
    "rests": (
        ("rests on", "stays where it is"),
        ("stays at rest on", "stays at rest"),
        ("does not move on", "does not move"),
    ),
}


def regime(params: Params) -> str:
    """rolls | slips (round, too little friction to roll) | slides | rests (box, enough friction to stay)."""
    if params["shape"] == "box":
        return "slides" if acceleration(params) > 0 else "rests"
    if params["friction"] == 0:
        return "slides"
    factor = laws.shape_factor(solid(params["shape"], params["radius_m"]))
    return (
        "rolls" if laws.rolls_without_slipping(params["angle_deg"], params["friction"], factor) else "slips"
    )


def acceleration(params: Params) -> float:
    """Along the slope, m/s² (the law `incline_acceleration`)."""
    angle, friction, gravity = params["angle_deg"], params["friction"], params["gravity_m_s2"]
    if params["shape"] == "box":
        return laws.sliding_acceleration(angle, friction, gravity)
    factor = laws.shape_factor(solid(params["shape"], params["radius_m"]))
    return laws.incline_acceleration(angle, friction, factor, gravity)


def _side(params: Params) -> float:
    return 1.0 if params["direction"] == "right" else -1.0


def _orientation(params: Params, draws: Draws) -> Quaternion:
    """A ball any way round, the other round ones across the slope, a box flat on the ramp."""
    if params["shape"] == "sphere":
        return random_orientation(draws, "subject.orientation")
    if params["shape"] == "box":
        return about_axis((0.0, 1.0, 0.0), _side(params) * math.radians(params["angle_deg"]))
    turn = math.tau * draws("subject.orientation.a")
    return multiply(about_axis((0.0, 1.0, 0.0), turn), about_axis((1.0, 0.0, 0.0), math.pi / 2))


def _ramp(centre: Vector, radius: float, angle: float, side: float) -> Body:
    """One box whose top passes `radius` under `centre` and runs from a little uphill into the ground.

    It reaches below the ground everywhere, so it looks like a solid hill and hides nothing but what is behind
    it.
    """
    sin, cos = math.sin(angle), math.cos(angle)
    touch = np.array(centre) - radius * np.array([side * sin, 0.0, cos])
    downhill, normal = np.array([side * cos, 0.0, -sin]), np.array([side * sin, 0.0, cos])
    uphill = radius + UPHILL_M
    length = uphill + float(touch[2]) / sin + 0.3
    thickness = (float(touch[2]) + uphill * sin) / cos + 0.1
    middle = touch + (length / 2 - uphill) * downhill - thickness / 2 * normal
    return Body(
        name="ramp",
        shape=Shape("box", (length, RAMP_WIDTH_M, thickness)),
        position_m=(float(middle[0]), 0.0, float(middle[2])),
        orientation_xyzw=about_axis((0.0, 1.0, 0.0), side * angle),
        mass_kg=0.0,
        elasticity=0.0,  # what rests on the ramp does not bounce off it: elasticity is for the board and the ground
        fixed=True,
        role="support",
    )


def _stop(centre: Vector, radius: float, angle: float, side: float) -> Body:
    """A board across the way, at right angles to what it stands on: the ramp, or the ground where the ramp has ended.

    Its place in the picture does not depend on the angle.
    """
    sin, cos = math.sin(angle), math.cos(angle)
    along = (side * STOP_M - centre[0] + side * radius * sin) * side / cos  # from the point of touch
    height = centre[2] - radius * cos - along * sin
    tilt, foot = (angle, height) if height > 0 else (0.0, 0.0)
    up = (side * math.sin(tilt), math.cos(tilt))
    rise, buried = 2.2 * radius, 0.1
    middle = (rise - buried) / 2
    return Body(
        name="stop",
        shape=Shape("box", (STOP_THICKNESS_M, RAMP_WIDTH_M, rise + buried)),
        position_m=(side * STOP_M + middle * up[0], 0.0, foot + middle * up[1]),
        orientation_xyzw=about_axis((0.0, 1.0, 0.0), side * tilt),
        mass_kg=0.0,
        fixed=True,
        role="support",
    )


def _outcome(
    the_body: str, subject: int, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
) -> str:
    """What became of it while it was in the picture, from the events alone."""
    seen = [event for event in words.until_gone(events, subject) if subject in event.bodies]
    places = {scene.body_index("ground"): LANDINGS, scene.body_index("stop"): STOPS}
    clauses = []
    for event in seen:
        for place, verbs in places.items():
            if event.kind == "first_contact" and place in event.bodies:
                verb = draws.choice(f"landing.{place}", verbs)
                clauses.append(f"{verb} after {words.quantity(event.time_s, 's')}")
    bounces = sum(event.kind == "bounce" for event in seen)
    if bounces:
        clauses.append(f"bounces {words.times(bounces)}")
    clauses += words.last_clauses(seen)
    if clauses:
        return f"{the_body} {words.join(clauses)}"
    moved = float(np.linalg.norm(trace.position_m[-1, subject] - trace.position_m[0, subject]))
    if moved < 1e-3:
        return draws.choice(
            "held", (f"{the_body} does not move: friction holds it", f"friction keeps {the_body} where it is")
        )
    return f"{the_body} is still on the ramp when the video ends"
