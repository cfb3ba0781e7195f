"""A crooked tower of boxes is let go: it stands, or falls over where it overhangs too far.

It stands if and only if for every level the centre of mass of all that is above lies over the support there,
which is where the two boxes' faces overlap. The boxes are of one stuff, so the first picture shows it.
One level is made the worst on purpose, on one side of the verge or the other by a margin, so that towers that
nobody could tell apart are not among the clips.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simgen.labels import words
from simgen.labels.events import Event
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
    verdict,
)
from simgen.scene.rotation import about_axis, matrix, rotate
from simgen.scene.spec import Body, Camera, SceneSpec, Shape, Vector, Video

DEPTH = 0.62  # of a box's width
ACROSS = 0.25  # offsets to the front and back, as a part of those to the sides
TIPS_DEG = 0.5  # a box that leans more than this is falling

CROOKED = ((0.2, "almost straight"), (0.35, "crooked"), (math.inf, "very crooked"))


class Tower(Scenario):
    name = "tower"
    summary = "A crooked tower of three to eight boxes stands, or falls where it overhangs too far."
    slow = True
    parameters = (
        Parameter("count", integer(3, 8), "1", "how many boxes", (3, 8), "nuisance"),
        Parameter(
            "balance",
            choice("unstable", "stable"),
            "",
            "whether the worst level has its centre of mass over its support",
            ("unstable", "stable"),
            "causal",
        ),
        Parameter(
            "margin",
            uniform(0.08, 0.35),
            "1",
            "how far the worst level is from the verge, as a part of half the width of the box below",
            (0.06, 0.4),
            "causal",
        ),
        Parameter(
            "worst_level",
            uniform(0, 1),
            "1",
            "which level is the worst: 0 the lowest between two boxes, 1 the highest",
            (0, 1),
            "causal",
        ),
        Parameter(
            "crookedness",
            uniform(0.1, 0.5),
            "1",
            "how far the other levels may be off centre, as a part of half the width",
            (0, 0.5),
            "nuisance",
        ),
        Parameter("width_m", uniform(0.38, 0.5), "m", "width of the widest box", (0.36, 0.52), "nuisance"),
        Parameter(
            "height_m", uniform(0.19, 0.25), "m", "height of the highest box", (0.18, 0.26), "nuisance"
        ),
        Parameter(
            "variety",
            uniform(0, 0.25),
            "1",
            "by how much boxes may be smaller than that",
            (0, 0.25),
            "nuisance",
        ),
        Parameter(
            "mass_kg",
            log_uniform(0.5, 20),
            "kg",
            "mass of the largest box possible",
            (0.1, 150),
            "hidden",
            "never",
            told="the mass of a box of the largest size is {}",
        ),
        Parameter(
            "friction",
            uniform(0.5, 0.9),
            "1",
            "coefficient of friction between boxes",
            (0.4, 1),
            "hidden",
            "topples",
        ),
        Parameter(
            "heading_deg",
            uniform(-30, 30),
            "deg",
            "turn of the tower about the vertical",
            (-35, 35),
            "nuisance",
        ),
        direction_parameter("the side of the picture to which the worst level overhangs", "causal"),
        gravity_parameter(),
        material_parameter("rubber", "wood", "glass", "stone", "cork", "foam"),  # others are too slippery
    )
    laws = (
        Law(
            "tower_decision",
            "it falls (1) if at any level the centre of mass of all above is not over the overlap of the two "
            "faces there, else it stands (0); residual = |measured − predicted|",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 12 (equilibrium); Hall, Am. J. "
            "Phys. 73 (2005)",
            0.001,
            "measured as a tilt of any box above 0.5°: right or wrong",
        ),
        Law(
            "tower_level",
            "if exactly one level is unstable it is the one that gives way: the boxes above it tilt first; levels "
            "are counted from the ground, which is 1",
            "as tower_decision",
            0.001,
            "measured as the lowest box that tilts half as much as any when one has tilted by 0.5°: right or wrong",
        ),
    )
    events = (
        "first_contact",
        "topples",
        "collision",
        "bounce",
        "apex",
        "starts_moving",
        "comes_to_rest",
        "leaves_frame",
        "enters_frame",
    )
    decisive = ("topples", "first_contact")

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        heading = about_axis((0.0, 0.0, 1.0), math.radians(params["heading_deg"]))
        whole = params["width_m"] ** 2 * DEPTH * params["height_m"]
        bodies = tuple(
            Body(
                name=f"box_{number}",
                shape=Shape("box", box.size_m),
                position_m=rotate(heading, box.centre_m),
                orientation_xyzw=heading,
                mass_kg=params["mass_kg"] * math.prod(box.size_m) / whole,
                friction=math.sqrt(params["friction"]),
                elasticity=0.0,
                material=material(params),
            )
            for number, box in enumerate(_boxes(params, draws), start=1)
        )
        return SceneSpec(
            bodies=(*bodies, ground()),
            video=video,
            cameras=(_camera(params, video),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="resting",
        )

    def solids(self, params: Params) -> dict[str, Shape]:
        width = params["width_m"]
        return {"mass_kg": Shape("box", (width, DEPTH * width, params["height_m"]))}

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        unstable = unstable_levels(scene)
        upright = matrix(trace.orientation_xyzw[:, : _count(scene)])[..., 2, 2]  # (T, boxes)
        tilt = np.degrees(np.arccos(np.clip(upright, -1.0, 1.0)))
        falling = np.flatnonzero(tilt.max(axis=1) > TIPS_DEG)
        checks = [verdict("tower_decision", bool(unstable), bool(len(falling)))]
        if len(unstable) == 1 and len(falling):
            first = tilt[falling[0]]
            gives_way = int(np.flatnonzero(first > first.max() / 2)[0]) + 1
            checks.append(relative("tower_level", float(unstable[0]), float(gives_way)))
        return tuple(checks)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        count, side = _count(scene), params["direction"]
        box = made_of(params) + draws.choice("noun", ("box", "block"))
        boxes = words.count(count, box)
        tower = draws.choice("tower", ("tower", "stack", "pile"))
        lets = draws.choice("lets", ("let go", "released"))
        crooked = words.grade(params["crookedness"], CROOKED)
        plain = draws.choice(
            "plain", (f"{words.article(tower)} of {boxes} is {lets}", f"{boxes} are stacked and {lets}")
        )
        qualitative = draws.choice(
            "qualitative",
            (
                f"{words.article(crooked)} {tower} of {boxes} that overhangs to the {side} is {lets}",
                f"{boxes}, stacked into {words.article(crooked)} {tower} with an overhang to the {side}, are {lets}",
            ),
        )
        width, height = words.quantity(params["width_m"], "m"), words.quantity(params["height_m"], "m")
        friction = words.quantity(params["friction"], "1")
        numeric = draws.choice(
            "numeric",
            (
                f"{words.article(tower)} of {boxes}, up to {width} wide and {height} high; the coefficient of "
                f"friction is {friction}{elsewhere(params)}",
                f"{boxes} of up to {width} by {height} are stacked, with a friction coefficient of {friction}"
                f"{elsewhere(params)}",
            ),
        )
        return words.tiers(plain, qualitative, numeric, _outcome(tower, scene, trace, events, draws))


def _camera(params: Params, video: Video) -> Camera:
    """From afar and from the height of the tower's middle: then boxes hide little of each other."""
    extent = 1.1 + 0.23 * round(params["count"])
    return area_camera(video, (0.0, 0.0, 0.4 * extent), extent, elevation_deg=1.0, vertical_fov_deg=13.0)


