"""A bob on a rod, let go to one side of a stand: it swings, by a little or nearly to the top.

The rod has a mass of its own, so the pendulum is the physical one of the textbooks: its period depends on the
length, on how far it swings, a little on the bob's shape and on how heavy the rod is beside the bob, and not on
anything else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from simgen.errors import Rejected
from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics import laws
from simgen.physics.inertia import body_inertia
from simgen.physics.laws_links import compound_pendulum, pendulum_angle
from simgen.physics.trace import Trace
from simgen.recipe.distributions import choice, log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.hanging import bob_shape, bob_turn, hang_down, often, rod, rod_inertia_kg_m2, stand
from simgen.scenarios.stage import (
    GRAVITY,
    MATERIAL,
    area_camera,
    direction_parameter,
    gravity_parameter,
    ground,
    material,
)
from simgen.scene.spec import Body, Joint, SceneSpec, Shape, Vector, Video

PIVOT: Vector = (0.0, 0.0, 1.75)
TOP_M = 0.04  # of the rod above the pivot
LARGEST_RADIUS_M = 0.24
FIT_STEPS = 6

SWINGS = (
    (25.0, "gently"),
    (70.0, "widely"),
    (120.0, "high to both sides"),
    (math.inf, "nearly up to the top"),
)


class Pendulum(Scenario):
    name = "pendulum"
    summary = "A ball, box, disc or hoop on a rod is let go and swings, by up to 170° to each side."
    parameters = (
        Parameter(
            "angle_deg",
            uniform(20, 150),
            "deg",
            "angle from the vertical at which it is let go",
            (10, 170),
            "causal",
        ),
        Parameter(
            "length_m",
            uniform(0.6, 1.15),
            "m",
            "from the pivot to the middle of the bob",
            (0.5, 1.2),
            "causal",
        ),
        Parameter(
            "shape",
            choice("sphere", "box", "disc", "hoop"),
            "",
            "the bob",
            ("sphere", "box", "disc", "hoop"),
            "causal",
        ),
        Parameter(
            "radius_m", uniform(0.15, 0.22), "m", "half the bob's width", (0.14, LARGEST_RADIUS_M), "causal"
        ),
        Parameter(
            "mass_kg",
            log_uniform(0.2, 10),
            "kg",
            "mass of the bob",
            (0.05, 1000),  # up to a steel cube of the largest size
            "hidden",
            revealed="acceleration",
        ),
        Parameter(
            "rod_mass_kg",
            log_uniform(0.02, 0.5),
            "kg",
            "mass of the rod",
            (0.01, 2),
            "hidden",
            revealed="acceleration",
        ),
        direction_parameter("the side on which it is let go"),
        gravity_parameter(1.62, 25),
        MATERIAL,
    )
    laws = (
        Law(
            "pendulum_period",
            "T = 2π √(I / (M g d)) / agm(1, cos(θ₀/2)), I the moment of rod and bob about the pivot, d the distance of "
            "their common centre of mass M from it",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 15 (physical pendulum); the amplitude: "
            "Landau & Lifshitz, Mechanics, § 11, with Gauss's mean for the elliptic integral",
            0.001,
            "measured as the period of the exact motion that fits all frames best",
        ),
        Law(
            "pendulum_angle_over_amplitude",
            "sin(θ/2) = sin(θ₀/2) sn(K + 4 K t/T) at every frame; residual = the largest |θ measured − θ predicted| / "
            "θ₀, predicted and measured the angles (rad) where it occurs",
            "Landau & Lifshitz, Mechanics, § 11; Whittaker, Analytical Dynamics, § 44",
            0.001,
            "the whole motion and not only its period",
        ),
    )
    events = ("apex",)
    decisive = ("apex",)

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        angle = _side(params) * math.radians(params["angle_deg"])
        shape = bob_shape(params["shape"], params["radius_m"])
        arm = rod("rod", PIVOT, angle, -TOP_M, params["length_m"] - params["radius_m"], params["rod_mass_kg"])
        bob = Body(
            name="bob",
            shape=shape,
            position_m=hang_down(PIVOT, params["length_m"], angle),
            orientation_xyzw=bob_turn(shape, angle),
            mass_kg=params["mass_kg"],
            friction=0.5,
            elasticity=0.5,
            material=material(params),
        )
        return SceneSpec(
            bodies=(bob, arm, *stand(PIVOT, LARGEST_RADIUS_M), ground()),
            joints=(
                Joint("hinge", "hinge", "axle", "rod", PIVOT),
                Joint("weld", "fixed", "rod", "bob", bob.position_m),
            ),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 1.72), 3.4, elevation_deg=7.0, azimuth_deg=10.0),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="joints",
        )

    def solids(self, params: Params) -> Mapping[str, Shape]:
        return {"mass_kg": bob_shape(params["shape"], params["radius_m"])}

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        if len(trace.time_s) < 3:
            raise Rejected("law-not-in-video", "a period cannot be told from two frames; lengthen the video")
        amplitude = params["angle_deg"]
        predicted = period_s(params)
        angle = angles(params, scene, trace)
        measured = _fitted_period(amplitude, predicted, trace.time_s, angle)
        exact = pendulum_angle(amplitude, predicted, trace.time_s)
        worst = int(np.argmax(np.abs(angle - exact)))
        off = abs(float(angle[worst] - exact[worst])) / math.radians(amplitude)
        return (
            LawCheck("pendulum_period", predicted, measured, abs(measured - predicted) / predicted),
            LawCheck("pendulum_angle_over_amplitude", float(exact[worst]), float(angle[worst]), off),
        )

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        body = words.called(scene.body("bob"), draws)
        a_body, the_body = words.article(body), words.the(body)
        swings = draws.choice("swings", ("swings", "swings to and fro"))
        how = words.grade(params["angle_deg"], SWINGS)
        arm = words.article(
            f"{words.grade(params['length_m'], LENGTHS)} {draws.choice('rod', ('rod', 'bar'))}"
        )
        plain = draws.choice(
            "plain",
            (
                f"{a_body} {swings} on a rod",
                f"a pendulum, {a_body} on a rod, is let go on the {params['direction']}",
                f"let go on the {params['direction']}, {a_body} on a rod {swings}",
            ),
        )
        qualitative = draws.choice(
            "qualitative",
            (
                f"{a_body} on {arm} is let go on the {params['direction']} and swings {how}",
                f"{a_body} swings {how} on {arm}, starting on the {params['direction']}",
            ),
        )
        mass = words.quantity(params["mass_kg"], "kg")
        length = words.quantity(params["length_m"], "m")
        angle = words.quantity(params["angle_deg"], "deg", 1)
        gravity = words.quantity(params["gravity_m_s2"], "m/s²")
        elsewhere = "" if params["gravity_m_s2"] == GRAVITY else f", where gravity is {gravity}"
        numeric = draws.choice(
            "numeric",
            (
                f"{a_body} of {mass}, {length} below its pivot, is let go {angle} from the vertical{elsewhere}",
                f"a pendulum of {length} with {a_body} of {mass} is let go at an angle of {angle}{elsewhere}",
            ),
        )
        return words.tiers(
            plain, qualitative, numeric, _outcome(the_body, params, scene, trace, events, draws)
        )


LENGTHS = ((0.75, "short"), (1.0, "medium-sized"), (math.inf, "long"))


def period_s(params: Params) -> float:
    """The law `pendulum_period`."""
    length, radius, rod_mass = params["length_m"], params["radius_m"], params["rod_mass_kg"]
    shape = bob_shape(params["shape"], radius)
    bob = Body("bob", shape, (0.0, 0.0, 0.0), mass_kg=params["mass_kg"])
    moments = body_inertia(bob)
    rod_length = length - radius + TOP_M
    distance, spread = compound_pendulum(
        (params["mass_kg"], rod_mass),
        (length, rod_length / 2 - TOP_M),
        # a disc or hoop turns about its own axis, which lies along the axle
        (
            moments[2] if shape.kind in ("cylinder", "tube") else moments[1],
            rod_inertia_kg_m2(rod_length, rod_mass),
        ),
    )
    return laws.pendulum_period(distance, params["angle_deg"], params["gravity_m_s2"], spread)


def angles(params: Params, scene: SceneSpec, trace: Trace) -> NDArray[np.float64]:
    """(T,) from the vertical, rad, positive on the side where it is let go."""
    arm = trace.position_m[:, scene.body_index("bob")] - PIVOT
    angle: NDArray[np.float64] = np.arctan2(_side(params) * arm[:, 0], -arm[:, 2])
    return angle


def _side(params: Params) -> float:
    return 1.0 if params["direction"] == "right" else -1.0


def _fitted_period(
    amplitude_deg: float, start_s: float, time_s: NDArray[np.float64], angle: NDArray[np.float64]
) -> float:
    """The period whose exact motion comes nearest to the angles (least squares, Gauss and Newton's steps)."""
    period = start_s
    for _ in range(FIT_STEPS):
        step = 1e-6 * period
        now = pendulum_angle(amplitude_deg, period, time_s)
        slope = (pendulum_angle(amplitude_deg, period + step, time_s) - now) / step
        period += float(slope @ (angle - now)) / float(slope @ slope)
    return period


def _outcome(
    the_body: str, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
) -> str:
    """How often it has turned round, and when for the first time."""
    spin = trace.angular_velocity_rad_s[1:, scene.body_index("bob"), 1]
    turns = int((spin[1:] * spin[:-1] < 0).sum())
    turned = [event for event in events if event.kind == "apex" and scene.body_index("bob") in event.bodies]
    far = "left" if params["direction"] == "right" else "right"
    back = draws.choice("back", ("turns back", "swings back", "turns round"))
    if turned:
        after = words.quantity(turned[0].time_s, "s")
        again = f", and {often(turns)} in all" if turns > 1 else ""
        return f"{the_body} {back} on the {far} after {after}{again}"
    if turns:
        return f"{the_body} {back} {often(turns)}"
    if angles(params, scene, trace)[-1] < 0:
        return draws.choice(
            "rises",
            (
                f"{the_body} has swung through to the {far} and is still rising when the video ends",
                f"{the_body} is on its way up on the {far} when the video ends",
            ),
        )
    return draws.choice(
        "falls",
        (
            f"{the_body} has not reached the lowest point when the video ends",
            f"{the_body} is still on its way down when the video ends",
        ),
    )
