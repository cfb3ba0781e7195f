"""A heavy ball on a rod swings down into a stack of blocks and throws it over.

How fast the ball is at its lowest point, where it hits, follows from the height from which it was let go. What the
blocks do then has no closed form; it can only cost energy.
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
from simgen.physics.energy import mechanical_energy
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

PIVOT_M = 2.25  # its height
PIVOT_BACK_M = 0.15  # its distance from the middle of the picture, against the swing
ROD_M = 0.022  # radius of the rod, which has no mass
GANTRY_M, BACK_M = 0.09, 1.5  # thickness of the arm and the post, how far behind the swing the post is

FORCES = ((42.0, "gently"), (58.0, "with force"), (math.inf, "with great force"))


class WreckingBall(Scenario):
    name = "wrecking_ball"
    summary = "A heavy ball on a rod swings into a stack of blocks."
    slow = True
    parameters = (
        Parameter(
            "angle_deg", uniform(35, 70), "deg", "angle from which the ball is let go", (25, 72), "causal"
        ),
        Parameter(
            "length_m",
            uniform(1.45, 1.62),
            "m",
            "from the pivot to the ball's centre",
            (1.42, 1.65),
            "causal",
        ),
        Parameter(
            "mass_kg", log_uniform(5, 40), "kg", "mass of the ball", (2, 60), "hidden", revealed="collision"
        ),
        Parameter("radius_m", uniform(0.18, 0.24), "m", "radius of the ball", (0.16, 0.26), "causal"),
        Parameter("count", integer(3, 5), "1", "how many blocks are stacked", (3, 5), "causal"),
        Parameter(
            "mass_block_kg",
            log_uniform(0.5, 4),
            "kg",
            "mass of each block",
            (0.4, 10),
            "hidden",
            revealed="collision",
        ),
        Parameter("size_m", uniform(0.315, 0.35), "m", "edge of a block", (0.31, 0.36), "causal"),
        Parameter(
            "depth_m",
            uniform(0.33, 0.55),
            "m",
            "length of a block along the line of sight",
            (0.3, 0.6),
            "causal",
        ),
        Parameter(
            "friction",
            uniform(0.3, 0.8),
            "1",
            "coefficient of friction between blocks, and between them and the ground",
            (0.2, 0.9),
            "hidden",
            revealed="collision",
        ),
        Parameter(
            "elasticity",
            uniform(0, 0.4),
            "1",
            "coefficient of restitution between the ball and a block",
            (0, 0.5),
            "hidden",
            revealed="collision",
        ),
        direction_parameter("the side of the picture on which the blocks stand"),
        gravity_parameter(),
    )
    laws = (
        Law(
            "wrecking_ball_impact_time",
            "the ball is at its lowest point after T/4, T = 2π √(L'/g) / agm(1, cos(θ/2)), L' = L + 2 r²/(5 L)",
            "physical pendulum at any amplitude: Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 15; "
            "Landau, Lifshitz, Mechanics, § 11",
            0.001,
            "the engine's steps end where bodies touch",
        ),
        Law(
            "wrecking_ball_impact_speed",
            "v² = 2 g (L²/L') (1 − cos θ) at the lowest point, where it hits",
            "energy conservation: Halliday, Resnick, Walker, ch. 8 and 10",
            0.001,
            "the speed of the last frame before the impact, carried down to it by energy",
        ),
        Law(
            "wrecking_ball_energy_over_start",
            "the mechanical energy of all bodies never grows; residual = the most that it is above that at the start "
            "over what the ball's height is worth",
            "Halliday, Resnick, Walker, ch. 8: impacts and friction only take energy",
            0.005,
            "over all frames; the stack, pressed together, may spring up by a few micrometres",
        ),
    )
    events = (
        "first_contact",
        "collision",
        "bounce",
        "starts_moving",
        "apex",
        "topples",
        "comes_to_rest",
        "leaves_frame",
        "enters_frame",
    )
    decisive = ("collision",)
    chaotic = True  # blocks that touch are hit together: how they share the blow is not determined by the law of impact

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        side, length, radius = _side(params), params["length_m"], params["radius_m"]
        angle = math.radians(params["angle_deg"])
        pivot = -side * PIVOT_BACK_M
        ball = Body(
            name="ball",
            shape=Shape("sphere", (radius,)),
            position_m=(pivot - side * length * math.sin(angle), 0.0, PIVOT_M - length * math.cos(angle)),
            orientation_xyzw=random_orientation(draws, "ball.orientation"),
            mass_kg=params["mass_kg"],
            friction=0.3,
            elasticity=math.sqrt(params["elasticity"]),
        )
        edge = params["size_m"]
        blocks = tuple(
            Body(
                name=f"block_{chr(ord('a') + place)}",
                shape=Shape("box", (edge, params["depth_m"], edge)),
                position_m=(pivot + side * (radius + edge / 2), 0.0, (place + 0.5) * edge),
                mass_kg=params["mass_block_kg"],
                friction=math.sqrt(params["friction"]),
                elasticity=math.sqrt(params["elasticity"]),
            )
            for place in range(round(params["count"]))
        )
        floor = ground(elasticity=0.3, friction=math.sqrt(params["friction"]))
        return SceneSpec(
            bodies=(ball, *blocks, *_gantry(pivot), floor),
            video=video,
            cameras=(
                area_camera(video, (pivot, 0.0, 1.0), 3.85, elevation_deg=1.5, azimuth_deg=-side * 16.0),
            ),
            joints=(Joint("rod", "hinge", "", "ball", (pivot, 0.0, PIVOT_M)),),
            links=(Link("rod", "ball", at_b_m=(pivot, 0.0, PIVOT_M), radius_m=ROD_M),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="universal",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        ball = scene.body_index("ball")
        contacts = trace.contacts
        hits = contacts.time_s[(contacts.a == ball) | (contacts.b == ball)]
        if not len(hits):
            raise Rejected("law-not-in-video", "the ball has not reached the blocks; lengthen the video")
        hit = float(hits.min())
        length, gravity, inertia = params["length_m"], params["gravity_m_s2"], 0.4 * params["radius_m"] ** 2
        quarter = laws.pendulum_period(length, params["angle_deg"], gravity, inertia) / 4
        speed = length * laws.pendulum_speed(length, params["angle_deg"], 0.0, gravity, inertia)
        frame = int(np.searchsorted(trace.time_s, hit)) - 1
        drop = float(trace.position_m[frame, ball, 2]) - (PIVOT_M - length)
        square = float((trace.velocity_m_s[frame, ball] ** 2).sum())
        seen = math.sqrt(square + 2 * gravity * drop / (1 + inertia / length**2))
        energy, _ = mechanical_energy(scene, trace.state)
        fall = params["mass_kg"] * gravity * length * (1 - math.cos(math.radians(params["angle_deg"])))
        gain = max(0.0, float((energy - energy[0]).max())) / fall
        return (
            LawCheck("wrecking_ball_impact_time", quarter, hit, abs(hit - quarter) / quarter),
            LawCheck("wrecking_ball_impact_speed", speed, seen, abs(seen - speed) / speed),
            LawCheck("wrecking_ball_energy_over_start", float(energy[0]), float(energy.max()), gain),
        )

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        ball = words.called(scene.body("ball"), draws, draw="noun")
        count = round(params["count"])
        noun = draws.choice("blocks", ("block", "box"))
        stack = draws.choice("stack", ("a stack of {}", "a tower of {}", "a pile of {}")).format(
            words.count(count, noun)
        )
        hangs = draws.choice("hangs", ("on a rod", "that hangs on a rod", "at the end of a rod"))
        swings = draws.choice("swings", ("swings into", "swings down into", "is let go and swings into"))
        wrecking = ball.endswith("ball") and draws("heavy") < 0.5
        heavy = words.article(f"{ball[:-4]}wrecking ball" if wrecking else f"heavy {ball}")
        what = f"{heavy} {hangs} {swings} {stack}"
        plain = draws.choice("plain", (what, f"{stack} is hit by {heavy} {hangs}"))
        how = words.grade(params["angle_deg"], FORCES)
        qualitative = draws.choice(
            "qualitative",
            (f"{what} {how}", f"{stack} on the {params['direction']} is hit {how} by {heavy} {hangs}"),
        )
        angle, length = words.quantity(params["angle_deg"], "deg", 1), words.quantity(params["length_m"], "m")
        mass, block = words.quantity(params["mass_kg"], "kg"), words.quantity(params["mass_block_kg"], "kg")
        gravity = words.quantity(params["gravity_m_s2"], "m/s²")
        elsewhere = "" if params["gravity_m_s2"] == GRAVITY else f", where gravity is {gravity}"
        numeric = draws.choice(
            "numeric",
            (
                f"{words.article(ball)} of {mass} on a rod of {length}, let go at {angle} from the vertical, swings into "
                f"{stack} of {block} each{elsewhere}",
                f"let go at {angle} from the vertical{elsewhere}, {words.article(ball)} with a mass of {mass} swings on "
                f"a rod {length} long into {stack}, each with a mass of {block}",
            ),
        )
        return words.tiers(
            plain, qualitative, numeric, _outcome(words.the(ball), noun, scene, trace, events, draws)
        )


def _side(params: Params) -> float:
    return 1.0 if params["direction"] == "right" else -1.0


def _gantry(pivot: float) -> Iterator[Body]:
    """An arm over the swing and the post behind it that carries the arm."""
    top = PIVOT_M + GANTRY_M
    for name, size, place in (
        ("arm", (GANTRY_M, BACK_M + 0.2, GANTRY_M), (pivot, BACK_M / 2 - 0.1, PIVOT_M + GANTRY_M / 2)),
        ("post", (GANTRY_M, GANTRY_M, top), (pivot, BACK_M + GANTRY_M / 2, top / 2)),
    ):
        yield Body(
            name=name, shape=Shape("box", size), position_m=place, mass_kg=0.0, fixed=True, role="support"
        )


def _displaced(scene: SceneSpec, trace: Trace) -> NDArray[np.bool_]:
    """Which bodies (N,) end more than half their height from where they started."""
    moved = np.linalg.norm(trace.position_m[-1] - trace.position_m[0], axis=1)
    limit = np.array([body.shape.size_m[-1] / 2 for body in scene.bodies])
    displaced: NDArray[np.bool_] = moved > limit
    return displaced


def _outcome(
    the_ball: str, noun: str, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
) -> str:
    ball = scene.body_index("ball")
    hit = next((event for event in events if event.kind == "collision" and ball in event.bodies), None)
    if hit is None:
        return f"{the_ball} is still swinging towards the {words.plural(noun)} when the video ends"
    verb = draws.choice("hit", ("hits", "strikes", "crashes into"))
    start = f"{the_ball} {verb} the {words.plural(noun)} after {words.quantity(hit.time_s, 's')}"
    blocks = [index for index, body in enumerate(scene.bodies) if body.name.startswith("block")]
    moved = int(_displaced(scene, trace)[blocks].sum())
    if moved == len(blocks):
        return f"{start} and knocks all of them away"
    if moved == 0:
        return f"{start} and hardly moves them"
    rest = len(blocks) - moved
    return f"{start} and knocks {words.number_word(moved)} of them away; {words.number_word(rest)} {'stays' if rest == 1 else 'stay'} in place"
