"""A chain of 3 to 12 bars with a ball at its end, let go straight or bent: it falls, swings and whips.

The bars lie in two planes in turns, like those of a bicycle's chain, so that neighbours turn past each other.
There is no closed form; what the clip is held to is its energy, up to the moment in which the chain first
hits itself.
"""

from __future__ import annotations

import math

import numpy as np

from simgen.errors import Rejected
from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics.trace import Trace
from simgen.recipe.distributions import integer, log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.hanging import GAP_M, ROD_WIDTH_M, bob_turn, energy_check, hang_down, rod, stand
from simgen.scenarios.stage import GRAVITY, area_camera, direction_parameter, gravity_parameter, ground
from simgen.scene.spec import Body, Joint, SceneSpec, Shape, Vector, Video

PIVOT: Vector = (0.0, 0.0, 1.75)
OVERHANG_M = 0.018  # of a bar beyond the joints at its ends
LARGEST_RADIUS_M = 0.18
FRAMES_OF_A_LAW = 3
TAUT_DEG = 75.0

STARTS = (
    (35.0, "hanging slightly to the {}"),
    (70.0, "slanting to the {}"),
    (math.inf, "held out to the {}"),
)
BENDS = ((-15.0, ", bent inwards"), (15.0, ""), (math.inf, ", bent outwards"))


