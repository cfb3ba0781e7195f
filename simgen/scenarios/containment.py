"""Bodies fall into a box or a bowl, beside it, or on its rim: what is inside at the end?

A body let go at rest above the opening whose way down is clear falls straight and bounces straight, lower
each time; energy keeps it in. One that comes down beside the container stays beside it. Only what hits the
rim is left to chance.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.errors import Rejected
from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics import laws
from simgen.physics.inertia import shape_volume
from simgen.physics.trace import Trace
from simgen.recipe.distributions import choice, integer, log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.stage import (
    GRAVITY,
    MATERIAL,
    area_camera,
    gravity_parameter,
    ground,
    material,
    random_orientation,
    solid,
)
from simgen.scene.meshes import mesh
from simgen.scene.rotation import about_axis
from simgen.scene.spec import Body, SceneSpec, Shape, Video

# The box: inner lengths, thickness of its walls and floor, height of its rim.
INNER_M, WALL_M, FLOOR_M, BOX_RIM_M = (1.3, 1.1), 0.05, 0.04, 0.55
BOWL_M = 1.3  # outer diameter
BOWL_RADIUS_M = BOWL_M / 2
BOWL_INNER_M = BOWL_RADIUS_M * (1 - 0.125)
BOWL_RIM_M = BOWL_RADIUS_M * (1 + 0.0625)
# The engine's bowl is made of flat pieces, so the rebound may be off by some degrees: capture is foretold
# where this part of the energy needed to get out would not be reached.
CERTAIN = 0.8

INSIDE_X_M, BESIDE_X_M = 0.3, 1.22  # from the container's middle
JITTER_M = 0.04
YAW_DEG = 20.0  # of cubes, either way: more and two would not fit


class Containment(Scenario):
    name = "containment"
    summary = "Bodies fall into a box or a bowl, or beside it; what has a clear way in stays in."
    parameters = (
        Parameter("container", choice("box", "bowl"), "", "what stands there", ("box", "bowl"), "causal"),
        Parameter(
            "inside_count",
            integer(0, 2),
            "1",
            "bodies above the opening; a bowl has room for one",
            (0, 2),
            "causal",
        ),
        Parameter(
            "beside_count",
            integer(0, 2),
            "1",
            "bodies beside the container; if there are none of both, one hits the rim",
            (0, 2),
            "causal",
        ),
        Parameter(
            "shape",
            choice("sphere", "box"),
            "",
            "what falls; into a bowl and on a rim it is always a ball",
            ("sphere", "box"),
            "causal",
        ),
        Parameter(
            "height_m",
            uniform(0.25, 0.55),
            "m",
            "gap between the lowest body and the level of the rim",
            (0.25, 0.6),
            "causal",
        ),
        Parameter(
            "elasticity",
            uniform(0, 0.55),
            "1",
            "coefficient of restitution",
            (0, 0.85),
            "hidden",
            revealed="first_contact",
        ),
        Parameter(
            "radius_m",
            uniform(0.17, 0.2),
            "m",
            "radius of the largest ball, half the edge of the largest cube",
            (0.17, 0.2),
            "causal",
        ),
        Parameter(
            "friction",
            uniform(0.2, 0.8),
            "1",
            "coefficient of friction; only in a bowl and on a rim does it count",
            (0, 1),
            "hidden",
            revealed="first_contact",
            told="the coefficient of friction is {}",
        ),
        Parameter(
            "mass_kg",
            log_uniform(0.1, 10),
            "kg",
            "mass of a ball (or cube) of that radius; all bodies have the same density",
            (0.05, 600),
            "hidden",
            revealed="never",
            told="the mass of a body of the largest size is {}",
        ),
        Parameter(
            "place_m",
            uniform(-0.2, 0.2),
            "m",
            "where the container stands, right of the middle of the picture",
            (-0.2, 0.2),
            "nuisance",
        ),
        gravity_parameter(1.62, 25),
        MATERIAL,
    )
    laws = (
        Law(
            "containment_fall_distance",
            "s = g t² / 2 until a body touches something",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 2 (free fall)",
            0.001,
            "free flight is exact to rounding",
        ),
        Law(
            "containment_inside_over_count",
            "the number of bodies inside at the end is the number whose way down is clear of the walls and whose "
            "rebound stays below the rim: e² h for a box, (e² cos² θ + sin² θ) h for a bowl hit at the slope θ; "
            "residual = |measured − predicted| / number of bodies",
            "energy: with less than m g times the height of the rim nothing gets over it, and none is ever "
            "gained; what falls straight on level ground stays where it is",
            0.001,
            "a whole number; told of clips in which each body is certain to stay in or out",
        ),
    )
    events = (
        "first_contact",
        "bounce",
        "apex",
        "comes_to_rest",
        "starts_rolling",
        "leaves_frame",
    )
    decisive = ("first_contact",)

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        rim = rim_m(params)
        density = params["mass_kg"] / shape_volume(solid(params["shape"], params["radius_m"]))
        bodies = []
        for number, (offset, kind) in enumerate(_offsets(params, draws), start=1):
            name = f"body_{number}"
            radius = params["radius_m"] * draws.between(f"{name}.size", 0.92, 1.0)
            lift = 0.0 if number == 1 else draws.between(f"{name}.lift", 0.0, 0.2)
            aside = draws.between(f"{name}.y", -0.05, 0.05)
            turn = (
                random_orientation(draws, f"{name}.orientation")
                if kind == "sphere"
                else about_axis(
                    (0.0, 0.0, 1.0), math.radians(draws.between(f"{name}.yaw", -YAW_DEG, YAW_DEG))
                )
            )
            bodies.append(
                Body(
                    name=name,
                    shape=solid(kind, radius),
                    position_m=(params["place_m"] + offset, aside, rim + params["height_m"] + lift + radius),
                    orientation_xyzw=turn,
                    mass_kg=density * shape_volume(solid(kind, radius)),
                    friction=params["friction"],
                    elasticity=params["elasticity"],
                    material=material(params),
                )
            )
        return SceneSpec(
            bodies=(*bodies, *_container(params), ground()),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 0.75), 3.9, elevation_deg=32.0),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="universal",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        checks = []
        contacts, gravity = trace.contacts, params["gravity_m_s2"]
        falling = fallen(scene)
        for index in falling:
            touches = contacts.time_s[(contacts.a == index) | (contacts.b == index)]
            before = trace.time_s < (touches.min() if len(touches) else math.inf)
            last = int(before.sum()) - 1
            if last < 1:
                continue
            predicted = gravity * float(trace.time_s[last]) ** 2 / 2
            way = float(trace.position_m[0, index, 2] - trace.position_m[last, index, 2])
            checks.append(
                LawCheck("containment_fall_distance", predicted, way, abs(way - predicted) / predicted)
            )
        foretold = [_stays_in(params, scene.bodies[index], float(trace.time_s[-1])) for index in falling]
        if all(answer is not None for answer in foretold):
            count = sum(bool(answer) for answer in foretold)
            inside = sum(is_inside(params, trace.position_m[-1, index]) for index in falling)
            checks.append(
                LawCheck(
                    "containment_inside_over_count",
                    float(count),
                    float(inside),
                    abs(inside - count) / len(falling),
                )
            )
        if not checks:
            raise Rejected(
                "law-not-in-video", "nothing falls for two frames; raise fps or lengthen the video"
            )
        return tuple(checks)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        falling = fallen(scene)
        vessel = params["container"]
        into, beside = counts(params)
        who, plural = _who(scene, falling, draws), len(falling) > 1
        falls = draws.choice("falls", ("fall", "drop")) + ("" if plural else "s")
        where, then = _where(into, beside, vessel)
        plain = draws.choice(
            "plain", (f"{who} {falls}{then} {where}", f"{who} {falls}{then} {where} from above")
        )
        bouncy = words.grade(params["elasticity"], BOUNCINESS)
        their = "they" if plural else "it"
        bounce = "bounce" if plural else "bounces"
        qualitative = f"{who} {falls}{then} {where}; {their} {bouncy.format(bounce=bounce)}"
        height = words.quantity(params["height_m"], "m")
        mass = "" if plural else f" of {words.quantity(scene.bodies[falling[0]].mass_kg, 'kg')}"
        elasticity = words.quantity(params["elasticity"], "1")
        gravity = words.quantity(params["gravity_m_s2"], "m/s²")
        elsewhere = "" if params["gravity_m_s2"] == GRAVITY else f", where gravity is {gravity}"
        lowest = "the lowest of them " if plural else ""
        numeric = draws.choice(
            "numeric",
            (
                f"{who}{mass} {falls}{then} {where}{elsewhere}; {lowest or 'it '}starts {height} above its "
                f"rim, and the coefficient of restitution is {elasticity}",
                f"with a coefficient of restitution of {elasticity}, {who}{mass} {falls}{then} {where}"
                f"{elsewhere}; {lowest or 'it '}starts {height} above its rim",
            ),
        )
        inside = [is_inside(params, trace.position_m[-1, index]) for index in falling]
        outcome = (
            _outcome_of_one(scene, falling[0], inside[0], vessel, events, draws)
            if len(falling) == 1
            else _outcome_of_several(inside, vessel, draws)
        )
        return words.tiers(plain, qualitative, numeric, outcome)


BOUNCINESS = ((0.15, "hardly {bounce}"), (0.4, "{bounce} a little"), (math.inf, "{bounce} well"))


def counts(params: Params) -> tuple[int, int]:
    """How many bodies fall into the container and how many beside it; none of both means one on its rim."""
    into, beside = round(params["inside_count"]), round(params["beside_count"])
    return (min(into, 1) if params["container"] == "bowl" else into), beside


def fallen(scene: SceneSpec) -> list[int]:
    """Indices of the bodies that fall."""
    return [index for index, body in enumerate(scene.bodies) if not body.fixed]


def rim_m(params: Params) -> float:
    return BOWL_RIM_M if params["container"] == "bowl" else BOX_RIM_M


def is_inside(params: Params, position_m: NDArray[np.float64]) -> bool:
    """Whether a body's centre is in the container, below the level of its rim."""
    x, y, z = (float(value) for value in position_m)
    x -= params["place_m"]
    if params["container"] == "bowl":
        return math.hypot(x, y) < BOWL_INNER_M and z < BOWL_RIM_M
    return abs(x) < INNER_M[0] / 2 and abs(y) < INNER_M[1] / 2 and z < BOX_RIM_M


