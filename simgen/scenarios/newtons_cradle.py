"""Newton's cradle: equal balls hang side by side, some are lifted and let go, and as many leave on the other side.

The balls hang 10 µm apart, so each hits the next one after the other: balls that touched would be hit all at once,
which has more than one answer that keeps momentum and energy. Elastic balls hand the whole motion on; less elastic
ones keep a part of it in every impact.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from simgen.errors import Rejected
from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics import laws
from simgen.physics.laws_impact import chain_speed
from simgen.physics.trace import Trace
from simgen.recipe.distributions import integer, log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.stage import (
    GRAVITY,
    area_camera,
    direction_parameter,
    gravity_parameter,
    ground,
    random_orientation,
)
from simgen.scene.spec import Body, Joint, Link, SceneSpec, Shape, Video

GAP_M = 1e-5
BEAM_M = 1.05  # height of the pivots: the underside of the beam
BEAM_THICKNESS_M, POST_M = 0.07, 0.06
STRING_M = 0.012  # radius
SPAN_M = 2.4  # from post to post
NAMES = tuple(f"bob_{letter}" for letter in "abcdef")  # from the side that is lifted

LIFTS = ((20.0, "a little"), (31.0, "some way"), (math.inf, "high"))


class NewtonsCradle(Scenario):
    name = "newtons_cradle"
    summary = "Some of the balls of a Newton's cradle are let go; as many leave on the other side."
    parameters = (
        Parameter("count", integer(3, 6), "1", "how many balls hang side by side", (3, 6), "causal"),
        Parameter(
            "lifted", integer(1, 3), "1", "how many of them are lifted; at most all but one", (1, 5), "causal"
        ),
        Parameter("angle_deg", uniform(15, 34), "deg", "angle to which they are lifted", (12, 35), "causal"),
        Parameter(
            "length_m", uniform(0.5, 0.66), "m", "from the pivot to the ball's centre", (0.45, 0.7), "causal"
        ),
        Parameter(
            "elasticity",
            uniform(0.9, 1),
            "1",
            "coefficient of restitution of two balls",
            (0.8, 1),
            "hidden",
            revealed="collision",
        ),
        Parameter("mass_kg", log_uniform(0.1, 10), "kg", "mass of every ball", (0.05, 80), "hidden"),
        Parameter("radius_m", uniform(0.114, 0.124), "m", "radius of every ball", (0.107, 0.125), "nuisance"),
        direction_parameter("the side of the picture on which balls are lifted", "causal"),
        gravity_parameter(),
    )
    laws = (
        Law(
            "newtons_cradle_impact_time",
            "first impact after T/4, T = 2π √(L'/g) / agm(1, cos(θ/2)), L' = L + 2 r²/(5 L)",
            "physical pendulum at any amplitude: Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 15; "
            "Landau, Lifshitz, Mechanics, § 11",
            0.001,
            "balls 10 µm apart meet that much before the lowest point",
        ),
        Law(
            "newtons_cradle_momentum",
            "Σ ω at the lowest point is the same after the impacts as before: k ω₀, ω₀² = 2 (g/L')(1 − cos θ)",
            "Halliday, Resnick, Walker, ch. 9 (momentum, equal masses on equal pendulums) and 8 (energy)",
            0.001,
            "each ball's ω of the first frame after the first impact, carried back to the lowest point by energy",
        ),
        Law(
            "newtons_cradle_last_speed",
            "the last ball leaves with ω = ω₀ ((1 + e)/2)ⁿ⁻ᵏ",
            "n − k head-on collisions of equal masses one after the other; Halliday, Resnick, Walker, ch. 9",
            0.001,
            "measured where one ball is lifted, or the balls are elastic: otherwise later impacts add to it",
        ),
    )
    events = ("first_contact", "collision", "starts_moving", "apex", "comes_to_rest")
    decisive = ("collision",)

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        radius, length, side = params["radius_m"], params["length_m"], _side(params)
        count = round(params["count"])
        angle = math.radians(params["angle_deg"])
        balls, joints, strings = [], [], []
        for place in range(count):
            name = NAMES[place]
            across = side * ((count - 1) / 2 - place) * (2 * radius + GAP_M)
            swing = angle if place < _lifted(params) else 0.0
            balls.append(
                Body(
                    name=name,
                    shape=Shape("sphere", (radius,)),
                    position_m=(
                        across + side * length * math.sin(swing),
                        0.0,
                        BEAM_M - length * math.cos(swing),
                    ),
                    orientation_xyzw=random_orientation(draws, f"{name}.orientation"),
                    mass_kg=params["mass_kg"],
                    friction=0.0,
                    elasticity=math.sqrt(params["elasticity"]),
                )
            )
            pivot = (across, 0.0, BEAM_M)
            joints.append(Joint(f"string_{name[-1]}", "hinge", "", name, pivot))
            strings.append(Link("string", name, at_b_m=pivot, radius_m=STRING_M))
        return SceneSpec(
            bodies=(*balls, *_stand(), ground()),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 0.56), 2.5, elevation_deg=9.0),),
            joints=tuple(joints),
            links=tuple(strings),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="joints",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        hits = trace.contacts.time_s
        if not len(hits):
            raise Rejected("law-not-in-video", "the lifted balls have not come down; lengthen the video")
        length, gravity, count = params["length_m"], params["gravity_m_s2"], round(params["count"])
        inertia = 0.4 * params["radius_m"] ** 2
        hit = float(hits.min())
        quarter = laws.pendulum_period(length, params["angle_deg"], gravity, inertia) / 4
        checks = [_relative("newtons_cradle_impact_time", quarter, hit)]
        frame = int(np.searchsorted(trace.time_s, hit, side="right"))
        if frame < len(trace.time_s) and trace.time_s[frame] < 2 * quarter:
            spin = laws.pendulum_speed(length, params["angle_deg"], 0.0, gravity, inertia)
            after = _at_lowest(params, trace, frame)
            checks.append(_relative("newtons_cradle_momentum", _lifted(params) * spin, float(after.sum())))
            if _lifted(params) == 1 or params["elasticity"] == 1:
                last = chain_speed(spin, params["elasticity"], count - _lifted(params))
                checks.append(_relative("newtons_cradle_last_speed", last, float(after[-1])))
        return tuple(checks)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        count, lifted = round(params["count"]), _lifted(params)
        noun = draws.choice("noun", ("ball", "sphere"))
        row = draws.choice(
            "row",
            (
                f"a Newton's cradle with {words.count(count, noun)}",
                f"a Newton's cradle of {words.count(count, noun)}",
                f"a row of {words.count(count, noun)} that hang side by side",
            ),
        )
        some = words.count(lifted, noun)
        go = draws.choice(
            "go", ("{} lifted and let go", "{} pulled aside and released", "{} raised and let swing")
        )
        done = go.format("is" if lifted == 1 else "are")
        side = f"on the {params['direction']}"
        high = words.grade(params["angle_deg"], LIFTS)
        qualified = _how_far(done, high, f"{high} ")
        plain = draws.choice("plain", (f"in {row}, {some} {done}", f"{some} of {row} {done}"))
        qualitative = draws.choice(
            "qualitative", (f"{side} of {row}, {some} {qualified}", f"in {row}, {some} {side} {qualified}")
        )
        angle, length = words.quantity(params["angle_deg"], "deg", 1), words.quantity(params["length_m"], "m")
        by_angle = _how_far(done, f"by {angle}", "", f" by {angle}")
        mass, elasticity = words.quantity(params["mass_kg"], "kg"), words.quantity(params["elasticity"], "1")
        gravity = words.quantity(params["gravity_m_s2"], "m/s²")
        elsewhere = "" if params["gravity_m_s2"] == GRAVITY else f", where gravity is {gravity}"
        numeric = draws.choice(
            "numeric",
            (
                f"in {row}, each {mass} and {length} below its pivot{elsewhere}, {some} {by_angle}; the "
                f"coefficient of restitution is {elasticity}",
                f"{some} of {row} {by_angle}{elsewhere}; the strings are {length} long, each {noun} has a mass "
                f"of {mass}, and the coefficient of restitution is {elasticity}",
            ),
        )
        return words.tiers(plain, qualitative, numeric, _outcome(params, trace, events, noun, draws))


def _side(params: Params) -> float:
    return 1.0 if params["direction"] == "right" else -1.0


def _how_far(done: str, after: str, before: str, behind: str = "") -> str:
    """The words for lifting with how far: "is lifted high and let go", "are pulled a little aside and released"."""
    done = done.replace("lifted", f"lifted {after}").replace("raised", f"raised {after}")
    return done.replace("pulled aside", f"pulled {before}aside{behind}")


def _lifted(params: Params) -> int:
    lifted: int = round(params["lifted"])
    count: int = round(params["count"])
    return min(lifted, count - 1)


def _stand() -> Iterator[Body]:
    """The beam from which the balls hang and the posts that carry it, beyond the reach of every ball."""
    top = BEAM_M + BEAM_THICKNESS_M
    yield _fixed("beam", (SPAN_M, 0.1, BEAM_THICKNESS_M), (0.0, BEAM_M + BEAM_THICKNESS_M / 2))
    for name, sign in (("post_left", -1.0), ("post_right", 1.0)):
        yield _fixed(name, (POST_M, 0.1, top), (sign * (SPAN_M + POST_M) / 2, top / 2))


def _fixed(name: str, size: tuple[float, float, float], place: tuple[float, float]) -> Body:
    return Body(
        name=name,
        shape=Shape("box", size),
        position_m=(place[0], 0.0, place[1]),
        mass_kg=0.0,
        fixed=True,
        role="support",
    )


def _at_lowest(params: Params, trace: Trace, frame: int) -> NDArray[np.float64]:
    """Angular speed (N,) away from the lifted side that each ball had at its lowest point: ω² + 2 (g/L')(1 − cos θ)."""
    radius, length, side = params["radius_m"], params["length_m"], _side(params)
    count = round(params["count"])
    effective = length + 0.4 * radius**2 / length
    rise = BEAM_M - trace.position_m[frame, :count, 2]  # L cos θ
    spin = -side * trace.velocity_m_s[frame, :count, 0] / rise
    square = spin**2 + 2 * params["gravity_m_s2"] / effective * (1 - rise / length)
    result: NDArray[np.float64] = np.sign(spin) * np.sqrt(np.maximum(square, 0.0))
    return result


def _relative(name: str, predicted: float, measured: float) -> LawCheck:
    return LawCheck(name, predicted, measured, abs(measured - predicted) / abs(predicted))


def _outcome(params: Params, trace: Trace, events: tuple[Event, ...], noun: str, draws: Draws) -> str:
    hit = next((event for event in events if event.kind == "collision"), None)
    if hit is None:
        return f"the {noun}s have not met when the video ends"
    after = f"after {words.quantity(hit.time_s, 's')}"
    they = f"the lifted {words.plural(noun) if _lifted(params) > 1 else noun}"
    hits = "hit" if _lifted(params) > 1 else "hits"
    speeds = _at_lowest(params, trace, hit.frame)
    leave = int((speeds > 0.5 * speeds.max()).sum())
    start = f"{they} {hits} the others {after}"
    other = draws.choice("other", ("on the other side", "at the other end"))
    swing = draws.choice("swing", ("swing", "fly"))
    if leave == 1:
        swing += "s" if swing == "swing" else ""
        swing = swing.replace("fly", "flies")
    return f"{start} and {words.count(leave, noun)} {swing} out {other}"
