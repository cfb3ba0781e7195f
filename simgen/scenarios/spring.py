"""A body on a coil spring, on a table without friction or hanging from a beam: it swings to and fro.

Where it starts says nothing about the spring: how far it is stretched or compressed there, how stiff it is and
how heavy the body, all show in the motion alone. Hanging, it swings about the place where spring and weight
balance.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.errors import Rejected
from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics import laws
from simgen.physics.oscillations import fitted_oscillation
from simgen.physics.trace import Trace
from simgen.recipe.distributions import choice, log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.hanging import often
from simgen.scenarios.stage import GRAVITY, area_camera, gravity_parameter, ground, random_orientation, solid
from simgen.scene.rotation import rotate
from simgen.scene.spec import Body, Force, Link, Quaternion, SceneSpec, Shape, Vector, Video

TABLE_M = 1.1  # height
WALL_X_M = -1.2  # where the spring is held on the table
BEAM_M = 2.8  # height from which it hangs
COIL_M = 0.07
SMALLEST_SWING_M = 1e-4

STIFFNESSES = ((75.0, "soft"), (110.0, "firm"), (math.inf, "stiff"))
FADES = ((0.05, ""), (0.6, ", a little less each time"), (math.inf, ", less and less"))


class Spring(Scenario):
    name = "spring"
    summary = (
        "A body on a spring, on a smooth table or hanging, is let go and swings, with or without damping."
    )
    parameters = (
        Parameter(
            "direction",
            choice("horizontal", "vertical"),
            "",
            "on a table without friction, or hanging from a beam",
            ("horizontal", "vertical"),
            "causal",
        ),
        Parameter(
            "stiffness_n_m",
            log_uniform(60, 140),
            "N/m",
            "of the spring",
            (60, 160),
            "hidden",
            revealed="acceleration",
            told="the stiffness of the spring is {}",
        ),
        Parameter(
            "mass_kg",
            log_uniform(0.4, 1.5),
            "kg",
            "mass of the body",
            (0.3, 1.5),
            "hidden",
            revealed="acceleration",
        ),
        Parameter(
            "damping_kg_s",
            uniform(0, 0.8),
            "kg/s",
            "force of the spring's damping per speed; 0: none",
            (0, 2),
            "hidden",
            revealed="acceleration",
            told="the spring's damping per speed is {}",
        ),
        Parameter(
            "start",
            choice("stretched", "compressed"),
            "",
            "the spring at the start, against its natural length",
            ("stretched", "compressed"),
            "hidden",
            revealed="acceleration",
            told="the spring is {} at the start",
        ),
        Parameter(
            "displacement_m",
            uniform(0.15, 0.3),
            "m",
            "by how much",
            (0.1, 0.3),
            "hidden",
            revealed="acceleration",
            told="its change of length at the start is {}",
        ),
        Parameter(
            "length_m",
            uniform(1.0, 1.2),
            "m",
            "from where the spring is held to the middle of the body, at the start",
            (1.0, 1.2),
            "nuisance",
        ),
        Parameter(
            "shape",
            choice("sphere", "box", "cylinder"),
            "",
            "the body",
            ("sphere", "box", "cylinder"),
            "nuisance",
        ),
        Parameter(
            "radius_m",
            uniform(0.14, 0.18),
            "m",
            "radius, or half the edge of the box",
            (0.13, 0.19),
            "nuisance",
        ),
        gravity_parameter(0, 15, meaning="strength of gravity; on the table it changes nothing"),
    )
    laws = (
        Law(
            "spring_period",
            "T = 2π / √(k/m − (b/2m)²)",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 15 (damped simple harmonic motion)",
            0.001,
            "measured as the period of the damped oscillation that fits all frames best",
        ),
        Law(
            "spring_amplitude_ratio",
            "amplitude after a period over the amplitude before it: exp(−b T / 2m)",
            "Halliday, Resnick, Walker, ch. 15 (damped simple harmonic motion)",
            0.001,
            "from the same fit",
        ),
        Law(
            "spring_position_over_amplitude",
            "x(t) = x₀ + exp(−b t/2m) (A cos ωt + (b A / 2mω) sin ωt) at every frame, x₀ where spring and weight "
            "balance; residual = the largest |x measured − x predicted| / A",
            "Halliday, Resnick, Walker, ch. 15",
            0.002,
            "the engine's phase is right to (ω h)²/24, 2e-5 of a swing at the highest rate",
        ),
    )
    events = ("apex", "comes_to_rest")
    decisive = ("apex",)

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        shape = solid(params["shape"], params["radius_m"])
        half = shape.size_m[1] / 2 if shape.kind == "cylinder" else params["radius_m"]
        hangs = params["direction"] == "vertical"
        anchor: Vector = (0.0, 0.0, BEAM_M) if hangs else (WALL_X_M, 0.0, TABLE_M + half)
        length = params["length_m"]
        place = (0.0, 0.0, BEAM_M - length) if hangs else (WALL_X_M + length, 0.0, TABLE_M + half)
        turn: Quaternion = (0.0, 0.0, 0.0, 1.0)
        if params["shape"] == "sphere":
            turn = random_orientation(draws, "body.orientation")
        body = Body(
            name="body",
            shape=shape,
            position_m=place,
            orientation_xyzw=turn,
            mass_kg=params["mass_kg"],
            friction=0.0,
            elasticity=0.0,
        )
        x, y, z, w = turn
        hook = (0.0, 0.0, half) if hangs else (-params["radius_m"], 0.0, 0.0)
        return SceneSpec(
            bodies=(body, *(_gallows() if hangs else _table()), ground()),
            forces=(
                Force(
                    "spring",
                    a="body",
                    anchor_m=anchor,
                    stiffness_n_m=params["stiffness_n_m"],
                    length_m=length - stretch_m(params),
                    damping_kg_s=params["damping_kg_s"],
                ),
            ),
            links=(Link("spring", "body", "", rotate((-x, -y, -z, w), hook), anchor, COIL_M),),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 1.47), 3.2, elevation_deg=8.0, azimuth_deg=10.0),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="joints",  # its finer step: a fast swing keeps its phase
        )

    def revealed_by(self, params: Params) -> dict[str, str]:
        """On the table gravity changes nothing."""
        shown = super().revealed_by(params)
        return shown if params["direction"] == "vertical" else {**shown, "gravity_m_s2": "never"}

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        """Along the spring, away from where it is held; zero where spring and weight balance."""
        amplitude = swing_m(params)
        if abs(amplitude) < SMALLEST_SWING_M or len(trace.time_s) < 4:
            raise Rejected(
                "law-not-in-video", "it starts where spring and weight balance, or the video is too short"
            )
        position, velocity = _along(params, scene, trace)
        mass, stiffness, damping = params["mass_kg"], params["stiffness_n_m"], params["damping_kg_s"]
        period, decay = laws.spring_period(mass, stiffness, damping), damping / (2 * mass)
        found = fitted_oscillation(trace.time_s, position, velocity, decay, 2 * math.pi / period)
        measured = 2 * math.pi / found.rate_rad_s
        ratio, ratio_found = math.exp(-decay * period), math.exp(-found.decay_per_s * measured)
        exact = np.array(
            [
                laws.damped_spring_position(mass, stiffness, damping, amplitude, 0.0, float(t))
                for t in trace.time_s
            ]
        )
        worst = int(np.argmax(np.abs(position - exact)))
        off = abs(float(position[worst] - exact[worst])) / abs(amplitude)
        return (
            LawCheck("spring_period", period, measured, abs(measured - period) / period),
            LawCheck("spring_amplitude_ratio", ratio, ratio_found, abs(ratio_found - ratio) / ratio),
            LawCheck("spring_position_over_amplitude", float(exact[worst]), float(position[worst]), off),
        )

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        body = words.called(scene.body("body"), draws)
        a_body, the_body = words.article(body), words.the(body)
        hangs = params["direction"] == "vertical"
        swings = draws.choice("swings", ("bobs up and down", "goes up and down") if hangs else TO_AND_FRO)
        where = "hanging from a beam" if hangs else "on a smooth table"
        stiff = f"{words.grade(params['stiffness_n_m'], STIFFNESSES)} spring"
        how = words.grade(params["damping_kg_s"] / (2 * params["mass_kg"]), FADES)
        plain = draws.choice(
            "plain",
            (
                f"{a_body} on a spring {swings}",
                f"{a_body} {swings} on a spring",
                f"{where}, {a_body} {swings} on a spring",
            ),
        )
        qualitative = draws.choice(
            "qualitative",
            (
                f"{a_body} on a {stiff}, {where}, is let go while the spring is {params['start']} and {swings}{how}",
                f"let go with a {params['start']} {stiff}, {a_body} {where} {swings}{how}",
            ),
        )
        mass = words.quantity(params["mass_kg"], "kg")
        stiffness = words.quantity(params["stiffness_n_m"], "N/m", 1)
        damping = words.quantity(params["damping_kg_s"], "kg/s")
        far = words.quantity(params["displacement_m"], "m")
        gravity = words.quantity(params["gravity_m_s2"], "m/s²")
        elsewhere = "" if params["gravity_m_s2"] == GRAVITY else f", where gravity is {gravity}"
        numeric = draws.choice(
            "numeric",
            (
                f"{a_body} of {mass} {where} is let go with a spring of {stiffness}, {params['start']} by {far}; its "
                f"damping is {damping}{elsewhere}",
                f"a spring of {stiffness} and {damping} of damping, {params['start']} by {far}, moves {a_body} of "
                f"{mass} {where}{elsewhere}",
            ),
        )
        return words.tiers(
            plain, qualitative, numeric, _outcome(the_body, params, scene, trace, events, draws)
        )


TO_AND_FRO = ("slides to and fro", "goes to and fro")


def stretch_m(params: Params) -> float:
    """Of the spring beyond its natural length at the start."""
    return float(params["displacement_m"]) * (1.0 if params["start"] == "stretched" else -1.0)


def swing_m(params: Params) -> float:
    """Where it starts from where spring and weight balance, positive away from where the spring is held."""
    sag = params["mass_kg"] * params["gravity_m_s2"] / params["stiffness_n_m"]
    return stretch_m(params) - (sag if params["direction"] == "vertical" else 0.0)


def _along(params: Params, scene: SceneSpec, trace: Trace) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(T,) places and speeds along the spring, from where spring and weight balance."""
    index = scene.body_index("body")
    axis = np.array([0.0, 0.0, -1.0] if params["direction"] == "vertical" else [1.0, 0.0, 0.0])
    place = (trace.position_m[:, index] - trace.position_m[0, index]) @ axis + swing_m(params)
    return place, trace.velocity_m_s[:, index] @ axis


