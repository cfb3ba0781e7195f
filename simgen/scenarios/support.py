"""A plank pushed past a table's edge, alone or with a block on it, is let go: it tips over the edge or stays.

It tips if and only if the common centre of mass is past the edge. Plank and block are of the same stuff, so
the first picture shows all that decides; a block near the inner end is a counterweight, one near the outer
end a burden.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics import laws
from simgen.physics.trace import Trace
from simgen.recipe.distributions import integer, log_uniform, uniform
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
    bounced,
    elsewhere,
    named,
    relative,
    side_of,
    tilt_deg,
    verdict,
)
from simgen.scene.spec import Body, SceneSpec, Shape, Vector, Video

TABLE_M = (1.12, 0.9, 0.7)  # length, depth, height of the table's top
TOP_M, LEG_M = 0.08, 0.09  # thickness of the table's top, edge of its legs
PLANK_DEPTH_M = 0.4
MARGIN_M = 0.01  # of the block from the plank's ends
SMALL_DEG = 5.0  # up to this tilt the plank and its block turn about the edge as one
TIPS_DEG = 0.2  # a plank that leans more than this is tipping
SAFE = 0.8  # of the friction, and of the block's base: what may be needed of them

REACH = ((0.42, "less than half of it"), (0.58, "about half of it"), (math.inf, "more than half of it"))


class Support(Scenario):
    name = "support"
    summary = "A plank reaches past a table's edge, alone or with a block on it, and tips over or stays."
    parameters = (
        Parameter(
            "overhang",
            uniform(0.3, 0.7),
            "1",
            "part of the plank's length that is past the edge",
            (0.2, 0.8),
            "causal",
        ),
        Parameter(
            "count",
            integer(1, 2),
            "1",
            "how many bodies: the plank, or the plank and a block",
            (1, 2),
            "causal",
        ),
        Parameter(
            "load_place",
            uniform(0, 1),
            "1",
            "where the block is on the plank: 0 at its inner end, 1 at its outer end",
            (0, 1),
            "causal",
        ),
        Parameter(
            "load_size_m", uniform(0.24, 0.36), "m", "edge of the block, a cube", (0.24, 0.38), "causal"
        ),
        Parameter("length_m", uniform(0.95, 1.25), "m", "length of the plank", (0.9, 1.3), "causal"),
        Parameter("thickness_m", uniform(0.09, 0.16), "m", "thickness of the plank", (0.08, 0.2), "causal"),
        Parameter(
            "mass_kg",
            log_uniform(0.5, 20),
            "kg",
            "mass of the plank; the block has the same density",
            (0.1, 1000),
            "hidden",
            "never",
        ),
        Parameter(
            "friction",
            uniform(0.4, 0.9),
            "1",
            "coefficient of friction between any two of them",
            (0.3, 1),
            "hidden",
            "topples",
            told="the coefficient of friction between any two of the bodies is {}",
        ),
        direction_parameter("the side of the picture to which the plank reaches out"),
        gravity_parameter(),
        material_parameter("rubber", "wood", "steel", "glass", "plastic", "stone", "cork", "foam"),  # not ice
    )
    laws = (
        Law(
            "support_decision",
            "it tips (1) if the common centre of mass Σ m x / Σ m is past the edge, else it stays (0); "
            "residual = |measured − predicted|",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 12 (equilibrium)",
            0.001,
            "measured as a tilt above 0.2° at any time: right or wrong",
        ),
        Law(
            "support_angular_speed",
            "ω² = 2 g (Σ m x sin θ + Σ m z (1 − cos θ)) / I at tilt θ, x and z from the edge, I = Σ (moment "
            "+ m x² + m z²) about it",
            "Halliday, Resnick, Walker, ch. 10 (energy of rotation, parallel axes)",
            0.001,
            "at the last frame with 0.2° < θ < 5°, where nothing slips or lifts off; the first steps cost up to 6e-4",
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
    )
    decisive = ("topples", "first_contact")

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        side, top = side_of(params), TABLE_M[2]
        plank, load = _plank(params), _load(params)
        bodies = [
            Body(
                name="plank",
                shape=Shape("box", plank.size_m),
                position_m=(side * plank.x_m, 0.0, top + plank.z_m),
                mass_kg=plank.mass_kg,
                friction=params["friction"],
                elasticity=0.0,
                material=material(params),
            )
        ]
        if load is not None:
            bodies.append(
                Body(
                    name="load",
                    shape=Shape("box", load.size_m),
                    position_m=(side * load.x_m, 0.0, top + load.z_m),
                    mass_kg=load.mass_kg,
                    elasticity=0.0,
                    material=material(params),
                )
            )
        return SceneSpec(
            bodies=(*bodies, *_table(side), ground()),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 0.66), 2.7, elevation_deg=7.0, azimuth_deg=side * 18.0),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="resting",
        )

    def solids(self, params: Params) -> dict[str, Shape]:
        return {"mass_kg": Shape("box", _plank(params).size_m)}

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        plank = scene.body_index("plank")
        tilt = tilt_deg(trace, plank, side_of(params))
        checks = [verdict("support_decision", past_edge_m(params) > 0, bool(tilt.max() > TIPS_DEG))]
        turning = np.flatnonzero((tilt > TIPS_DEG) & (np.maximum.accumulate(tilt) < SMALL_DEG))
        last = int(turning[-1]) if len(turning) else 0
        if last > 1 and turns_as_one(params):  # contacts are still settling before the first frame
            predicted = angular_speed(params, float(tilt[last]))
            measured = float(np.linalg.norm(trace.angular_velocity_rad_s[last, plank]))
            checks.append(relative("support_angular_speed", predicted, measured))
        return tuple(checks)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        plank = scene.body_index("plank")
        board = named(scene.bodies[plank], draws.choice("noun.plank", ("plank", "board")))
        side, lets = params["direction"], draws.choice("lets", ("let go", "released"))
        reaches = draws.choice("reaches", ("reaches past", "sticks out over", "hangs over"))
        carrying, where = "", ""
        if "load" in {body.name for body in scene.bodies}:
            load = words.article(words.called(scene.body("load"), draws))
            carrying = f" with {load} on it"
            past = _load_past_edge(params)
            where = f" and carries {load} " + (
                "beyond the edge" if past > 0 else "over the table" if past < 0 else "right above the edge"
            )
        part = words.grade(params["overhang"], REACH)
        plain = draws.choice(
            "plain",
            (
                f"{words.article(board)}{carrying} {reaches} the edge of a table and is {lets}",
                f"on a table, {words.article(board)}{carrying} {reaches} the edge and is {lets}",
            ),
        )
        qualitative = (
            f"{words.article(board)} {reaches} the {side} edge of a table with {part}{where}; it is {lets}"
        )
        numeric = (
            f"{words.quantity(params['overhang'], '1')} of a {words.quantity(params['length_m'], 'm')} long "
            f"{board}{carrying} {reaches} the edge of a table"
        )
        if carrying:
            numeric += f"; the {_last(load)} measures {words.quantity(params['load_size_m'], 'm')}"
        return words.tiers(
            plain,
            qualitative,
            numeric + elsewhere(params),
            _outcome(words.the(board), side, scene, trace, params, events, draws),
        )


@dataclass(frozen=True, slots=True)
class _Block:
    """A block lying level; x outwards from the table's edge and z up from the table's top to its centre."""

    size_m: Vector
    x_m: float
    z_m: float
    mass_kg: float

    def moment_about_edge(self) -> float:
        """Kg m², about the table's edge."""
        length, _, height = self.size_m
        return self.mass_kg * ((length**2 + height**2) / 12 + self.x_m**2 + self.z_m**2)