def _offsets(params: Params, draws: Draws) -> list[tuple[float, str]]:
    """Where each body falls, right of the container's middle, and what it is."""
    into, beside = counts(params)
    bowl, side = params["container"] == "bowl", draws.choice("body.side", (-1.0, 1.0))

    def near(x: float, number: int) -> float:
        return x + draws.between(f"body.jitter.{number}", -JITTER_M, JITTER_M)

    if into + beside == 0:
        middle = (BOWL_RADIUS_M + BOWL_INNER_M if bowl else INNER_M[0] + WALL_M) / 2
        return [(side * (middle + draws.between("body.rim", -0.1, 0.1)), "sphere")]
    inner = 0.08 if bowl else INSIDE_X_M
    kind = params["shape"]
    spots = [
        (near(sign * inner, place), "sphere" if bowl else kind) for place, sign in ((0, side), (1, -side))
    ]
    outer = [(near(sign * BESIDE_X_M, place), kind) for place, sign in ((2, side), (3, -side))]
    return [*spots[:into], *outer[:beside]]


def _container(params: Params) -> list[Body]:
    """A bowl, or the five boards of a box."""
    x = params["place_m"]
    if params["container"] == "bowl":
        bottom = float(mesh("bowl").vertices[:, 2].min())
        shape = Shape("mesh", (BOWL_M, BOWL_M, BOWL_M), "bowl")
        return [_board("bowl", shape, (x, 0.0, -bottom * BOWL_M))]
    length, width = INNER_M
    height = BOX_RIM_M
    sides = []
    for name, sign in (("left", -1.0), ("right", 1.0)):
        shape = Shape("box", (WALL_M, width + 2 * WALL_M, height))
        sides.append(_board(f"wall_{name}", shape, (x + sign * (length + WALL_M) / 2, 0.0, height / 2)))
    for name, sign in (("front", -1.0), ("back", 1.0)):
        shape = Shape("box", (length, WALL_M, height))
        sides.append(_board(f"wall_{name}", shape, (x, sign * (width + WALL_M) / 2, height / 2)))
    return [*sides, _board("floor", Shape("box", (length, width, FLOOR_M)), (x, 0.0, FLOOR_M / 2))]


