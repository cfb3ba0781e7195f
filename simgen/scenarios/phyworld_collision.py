"""PhyWorld's collision: two balls move towards each other on one line across a flat picture and collide head-on.

See `simgen.scenarios.flat_world`; what differs from the released code is in docs/studies/phyworld.md.
"""

from __future__ import annotations

import math

import numpy as np

from simgen.errors import Rejected
from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics import laws
from simgen.physics.trace import Trace
from simgen.recipe.distributions import uniform
from simgen.recipe.draws import Draws
from simgen.scenarios import flat_world, lane
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scene.spec import Look, SceneSpec, Video

FRAMES_BEFORE, FRAMES_AFTER = 8, 8  # of the protocol: at least so many before the impact and after it
LOPSIDED = 2.0  # a ball that is so many times as large as the other one starts near its edge of the picture
NEAR_EDGE_M = 0.5  # within this of it
LOPSIDED_GAP = 1.25  # and the distance of the centres is at most so many times the least one
SLOWEST_M_S = 0.05  # closing speed below which nothing is called a collision (`simgen.labels.events`)
RED = Look(colour=(1.0, 0.0, 0.0), colour_name="red", specular=0.0, roughness=1.0)
BLUE = Look(colour=(0.0, 0.0, 1.0), colour_name="blue", specular=0.0, roughness=1.0)
SIZES = ((0.8, "the smaller one"), (1.25, "about as large"), (math.inf, "the larger one"))  # blue over red


def _speed(ball: str, way: str) -> Parameter:
    meaning = f"speed of the {way}"
    return Parameter(f"speed_{ball}_m_s", uniform(1, 4), "m/s", meaning, (0, 6), "causal", "velocity")


def _radius(ball: str, colour: str) -> Parameter:
    meaning = f"radius of the {colour} ball; its mass grows with the square of it"
    ends = (flat_world.SMALLEST_M, flat_world.LARGEST_M)
    return Parameter(f"radius_{ball}_m", uniform(0.7, 1.5), "m", meaning, ends, "causal")


