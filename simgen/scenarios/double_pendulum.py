"""Two bobs, the second on a rod that hangs from the first: let go, they swing chaotically.

There is no closed form. What the clip is held to is its energy, which without friction never changes. The
lower rod and bob swing in a plane of their own in front of the upper ones, so that nothing ever collides.
"""

from __future__ import annotations

import math

import numpy as np

from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics.trace import Trace
from simgen.recipe.distributions import choice, constant, log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.hanging import (
    GAP_M,
    ROD_WIDTH_M,
    bob_depth_m,
    bob_shape,
    bob_turn,
    energy_check,
    hang_down,
    often,
    rod,
    stand,
)
from simgen.scenarios.stage import GRAVITY, area_camera, direction_parameter, gravity_parameter, ground
from simgen.scene.spec import Body, Joint, SceneSpec, Vector, Video

PIVOT: Vector = (0.0, 0.0, 1.75)
TOP_M = 0.02  # of the rods beyond their pivots
LARGEST_RADIUS_M = 0.19

HEIGHTS = ((60.0, "low"), (100.0, "about level"), (math.inf, "high"))


class DoublePendulum(Scenario):
    name = "double_pendulum"
    summary = "A bob on a rod that hangs from another bob on a rod: both are let go and swing chaotically."
    parameters = (
        Parameter(
            "angle_a_deg",
            uniform(50, 150),
            "deg",
            "angle of the upper rod from straight down, towards `direction`",
            (20, 160),
            "causal",
        ),
        Parameter(
            "angle_b_deg",
            uniform(-150, 150),
            "deg",
            "angle of the lower rod from straight down, towards `direction`",
            (-170, 170),
            "causal",
        ),
        Parameter(
            "length_a_m", uniform(0.45, 0.62), "m", "of the upper rod, pivot to bob", (0.42, 0.65), "causal"
        ),
        Parameter(
            "length_b_m", uniform(0.45, 0.62), "m", "of the lower rod, bob to bob", (0.42, 0.65), "causal"
        ),
        Parameter(
            "shape",
            choice("sphere", "disc", "hoop"),
            "",
            "both bobs",
            ("sphere", "disc", "hoop"),
            "causal",
        ),
        Parameter(
            "radius_a_m", uniform(0.15, 0.18), "m", "of the upper bob", (0.145, LARGEST_RADIUS_M), "causal"
        ),
        Parameter(
            "radius_b_m", uniform(0.15, 0.18), "m", "of the lower bob", (0.145, LARGEST_RADIUS_M), "causal"
        ),
        Parameter(
            "mass_a_kg",
            log_uniform(0.3, 3),
            "kg",
            "mass of the upper bob",
            (0.3, 3),
            "hidden",
            revealed="acceleration",
        ),
        Parameter(
            "mass_b_kg",
            log_uniform(0.3, 3),
            "kg",
            "mass of the lower bob",
            (0.3, 3),
            "hidden",
            revealed="acceleration",
        ),
        Parameter(
            "rod_mass_kg",
            constant(0.05),
            "kg",
            "mass of each rod",
            (0.02, 0.5),
            "hidden",
            revealed="acceleration",
        ),
        direction_parameter("the side on which the upper bob is let go"),
        gravity_parameter(1.62, 15),
    )
    laws = (
        Law(
            "double_pendulum_energy_over_energy_in_play",
            "E(t) = E(0); residual = the largest |E(t) − E(0)| / the most kinetic energy there is, or the most that "
            "gravity gives or takes",
            "conservation of energy without friction: Taylor, Classical Mechanics, ch. 4 and 7",
            0.003,
            "chaos has no closed form; the worst of 100 clips at the corners of the documented ranges was 4e-4, the median "
            "4e-6",
        ),
    )
    events = ("apex",)
    decisive = ("apex",)
    chaotic = True

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        side = 1.0 if params["direction"] == "right" else -1.0
        shapes = [bob_shape(params["shape"], params[f"radius_{bob}_m"]) for bob in "ab"]
        turns = [side * math.radians(params[f"angle_{bob}_deg"]) for bob in "ab"]
        upper_end = hang_down(PIVOT, params["length_a_m"], turns[0])
        # in front of the upper bob, and so far that the lower one clears the upper rod
        forward = max(bob_depth_m(shape) for shape in shapes) + ROD_WIDTH_M / 2 + GAP_M
        joint = (upper_end[0], -forward, upper_end[2])
        rods = (
            _rod(params, "a", PIVOT, turns[0]),
            rod(
                "rod_b",
                joint,
                turns[1],
                -TOP_M,
                params["length_b_m"] - params["radius_b_m"],
                params["rod_mass_kg"],
            ),
        )
        places = (upper_end, hang_down(joint, params["length_b_m"], turns[1]))
        bobs = tuple(
            Body(
                name=f"bob_{bob}",
                shape=shape,
                position_m=place,
                orientation_xyzw=bob_turn(shape, turn),
                mass_kg=params[f"mass_{bob}_kg"],
                friction=0.5,
                elasticity=0.5,
            )
            for bob, shape, place, turn in zip("ab", shapes, places, turns, strict=True)
        )
        return SceneSpec(
            bodies=(*bobs, *rods, *stand(PIVOT, LARGEST_RADIUS_M), ground()),
            joints=(
                Joint("hinge_a", "hinge", "axle", "rod_a", PIVOT),
                Joint("weld_a", "fixed", "rod_a", "bob_a", places[0]),
                Joint("hinge_b", "hinge", "bob_a", "rod_b", joint),
                Joint("weld_b", "fixed", "rod_b", "bob_b", places[1]),
            ),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 1.75), 3.4, elevation_deg=7.0, azimuth_deg=10.0),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="joints",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        return (energy_check("double_pendulum_energy_over_energy_in_play", scene, trace),)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        upper, lower = words.pair(scene.body("bob_a"), scene.body("bob_b"), draws)
        one, other = words.introduce(upper), words.introduce(lower)
        side, hangs = params["direction"], draws.choice("hangs", ("swings from", "is linked to"))
        height = words.grade(params["angle_a_deg"], HEIGHTS)
        plain = draws.choice(
            "plain",
            (
                f"a double pendulum of {one} and {other} swings",
                f"{other} {hangs} {one} in a double pendulum",
                f"a double pendulum is let go on the {side}",
            ),
        )
        qualitative = draws.choice(
            "qualitative",
            (
                f"a double pendulum is let go on the {side}, with {one}, which is {height}, and {other} linked to it "
                "by a second rod",
                f"{other} is linked by a rod to {one}, which is let go on the {side}, {height} beside the pivot",
            ),
        )
        masses = [words.quantity(params[f"mass_{bob}_kg"], "kg") for bob in "ab"]
        lengths = [words.quantity(params[f"length_{bob}_m"], "m") for bob in "ab"]
        angles = [words.quantity(params[f"angle_{bob}_deg"], "deg", 1) for bob in "ab"]
        gravity = words.quantity(params["gravity_m_s2"], "m/s²")
        elsewhere = "" if params["gravity_m_s2"] == GRAVITY else f", where gravity is {gravity}"
        numeric = draws.choice(
            "numeric",
            (
                f"a double pendulum of {lengths[0]} and {lengths[1]} with masses of {masses[0]} and {masses[1]} is let "
                f"go with its rods at {angles[0]} and {angles[1]} from straight down, counted to the {side}{elsewhere}",
                f"{one} of {masses[0]} on a rod of {lengths[0]}, turned by {angles[0]} to the {side}, carries {other} "
                f"of {masses[1]} on a rod of {lengths[1]}, turned by {angles[1]}{elsewhere}",
            ),
        )
        return words.tiers(plain, qualitative, numeric, _outcome(upper, lower, scene, trace, draws))