def _plank(params: Params) -> _Block:
    length, thickness = params["length_m"], params["thickness_m"]
    past = (params["overhang"] - 0.5) * length
    return _Block((length, PLANK_DEPTH_M, thickness), past, thickness / 2, params["mass_kg"])


def _load(params: Params) -> _Block | None:
    """The block on the plank, of the plank's density; None if there is none."""
    if round(params["count"]) == 1:
        return None
    plank, edge = _plank(params), params["load_size_m"]
    travel = plank.size_m[0] - edge - 2 * MARGIN_M
    place = plank.x_m + (params["load_place"] - 0.5) * travel
    mass = plank.mass_kg * edge**3 / math.prod(plank.size_m)
    return _Block((edge, edge, edge), place, plank.size_m[2] + edge / 2, mass)


def _blocks(params: Params) -> list[_Block]:
    load = _load(params)
    return [_plank(params)] if load is None else [_plank(params), load]


def past_edge_m(params: Params) -> float:
    """How far the common centre of mass is past the edge, m."""
    blocks = _blocks(params)
    return sum(block.mass_kg * block.x_m for block in blocks) / sum(block.mass_kg for block in blocks)


def angular_speed(params: Params, angle_deg: float) -> float:
    """Of plank and block as one body about the table's edge (rad/s), the law `support_angular_speed`."""
    blocks, angle = _blocks(params), math.radians(angle_deg)
    across = sum(block.mass_kg * block.x_m for block in blocks)
    up = sum(block.mass_kg * block.z_m for block in blocks)
    moment = sum(block.moment_about_edge() for block in blocks)
    drop = across * math.sin(angle) + up * (1 - math.cos(angle))
    return math.sqrt(max(0.0, 2 * params["gravity_m_s2"] * drop / moment))


