"""A tall block tilted about its bottom edge and let go: it falls over, or back onto its base.

Which of the two is decided by geometry alone, and the first picture shows it: the block falls over if its
centre of mass is past the edge, that is if the tilt is above atan(width / height). Friction is high enough
to hold the edge where it is for a while; late in a fall it slips, as real ones do.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.errors import Rejected
from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics import laws
from simgen.physics.laws_balance import edge_friction
from simgen.physics.trace import Trace
from simgen.recipe.distributions import log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.stage import (
    area_camera,
    direction_parameter,
    gravity_parameter,
    ground,
    material,
    material_parameter,
)
from simgen.scenarios.tilting import (
    bounced,
    elsewhere,
    relative,
    side_of,
    tilt_deg,
    verdict,
)
from simgen.scene.rotation import about_axis, rotate
from simgen.scene.spec import Body, SceneSpec, Shape, Video

EDGE_BACK_M = 0.35  # of the edge from the middle, on the side from which it leans: there is room to fall
HOLDS = 0.98  # of the friction: from there on the edge may have begun to slip
LATE_DEG = 60.0  # later in a fall the contact at the edge costs more and more: 0.08 % by 75°
SWAY_DEG = 0.5  # a block that has come this near to upright has come back

LEANS = ((10.0, "slightly"), (22.0, "clearly"), (math.inf, "strongly"))


class Topple(Scenario):
    name = "topple"
    summary = "A tall block, tilted about its bottom edge and let go, falls over or back onto its base."
    parameters = (
        Parameter("angle_deg", uniform(4, 35), "deg", "tilt from upright at the start", (4, 40), "causal"),
        Parameter(
            "width_m", uniform(0.32, 0.52), "m", "width of the base, across the edge", (0.28, 0.6), "causal"
        ),
        Parameter("height_m", uniform(0.9, 1.4), "m", "height of the block", (0.8, 1.6), "causal"),
        Parameter(
            "depth_m",
            uniform(0.3, 0.6),
            "m",
            "thickness of the block, along the edge",
            (0.2, 0.7),
            "nuisance",
        ),
        Parameter("mass_kg", log_uniform(0.5, 20), "kg", "mass of the block", (0.1, 2000), "hidden", "never"),
        Parameter(
            "friction",
            uniform(0.7, 1),
            "1",
            "coefficient of friction on the ground",
            (0.6, 1),
            "hidden",
            "topples",
        ),
        Parameter(
            "start_x_m",
            uniform(-0.25, 0.25),
            "m",
            "how far the edge is shifted to the right",
            (-0.3, 0.3),
            "nuisance",
        ),
        direction_parameter("the side of the picture to which it leans"),
        gravity_parameter(),
        material_parameter("rubber", "stone"),  # others have too little friction to hold the edge
    )
    laws = (
        Law(
            "topple_angular_speed",
            "ω² = (3 g / d)(cos(θ₀ − β) − cos(θ − β)) at tilt θ, let go at θ₀; d² = b² + h², β = atan(b / h)",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 10 (energy of rotation, moment "
            "m d² / 3 about the edge)",
            0.001,
            "at the last frame below 60° on which friction holds the edge; the contact costs up to 6e-4",
        ),
        Law(
            "topple_decision",
            "it falls over (1) if θ₀ > atan(b / h), else back (0); residual = |measured − predicted|",
            "Halliday, Resnick, Walker, ch. 12 (equilibrium: the torque of gravity about the edge)",
            0.001,
            "measured as the sense in which it turns until that frame: right or wrong",
        ),
    )
    events = ("topples", "comes_to_rest", "starts_moving")
    decisive = ("topples", "comes_to_rest")

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        side, width, height = side_of(params), params["width_m"], params["height_m"]
        turn = about_axis((0.0, 1.0, 0.0), side * math.radians(params["angle_deg"]))
        x, _, z = rotate(turn, (-side * width / 2, 0.0, height / 2))  # of the centre, from the edge
        subject = Body(
            name="subject",
            shape=_shape(params),
            position_m=(params["start_x_m"] - side * EDGE_BACK_M + x, 0.0, z),
            orientation_xyzw=turn,
            mass_kg=params["mass_kg"],
            friction=params["friction"],
            elasticity=0.0,
            material=material(params),
        )
        return SceneSpec(
            bodies=(subject, ground()),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 0.75), 3.3, elevation_deg=12.0, azimuth_deg=10.0),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="resting",
        )

    def solids(self, params: Params) -> dict[str, Shape]:
        return {"mass_kg": _shape(params)}

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        subject, start = scene.body_index("subject"), params["angle_deg"]
        tilt = tilt_deg(trace, subject, side_of(params))
        last = _last_on_edge(params, tilt)
        if last == 0:
            raise Rejected("law-not-in-video", "no frame while the block turns about its edge; raise fps")
        base, height, gravity = params["width_m"], params["height_m"], params["gravity_m_s2"]
        predicted = laws.topple_angular_speed(base, height, start, float(tilt[last]), gravity)
        measured = float(np.linalg.norm(trace.angular_velocity_rad_s[last, subject]))
        if predicted == 0:
            raise Rejected("law-not-in-video", "the block stands on its edge as if balanced")
        return (
            relative("topple_angular_speed", predicted, measured),
            verdict("topple_decision", falls_over(params), bool(tilt[last] > start)),
        )

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        subject = scene.body_index("subject")
        body = words.called(scene.bodies[subject], draws)
        tall, the_body, side = words.article(f"tall {body}"), words.the(body), params["direction"]
        lets = draws.choice("lets", ("let go", "released"))
        lean = words.grade(params["angle_deg"], LEANS)
        plain = draws.choice(
            "plain",
            (f"{tall} stands tilted on one edge and is {lets}", f"{tall}, tilted on one edge, is {lets}"),
        )
        qualitative = draws.choice(
            "qualitative",
            (
                f"{tall} that leans {lean} to the {side} is {lets}",
                f"leaning {lean} to the {side} on one edge, {tall} is {lets}",
            ),
        )
        angle = words.quantity(params["angle_deg"], "deg", 1)
        width, height = (words.quantity(params[key], "m") for key in ("width_m", "height_m"))
        numeric = draws.choice(
            "numeric",
            (
                f"{words.article(body)} {width} wide and {height} high is {lets} at a tilt of {angle} to the "
                f"{side}{elsewhere(params)}",
                f"tilted by {angle} to the {side}, {words.article(body)} of {width} by {height} is {lets}"
                f"{elsewhere(params)}",
            ),
        )
        tilt = tilt_deg(trace, subject, side_of(params))
        return words.tiers(plain, qualitative, numeric, _outcome(the_body, side, tilt, events, draws))


def _shape(params: Params) -> Shape:
    return Shape("box", (params["width_m"], params["depth_m"], params["height_m"]))


def falls_over(params: Params) -> bool:
    """Whether the centre of mass is past the edge at the start."""
    return bool(params["angle_deg"] > laws.topple_angle_deg(params["width_m"], params["height_m"]))


def _last_on_edge(params: Params, tilt: NDArray[np.float64]) -> int:
    """The last frame up to which the block has turned about its edge alone: nothing hit, nothing slipped.

    0 if there is none after the first.
    """
    base, height, start = params["width_m"], params["height_m"], params["angle_deg"]
    way = 1.0 if falls_over(params) else -1.0
    last = 0
    for frame in range(1, len(tilt)):
        angle = float(tilt[frame])
        onwards = way * (angle - float(tilt[frame - 1])) > 0
        if not (onwards and 0 < angle < LATE_DEG):
            break
        if edge_friction(base, height, start, angle) > HOLDS * params["friction"]:
            break
        last = frame
    return last


def _outcome(
    the_body: str, side: str, tilt: NDArray[np.float64], events: tuple[Event, ...], draws: Draws
) -> str:
    """What became of it, from the events and, where there is none, from how far it leans."""
    fall = next((event for event in events if event.kind == "topples"), None)
    rest = next((event for event in events if event.kind == "comes_to_rest"), None)
    resting = bounced(events)
    resting += [f"comes to rest after {words.quantity(rest.time_s, 's')}"] if rest is not None else []
    if fall is not None:
        verb = draws.choice("falls", ("topples over", "falls over", "tips over"))
        over = f"{verb} to the {side} after {words.quantity(fall.time_s, 's')}"
        return f"{the_body} {words.join([over, *resting])}"
    if tilt.min() < SWAY_DEG:
        verb = draws.choice(
            "back", ("falls back onto its base", "rocks back onto its base", "tips back onto its base")
        )
        return f"{the_body} {words.join([verb, *resting])}"
    return f"{the_body} is still leaning to the {side} when the video ends"