class Chain(Scenario):
    name = "chain"
    summary = "A chain of 3 to 12 bars with a ball at its end is let go, straight or bent, and swings."
    slow = True
    parameters = (
        Parameter("count", integer(3, 12), "1", "number of bars (a whole number)", (3, 12), "causal"),
        Parameter(
            "length_m",
            uniform(0.8, 1.15),
            "m",
            "of the chain, from the pivot to where the ball begins",
            (0.75, 1.2),
            "causal",
        ),
        Parameter(
            "angle_deg",
            uniform(20, 75),
            "deg",
            "angle of the first bar from straight down at the start, towards `direction`",
            (10, 80),
            "causal",
        ),
        Parameter(
            "bend_deg",
            uniform(-40, 20),
            "deg",
            "by how much further the last bar is turned than the first",
            (-40, 20),
            "causal",
        ),
        Parameter("radius_m", uniform(0.14, 0.17), "m", "of the ball", (0.14, LARGEST_RADIUS_M), "causal"),
        Parameter(
            "mass_kg",
            log_uniform(0.5, 3),
            "kg",
            "mass of the ball",
            (0.5, 3),
            "hidden",
            revealed="acceleration",
        ),
        Parameter(
            "chain_mass_kg",
            log_uniform(0.2, 1),
            "kg",
            "mass of all bars together",
            (0.2, 1),
            "hidden",
            revealed="acceleration",
        ),
        direction_parameter("the side on which it is let go"),
        gravity_parameter(1.62, 12),
    )
    laws = (
        Law(
            "chain_energy_over_energy_in_play",
            "E(t) = E(0) until the chain hits itself; residual = the largest |E(t) − E(0)| / the most kinetic energy "
            "there is, or the most that gravity gives or takes",
            "conservation of energy without friction: Taylor, Classical Mechanics, ch. 4 and 7",
            0.005,
            "many joints have no closed form; the worst of 50 clips at the corners of the documented ranges was 2.5e-3, the "
            "median 2e-6",
        ),
    )
    events = ("apex", "first_contact", "collision")
    decisive = ("apex",)

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        count = round(params["count"])
        side = 1.0 if params["direction"] == "right" else -1.0
        pitch, radius = params["length_m"] / count, params["radius_m"]
        bars, joints = [], []
        joint = PIVOT
        turn = 0.0
        for index in range(count):
            bend = params["bend_deg"] * index / (count - 1)
            turn = side * math.radians(params["angle_deg"] + bend)
            name, last = f"bar_{index + 1}", index == count - 1
            place = (joint[0], _plane_m(index), joint[2])
            far = pitch if last else pitch + OVERHANG_M
            bars.append(rod(name, place, turn, -OVERHANG_M, far, params["chain_mass_kg"] / count))
            parent = "axle" if index == 0 else f"bar_{index}"
            joints.append(Joint(f"hinge_{index + 1}", "hinge", parent, name, place))
            joint = hang_down(place, pitch, turn)
        shape = Shape("sphere", (radius,))
        ball = Body(
            name="ball",
            shape=shape,
            position_m=hang_down(joint, radius, turn),
            orientation_xyzw=bob_turn(shape, turn),
            mass_kg=params["mass_kg"],
            friction=0.0,
            elasticity=0.5,
        )
        joints.append(Joint("weld", "fixed", f"bar_{count}", "ball", joint))
        return SceneSpec(
            bodies=(ball, *bars, *stand(PIVOT, LARGEST_RADIUS_M), ground()),
            joints=tuple(joints),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 1.6), 3.4, elevation_deg=7.0, azimuth_deg=10.0),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="joints",
        )

    def is_chaotic(self, params: Params) -> bool:
        """Where the last bar starts above its joint: it falls slack and is pulled taut at once. Lower chains stay taut."""
        return bool(params["angle_deg"] + params["bend_deg"] > TAUT_DEG)

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        hit = trace.contacts.frame
        free = int(hit.min()) if len(hit) else len(trace.time_s)
        if free < FRAMES_OF_A_LAW:
            raise Rejected("law-not-in-video", "the chain hits itself at once")
        return (energy_check("chain_energy_over_energy_in_play", scene, trace, free),)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        body = words.called(scene.body("ball"), draws)
        a_ball, the_ball = words.article(body), words.the(body)
        side, count = params["direction"], round(params["count"])
        bars = words.count(count, draws.choice("bar", ("bar", "link", "rod")))
        start = words.grade(params["angle_deg"], STARTS).format(side)
        bend = words.grade(params["bend_deg"], BENDS)
        plain = draws.choice(
            "plain",
            (
                f"a chain of {bars} with {a_ball} at its end is let go",
                f"{a_ball} at the end of a chain of {bars} swings",
                f"a chain of {bars} swings with {a_ball} at its end",
            ),
        )
        qualitative = draws.choice(
            "qualitative",
            (
                f"a chain of {bars}, {start}{bend}, is let go with {a_ball} at its end",
                f"{a_ball} at the end of a chain of {bars} is let go, {start}{bend}",
            ),
        )
        length = words.quantity(params["length_m"], "m")
        masses = [words.quantity(params[name], "kg") for name in ("mass_kg", "chain_mass_kg")]
        angle = words.quantity(params["angle_deg"], "deg", 1)
        gravity = words.quantity(params["gravity_m_s2"], "m/s²")
        elsewhere = "" if params["gravity_m_s2"] == GRAVITY else f", where gravity is {gravity}"
        numeric = draws.choice(
            "numeric",
            (
                f"a chain of {bars}, {length} long and of {masses[1]}, carries {a_ball} of {masses[0]}; its first bar "
                f"is let go at {angle} from straight down{elsewhere}",
                f"{a_ball} of {masses[0]} hangs from {bars} of {length} and {masses[1]} in all, the first of them let "
                f"go at {angle} from straight down{elsewhere}",
            ),
        )
        return words.tiers(
            plain, qualitative, numeric, _outcome(the_ball, params, scene, trace, events, draws)
        )


def _outcome(
    the_ball: str, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
) -> str:
    """When the ball first passes below the pivot, and whether it turns back."""
    ball = scene.body_index("ball")
    side = 1.0 if params["direction"] == "right" else -1.0
    across = side * trace.position_m[:, ball, 0]
    far = "left" if params["direction"] == "right" else "right"
    passed = np.flatnonzero(across < 0)
    if not len(passed):
        return draws.choice(
            "near",
            (
                f"{the_ball} is still on the {params['direction']} when the video ends",
                f"{the_ball} has not passed below the pivot when the video ends",
            ),
        )
    turned = [
        event for event in events if event.kind == "apex" and ball in event.bodies and event.frame > passed[0]
    ]
    if turned:
        back = draws.choice("back", ("turns back", "swings back", "turns round"))
        return (
            f"{the_ball} swings through to the {far} and {back} after {words.quantity(turned[0].time_s, 's')}"
        )
    through = draws.choice("through", ("swings through", "swings across"))
    return f"{the_ball} {through} to the {far} before the video ends"


def _plane_m(index: int) -> float:
    """Where the plane of bar `index` is along y: two planes in turns."""
    return -(ROD_WIDTH_M + GAP_M) * (index % 2)
