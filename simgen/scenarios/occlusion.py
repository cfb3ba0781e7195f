"""A body rolls or slides past one or two screens: it goes on existing behind them, at the speed it had.

It starts in full view, and where it starts and where the screens stand say nothing about its speed. When it
goes out of sight and when it comes back follow from uniform motion and from where the camera stands.
"""

from __future__ import annotations

import math

import numpy as np

from simgen.labels import hiding, words
from simgen.labels.events import Event
from simgen.physics import laws_sight
from simgen.physics.trace import Trace
from simgen.recipe.distributions import choice, integer, log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.stage import (
    MATERIAL,
    area_camera,
    direction_parameter,
    gravity_parameter,
    ground,
    material,
    random_orientation,
    solid,
)
from simgen.scene.camera import world_to_camera
from simgen.scene.rotation import about_axis, matrix, multiply
from simgen.scene.sight import hidden_region, reach_m
from simgen.scene.spec import Body, Quaternion, SceneSpec, Shape, Video

ROOM_M = 2.8  # of the picture's width, in which the screens stand
BETWEEN_M = 0.5  # two screens
SCREEN_THICKNESS_M = 0.06

SPEEDS = ((1.8, "slowly"), (2.6, "steadily"), (math.inf, "fast"))
SCREENS = ("screen", "board")