def _table() -> tuple[Body, Body]:
    table = Body(
        name="table",
        shape=Shape("box", (2.7, 0.8, TABLE_M)),
        position_m=(0.0, 0.0, TABLE_M / 2),
        mass_kg=0.0,
        elasticity=0.0,
        fixed=True,
        role="support",
    )
    wall = Body(
        name="wall",
        shape=Shape("box", (0.12, 0.6, 0.55)),
        position_m=(WALL_X_M - 0.06, 0.0, TABLE_M + 0.275),
        mass_kg=0.0,
        fixed=True,
        role="support",
    )
    return table, wall


def _gallows() -> tuple[Body, Body]:
    """A beam to hang from, on a post to the side of what hangs."""
    aside = 0.8
    beam = Body(
        name="beam",
        shape=Shape("box", (aside + 0.2, 0.12, 0.12)),
        position_m=((aside - 0.2) / 2 + 0.06, 0.0, BEAM_M + 0.06),
        mass_kg=0.0,
        fixed=True,
        role="support",
    )
    post = Body(
        name="post",
        shape=Shape("box", (0.12, 0.12, BEAM_M)),
        position_m=(aside, 0.0, BEAM_M / 2),
        mass_kg=0.0,
        fixed=True,
        role="support",
    )
    return beam, post


def _outcome(
    the_body: str, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
) -> str:
    """How often it turns round, and whether it comes to rest."""
    _, speed = _along(params, scene, trace)
    turns = int((speed[2:] * speed[1:-1] < 0).sum())
    back = draws.choice("back", ("turns back", "turns round"))
    clauses = [f"{back} {often(turns)}"] if turns else ["does not turn round before the video ends"]
    clauses += words.last_clauses([event for event in events if event.kind == "comes_to_rest"])
    return f"{the_body} {words.join(clauses)}"
