"""A row of dominoes, the first of them tipped: the wave runs to the end, or stops at a gap that is too wide.

A falling domino reaches as far as it is high, so it hits the next one if and only if the gap between them is
smaller than that. The row is as long as the picture allows whatever its number of dominoes: few are large,
many are small.
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
from simgen.recipe.distributions import choice, integer, log_uniform, uniform
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
    elsewhere,
    made_of,
    relative,
    side_of,
    tilt_deg,
    verdict,
)
from simgen.scene.rotation import about_axis, rotate
from simgen.scene.spec import Body, SceneSpec, Shape, Video

ROW_M = 1.56  # of the row with what is left free on both sides
HIGHEST_M = 0.42
WIDTH = 0.6  # of a domino's height
LEAD, FALLS = 0.5, 0.35  # of a domino's height: what is left free in front of the first and behind the last
START = 0.35  # of the way from its balance to its touch with the second: where the first one is let go
FALLEN_DEG = 45.0
QUIET_M_S = 0.05  # slower than that at the end of the video, the wave is over

SPACING = ((0.29, "closely spaced"), (0.33, "evenly spaced"), (math.inf, "widely spaced"))
TEENS = ("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty")


class Dominoes(Scenario):
    name = "dominoes"
    summary = "Five to twenty dominoes fall one after the other, to the end of the row or to a wide gap."
    slow = True
    parameters = (
        Parameter("count", integer(5, 20), "1", "how many dominoes", (5, 20), "nuisance"),
        Parameter(
            "row", choice("whole", "broken"), "", "whether there is a wide gap", ("whole", "broken"), "causal"
        ),
        Parameter(
            "spacing",
            uniform(0.26, 0.36),
            "1",
            "gap between neighbours as a part of their height",
            (0.26, 0.36),
            "causal",
        ),
        Parameter(
            "wide_gap",
            uniform(1.2, 1.4),
            "1",
            "the wide gap as a part of their height",
            (1.2, 1.4),
            "causal",
        ),
        Parameter(
            "gap_place",
            uniform(0, 1),
            "1",
            "where the wide gap is: 0 behind the second domino, 1 in front of the last but one",
            (0, 1),
            "causal",
        ),
        Parameter(
            "thickness", uniform(0.12, 0.15), "1", "thickness as a part of the height", (0.11, 0.15), "causal"
        ),
        Parameter(
            "mass_kg",
            log_uniform(0.01, 1),
            "kg",
            "mass of each",
            (0.002, 20),
            "hidden",
            "never",
            told="the mass of each domino is {}",
        ),
        Parameter(
            "friction",
            uniform(0.5, 0.8),
            "1",
            "coefficient of friction on the ground; between two dominoes it is the square",
            (0.4, 0.85),
            "hidden",
            "collision",
        ),
        direction_parameter("the side of the picture to which they fall"),
        gravity_parameter(),
        material_parameter("rubber", "wood", "glass", "stone", "cork", "foam"),  # others are too slippery
    )
    laws = (
        Law(
            "dominoes_first_angular_speed",
            "ω² = (3 g / d)(cos(θ₀ − β) − cos(θ − β)) of the first at tilt θ, let go at θ₀; d² = t² + h², "
            "β = atan(t / h)",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 10 (energy of rotation, moment "
            "m d² / 3 about the edge)",
            0.001,
            "at the last frame before it touches the second; contacts cost up to 6e-4 in the first step",
        ),
        Law(
            "dominoes_decision",
            "the last one falls (1) if every gap is smaller than the dominoes' height, else it stands (0); "
            "residual = |measured − predicted|",
            "a domino turning about its edge reaches as far as it is high; Stronge, Proc. R. Soc. A 409 (1987)",
            0.001,
            "measured once the last has fallen or nothing moves any more: right or wrong",
        ),
    )
    events = (
        "first_contact",
        "collision",
        "topples",
        "starts_moving",
        "comes_to_rest",
        "bounce",
        "apex",
        "leaves_frame",
    )
    decisive = ("topples",)

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        side, height, thickness = side_of(params), height_m(params), thickness_m(params)
        x, dominoes = -ROW_M / 2 + LEAD * height + thickness, []  # of the front edge
        for number in range(1, round(params["count"]) + 1):
            tilt = math.radians(start_deg(params)) if number == 1 else 0.0
            turn = about_axis((0.0, 1.0, 0.0), side * tilt)
            dx, _, z = rotate(turn, (-side * thickness / 2, 0.0, height / 2))
            dominoes.append(
                Body(
                    name=f"domino_{number}",
                    shape=_shape(params),
                    position_m=(side * x + dx, 0.0, z),
                    orientation_xyzw=turn,
                    mass_kg=params["mass_kg"],
                    friction=params["friction"],
                    elasticity=0.0,
                    material=material(params),
                )
            )
            x += thickness + _gap(params, number) * height
        return SceneSpec(
            bodies=(*dominoes, ground()),
            video=video,
            cameras=(
                area_camera(
                    video,
                    (0.0, 0.0, 0.22),
                    1.63,
                    elevation_deg=14.0,
                    azimuth_deg=side * -19.0,
                    vertical_fov_deg=18.0,
                ),
            ),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="resting",
        )

    def solids(self, params: Params) -> dict[str, Shape]:
        return {"mass_kg": _shape(params)}

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        checks = []
        last = _last_before_touch(trace)
        if last > 0:
            tilt = float(tilt_deg(trace, 0, side_of(params))[last])
            predicted = laws.topple_angular_speed(
                thickness_m(params), height_m(params), start_deg(params), tilt, params["gravity_m_s2"]
            )
            measured = float(np.linalg.norm(trace.angular_velocity_rad_s[last, 0]))
            checks.append(relative("dominoes_first_angular_speed", predicted, measured))
        fallen = _fallen(params, scene, trace)
        if fallen[-1] or _is_over(params, trace, len(fallen)):
            checks.append(verdict("dominoes_decision", reaches_the_end(params), bool(fallen[-1])))
        if not checks:
            raise Rejected(
                "law-not-in-video", "the wave has not come to its end; raise fps or lengthen the video"
            )
        return tuple(checks)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        count, side = round(params["count"]), params["direction"]
        dominoes = f"{made_of(params)}dominoes"
        row = draws.choice("row", ("row", "line"))
        tipped = draws.choice("tipped", ("tipped over", "made to fall", "let fall"))
        gap = (
            "" if params["row"] == "whole" else draws.choice("gap", (" with a gap in it", " that has a gap"))
        )
        wide = "" if params["row"] == "whole" else ", with one gap wider than they are high"
        spaced = words.grade(params["spacing"], SPACING)
        plain = draws.choice(
            "plain",
            (
                f"the first of a {row} of {dominoes}{gap} is {tipped}",
                f"a {row} of {number(count)} {dominoes}{gap}: the first is {tipped}",
            ),
        )
        qualitative = draws.choice(
            "qualitative",
            (
                f"{number(count)} {spaced} {dominoes} stand in a {row}{wide}; the first is {tipped} to the {side}",
                f"the first of {number(count)} {spaced} {dominoes}{wide}, is {tipped} to the {side}"
                if wide
                else f"the first of {number(count)} {spaced} {dominoes} is {tipped} to the {side}",
            ),
        )
        spacing, friction = (words.quantity(params[key], "1") for key in ("spacing", "friction"))
        wider = "" if not wide else f", but {words.quantity(params['wide_gap'], '1')} of it at one place"
        numeric = (
            f"{number(count)} {dominoes} stand {spacing} of their height apart{wider}; the coefficient of friction "
            f"on the ground is {friction}{elsewhere(params)}"
        )
        return words.tiers(plain, qualitative, numeric, _outcome(params, scene, trace, events, draws))


def number(value: int) -> str:
    """As `words.number_word`, up to twenty."""
    return TEENS[value - 13] if 13 <= value <= 20 else words.number_word(value)


def height_m(params: Params) -> float:
    """Of every domino: the row fills the picture, unless that makes them too high."""
    count, pitch = round(params["count"]), params["thickness"] + params["spacing"]
    broken = params["wide_gap"] - params["spacing"] if params["row"] == "broken" else 0.0
    return float(min(HIGHEST_M, ROW_M / ((count - 1) * pitch + broken + params["thickness"] + LEAD + FALLS)))


def _shape(params: Params) -> Shape:
    return Shape("box", (thickness_m(params), WIDTH * height_m(params), height_m(params)))


def thickness_m(params: Params) -> float:
    return float(params["thickness"] * height_m(params))


def start_deg(params: Params) -> float:
    """Tilt at which the first is let go: past its balance, and short of the second."""
    balance = laws.topple_angle_deg(params["thickness"], 1.0)
    return balance + START * (math.degrees(math.asin(params["spacing"])) - balance)


def reaches_the_end(params: Params) -> bool:
    """Whether every gap is smaller than the dominoes' height."""
    return all(_gap(params, place) < 1 for place in range(1, round(params["count"])))