def _board(name: str, shape: Shape, position_m: tuple[float, float, float]) -> Body:
    return Body(name=name, shape=shape, position_m=position_m, mass_kg=0.0, fixed=True, role="support")


def _stays_in(params: Params, body: Body, video_s: float) -> bool | None:
    """Whether the body ends inside the container; None where it is not certain."""
    x, y = body.position_m[0] - params["place_m"], body.position_m[1]
    ball = body.shape.kind == "sphere"
    radius = body.shape.size_m[0] / (1 if ball else 2)
    turned = 0.0 if ball else 2 * abs(math.asin(body.orientation_xyzw[2]))
    reach = radius * (1.0 if ball else math.cos(turned) + math.sin(turned))
    elasticity, gravity = params["elasticity"], params["gravity_m_s2"]
    outer = BOWL_RADIUS_M if params["container"] == "bowl" else INNER_M[0] / 2 + WALL_M
    if abs(x) - reach > outer:
        return False
    if params["container"] == "bowl":
        orbit, aside = BOWL_INNER_M - radius, math.hypot(x, y)
        if aside >= orbit or not ball:
            return None
        slope = math.asin(aside / orbit)
        lowest = BOWL_RADIUS_M - orbit * math.cos(slope)
        drop = body.position_m[2] - lowest
        rebound = drop * ((elasticity * math.cos(slope)) ** 2 + math.sin(slope) ** 2)
        certain = rebound < CERTAIN * (BOWL_RADIUS_M - lowest)
    else:
        if abs(x) + reach > INNER_M[0] / 2 or abs(y) + reach > INNER_M[1] / 2:
            return None
        lowest = FLOOR_M + radius
        drop = body.position_m[2] - lowest
        certain = lowest + laws.bounce_apex(drop, elasticity, 1) < BOX_RIM_M
    return True if certain and laws.fall_time(drop, gravity) < video_s else None


