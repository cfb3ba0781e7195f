"""A ball goes behind a screen and meets there what nobody sees: another ball, a ball at rest or a wall.

What comes out, on which side, when and how fast follows from the laws of impact. The balls hover 2 mm above
the floor without gravity or friction, and the screen hides the meeting wherever it may be: nothing that can
be seen before it says what will come out but speeds and radii.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.errors import Rejected
from simgen.labels import hiding, words
from simgen.labels.events import Event
from simgen.physics import laws, laws_sight
from simgen.physics.trace import Trace
from simgen.recipe.distributions import choice, log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.occlusion import screen_at, screens
from simgen.scenarios.stage import (
    MATERIAL,
    area_camera,
    direction_parameter,
    ground,
    material,
    random_orientation,
)
from simgen.scene.camera import world_to_camera
from simgen.scene.sight import hidden_region, reach_m
from simgen.scene.spec import Body, SceneSpec, Shape, Video

HOVER_M = 0.002
WALL_M = (0.12, 0.7, 0.6)  # thick, wide, high

SPEEDS = ((2.2, "slowly"), (3.0, "at a moderate speed"), (math.inf, "fast"))


class CollideAndHide(Scenario):
    name = "collide_and_hide"
    summary = "A ball collides behind a screen; what comes out follows from the laws of impact."
    parameters = (
        Parameter(
            "meets",
            choice("ball", "resting_ball", "wall"),
            "",
            "what ball a meets: ball b that comes from the other side, one that waits there unseen, a wall",
            ("ball", "resting_ball", "wall"),
            "causal",
            revealed="reappears",
        ),
        Parameter(
            "speed_m_s", uniform(2, 3.4), "m/s", "speed of ball a", (1.7, 4), "causal", revealed="velocity"
        ),
        Parameter(
            "speed_ratio",
            uniform(0.75, 1.3),
            "1",
            "speed of a ball b that comes from the other side, over that of ball a",
            (0.7, 1.4),
            "causal",
            revealed="velocity",
        ),
        Parameter(
            "mass_a_kg",
            log_uniform(0.2, 5),
            "kg",
            "mass of ball a",
            (0.05, 600),
            "hidden",
            revealed="reappears",
        ),
        Parameter(
            "mass_b_kg",
            log_uniform(0.2, 5),
            "kg",
            "mass of ball b",
            (0.05, 600),
            "hidden",
            revealed="reappears",
        ),
        Parameter(
            "elasticity",
            uniform(0.4, 1),
            "1",
            "coefficient of restitution of the two",
            (0, 1),
            "hidden",
            revealed="reappears",
            told="the coefficient of restitution of what meets is {}",
        ),
        Parameter("radius_a_m", uniform(0.21, 0.25), "m", "radius of ball a", (0.21, 0.25), "causal"),
        Parameter("radius_b_m", uniform(0.21, 0.25), "m", "radius of ball b", (0.21, 0.25), "causal"),
        Parameter(
            "start_a_m",
            uniform(2.1, 2.2),
            "m",
            "distance of ball a from the middle of the picture",
            (2.1, 2.2),
            "nuisance",
        ),
        Parameter(
            "start_b_m",
            uniform(2.1, 2.2),
            "m",
            "distance of a ball b that comes from the other side from the middle of the picture",
            (2.1, 2.2),
            "nuisance",
        ),
        Parameter(
            "place_m",
            uniform(-0.25, 0.25),
            "m",
            "where the wall or the resting ball is, right of the middle of the screen",
            (-0.25, 0.25),
            "causal",
            revealed="reappears",
        ),
        Parameter("screen_width_m", uniform(2, 2.2), "m", "width of the screen", (1.95, 2.3), "nuisance"),
        Parameter("screen_height_m", uniform(1.1, 1.4), "m", "height of the screen", (1.1, 1.5), "nuisance"),
        Parameter(
            "behind_m",
            uniform(0.6, 0.9),
            "m",
            "how far behind the screen the balls pass",
            (0.55, 0.95),
            "nuisance",
        ),
        direction_parameter("the side of the picture to which ball a moves"),
        MATERIAL,
    )
    laws = (
        Law(
            "collide_and_hide_velocity_a_over_closing_speed",
            "v₁' = v₁ − (1 + e) u m₂ / (m₁ + m₂), v₁' = −e v₁ at a wall; residual = |v measured − v predicted| / u, "
            "vectors, u the closing speed",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 9, with Newton's coefficient of "
            "restitution",
            0.001,
            "relative to the closing speed because a ball may be left at rest; steps end where bodies touch",
        ),
        Law(
            "collide_and_hide_velocity_b_over_closing_speed",
            "v₂' = v₂ + (1 + e) u m₁ / (m₁ + m₂); residual as for ball a",
            "as for ball a",
            0.001,
            "as for ball a",
        ),
        Law(
            "collide_and_hide_emergence_time_a",
            "t = t' + d / |v₁'|: t' when the two touch, d the way from there to the plane through the camera and "
            "the screen's edge of the ball's foremost point",
            "uniform motion before and after the impact; similar triangles (`simgen.physics.laws_sight`)",
            0.001,
            "measured if ball a comes out in the video; slow balls are the worst, the error of a speed of 1 cm/s "
            "being 1e-8 of the closing speed",
        ),
        Law(
            "collide_and_hide_emergence_time_b",
            "as for ball a, with v₂'",
            "as for ball a",
            0.001,
            "as for ball a",
        ),
    )
    events = (
        "hidden",
        "reappears",
        "first_contact",
        "collision",
        "bounce",
        "starts_moving",
        "comes_to_rest",
        "leaves_frame",
    )
    # When the two meet, and when something comes out, may depend on what nobody can know before it does; that
    # the ball goes out of sight is the last thing to be foreseen.
    decisive = ("hidden",)

    def solids(self, params: Params) -> dict[str, Shape]:
        return {f"mass_{ball}_kg": Shape("sphere", (params[f"radius_{ball}_m"],)) for ball in "ab"}

    def revealed_by(self, params: Params) -> dict[str, str]:
        """A ball b that comes from the other side is seen, and what is not there plays no part."""
        ways = super().revealed_by(params)
        if params["meets"] == "ball":
            ways.update(meets="picture", place_m="never")
        else:
            ways.update(speed_ratio="never", start_b_m="never", radius_b_m="reappears")
        if params["meets"] == "wall":
            ways.update(mass_a_kg="never", mass_b_kg="never", radius_b_m="never")
        return ways

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        side, depth = _side(params), params["behind_m"]
        radius_a, radius_b = params["radius_a_m"], params["radius_b_m"]
        height = max(radius_a, radius_b) + HOVER_M
        speed, meets = params["speed_m_s"], params["meets"]
        pair = math.sqrt(params["elasticity"])
        ball_a = Body(
            name="ball_a",
            shape=Shape("sphere", (radius_a,)),
            position_m=(-side * params["start_a_m"], depth, height),
            orientation_xyzw=random_orientation(draws, "ball_a.orientation"),
            velocity_m_s=(side * speed, 0.0, 0.0),
            mass_kg=params["mass_a_kg"],
            friction=0.0,
            elasticity=pair,
            material=material(params),
        )
        if meets == "wall":
            other = Body(
                name="wall",
                shape=Shape("box", WALL_M),
                position_m=(params["place_m"], depth, WALL_M[2] / 2),
                mass_kg=0.0,
                elasticity=pair,
                fixed=True,
                role="support",
            )
        else:
            comes = meets == "ball"
            other = Body(
                name="ball_b",
                shape=Shape("sphere", (radius_b,)),
                position_m=(side * params["start_b_m"] if comes else params["place_m"], depth, height),
                orientation_xyzw=random_orientation(draws, "ball_b.orientation"),
                velocity_m_s=(-side * speed * params["speed_ratio"] if comes else 0.0, 0.0, 0.0),
                mass_kg=params["mass_b_kg"],
                friction=0.0,
                elasticity=pair,
                role="subject"
                if comes
                else "prop",  # what cannot be seen at first is not what the picture shows
            )
        screen = screen_at("screen", 0.0, params["screen_width_m"], params["screen_height_m"])
        return SceneSpec(
            bodies=(ball_a, other, screen, ground()),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 0.5), 4.8, elevation_deg=16.0),),
            gravity_m_s2=(0.0, 0.0, 0.0),
            profile="restitution",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        contacts = trace.contacts
        rows = np.flatnonzero((contacts.a == 0) & (contacts.b == 1))
        if not len(rows):
            raise Rejected("law-not-in-video", "the two have not met; lengthen the video or raise the speed")
        frame = int(contacts.frame[rows[0]])
        other = scene.bodies[1]
        touch_s, closing, after = _impact(params, scene)
        checks = []
        for index, name in enumerate("a" if other.fixed else "ab"):
            seen = trace.velocity_m_s[frame, index]
            checks.append(
                LawCheck(
                    f"collide_and_hide_velocity_{name}_over_closing_speed",
                    float(np.linalg.norm(after[index])),
                    float(np.linalg.norm(seen)),
                    float(np.linalg.norm(seen - after[index])) / closing,
                )
            )
        for index, name in enumerate("a" if other.fixed else "ab"):
            times = _emergence(scene, trace, index, touch_s, after[index], frame)
            if times is not None:
                predicted, measured = times
                checks.append(
                    LawCheck(
                        f"collide_and_hide_emergence_time_{name}",
                        predicted,
                        measured,
                        abs(measured - predicted) / predicted,
                    )
                )
        return tuple(checks)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        ball_a, other = scene.bodies[:2]
        meets = params["meets"]
        if meets == "ball":
            first, second = words.pair(ball_a, other, draws)
            one, another = words.introduce(first), words.introduce(second)
        else:
            first = words.called(ball_a, draws)
            second = "wall" if meets == "wall" else words.called(other, draws, "hidden")
            one, another = words.article(first), words.article(second)
        glide = draws.choice("glide", ("glide", "move"))
        speed = words.quantity(params["speed_m_s"], "m/s")
        masses = [words.quantity(body.mass_kg, "kg") for body in (ball_a, other)]
        elasticity = words.quantity(params["elasticity"], "1")
        how = words.grade(params["speed_m_s"], SPEEDS)
        if meets == "ball":
            plain = draws.choice(
                "plain",
                (
                    f"{one} and {another} {glide} behind a screen from both sides",
                    f"behind a screen {one} and {another} collide",
                ),
            )
            qualitative = (
                f"{one} and {another} {glide} behind a screen from both sides and collide out of sight"
            )
            back = words.quantity(float(np.linalg.norm(other.velocity_m_s)), "m/s")
            numeric = (
                f"{one} of {masses[0]} at {speed} and {another} of {masses[1]} at {back} collide behind a screen; "
                f"the coefficient of restitution is {elasticity}"
            )
        else:
            plain = draws.choice(
                "plain",
                (
                    f"{one} {glide}s behind a screen",
                    f"{one} disappears behind a screen and hits something there",
                ),
            )
            there = f"hits {another}" + ("" if meets == "wall" else " that is at rest")
            qualitative = f"{one} {glide}s {how} to the {params['direction']} behind a screen and {there}"
            weight = "" if meets == "wall" else f" of {masses[1]}"
            numeric = (
                f"{one} of {masses[0]} {glide}s behind a screen at {speed} and hits {another}{weight} there; "
                f"the coefficient of restitution is {elasticity}"
            )
        return words.tiers(plain, qualitative, numeric, _outcome(first, second, scene, trace, events, draws))


def _side(params: Params) -> float:
    return 1.0 if params["direction"] == "right" else -1.0


def _impact(params: Params, scene: SceneSpec) -> tuple[float, float, list[NDArray[np.float64]]]:
    """When the two touch, their closing speed, and the velocities of the balls after that."""
    ball, other = scene.bodies[:2]
    velocities = [np.array(ball.velocity_m_s), np.array(other.velocity_m_s)]
    way = abs(other.position_m[0] - ball.position_m[0]) - ball.shape.size_m[0]
    way -= WALL_M[0] / 2 if other.fixed else other.shape.size_m[0]
    line = np.array([_side(params), 0.0, 0.0])
    closing = float((velocities[0] - velocities[1]) @ line)
    if other.fixed:
        return way / closing, closing, [-params["elasticity"] * velocities[0]]
    after = laws.oblique_collision(
        ball.mass_kg, velocities[0], other.mass_kg, velocities[1], line, params["elasticity"]
    )
    return way / closing, closing, list(after)


def _emergence(
    scene: SceneSpec, trace: Trace, index: int, touch_s: float, after: NDArray[np.float64], frame: int
) -> tuple[float, float] | None:
    """Predicted and measured time at which a ball comes out; None if it does not, or was not hidden when hit."""
    body, camera, screen = scene.bodies[index], scene.cameras[0], screens(scene)[0]
    if camera.motion != "static":
        return None
    pose = world_to_camera(camera, scene, trace)[0]
    region = hidden_region(scene.bodies[screen], pose, camera.projection)
    if region is None:
        return None
    for stretch in hiding.stretches(scene, trace, index, screen):
        # between the frames before and after the impact nothing tells the path but the impact itself
        if stretch.end_s is None or stretch.end_s <= trace.time_s[frame] or stretch.start_s > touch_s:
            continue
        place = np.array(body.position_m) + np.array(body.velocity_m_s) * touch_s
        reach = reach_m(body.shape, region.normals)
        _, end = laws_sight.time_inside(place, after, region.normals, region.offsets_m, reach)
        return touch_s + end, stretch.end_s
    return None


def _outcome(
    first: str, second: str, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
) -> str:
    """Who came out where, from the events."""
    touch = next((event for event in events if event.kind == "first_contact"), None)
    if touch is None:
        return f"{words.the(first)} meets nothing before the video ends"
    names = (words.the(first), words.the(second))
    meet = draws.choice("meet", ("out of sight", "unseen", "behind the screen"))
    fixed = scene.bodies[1].fixed
    comes = "ball_b" in {body.name for body in scene.bodies} and scene.bodies[1].role == "subject"
    hit = "they collide" if comes else f"{names[0]} hits {words.article(second)}"
    after = f"after {words.quantity(touch.time_s, 's')}"
    if fixed:
        names = ("it", "")
    bounces = sum(event.kind == "bounce" for event in words.until_gone(events, 0))
    bounced = f" and bounces {words.times(bounces)}" if bounces else ""
    clauses = []
    verb = draws.choice("verb", ("comes out", "reappears"))
    for index in (0,) if fixed else (0, 1):
        out = next(
            (
                event
                for event in events
                if event.kind == "reappears" and index in event.bodies and event.time_s > touch.time_s
            ),
            None,
        )
        if out is None:
            seen = any(event.kind == "hidden" and index in event.bodies for event in events)
            clauses.append(
                f"{names[index]} {'stays' if seen or not comes else 'is'} behind it until the video ends"
            )
            continue
        side = "right" if float(trace.velocity_m_s[out.frame, index, 0]) > 0 else "left"
        clauses.append(f"{names[index]} {verb} on the {side} after {words.quantity(out.time_s, 's')}")
    return f"{meet}, {hit} {after}{bounced}; {words.join(clauses)}"