def _gap(params: Params, place: int) -> float:
    """The gap behind domino `place` (the first is 1), as a part of their height."""
    if params["row"] == "broken":
        choices = round(params["count"]) - 3  # behind the second … in front of the last but one
        if place == 2 + min(int(params["gap_place"] * choices), choices - 1):
            return float(params["wide_gap"])
    return float(params["spacing"])


def _last_before_touch(trace: Trace) -> int:
    """The last frame before the first domino touches the second."""
    contacts = trace.contacts
    touch = contacts.time_s[(contacts.a == 0) & (contacts.b == 1)]
    end = float(touch.min()) if len(touch) else math.inf
    return int(np.flatnonzero(trace.time_s < end - 2 * trace.step_s)[-1])


def _fallen(params: Params, scene: SceneSpec, trace: Trace) -> NDArray[np.bool_]:
    """Which of the dominoes lean by more than 45° at the end of the video."""
    count = sum(not body.fixed for body in scene.bodies)
    tilts = [tilt_deg(trace, index, side_of(params))[-1] for index in range(count)]
    return np.array(tilts) > FALLEN_DEG


def _is_over(params: Params, trace: Trace, count: int) -> bool:
    """Whether no domino moves any more."""
    spins = np.linalg.norm(trace.angular_velocity_rad_s[-1, :count], axis=1)
    return bool((spins * height_m(params)).max() < QUIET_M_S and trace.time_s[-1] > 0)


def _outcome(params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws) -> str:
    """How many have fallen, and when the last."""
    fallen = _fallen(params, scene, trace)
    down, count = int(fallen.sum()), len(fallen)
    topples = [event.time_s for event in events if event.kind == "topples"]
    after = f" after {words.quantity(max(topples), 's')}" if topples else ""
    if down == count:
        return draws.choice(
            "all",
            (
                f"all {number(count)} dominoes fall, the last{after}",
                f"the wave runs to the end: the last of {number(count)} dominoes falls{after}",
            ),
        )
    up = count - down
    if _is_over(params, trace, count):
        fall = "domino falls" if down == 1 else "dominoes fall"
        return draws.choice(
            "some",
            (
                f"the wave stops at the gap: {number(down)} {fall} and {number(up)} stay up",
                f"{number(down)} {fall}, the last of them{after}; the {number(up)} behind the gap stay up",
            ),
        )
    fallen_so_far = "one domino has" if down == 1 else f"{number(down)} dominoes have"
    return f"{fallen_so_far} fallen when the video ends"
