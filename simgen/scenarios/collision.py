"""Two balls glide towards each other without gravity or friction and collide, head-on or off centre.

The balls hover 2 mm above the floor, so that nothing but their own collision acts on them. Where they start
says nothing about how fast they are.
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
from simgen.recipe.distributions import log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.stage import area_camera, ground, random_orientation
from simgen.scene.spec import Body, SceneSpec, Shape, Video

HOVER_M = 0.002
OFFSETS = ((0.05, "head-on"), (0.4, "slightly off centre"), (math.inf, "well off centre"))


class Collision(Scenario):
    name = "collision"
    summary = "Two balls without gravity or friction collide, head-on or off centre."
    parameters = (
        Parameter(
            "speed_a_m_s", uniform(1.2, 3), "m/s", "speed of ball a towards b", (1.2, 4), "causal", "velocity"
        ),
        Parameter(
            "speed_b_m_s",
            uniform(0, 2),
            "m/s",
            "speed of ball b towards a; 0: it waits",
            (0, 4),
            "causal",
            "velocity",
        ),
        # of the masses, their ratio is what can be seen
        Parameter(
            "mass_a_kg", log_uniform(0.2, 5), "kg", "mass of ball a", (0.05, 50), "hidden", "collision"
        ),
        Parameter(
            "mass_b_kg", log_uniform(0.2, 5), "kg", "mass of ball b", (0.05, 50), "hidden", "collision"
        ),
        Parameter(
            "elasticity",
            uniform(0.2, 1),
            "1",
            "coefficient of restitution of the pair",
            (0, 1),
            "hidden",
            "collision",
        ),
        Parameter(
            "offset",
            uniform(-0.7, 0.7),
            "1",
            "distance between the centres' paths over the sum of the radii; 0 is head-on",
            (-0.8, 0.8),
            "causal",
            "velocity",  # the paths are not drawn
        ),
        Parameter("radius_a_m", uniform(0.18, 0.3), "m", "radius of ball a", (0.17, 0.34), "nuisance"),
        Parameter("radius_b_m", uniform(0.18, 0.3), "m", "radius of ball b", (0.17, 0.34), "nuisance"),
        Parameter(
            "start_a_m",
            uniform(0.8, 1.15),
            "m",
            "distance of ball a from the middle",
            (0.7, 1.15),
            "nuisance",
        ),
        Parameter(
            "start_b_m",
            uniform(0.8, 1.15),
            "m",
            "distance of ball b from the middle",
            (0.7, 1.15),
            "nuisance",
        ),
        Parameter(
            "heading_deg",
            uniform(-180, 180),
            "deg",
            "direction in which ball a moves, from the right of the picture towards its far side",
            (-180, 180),
            "nuisance",
            "velocity",
        ),
    )
    laws = (
        Law(
            "collision_impulse",
            "J = (1 + e) u m₁ m₂ / (m₁ + m₂), u the closing speed along the line of centres",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 9, with Newton's "
            "coefficient of restitution",
            0.001,
            "measured as ball a's change of momentum; the worst of 456 clips was 1e-9",
        ),
        Law(
            "collision_velocity_a_over_closing_speed",
            "v₁' = v₁ − (J / m₁) n along the line of centres n; residual = |v measured − v predicted| / u, "
            "vectors",
            "as collision_impulse; relative to the closing speed because a ball may be left at rest",
            0.001,
            "the engine's steps end where bodies touch, so the line of centres is right",
        ),
        Law(
            "collision_velocity_b_over_closing_speed",
            "v₂' = v₂ + (J / m₂) n; residual as for ball a",
            "as collision_impulse",
            0.001,
            "as for ball a",
        ),
        Law(
            "collision_momentum_change_over_impulse",
            "p after = p before; residual = |change of the total momentum| / J",
            "Halliday, Resnick, Walker, ch. 9 (momentum conservation)",
            0.001,
            "the solver applies equal and opposite impulses",
        ),
    )
    events = ("first_contact", "collision", "starts_moving", "comes_to_rest", "leaves_frame")
    decisive = ("collision",)

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        radius_a, radius_b = params["radius_a_m"], params["radius_b_m"]
        speed_a, speed_b = params["speed_a_m_s"], params["speed_b_m_s"]
        aside = params["offset"] * (radius_a + radius_b)
        heading = math.radians(params["heading_deg"])
        forward = np.array([math.cos(heading), math.sin(heading), 0.0])
        left = np.array([-math.sin(heading), math.cos(heading), 0.0])
        height = np.array([0.0, 0.0, max(radius_a, radius_b) + HOVER_M])
        pair = math.sqrt(params["elasticity"])
        balls = tuple(
            Body(
                name=name,
                shape=Shape("sphere", (radius,)),
                position_m=_vector(place * forward + shift * left + height),
                orientation_xyzw=random_orientation(draws, f"{name}.orientation"),
                velocity_m_s=_vector(speed * forward),
                mass_kg=mass,
                friction=0.0,
                elasticity=pair,
            )
            for name, radius, place, shift, speed, mass in (
                ("ball_a", radius_a, -params["start_a_m"], aside / 2, speed_a, params["mass_a_kg"]),
                ("ball_b", radius_b, params["start_b_m"], -aside / 2, -speed_b, params["mass_b_kg"]),
            )
        )
        return SceneSpec(
            bodies=(*balls, ground()),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 0.1), 4.0, elevation_deg=50.0),),
            gravity_m_s2=(0.0, 0.0, 0.0),
            profile="restitution",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        a, b = scene.body_index("ball_a"), scene.body_index("ball_b")
        ball_a, ball_b = scene.bodies[a], scene.bodies[b]
        contacts = trace.contacts
        rows = np.flatnonzero((contacts.a == min(a, b)) & (contacts.b == max(a, b)))
        if not len(rows):
            raise Rejected("law-not-in-video", "the balls have not met; lengthen the video")
        frame = int(contacts.frame[rows[0]])
        velocity_a, velocity_b = np.array(ball_a.velocity_m_s), np.array(ball_b.velocity_m_s)
        line = _line_of_centres(ball_a, ball_b)
        closing = float((velocity_a - velocity_b) @ line)
        after_a, after_b = laws.oblique_collision(
            ball_a.mass_kg, velocity_a, ball_b.mass_kg, velocity_b, line, params["elasticity"]
        )
        impulse = float(np.linalg.norm(ball_a.mass_kg * (after_a - velocity_a)))
        seen_a, seen_b = trace.velocity_m_s[frame, a], trace.velocity_m_s[frame, b]
        push_a, push_b = ball_a.mass_kg * (seen_a - velocity_a), ball_b.mass_kg * (seen_b - velocity_b)
        measured = float(np.linalg.norm(push_a))
        momentum = ball_a.mass_kg * velocity_a + ball_b.mass_kg * velocity_b
        total = float(np.linalg.norm(momentum))
        return (
            LawCheck("collision_impulse", impulse, measured, abs(measured - impulse) / impulse),
            _vector_check("collision_velocity_a_over_closing_speed", after_a, seen_a, closing),
            _vector_check("collision_velocity_b_over_closing_speed", after_b, seen_b, closing),
            LawCheck(
                "collision_momentum_change_over_impulse",
                total,
                float(np.linalg.norm(momentum + push_a + push_b)),
                float(np.linalg.norm(push_a + push_b)) / impulse,
            ),
        )

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        ball_a, ball_b = scene.body("ball_a"), scene.body("ball_b")
        first, second = words.pair(ball_a, ball_b, draws)
        one, other = words.introduce(first), words.introduce(second)
        waits = params["speed_b_m_s"] == 0
        how = words.grade(abs(params["offset"]), OFFSETS)
        meet = draws.choice("meet", ("collide", "run into each other", "bump into each other"))
        hits = "hits" if waits else draws.choice("hits", ("collides with", "runs into"))
        plain = f"{one} hits {other} that is at rest" if waits else f"{one} and {other} {meet}"
        qualitative = f"{one} {hits} {other} {how}" + (", which is at rest" if waits else "")
        speeds = [words.quantity(params[f"speed_{ball}_m_s"], "m/s") for ball in "ab"]
        masses = [words.quantity(params[f"mass_{ball}_kg"], "kg") for ball in "ab"]
        elasticity = words.quantity(params["elasticity"], "1")
        long = "at rest" if waits else f"moving at {speeds[1]}"
        short = "at rest" if waits else speeds[1]
        numeric = draws.choice(
            "numeric",
            (
                f"{one} of {masses[0]} moving at {speeds[0]} meets {other} of {masses[1]} {long}; the coefficient "
                f"of restitution is {elasticity}",
                f"{one} ({masses[0]}, {speeds[0]}) collides with {other} ({masses[1]}, {short}) with a "
                f"coefficient of restitution of {elasticity}",
            ),
        )
        return words.tiers(plain, qualitative, numeric, _outcome(first, second, scene, trace, events))


def _vector(values: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return (x, y, z)


def _line_of_centres(ball_a: Body, ball_b: Body) -> NDArray[np.float64]:
    """Unit vector from a to b when they touch, from where they start and how they move."""
    apart = np.array(ball_b.position_m) - np.array(ball_a.position_m)
    drift = np.array(ball_b.velocity_m_s) - np.array(ball_a.velocity_m_s)
    reach = ball_a.shape.size_m[0] + ball_b.shape.size_m[0]
    square, half, rest = float(drift @ drift), float(apart @ drift), float(apart @ apart) - reach**2
    time = (-half - math.sqrt(half**2 - square * rest)) / square
    line: NDArray[np.float64] = (apart + drift * time) / reach
    return line


def _vector_check(
    name: str, predicted: NDArray[np.float64], measured: NDArray[np.float64], scale: float
) -> LawCheck:
    return LawCheck(
        name,
        float(np.linalg.norm(predicted)),
        float(np.linalg.norm(measured)),
        float(np.linalg.norm(measured - predicted)) / scale,
    )


def _outcome(first: str, second: str, scene: SceneSpec, trace: Trace, events: tuple[Event, ...]) -> str:
    meeting = next((event for event in events if event.kind == "collision"), None)
    if meeting is None:
        return f"{words.the(first)} and {words.the(second)} do not meet before the video ends"
    after = f"after {words.quantity(meeting.time_s, 's')}"
    a = scene.body_index("ball_a")
    velocity_before, velocity_after = trace.velocity_m_s[0, a], trace.velocity_m_s[meeting.frame, a]
    along = float(velocity_after @ velocity_before) / float(velocity_before @ velocity_before)
    if float(np.linalg.norm(velocity_after)) < 0.02 * float(np.linalg.norm(velocity_before)):
        fate = "stops"
    elif along < -0.05:
        fate = "is thrown back"
    else:
        fate = "is deflected" if along < 0.05 else "carries on"
    # as the label is stored, so that the printed number is the label's to the last digit
    speed = words.quantity(float(np.linalg.norm(velocity_after.astype(np.float32))), "m/s")
    moving = "" if fate == "stops" else f" at {speed}"
    return f"they collide {after} and {words.the(first)} {fate}{moving}"
