"""A ball set down sliding, without spin or with backspin: friction makes it roll.

The bowling ball. While it slips, friction slows it down and spins it up, until the two match: from then on it
rolls at a speed that does not depend on the friction, 5/7 of the start's for a solid ball without spin, 3/5 for a
hollow one. With enough backspin it comes back.

Only balls: a cylinder that spins fast and slips begins to wobble on its two ends.
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
    direction_parameter,
    gravity_parameter,
    ground,
    material,
    random_orientation,
)
from simgen.scene.spec import Body, SceneSpec, Shape, Video

FACTORS = {"solid": 2 / 5, "hollow": 2 / 3}  # k of I = k m r²
SHELL_PART = 0.02  # of the radius: how thick the shell of a hollow ball of some material is
SLIPS_PART = 0.02  # of the slip at the start: as long as there is more, it slips ...
ROLLS_PART = 1e-3  # ... and with less than that it rolls

SPEEDS = ((1.8, "gently"), (2.4, "briskly"), (math.inf, "hard"))
FLOORS = ((0.1, "very slippery"), (0.2, "slippery"), (math.inf, "rough"))
SPINS = ((-1.5, "with a lot of backspin"), (-0.15, "with backspin"), (0.15, "hardly spinning"))


class SlipToRoll(Scenario):
    name = "slip_to_roll"
    summary = "A ball, solid or hollow, set sliding with or without backspin slips and then rolls."
    parameters = (
        Parameter(
            "speed_m_s",
            uniform(1.4, 2.8),
            "m/s",
            "speed at the start",
            (1, 3.5),
            "causal",
            revealed="velocity",
        ),
        Parameter(
            "spin",
            choice(-2.5, -1, -0.5, 0, 0.3, weights=(2, 1, 1, 2, 1)),
            "1",
            "speed of its surface by spinning over its speed: 1 rolls, 0 does not spin, negative is backspin",
            (-3, 0.5),
            "causal",
            revealed="velocity",
        ),
        Parameter(
            "friction",
            uniform(0.08, 0.35),
            "1",
            "coefficient of friction",
            (0.05, 0.9),
            "hidden",
            revealed="acceleration",
        ),
        Parameter(
            "inside",
            choice("solid", "hollow"),
            "",
            "a solid ball or a thin shell of the same mass, which is harder to spin",
            ("solid", "hollow"),
            "hidden",
            revealed="acceleration",
            told="the inside of the ball is {}",
        ),
        lane.mass(2500),
        Parameter("radius_m", uniform(0.25, 0.4), "m", "radius of the body", (0.19, 0.42), "nuisance"),
        Parameter(
            "start_offset_m",
            uniform(1.1, 1.4),
            "m",
            "how far from the middle of the picture it starts, on the side it comes from",
            (0.6, 1.4),
            "nuisance",
        ),
        direction_parameter("the side of the picture to which it moves at first"),
        gravity_parameter(),
        MATERIAL,
    )
    laws = (
        Law(
            "slip_to_roll_deceleration",
            "a = μ g while it slips",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 6 (kinetic friction)",
            0.001,
            "from the first and the last velocity at which it slips",
        ),
        Law(
            "slip_to_roll_speed_over_start_speed",
            "rolling: V = (v + k s) / (1 + k), s = spin · v, k = I / (m r²); 5/7 v for a solid ball without spin; "
            "residual = |measured − predicted| / v",
            "angular momentum about a point of the floor; Halliday, Resnick, Walker, ch. 11 (the bowling ball)",
            0.001,
            "measured in the last frame, if it rolls there; V may be 0",
        ),
        Law(
            "slip_to_roll_time",
            "t = |v − s| k / (μ g (1 + k))",
            "Halliday, Resnick, Walker, ch. 11: friction slows v by μ g and raises s by μ g / k until they meet",
            0.002,
            "where the two straight lines of the velocity meet: (v − V) / a, which adds their errors",
        ),
    )
    events = ("starts_rolling", "leaves_frame", "enters_frame", "comes_to_rest")
    decisive = ("starts_rolling",)

    def solids(self, params: Params) -> dict[str, Shape]:
        """The ball, or a plate of the shell's surface and of a fiftieth of the radius, for the shell."""
        radius = params["radius_m"]
        if params["inside"] == "solid":
            return {"mass_kg": Shape("sphere", (radius,))}
        return {"mass_kg": Shape("box", (4 * math.pi * radius, radius, SHELL_PART * radius))}

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        side, radius = lane.side(params), params["radius_m"]
        moment = FACTORS[params["inside"]] * params["mass_kg"] * radius**2
        velocity = np.array([side * params["speed_m_s"], 0.0, 0.0])
        subject = Body(
            name="subject",
            shape=Shape("sphere", (radius,)),
            position_m=(-side * params["start_offset_m"], 0.0, radius),
            orientation_xyzw=random_orientation(draws, "subject.orientation"),
            velocity_m_s=lane.vector(velocity),
            angular_velocity_rad_s=lane.rolling_spin(params["spin"] * velocity, radius),
            mass_kg=params["mass_kg"],
            friction=params["friction"],
            elasticity=0.0,
            material=material(params),
            inertia_kg_m2=(moment, moment, moment),
        )
        return SceneSpec(
            bodies=(subject, ground()),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 0.4), 4.2, elevation_deg=19.0),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="universal",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        side, speed, spin = lane.side(params), params["speed_m_s"], params["spin"]
        friction, gravity = params["friction"], params["gravity_m_s2"]
        factor = FACTORS[params["inside"]]
        velocity = side * trace.velocity_m_s[:, scene.body_index("subject"), 0]
        slip = np.abs(_slip(params, scene, trace)) / (speed * (1 - spin))
        slips = slip > SLIPS_PART
        count = len(slips) if slips.all() else int(np.argmin(slips))
        checks, measured = [], math.nan
        if count >= 2:
            measured = float(velocity[0] - velocity[count - 1]) / float(trace.time_s[count - 1])
            checks.append(lane.relative("slip_to_roll_deceleration", friction * gravity, measured))
        if slip[-1] < ROLLS_PART:
            final = laws.slip_to_roll_speed(speed, factor, spin * speed)
            last = float(velocity[-1])
            checks.append(lane.over("slip_to_roll_speed_over_start_speed", final, last, speed))
            if not math.isnan(measured):
                when = laws.slip_to_roll_time(speed, friction, factor, gravity, spin * speed)
                checks.append(lane.relative("slip_to_roll_time", when, (speed - last) / measured))
        if not checks:
            raise Rejected("law-not-in-video", "the video has a single frame; lengthen it")
        return tuple(checks)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        body = words.called(scene.body("subject"), draws)
        a_body, the_body = words.article(body), words.the(body)
        side = f"to the {params['direction']}"
        how = words.grade(params["speed_m_s"], SPEEDS)
        floor = draws.choice("floor", ("floor", "ground"))
        surface = f"{words.grade(params['friction'], FLOORS)} {floor}"
        spins = words.grade(params["spin"], (*SPINS, (math.inf, "with a little forward spin")))
        launched = draws.choice("launched", ("is sent sliding", "is bowled", "is launched"))
        plain = draws.choice(
            "plain",
            (
                f"{a_body} {launched} over the {floor}",
                f"{a_body} skids {side} over the {floor}",
                f"{a_body} {launched} {side} and skids",
            ),
        )
        qualitative = draws.choice(
            "qualitative",
            (
                f"{a_body} {launched} {how} {side}, {spins}, over {words.article(surface)}",
                f"over {words.article(surface)}, {a_body} {launched} {how} {side}, {spins}",
            ),
        )
        speed, friction = words.quantity(params["speed_m_s"], "m/s"), words.quantity(params["friction"], "1")
        inner = words.article(words.called(scene.body("subject"), draws, params["inside"]))
        mass, spin = words.quantity(params["mass_kg"], "kg"), words.quantity(params["spin"], "1")
        turning = (
            "without spin" if abs(params["spin"]) < 0.005 else f"with a spin of {spin} times that of rolling"
        )
        numeric = draws.choice(
            "numeric",
            (
                f"{inner} of {mass} {launched} {side} at {speed} {turning}; the coefficient of friction is "
                f"{friction}{lane.elsewhere(params)}",
                f"{launched.removeprefix('is ')} at {speed} {turning}, {inner} with a mass of {mass} skids over a "
                f"{floor} with a friction coefficient of {friction}{lane.elsewhere(params)}",
            ),
        )
        return words.tiers(
            plain, qualitative, numeric, _outcome(the_body, params, scene, trace, events, draws)
        )