def _who(scene: SceneSpec, falling: list[int], draws: Draws) -> str:
    """The bodies that fall, with an article or a number."""
    bodies = [scene.bodies[index] for index in falling]
    if len(bodies) == 1:
        return words.article(words.called(bodies[0], draws))
    kinds = {words.noun(body) for body in bodies}
    if len(kinds) > 1:
        return words.count(len(bodies), draws.choice("noun", ("object", "thing")))
    return words.count(len(bodies), kinds.pop())


def _where(into: int, beside: int, vessel: str) -> tuple[str, str]:
    """Where they fall, and what stands between the verb and that."""
    if into and beside:
        return f"into a {vessel} and {words.number_word(beside)} beside it", f", {words.number_word(into)}"
    if into:
        return f"into a {vessel}", ""
    return (f"beside a {vessel}" if beside else f"onto the rim of a {vessel}"), ""


def _outcome_of_one(
    scene: SceneSpec, index: int, inside: bool, vessel: str, events: tuple[Event, ...], draws: Draws
) -> str:
    the_body = words.the(words.called(scene.bodies[index], draws))
    seen = words.until_gone(events, index)
    clauses = []
    touch = next((event for event in seen if event.kind == "first_contact"), None)
    if touch is None:
        return f"{the_body} is still falling when the video ends"
    what = next(other for other in touch.bodies if other != index)
    place = scene.bodies[what].name
    hits = draws.choice("hits", ("hits", "reaches"))
    target = {"ground": "the ground", "floor": f"the floor of the {vessel}"}.get(place, f"the {vessel}")
    clauses.append(f"{hits} {target} after {words.quantity(touch.time_s, 's')}")
    bounces = sum(event.kind == "bounce" for event in seen)
    if bounces:
        clauses.append(f"bounces {words.times(bounces)}")
    clauses.append(f"is {'inside' if inside else 'outside'} the {vessel} at the end")
    return f"{the_body} {words.join(clauses)}"


def _outcome_of_several(inside: list[bool], vessel: str, draws: Draws) -> str:
    count, total = sum(inside), len(inside)
    the_end = draws.choice("end", ("at the end", "when the video ends"))
    if count in (0, total):
        every = ("neither", "both") if total == 2 else ("none", "all")
        verb = "is" if count == 0 and total == 2 else "are"
        return f"{the_end} {every[count > 0]} of them {verb} inside the {vessel}"
    verb = "is" if count == 1 else "are"
    return (
        f"{the_end} {words.number_word(count)} of the {words.number_word(total)} {verb} inside the {vessel}"
    )