class Occlusion(Scenario):
    name = "occlusion"
    summary = "A body rolls or slides behind a screen and comes out where and when it must."
    parameters = (
        Parameter(
            "speed_m_s", uniform(1.5, 3), "m/s", "speed of the body", (1.2, 5), "causal", revealed="velocity"
        ),
        Parameter(
            "shape",
            choice("sphere", "cylinder", "hoop", "box"),
            "",
            "what passes; round ones roll, a box slides",
            ("sphere", "cylinder", "hoop", "box"),
            "nuisance",
        ),
        Parameter(
            "radius_m",
            uniform(0.21, 0.26),
            "m",
            "radius of the round ones, half the edge of the box",
            (0.21, 0.26),
            "causal",
        ),
        Parameter(
            "count", integer(1, 2), "1", "screens that it passes, rounded to one or two", (1, 2), "causal"
        ),
        Parameter("screen_width_m", uniform(0.75, 1.15), "m", "width of a screen", (0.75, 1.15), "causal"),
        Parameter("screen_height_m", uniform(1.1, 1.4), "m", "height of the screens", (1.1, 1.5), "nuisance"),
        Parameter(
            "screen_place",
            uniform(-0.6, 0.6),
            "1",
            "where the screens stand: -1 and 1 are as far left and right as there is room for them",
            (-1, 1),
            "nuisance",
        ),
        Parameter(
            "behind_m",
            uniform(0.6, 0.9),
            "m",
            "how far behind the screens the body passes, in the middle of the picture",
            (0.55, 0.95),
            "nuisance",
        ),
        Parameter(
            "heading_deg",
            uniform(-4, 4),
            "deg",
            "by how much its path turns away from the camera (positive) or towards it (negative)",
            (-5, 5),
            "nuisance",
        ),
        Parameter(
            "start_m",
            uniform(2.1, 2.2),
            "m",
            "how far from the middle of the picture it starts",
            (2.1, 2.2),
            "nuisance",
        ),
        direction_parameter("the side of the picture to which it moves"),
        Parameter(
            "mass_kg",
            log_uniform(0.1, 10),
            "kg",
            "mass of the body",
            (0.05, 1200),
            "hidden",
            revealed="never",
        ),
        gravity_parameter(
            revealed="never", meaning="strength of gravity; on level ground it changes nothing"
        ),
        MATERIAL,
    )
    laws = (
        Law(
            "occlusion_emergence_time",
            "t = d / v: v the speed across the plane through the camera and the screen's edge, d the way to it "
            "of the body's foremost point",
            "Newton's first law; similar triangles (`simgen.physics.laws_sight`)",
            0.001,
            "for each screen from which it comes out in the video; body and plane are known to rounding",
        ),
        Law(
            "occlusion_time_hidden",
            "Δt = (width of the screen's shadow along the path − reach of the body) / v",
            "as occlusion_emergence_time",
            0.001,
            "as above; a difference of two times",
        ),
        Law(
            "occlusion_distance",
            "s = v t over the whole video",
            "Newton's first law; rolling without slipping and sliding without friction lose nothing",
            0.001,
            "the engine keeps a rolling ball's speed to rounding; hoops are the worst",
        ),
    )
    events = ("hidden", "reappears", "leaves_frame")
    decisive = ("reappears",)

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        side, heading = _side(params), math.radians(params["heading_deg"])
        radius, speed = params["radius_m"], params["speed_m_s"]
        forward = np.array([side * math.cos(heading), math.sin(heading), 0.0])
        start = -side * params["start_m"]
        depth = params["behind_m"] + side * start * math.tan(heading)
        rolls = params["shape"] != "box"
        spin = np.cross([0.0, 0.0, 1.0], forward) * speed / radius if rolls else np.zeros(3)
        x, y, z = forward * speed
        wx, wy, wz = spin
        subject = Body(
            name="subject",
            shape=solid(params["shape"], radius),
            position_m=(start, depth, radius),
            orientation_xyzw=_orientation(params, draws, math.atan2(forward[1], forward[0])),
            velocity_m_s=(float(x), float(y), float(z)),
            angular_velocity_rad_s=(float(wx), float(wy), float(wz)),
            mass_kg=params["mass_kg"],
            friction=1.0 if rolls else 0.0,
            elasticity=0.0,
            material=material(params),
        )
        return SceneSpec(
            bodies=(subject, *_screens(params), ground()),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 0.5), 4.8, elevation_deg=16.0),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="universal",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        subject = scene.body_index("subject")
        body, camera = scene.bodies[subject], scene.cameras[0]
        velocity = np.array(body.velocity_m_s)
        lapse = float(trace.time_s[-1] - trace.time_s[0])
        way = float(np.linalg.norm(trace.position_m[-1, subject] - trace.position_m[0, subject]))
        checks = []
        for screen in screens(scene):
            if camera.motion != "static":
                break  # then its sight sweeps over the body at no steady rate
            pose = world_to_camera(camera, scene, trace)[0]
            region = hidden_region(scene.bodies[screen], pose, camera.projection)
            seen = hiding.stretches(scene, trace, subject, screen)
            if region is None or len(seen) != 1 or seen[0].end_s is None or seen[0].side < 0:
                continue
            # as it moves it turns about its own axis of symmetry, or not at all: its reach does not change
            reach = reach_m(body.shape, region.normals @ matrix(body.orientation_xyzw))
            start, end = laws_sight.time_inside(
                body.position_m, velocity, region.normals, region.offsets_m, reach
            )
            checks.append(_relative("occlusion_emergence_time", end, seen[0].end_s))
            checks.append(_relative("occlusion_time_hidden", end - start, seen[0].end_s - seen[0].start_s))
        return (*checks, _relative("occlusion_distance", params["speed_m_s"] * lapse, way))

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        body = words.called(scene.body("subject"), draws)
        a_body = words.article(body)
        board = draws.choice("screen", SCREENS)
        count = len(screens(scene))
        behind = words.article(board) if count == 1 else words.count(count, board)
        verb = "slides" if params["shape"] == "box" else "rolls"
        to = f"to the {params['direction']}"
        how = words.grade(params["speed_m_s"], SPEEDS)
        plain = draws.choice(
            "plain",
            (f"{a_body} {verb} behind {behind}", f"{a_body} disappears behind {behind} as it {verb} {to}"),
        )
        qualitative = draws.choice(
            "qualitative",
            (
                f"{a_body} {verb} {how} {to} and behind {behind}",
                f"{a_body} {verb} {how} {to}, behind {behind}",
            ),
        )
        speed = words.quantity(params["speed_m_s"], "m/s")
        width = words.quantity(params["screen_width_m"], "m")
        screen = (
            f"{words.article(board)} that is {width} wide"
            if count == 1
            else f"{words.count(count, board)}, each {width} wide"
        )
        numeric = draws.choice(
            "numeric",
            (
                f"at {speed}, {a_body} {verb} {to} behind {screen}",
                f"{a_body} {verb} {to} at {speed} behind {screen}",
            ),
        )
        return words.tiers(
            plain, qualitative, numeric, _outcome(words.the(body), board, scene, events, draws)
        )


