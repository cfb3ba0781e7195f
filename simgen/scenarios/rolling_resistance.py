"""A ball, a cylinder or a hoop rolls over soft level ground, which slows it down until it stops.

The ground resists with a torque μ_r N: μ_r, a length, is how far in front of the middle the ground pushes up.
It cannot be seen; how quickly the body slows down shows it. What has its mass at the rim rolls on for longer.
"""

from __future__ import annotations

import math

import numpy as np

from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics import laws
from simgen.physics.trace import Trace
from simgen.recipe.distributions import choice, log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios import lane
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.stage import (
    MATERIAL,
    area_camera,
    direction_parameter,
    gravity_parameter,
    ground,
    material,
    solid,
)
from simgen.scene.spec import Body, SceneSpec, Video

GRIP = 0.9  # friction: what rolls needs far less of it
STANDS_M_S = 1e-3  # slower than that it has stopped

SPEEDS = ((1.2, "slowly"), (1.8, "briskly"), (math.inf, "fast"))
SOFTNESS = ((0.02, "firm"), (0.045, "soft"), (math.inf, "very soft"))


class RollingResistance(Scenario):
    name = "rolling_resistance"
    summary = "A ball, cylinder or hoop rolls over soft level ground, slows down and stops."
    parameters = (
        Parameter(
            "speed_m_s",
            uniform(0.8, 2),
            "m/s",
            "speed at the start",
            (0.6, 3.5),
            "causal",
            revealed="velocity",
        ),
        Parameter(
            "rolling_friction_m",
            log_uniform(0.015, 0.08),
            "m",
            "coefficient of rolling friction: torque over normal force",
            (0.004, 0.1),
            "hidden",
            revealed="acceleration",
            told="the coefficient of rolling friction is {}",
        ),
        Parameter(
            "shape",
            choice("sphere", "cylinder", "hoop"),
            "",
            "what rolls",
            ("sphere", "cylinder", "hoop"),
            "causal",
        ),
        lane.mass(2950),
        Parameter("radius_m", uniform(0.2, 0.35), "m", "radius of the body", (0.18, 0.42), "causal"),
        Parameter(
            "start_offset_m",
            uniform(1.1, 1.4),
            "m",
            "how far from the middle of the picture it starts, on the side it comes from",
            (0.6, 1.4),
            "nuisance",
        ),
        direction_parameter("the side of the picture to which it rolls"),
        gravity_parameter(),
        MATERIAL,
    )
    laws = (
        Law(
            "rolling_resistance_deceleration",
            "a = (μ_r / r) g / (1 + k), k = I / (m r²)",
            "torque about the contact: μ_r m g = (1 + k) m r a; Hibbeler, Engineering Mechanics: Statics, "
            "ch. 8 (rolling resistance)",
            0.001,
            "from the first and the last velocity before it stands; balls are exact to 1e-6, a cylinder rolls on "
            "a line that the engine finds as points",
        ),
        Law(
            "rolling_resistance_distance",
            "s = v² / (2 a)",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 2 (constant acceleration)",
            0.001,
            "as the deceleration; measured where it stands in the last frame",
        ),
    )
    events = ("comes_to_rest", "leaves_frame")
    decisive = ("comes_to_rest",)

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        side, radius, shape = lane.side(params), params["radius_m"], params["shape"]
        velocity = (side * params["speed_m_s"], 0.0, 0.0)
        subject = Body(
            name="subject",
            shape=solid(shape, radius),
            position_m=(-side * params["start_offset_m"], 0.0, radius),
            orientation_xyzw=lane.lying(shape, 0.0, draws),
            velocity_m_s=velocity,
            angular_velocity_rad_s=lane.rolling_spin(velocity, radius),
            mass_kg=params["mass_kg"],
            friction=GRIP,
            rolling_friction_m=params["rolling_friction_m"],
            elasticity=0.0,
            material=material(params),
        )
        return SceneSpec(
            bodies=(subject, ground()),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 0.4), 4.2, elevation_deg=18.0),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="universal",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        subject, side, speed = scene.body_index("subject"), lane.side(params), params["speed_m_s"]
        predicted = deceleration(params)
        velocity = side * trace.velocity_m_s[:, subject, 0]
        way = side * float(trace.position_m[-1, subject, 0] - trace.position_m[0, subject, 0])
        standing = np.flatnonzero(velocity < STANDS_M_S)
        count = int(standing[0]) if len(standing) else len(velocity)
        checks = []
        if count >= 2:
            measured = float(velocity[0] - velocity[count - 1]) / float(trace.time_s[count - 1])
            checks.append(lane.relative("rolling_resistance_deceleration", predicted, measured))
        if len(standing):
            checks.append(lane.relative("rolling_resistance_distance", speed**2 / (2 * predicted), way))
        return tuple(checks)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        body = words.called(scene.body("subject"), draws)
        a_body, the_body = words.article(body), words.the(body)
        rolls = draws.choice("rolls", ("rolls", "is rolling"))
        side = f"to the {params['direction']}"
        how = words.grade(params["speed_m_s"], SPEEDS)
        surface = f"{words.grade(params['rolling_friction_m'], SOFTNESS)} ground"
        plain = draws.choice(
            "plain",
            (
                f"{a_body} {rolls} {side} and slows down",
                f"{a_body} {rolls} over the ground and gets slower and slower",
            ),
        )
        qualitative = draws.choice(
            "qualitative",
            (
                f"{a_body} {rolls} {how} {side} over {surface}, which slows it down",
                f"over {surface}, {a_body} {rolls} {how} {side} and slows down",
            ),
        )
        speed, mass = words.quantity(params["speed_m_s"], "m/s"), words.quantity(params["mass_kg"], "kg")
        resists = words.quantity(params["rolling_friction_m"], "m", 4)
        radius = words.quantity(params["radius_m"], "m")
        numeric = draws.choice(
            "numeric",
            (
                f"{a_body} of {mass} and {radius} radius sets off {side} at {speed}; the coefficient of rolling "
                f"friction is {resists}{lane.elsewhere(params)}",
                f"rolling at {speed} to begin with, {a_body} with a radius of {radius} is slowed down by a rolling "
                f"friction of {resists}{lane.elsewhere(params)}",
            ),
        )
        clauses = lane.story(events, scene, draws, {})
        outcome = f"{the_body} {words.join(clauses)}"
        if not clauses:
            rolls_on = ("is still rolling", "has slowed down but still rolls")
            outcome = f"{the_body} {draws.choice('rolls_on', rolls_on)} when the video ends"
        return words.tiers(plain, qualitative, numeric, outcome)


def deceleration(params: Params) -> float:
    """Of the rolling body, m/s²."""
    radius = params["radius_m"]
    factor = laws.shape_factor(solid(params["shape"], radius))
    return laws.rolling_friction_deceleration(
        params["rolling_friction_m"], radius, factor, params["gravity_m_s2"]
    )