def _rod(params: Params, bob: str, start: Vector, turn: float) -> Body:
    length = params[f"length_{bob}_m"] - params[f"radius_{bob}_m"]
    return rod(f"rod_{bob}", start, turn, -TOP_M, length, params["rod_mass_kg"])


def times_over_the_top(scene: SceneSpec, trace: Trace, name: str) -> int:
    """How often a rod passes the upright position, from its turns between frames.

    The nearest turn to what its angular speed says, so that a low frame rate loses none.
    """
    index = scene.body_index(name)
    turn = trace.orientation_xyzw[:, index]
    angle = -2 * np.arctan2(turn[:, 1], turn[:, 3])  # from straight down, towards +x
    spin = -trace.angular_velocity_rad_s[:, index, 1]
    foreseen = (spin[1:] + spin[:-1]) / 2 * np.diff(trace.time_s)
    step = np.diff(angle)
    step += 2 * math.pi * np.round((foreseen - step) / (2 * math.pi))
    path = angle[0] + np.concatenate([[0.0], np.cumsum(step)])
    passed = np.floor((path + math.pi) / (2 * math.pi))
    return int(np.abs(np.diff(passed)).sum())


def _outcome(upper: str, lower: str, scene: SceneSpec, trace: Trace, draws: Draws) -> str:
    """Which of the rods go over the top, and how often."""
    clauses = []
    for bob, body in (("a", upper), ("b", lower)):
        count = times_over_the_top(scene, trace, f"rod_{bob}")
        if count:
            clauses.append(f"the rod of {words.the(body)} goes over the top {often(count)}")
    if clauses:
        return words.join(clauses)
    return draws.choice(
        "neither",
        (
            "neither of the rods goes over the top",
            f"{words.the(upper)} and {words.the(lower)} swing without going over the top",
        ),
    )
