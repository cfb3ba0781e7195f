"""A box or a disc sent sliding over a level floor: friction brings it to rest, or not before the video ends.

Where it starts, its size and how it is turned say nothing about its speed or about friction.
"""

from __future__ import annotations

import math

import numpy as np

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
    direction_parameter,
    gravity_parameter,
    ground,
    material,
)
from simgen.scene.rotation import about_axis
from simgen.scene.spec import Body, SceneSpec, Shape, Video

STANDS_M_S = 1e-3  # slower than that it has stopped
SLOW_PART = 0.02  # of the speed at the start: a frame so near the stop may lie in the step that holds it

SPEEDS = ((1.8, "gently"), (2.5, "briskly"), (math.inf, "hard"))
FLOORS = ((0.15, "very slippery"), (0.3, "slippery"), (0.5, "rough"), (math.inf, "very rough"))


class SlidingStop(Scenario):
    name = "sliding_stop"
    summary = "A box or a disc sent sliding over a level floor is stopped by friction."
    parameters = (
        Parameter(
            "speed_m_s",
            uniform(1.6, 3.2),
            "m/s",
            "speed at the start",
            (0.8, 4),
            "causal",
            revealed="velocity",
        ),
        Parameter(
            "friction",
            uniform(0.1, 0.5),
            "1",
            "coefficient of friction",
            (0.05, 0.9),
            "hidden",
            revealed="acceleration",
        ),
        Parameter(
            "shape",
            choice("cube", "slab", "disc"),
            "",
            "what slides",
            ("cube", "slab", "disc"),
            "nuisance",
        ),
        lane.mass(4100),
        Parameter(
            "radius_m",
            uniform(0.22, 0.36),
            "m",
            "half the length of the body, the radius of the disc",
            (0.18, 0.4),
            "nuisance",
        ),
        Parameter(
            "turn_deg",
            uniform(-45, 45),
            "deg",
            "how it is turned about the vertical",
            (-45, 45),
            "nuisance",
        ),
        Parameter(
            "start_offset_m",
            uniform(1.1, 1.4),
            "m",
            "how far from the middle of the picture it starts, on the side it comes from",
            (0.6, 1.4),
            "nuisance",
        ),
        direction_parameter("the side of the picture to which it slides"),
        gravity_parameter(),
        MATERIAL,
    )
    laws = (
        Law(
            "sliding_stop_deceleration",
            "a = μ g while it slides",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 6 (kinetic friction)",
            0.005,
            "a straight line through the velocities; boxes are within 1e-3, under a disc's rim "
            "contacts come and go",
        ),
        Law(
            "sliding_stop_distance",
            "s = v² / (2 μ g)",
            "Halliday, Resnick, Walker, ch. 6 (kinetic friction) and 2 (constant acceleration)",
            0.001,
            "measured where it stands in the last frame",
        ),
    )
    events = ("comes_to_rest", "leaves_frame")
    decisive = ("comes_to_rest",)

    def solids(self, params: Params) -> dict[str, Shape]:
        return {"mass_kg": _shape(params)}

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        side, shape = lane.side(params), _shape(params)
        height = shape.size_m[1] if shape.kind == "cylinder" else shape.size_m[2]
        subject = Body(
            name="subject",
            shape=shape,
            position_m=(-side * params["start_offset_m"], 0.0, height / 2),
            orientation_xyzw=about_axis((0.0, 0.0, 1.0), math.radians(params["turn_deg"])),
            velocity_m_s=(side * params["speed_m_s"], 0.0, 0.0),
            mass_kg=params["mass_kg"],
            friction=params["friction"],
            elasticity=0.0,
            material=material(params),
        )
        return SceneSpec(
            bodies=(subject, ground()),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 0.4), 4.2, elevation_deg=26.0),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            # A disc's rim touches the floor at points that come and go: it takes the finest steps there are.
            profile="joints" if params["shape"] == "disc" else "resting",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        subject, side = scene.body_index("subject"), lane.side(params)
        speed, friction, gravity = params["speed_m_s"], params["friction"], params["gravity_m_s2"]
        velocity = side * trace.velocity_m_s[:, subject, 0]
        way = side * (trace.position_m[-1, subject, 0] - trace.position_m[0, subject, 0])
        slow = np.flatnonzero(velocity < SLOW_PART * speed)
        count = int(slow[0]) if len(slow) else len(velocity)
        checks = []
        if count >= 2:
            line = np.polynomial.polynomial.polyfit(trace.time_s[:count], velocity[:count], 1)
            measured = -float(line[1])
            checks.append(lane.relative("sliding_stop_deceleration", friction * gravity, measured))
        if velocity[-1] < STANDS_M_S:
            distance = laws.stopping_distance(speed, friction, gravity)
            checks.append(lane.relative("sliding_stop_distance", distance, float(way)))
        if not checks:
            raise Rejected("law-not-in-video", "the video has a single frame; lengthen it")
        return tuple(checks)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        body = words.called(scene.body("subject"), draws)
        a_body, the_body = words.article(body), words.the(body)
        floor = draws.choice("floor", ("floor", "ground"))
        side = f"to the {params['direction']}"
        how = words.grade(params["speed_m_s"], SPEEDS)
        surface = f"{words.grade(params['friction'], FLOORS)} {floor}"
        plain = draws.choice(
            "plain",
            (
                f"{a_body} slides over the {floor}",
                f"{a_body} slides {side} and friction slows it down",
                f"{a_body} is pushed off {side} and slides over the {floor}",
            ),
        )
        qualitative = draws.choice(
            "qualitative",
            (
                f"{a_body} is pushed {how} {side} over {words.article(surface)}",
                f"pushed {how}, {a_body} slides {side} over {words.article(surface)}",
            ),
        )
        speed, friction = words.quantity(params["speed_m_s"], "m/s"), words.quantity(params["friction"], "1")
        mass = words.quantity(params["mass_kg"], "kg")
        numeric = draws.choice(
            "numeric",
            (
                f"{a_body} of {mass} slides {side} at {speed} to begin with; the coefficient of friction is "
                f"{friction}{lane.elsewhere(params)}",
                f"pushed off at {speed}, {a_body} with a mass of {mass} slides over a {floor} with a friction "
                f"coefficient of {friction}{lane.elsewhere(params)}",
            ),
        )
        clauses = lane.story(events, scene, draws, {})
        outcome = f"{the_body} {words.join(clauses)}"
        if not clauses:
            outcome = draws.choice(
                "slides_on",
                (
                    f"{the_body} is still sliding when the video ends",
                    f"{the_body} has slowed down but not stopped when the video ends",
                ),
            )
        elif any(event.kind == "comes_to_rest" for event in events) and len(clauses) == 1:
            outcome += draws.choice("stopped", ("", ": friction has stopped it"))
        return words.tiers(plain, qualitative, numeric, outcome)


def _shape(params: Params) -> Shape:
    """None is higher than long, so that friction does not tip it over."""
    edge = 2 * params["radius_m"]
    if params["shape"] == "disc":
        return Shape("cylinder", (edge / 2, 0.18 * edge))
    return Shape("box", (edge, edge, edge if params["shape"] == "cube" else 0.5 * edge))
