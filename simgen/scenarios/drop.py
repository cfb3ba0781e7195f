"""A body let go above the ground falls, hits it and bounces as its elasticity allows."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

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
    gravity_parameter,
    ground,
    material,
    random_orientation,
    solid,
)
from simgen.scene.rotation import about_axis
from simgen.scene.spec import Body, SceneSpec, Video

HEIGHTS = ((0.8, "low"), (1.3, "medium"), (math.inf, "great"))
BOUNCINESS = ((0.3, "hardly bounces"), (0.7, "bounces"), (math.inf, "bounces high"))


class Drop(Scenario):
    name = "drop"
    summary = "A ball or a box let go above the ground falls and bounces."
    parameters = (
        Parameter(
            "height_m",
            uniform(0.6, 1.6),
            "m",
            "gap between the body's lowest point and the ground",
            (0.3, 1.7),
            "causal",
        ),
        Parameter(
            "elasticity",
            uniform(0.2, 0.95),
            "1",
            "coefficient of restitution on the ground",
            (0, 1),
            "hidden",
            "first_contact",
        ),
        Parameter(
            "shape",
            choice("sphere", "box"),
            "",
            "what falls; a box lands flat",
            ("sphere", "box"),
            "nuisance",
        ),
        # up to a steel cube of the largest size
        Parameter("mass_kg", log_uniform(0.1, 10), "kg", "mass of the body", (0.05, 1000), "hidden"),
        Parameter(
            "radius_m",
            uniform(0.13, 0.22),
            "m",
            "radius, or half the edge of the box",
            (0.11, 0.25),
            "nuisance",
        ),
        Parameter(
            "start_x_m",
            uniform(-0.7, 0.7),
            "m",
            "place across the picture, right of its middle",
            (-0.8, 0.8),
            "nuisance",
        ),
        gravity_parameter(),
        MATERIAL,
    )
    laws = (
        Law(
            "drop_fall_time",
            "t = √(2 h / g)",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 2 (free fall)",
            0.001,
            "the engine's steps end where bodies touch; the worst of 456 clips was 1e-9",
        ),
        Law(
            "drop_restitution",
            "v after / v before = e",
            "Newton's definition of the coefficient of restitution (Principia, scholium to the laws)",
            0.001,
            "measured when the first bounce lasts 2 frames, carried to the touch; the worst was 1e-6",
        ),
        Law(
            "drop_apex_height",
            "height of the first bounce = e² h",
            "Halliday, Resnick, Walker, ch. 8 (energy) before and after the impact",
            0.001,
            "measured with the restitution",
        ),
    )
    events = ("first_contact", "bounce", "apex", "comes_to_rest")
    decisive = ("first_contact",)

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        turn = (
            random_orientation(draws, "subject.orientation")
            if params["shape"] == "sphere"
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
            material=material(params),
        )
        return SceneSpec(
            bodies=(subject, ground()),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 1.15), 2.6, elevation_deg=12.0),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="restitution",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        height, gravity, elasticity = params["height_m"], params["gravity_m_s2"], params["elasticity"]
        subject = scene.body_index("subject")
        touches = trace.contacts.time_s
        if not len(touches):
            raise Rejected(
                "law-not-in-video", "the body has not reached the ground; lengthen the video or lower it"
            )
        landing = float(touches[0])
        fall = laws.fall_time(height, gravity)
        checks = [_relative("drop_fall_time", fall, landing)]
        bounce_time = 2 * elasticity * fall
        again = float(touches[1]) if len(touches) > 1 else math.inf
        if bounce_time > 2 / scene.video.fps:
            flight = (trace.time_s > landing) & (trace.time_s < again)
            if flight.any():
                before = trace.time_s < landing
                down = _speed_at(trace, subject, before, landing, gravity)
                up = _speed_at(trace, subject, flight, landing, gravity)
                rise = _apex(trace, subject, flight, gravity) - (trace.position_m[0, subject, 2] - height)
                checks.append(_relative("drop_restitution", elasticity, -up / down))
                checks.append(_relative("drop_apex_height", laws.bounce_apex(height, elasticity, 1), rise))
        return tuple(checks)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        body = words.called(scene.body("subject"), draws)
        a_body = words.article(body)
        falls = draws.choice(
            "falls", ("falls to the ground", "drops to the floor", "is dropped onto the ground")
        )
        height = words.quantity(params["height_m"], "m")
        elasticity = words.quantity(params["elasticity"], "1")
        mass = words.quantity(params["mass_kg"], "kg")
        gravity = words.quantity(params["gravity_m_s2"], "m/s²")
        elsewhere = "" if params["gravity_m_s2"] == GRAVITY else f" where gravity is {gravity}"
        level = words.article(words.grade(params["height_m"], HEIGHTS))
        qualitative = draws.choice(
            "qualitative",
            (f"{a_body} {falls} from {level} height", f"from {level} height, {a_body} {falls}"),
        )
        numeric = draws.choice(
            "numeric",
            (
                f"{a_body} with a mass of {mass} {falls} from {height}{elsewhere}; its coefficient of "
                "restitution is "
                f"{elasticity}",
                f"let go {height} above the ground{elsewhere}, {a_body} of {mass} falls and bounces with a "
                "coefficient "
                f"of restitution of {elasticity}",
            )
            if params["elasticity"] > 0
            else (f"{a_body} with a mass of {mass} {falls} from {height}{elsewhere} and does not bounce",),
        )
        return words.tiers(
            f"{a_body} {falls}", qualitative, numeric, _outcome(words.the(body), events, draws)
        )


def _relative(name: str, predicted: float, measured: float) -> LawCheck:
    return LawCheck(name, predicted, measured, abs(measured - predicted) / abs(predicted))


def _speed_at(trace: Trace, body: int, frames: NDArray[np.bool_], time_s: float, gravity: float) -> float:
    """Upward speed at `time_s` of a body that flies freely in `frames`: each frame's, carried there; mean."""
    return float(np.mean(trace.velocity_m_s[frames, body, 2] + gravity * (trace.time_s[frames] - time_s)))


def _apex(trace: Trace, body: int, frames: NDArray[np.bool_], gravity: float) -> float:
    """Height of the top of a free flight during `frames`: z + v²/2g is the same in all of them."""
    velocity = trace.velocity_m_s[frames, body, 2]
    return float(np.mean(trace.position_m[frames, body, 2] + velocity**2 / (2 * gravity)))


def _outcome(the_body: str, events: tuple[Event, ...], draws: Draws) -> str:
    landing = next((event for event in events if event.kind == "first_contact"), None)
    if landing is None:
        return f"{the_body} is still falling when the video ends"
    clauses = [
        draws.choice("outcome", ("hits the ground", "reaches the ground", "lands"))
        + f" after {words.quantity(landing.time_s, 's')}"
    ]
    bounces = sum(event.kind == "bounce" for event in events)
    clauses.append(f"bounces {words.times(bounces)}" if bounces else "does not bounce up again")
    clauses += words.last_clauses(events)
    return f"{the_body} {words.join(clauses)}"
