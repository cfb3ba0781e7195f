"""Two or three bodies in a row between walls, with springs between all neighbours, on a table without friction.

At rest they stand evenly spaced with no spring stretched. What they do when let go from somewhere else is a
sum of normal modes, each with a frequency of its own; that is the law.
"""

from __future__ import annotations

import math

import numpy as np

from simgen.errors import Rejected
from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics.oscillations import fitted_oscillation, normal_modes, row_stiffness
from simgen.physics.trace import Trace
from simgen.recipe.distributions import choice, integer, log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.hanging import often
from simgen.scenarios.stage import (
    area_camera,
    direction_parameter,
    gravity_parameter,
    ground,
    random_orientation,
    solid,
)
from simgen.scene.rotation import rotate
from simgen.scene.spec import Body, Force, Link, Quaternion, SceneSpec, Shape, Vector, Video

TABLE_M = 0.6  # height
HALF_M = 1.25  # from the middle to each wall
COIL_M = 0.06
NAMES = "abc"
SMALLEST_MODE = 0.01  # of the largest: a mode that hardly moves has no frequency to speak of

STIFFNESSES = ((60.0, "soft"), (100.0, "firm"), (math.inf, "stiff"))


class CoupledSprings(Scenario):
    name = "coupled_springs"
    summary = (
        "Two or three bodies in a row, joined by springs to each other and to walls, swing in normal modes."
    )
    slow = True
    parameters = (
        Parameter("count", integer(2, 3), "1", "number of bodies (a whole number)", (2, 3), "causal"),
        *(
            Parameter(
                f"mass_{name}_kg",
                log_uniform(0.4, 1.5),
                "kg",
                f"mass of body {name}, counted from the left" + (" (of three)" if name == "c" else ""),
                (0.3, 1.5),
                "hidden",
                revealed="acceleration",
            )
            for name in NAMES
        ),
        Parameter(
            "stiffness_n_m",
            log_uniform(40, 130),
            "N/m",
            "of the springs at the walls",
            (40, 140),
            "hidden",
            revealed="acceleration",
            told="the stiffness of the springs at the walls is {}",
        ),
        Parameter(
            "middle_stiffness_n_m",
            log_uniform(40, 130),
            "N/m",
            "of the springs between bodies",
            (40, 140),
            "hidden",
            revealed="acceleration",
            told="the stiffness of the springs between bodies is {}",
        ),
        Parameter(
            "displacement_m",
            uniform(0.08, 0.13),
            "m",
            "how far from its place body a is let go, towards `direction`",
            (0.06, 0.13),
            "causal",
        ),
        Parameter(
            "displacement_b_m",
            uniform(-0.12, 0.12),
            "m",
            "of body b, towards `direction`",
            (-0.13, 0.13),
            "causal",
        ),
        Parameter(
            "displacement_c_m",
            uniform(-0.12, 0.12),
            "m",
            "of body c (of three), towards `direction`",
            (-0.13, 0.13),
            "causal",
        ),
        direction_parameter("the way the displacements count", "causal"),
        Parameter(
            "shape",
            choice("sphere", "box", "cylinder"),
            "",
            "all bodies",
            ("sphere", "box", "cylinder"),
            "nuisance",
        ),
        Parameter(
            "radius_m",
            uniform(0.125, 0.14),
            "m",
            "radius, or half the edge of the boxes",
            (0.12, 0.14),
            "nuisance",
        ),
        gravity_parameter(1.62, 25, revealed="never"),
    )
    laws = (
        *(
            Law(
                f"coupled_springs_mode_{number}",
                f"ω of the {word} normal mode: ω² is an eigenvalue of M^−½ K M^−½, K the matrix of the springs in a row",
                "Taylor, Classical Mechanics, ch. 11; Goldstein, Classical Mechanics, ch. 6",
                0.001,
                "measured as the frequency of the mode's coordinate, if it moves by 1 % of what the largest does",
            )
            for number, word in enumerate(("slowest", "second", "third"), start=1)
        ),
        Law(
            "coupled_springs_position_over_amplitude",
            "every body is where the sum of the modes has it, at every frame; residual = the largest |x measured − x "
            "predicted| / the largest distance of a body from its place at rest",
            "Taylor, Classical Mechanics, ch. 11",
            0.002,
            "the engine's phase is right to (ω h)²/24",
        ),
    )
    events = ("starts_moving",)

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        count, radius = _count(params), params["radius_m"]
        shape = solid(params["shape"], radius)
        half = shape.size_m[1] / 2 if shape.kind == "cylinder" else radius
        level = TABLE_M + half
        pair = np.array(displacements_m(params)) + np.array(_places_m(count))
        bodies, turns = [], []
        for name, x in zip(NAMES, pair.tolist(), strict=False):
            turn: Quaternion = (0.0, 0.0, 0.0, 1.0)
            if params["shape"] == "sphere":
                turn = random_orientation(draws, f"body_{name}.orientation")
            turns.append(turn)
            bodies.append(
                Body(
                    name=f"body_{name}",
                    shape=shape,
                    position_m=(x, 0.0, level),
                    orientation_xyzw=turn,
                    mass_kg=params[f"mass_{name}_kg"],
                    friction=0.0,
                    elasticity=0.5,
                )
            )
        walls: tuple[Vector, Vector] = ((-HALF_M, 0.0, level), (HALF_M, 0.0, level))
        spacing = 2 * HALF_M / (count + 1)
        forces, links = [], []
        for place, stiffness in enumerate(_stiffnesses(params)):
            # the spring to the left of body `place`; the last one is to the right of the last body
            b = f"body_{NAMES[place - 1]}" if 0 < place < count else ""
            a = min(place, count - 1)
            anchor = walls[0] if place == 0 else walls[1]
            forces.append(
                Force(
                    "spring", f"body_{NAMES[a]}", b, anchor if not b else (0.0, 0.0, 0.0), stiffness, spacing
                )
            )
            side = 1.0 if place == count else -1.0
            at_b = _on(turns[place - 1], radius) if b else anchor
            links.append(Link("spring", f"body_{NAMES[a]}", b, _on(turns[a], side * radius), at_b, COIL_M))
        return SceneSpec(
            bodies=(*bodies, *_table(), ground()),
            forces=tuple(forces),
            links=tuple(links),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 0.62), 3.1, elevation_deg=20.0),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="joints",  # its finer step: fast modes keep their phase
        )

    def revealed_by(self, params: Params) -> dict[str, str]:
        """Of two bodies there is no third."""
        shown = super().revealed_by(params)
        third = {"mass_c_kg": "never", "displacement_c_m": "never"}
        return shown if _count(params) == 3 else {**shown, **third}

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        count = _count(params)
        if len(trace.time_s) < 4:
            raise Rejected(
                "law-not-in-video", "a frequency cannot be told from so few frames; lengthen the video"
            )
        masses = [params[f"mass_{name}_kg"] for name in NAMES[:count]]
        rates, into_modes = normal_modes(masses, row_stiffness(_stiffnesses(params)))
        bodies = [scene.body_index(f"body_{name}") for name in NAMES[:count]]
        place = trace.position_m[:, bodies, 0] - np.array(_places_m(count))
        start = np.array(displacements_m(params))
        modes, speeds = place @ into_modes.T, trace.velocity_m_s[:, bodies, 0] @ into_modes.T
        amplitudes = into_modes @ start
        checks = []
        for mode in range(count):
            if abs(amplitudes[mode]) < SMALLEST_MODE * np.abs(amplitudes).max():
                continue
            rate = float(rates[mode])
            found = fitted_oscillation(trace.time_s, modes[:, mode], speeds[:, mode], 0.0, rate).rate_rad_s
            checks.append(LawCheck(f"coupled_springs_mode_{mode + 1}", rate, found, abs(found - rate) / rate))
        exact = np.linalg.solve(into_modes, (amplitudes * np.cos(np.outer(trace.time_s, rates))).T).T
        off = np.abs(place - exact)
        frame, body = np.unravel_index(int(np.argmax(off)), off.shape)
        residual = float(off[frame, body] / np.abs(exact).max())
        name = "coupled_springs_position_over_amplitude"
        checks.append(LawCheck(name, float(exact[frame, body]), float(place[frame, body]), residual))
        return tuple(checks)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        count, side = _count(params), params["direction"]
        bodies = words.count(count, draws.choice("noun", words.nouns(scene.body("body_a"))))
        first = words.article(words.called(scene.body("body_a"), draws, draw="noun"))
        springs = words.count(count + 1, "spring")
        stiff = words.grade(params["stiffness_n_m"], STIFFNESSES)
        inner = words.grade(params["middle_stiffness_n_m"], STIFFNESSES)
        row = draws.choice("row", ("in a row", "in a line"))
        swing = draws.choice("swing", ("swing to and fro", "slide to and fro"))
        plain = draws.choice(
            "plain",
            (
                f"{bodies} {row}, joined by springs, {swing}",
                f"{bodies} {swing} on springs between two walls",
                f"{bodies} on a smooth table {swing} between springs",
            ),
        )
        between = "a spring" if count == 2 else "springs"
        qualitative = draws.choice(
            "qualitative",
            (
                f"{bodies} {row}, {first} on the left, are held by {stiff} springs to the walls and joined by "
                f"{inner} ones, and {swing}",
                f"between walls with {stiff} springs, {bodies} joined by {between} {swing}, {first} first on the left",
            ),
        )
        masses = words.join([words.quantity(params[f"mass_{name}_kg"], "kg") for name in NAMES[:count]])
        outer = words.quantity(params["stiffness_n_m"], "N/m", 1)
        middle = words.quantity(params["middle_stiffness_n_m"], "N/m", 1)
        far = words.quantity(params["displacement_m"], "m")
        numeric = draws.choice(
            "numeric",
            (
                f"{bodies} of {masses} are held by springs of {outer} at the walls and {middle} between them; the "
                f"leftmost is let go {far} to the {side} of its place",
                f"{springs} hold {bodies} of {masses}, those at the walls with {outer}, those between with {middle}; "
                f"{first} on the left is let go {far} to the {side}",
            ),
        )
        return words.tiers(plain, qualitative, numeric, _outcome(params, scene, trace, draws))


