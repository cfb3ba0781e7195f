"""PhyWorld's parabola: one ball is thrown horizontally across a flat picture and falls out of it.

See `simgen.scenarios.flat_world`; what differs from the released code is in docs/studies/phyworld.md.
"""

from __future__ import annotations

import math

import numpy as np

from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics.trace import Trace
from simgen.recipe.distributions import constant, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios import flat_world, lane
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scene.spec import SceneSpec, Video

SPEEDS = ((1.0, "gently"), (2.5, "briskly"), (4.0, "hard"), (math.inf, "very hard"))
GRAVITY = 2.5  # m/s², of the released code
BAND_M = 1.0  # the topmost metre in which it starts


class PhyWorldParabola(Scenario):
    name = "phyworld_parabola"
    summary = (
        "PhyWorld's parabola: a ball, or a cube, is thrown horizontally across a flat picture and falls."
    )
    replica = True
    parameters = (
        Parameter("speed_m_s", uniform(1, 4), "m/s", "speed of the throw", (0, 6), "causal", "velocity"),
        flat_world.RADIUS,
        flat_world.START,
        flat_world.HEIGHT,
        flat_world.SHAPE,
        flat_world.DIRECTION,
        Parameter(
            "gravity_m_s2",
            constant(GRAVITY),
            "m/s²",
            "strength of gravity; 2.5 is PhyWorld's",
            (0.5, 10),
            "hidden",
            "acceleration",
        ),
    )
    laws = (
        Law(
            "phyworld_parabola_place_over_world",
            "x = x₀ + v t, z = z₀ − g t²/2 in every frame; residual = the largest distance from it over the 10 m of the "
            "world",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 4 (projectile motion)",
            1e-6,
            "free flight is exact; over the world because the speed may be 0",
        ),
    )
    events = ("leaves_frame",)
    decisive = ("leaves_frame",)

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        radius, speed, side = params["radius_m"], params["speed_m_s"], lane.side(params)
        from_edge = flat_world.start_x_m(radius, speed, params["start_share"], draws("start.room"))
        highest = flat_world.WORLD_M - flat_world.MARGIN_M - radius
        subject = flat_world.ball(
            "subject",
            radius,
            from_edge if side > 0 else flat_world.WORLD_M - from_edge,
            highest - BAND_M * (1 - params["height_share"]),
            (side * speed, 0.0, 0.0),
            params["shape"],
        )
        return SceneSpec(
            bodies=(subject,),
            video=video,
            cameras=(flat_world.camera(video),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="restitution",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        expected = np.zeros((len(trace.time_s), 3))
        expected[:, 0] = lane.side(params) * params["speed_m_s"] * trace.time_s
        expected[:, 2] = -params["gravity_m_s2"] * trace.time_s**2 / 2
        return (
            flat_world.path_check(
                "phyworld_parabola_place_over_world",
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
        speed, gravity = (
            words.quantity(params["speed_m_s"], "m/s"),
            words.quantity(params["gravity_m_s2"], "m/s²"),
        )
        if params["speed_m_s"] == 0:
            goes = draws.choice("let", ("is let go and falls", "falls straight down", "drops"))
            plain, qualitative = f"{a_body} {goes}", f"{a_body} {goes}, faster and faster"
            numeric = f"{a_body} {goes} from rest ({speed}) under a gravity of {gravity}"
        else:
            thrown = draws.choice("thrown", ("is thrown", "is tossed", "is launched"))
            side, hard = f"to the {params['direction']}", words.grade(params["speed_m_s"], SPEEDS)
            plain = draws.choice(
                "plain",
                (
                    f"{a_body} {thrown} {side}",
                    f"{a_body} flies {side} and falls",
                    f"{a_body} flies on a parabola",
                ),
            )
            qualitative = draws.choice(
                "qualitative",
                (
                    f"{a_body} {thrown} {hard} {side}, horizontally, and falls",
                    f"{hard}, {a_body} {thrown} horizontally {side}",
                ),
            )
            numeric = draws.choice(
                "numeric",
                (
                    f"{a_body} {thrown} horizontally {side} at {speed} under a gravity of {gravity}",
                    f"under a gravity of {gravity}, {a_body} {thrown} {side} with a horizontal speed of {speed}",
                ),
            )
        outcome = f"{the_body} {flat_world.fate(events, 0, draws)}"
        return words.tiers(plain, qualitative, numeric, outcome)
