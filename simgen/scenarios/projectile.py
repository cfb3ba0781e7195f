"""A ball thrown through the air on a parabola; where it lands it bounces on."""

from __future__ import annotations

import math

import numpy as np

from simgen.errors import Rejected
from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics import laws
from simgen.physics.trace import Trace
from simgen.recipe.distributions import log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.stage import (
    GRAVITY,
    area_camera,
    direction_parameter,
    gravity_parameter,
    ground,
    random_orientation,
)
from simgen.scene.spec import Body, SceneSpec, Shape, Video

LAUNCHES = (
    (3.0, "horizontally"),
    (35.0, "at a shallow angle"),
    (60.0, "at an angle"),
    (math.inf, "steeply upwards"),
)
SPEEDS = ((3.8, "gently"), (5.0, "briskly"), (math.inf, "hard"))
LOWEST_APEX_M = 0.05  # gained height below which the law of the apex is not measured


class Projectile(Scenario):
    name = "projectile"
    summary = "A ball thrown at an angle flies on a parabola and lands."
    parameters = (
        Parameter("speed_m_s", uniform(3.5, 6), "m/s", "speed of the throw", (2.5, 6), "causal", "velocity"),
        Parameter(
            "angle_deg",
            uniform(20, 70),
            "deg",
            "angle of the throw above the horizontal",
            (0, 80),
            "causal",
            "velocity",
        ),
        Parameter(
            "height_m",
            uniform(0.4, 1.5),
            "m",
            "gap between the ball and the ground at the start",
            (0.3, 1.5),
            "causal",
        ),
        Parameter("mass_kg", log_uniform(0.1, 10), "kg", "mass of the ball", (0.05, 50), "hidden"),
        Parameter("radius_m", uniform(0.28, 0.4), "m", "radius of the ball", (0.27, 0.5), "nuisance"),
        Parameter(
            "elasticity",
            uniform(0.2, 0.8),
            "1",
            "coefficient of restitution on the ground",
            (0, 0.95),
            "hidden",
            "first_contact",
        ),
        Parameter(
            "friction",
            uniform(0.2, 0.8),
            "1",
            "coefficient of friction on the ground",
            (0, 1),
            "hidden",
            "first_contact",
        ),
        Parameter(
            "start_offset_m",
            uniform(2.25, 2.55),
            "m",
            "how far from the middle of the picture it starts, on the side it is thrown from",
            (2.2, 2.6),
            "nuisance",
        ),
        direction_parameter("the side to which it is thrown"),
        gravity_parameter(9, 25),
    )
    laws = (
        Law(
            "projectile_flight_time",
            "t = (v sin α + √(v² sin² α + 2 g h)) / g",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 4 (projectile motion)",
            0.001,
            "the engine's steps end where bodies touch; the worst of 456 clips was 1e-9",
        ),
        Law(
            "projectile_range",
            "x = v cos α · t",
            "Halliday, Resnick, Walker, ch. 4 (projectile motion)",
            0.001,
            "as the flight time",
        ),
        Law(
            "projectile_apex",
            "height gained = v² sin² α / (2 g)",
            "Halliday, Resnick, Walker, ch. 4 (projectile motion)",
            0.001,
            "measured when it gains 5 cm or more; free flight is exact",
        ),
    )
    events = (
        "first_contact",
        "bounce",
        "apex",
        "leaves_frame",
        "starts_rolling",
    )
    decisive = ("first_contact",)

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        side = _side(params)
        angle, speed = math.radians(params["angle_deg"]), params["speed_m_s"]
        subject = Body(
            name="subject",
            shape=Shape("sphere", (params["radius_m"],)),
            position_m=(-side * params["start_offset_m"], 0.0, params["height_m"] + params["radius_m"]),
            orientation_xyzw=random_orientation(draws, "subject.orientation"),
            velocity_m_s=(side * speed * math.cos(angle), 0.0, speed * math.sin(angle)),
            mass_kg=params["mass_kg"],
            friction=params["friction"],
            elasticity=params["elasticity"],
        )
        return SceneSpec(
            bodies=(subject, ground()),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 2.1), 6.4, elevation_deg=9.0, vertical_fov_deg=45.0),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="restitution",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        subject = scene.body_index("subject")
        if not len(trace.contacts):
            raise Rejected("law-not-in-video", "the ball has not landed; lengthen the video")
        landing = float(trace.contacts.time_s[0])
        flight = trace.time_s < landing
        last = int(flight.sum()) - 1
        position, velocity = trace.position_m[:, subject], trace.velocity_m_s[:, subject]
        travelled = position[last] + velocity[last] * (landing - trace.time_s[last]) - position[0]
        thrown = (params["speed_m_s"], params["angle_deg"], params["gravity_m_s2"])
        checks = [
            _relative(
                "projectile_flight_time", laws.projectile_flight_time(*thrown, params["height_m"]), landing
            ),
            _relative(
                "projectile_range",
                laws.projectile_range(*thrown, params["height_m"]),
                float(travelled[0]) * _side(params),
            ),
        ]
        gained = laws.projectile_apex(*thrown)
        if gained >= LOWEST_APEX_M:
            top = position[flight, 2] + velocity[flight, 2] ** 2 / (
                2 * params["gravity_m_s2"]
            )  # the same in every frame
            checks.append(_relative("projectile_apex", gained, float(np.mean(top)) - float(position[0, 2])))
        return tuple(checks)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        body = words.called(scene.body("subject"), draws)
        a_body = words.article(body)
        thrown = draws.choice("thrown", ("is thrown", "is tossed", "is launched"))
        side = f"to the {params['direction']}"
        how = words.grade(params["angle_deg"], LAUNCHES)
        hard = words.grade(params["speed_m_s"], SPEEDS)
        plain = draws.choice(
            "plain",
            (
                f"{a_body} {thrown} {side}",
                f"{a_body} flies through the air {side}",
                f"{a_body} {thrown} across the picture",
            ),
        )
        qualitative = draws.choice(
            "qualitative", (f"{a_body} {thrown} {hard} {side}, {how}", f"{a_body} {thrown} {how} {side}")
        )
        speed = words.quantity(params["speed_m_s"], "m/s")
        angle = words.quantity(params["angle_deg"], "deg", 1)
        height = words.quantity(params["height_m"], "m")
        mass = words.quantity(params["mass_kg"], "kg")
        gravity = words.quantity(params["gravity_m_s2"], "m/s²")
        elsewhere = "" if params["gravity_m_s2"] == GRAVITY else f" under a gravity of {gravity}"
        numeric = draws.choice(
            "numeric",
            (
                f"{a_body} of {mass} {thrown} {side} at {speed} and {angle} above the horizontal, {height} "
                "above the "
                f"ground{elsewhere}",
                f"{height} above the ground, {a_body} with a mass of {mass} {thrown} {side} at an angle of "
                f"{angle} with "
                f"a speed of {speed}{elsewhere}",
            ),
        )
        return words.tiers(
            plain, qualitative, numeric, _outcome(words.the(body), scene.body_index("subject"), events, draws)
        )


def _side(params: Params) -> float:
    return 1.0 if params["direction"] == "right" else -1.0


def _relative(name: str, predicted: float, measured: float) -> LawCheck:
    return LawCheck(name, predicted, measured, abs(measured - predicted) / abs(predicted))


def _outcome(the_body: str, subject: int, events: tuple[Event, ...], draws: Draws) -> str:
    """What became of it while it was in the picture."""
    seen = words.until_gone(events, subject)
    clauses = []
    for event in seen:
        if event.kind == "first_contact":
            verb = draws.choice("landing", ("lands", "hits the ground", "comes down"))
            clauses.append(f"{verb} after {words.quantity(event.time_s, 's')}")
    bounces = sum(event.kind == "bounce" for event in seen)
    if bounces:
        clauses.append(f"bounces {words.times(bounces)}")
    clauses += words.last_clauses(seen)
    return (
        f"{the_body} {words.join(clauses)}"
        if clauses
        else f"{the_body} is still in the air when the video ends"
    )
