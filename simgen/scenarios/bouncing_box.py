"""A box falls on a smooth floor and lands flat, on an edge or on a corner.

Flat it bounces straight up like a ball. Landing on an edge or a corner beside its centre of mass, it bounces less
high and is set spinning instead: the impulse law of a rigid body.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from simgen.errors import Rejected
from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics import laws
from simgen.physics.inertia import body_inertia
from simgen.physics.laws_impact import off_centre_impact
from simgen.physics.trace import Trace
from simgen.recipe.distributions import choice, log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.stage import (
    GRAVITY,
    MATERIAL,
    area_camera,
    direction_parameter,
    gravity_parameter,
    ground,
    material,
)
from simgen.scene.rotation import about_axis, matrix, multiply
from simgen.scene.spec import Body, Quaternion, SceneSpec, Shape, Video

CLEARANCE_M = (
    0.004  # by which the other corners must miss the floor for an impact to be over when a frame shows it
)
PROBES = 60  # moments between impact and frame at which that is looked at

HEIGHTS = ((0.7, "low"), (1.1, "medium"), (math.inf, "great"))
BOUNCINESS = ((0.35, "barely elastic"), (0.65, "fairly elastic"), (math.inf, "very elastic"))
LANDINGS = {"flat": "flat on its side", "edge": "on an edge", "corner": "on a corner"}


class BouncingBox(Scenario):
    name = "bouncing_box"
    summary = "A box falls on a smooth floor, flat or on an edge or a corner, bounces and begins to spin."
    parameters = (
        Parameter(
            "landing",
            choice("flat", "edge", "corner", weights=(1, 2, 2)),
            "",
            "what of the box meets the floor",
            ("flat", "edge", "corner"),
            "causal",
        ),
        Parameter(
            "tilt_deg",
            uniform(12, 42),
            "deg",
            "tilt about the line of sight where it lands on an edge or a corner; at 45 an upright square is "
            "balanced on its edge",
            (10, 44),
            "causal",
        ),
        Parameter(
            "roll_deg",
            uniform(12, 35),
            "deg",
            "tilt towards the camera where it lands on a corner",
            (10, 40),
            "causal",
        ),
        Parameter(
            "height_m",
            uniform(0.4, 1.2),
            "m",
            "gap between its lowest point and the floor at the start",
            (0.3, 1.4),
            "causal",
        ),
        Parameter(
            "elasticity",
            uniform(0.2, 0.8),
            "1",
            "coefficient of restitution on the floor",
            (0, 0.9),
            "hidden",
            revealed="first_contact",
        ),
        Parameter("mass_kg", log_uniform(0.1, 10), "kg", "mass of the box", (0.05, 750), "hidden"),
        Parameter(
            "size_m",
            uniform(0.3, 0.4),
            "m",
            "length of the box in the picture's plane",
            (0.28, 0.45),
            "causal",
        ),
        Parameter(
            "flatness",
            uniform(0.5, 1),
            "1",
            "its height over its length, before it is tilted",
            (0.45, 1),
            "causal",
        ),
        Parameter(
            "depth_m", uniform(0.25, 0.4), "m", "its length along the line of sight", (0.22, 0.45), "nuisance"
        ),
        Parameter(
            "start_x_m",
            uniform(-0.4, 0.4),
            "m",
            "place across the picture, right of its middle",
            (-0.5, 0.5),
            "nuisance",
        ),
        direction_parameter("the side of the picture to which it is tilted"),
        gravity_parameter(),
        MATERIAL,
    )
    laws = (
        Law(
            "bouncing_box_fall_time",
            "t = √(2 h / g)",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 2 (free fall)",
            0.001,
            "edges are rounded by 1 µm; the engine's steps end where bodies touch",
        ),
        Law(
            "bouncing_box_rebound_over_impact",
            "v' = v + J/m, J = −(1 + e) v / (1/m + n·((I⁻¹ (r × n)) × r)), r to the edge or corner that hits; "
            "residual = |v' measured − predicted| / |v|",
            "Goldstein, Classical Mechanics, 3rd ed., ch. 5 (rigid bodies), with Newton's coefficient of restitution",
            0.001,
            "relative to the speed of the impact, as v' may be 0; measured where no other corner hits before the "
            "next frame",
        ),
        Law(
            "bouncing_box_spin_over_impact",
            "ω' = I⁻¹ (r × J n); residual = |ω' measured − predicted| d / |v|, d half the box's diagonal",
            "as bouncing_box_rebound_over_impact",
            0.003,
            "as bouncing_box_rebound_over_impact; fast tumbling right after an impact is right to 8e-4, the worst of 228",
        ),
    )
    events = ("first_contact", "bounce", "apex", "comes_to_rest", "topples")
    decisive = ("first_contact",)

    def is_chaotic(self, params: Params) -> bool:
        """A tumbling box hits the floor with one corner after another, each as the one before has left it."""
        return bool(params["landing"] != "flat")

    def solids(self, params: Params) -> Mapping[str, Shape]:
        return {"mass_kg": _shape(params)}

    def revealed_by(self, params: Params) -> dict[str, str]:
        """The angles play no part where the box lands flat."""
        ways = super().revealed_by(params)
        if params["landing"] == "flat":
            ways["tilt_deg"] = "never"
        if params["landing"] != "corner":
            ways["roll_deg"] = "never"
        return ways

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        shape, turn = _shape(params), _orientation(params)
        lowest = float(_corners(shape, turn)[:, 2].min())
        subject = Body(
            name="subject",
            shape=shape,
            position_m=(
                params["start_x_m"],
                0.0,
                params["height_m"] - lowest,
            ),
            orientation_xyzw=turn,
            mass_kg=params["mass_kg"],
            friction=0.0,
            elasticity=params["elasticity"],
            material=material(params),
        )
        return SceneSpec(
            bodies=(subject, ground()),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 0.9), 2.5, elevation_deg=14.0),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="universal",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        if not len(trace.contacts):
            raise Rejected("law-not-in-video", "the box has not reached the floor; lengthen the video")
        touch = float(trace.contacts.time_s[0])
        fall = laws.fall_time(params["height_m"], params["gravity_m_s2"])
        checks = [LawCheck("bouncing_box_fall_time", fall, touch, abs(touch - fall) / fall)]
        frame = int(np.searchsorted(trace.time_s, touch, side="right"))
        if frame < len(trace.time_s):
            checks += _impact(params, scene, trace, frame, touch)
        return tuple(checks)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        body = words.called(scene.body("subject"), draws)
        a_body, lands = words.article(body), LANDINGS[params["landing"]]
        falls = draws.choice("falls", ("falls", "is dropped", "drops"))
        onto = draws.choice("onto", ("to the ground", "onto the floor", "onto a smooth floor"))
        plain = draws.choice(
            "plain", (f"{a_body} {falls} {onto}", f"{a_body} {falls} {onto} and lands {lands}")
        )
        level = words.article(words.grade(params["height_m"], HEIGHTS))
        kind = words.article(f"{words.grade(params['elasticity'], BOUNCINESS)} {body}")
        tilted = "" if params["landing"] == "flat" else f", tilted to the {params['direction']},"
        qualitative = draws.choice(
            "qualitative",
            (
                f"{kind}{tilted} {falls} {onto} from {level} height and lands {lands}",
                f"from {level} height, {kind} {falls} {onto} and lands {lands}",
            ),
        )
        height, mass = words.quantity(params["height_m"], "m"), words.quantity(params["mass_kg"], "kg")
        elasticity = words.quantity(params["elasticity"], "1")
        gravity = words.quantity(params["gravity_m_s2"], "m/s²")
        elsewhere = "" if params["gravity_m_s2"] == GRAVITY else f" where gravity is {gravity}"
        tilt = words.quantity(params["tilt_deg"], "deg", 1)
        pose = "level" if params["landing"] == "flat" else f"tilted by {tilt}"
        numeric = draws.choice(
            "numeric",
            (
                f"{a_body} of {mass}, {pose}, {falls} {onto} from {height}{elsewhere} and lands {lands}; its "
                f"coefficient of restitution is {elasticity}",
                f"let go {pose} at a height of {height}{elsewhere}, {a_body} with a mass of {mass} and a coefficient of "
                f"restitution of {elasticity} lands {lands}",
            ),
        )
        return words.tiers(
            plain, qualitative, numeric, _outcome(words.the(body), params, scene, trace, events, draws)
        )


def _shape(params: Params) -> Shape:
    return Shape("box", (params["size_m"], params["depth_m"], params["size_m"] * params["flatness"]))


def _orientation(params: Params) -> Quaternion:
    """Flat, turned about the line of sight, or also towards the camera."""
    side = 1.0 if params["direction"] == "right" else -1.0
    tilt = 0.0 if params["landing"] == "flat" else side * math.radians(params["tilt_deg"])
    roll = math.radians(params["roll_deg"]) if params["landing"] == "corner" else 0.0
    return multiply(about_axis((1.0, 0.0, 0.0), roll), about_axis((0.0, 1.0, 0.0), tilt))


def _corners(shape: Shape, turn: Quaternion) -> NDArray[np.float64]:
    """Of the box from its centre, (8, 3)."""
    own = np.array(list(itertools.product(*((-edge / 2, edge / 2) for edge in shape.size_m))))
    corners: NDArray[np.float64] = own @ matrix(np.array(turn)).T
    return corners


def _impact(params: Params, scene: SceneSpec, trace: Trace, frame: int, touch: float) -> tuple[LawCheck, ...]:
    """The impulse law at the first frame after the impact, if nothing else has hit the floor by then."""
    subject = scene.bodies[scene.body_index("subject")]
    gravity, speed = params["gravity_m_s2"], laws.fall_speed(params["height_m"], params["gravity_m_s2"])
    turn = matrix(np.array(subject.orientation_xyzw))
    corners = _corners(subject.shape, subject.orientation_xyzw)
    low = corners[:, 2].min()
    arm = corners[corners[:, 2] < low + 1e-9].mean(axis=0)  # the corner, or the middle of the edge or face
    inertia = np.array(body_inertia(subject))
    velocity, spin, _ = off_centre_impact(
        (0.0, 0.0, -speed),
        (0.0, 0.0, 0.0),
        arm,
        (0.0, 0.0, 1.0),
        subject.mass_kg,
        turn @ np.diag(inertia) @ turn.T,
        params["elasticity"],
    )
    lapse = float(trace.time_s[frame]) - touch
    lowest, spun = _flight(corners, low, velocity[2], turn, spin, inertia, gravity, lapse)
    if lowest < CLEARANCE_M:
        return ()
    rise = float(velocity[2]) - gravity * lapse
    seen = float(trace.velocity_m_s[frame, 0, 2])
    turning = trace.angular_velocity_rad_s[frame, 0]
    half = float(np.linalg.norm(subject.shape.size_m)) / 2
    return (
        LawCheck(
            "bouncing_box_rebound_over_impact",
            float(velocity[2]),
            seen + gravity * lapse,
            abs(seen - rise) / speed,
        ),
        LawCheck(
            "bouncing_box_spin_over_impact",
            float(np.linalg.norm(spun)),
            float(np.linalg.norm(turning)),
            float(np.linalg.norm(turning - spun)) * half / speed,
        ),
    )


def _flight(
    corners: NDArray[np.float64],
    low: float,
    up: float,
    turn: NDArray[np.float64],
    spin: NDArray[np.float64],
    inertia: NDArray[np.float64],
    gravity: float,
    lapse: float,
) -> tuple[float, NDArray[np.float64]]:
    """The free flight after an impact: how near the floor any corner comes that did not hit it (or the ones that did
    come back to it), and the spin (3,) at the end.

    Euler's equations by the fourth-order Runge-Kutta method; the rate of the axes R is ω × R.
    """
    own = corners @ turn
    hit = corners[:, 2] < low + 1e-9
    step = lapse / PROBES
    axes, momentum = turn.copy(), turn @ (inertia * (turn.T @ spin))
    lowest = math.inf

    def rate(now: NDArray[np.float64]) -> NDArray[np.float64]:
        omega = now @ ((now.T @ momentum) / inertia)
        turned: NDArray[np.float64] = np.cross(omega, now.T).T
        return turned

    for probe in range(1, PROBES + 1):
        k1 = rate(axes)
        k2 = rate(axes + step / 2 * k1)
        k3 = rate(axes + step / 2 * k2)
        k4 = rate(axes + step * k3)
        axes = axes + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        time = probe * step
        heights = (own @ axes.T)[:, 2] - low + up * time - gravity * time**2 / 2
        if probe > 1 and (heights[hit] < 0).any():
            return -1.0, spin
        if not hit.all() and (heights[~hit] < lowest).any():
            lowest = float(heights[~hit].min())
    return lowest, axes @ ((axes.T @ momentum) / inertia)


def _outcome(
    the_body: str,
    params: Params,
    scene: SceneSpec,
    trace: Trace,
    events: tuple[Event, ...],
    draws: Draws,
) -> str:
    seen = words.until_gone(events, scene.body_index("subject"))
    landing = next((event for event in seen if event.kind == "first_contact"), None)
    if landing is None:
        return f"{the_body} is still falling when the video ends"
    verb = draws.choice("landing", ("hits the floor", "lands", "reaches the ground"))
    clauses = [f"{verb} {LANDINGS[params['landing']]} after {words.quantity(landing.time_s, 's')}"]
    spins = float(np.linalg.norm(trace.angular_velocity_rad_s[landing.frame, 0])) > 1.0
    if spins:
        clauses.append(draws.choice("spins", ("begins to turn", "is set spinning", "starts to tumble")))
    bounces = sum(event.kind == "bounce" for event in seen)
    if bounces:
        clauses.append(f"bounces {words.times(bounces)}")
    clauses += words.last_clauses(seen)
    return f"{the_body} {words.join(clauses)}"