def screens(scene: SceneSpec) -> list[int]:
    """Indices of the screens, in the order in which the body comes to them."""
    return [index for index, body in enumerate(scene.bodies) if body.role == "screen"]


def _side(params: Params) -> float:
    return 1.0 if params["direction"] == "right" else -1.0


def _relative(name: str, predicted: float, measured: float) -> LawCheck:
    return LawCheck(name, predicted, measured, abs(measured - predicted) / abs(predicted))


def _orientation(params: Params, draws: Draws, azimuth: float) -> Quaternion:
    """A ball any way round, the other round ones with the axis across their path, a box with a side across it."""
    if params["shape"] == "sphere":
        return random_orientation(draws, "subject.orientation")
    along = about_axis((0.0, 0.0, 1.0), azimuth)
    if params["shape"] == "box":
        return along
    turn = about_axis((0.0, 1.0, 0.0), math.tau * draws("subject.orientation.a"))
    return multiply(along, multiply(turn, about_axis((1.0, 0.0, 0.0), math.pi / 2)))


def _screens(params: Params) -> list[Body]:
    """One or two boards side by side in front of the path, from the side from which the body comes."""
    count, width, side = round(params["count"]), params["screen_width_m"], _side(params)
    span = count * width + (count - 1) * BETWEEN_M
    middle = params["screen_place"] * (ROOM_M - span) / 2
    first, step = middle + side * (width - span) / 2, side * (width + BETWEEN_M)
    return [
        screen_at(f"screen_{place + 1}", first + place * step, width, params["screen_height_m"])
        for place in range(count)
    ]


def screen_at(name: str, x_m: float, width_m: float, height_m: float) -> Body:
    """A board that stands upright on the ground, square to the line of sight."""
    return Body(
        name=name,
        shape=Shape("box", (width_m, SCREEN_THICKNESS_M, height_m)),
        position_m=(x_m, 0.0, height_m / 2),
        mass_kg=0.0,
        fixed=True,
        role="screen",
    )


def _outcome(the_body: str, board: str, scene: SceneSpec, events: tuple[Event, ...], draws: Draws) -> str:
    """What was seen of it, from the events alone."""
    count = len(screens(scene))
    ordinal = dict(zip(screens(scene), ("first ", "second ") if count == 2 else ("",), strict=True))
    vanishes = draws.choice("vanishes", ("disappears", "goes out of sight"))
    returns = draws.choice("returns", ("reappears", "comes out again"))
    clauses = []
    hidden = False
    for event in words.until_gone(events, scene.body_index("subject")):
        which = next((word for screen, word in ordinal.items() if screen in event.bodies), "")
        if event.kind == "hidden":
            hidden = True
            clauses.append(f"{vanishes} behind the {which}{board} after {words.quantity(event.time_s, 's')}")
        elif event.kind == "reappears":
            hidden = False
            clauses.append(f"{returns} {words.quantity(event.value, 's')} later")
        elif event.kind == "leaves_frame" and not hidden:
            clauses += words.last_clauses([event])
    if hidden:
        clauses.append("is still hidden when the video ends")
    elif not clauses:
        clauses.append("is still in sight when the video ends")
    return f"{the_body} {words.join(clauses)}"
