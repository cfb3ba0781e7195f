"""A ball rolls into others on a table with cushions: oblique collisions, one leading to the next.

The balls are equal and roll without slipping until they hit something. The cloth has nearly all of the friction
(the coefficient of a pair is the product of both bodies'), so that balls hardly rub on each other: a collision
acts along the line of centres. After it the balls slip on the cloth until they roll again.

Who hits whom after a few collisions depends on the first digits that nobody can see; what is held to a law is the
first collision of each pair whose balls have until then rolled freely.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from simgen.errors import Rejected
from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics.trace import Trace
from simgen.recipe.distributions import integer, log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.stage import GRAVITY, area_camera, gravity_parameter, random_orientation
from simgen.scene.spec import Body, SceneSpec, Shape, Vector, Video

LENGTH_M, WIDTH_M = 2.1, 1.8  # of the cloth between the cushions
CUSHION_M, TABLE_M, RIM_M = (
    0.13,
    0.2,
    0.17,
)  # width of the cushions, thickness of the table, height of the cushions
CLOTH = 10.0  # friction of the cloth; the balls have a tenth of the pair's
CUSHION = 0.8  # coefficient of restitution of a ball at the cushions
COLUMNS, ROWS, CELL_M = 3, 4, 0.43  # where balls may wait: a grid of cells, each holds one ball
FIRST_M = -0.18  # middle of the first column
STEADY_M_S = 1e-3  # a ball whose velocity changes by less between two frames rolls or rests

FORCES = ((1.8, "softly"), (2.6, "firmly"), (math.inf, "hard"))


class Billiards(Scenario):
    name = "billiards"
    summary = "A ball is rolled into others on a table with cushions; 3 to 10 balls collide obliquely."
    parameters = (
        Parameter("count", integer(3, 8), "1", "how many balls", (3, 10), "causal"),
        Parameter(
            "speed_m_s",
            uniform(1.6, 3),
            "m/s",
            "speed with which the first ball rolls",
            (1.4, 3.5),
            "causal",
            revealed="velocity",
        ),
        Parameter(
            "offset",
            uniform(-0.6, 0.6),
            "1",
            "distance between its path and the centre of the ball at which it is aimed, over the sum of the "
            "radii; 0 is full on",
            (-0.8, 0.8),
            "causal",
            revealed="velocity",
        ),
        Parameter(
            "elasticity",
            uniform(0.8, 1),
            "1",
            "coefficient of restitution between two balls",
            (0.7, 1),
            "hidden",
            revealed="collision",
        ),
        Parameter(
            "friction",
            uniform(0.1, 0.3),
            "1",
            "coefficient of friction on the cloth",
            (0.05, 0.5),
            "hidden",
            revealed="collision",
        ),
        Parameter("mass_kg", log_uniform(0.1, 2), "kg", "mass of every ball", (0.05, 20), "hidden"),
        Parameter("radius_m", uniform(0.11, 0.125), "m", "radius of every ball", (0.11, 0.13), "nuisance"),
        Parameter(
            "start_y_m",
            uniform(-0.55, 0.55),
            "m",
            "where the first ball starts, from the middle of the table towards its far side",
            (-0.7, 0.7),
            "nuisance",
        ),
        gravity_parameter(revealed="never"),
    )
    laws = (
        Law(
            "billiards_impulse",
            "J = (1 + e) u m / 2, u the closing speed along the line of centres",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 9: two equal balls, Newton's "
            "coefficient of restitution",
            0.001,
            "the first collision of each pair of balls that have rolled or rested for a frame and touch nothing "
            "else until the next; balls rub on each other with a coefficient below 0.003",
        ),
        Law(
            "billiards_direction",
            "a resting ball leaves along the line of centres; residual = |unit vector measured − predicted|",
            "Halliday, Resnick, Walker, ch. 9: the impulse between smooth bodies is along the normal",
            0.005,
            "the same collisions, where the struck ball rested; friction between the balls turns it by up to 0.003",
        ),
        Law(
            "billiards_energy_over_start",
            "kinetic energy ≤ that of the first ball at the start, 7/10 m v²; residual = (greatest − start)/start, 0 "
            "if it is never greater",
            "Halliday, Resnick, Walker, ch. 8 and 11 (energy, rolling): impacts and friction only take energy",
            0.001,
            "over all frames; Newton's restitution and Coulomb's friction on equal balls make no energy",
        ),
    )
    events = ("first_contact", "collision", "bounce", "starts_moving", "comes_to_rest", "starts_rolling")
    decisive = ("collision",)
    chaotic = True

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        radius, count = params["radius_m"], round(params["count"])
        start = np.array([-0.5 * LENGTH_M + 0.32, params["start_y_m"], radius])
        places = list(_places(draws, count - 1, radius))
        target = places[0]
        away = target - start
        aside = math.asin(params["offset"] * 2 * radius / float(np.linalg.norm(away)))
        heading = math.atan2(away[1], away[0]) + aside
        forward = np.array([math.cos(heading), math.sin(heading), 0.0])
        rest = np.zeros(3)
        balls = [
            _ball("ball_a", start, params, draws, params["speed_m_s"] * forward),
            *(
                _ball(f"ball_{chr(ord('b') + place)}", centre, params, draws, rest)
                for place, centre in enumerate(places)
            ),
        ]
        return SceneSpec(
            bodies=(*balls, *_table(params)),
            video=video,
            cameras=(area_camera(video, (0.0, -0.03, 0.0), 2.55, elevation_deg=58.0),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="universal",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        balls = round(params["count"])
        if not (trace.contacts.b < balls).any():
            raise Rejected("law-not-in-video", "no two balls have met; lengthen the video")
        checks: list[LawCheck] = []
        for row in _isolated(scene, trace, balls):
            checks += _collision(params, trace, row)
        energy = _kinetic_energy(scene, trace, balls)
        greatest = float(energy.max())
        gain = (greatest - float(energy[0])) / float(energy[0])
        return (*checks, LawCheck("billiards_energy_over_start", float(energy[0]), greatest, max(0.0, gain)))

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        first = words.called(scene.body("ball_a"), draws)
        a_ball, count = words.article(first), round(params["count"])
        others = f"{words.number_word(count - 1)} others"
        rolls = draws.choice("rolls", ("rolls", "is rolled", "is played"))
        table = draws.choice(
            "table", ("a billiard table", "a table with cushions", "a pool table without pockets")
        )
        into = f"{a_ball} {rolls} into {others}"
        plain = draws.choice(
            "plain",
            (f"on {table}, {into}", f"{into} on {table}", f"{words.count(count, 'ball')} collide on {table}"),
        )
        how = words.grade(params["speed_m_s"], FORCES)
        qualitative = draws.choice(
            "qualitative", (f"{a_ball} {rolls} {how} into {others} on {table}", f"on {table}, {into}, {how}")
        )
        speed, mass = words.quantity(params["speed_m_s"], "m/s"), words.quantity(params["mass_kg"], "kg")
        elasticity = words.quantity(params["elasticity"], "1")
        gravity = words.quantity(params["gravity_m_s2"], "m/s²")
        elsewhere = "" if params["gravity_m_s2"] == GRAVITY else f", where gravity is {gravity}"
        numeric = draws.choice(
            "numeric",
            (
                f"{a_ball} {rolls} at {speed} into {others} of the same mass, {mass}, on {table}{elsewhere}; "
                f"the coefficient of restitution is {elasticity}",
                f"{words.count(count, 'ball')} of {mass} each lie on {table}{elsewhere}; {a_ball} {rolls} into "
                f"the others at {speed}, with a coefficient of restitution of {elasticity}",
            ),
        )
        return words.tiers(plain, qualitative, numeric, _outcome(words.the(first), count, events, draws))


def _places(draws: Draws, count: int, radius: float) -> Iterator[NDArray[np.float64]]:
    """Centres of the waiting balls: each somewhere in a cell of its own, so that no two touch."""
    cells = sorted(range(COLUMNS * ROWS), key=lambda cell: draws(f"cell.{cell}"))
    play = CELL_M / 2 - radius - 0.005
    for cell in cells[:count]:
        column, row = cell % COLUMNS, cell // COLUMNS
        x = FIRST_M + column * CELL_M + draws.between(f"cell.{cell}.x", -play, play)
        y = (row - (ROWS - 1) / 2) * CELL_M + draws.between(f"cell.{cell}.y", -play, play)
        yield np.array([x, y, radius])


def _ball(
    name: str, centre: NDArray[np.float64], params: Params, draws: Draws, velocity: NDArray[np.float64]
) -> Body:
    """A ball that rolls: ω = z × v / r."""
    x, y, _ = (float(value) for value in velocity)
    radius = params["radius_m"]
    return Body(
        name=name,
        shape=Shape("sphere", (radius,)),
        position_m=_vector(centre),
        orientation_xyzw=random_orientation(draws, f"{name}.orientation"),
        velocity_m_s=(x, y, 0.0),
        angular_velocity_rad_s=(-y / radius, x / radius, 0.0),
        mass_kg=params["mass_kg"],
        friction=params["friction"] / CLOTH,
        elasticity=math.sqrt(params["elasticity"]),
    )


def _table(params: Params) -> Iterator[Body]:
    """The cloth, whose top is z = 0, four cushions around it, and the floor under it."""
    yield Body(
        name="table",
        shape=Shape("box", (LENGTH_M + 2 * CUSHION_M, WIDTH_M + 2 * CUSHION_M, TABLE_M)),
        position_m=(0.0, 0.0, -TABLE_M / 2),
        mass_kg=0.0,
        friction=CLOTH,
        elasticity=0.0,
        fixed=True,
        role="ground",
    )
    long, across = LENGTH_M + 2 * CUSHION_M, WIDTH_M
    for name, x, y, length, width in (
        ("cushion_left", -(LENGTH_M + CUSHION_M) / 2, 0.0, CUSHION_M, across),
        ("cushion_right", (LENGTH_M + CUSHION_M) / 2, 0.0, CUSHION_M, across),
        ("cushion_near", 0.0, -(WIDTH_M + CUSHION_M) / 2, long, CUSHION_M),
        ("cushion_far", 0.0, (WIDTH_M + CUSHION_M) / 2, long, CUSHION_M),
    ):
        yield Body(
            name=name,
            shape=Shape("box", (length, width, RIM_M)),
            position_m=(x, y, RIM_M / 2),
            mass_kg=0.0,
            friction=0.0,  # or a ball that rolls against one would climb it
            elasticity=CUSHION / math.sqrt(params["elasticity"]),
            fixed=True,
            role="support",
        )


def _vector(values: NDArray[np.float64]) -> Vector:
    x, y, z = (float(value) for value in values)
    return (x, y, z)


def _kinetic_energy(scene: SceneSpec, trace: Trace, balls: int) -> NDArray[np.float64]:
    """Of all balls together at every frame (T,), J: solid balls, I = 2/5 m r²."""
    total = np.zeros(len(trace.time_s))
    for index, ball in enumerate(scene.bodies[:balls]):
        surface = ball.shape.size_m[0] * np.linalg.norm(trace.angular_velocity_rad_s[:, index], axis=1)
        speed = np.linalg.norm(trace.velocity_m_s[:, index], axis=1)
        total += ball.mass_kg / 2 * (speed**2 + 0.4 * surface**2)
    return total


def _isolated(scene: SceneSpec, trace: Trace, balls: int) -> Iterator[int]:
    """Contact rows of the first collision of each pair whose balls rolled or rested before it and touch nothing but
    the table from the frame before the one before it to the frame after it."""
    contacts = trace.contacts
    table = scene.body_index("table")
    hits = np.flatnonzero((contacts.a != table) & (contacts.b != table))
    met: set[tuple[int, int]] = set()
    for row in hits.tolist():
        a, b, frame = int(contacts.a[row]), int(contacts.b[row]), int(contacts.frame[row])
        if b >= balls or (a, b) in met:
            continue
        met.add((a, b))
        mine = hits[np.isin(contacts.a[hits], (a, b)) | np.isin(contacts.b[hits], (a, b))]
        near = mine[(contacts.frame[mine] >= frame - 1) & (contacts.frame[mine] <= frame)]
        steady = frame == 1 or all(
            np.linalg.norm(trace.velocity_m_s[frame - 1, ball] - trace.velocity_m_s[max(frame - 2, 0), ball])
            < STEADY_M_S
            and _rolls(scene, trace, frame - 1, ball)
            for ball in (a, b)
        )
        if steady and len(near) == 1:
            yield row


def _rolls(scene: SceneSpec, trace: Trace, frame: int, ball: int) -> bool:
    """Whether the surface of a ball is at rest where it touches the table."""
    radius = scene.bodies[ball].shape.size_m[0]
    x, y, _ = trace.velocity_m_s[frame, ball]
    turn_x, turn_y, _ = trace.angular_velocity_rad_s[frame, ball]
    return math.hypot(x - radius * turn_y, y + radius * turn_x) < STEADY_M_S


def _collision(params: Params, trace: Trace, row: int) -> Iterator[LawCheck]:
    """The laws of one isolated collision, from the motion up to the frame before it."""
    contacts = trace.contacts
    a, b, frame = int(contacts.a[row]), int(contacts.b[row]), int(contacts.frame[row])
    place_a, place_b = trace.position_m[frame - 1, a], trace.position_m[frame - 1, b]
    velocity_a, velocity_b = trace.velocity_m_s[frame - 1, a], trace.velocity_m_s[frame - 1, b]
    line = _line_of_centres(place_b - place_a, velocity_b - velocity_a, 2 * params["radius_m"])
    closing = float((velocity_a - velocity_b) @ line)
    if closing < 0.05 * params["speed_m_s"]:
        return  # it grazes: the line of centres is too sensitive to where the balls are
    impulse = (1 + params["elasticity"]) * closing * params["mass_kg"] / 2
    measured = float(contacts.impulse_n_s[row])
    yield LawCheck("billiards_impulse", impulse, measured, abs(measured - impulse) / impulse)
    for struck, way in ((a, -line), (b, line)):
        if np.linalg.norm(trace.velocity_m_s[frame - 1, struck]) < STEADY_M_S:
            after = trace.velocity_m_s[frame, struck, :2]
            after = after / np.linalg.norm(after)
            error = float(np.linalg.norm(after - way[:2]))
            yield LawCheck("billiards_direction", 1.0, float(after @ way[:2]), error)


def _line_of_centres(
    apart: NDArray[np.float64], drift: NDArray[np.float64], reach: float
) -> NDArray[np.float64]:
    """Unit vector from a to b when they touch: |apart + drift t| = reach."""
    square, half, rest = float(drift @ drift), float(apart @ drift), float(apart @ apart) - reach**2
    time = (-half - math.sqrt(max(0.0, half**2 - square * rest))) / square
    line: NDArray[np.float64] = (apart + drift * time) / reach
    return line


def _outcome(the_ball: str, count: int, events: tuple[Event, ...], draws: Draws) -> str:
    hits = [event for event in events if event.kind == "collision"]
    if not hits:
        return f"{the_ball} hits no other ball before the video ends"
    moved = len({body for event in hits for body in event.bodies})
    verb = draws.choice(
        "outcome", ("hits another ball", "strikes the first of the others", "reaches another ball")
    )
    story = f"{the_ball} {verb} after {words.quantity(hits[0].time_s, 's')}"
    number = words.count(len(hits), "collision") if len(hits) <= 12 else "more than a dozen collisions"
    if moved == count:
        return f"{story}; after {number} every ball has been hit"
    return f"{story}; there {'is' if len(hits) == 1 else 'are'} {number} in all, with {words.count(moved, 'ball')} involved"
