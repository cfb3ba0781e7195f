"""A ball thrown straight up rises, turns and comes down; where it lands it bounces.

A worked example of a scenario in a package of its own. A scenario of simgen itself looks the same, as a file
of simgen/scenarios/.
"""

from __future__ import annotations

import numpy as np

from simgen.errors import Rejected
from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics import laws
from simgen.physics.trace import Trace
from simgen.recipe.distributions import constant, log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios import stage
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scene.spec import Body, SceneSpec, Shape, Video

SPEEDS = ((3.0, "gently"), (3.8, "briskly"), (float("inf"), "hard"))


class Toss(Scenario):
    name = "toss"
    summary = "A ball thrown straight up turns and falls back."
    parameters = (
        # name, default, unit, meaning, range, role, what reveals it
        Parameter(
            "speed_m_s", uniform(2.5, 4.4), "m/s", "speed of the throw", (2, 4.4), "causal", "velocity"
        ),
        Parameter(
            "height_m", uniform(0.2, 0.7), "m", "gap between the ball and the ground", (0.15, 0.8), "causal"
        ),
        Parameter("radius_m", uniform(0.14, 0.2), "m", "radius of the ball", (0.12, 0.22), "nuisance"),
        Parameter(
            "start_x_m",
            uniform(-0.7, 0.7),
            "m",
            "place across the picture, right of its middle",
            (-0.8, 0.8),
            "nuisance",
        ),
        # up to the largest ball of steel; hidden, and never revealed: it changes nothing
        Parameter("mass_kg", log_uniform(0.1, 10), "kg", "mass of the ball", (0.05, 360), "hidden"),
        Parameter(
            "elasticity",
            uniform(0.3, 0.9),
            "1",
            "coefficient of restitution on the ground",
            (0, 1),
            "hidden",
            "first_contact",
        ),
        Parameter(
            "gravity_m_s2",
            constant(stage.GRAVITY),
            "m/s²",
            "strength of gravity",
            (9, 25),
            "hidden",
            "acceleration",
        ),
        stage.MATERIAL,
    )
    laws = (
        Law(
            "toss_rise",
            "height gained = v² / (2 g)",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 2 (free fall)",
            0.001,
            "free flight is exact to rounding",
        ),
        Law(
            "toss_flight_time",
            "t = (v + √(v² + 2 g h)) / g",
            "Halliday, Resnick, Walker, ch. 2: constant acceleration",
            0.001,
            "the engine's steps end where bodies touch",
        ),
    )
    events = ("apex", "first_contact", "bounce", "comes_to_rest")
    decisive = ("apex",)

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        ball = Body(
            name="ball",
            shape=Shape("sphere", (params["radius_m"],)),
            position_m=(params["start_x_m"], 0.0, params["height_m"] + params["radius_m"]),
            orientation_xyzw=stage.random_orientation(draws, "ball.orientation"),
            velocity_m_s=(0.0, 0.0, params["speed_m_s"]),
            mass_kg=params["mass_kg"],
            friction=0.5,
            elasticity=params["elasticity"],
            material=stage.material(params),
        )
        return SceneSpec(
            bodies=(ball, stage.ground()),
            video=video,
            # the camera depends on no parameter: its scale would tell how high the ball will go
            cameras=(stage.area_camera(video, (0.0, 0.0, 1.2), 2.8, elevation_deg=12.0),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="restitution",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        if not len(trace.contacts):
            raise Rejected("law-not-in-video", "the ball has not landed; lengthen the video")
        speed, gravity = params["speed_m_s"], params["gravity_m_s2"]
        landing = float(trace.contacts.time_s[0])
        ball = scene.body_index("ball")
        flight = trace.time_s < landing
        height, rising = trace.position_m[flight, ball, 2], trace.velocity_m_s[flight, ball, 2]
        top = float(np.mean(height + rising**2 / (2 * gravity)))  # the same in every frame of the flight
        pairs = (
            ("toss_rise", laws.projectile_apex(speed, 90.0, gravity), top - float(height[0])),
            (
                "toss_flight_time",
                laws.projectile_flight_time(speed, 90.0, gravity, params["height_m"]),
                landing,
            ),
        )
        return tuple(
            LawCheck(name, predicted, measured, abs(measured - predicted) / predicted)
            for name, predicted, measured in pairs
        )

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        ball = words.called(scene.body("ball"), draws)
        a_ball, the_ball = words.article(ball), words.the(ball)
        thrown = draws.choice(
            "thrown", ("is thrown straight up", "is tossed upwards", "is thrown into the air")
        )
        back = draws.choice("back", ("falls back", "comes down again", "drops back to the ground"))
        how = words.grade(params["speed_m_s"], SPEEDS)
        speed, mass = words.quantity(params["speed_m_s"], "m/s"), words.quantity(params["mass_kg"], "kg")
        gravity = words.quantity(params["gravity_m_s2"], "m/s²")
        elsewhere = "" if params["gravity_m_s2"] == stage.GRAVITY else f" where gravity is {gravity}"
        numeric = draws.choice(
            "numeric",
            (
                f"{a_ball} of {mass} {thrown} at {speed}{elsewhere}",
                f"at {speed}, {a_ball} with a mass of {mass} {thrown}{elsewhere}",
            ),
        )
        return words.tiers(
            f"{a_ball} {thrown} and {back}",
            f"{a_ball} {thrown} {how}; it slows down, turns and {back}",
            numeric,
            _outcome(the_ball, events, draws),
        )


def _outcome(the_ball: str, events: tuple[Event, ...], draws: Draws) -> str:
    """From the events alone."""
    clauses: list[str] = []
    for event in events:
        if event.kind == "apex" and not clauses:
            turns = draws.choice("turns", ("turns", "reaches its highest point", "begins to fall"))
            clauses.append(f"{turns} after {words.quantity(event.time_s, 's')}")
        elif event.kind == "first_contact":
            clauses.append(f"lands after {words.quantity(event.time_s, 's')}")
    bounces = sum(event.kind == "bounce" for event in events)
    if bounces:
        clauses.append(f"bounces {words.times(bounces)}")
    return f"{the_ball} {words.join([*clauses, *words.last_clauses(events)])}"
