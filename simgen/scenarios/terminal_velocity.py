"""A light ball or box let go high up falls against the drag of the air and soon falls at a steady speed.

What is heavy for its size falls almost freely, what is light and large sinks. The mass cannot be seen; in a
vacuum it would change nothing, here it decides.
"""

from __future__ import annotations

import math

import numpy as np

from simgen.errors import Rejected
from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics import laws, laws_drag
from simgen.physics.trace import Trace
from simgen.recipe.distributions import choice, log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios import lane
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.stage import area_camera, gravity_parameter, ground, random_orientation, solid
from simgen.scene.rotation import about_axis
from simgen.scene.spec import Body, Force, SceneSpec, Video

AIR_KG_M3 = 1.2  # at 20 °C
LINEAR_AT_M_S = 1.0  # the speed at which the linear drag is as strong as the quadratic one
STEADY = 1e-4  # within this part of its terminal speed it has reached it
LEAST_M = 0.02  # fallen in the air: less says nothing about drag

FALLS = ((1.0, "sinks slowly"), (2.5, "drifts down"), (6.0, "falls"), (math.inf, "falls fast"))


class TerminalVelocity(Scenario):
    name = "terminal_velocity"
    summary = "A ball or a box falls against the drag of the air and reaches its terminal velocity."
    parameters = (
        Parameter(
            "mass_kg",
            log_uniform(0.006, 0.15),
            "kg",
            "mass of the body",
            (0.005, 5),
            "hidden",
            revealed="acceleration",
        ),
        Parameter(
            "radius_m", uniform(0.19, 0.32), "m", "radius, or half the edge of the box", (0.17, 0.4), "causal"
        ),
        Parameter("shape", choice("sphere", "box"), "", "what falls", ("sphere", "box"), "causal"),
        Parameter(
            "drag_coefficient",
            choice(0.47, 1.05),
            "1",
            "C of the drag ½ ρ C A u², A the area of the shadow: about 0.47 for a ball, 1.05 for a box",
            (0.2, 1.5),
            "hidden",
            revealed="acceleration",
            told="the drag coefficient is {}",
        ),
        Parameter(
            "drag",
            choice("quadratic", "linear", weights=(3, 1)),
            "",
            "grows with the square of the speed, as in air, or with the speed (then it is as strong at 1 m/s)",
            ("quadratic", "linear"),
            "hidden",
            revealed="acceleration",
            told="the drag is {} in the speed",
        ),
        Parameter(
            "height_m",
            uniform(1.8, 2.7),
            "m",
            "gap between the body's lowest point and the ground",
            (1, 2.8),
            "causal",
        ),
        Parameter(
            "elasticity",
            uniform(0, 0.6),
            "1",
            "coefficient of restitution on the ground",
            (0, 0.9),
            "hidden",
            revealed="first_contact",
        ),
        Parameter(
            "start_x_m",
            uniform(-1.1, 1.1),
            "m",
            "place across the picture, right of its middle",
            (-1.3, 1.3),
            "nuisance",
        ),
        gravity_parameter(),
    )
    laws = (
        Law(
            "terminal_velocity_distance",
            "quadratic: x = (V²/g) ln cosh(g t / V), V = √(2 m g / (ρ C A)); linear: "
            "x = V t − (V²/g) (1 − exp(−g t / V)), V = m g / b",
            "Taylor, Classical Mechanics, ch. 2 (drag)",
            0.001,
            "at the last frame in the air; steps of 1/960 s follow the drag to second order",
        ),
        Law(
            "terminal_velocity_speed",
            "quadratic: v = V tanh(g t / V); linear: v = V (1 − exp(−g t / V))",
            "Taylor, Classical Mechanics, ch. 2 (drag)",
            0.001,
            "as the distance",
        ),
        Law(
            "terminal_velocity_limit",
            "v = V, once tanh(g t / V) or 1 − exp(−g t / V) is above 0.9999",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 6 (terminal speed)",
            0.001,
            "1e-4 is still missing when it is measured first",
        ),
        Law(
            "terminal_velocity_fall_time",
            "quadratic: t = (V/g) arcosh(exp(g h / V²)) to the ground",
            "Taylor, Classical Mechanics, ch. 2 (drag), solved for t",
            0.001,
            "the engine's steps end where bodies touch",
        ),
    )
    events = ("first_contact", "bounce", "apex", "comes_to_rest")
    decisive = ("first_contact",)

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        ball = params["shape"] == "sphere"
        turn = (
            random_orientation(draws, "subject.orientation")
            if ball
            else about_axis((0.0, 0.0, 1.0), math.tau * draws("subject.orientation.a"))
        )
        subject = Body(
            name="subject",
            shape=solid(params["shape"], params["radius_m"]),
            position_m=(params["start_x_m"], 0.0, params["height_m"] + params["radius_m"]),
            orientation_xyzw=turn,
            mass_kg=params["mass_kg"],
            friction=0.5,
            elasticity=params["elasticity"],
        )
        drag = drag_kg_m(params)
        force = (
            Force("drag", "subject", quadratic_kg_m=drag)
            if params["drag"] == "quadratic"
            else Force("drag", "subject", linear_kg_s=drag * LINEAR_AT_M_S)
        )
        return SceneSpec(
            bodies=(subject, ground()),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 1.75), 4.1, elevation_deg=8.0),),
            forces=(force,),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="restitution",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        subject, gravity = scene.body_index("subject"), params["gravity_m_s2"]
        limit, quadratic = terminal_speed(params), params["drag"] == "quadratic"
        landing = float(trace.contacts.time_s[0]) if len(trace.contacts) else math.inf
        frame = int(np.flatnonzero(trace.time_s < landing)[-1])
        time = float(trace.time_s[frame])
        fallen = float(trace.position_m[0, subject, 2] - trace.position_m[frame, subject, 2])
        speed = -float(trace.velocity_m_s[frame, subject, 2])
        if quadratic:
            drag = drag_kg_m(params)
            distance = laws.drag_fall_distance(params["mass_kg"], drag, gravity, time)
            expected = laws.drag_fall_speed(params["mass_kg"], drag, gravity, time)
        else:
            distance = laws_drag.linear_drag_fall_distance(limit, gravity, time)
            expected = laws_drag.linear_drag_fall_speed(limit, gravity, time)
        checks = []
        if distance > LEAST_M:
            checks.append(lane.relative("terminal_velocity_distance", distance, fallen))
            checks.append(lane.relative("terminal_velocity_speed", expected, speed))
        if expected > (1 - STEADY) * limit:
            checks.append(lane.relative("terminal_velocity_limit", limit, speed))
        if quadratic and math.isfinite(landing):
            predicted = laws_drag.drag_fall_time(limit, gravity, params["height_m"])
            checks.append(lane.relative("terminal_velocity_fall_time", predicted, landing))
        if not checks:
            raise Rejected("law-not-in-video", "no frame in which it has fallen far enough; raise fps")
        return tuple(checks)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        body = words.called(scene.body("subject"), draws)
        a_body, the_body = words.article(body), words.the(body)
        air = draws.choice("air", ("the drag of the air", "air resistance", "the air"))
        plain = draws.choice(
            "plain",
            (
                f"{a_body} falls and {air} slows it down",
                f"{a_body} falls through the air",
                f"let go high up, {a_body} falls against {air}",
            ),
        )
        falls = words.grade(terminal_speed(params), FALLS)
        steady = ", soon at a steady speed," if _is_steady(scene, trace) else ""
        held = "held up by" if terminal_speed(params) < FALLS[1][0] else "slowed down by"
        qualitative = draws.choice(
            "qualitative",
            (
                f"{a_body} {falls} towards the ground{steady or ','} {held} {air}",
                f"{held} {air}, {a_body} {falls}{steady.rstrip(',')}",
            ),
        )
        mass = words.quantity(params["mass_kg"], "kg", 3)
        height = words.quantity(params["height_m"], "m")
        radius = words.quantity(params["radius_m"], "m")
        size = f"{radius} radius" if params["shape"] == "sphere" else f"{radius} half edge"
        coefficient = words.quantity(params["drag_coefficient"], "1")
        grows = "the square of its speed" if params["drag"] == "quadratic" else "its speed"
        numeric = draws.choice(
            "numeric",
            (
                f"{a_body} of {mass} and {size} falls from {height} against a drag that grows with {grows}; its "
                f"drag coefficient is {coefficient}{lane.elsewhere(params)}",
                f"let go {height} above the ground, {a_body} with a mass of {mass} and a drag coefficient of "
                f"{coefficient} falls through air whose drag grows with {grows}{lane.elsewhere(params)}",
            ),
        )
        clauses = lane.story(
            events, scene, draws, {"ground": ("reaches the ground", "lands", "touches down")}
        )
        outcome = f"{the_body} {words.join(clauses)}"
        if not clauses:
            outcome = f"{the_body} is still {draws.choice('falling', ('falling', 'in the air'))} when the video ends"
        return words.tiers(plain, qualitative, numeric, outcome)


def drag_kg_m(params: Params) -> float:
    """c of the drag c u² (kg/m), of a ball's or a box's cross section."""
    radius = params["radius_m"]
    area = math.pi * radius**2 if params["shape"] == "sphere" else 4 * radius**2
    return laws_drag.quadratic_drag_kg_m(params["drag_coefficient"], area, AIR_KG_M3)


def terminal_speed(params: Params) -> float:
    """m/s."""
    mass, gravity, drag = params["mass_kg"], params["gravity_m_s2"], drag_kg_m(params)
    if params["drag"] == "quadratic":
        return laws.terminal_speed(mass, drag, gravity)
    return laws.terminal_speed_linear(mass, drag * LINEAR_AT_M_S, gravity)


def _is_steady(scene: SceneSpec, trace: Trace) -> bool:
    """Whether its speed grew by less than a hundredth over the last four frames in the air."""
    landing = float(trace.contacts.time_s[0]) if len(trace.contacts) else math.inf
    speeds = -trace.velocity_m_s[trace.time_s < landing, scene.body_index("subject"), 2]
    return len(speeds) > 6 and bool(speeds[-1] < 1.01 * speeds[-5])