@dataclass(frozen=True, slots=True)
class _Box:
    size_m: Vector
    centre_m: Vector  # before the tower is turned to its heading


def _boxes(params: Params, draws: Draws) -> list[_Box]:
    """The boxes from the lowest to the highest.

    Built from the top: the centre of mass of what is above a level is known when the box below it is put
    under, off centre by the part of its half width that the level is to have.
    """
    count, sizes = round(params["count"]), []
    for number in range(1, count + 1):
        wide, high = (1 - params["variety"] * draws(f"box_{number}.{what}") for what in ("width", "height"))
        width = params["width_m"] * wide
        sizes.append((width, DEPTH * width, params["height_m"] * high))
    worst = min(int(params["worst_level"] * (count - 1)), count - 2)  # the box under the worst level
    sign = 1.0 if params["balance"] == "unstable" else -1.0
    places = [(0.0, 0.0)]  # of the boxes from the top
    mass, centre = math.prod(sizes[-1]), np.zeros(2)
    for below in reversed(range(count - 1)):
        reach = params["crookedness"] * (2 * draws(f"level_{below}.x") - 1)
        aside = ACROSS * params["crookedness"] * (2 * draws(f"level_{below}.y") - 1)
        if below == worst:
            reach = side_of(params) * (1 + sign * params["margin"])
        half = np.array([sizes[below][0] / 2, sizes[below][1] / 2])
        place = centre - half * (reach, aside)
        places.append((float(place[0]), float(place[1])))
        own = math.prod(sizes[below])
        centre = (mass * centre + own * place) / (mass + own)
        mass += own
    boxes, bottom = [], 0.0
    for size, place in zip(sizes, reversed(places), strict=True):
        x, y = place[0] - float(centre[0]), place[1] - float(centre[1])
        boxes.append(_Box(size, (x, y, bottom + size[2] / 2)))
        bottom += size[2]
    return boxes


def unstable_levels(scene: SceneSpec) -> list[int]:
    """The levels at which the centre of mass of all above is not over the support; 1 is on the ground.

    From the bodies as they stand, whatever they were made from; all boxes have one heading.
    """
    boxes = scene.bodies[: _count(scene)]
    back = matrix(boxes[0].orientation_xyzw).T
    places = np.array([back @ np.array(box.position_m) for box in boxes])[:, :2]
    halves = np.array([box.shape.size_m[:2] for box in boxes]) / 2
    masses = np.array([box.mass_kg for box in boxes])
    unstable = []
    for level in range(len(boxes)):
        low, high = places[level] - halves[level], places[level] + halves[level]
        if level > 0:
            low = np.maximum(low, places[level - 1] - halves[level - 1])
            high = np.minimum(high, places[level - 1] + halves[level - 1])
        centre = masses[level:] @ places[level:] / masses[level:].sum()
        if (centre < low).any() or (centre > high).any():
            unstable.append(level + 1)
    return unstable


def _count(scene: SceneSpec) -> int:
    return sum(not body.fixed for body in scene.bodies)


def _outcome(tower: str, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws) -> str:
    """Whether it fell, how much of it, and when the first box reached the ground."""
    count = _count(scene)
    tilt = np.degrees(np.arccos(np.clip(matrix(trace.orientation_xyzw[:, :count])[..., 2, 2], -1.0, 1.0)))
    if tilt.max() <= TIPS_DEG:
        return draws.choice("stands", (f"the {tower} stands", f"the {tower} stays up", f"the {tower} holds"))
    falls = draws.choice("falls", ("falls over", "collapses", "comes down"))
    floor = scene.body_index("ground")
    down = [event for event in events if event.kind == "first_contact" and floor in event.bodies]
    if not down:
        return f"the {tower} begins to fall and is still on its way down when the video ends"
    after = words.quantity(down[0].time_s, "s")
    return f"the {tower} {falls}: the first of its boxes hits the ground after {after}"