def displacements_m(params: Params) -> list[float]:
    """Of the bodies from their places at rest, to the right, when they are let go."""
    side = 1.0 if params["direction"] == "right" else -1.0
    names = ("displacement_m", "displacement_b_m", "displacement_c_m")
    return [side * params[name] for name in names[: _count(params)]]


def _count(params: Params) -> int:
    count: int = round(params["count"])
    return count


def _places_m(count: int) -> list[float]:
    """Where the bodies rest, along x."""
    return [HALF_M * (2 * (number + 1) / (count + 1) - 1) for number in range(count)]


def _stiffnesses(params: Params) -> list[float]:
    """Of all springs, from left to right."""
    inner = [params["middle_stiffness_n_m"]] * (_count(params) - 1)
    return [params["stiffness_n_m"], *inner, params["stiffness_n_m"]]


def _on(turn: Quaternion, x: float) -> Vector:
    """The point of a body turned like that which is `x` to the right of its centre, in its own coordinates."""
    qx, qy, qz, w = turn
    return rotate((-qx, -qy, -qz, w), (x, 0.0, 0.0))


def _table() -> tuple[Body, ...]:
    table = Body(
        name="table",
        shape=Shape("box", (2 * HALF_M + 0.24, 0.7, TABLE_M)),
        position_m=(0.0, 0.0, TABLE_M / 2),
        mass_kg=0.0,
        elasticity=0.0,
        fixed=True,
        role="support",
    )
    walls = tuple(
        Body(
            name=f"wall_{name}",
            shape=Shape("box", (0.12, 0.5, 0.4)),
            position_m=(side * (HALF_M + 0.06), 0.0, TABLE_M + 0.2),
            mass_kg=0.0,
            fixed=True,
            role="support",
        )
        for name, side in (("left", -1.0), ("right", 1.0))
    )
    return (table, *walls)


def _outcome(params: Params, scene: SceneSpec, trace: Trace, draws: Draws) -> str:
    """How often the first and the last body turn round."""
    count = _count(params)
    back = draws.choice("back", ("turns back", "turns round"))
    clauses = []
    for name, place in (("a", "left"), (NAMES[count - 1], "right")):
        speed = trace.velocity_m_s[1:, scene.body_index(f"body_{name}"), 0]
        turns = int((speed[1:] * speed[:-1] < 0).sum())
        body = words.called(scene.body(f"body_{name}"), draws, draw="noun")
        clauses.append(f"the {body} on the {place} {back} {often(turns)}")
    return words.join(clauses)
