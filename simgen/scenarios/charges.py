"""Two to four balls that carry charges glide without gravity or friction and attract or repel each other.

Nothing in the picture tells the charges: they show in how the balls are accelerated. Like charges turn away from
each other, unlike ones swing round each other or meet and bounce. The balls hover 2 mm above the floor.
"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics.laws_orbit import nearest_distance
from simgen.physics.trace import Trace
from simgen.recipe.distributions import Uniform, choice, log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.stage import area_camera, ground, random_orientation
from simgen.scene.spec import Body, Force, SceneSpec, Shape, Video

HOVER_M = 0.002
COULOMB_N_M2 = 0.5  # force between two unit charges a metre apart
NAMES = ("ball_a", "ball_b", "ball_c", "ball_d")
SHIFT_DEG = 18.0  # how far a ball may start from its place on the circle of all
COARSE = (
    0.3  # radians per frame that two balls may turn about each other where their nearest distance is measured
)

SPEEDS = ((0.5, "slowly"), (0.9, "steadily"), (math.inf, "fast"))
_CHARGES = Uniform(uniform=((-2.0, -0.5), (0.5, 2.0)))


def _charge(name: str) -> Parameter:
    return Parameter(
        f"charge_{name}",
        _CHARGES,
        "1",
        f"charge of ball {name}, in units of which two push with {COULOMB_N_M2:g} N at 1 m",
        (-2, 2),
        "hidden",
        revealed="acceleration",
    )


class Charges(Scenario):
    name = "charges"
    summary = "Two to four balls with hidden charges attract or repel each other."
    parameters = (
        Parameter("count", choice(2, 3, 4, weights=(2, 1, 1)), "1", "how many balls", (2, 4), "causal"),
        _charge("a"),
        _charge("b"),
        _charge("c"),
        _charge("d"),
        Parameter(
            "mass_kg", log_uniform(0.4, 1.5), "kg", "mass of every ball", (0.3, 5), "hidden", "acceleration"
        ),
        Parameter(
            "speed_m_s",
            uniform(0.3, 1.2),
            "m/s",
            "speed of every ball at the start",
            (0.2, 1.5),
            "causal",
            revealed="velocity",
        ),
        Parameter(
            "aside_deg",
            uniform(-40, 40),
            "deg",
            "angle between the way a ball moves and the way to the middle of the picture",
            (-60, 60),
            "causal",
            revealed="velocity",
        ),
        Parameter(
            "elasticity",
            uniform(0.2, 0.9),
            "1",
            "coefficient of restitution where balls meet",
            (0, 1),
            "hidden",
            revealed="collision",
        ),
        Parameter("radius_m", uniform(0.165, 0.19), "m", "radius of every ball", (0.155, 0.2), "nuisance"),
        Parameter(
            "start_m",
            uniform(0.8, 1.1),
            "m",
            "distance of the balls from the middle",
            (0.7, 1.15),
            "nuisance",
        ),
        Parameter(
            "heading_deg",
            uniform(-180, 180),
            "deg",
            "where the first ball starts, from the right of the picture towards its far side",
            (-180, 180),
            "nuisance",
        ),
    )
    laws = (
        Law(
            "charges_energy_over_kinetic",
            "Σ m v²/2 + Σ S q q'/r is the same at all frames until two balls touch; residual = the largest change "
            "over the largest kinetic energy",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 24 (electric potential energy)",
            0.001,
            "leapfrog steps at 960 Hz",
        ),
        Law(
            "charges_centre_of_mass_over_way",
            "the centre of mass moves on at its first velocity; residual = how far it strays over the furthest that a "
            "ball gets from its start",
            "Halliday, Resnick, Walker, ch. 9: the forces come in equal and opposite pairs, those of impacts too",
            0.001,
            "at all frames, after collisions too; exact in the engine",
        ),
        Law(
            "charges_nearest_distance",
            "where the radial speed is 0: E = L²/(2 μ r²) + S q q'/r",
            "energy and angular momentum of the relative motion; Goldstein, Classical Mechanics, 3rd ed., ch. 3",
            0.001,
            "two balls that pass their nearest point in the video untouched, turning by 0.3 radians or less per "
            "frame: the distance is that of cubics through the frames",
        ),
    )
    events = ("first_contact", "collision", "leaves_frame", "enters_frame")
    decisive = ("collision",)

    def is_chaotic(self, params: Params) -> bool:
        """Three bodies are; two are not."""
        return bool(round(params["count"]) > 2)

    def revealed_by(self, params: Params) -> dict[str, str]:
        """Charges of balls that are not there play no part."""
        ways = super().revealed_by(params)
        return ways | {f"charge_{letter}": "never" for letter in "abcd"[round(params["count"]) :]}

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        radius, count = params["radius_m"], round(params["count"])
        balls = []
        for place in range(count):
            name = NAMES[place]
            shift = draws.between(f"{name}.shift", -SHIFT_DEG, SHIFT_DEG)
            angle = math.radians(params["heading_deg"] + 360.0 * place / count + shift)
            way = angle + math.pi + math.radians(params["aside_deg"])
            balls.append(
                Body(
                    name=name,
                    shape=Shape("sphere", (radius,)),
                    position_m=(
                        params["start_m"] * math.cos(angle),
                        params["start_m"] * math.sin(angle),
                        radius + HOVER_M,
                    ),
                    orientation_xyzw=random_orientation(draws, f"{name}.orientation"),
                    velocity_m_s=(
                        params["speed_m_s"] * math.cos(way),
                        params["speed_m_s"] * math.sin(way),
                        0.0,
                    ),
                    mass_kg=params["mass_kg"],
                    friction=0.0,
                    elasticity=math.sqrt(params["elasticity"]),
                )
            )
        return SceneSpec(
            bodies=(*balls, ground()),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 0.1), 3.3, elevation_deg=55.0),),
            forces=tuple(
                Force("attraction", NAMES[a], NAMES[b], strength_n_m2=-_strength(params, a, b))
                for a, b in combinations(range(count), 2)
            ),
            gravity_m_s2=(0.0, 0.0, 0.0),
            profile="universal",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        count, mass = round(params["count"]), params["mass_kg"]
        touch = float(trace.contacts.time_s.min()) if len(trace.contacts) else math.inf
        free = trace.time_s < touch
        velocity = trace.velocity_m_s[:, :count]
        kinetic = mass / 2 * (velocity**2).sum(axis=(1, 2))
        potential = np.zeros(len(trace.time_s))
        for a, b in combinations(range(count), 2):
            apart = trace.position_m[:, a] - trace.position_m[:, b]
            potential += _strength(params, a, b) / np.linalg.norm(apart, axis=1)
        energy = (kinetic + potential)[free]
        furthest = int(np.argmax(np.abs(energy - energy[0])))
        change = abs(float(energy[furthest] - energy[0])) / float(kinetic[free].max())
        middle = trace.position_m[:, :count].mean(axis=1)
        expected = middle[0] + np.outer(trace.time_s, velocity[0].mean(axis=0))
        strays = np.linalg.norm(middle - expected, axis=1)
        way = float(np.linalg.norm(trace.position_m[:, :count] - trace.position_m[0, :count], axis=2).max())
        checks = [
            LawCheck("charges_energy_over_kinetic", float(energy[0]), float(energy[furthest]), change),
            LawCheck("charges_centre_of_mass_over_way", 0.0, float(strays.max()), float(strays.max()) / way),
        ]
        if count == 2:
            checks += _nearest(params, scene, trace, free)
        return tuple(checks)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        count = round(params["count"])
        charges = [params[f"charge_{'abcd'[place]}"] for place in range(count)]
        glide = draws.choice(
            "glide", ("glide across the floor", "glide over a smooth floor", "float over the floor")
        )
        noun = draws.choice("noun", ("ball", "sphere"))
        names: tuple[str, ...]
        if count == 2:
            first, second = words.pair(scene.body(NAMES[0]), scene.body(NAMES[1]), draws)
            who = f"{words.introduce(first)} and {words.introduce(second)}"
            names = (first, second)
        else:
            who, names = words.count(count, noun), ()
        act = _effect(charges, draws)
        plain = draws.choice("plain", (f"{who} {glide}", f"{who} {glide} without touching it"))
        how = words.grade(params["speed_m_s"], SPEEDS)
        qualitative = draws.choice(
            "qualitative", (f"{who} {glide} {how}; {act}", f"moving {how}, {who} {glide}, and {act}")
        )
        values = words.join([words.quantity(charge, "1") for charge in charges])
        mass, speed = words.quantity(params["mass_kg"], "kg"), words.quantity(params["speed_m_s"], "m/s")
        numeric = draws.choice(
            "numeric",
            (
                f"{who} of {mass} each start at {speed} and carry charges of {values}",
                f"{who} {glide}, each with a mass of {mass} and a speed of {speed} at the start; their charges are "
                f"{values}",
            ),
        )
        return words.tiers(plain, qualitative, numeric, _outcome(names, count, noun, trace, events, draws))


def _strength(params: Params, a: int, b: int) -> float:
    """S q q' (N m²) of a pair, positive where they repel."""
    return COULOMB_N_M2 * float(params[f"charge_{'abcd'[a]}"]) * float(params[f"charge_{'abcd'[b]}"])


