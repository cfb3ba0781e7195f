"""A body on a string circles at a constant speed: round a peg on a floor without friction, or as a conical pendulum.

On the floor any speed will do. The conical pendulum hangs from a hook, and its weight pulls it in: it goes round at
the one speed that keeps its string at its angle. The ball hovers 2 mm above the floor and touches nothing.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.errors import Rejected
from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics import laws
from simgen.physics.trace import Trace
from simgen.recipe.distributions import choice, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios import lane
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.stage import (
    MATERIAL,
    area_camera,
    gravity_parameter,
    ground,
    material,
    random_orientation,
    solid,
)
from simgen.scene.rotation import about_axis
from simgen.scene.spec import Body, Joint, Link, SceneSpec, Shape, Vector, Video

HOVER_M = 0.002
HANGS_M = 0.55  # height of a conical pendulum's body
STRING_M = 0.018
PEG_M = 0.05

PACES = ((2.0, "slowly"), (4.0, "steadily"), (math.inf, "fast"))  # rad/s


class CircularMotion(Scenario):
    name = "circular_motion"
    summary = "A body on a string circles round a peg on a smooth floor, or as a conical pendulum."
    parameters = (
        Parameter(
            "setup",
            choice("floor", "conical"),
            "",
            "round a peg on a floor without friction, or hanging from a hook as a conical pendulum",
            ("floor", "conical"),
            "causal",
        ),
        Parameter(
            "length_m",
            uniform(0.8, 1.3),
            "m",
            "length of the string, to the body's centre",
            (0.7, 1.35),
            "causal",
        ),
        Parameter(
            "speed_m_s",
            uniform(1.2, 3.5),
            "m/s",
            "speed on the floor (a conical pendulum's follows from its angle)",
            (0.6, 5),
            "causal",
            revealed="velocity",
        ),
        Parameter(
            "cone_deg",
            uniform(30, 60),
            "deg",
            "angle of the conical pendulum's string from the vertical",
            (25, 65),
            "causal",
        ),
        Parameter(
            "turn",
            choice("clockwise", "anticlockwise"),
            "",
            "which way round, seen from above",
            ("clockwise", "anticlockwise"),
            "causal",
            revealed="velocity",
        ),
        Parameter("shape", choice("sphere", "box"), "", "what circles", ("sphere", "box"), "nuisance"),
        lane.mass(2300),
        Parameter(
            "radius_m",
            uniform(0.18, 0.26),
            "m",
            "radius of the ball, half the edge of the box",
            (0.17, 0.3),
            "nuisance",
        ),
        Parameter(
            "start_deg",
            uniform(-210, 30),
            "deg",
            "where on the circle it starts, from the right of the picture towards its far side; not behind the string",
            (-210, 30),
            "nuisance",
        ),
        gravity_parameter(revealed="velocity"),
        MATERIAL,
    )
    laws = (
        Law(
            "circular_motion_period",
            "T = 2π r / v; of the conical pendulum T = 2π √(L cos θ / g)",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 4 (uniform circular motion), 6",
            0.001,
            "fitted to the angles of all frames",
        ),
        Law(
            "circular_motion_acceleration",
            "a = v² / r; of the conical pendulum a = g tan θ",
            "Halliday, Resnick, Walker, ch. 4 (centripetal acceleration) and 6",
            0.001,
            "measured as the mean speed times the rate at which the direction of the velocity turns",
        ),
        Law(
            "circular_motion_radius",
            "r is the same in every frame (the one furthest from it counts): L, or L sin θ",
            "Halliday, Resnick, Walker, ch. 4",
            0.001,
            "a conical pendulum's string is free to leave its angle: it keeps it as long as its speed is right",
        ),
    )
    events = ()
    decisive = ()

    def revealed_by(self, params: Params) -> dict[str, str]:
        """Gravity plays no part on the floor, and speed is not free on the cone."""
        ways = super().revealed_by(params)
        idle = ("gravity_m_s2", "cone_deg") if params["setup"] == "floor" else ("speed_m_s",)
        return {**ways, **dict.fromkeys(idle, "never")}

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        conical, size = params["setup"] == "conical", params["radius_m"]
        radius, rate = circle(params)
        around = math.radians(params["start_deg"])
        out = np.array([math.cos(around), math.sin(around), 0.0])
        height = HANGS_M if conical else size + HOVER_M
        spin = np.array([0.0, 0.0, rate])
        pivot = (0.0, 0.0, height)
        if conical:
            pivot = (0.0, 0.0, height + params["length_m"] * math.cos(math.radians(params["cone_deg"])))
        ball = params["shape"] == "sphere"
        place = radius * out + np.array([0.0, 0.0, height])
        subject = Body(
            name="subject",
            shape=solid(params["shape"], size),
            position_m=lane.vector(place),
            orientation_xyzw=random_orientation(draws, "subject.orientation")
            if ball
            else about_axis((0.0, 0.0, 1.0), around),
            velocity_m_s=lane.vector(np.cross(spin, radius * out)),
            angular_velocity_rad_s=lane.vector(spin),
            mass_kg=params["mass_kg"],
            friction=0.0,
            elasticity=0.0,
            material=material(params),
        )
        joint = Joint("string", "point" if conical else "hinge", "", "subject", pivot, (0.0, 0.0, 1.0))
        return SceneSpec(
            bodies=(subject, _hook(pivot) if conical else _peg(height), ground(friction=0.0)),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 0.55), 3.5, elevation_deg=28.0),),
            joints=(joint,),
            links=(Link("string", "subject", at_b_m=pivot, radius_m=STRING_M),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="joints",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        if len(trace.time_s) < 3:
            raise Rejected("law-not-in-video", "a circle needs three frames; lengthen the video")
        subject = scene.body_index("subject")
        radius, rate = circle(params)
        place, velocity = trace.position_m[:, subject, :2], trace.velocity_m_s[:, subject, :2]
        turns = _rate(trace.time_s, place)
        speed = float(np.mean(np.linalg.norm(velocity, axis=1)))
        away = np.linalg.norm(place, axis=1)
        furthest = float(away[np.argmax(np.abs(away - radius))])
        return (
            lane.relative("circular_motion_period", math.tau / abs(rate), math.tau / abs(turns)),
            lane.relative(
                "circular_motion_acceleration",
                radius * rate**2,
                speed * abs(_rate(trace.time_s, velocity)),
            ),
            lane.relative("circular_motion_radius", radius, furthest),
        )

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        body = words.called(scene.body("subject"), draws)
        a_body, the_body = words.article(body), words.the(body)
        conical, turn = params["setup"] == "conical", params["turn"]
        _, rate = circle(params)
        circles = draws.choice("circles", ("circles", "goes round in circles", "moves in a circle"))
        pace = words.grade(abs(rate), PACES)
        if conical:
            plain = (
                f"{a_body} on a string {circles} below a hook",
                f"{a_body} swings round as a conical pendulum",
            )
            qualitative = (
                f"{a_body} {circles} {pace} and {turn} on a string that hangs from a hook",
                f"hung from a hook, {a_body} {circles} {pace}, {turn}, its string at a slant",
            )
        else:
            plain = (
                f"{a_body} on a string {circles}",
                f"tied to a peg, {a_body} {circles} on a smooth floor",
            )
            qualitative = (
                f"{a_body} on a string {circles} {pace} and {turn} round a peg",
                f"held by a string, {a_body} {circles} {pace} round a peg, {turn}",
            )
        mass = words.quantity(params["mass_kg"], "kg")
        length = words.quantity(params["length_m"], "m")
        if conical:
            angle = words.quantity(params["cone_deg"], "deg", 1)
            numeric = (
                f"{a_body} of {mass} circles on a string of {length} that is {angle} from the vertical"
                f"{lane.elsewhere(params)}",
                f"a conical pendulum: {a_body} with a mass of {mass} on {length} of string, which is at {angle} from "
                f"the vertical{lane.elsewhere(params)}",
            )
        else:
            speed = words.quantity(params["speed_m_s"], "m/s")
            numeric = (
                f"{a_body} of {mass} circles at {speed} on a string of {length}",
                f"on a string of {length}, {a_body} with a mass of {mass} goes round a peg at {speed}",
            )
        return words.tiers(
            draws.choice("plain", plain),
            draws.choice("qualitative", qualitative),
            draws.choice("numeric", numeric),
            _outcome(the_body, abs(rate) * float(trace.time_s[-1]), draws),
        )


def circle(params: Params) -> tuple[float, float]:
    """Radius (m) and angular velocity about the vertical (rad/s, positive anticlockwise from above)."""
    length, angle = params["length_m"], params["cone_deg"]
    sense = 1.0 if params["turn"] == "anticlockwise" else -1.0
    if params["setup"] == "floor":
        return length, sense * params["speed_m_s"] / length
    period = laws.conical_pendulum_period(length, angle, params["gravity_m_s2"])
    return length * math.sin(math.radians(angle)), sense * math.tau / period


def _peg(height_m: float) -> Body:
    return Body(
        name="peg",
        shape=Shape("cylinder", (PEG_M, height_m + 0.1)),
        position_m=(0.0, 0.0, (height_m + 0.1) / 2),
        mass_kg=0.0,
        fixed=True,
        role="support",
    )


def _hook(pivot_m: Vector) -> Body:
    return Body(
        name="hook",
        shape=Shape("box", (0.24, 0.24, 0.06)),
        position_m=(0.0, 0.0, pivot_m[2] + 0.03),
        mass_kg=0.0,
        fixed=True,
        role="support",
    )


def _rate(time_s: NDArray[np.float64], vectors: NDArray[np.float64]) -> float:
    """Rate (rad/s) at which vectors (T, 2) turn: a straight line through their angles."""
    angles = np.unwrap(np.arctan2(vectors[:, 1], vectors[:, 0]))
    return float(np.polynomial.polynomial.polyfit(time_s, angles, 1)[1])


def _outcome(the_body: str, turned_rad: float, draws: Draws) -> str:
    """How often it has been round when the video ends."""
    rounds = int(turned_rad / math.tau)
    if rounds == 0:
        short = ("has not been all the way round", "has not completed a full circle")
        return f"{the_body} {draws.choice('short', short)} when the video ends"
    goes = draws.choice("goes", ("goes all the way round", "completes its circle", "has gone round"))
    return f"{the_body} {goes} {words.times(rounds)} by the end of the video"
