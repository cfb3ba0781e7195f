"""Two bodies that attract each other in empty space: a light one circles a heavy one, or both circle their common
centre of mass.

No gravity but their own, no ground, nothing to touch. The heavier body starts in the middle of the picture
whatever the masses are, so the first picture tells nothing of them; how far it is moved by the other one does.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics import laws
from simgen.physics.laws_orbit import orbit_radius, orbit_state
from simgen.physics.trace import Trace
from simgen.recipe.distributions import choice, log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.stage import area_camera, random_orientation
from simgen.scene.spec import Body, Force, Look, SceneSpec, Shape, Vector, Video

SPACE_M = 6.0  # how far below the orbit the dark backdrop is: no shadow falls into the picture
SPACE = Look(
    colour=(0.02, 0.03, 0.08),
    colour_name="dark blue",
    texture="noise",
    texture_colour=(0.17, 0.18, 0.36),
    texture_size_m=0.5,
    specular=0.0,
    roughness=1.0,
)
ELONGATIONS = ((0.08, "nearly circular"), (0.25, "slightly elongated"), (math.inf, "elongated"))


class Orbit(Scenario):
    name = "orbit"
    summary = "A body circles a heavier one in space, or two circle their common centre of mass."
    parameters = (
        Parameter(
            "axis_m",
            uniform(0.65, 0.9),
            "m",
            "semi-major axis of the separation",
            (0.62, 0.95),
            "causal",
            revealed="acceleration",
        ),
        Parameter(
            "eccentricity", uniform(0, 0.4), "1", "0: a circle", (0, 0.4), "causal", revealed="acceleration"
        ),
        Parameter(
            "period_s",
            uniform(1.1, 2.4),
            "s",
            "time of a turn: how strongly they attract each other",
            (0.9, 5),
            "hidden",
            revealed="velocity",
            told="the time of a turn, which tells how strongly they attract each other, is {}",
        ),
        Parameter(
            "centre",
            choice("free", "fixed"),
            "",
            "whether the heavier body moves too, or is held where it is (so heavy that it does not move)",
            ("free", "fixed"),
            "hidden",
            revealed="velocity",
            told="the heavier body is {}",
        ),
        Parameter(
            "mass_ratio",
            log_uniform(0.05, 1),
            "1",
            "mass of the lighter body over that of the heavier one, where that is free",
            (0.05, 1),
            "hidden",
            revealed="velocity",
            told="the lighter body's mass over the heavier one's is {}",
        ),
        Parameter("mass_kg", log_uniform(1, 100), "kg", "mass of the heavier body", (0.5, 500), "hidden"),
        Parameter(
            "start_deg",
            uniform(-180, 180),
            "deg",
            "where on the ellipse it starts: its true anomaly, 0 at the nearest point",
            (-180, 180),
            "nuisance",
        ),
        Parameter(
            "heading_deg",
            uniform(-180, 180),
            "deg",
            "where the nearest point lies, from the right of the picture towards its far side",
            (-180, 180),
            "nuisance",
        ),
        Parameter(
            "direction",
            choice("clockwise", "anticlockwise"),
            "",
            "the sense in which they turn, seen from above",
            ("clockwise", "anticlockwise"),
            "causal",
            revealed="velocity",
        ),
        Parameter(
            "radius_m", uniform(0.13, 0.145), "m", "radius of the lighter body", (0.13, 0.15), "nuisance"
        ),
        Parameter(
            "radius_centre_m", uniform(0.16, 0.2), "m", "radius of the heavier body", (0.15, 0.21), "nuisance"
        ),
    )
    laws = (
        Law(
            "orbit_shape",
            "r = a (1 − e²)/(1 + e cos ν), an ellipse with the other body at its focus",
            "Kepler's first law; Goldstein, Classical Mechanics, 3rd ed., ch. 3",
            0.001,
            "the frame that is furthest from it; leapfrog steps at 960 Hz",
        ),
        Law(
            "orbit_areal_speed",
            "r² dν/dt = √(GM a (1 − e²))",
            "Kepler's second law (angular momentum); Goldstein ch. 3",
            0.001,
            "the frame that is furthest from it; central forces keep it to rounding",
        ),
        Law(
            "orbit_speed",
            "v = √(GM (2/r − 1/a))",
            "energy conservation, the vis-viva equation; Goldstein ch. 3",
            0.001,
            "the frame that is furthest from it",
        ),
        Law(
            "orbit_period",
            "T = 2π √(a³/GM)",
            "Kepler's third law; Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 13",
            0.001,
            "measured where a whole turn is in the video, with 20 frames or more",
        ),
        Law(
            "orbit_centre_of_mass_over_axis",
            "the centre of mass stays where it is; residual = the furthest it gets over a",
            "Newton's third law; Goldstein ch. 1",
            0.001,
            "measured where both are free; their forces are equal and opposite to the bit",
        ),
    )
    events = ()

    def revealed_by(self, params: Params) -> dict[str, str]:
        """The ratio of the masses plays no part where the heavier body is held."""
        ways = super().revealed_by(params)
        if params["centre"] == "fixed":
            ways["mass_ratio"] = "never"
        return ways

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        strength = _strength(params)
        place, velocity = orbit_state(params["axis_m"], params["eccentricity"], params["start_deg"], strength)
        place, velocity = _turned(params, place), _turned(params, velocity)
        heavy, light = _masses(params)
        fixed = params["centre"] == "fixed"
        share = 0.0 if fixed else light / (heavy + light)  # of the velocity that the heavy one has
        bodies = (
            Body(
                name="planet",
                shape=Shape("sphere", (params["radius_m"],)),
                position_m=_vector(place),
                orientation_xyzw=random_orientation(draws, "planet.orientation"),
                velocity_m_s=_vector((1 - share) * velocity),
                mass_kg=light,
            ),
            Body(
                name="star",
                shape=Shape("sphere", (params["radius_centre_m"],)),
                position_m=(0.0, 0.0, 0.0),
                orientation_xyzw=random_orientation(draws, "star.orientation"),
                velocity_m_s=(0.0, 0.0, 0.0) if fixed else _vector(-share * velocity),
                mass_kg=0.0 if fixed else heavy,
                fixed=fixed,
            ),
            Body(
                name="space",
                shape=Shape("box", (80.0, 80.0, 1.0)),
                position_m=(0.0, 0.0, -SPACE_M),
                mass_kg=0.0,
                fixed=True,
                role="support",
                look=SPACE,
            ),
        )
        moving = light if fixed else laws.reduced_mass(heavy, light)
        return SceneSpec(
            bodies=bodies,
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 0.0), 3.05, elevation_deg=62.0),),
            forces=(Force("attraction", "planet", "star", strength_n_m2=strength * moving),),
            gravity_m_s2=(0.0, 0.0, 0.0),
            profile="universal",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        axis, eccentricity, strength = params["axis_m"], params["eccentricity"], _strength(params)
        planet, star = scene.body_index("planet"), scene.body_index("star")
        apart = trace.position_m[:, planet] - trace.position_m[:, star]
        drift = trace.velocity_m_s[:, planet] - trace.velocity_m_s[:, star]
        distance, speed = np.linalg.norm(apart, axis=1), np.linalg.norm(drift, axis=1)
        turn, sense = _angles(params, apart), _sense(params)
        radii = [orbit_radius(axis, eccentricity, math.degrees(angle)) for angle in turn]
        areal = (apart[:, 0] * drift[:, 1] - apart[:, 1] * drift[:, 0]) * sense
        area = math.sqrt(strength * axis * (1 - eccentricity**2))
        speeds = [laws.orbit_speed(float(r), axis, strength) for r in distance]
        checks = [
            _worst("orbit_shape", np.array(radii), distance),
            _worst("orbit_areal_speed", np.full_like(areal, area), areal),
            _worst("orbit_speed", np.array(speeds), speed),
        ]
        swept = turn - turn[0]
        if swept[-1] > math.tau and params["period_s"] * scene.video.fps >= 20:
            period = _when(trace.time_s, swept, areal / distance**2, math.tau)
            error = abs(period - params["period_s"]) / params["period_s"]
            checks.append(LawCheck("orbit_period", params["period_s"], period, error))
        if params["centre"] == "free":
            masses = np.array(_masses(params)[::-1])
            centre = (masses @ trace.position_m[:, [planet, star]]) / masses.sum()
            strays = float(np.linalg.norm(centre - centre[0], axis=1).max())
            checks.append(LawCheck("orbit_centre_of_mass_over_axis", 0.0, strays, strays / axis))
        return tuple(checks)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        planet, star = words.pair(scene.body("planet"), scene.body("star"), draws)
        one, other = words.introduce(planet), words.introduce(star)
        alike = params["centre"] == "free" and params["mass_ratio"] > 0.5
        round_it = draws.choice("round", ("orbits", "circles", "goes round"))
        both = draws.choice("both", ("orbit each other", "circle each other", "move round each other"))
        where = draws.choice("where", ("in space", "in empty space", "in front of a dark background"))
        what = f"{one} and {other} {both}" if alike else f"{one} {round_it} {other}"
        plain = draws.choice("plain", (f"{what} {where}", f"{where}, {what}"))
        path = f"on {words.article(words.grade(params['eccentricity'], ELONGATIONS))} path"
        paths = path if not alike else f"on {words.grade(params['eccentricity'], ELONGATIONS)} paths"
        sense = params["direction"]
        held = (
            "which does not move"
            if params["centre"] == "fixed"
            else "which hardly moves itself"
            if params["mass_ratio"] < 0.1
            else "which moves too"
        )
        detail = f"{what} {paths}" if alike else f"{what}, {held}, {path}"
        qualitative = draws.choice(
            "qualitative", (f"{where}, {detail}, {sense} seen from above", f"{sense}, {detail}")
        )
        period, axis = words.quantity(params["period_s"], "s"), words.quantity(params["axis_m"], "m")
        eccentricity = words.quantity(params["eccentricity"], "1")
        ratio = words.quantity(params["mass_ratio"], "1")
        masses = (
            "the other one is fixed"
            if params["centre"] == "fixed"
            else f"the ratio of their masses is {ratio}"
        )
        numeric = draws.choice(
            "numeric",
            (
                f"{what} with a period of {period}, a semi-major axis of {axis} and an eccentricity of "
                f"{eccentricity}; {masses}",
                f"{what} once in {period}; the semi-major axis of the ellipse is {axis}, its eccentricity "
                f"{eccentricity}, and {masses}",
            ),
        )
        return words.tiers(
            plain, qualitative, numeric, self._outcome(params, scene, trace, planet, star, draws)
        )

    def _outcome(
        self, params: Params, scene: SceneSpec, trace: Trace, planet: str, star: str, draws: Draws
    ) -> str:
        apart = (
            trace.position_m[:, scene.body_index("planet")] - trace.position_m[:, scene.body_index("star")]
        )
        turn = _angles(params, apart)
        turns = int((turn[-1] - turn[0]) / math.tau)
        goes = draws.choice("goes", ("goes", "moves"))
        if turns == 0:
            part = "less" if turn[-1] - turn[0] < math.pi else "more"
            return f"{words.the(planet)} {goes} {part} than half way round {words.the(star)} before the video ends"
        before = draws.choice("before", ("before the video ends", "in the video"))
        return f"{words.the(planet)} {goes} round {words.the(star)} {words.times(turns)} and begins another turn {before}"


def _strength(params: Params) -> float:
    """GM (m³/s²) of the relative motion."""
    return 4 * math.pi**2 * float(params["axis_m"]) ** 3 / float(params["period_s"]) ** 2


def _masses(params: Params) -> tuple[float, float]:
    """Of the heavier and the lighter body, kg."""
    heavy = float(params["mass_kg"])
    return heavy, heavy * float(params["mass_ratio"])


def _sense(params: Params) -> float:
    return 1.0 if params["direction"] == "anticlockwise" else -1.0


def _turned(params: Params, vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """From the ellipse's own axes (2,) to the world's (3,)."""
    angle = math.radians(params["heading_deg"])
    x, y = float(vector[0]), float(vector[1]) * _sense(params)
    return np.array(
        [x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle), 0.0]
    )


def _angles(params: Params, apart: NDArray[np.float64]) -> NDArray[np.float64]:
    """True anomaly (T,), rad, growing on and on."""
    turned = np.arctan2(apart[:, 1], apart[:, 0]) - math.radians(params["heading_deg"])
    unwrapped: NDArray[np.float64] = np.unwrap(turned * _sense(params))
    return unwrapped


def _worst(name: str, predicted: NDArray[np.float64], measured: NDArray[np.float64]) -> LawCheck:
    """The frame with the greatest relative error."""
    errors = np.abs(measured - predicted) / np.abs(predicted)
    frame = int(np.argmax(errors))
    return LawCheck(name, float(predicted[frame]), float(measured[frame]), float(errors[frame]))


def _when(
    time_s: NDArray[np.float64], angle: NDArray[np.float64], rate: NDArray[np.float64], goal: float
) -> float:
    """When an angle reaches `goal`, on the cubics through the frames' angles and rates, by halving."""
    frame = int(np.searchsorted(angle, goal)) - 1
    lapse = float(time_s[frame + 1] - time_s[frame])
    low, high = 0.0, 1.0
    for _ in range(50):
        s = (low + high) / 2
        value = (
            (2 * s**3 - 3 * s**2 + 1) * angle[frame]
            + (s**3 - 2 * s**2 + s) * lapse * rate[frame]
            + (3 * s**2 - 2 * s**3) * angle[frame + 1]
            + (s**3 - s**2) * lapse * rate[frame + 1]
        )
        low, high = (s, high) if value < goal else (low, s)
    return float(time_s[frame]) + low * lapse


def _vector(values: NDArray[np.float64]) -> Vector:
    x, y, z = (float(value) for value in values)
    return (x, y, z)