def _slip(params: Params, scene: SceneSpec, trace: Trace) -> NDArray[np.float64]:
    """Speed (T,) of the lowest point over the ground, positive in the direction of the launch."""
    subject, side = scene.body_index("subject"), lane.side(params)
    surface = side * trace.angular_velocity_rad_s[:, subject, 1] * params["radius_m"]
    slip: NDArray[np.float64] = side * trace.velocity_m_s[:, subject, 0] - surface
    return slip


def _outcome(
    the_body: str, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
) -> str:
    """What became of it while it was in the picture."""
    verbs = ("stops slipping and rolls on", "begins to roll", "grips and rolls")
    velocity = lane.side(params) * trace.velocity_m_s[:, scene.body_index("subject"), 0]
    back = bool((velocity < -0.02 * params["speed_m_s"]).any())
    if back:
        verbs = ("rolls back", "grips and rolls back", "comes back rolling")
    clauses = lane.story(events, scene, draws, {"starts_rolling": verbs})
    if any(event.kind == "starts_rolling" for event in events):
        return f"{the_body} {words.join(clauses)}"
    gone = any(event.kind == "leaves_frame" for event in events)
    slips = abs(float(_slip(params, scene, trace)[-1])) > 0.05
    first = (
        "slips all the way" if gone and slips else "slips until the video ends" if slips else "stops slipping"
    )
    return f"{the_body} {words.join([first, *clauses])}"