def turns_as_one(params: Params) -> bool:
    """Whether at the start the block presses on the plank, inside its base, and friction holds both.

    From Newton's laws for α about the edge: a part of mass m at (x, z) accelerates by α z outwards and α x
    down. The block needs the force m (g − α x) up and m α z outwards from the plank, and the torque I α.
    """
    blocks, gravity, friction = _blocks(params), params["gravity_m_s2"], params["friction"]
    moment = sum(block.moment_about_edge() for block in blocks)
    alpha = laws.seesaw_angular_acceleration(
        [block.mass_kg for block in blocks],
        [block.x_m for block in blocks],
        moment - sum(block.mass_kg * block.x_m**2 for block in blocks),
        gravity,
    )
    press = sum(block.mass_kg * (gravity - alpha * block.x_m) for block in blocks)
    across = sum(block.mass_kg * alpha * block.z_m for block in blocks)
    if across > SAFE * friction * press:
        return False
    if len(blocks) == 1:
        return True
    load, edge = blocks[1], params["load_size_m"]
    press = load.mass_kg * (gravity - alpha * load.x_m)
    across = load.mass_kg * alpha * load.z_m
    torque = load.mass_kg * edge**2 / 6 * alpha + across * edge / 2
    return bool(across <= SAFE * friction * press and torque <= SAFE * press * edge / 2)


def _load_past_edge(params: Params) -> int:
    """1 when the block is all past the edge, −1 when all of it is over the table, else 0."""
    load = _load(params)
    if load is None or abs(load.x_m) < load.size_m[0] / 2:
        return 0
    return 1 if load.x_m > 0 else -1


def _table(side: float) -> tuple[Body, ...]:
    """A top whose edge is at x = 0, on four legs."""
    length, depth, height = TABLE_M
    leg = height - TOP_M
    places = [
        (x, y)
        for x in (-LEG_M, LEG_M - length)  # not flush with the edge, so that it stands out
        for y in (-(depth - LEG_M) / 2 + 0.03, (depth - LEG_M) / 2 - 0.03)
    ]
    top = Body(
        name="table",
        shape=Shape("box", (length, depth, TOP_M)),
        position_m=(-side * length / 2, 0.0, height - TOP_M / 2),
        mass_kg=0.0,
        fixed=True,
        role="support",
    )
    legs = (
        Body(
            name=f"leg_{number}",
            shape=Shape("box", (LEG_M, LEG_M, leg)),
            position_m=(side * x, y, leg / 2),
            mass_kg=0.0,
            fixed=True,
            role="support",
        )
        for number, (x, y) in enumerate(places, start=1)
    )
    return (top, *legs)


def _last(phrase: str) -> str:
    return phrase.rsplit(" ", 1)[-1]


def _outcome(
    the_board: str,
    side: str,
    scene: SceneSpec,
    trace: Trace,
    params: Params,
    events: tuple[Event, ...],
    draws: Draws,
) -> str:
    """What became of the plank, from the events and from whether it leans."""
    plank, floor = scene.body_index("plank"), scene.body_index("ground")
    tilt = tilt_deg(trace, plank, side_of(params))
    if tilt.max() <= TIPS_DEG:
        return draws.choice(
            "stays",
            (
                f"{the_board} stays on the table",
                f"{the_board} does not tip",
                f"{the_board} stays where it is",
            ),
        )
    tips = draws.choice("tips", ("tips over the edge", "tips over", "tilts over the edge"))
    landing = next(
        (event for event in events if event.kind == "first_contact" and event.bodies == (plank, floor)), None
    )
    if landing is None:
        return f"{the_board} {tips} to the {side} and is still on its way down when the video ends"
    clauses = [f"{tips} to the {side}", f"hits the ground after {words.quantity(landing.time_s, 's')}"]
    if round(params["count"]) == 1:
        clauses += bounced(words.until_gone(events, plank))
    return f"{the_board} {words.join(clauses)}"