def _nearest(params: Params, scene: SceneSpec, trace: Trace, free: NDArray[np.bool_]) -> tuple[LawCheck, ...]:
    """The nearest distance of two balls, where it lies between two frames that are fine enough."""
    apart = (trace.position_m[:, 0] - trace.position_m[:, 1])[free]
    drift = (trace.velocity_m_s[:, 0] - trace.velocity_m_s[:, 1])[free]
    nearing = (apart * drift).sum(axis=1)
    turns = np.flatnonzero((nearing[:-1] < 0) & (nearing[1:] >= 0))
    if not len(turns):
        return ()
    frame = int(turns[0])
    lapse = float(trace.time_s[frame + 1] - trace.time_s[frame])
    distance = np.linalg.norm(apart[frame : frame + 2], axis=1).min()
    fastest = np.linalg.norm(drift[frame : frame + 2], axis=1).max()
    strength = _strength(params, 0, 1)
    # how fast the pair turns, and how fast the force between the two changes its motion
    turning = max(
        float(fastest / distance), math.sqrt(2 * abs(strength) / (params["mass_kg"] / 2 * distance**3))
    )
    if turning * lapse > COARSE:
        return ()
    s = np.linspace(0.0, 1.0, 2001)[:, None]
    path = (
        (2 * s**3 - 3 * s**2 + 1) * apart[frame]
        + (s**3 - 2 * s**2 + s) * lapse * drift[frame]
        + (3 * s**2 - 2 * s**3) * apart[frame + 1]
        + (s**3 - s**2) * lapse * drift[frame + 1]
    )
    measured = float(np.linalg.norm(path, axis=1).min())
    first, second = scene.bodies[0], scene.bodies[1]
    predicted = nearest_distance(
        np.subtract(first.position_m, second.position_m),
        np.subtract(first.velocity_m_s, second.velocity_m_s),
        -strength,
        params["mass_kg"] / 2,
    )
    error = abs(measured - predicted) / predicted
    return (LawCheck("charges_nearest_distance", predicted, measured, error),)