class PhyWorldCollision(Scenario):
    name = "phyworld_collision"
    summary = "PhyWorld's collision: a red ball from the left and a blue one from the right collide head-on."
    replica = True
    parameters = (
        _radius("a", "red"),
        _radius("b", "blue"),
        _speed("a", "red ball, which moves to the right"),
        _speed("b", "blue ball, which moves to the left"),
        Parameter(
            "impact_share",
            uniform(0, 1),
            "1",
            "when they meet: 0 after 0.8 s, 1 as late as the picture's width, or 0.8 s before its end, allows",
            (0, 1),
            "nuisance",
        ),
        Parameter(
            "start_share",
            uniform(0, 1),
            "1",
            "where the pair starts: 0 with the red ball at the left edge, 1 with the blue ball at the right one",
            (0, 1),
            "nuisance",
        ),
        flat_world.HEIGHT,
    )
    laws = (
        Law(
            "phyworld_collision_velocity_a_over_closing_speed",
            "v₁' = ((m₁ − m₂) v₁ + 2 m₂ v₂) / (m₁ + m₂) along the line, m ∝ r²; residual = |measured − predicted| / |v₁ − v₂|",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 9 (elastic collisions in one dimension)",
            1e-4,
            "the engine's steps end where bodies touch; over the closing speed because a ball may be left at rest",
        ),
        Law(
            "phyworld_collision_velocity_b_over_closing_speed",
            "v₂' = ((m₂ − m₁) v₂ + 2 m₁ v₁) / (m₁ + m₂); residual as for the red ball",
            "as for the red ball",
            1e-4,
            "as for the red ball",
        ),
        Law(
            "phyworld_collision_energy_over_before",
            "the kinetic energy after is that before; residual = |measured − predicted| / predicted",
            "Halliday, Resnick, Walker, ch. 9 (elastic collisions)",
            1e-4,
            "as for the red ball",
        ),
    )
    events = ("first_contact", "collision", "starts_moving", "comes_to_rest", "leaves_frame")
    decisive = ("collision",)

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        red, blue = params["radius_a_m"], params["radius_b_m"]
        closing = params["speed_a_m_s"] + params["speed_b_m_s"]
        if closing < SLOWEST_M_S:
            raise Rejected("too-slow", f"the balls approach each other at {closing:.3f} m/s only")
        left, right = _places(
            red, blue, closing, params["impact_share"], params["start_share"], _video_s(video)
        )
        larger = max(red, blue)
        lowest, highest = flat_world.MARGIN_M + larger, flat_world.WORLD_M - flat_world.MARGIN_M - larger
        height = lowest + (highest - lowest) * params["height_share"]
        return SceneSpec(
            bodies=(
                flat_world.ball("ball_a", red, left, height, (params["speed_a_m_s"], 0.0, 0.0), look=RED),
                flat_world.ball("ball_b", blue, right, height, (-params["speed_b_m_s"], 0.0, 0.0), look=BLUE),
            ),
            video=video,
            cameras=(flat_world.camera(video),),
            gravity_m_s2=(0.0, 0.0, 0.0),
            profile="restitution",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        if not len(trace.contacts):
            raise Rejected("law-not-in-video", "the balls have not met; lengthen the video")
        frame = int(trace.contacts.frame[0])
        masses = [body.mass_kg for body in scene.bodies]
        before = (params["speed_a_m_s"], -params["speed_b_m_s"])
        expected = laws.head_on_collision(masses[0], before[0], masses[1], before[1], elasticity=1.0)
        velocity = trace.velocity_m_s[frame]
        closing = before[0] - before[1]
        checks = []
        for place, ball in enumerate("ab"):
            off = float(np.linalg.norm(velocity[place] - (expected[place], 0.0, 0.0))) / closing
            name = f"phyworld_collision_velocity_{ball}_over_closing_speed"
            checks.append(LawCheck(name, expected[place], float(velocity[place, 0]), off))
        energy = sum(m * v**2 / 2 for m, v in zip(masses, before, strict=True))
        after = sum(m * float(v @ v) / 2 for m, v in zip(masses, velocity, strict=True))
        return (*checks, lane.relative("phyworld_collision_energy_over_before", energy, after))

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        first, second = words.pair(scene.bodies[0], scene.bodies[1], draws)
        one, other = words.introduce(first), words.introduce(second)
        meet = draws.choice("meet", ("collide head-on", "run into each other", "bump into each other"))
        speeds = [words.quantity(params[f"speed_{ball}_m_s"], "m/s") for ball in "ab"]
        radii = [words.quantity(params[f"radius_{ball}_m"], "m") for ball in "ab"]
        size = words.grade(params["radius_b_m"] / params["radius_a_m"], SIZES)
        ways = (_way(params["speed_a_m_s"], "right"), _way(params["speed_b_m_s"], "left"))
        qualitative = draws.choice(
            "qualitative",
            (
                f"{one} {ways[0]} and {other}, {size}, {ways[1]}, and they {meet}",
                f"{one} meets {other}, {size}, head-on; the first {ways[0]}, the second {ways[1]}",
            ),
        )
        numeric = draws.choice(
            "numeric",
            (
                f"{one} with a radius of {radii[0]} moving at {speeds[0]} and {other} with a radius of {radii[1]} moving the "
                f"other way at {speeds[1]} {meet}",
                f"{one} ({radii[0]}, {speeds[0]}) and {other} ({radii[1]}, {speeds[1]}) {meet}",
            ),
        )
        return words.tiers(
            f"{one} and {other} {meet}", qualitative, numeric, _outcome((first, second), trace, events)
        )


def _video_s(video: Video) -> float:
    return video.frame_count / video.fps


def _places(
    red_m: float, blue_m: float, closing_m_s: float, impact: float, start: float, video_s: float
) -> tuple[float, float]:
    """Where the centres start, metres from the left (two_balls_collision.py of the released code).

    Both are whole in the picture, meet after FRAMES_BEFORE frames or more and have FRAMES_AFTER left.
    Raises Rejected where the picture is too narrow for it.
    """
    touching = red_m + blue_m
    nearest = touching + FRAMES_BEFORE * flat_world.FRAME_S * closing_m_s
    widest = flat_world.WORLD_M - touching
    if nearest > widest:
        raise Rejected(
            "no-room",
            f"they would meet before {FRAMES_BEFORE * flat_world.FRAME_S:g} s: too large or too fast",
        )
    latest_s = max(FRAMES_BEFORE * flat_world.FRAME_S, video_s - FRAMES_AFTER * flat_world.FRAME_S)
    furthest = min(touching + latest_s * closing_m_s, widest)
    lopsided = max(red_m, blue_m) > LOPSIDED * min(red_m, blue_m)
    if lopsided:
        furthest = min(furthest, LOPSIDED_GAP * nearest)
    apart = nearest + (furthest - nearest) * impact
    leftmost, rightmost = red_m, flat_world.WORLD_M - blue_m - apart
    if lopsided and red_m > blue_m:
        rightmost = min(rightmost, leftmost + NEAR_EDGE_M)
    elif lopsided:
        leftmost = max(leftmost, rightmost - NEAR_EDGE_M)
    left = leftmost + (rightmost - leftmost) * start
    return left, left + apart


def _way(speed_m_s: float, side: str) -> str:
    return f"moves to the {side}" if speed_m_s else "stays at rest"


def _outcome(names: tuple[str, str], trace: Trace, events: tuple[Event, ...]) -> str:
    meeting = next((event for event in events if event.kind == "collision"), None)
    if meeting is None:
        return "they do not meet before the video ends"
    fates = []
    for ball, name in enumerate(names):
        # as the label is stored, so that the printed number is the label's to the last digit
        velocity = trace.velocity_m_s[meeting.frame, ball].astype(np.float32)
        speed = float(np.linalg.norm(velocity))
        came = float(trace.velocity_m_s[0, ball, 0])
        if speed < 0.005:  # 0.00 m/s in print
            fates.append(f"{words.the(name)} stops" if came else f"{words.the(name)} stays at rest")
            continue
        told = (
            "is set in motion" if came == 0 else "carries on" if came * velocity[0] > 0 else "is thrown back"
        )
        fates.append(f"{words.the(name)} {told} at {words.quantity(speed, 'm/s')}")
    return f"they collide after {words.quantity(meeting.time_s, 's')}: {words.join(fates)}"
