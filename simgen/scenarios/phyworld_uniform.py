"""PhyWorld's uniform motion: one ball crosses a flat picture at a constant velocity.

See `simgen.scenarios.flat_world`; what differs from the released code is in docs/studies/phyworld.md.
"""

from __future__ import annotations

import math

import numpy as np

from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics.trace import Trace
from simgen.recipe.distributions import uniform
from simgen.recipe.draws import Draws
from simgen.scenarios import flat_world, lane
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scene.spec import SceneSpec, Video

SPEEDS = ((1.0, "slowly"), (2.5, "steadily"), (4.0, "quickly"), (math.inf, "very fast"))


class PhyWorldUniform(Scenario):
    name = "phyworld_uniform"
    summary = "PhyWorld's uniform motion: a ball, or a cube, crosses a flat picture at a constant velocity."
    replica = True
    parameters = (
        Parameter("speed_m_s", uniform(1, 4), "m/s", "speed of the ball", (0, 6), "causal", "velocity"),
        flat_world.RADIUS,
        flat_world.START,
        flat_world.HEIGHT,
        flat_world.SHAPE,
        flat_world.DIRECTION,
    )
    laws = (
        Law(
            "phyworld_uniform_place_over_world",
            "x = x₀ + v t in every frame; residual = the largest |measured − predicted| over the 10 m of the world",
            "Newton's first law: Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 2 and 5",
            1e-6,
            "nothing acts on it; over the world because the speed may be 0",
        ),
    )
    events = ("leaves_frame",)
    decisive = ("leaves_frame",)

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        radius, speed, side = params["radius_m"], params["speed_m_s"], lane.side(params)
        from_edge = flat_world.start_x_m(radius, speed, params["start_share"], draws("start.room"))
        lowest = flat_world.MARGIN_M + radius
        subject = flat_world.ball(
            "subject",
            radius,
            from_edge if side > 0 else flat_world.WORLD_M - from_edge,
            lowest + (flat_world.WORLD_M - 2 * lowest) * params["height_share"],
            (side * speed, 0.0, 0.0),
            params["shape"],
        )
        return SceneSpec(
            bodies=(subject,),
            video=video,
            cameras=(flat_world.camera(video),),
            gravity_m_s2=(0.0, 0.0, 0.0),
            profile="restitution",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        speed = params["speed_m_s"]
        expected = np.zeros((len(trace.time_s), 3))
        expected[:, 0] = lane.side(params) * speed * trace.time_s
        return (
            flat_world.path_check(
                "phyworld_uniform_place_over_world",
                np.array(scene.bodies[0].position_m) + expected,
                trace.position_m[:, 0],
            ),
        )

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        body = words.called(scene.body("subject"), draws)
        a_body, the_body = words.article(body), words.the(body)
        side, speed = f"to the {params['direction']}", words.quantity(params["speed_m_s"], "m/s")
        if params["speed_m_s"] == 0:
            rests = draws.choice("rests", ("stays where it is", "does not move", "is at rest"))
            return words.tiers(
                f"{a_body} {rests}",
                f"{a_body} {rests} in front of a plain background",
                f"{a_body} {rests}: its speed is {speed}",
                f"{the_body} {draws.choice('still', ('has not moved', 'is where it was'))} when the video ends",
            )
        moves = draws.choice("moves", ("moves", "glides", "is moving"))
        how = words.grade(params["speed_m_s"], SPEEDS)
        plain = draws.choice(
            "plain",
            (f"{a_body} {moves} {side}", f"{a_body} {moves} across the picture at a constant speed"),
        )
        qualitative = draws.choice(
            "qualitative",
            (f"{a_body} {moves} {how} {side}, and nothing slows it down", f"{how}, {a_body} {moves} {side}"),
        )
        radius = words.quantity(params["radius_m"], "m")
        size = (
            f"with a radius of {radius}" if params["shape"] == "sphere" else f"with half an edge of {radius}"
        )
        numeric = draws.choice(
            "numeric",
            (
                f"{a_body} {size} {moves} {side} at a constant {speed}",
                f"at {speed}, {a_body} {size} {moves} {side}",
            ),
        )
        outcome = f"{the_body} {flat_world.fate(events, 0, draws)}"
        return words.tiers(plain, qualitative, numeric, outcome)