def _effect(charges: list[float], draws: Draws) -> str:
    """What the charges do, in words."""
    if len(charges) == 2:
        product = charges[0] * charges[1]
        if abs(product) < 0.05:
            return draws.choice(
                "effect", ("they hardly act on each other", "there is hardly a force between them")
            )
        if product > 0:
            return draws.choice("effect", ("they repel each other", "they carry charges of the same sign"))
        return draws.choice("effect", ("they attract each other", "they carry opposite charges"))
    signs = (
        ("a positive charge", sum(charge > 0 for charge in charges)),
        ("a negative charge", sum(charge < 0 for charge in charges)),
        ("no charge", sum(charge == 0 for charge in charges)),
    )
    carry = draws.choice("carry", ("carry", "have"))
    carries = {"carry": "carries", "have": "has"}[carry]
    parts = [
        f"{words.number_word(number)} of them {carries if number == 1 else carry} {sign}"
        for sign, number in signs
        if number
    ]
    if len(parts) == 1:
        return parts[0].replace(f"{words.number_word(len(charges))} of them", "all of them")
    return words.join(parts)


def _outcome(
    names: tuple[str, ...], count: int, noun: str, trace: Trace, events: tuple[Event, ...], draws: Draws
) -> str:
    who = f"{words.the(names[0])} and {words.the(names[1])}" if names else f"the {words.count(count, noun)}"
    hits = [event for event in events if event.kind == "collision"]
    if hits:
        after = f"after {words.quantity(hits[0].time_s, 's')}"
        meet = draws.choice("meet", ("collide", "meet", "run into each other"))
        if count == 2:
            return f"{who} {meet} {after}"
        return f"two of {who} {meet} {after}" if draws("two") < 0.5 else f"{after}, two of {who} {meet}"
    still = draws.choice("still", ("before the video ends", "in the video"))
    if count > 2:
        none = draws.choice("none", ("no two of {} touch", "not one of {} touches another", "{} stay apart"))
        return f"{none.format(who)} {still}"
    distance = np.linalg.norm(trace.position_m[:, 0] - trace.position_m[:, 1], axis=1)
    nearest = int(np.argmin(distance))
    if nearest == len(distance) - 1:
        return f"{who} come nearer to each other until the video ends"
    if nearest == 0:
        return f"{who} move apart from the start {still}"
    return f"{who} come near each other and part again without touching {still}"
