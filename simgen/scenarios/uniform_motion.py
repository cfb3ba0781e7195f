"""A body on a level floor that nothing slows: a ball, a cylinder or a hoop rolls, a box glides without friction.

Newton's first law. Where it starts, and its size, say nothing about how fast it is.
"""

from __future__ import annotations

import math

import numpy as np

from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics.trace import Trace
from simgen.recipe.distributions import choice, uniform
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

SPEEDS = ((0.8, "slowly"), (1.5, "steadily"), (math.inf, "fast"))
GRIP = 0.6  # friction of what rolls: it is never called for


class UniformMotion(Scenario):
    name = "uniform_motion"
    summary = "A ball, cylinder or hoop rolls, or a box glides, over a level floor at a constant velocity."
    parameters = (
        Parameter(
            "speed_m_s", uniform(0.4, 2), "m/s", "speed of the body", (0.4, 4), "causal", revealed="velocity"
        ),
        Parameter(
            "heading_deg",
            uniform(-30, 30),
            "deg",
            "how far its way turns from across the picture towards the far side",
            (-40, 40),
            "causal",
            revealed="velocity",
        ),
        Parameter(
            "shape",
            choice("sphere", "cylinder", "hoop", "box"),
            "",
            "what moves; round ones roll, a box glides without friction",
            ("sphere", "cylinder", "hoop", "box"),
            "nuisance",
        ),
        lane.mass(5800),
        Parameter(
            "radius_m",
            uniform(0.22, 0.38),
            "m",
            "radius of the round ones, half the edge of the box",
            (0.18, 0.4),
            "nuisance",
        ),
        Parameter(
            "start_offset_m",
            uniform(0.9, 1.4),
            "m",
            "how far from the middle of the picture it starts, on the side it comes from",
            (0.5, 1.4),
            "nuisance",
        ),
        direction_parameter("the side of the picture to which it moves"),
        gravity_parameter(0, 25, revealed="never"),
        MATERIAL,
    )
    laws = (
        Law(
            "uniform_motion_distance",
            "s = v t, at the last frame",
            "Newton's first law: Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 2 and 5",
            0.001,
            "balls and boxes keep their speed to 1e-8; a cylinder rolls on a line that the engine finds as points",
        ),
        Law(
            "uniform_motion_speed",
            "|v| is the same in every frame (the one furthest from it counts)",
            "Newton's first law: Halliday, Resnick, Walker, ch. 5",
            0.001,
            "as the distance",
        ),
        Law(
            "uniform_motion_sideways_over_distance",
            "the path is straight: 0 m beside the line at the last frame; residual = |measured| / (v t)",
            "Newton's first law: Halliday, Resnick, Walker, ch. 5",
            0.001,
            "as the distance",
        ),
    )
    events = ("leaves_frame",)
    decisive = ("leaves_frame",)

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        shape, radius, side = params["shape"], params["radius_m"], lane.side(params)
        heading = _heading(params)
        velocity = params["speed_m_s"] * np.array([math.cos(heading), math.sin(heading), 0.0])
        rolls = shape != "box"
        subject = Body(
            name="subject",
            shape=solid(shape, radius),
            position_m=(-side * params["start_offset_m"], 0.0, radius),
            orientation_xyzw=lane.lying(shape, heading, draws),
            velocity_m_s=lane.vector(velocity),
            angular_velocity_rad_s=lane.rolling_spin(velocity, radius) if rolls else (0.0, 0.0, 0.0),
            mass_kg=params["mass_kg"],
            friction=GRIP if rolls else 0.0,
            elasticity=0.0,
            material=material(params),
        )
        return SceneSpec(
            bodies=(subject, ground()),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 0.5), 4.0, elevation_deg=22.0),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="universal",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        subject = scene.body_index("subject")
        heading, speed = _heading(params), params["speed_m_s"]
        way = trace.position_m[-1, subject] - trace.position_m[0, subject]
        along = np.array([math.cos(heading), math.sin(heading), 0.0])
        expected = speed * float(trace.time_s[-1])
        beside = float(np.linalg.norm(way - (way @ along) * along))
        speeds = np.linalg.norm(trace.velocity_m_s[:, subject], axis=1)
        furthest = float(speeds[np.argmax(np.abs(speeds - speed))])
        return (
            lane.relative("uniform_motion_distance", expected, float(way @ along)),
            lane.relative("uniform_motion_speed", speed, furthest),
            lane.over("uniform_motion_sideways_over_distance", 0.0, beside, expected),
        )

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        body = words.called(scene.body("subject"), draws)
        a_body, the_body = words.article(body), words.the(body)
        rolls = params["shape"] != "box"
        moves = draws.choice("moves", ("rolls", "is rolling") if rolls else ("glides", "slides"))
        floor = draws.choice("floor", ("floor", "ground"))
        side = f"to the {params['direction']}"
        plain = draws.choice(
            "plain",
            (
                f"{a_body} {moves} {side}",
                f"{a_body} {moves} over the level {floor}",
                f"{a_body} moves across the picture at a constant speed",
            ),
        )
        how = words.grade(params["speed_m_s"], SPEEDS)
        away = _away(params["heading_deg"])
        qualitative = draws.choice(
            "qualitative",
            (
                f"{a_body} {moves} {how} {side}{away}, and nothing slows it down",
                f"{a_body} {moves} {how} over the {floor} {side}{away}",
            ),
        )
        speed = words.quantity(params["speed_m_s"], "m/s")
        mass = words.quantity(params["mass_kg"], "kg")
        numeric = draws.choice(
            "numeric",
            (
                f"{a_body} of {mass} {moves} {side} at a constant {speed}{lane.elsewhere(params)}",
                f"at {speed}, {a_body} with a mass of {mass} {moves} {side} over the level "
                f"{floor}{lane.elsewhere(params)}",
            ),
        )
        clauses = lane.story(events, scene, draws, {})
        keeps = draws.choice(
            "keeps", ("keeps its speed", "moves on in a straight line", "neither slows down nor turns")
        )
        last = [] if clauses else ["is still in the picture when the video ends"]
        return words.tiers(plain, qualitative, numeric, f"{the_body} {words.join([keeps, *clauses, *last])}")


def _heading(params: Params) -> float:
    """Direction of the way from +x towards +y, radians."""
    turn = math.radians(params["heading_deg"])
    return turn if lane.side(params) > 0 else math.pi - turn


def _away(heading_deg: float) -> str:
    if heading_deg > 10:
        return " and away from the camera"
    return " and towards the camera" if heading_deg < -10 else ""
