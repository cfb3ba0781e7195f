"""A level seesaw with a cube on one side, or on both, is let go and tips to the side of the heavier moment.

The cubes are of one density, so their sizes show their masses; the plank's mass cannot be seen, and only slows
it down. The cubes just lie there: friction carries them along, and where the plank's end hits the ground they
may slide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simgen.errors import Rejected
from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics import laws
from simgen.physics.trace import Trace
from simgen.recipe.distributions import integer, log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.stage import area_camera, direction_parameter, gravity_parameter, ground
from simgen.scenarios.tilting import (
    elsewhere,
    named,
    relative,
    side_of,
    tilt_deg,
)
from simgen.scene.spec import Body, Joint, SceneSpec, Shape, Video

PLANK_M = (2.2, 0.45, 0.06)
DENSITY_KG_M3 = 450.0  # of the cubes, about that of pine
STAND_RADIUS_M = 0.22
SMALL_DEG = 6.0  # up to this tilt plank and cubes turn as one
BALANCED = 0.02  # of Σ m |x|: a net moment below this is no scale to judge an error by
SEEN_DEG = 0.5  # a seesaw that leans less has not tipped
SAFE = 0.9  # of the friction: what may be needed of it

MOMENTS = ((0.1, "almost balanced"), (0.4, "unbalanced"), (math.inf, "far from balanced"))


class Seesaw(Scenario):
    name = "seesaw"
    summary = "A level seesaw with one or two cubes on it tips to the side of the heavier moment."
    parameters = (
        Parameter("count", integer(1, 2), "1", "how many cubes; one: only cube a", (1, 2), "causal"),
        Parameter("mass_a_kg", uniform(5, 25), "kg", "mass of cube a, seen in its size", (5, 30), "causal"),
        Parameter("mass_b_kg", uniform(5, 25), "kg", "mass of cube b, seen in its size", (5, 30), "causal"),
        Parameter(
            "arm_a_m", uniform(0.3, 0.85), "m", "distance of cube a from the pivot", (0.25, 0.88), "causal"
        ),
        Parameter(
            "arm_b_m", uniform(0.3, 0.85), "m", "distance of cube b from the pivot", (0.25, 0.88), "causal"
        ),
        Parameter(
            "mass_kg", log_uniform(8, 40), "kg", "mass of the plank", (4, 60), "hidden", "acceleration"
        ),
        Parameter(
            "friction",
            uniform(0.6, 1),
            "1",
            "coefficient of friction between cubes and plank",
            (0.5, 1),
            "hidden",
            "first_contact",
        ),
        Parameter("height_m", uniform(0.35, 0.5), "m", "height of the stand", (0.3, 0.55), "causal"),
        direction_parameter("the side of the picture on which cube a is", "causal"),
        gravity_parameter(),
    )
    laws = (
        Law(
            "seesaw_angular_acceleration",
            "α = g Σ m x / I at release, x from the pivot, I = M (L² + t²)/12 + Σ (m s²/6 + m x² + m z²)",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 10 (torque and moment of "
            "inertia)",
            0.001,
            "measured as ω²/2 over what gravity's work is per α, at the last frame below 6° of tilt on which "
            "friction holds the cubes; contacts cost up to 6e-4 in the first step",
        ),
        Law(
            "seesaw_angular_acceleration_over_gross",
            "as seesaw_angular_acceleration where the moments nearly balance (|Σ m x| < 0.02 Σ m |x|): "
            "residual = |measured − predicted| / (g Σ m |x| / I)",
            "as seesaw_angular_acceleration; measured from θ = (α / λ²)(cosh λ t − 1), λ² = g Σ m z / I",
            0.001,
            "relative to the acceleration that one side alone would have, as the predicted may be 0",
        ),
        Law(
            "seesaw_decision",
            "the side of the heavier moment m x sinks (1: that of cube a, −1: the other); residual = |measured − "
            "predicted|",
            "Halliday, Resnick, Walker, ch. 12 (equilibrium)",
            0.001,
            "measured as the sign of the tilt where it is largest, if it is above 0.5°: right or wrong",
        ),
    )
    events = (
        "first_contact",
        "collision",
        "bounce",
        "apex",
        "starts_moving",
        "comes_to_rest",
        "topples",
    )
    decisive = ("first_contact",)

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        height, side = params["height_m"], side_of(params)
        middle = height + PLANK_M[2] / 2
        plank = Body(
            name="plank",
            shape=Shape("box", PLANK_M),
            position_m=(0.0, 0.0, middle),
            mass_kg=params["mass_kg"],
            friction=params["friction"],
            elasticity=0.0,
            role="support",
        )
        cubes = tuple(
            Body(
                name=cube.name,
                shape=Shape("box", (cube.edge_m, cube.edge_m, cube.edge_m)),
                position_m=(side * cube.x_m, 0.0, middle + cube.z_m),
                mass_kg=cube.mass_kg,
                elasticity=0.0,
            )
            for cube in cubes_of(params)
        )
        stand = Body(
            name="stand",
            shape=Shape("cone", (STAND_RADIUS_M, height)),
            position_m=(0.0, 0.0, height / 4),
            mass_kg=0.0,
            fixed=True,
            role="support",
        )
        return SceneSpec(
            bodies=(*cubes, plank, stand, ground()),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 0.5), 2.8, elevation_deg=10.0, azimuth_deg=8.0),),
            joints=(Joint("pivot", "hinge", "stand", "plank", (0.0, 0.0, middle), (0.0, 1.0, 0.0)),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="resting",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        plank, moments = scene.body_index("plank"), _moments(params)
        tilt = tilt_deg(trace, plank, side_of(params))
        last = _last_as_one(params, moments, tilt)
        spin = side_of(params) * float(trace.angular_velocity_rad_s[last, plank, 1])
        predicted, gravity = moments.acceleration, params["gravity_m_s2"]
        angle, time = math.radians(float(tilt[last])), float(trace.time_s[last])
        largest = float(tilt[int(np.argmax(np.abs(tilt)))])
        checks: list[LawCheck] = []
        if last == 0:
            pass  # a cube far out on a light plank is left behind from the start
        elif moments.is_balanced():
            growth = math.sqrt(gravity * moments.up_kg_m / moments.inertia_kg_m2)
            measured = angle * growth**2 / (math.cosh(growth * time) - 1)
            gross = gravity * moments.gross_kg_m / moments.inertia_kg_m2
            name = "seesaw_angular_acceleration_over_gross"
            checks.append(LawCheck(name, predicted, measured, abs(measured - predicted) / gross))
        else:
            # ω²/2 = α (sin θ + (Σ m z / Σ m x)(1 − cos θ)), and α has the sense of ω
            way = math.sin(angle) + moments.up_kg_m / moments.net_kg_m * (1 - math.cos(angle))
            checks.append(relative("seesaw_angular_acceleration", predicted, spin**2 / 2 / way))
        if abs(largest) > SEEN_DEG:
            sides = math.copysign(1.0, moments.net_kg_m), math.copysign(1.0, largest)
            checks.append(LawCheck("seesaw_decision", *sides, abs(sides[1] - sides[0])))
        if not checks:
            raise Rejected("law-not-in-video", "the seesaw has hardly moved; lengthen the video")
        return tuple(checks)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        cubes = [body for body in scene.bodies if body.name.startswith("cube")]
        board = named(scene.body("plank"), draws.choice("noun.plank", ("seesaw", "plank on a pivot")))
        a_board, side = words.article(board), params["direction"]
        other = "right" if side == "left" else "left"
        lets = draws.choice("lets", ("let go", "released"))
        masses = [words.quantity(params[f"mass_{cube}_kg"], "kg") for cube in "ab"]
        arms = [words.quantity(params[f"arm_{cube}_m"], "m") for cube in "ab"]
        if len(cubes) == 2:
            first, second = words.pair(cubes[0], cubes[1], draws)
            one, another = words.introduce(first), words.introduce(second)
            carried = f"{one} and {another}"
            placed = f"{one} on the {side} and {another} on the {other}"
            measured = (
                f"{one} of {masses[0]} lies {arms[0]} to the {side} of its pivot, {another} of {masses[1]} "
                f"{arms[1]} to the {other}"
            )
        else:
            one = words.article(words.called(cubes[0], draws))
            carried, placed = one, f"{one} on the {side}"
            measured = f"{one} of {masses[0]} lies {arms[0]} to the {side} of its pivot"
        plain = draws.choice(
            "plain", (f"{a_board} with {carried} on it is {lets}", f"{carried} on {a_board}, which is {lets}")
        )
        balance = words.grade(_moments(params).imbalance, MOMENTS)
        plank = words.quantity(params["mass_kg"], "kg")
        return words.tiers(
            plain,
            f"{a_board} with {placed}, {balance}, is {lets}",
            f"on {a_board} of {plank}, {measured}{elsewhere(params)}",
            _outcome(words.the(board), params, scene, trace, events, draws),
        )


@dataclass(frozen=True, slots=True)
class _Cube:
    """A cube on the plank; x from the pivot towards `direction`, z up from the pivot to its centre."""

    name: str
    mass_kg: float
    edge_m: float
    x_m: float
    z_m: float


@dataclass(frozen=True, slots=True)
class _Moments:
    """Sums over the cubes, and what follows from them."""

    net_kg_m: float  # Σ m x
    gross_kg_m: float  # Σ m |x|
    up_kg_m: float  # Σ m z
    inertia_kg_m2: float  # of plank and cubes about the pivot
    acceleration: float  # rad/s², positive where the side of cube a sinks

    @property
    def imbalance(self) -> float:
        """0 when balanced, 1 when all is on one side."""
        return abs(self.net_kg_m) / self.gross_kg_m

    def is_balanced(self) -> bool:
        return self.imbalance < BALANCED


def cubes_of(params: Params) -> list[_Cube]:
    """Cube a, and b on the other side if there are two."""
    cubes = []
    for name, sign in (("a", 1.0), ("b", -1.0))[: round(params["count"])]:
        mass = params[f"mass_{name}_kg"]
        edge = (mass / DENSITY_KG_M3) ** (1 / 3)
        place = sign * params[f"arm_{name}_m"]
        cubes.append(_Cube(f"cube_{name}", mass, edge, place, PLANK_M[2] / 2 + edge / 2))
    return cubes


def _moments(params: Params) -> _Moments:
    cubes, (length, _, thickness) = cubes_of(params), PLANK_M
    plank = params["mass_kg"] * (length**2 + thickness**2) / 12
    fixed = plank + sum(cube.mass_kg * (cube.edge_m**2 / 6 + cube.z_m**2) for cube in cubes)
    masses, arms = [cube.mass_kg for cube in cubes], [cube.x_m for cube in cubes]
    return _Moments(
        net_kg_m=sum(m * x for m, x in zip(masses, arms, strict=True)),
        gross_kg_m=sum(m * abs(x) for m, x in zip(masses, arms, strict=True)),
        up_kg_m=sum(cube.mass_kg * cube.z_m for cube in cubes),
        inertia_kg_m2=fixed + sum(m * x * x for m, x in zip(masses, arms, strict=True)),
        acceleration=laws.seesaw_angular_acceleration(masses, arms, fixed, params["gravity_m_s2"]),
    )


def _last_as_one(params: Params, moments: _Moments, tilt: NDArray[np.float64]) -> int:
    """The last frame up to which the cubes have turned with the plank; 0 if there is none after the first."""
    last = 0
    for frame in range(1, len(tilt)):
        if abs(tilt[frame]) > SMALL_DEG and last > 0:
            break
        if not _held(params, moments, math.radians(float(tilt[frame]))):
            break
        last = frame
    return last


def _held(params: Params, moments: _Moments, angle: float) -> bool:
    """Whether friction can hold every cube at a tilt (rad), and the cube is pressed inside its base.

    Newton's laws in the plank's frame, for α at that tilt and ω² from the work of gravity: a cube at (x, z)
    needs m (g cos θ − α x − ω² z) from below and m (g sin θ + α z − ω² x) along the plank.
    """
    gravity, inertia = params["gravity_m_s2"], moments.inertia_kg_m2
    net, up = moments.net_kg_m, moments.up_kg_m
    alpha = gravity * (net * math.cos(angle) + up * math.sin(angle)) / inertia
    square = 2 * gravity * (net * math.sin(angle) + up * (1 - math.cos(angle))) / inertia
    for cube in cubes_of(params):
        press = gravity * math.cos(angle) - alpha * cube.x_m - square * cube.z_m
        along = gravity * math.sin(angle) + alpha * cube.z_m - square * cube.x_m
        torque = abs(along) * cube.edge_m / 2 + cube.edge_m**2 / 6 * abs(alpha)  # per mass, about its centre
        if abs(along) > SAFE * params["friction"] * press or torque > SAFE * press * cube.edge_m / 2:
            return False
    return True


def _outcome(
    the_board: str,
    params: Params,
    scene: SceneSpec,
    trace: Trace,
    events: tuple[Event, ...],
    draws: Draws,
) -> str:
    """Which end sinks, and when it is down."""
    plank, floor = scene.body_index("plank"), scene.body_index("ground")
    tilt = tilt_deg(trace, plank, 1.0)
    if np.abs(tilt).max() <= SEEN_DEG:
        return draws.choice(
            "level", (f"{the_board} stays level", f"{the_board} hardly moves: the moments balance")
        )
    side = "right" if tilt[int(np.argmax(np.abs(tilt)))] > 0 else "left"
    down = next(
        (event for event in events if event.kind == "first_contact" and event.bodies == (plank, floor)), None
    )
    sinks = draws.choice("sinks", (f"tips to the {side}", f"tilts to the {side}"))
    if down is None:
        return f"{the_board} {sinks} and has not reached the ground when the video ends"
    after = words.quantity(down.time_s, "s")
    return draws.choice(
        "down",
        (
            f"{the_board} {sinks} and its end hits the ground after {after}",
            f"the {side} end sinks and hits the ground after {after}",
        ),
    )
